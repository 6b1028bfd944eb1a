"""Labels of each row of a record: the life left to the next failure, its cause, and how long the machine is known to survive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import WHOLE_MACHINE

from .arrays import BoolArray, FloatArray, IntArray, ObjectArray
from .life import Timeline


@dataclass(frozen=True)
class Labels:
    """Labels of each row, in life units.

    ``remaining``: life to the next failure, NaN where it is censored or unknown. ``survives``: life over which the
    machine is known not to fail (to the next failure, planned replacement or end of the record).
    """

    remaining: FloatArray
    survives: FloatArray
    cause: ObjectArray

    def within(self, horizon: float) -> FloatArray:
        """1 where the machine fails within ``horizon``, 0 where it is known not to, NaN where nobody knows."""
        answer = np.full(len(self.remaining), np.nan)
        answer[self.survives > horizon] = 0.0
        answer[self.remaining <= horizon] = 1.0
        return answer


def _next(times: IntArray, at: IntArray, side: str, values: FloatArray) -> FloatArray:
    """Value of the next event after each row, infinite where there is none."""
    index = np.searchsorted(times, at, side="right" if side == "after" else "left")
    return np.concatenate([values, [np.inf]])[index]


def label(clock: Timeline) -> Labels:
    """Label every row of ``clock`` by the failures and replacements that its record holds.

    A failure at the very time of a row counts for cycle data (the last cycle of a run to failure has 0 left), not for
    hourly data, where that reading is already taken at the failure.
    """
    side = "at" if clock.life_unit is LifeUnit.CYCLE else "after"
    time, life = clock.time, clock.life
    failures, replacements = clock.failures, clock.replacements
    failure = _next(failures.time, time, side, failures.life)
    renewal = _next(replacements.time, time, "after", replacements.life)
    index = np.searchsorted(failures.time, time, side="right" if side == "after" else "left")
    cause = np.concatenate([failures.cause, np.array([None], dtype=object)])[index]
    remaining = failure - life
    for name in {value for value in failures.cause if value is not None}:
        same = (replacements.cause == name) | np.isin(replacements.cause, WHOLE_MACHINE)
        rows = cause == name
        replaced = _next(replacements.time[same], time[rows], "after", replacements.life[same])
        remaining[rows] = np.where(replaced < failure[rows], np.nan, remaining[rows])
    remaining[~np.isfinite(remaining)] = np.nan
    end = life[-1] if len(life) else 0.0
    survives = np.minimum(np.minimum(failure, renewal), np.where(np.isfinite(failure), np.inf, end)) - life
    remaining[_failed(clock)], survives[_failed(clock)] = np.nan, 0.0
    return Labels(np.maximum(remaining, 0.0), np.maximum(survives, 0.0), cause)


def _failed(clock: Timeline) -> BoolArray:
    """Rows between a failure and its repair."""
    last = np.searchsorted(clock.failures.time, clock.time, side="left") - 1
    return np.asarray((last >= 0) & (clock.time <= clock.repaired[last])) if len(clock.repaired) else last >= 0
