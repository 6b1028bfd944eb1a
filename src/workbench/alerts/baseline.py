"""What is usual for each sensor of a machine: mean, spread, and how often a reading repeats the one before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, FloatArray

LEAST_READINGS = 50
# A sensor that repeats itself more often than this is too coarse, or too still, for a standstill to mean anything.
MOST_REPEATS = 0.95
STUCK_AFTER = 12
_BY_CHANCE = 1e-6
_SUSPECT_CHANCE = 0.01


@dataclass(frozen=True)
class Baseline:
    """A sensor's usual readings; ``repeats``: share of values that are read more than once in a row.

    ``longest``: most equal readings in a row. Both leave out the longest such run: it may be a stuck sensor.
    """

    mean: float
    sd: float
    readings: int
    repeats: float = 0.0
    longest: int = 1

    @property
    def varies(self) -> bool:
        """Whether a reading of this kind normally differs from the one before."""
        return self.sd > 0 and self.repeats <= MOST_REPEATS

    @property
    def stuck_after(self) -> int | None:
        """Equal readings in a row that show a stuck sensor; None when equal readings are usual.

        >>> Baseline(mean=5.0, sd=1.0, readings=500).stuck_after
        12
        >>> Baseline(mean=5.0, sd=1.0, readings=500, repeats=0.5, longest=9).stuck_after
        27
        """
        if not self.varies:
            return None
        by_chance = 0 if self.repeats == 0 else math.ceil(math.log(_BY_CHANCE) / math.log(self.repeats))
        return max(STUCK_AFTER, 3 * self.longest, by_chance)

    @property
    def repeat_counts_until(self) -> int | None:
        """Equal readings in a row that still count as measured anew; None: all do.

        A sensor that never repeats itself says nothing new by a reading that equals the one before.
        """
        if not self.varies:
            return None
        if self.repeats == 0:
            return 1
        return max(1 + math.floor(math.log(_SUSPECT_CHANCE) / math.log(self.repeats)), self.longest)


def fit_baselines(values: FloatArray) -> tuple[Baseline | None, ...]:
    """Return the baseline of each column of ``values`` (readings in order of time); None with fewer than 50 readings."""
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, values, 0.0).sum(axis=0) / count
    spreads = np.sqrt((np.where(known, values - means, 0.0) ** 2).sum(axis=0) / count)
    same = values[1:] == values[:-1]
    return tuple(
        Baseline(float(means[k]), float(spreads[k]), int(readings), *_repeats(same[:, k]))
        if readings >= LEAST_READINGS
        else None
        for k, readings in enumerate(known.sum(axis=0))
    )


def _repeats(same: BoolArray) -> tuple[float, int]:
    """Return how often a new value is read again and for how long at most, but for the longest run: it may be a fault."""
    if not same.any():
        return 0.0, 1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    runs = np.sort(1 + edges[1::2] - edges[::2])
    return (len(runs) - 1) / (1 + int((~same).sum())), int(runs[-2]) if len(runs) > 1 else 1
