"""A regular time series with its local calendar, made from readings that may have gaps and uneven times."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import InputError, NotEnoughData
from workbench.ml.arrays import BoolArray, FloatArray, IntArray, nanoseconds

DAY = pd.Timedelta(days=1)
MOST_MISSING = 0.5
SHORTEST_DAYS = 14.0


@dataclass(frozen=True)
class Calendar:
    """Local time in which each step begins: hour of the day, weekday (0 Monday), day of the year, whether a day off."""

    hour: FloatArray
    weekday: FloatArray
    day_of_year: FloatArray
    off: BoolArray


@dataclass(frozen=True)
class RegularSeries:
    """Values at equal steps; NaN is a gap. ``start`` is the time (UTC) of the first, each closes the step before it.

    ``zone``: whose wall clock the calendar goes by. ``days_off``: local dates known in advance on which less is done.
    """

    values: FloatArray
    start: pd.Timestamp
    step: pd.Timedelta
    zone: str = "UTC"
    days_off: frozenset[date] = frozenset()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def per_day(self) -> int:
        """Steps in a day, at least 1."""
        return max(round(DAY / self.step), 1)

    def until(self, position: int) -> RegularSeries:
        """Return the series of the values before ``position``."""
        return replace(self, values=self.values[:position])

    def times(self, first: int, last: int) -> pd.DatetimeIndex:
        """Return the times of the positions from ``first`` up to, but not with, ``last``; also beyond the end."""
        return pd.date_range(self.start + first * self.step, periods=last - first, freq=self.step)

    def calendar(self, last: int) -> Calendar:
        """Return the local calendar of the positions from 0 up to, but not with, ``last``."""
        local = (self.times(0, last) - self.step).tz_convert(self.zone)
        off = np.zeros(last, dtype=bool)
        if self.days_off:
            off = np.array([day in self.days_off for day in local.date])
        return Calendar(
            np.asarray(local.hour + local.minute / 60, dtype=np.float64),
            np.asarray(local.dayofweek, dtype=np.float64),
            np.asarray(local.dayofyear, dtype=np.float64),
            off,
        )

    def midnights(self) -> IntArray:
        """Return the positions whose step begins at 00:00 local time: origins that look at one whole local day."""
        local = (self.times(0, len(self)) - self.step).tz_convert(self.zone)
        return np.flatnonzero((local.hour == 0) & (local.minute == 0) & (local.second == 0))


def regular(
    times: pd.Series[Any] | pd.DatetimeIndex,
    values: FloatArray,
    *,
    zone: str = "UTC",
    step: pd.Timedelta | None = None,
    days_off: Collection[date] = (),
) -> RegularSeries:
    """Return readings as the means of equal steps; a step without a reading is a gap.

    Args:
        times: aware UTC, ascending.
        values: one a time; NaN is no reading.
        zone: time zone of the calendar, e.g. ``Europe/Berlin``.
        step: default: the usual distance of two readings.
        days_off: local dates known in advance on which less is done.

    Raises:
        InputError: times do not ascend, or there are not as many values.
        NotEnoughData: fewer than two readings.
    """
    stamps = nanoseconds(times)
    if len(stamps) != len(values) or bool((np.diff(stamps) < 0).any()):
        raise InputError("times do not ascend, or values are not as many.", "Sort the readings by time.")
    known = np.isfinite(values)
    if known.sum() < 2:
        raise NotEnoughData(f"{int(known.sum())} readings make no series.", "Collect more readings.")
    usual = np.median(np.diff(stamps)[np.diff(stamps) > 0]) if len(np.unique(stamps)) > 1 else DAY.value
    width = int(step.value if step is not None else usual)
    # A reading closes the step in which it was taken, so nothing later than its time is in a step.
    place = -(-stamps[known] // width)
    first, length = int(place[0]), int(place[-1] - place[0]) + 1
    total = np.bincount(place - first, weights=values[known], minlength=length)
    count = np.bincount(place - first, minlength=length)
    mean = np.divide(total, count, out=np.full(length, np.nan), where=count > 0)
    start = pd.Timestamp(first * width, tz="UTC")
    return RegularSeries(mean, start, pd.Timedelta(width, unit="ns"), zone, frozenset(days_off))


def lacking_evidence(series: RegularSeries, horizon: int) -> tuple[str, ...]:
    """Return what is missing for a forecast of ``horizon`` steps, in words; nothing where there is enough.

    >>> hourly = RegularSeries(np.arange(48.0), pd.Timestamp("2026-01-01", tz="UTC"), pd.Timedelta(hours=1))
    >>> lacking_evidence(hourly, 24)
    ('2.0 of 14.0 days of readings needed',)
    """
    reasons = []
    needed = max(SHORTEST_DAYS, 2 * horizon / series.per_day + 7)
    days = len(series) / series.per_day
    known = np.isfinite(series.values)
    if days < needed:
        reasons.append(f"{days:.1f} of {needed:.1f} days of readings needed")
    recent = known[-round(needed * series.per_day) :]
    if len(recent) and recent.mean() < 1 - MOST_MISSING:
        reasons.append(f"{100 * (1 - recent.mean()):.0f} % of the last {min(days, needed):.0f} days are gaps")
    last = series.values[known][-7 * series.per_day :]
    if len(last) and np.ptp(last) == 0:
        reasons.append("the readings of the last week never change: a stuck sensor cannot be told from a steady one")
    return tuple(reasons)
