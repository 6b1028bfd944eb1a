"""Whether synthetic sequences copy those they were learned from: distances between windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WINDOW = 10
CHUNK = 1_024


@dataclass(frozen=True)
class Nearness:
    """Distance of each window to its nearest real one: of synthetic windows to training and holdout, of holdout to training.

    ``made_unit``, ``holdout_unit``: the unit of each window.
    """

    made_to_train: Floats
    made_to_holdout: Floats
    holdout_to_train: Floats
    made_unit: Integers
    holdout_unit: Integers

    def closer_to_train(self, weights: Floats) -> float:
        """Return the share of synthetic windows nearer to training than to the holdout; weights (synthetic units,).

        A window as near to both counts half: that is what it would be by chance.
        """
        nearer = (self.made_to_train < self.made_to_holdout) + 0.5 * (self.made_to_train == self.made_to_holdout)
        return float(np.average(nearer, weights=weights[self.made_unit]))

    def dcr_ratio(self, made_weights: Floats, holdout_weights: Floats) -> float:
        """Return the median distance from synthetic to training windows over that from holdout to training windows."""
        mine = weighted_median(self.made_to_train, made_weights[self.made_unit])
        theirs = weighted_median(self.holdout_to_train, holdout_weights[self.holdout_unit])
        return mine / theirs if theirs > 0 else float("inf") if mine > 0 else 1.0


def nearness(
    made: tuple[Floats, Integers],
    train: tuple[Floats, Integers],
    holdout: tuple[Floats, Integers],
    *,
    most: int,
    seed: int,
) -> Nearness:
    """Measure windows of 10 rows (fewer where every unit is shorter), columns scaled by their spread in training.

    Args:
        made: synthetic rows (rows, columns) and lengths of the units.
        train: the same of those they were learned from.
        holdout: the same of real units that no synthesizer saw.
        most: windows taken of each side; training and holdout give the same number, so that neither is nearer by chance.
        seed: which windows, where there are more.
    """
    spread = train[0].std(axis=0)
    varying = spread > 1e-12 * np.maximum(np.abs(train[0].mean(axis=0)), 1e-300)
    width = int(min(WINDOW, *(lengths.max() for _, lengths in (made, train, holdout))))
    rng = np.random.default_rng(seed)
    sides = [_windows(rows[:, varying] / spread[varying], lengths, width) for rows, lengths in (made, train, holdout)]
    count = min(most, len(sides[1][0]), len(sides[2][0]))
    picked = [_some(*side, most if place == 0 else count, rng) for place, side in enumerate(sides)]
    (mine, unit), (known, _), (other, other_unit) = picked
    return Nearness(nearest(mine, known), nearest(mine, other), nearest(other, known), unit, other_unit)


def _windows(rows: Floats, lengths: Integers, width: int) -> tuple[npt.NDArray[np.float32], Integers]:
    """Return flattened windows (windows, width x columns), and the unit of each."""
    count = np.maximum(lengths - width + 1, 0)
    unit = np.repeat(np.arange(len(lengths)), count)
    place = np.arange(len(unit)) - np.repeat(np.cumsum(count) - count, count)
    first = (np.cumsum(lengths) - lengths)[unit] + place
    taken = rows[first[:, None] + np.arange(width)]
    return taken.reshape(len(unit), -1).astype(np.float32), unit


def _some(
    windows: npt.NDArray[np.float32], unit: Integers, most: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], Integers]:
    if len(windows) <= most:
        return windows, unit
    at = np.sort(rng.choice(len(windows), most, replace=False))
    return windows[at], unit[at]


def nearest(mine: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> Floats:
    """Return the Euclidean distance of each row of ``mine`` to the nearest of ``others``."""
    centre = others.mean(axis=0)
    mine, others = mine - centre, others - centre
    squares = (others**2).sum(axis=1)
    out = np.empty(len(mine))
    for start in range(0, len(mine), CHUNK):
        part = mine[start : start + CHUNK]
        at = (squares - 2 * part @ others.T).argmin(axis=1)
        # The expanded square loses digits where two windows are the same: the nearest is measured again.
        out[start : start + CHUNK] = np.sqrt(((part - others[at]).astype(np.float64) ** 2).sum(axis=1))
    return out


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the smallest value up to which half of the weight lies.

    >>> weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 1.0]))
    2.0
    """
    order = np.argsort(values, kind="stable")
    upto = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(upto, 0.5 * upto[-1])])
