"""Columns that can say something: boosters refuse empty ones, and constant ones only cost time."""

from __future__ import annotations

import numpy as np

from workbench.errors import NotEnoughData

from .arrays import FloatArray, IntArray


def varying_columns(matrix: FloatArray) -> IntArray:
    """Positions of columns that hold at least two different values, or a value and a gap.

    Raises ``NotEnoughData`` where no column does.

    >>> import numpy as np
    >>> varying_columns(np.array([[1.0, np.nan, 5.0], [2.0, np.nan, 5.0]])).tolist()
    [0]
    """
    gaps = np.isnan(matrix)
    high = np.where(gaps, -np.inf, matrix).max(axis=0)
    low = np.where(gaps, np.inf, matrix).min(axis=0)
    found = np.flatnonzero((high > low) | (gaps.any(axis=0) & ~gaps.all(axis=0)))
    if not len(found):
        raise NotEnoughData(
            "No feature ever changes, so there is nothing to learn from.", "Check that the sensors deliver readings."
        )
    return found


def without_empty(matrix: FloatArray) -> FloatArray:
    """Return ``matrix`` with columns that are all NaN set to 0: a constant, which no tree splits on."""
    empty = np.isnan(matrix).all(axis=0)
    if not empty.any():
        return matrix
    filled = matrix.copy()
    filled[:, empty] = 0.0
    return filled
