"""How far the truth lies from a prediction near each predicted level: weighted quantiles of residuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arrays import FloatArray, IntArray

LEVELS = 12
# Where the distribution of the life left is known between the ends of the interval, and little beyond them.
SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
# Predicted levels, and how far the truth may lie below and above near each.
Bands = tuple[FloatArray, FloatArray, FloatArray]


def _level_parts(point: FloatArray, weight: FloatArray) -> list[IntArray]:
    """Return the rows of each level, from the lowest: all levels of like weight."""
    order = np.argsort(point, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    level = np.minimum(LEVELS * before / weight.sum(), LEVELS - 1).astype(np.int64)
    return [part for part in np.split(order, np.searchsorted(level, np.arange(1, LEVELS))) if len(part)]


def _quantiles(values: FloatArray, weight: FloatArray, shares: Sequence[float]) -> FloatArray:
    """Return weighted quantiles: linear between values, each at the middle of its weight."""
    order = np.argsort(values, kind="stable")
    summed = np.cumsum(weight[order])
    return np.interp(shares, (summed - weight[order] / 2) / summed[-1], values[order])


def residual_bands(residual: FloatArray, point: FloatArray, weight: FloatArray, *, smallest: float) -> Bands:
    """Return predicted levels and, near each, how far the truth lies below and above in nine of ten cases."""
    parts = _level_parts(point, weight)
    levels = np.array([float(np.average(point[part], weights=weight[part])) for part in parts])
    ends = np.array([_quantiles(residual[part], weight[part], (0.05, 0.95)) for part in parts])
    smallest = max(smallest, 1e-9)
    return levels, np.maximum(-ends[:, 0], smallest), np.maximum(ends[:, 1], smallest)


def residual_quantiles(residual: FloatArray, point: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the quantiles ``SHARES`` of the residuals near each predicted level, shape (levels, shares)."""
    return np.array([_quantiles(residual[part], weight[part], SHARES) for part in _level_parts(point, weight)])
