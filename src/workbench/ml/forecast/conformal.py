"""Intervals from the errors that a forecaster made before: split conformal prediction, horizon by horizon, in time order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.errors import NotEnoughData
from workbench.ml.arrays import FloatArray, IntArray

LEVEL = 0.95
# Errors a horizon needs for a quantile of 2.5 %; where there are fewer, those of its neighbours count too.
POOLED = 160


@dataclass(frozen=True)
class Band:
    """What is added to the median to get the ends of the interval, for each horizon: shapes (horizon,)."""

    below: FloatArray
    above: FloatArray

    @classmethod
    def of(cls, errors: FloatArray, *, level: float = LEVEL) -> Band:
        """Return the band of past errors (truth - median), shape (origins, horizon), NaN where the truth is not known.

        Each end is the conformal quantile of (1 - ``level``) / 2, with the (n + 1)-correction; errors of neighbouring
        horizons are pooled until there are ``POOLED``. Source: Vovk, Gammerman, Shafer, "Algorithmic learning in a random
        world", 2005; for time order: Xu and Xie, "Conformal prediction interval for dynamic time-series", ICML 2021.

        Raises ``NotEnoughData`` when no error is known.
        """
        horizon = errors.shape[1]
        if not np.isfinite(errors).any():
            raise NotEnoughData("No past error is known.", "Collect more readings.")
        ends = np.empty((2, horizon))
        for h in range(horizon):
            reach = 0
            pool = _known(errors[:, h : h + 1])
            while len(pool) < POOLED and reach < horizon:
                reach += 1
                pool = _known(errors[:, max(h - reach, 0) : h + reach + 1])
            ends[:, h] = _quantiles(pool, level)
        return cls(np.minimum(ends[0], 0.0), np.maximum(ends[1], 0.0))


def _known(errors: FloatArray) -> FloatArray:
    return errors[np.isfinite(errors)]


def _quantiles(errors: FloatArray, level: float) -> FloatArray:
    """Lower and upper conformal quantile; with too few errors the largest of them."""
    ranked, tail = np.sort(errors), (1 - level) / 2
    rank = min(int(np.ceil((1 - tail) * (len(ranked) + 1))), len(ranked))
    return np.array([ranked[len(ranked) - rank], ranked[rank - 1]])


def rolling_bands(
    errors: FloatArray, origins: IntArray, scored: IntArray, *, window: int, level: float = LEVEL
) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper offsets for each of the ``scored`` rows, shape (scored, horizon).

    Row i uses the newest ``window`` rows whose whole horizon had passed at its origin, so nothing later is in it.

    Args:
        errors: truth - median, shape (origins, horizon).
        origins: ascending positions; horizon h of origin o is the value at o + h - 1.
        scored: rows to give a band for.
        window: most rows to use.
        level: of the interval.
    """
    horizon = errors.shape[1]
    offsets = np.empty((2, len(scored), horizon))
    for number, row in enumerate(scored):
        passed = int(np.searchsorted(origins, origins[row] - horizon, side="right"))
        band = Band.of(errors[max(passed - window, 0) : passed], level=level)
        offsets[0, number], offsets[1, number] = band.below, band.above
    return offsets[0], offsets[1]
