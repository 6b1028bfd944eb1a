"""NAB's raw score of a file: what its windows and the alarms outside them are worth.

Standard profile: a detection is worth up to 1 (the earlier in its window the more), a missed window -1, a false alarm up
to -0.11 (less just after a window). Source: Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms: the
Numenta anomaly benchmark", ICMLA 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

FALSE_POSITIVE = 0.11
MISSED = -1.0
PROBATION_SHARE = 0.15
PROBATION_FROM = 5000
FAR_BEHIND = 3.0


@dataclass(frozen=True)
class Parts:
    """What a file's alarms are worth: ``windows`` one by one, ``false`` the false alarms by the window before them.

    ``false[0]`` are those before the first window.
    """

    windows: Floats
    false: Floats
    detected: int
    false_positives: int

    @property
    def total(self) -> float:
        """The raw score."""
        return float(self.windows.sum() + self.false.sum())

    def resampled(self, draws: int, seed: int = 0) -> Floats:
        """Return raw scores of as many windows drawn again, each with the false alarms after it."""
        each = self.windows + self.false[1:]
        picked = np.random.default_rng(seed).integers(0, len(each), (draws, len(each)))
        return np.asarray(each[picked].sum(axis=1) + self.false[0])


def raised(hours: Floats, above: npt.NDArray[np.bool_], refractory_h: float) -> Rows:
    """Return the rows at which an alarm is raised: after each, none for ``refractory_h``.

    >>> raised(np.array([0.0, 1.0, 30.0, 31.0]), np.array([True, True, True, True]), 24.0).tolist()
    [0, 2]
    """
    found: list[int] = []
    for row in np.flatnonzero(above):
        if not found or hours[row] - hours[found[-1]] >= refractory_h:
            found.append(int(row))
    return np.asarray(found, dtype=np.intp)


def position_score(position: float) -> float:
    """Return the worth of an alarm at a position relative to a window: -1 its beginning, 0 its end, 3 and more far behind.

    >>> round(position_score(-1.0), 5), position_score(0.0), position_score(3.0)
    (0.98661, 0.0, -1.0)
    """
    return -1.0 if position >= FAR_BEHIND else float(2.0 / (1.0 + np.exp(5.0 * position)) - 1.0)


def parts_of(alarms: Rows, rows: int, windows: Sequence[tuple[int, int]]) -> Parts:
    """Return what ``alarms`` (rows) are worth in a file of ``rows`` rows; ``windows`` by first and last row, ascending.

    Alarms in the probation (the first 15 % of at most 5,000 rows) do not count.

    >>> parts_of(np.array([1000, 4000]), 5000, [(1000, 1099)]).total.__round__(3)
    0.89
    """
    probation = min(int(PROBATION_SHARE * rows), int(PROBATION_SHARE * PROBATION_FROM))
    worth = np.full(len(windows), MISSED)
    false = np.zeros(len(windows) + 1)
    false_positives = 0
    for row in alarms[alarms >= probation]:
        before = sum(last < row for _, last in windows)
        if before < len(windows) and windows[before][0] <= row:
            first, last = windows[before]
            position = -(last - row + 1) / (last - first + 1)
            worth[before] = max(worth[before], position_score(position) / position_score(-1.0))
            continue
        position = FAR_BEHIND
        if before:
            first, last = windows[before - 1]
            position = (row - last) / max(last - first, 1)
        false[before] += FALSE_POSITIVE * position_score(position)
        false_positives += 1
    return Parts(worth, false, int((worth > MISSED).sum()), false_positives)
