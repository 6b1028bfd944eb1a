"""Intervals from the errors that a forecaster made before: conformal prediction, horizon by horizon, in time order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from workbench.errors import NotEnoughData
from workbench.ml.arrays import FloatArray, IntArray

LEVEL = 0.95
# Errors a horizon needs for a quantile of 2.5 %; where there are fewer, those of its neighbours count too.
POOLED = 160
# However often it missed before, an interval promises at least this little and at most this much.
LEAST_MISSED, MOST_MISSED = 0.002, 0.3


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
        counts, horizon = np.isfinite(errors).sum(axis=0), errors.shape[1]
        if not counts.any():
            raise NotEnoughData("No past error is known.", "Collect more readings.")
        reach = math.ceil((POOLED / int(counts[counts > 0].min()) - 1) / 2)
        width = min(2 * max(reach, 0) + 1, horizon)
        first = np.clip(np.arange(horizon) - width // 2, 0, horizon - width)
        pools = errors[:, first[:, None] + np.arange(width)].transpose(0, 2, 1).reshape(-1, horizon)
        ranked, count = np.sort(pools, axis=0), np.isfinite(pools).sum(axis=0)
        # With too few errors the largest of them.
        rank = np.minimum(np.ceil((1 - (1 - level) / 2) * (count + 1)).astype(int), count)
        # A horizon that is never known, nor its neighbours, lies between those that are.
        told, each = np.flatnonzero(count), np.arange(horizon)
        below = np.interp(each, told, ranked[(count - rank)[told], told])
        above = np.interp(each, told, ranked[(rank - 1)[told], told])
        return cls(np.minimum(below, 0.0), np.maximum(above, 0.0))


def adaptive_bands(
    errors: FloatArray, origins: IntArray, scored: IntArray, *, window: int, rate: float, level: float = LEVEL
) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper offsets for each of the ``scored`` rows, shape (scored, horizon).

    Row i rests on the newest ``window`` rows whose whole horizon had passed at its origin, so nothing later is in it. For
    each row that has passed, the share missed that is aimed at moves by ``rate`` times what was missed too little or too
    much. Source: Gibbs and Candes, "Adaptive conformal inference under distribution shift", NeurIPS 2021, equation 2.

    Args:
        errors: truth - median, shape (origins, horizon).
        origins: ascending positions; horizon h of origin o is the value at o + h - 1.
        scored: ascending rows to give a band for; adapting begins at the first of them.
        window: most rows to use.
        rate: 0 does not adapt.
        level: of the interval.
    """
    offsets = np.empty((2, len(scored), errors.shape[1]))
    missed = np.full(len(scored), np.nan)
    aimed, heard = 1 - level, 0
    passed = np.searchsorted(origins, origins[scored] - errors.shape[1], side="right")
    for number, row in enumerate(scored):
        while heard < number and scored[heard] < passed[number]:
            aimed += rate * (1 - level - missed[heard]) if np.isfinite(missed[heard]) else 0.0
            heard += 1
        aimed = min(max(aimed, LEAST_MISSED), MOST_MISSED)
        band = Band.of(errors[max(passed[number] - window, 0) : passed[number]], level=1 - aimed)
        offsets[:, number] = band.below, band.above
        known = errors[row][np.isfinite(errors[row])]
        ends = band.below[np.isfinite(errors[row])], band.above[np.isfinite(errors[row])]
        missed[number] = ((known < ends[0]) | (known > ends[1])).mean() if len(known) else np.nan
    return offsets[0], offsets[1]
