"""What the metrics take: truths and predictions of one shape, none missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, NotEnoughData

Floats = npt.NDArray[np.float64]


def pair(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return both as floats; raises ``InputError`` for unlike shapes or missing values, ``NotEnoughData`` for none."""
    a, b = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    if a.shape != b.shape:
        raise InputError(f"truth has shape {a.shape}, prediction {b.shape}.", "Give one prediction per truth.")
    if a.size == 0:
        raise NotEnoughData("There is nothing to score.", "Give at least one sample.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("truth or prediction has values that are not finite.", "Drop or predict those samples.")
    return a, b
