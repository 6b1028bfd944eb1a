"""Alarm episodes, and the threshold that keeps them within a budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.ml.arrays import FloatArray, IntArray, ObjectArray

from .calibration import ONE_IN_TWENTY_THOUSAND, decades_of, pareto, score_of_decades

MERGE_H = 24.0
HOURS_PER_MONTH = 730.5
LOWEST_THRESHOLD = 0.05
# Of many maxima only the highest tell how the tail goes on: a tenth, at least ten.
TAIL_PART = 10
FEWEST_MAXIMA = 10
# Levels among which the one that gives the most separate episodes is where their tail begins.
TAIL_LEVELS = np.linspace(0.5, 0.98, 25)


def alarm_threshold(threshold: float) -> float:
    """Return the score above which a machine of a fleet alarms, given the threshold of its budget.

    As strange as one normal reading in twenty thousand is an alarm in any case.

    >>> alarm_threshold(0.6), alarm_threshold(0.95)
    (0.6, 0.875)
    """
    return min(threshold, ONE_IN_TWENTY_THOUSAND)


def count_episodes(times_h: FloatArray, merge_h: float = MERGE_H) -> int:
    """Count alarm episodes: alarms under ``merge_h`` apart are one.

    >>> import numpy as np
    >>> count_episodes(np.array([0.0, 1.0, 30.0]))
    2
    """
    return len(episode_starts(np.sort(times_h), merge_h))


def episode_starts(times_h: FloatArray, merge_h: float = MERGE_H) -> IntArray:
    """Return the positions at which episodes begin among ascending times of alarms."""
    if not len(times_h):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.append(True, np.diff(times_h) >= merge_h))


def budget_threshold(
    score: FloatArray,
    units: Sequence[str] | ObjectArray,
    hours: FloatArray,
    budget: float,
    *,
    merge_h: float = MERGE_H,
) -> float:
    """Return the threshold that keeps normal rows within ``budget`` alarm episodes per unit and month.

    The smallest such score among the rows where the budget allows them at least one episode; beyond them, the level that
    the tail of their episode maxima (generalised Pareto) exceeds as often as the budget allows. An alarm is a score
    above the threshold.
    """
    names = np.asarray(units).astype(str)
    rows = [np.flatnonzero(names == unit) for unit in np.unique(names)]
    months = sum(float(np.ptp(hours[r])) for r in rows if len(r)) / HOURS_PER_MONTH
    allowed = budget * max(months, 1e-6)
    if allowed < 1.0:
        return _beyond(score, rows, hours, allowed, merge_h)
    candidates = np.unique(np.concatenate([np.quantile(score, np.linspace(0.8, 1.0, 201)), [1.0]]))
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        count = sum(count_episodes(hours[r][score[r] > candidates[middle]], merge_h) for r in rows)
        low, high = (low, middle) if count <= allowed else (middle + 1, high)
    return float(np.clip(candidates[low], LOWEST_THRESHOLD, 1.0))


def _beyond(score: FloatArray, rows: list[IntArray], hours: FloatArray, allowed: float, merge_h: float) -> float:
    """Return the level that episodes of these rows pass ``allowed`` (under one) times, by the tail of their maxima."""
    rarity = decades_of(score)
    found = [(level, _maxima(rarity, rows, hours, level, merge_h)) for level in np.quantile(rarity, TAIL_LEVELS)]
    level, maxima = max(found, key=lambda pair: (len(pair[1]), pair[0]))
    if not len(maxima):
        return float(np.clip(score.max(), LOWEST_THRESHOLD, 1.0))
    kept = max(len(maxima) // TAIL_PART, FEWEST_MAXIMA)
    if len(maxima) > kept:
        ordered = np.sort(maxima)
        level, maxima = float(ordered[-kept - 1]), ordered[-kept:]
    shape, scale = pareto(maxima - level, otherwise=1.0)
    times = len(maxima) / allowed
    further = scale * (np.log(times) if shape < 1e-9 else (times**shape - 1.0) / shape)
    return float(np.clip(score_of_decades(np.asarray(level + further)), LOWEST_THRESHOLD, 1.0))


def _maxima(rarity: FloatArray, rows: list[IntArray], hours: FloatArray, level: float, merge_h: float) -> FloatArray:
    """Return the highest rarity of each episode above ``level``."""
    out = []
    for unit in rows:
        alarms = unit[rarity[unit] > level]
        starts = episode_starts(hours[alarms], merge_h)
        if len(starts):
            out.append(np.maximum.reduceat(rarity[alarms], starts))
    return np.concatenate(out) if out else np.empty(0)
