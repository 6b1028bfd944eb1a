"""How damage grows after life is used up: shared by the components that first tire unseen and then fail visibly."""

from __future__ import annotations

import numpy as np

from workbench.twin.streams import Floats


def grow_after(used: Floats, step: Floats | float, damage: Floats, progress: Floats | float, steepness: float) -> None:
    """Let ``damage`` (changed in place, at most 1) grow in samples whose life ``used`` has passed 1.

    ``step`` is what this step added to ``used``: only the part of the step after 1 counts. ``progress`` is the share of
    the P-F interval that the whole step makes up. Damage follows (exp(k x) - 1) / (exp(k) - 1), k = ``steepness``.

    >>> damage = np.zeros(2)
    >>> grow_after(np.array([0.5, 2.0]), 0.1, damage, 0.5, 2.0)
    >>> damage.round(3).tolist()
    [0.0, 0.269]
    """
    if used.max(initial=0.0) <= 1.0:
        return
    share = np.clip((used - 1.0) / np.maximum(step, 1e-300), 0.0, 1.0)
    seed = 1.0 / np.expm1(steepness)
    # A whole interval is enough; a little more lets rounding not stop short of 1.
    grown = np.exp(np.minimum(steepness * share * progress, steepness + 1.0))
    np.clip((damage + seed) * grown - seed, damage, 1.0, out=damage)
