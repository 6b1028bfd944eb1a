"""First-order lags: what follows its settled value with a time constant."""

from __future__ import annotations

import numpy as np

from workbench.twin.streams import Floats


def follow(value: Floats, target: Floats | float, lag_s: Floats | float, step_s: float) -> None:
    """Move ``value`` in place towards a constant ``target`` for ``step_s`` seconds, exactly.

    >>> value = np.array([0.0])
    >>> follow(value, 1.0, 3600.0, 3600.0)
    >>> round(float(value[0]), 3)
    0.632
    """
    keep = np.exp(-step_s / lag_s)
    value *= keep
    value += (1.0 - keep) * target
