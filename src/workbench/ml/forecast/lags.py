"""What a boosted forecast looks at: values before the origin, relative to the last day's level, and the calendar."""

from __future__ import annotations

import numpy as np

from workbench.ml.arrays import FloatArray, IntArray

from .series import RegularSeries

RECENT = (1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 48)
SPANS = (2, 4, 8, 16)
DAYS, WEEKS = 7, 4
NEIGHBOURS = (-2, -1, 1, 2)
YEAR_DAYS = 366


class LagTable:
    """Features of (origin, horizon) pairs of one series; a value at or after the origin is never read.

    Column order is fixed. Everything that is a value is given relative to ``level``, the mean of the last day, so that
    what was learned at one level holds at another.
    """

    def __init__(self, series: RegularSeries, horizon: int, *, yearly: bool) -> None:
        self.series = series
        self.yearly = yearly
        self.values = series.values
        self.calendar = series.calendar(len(series) + horizon + series.per_day)
        known = np.isfinite(self.values)
        self._sums = np.append(0.0, np.cumsum(np.where(known, self.values, 0.0)))
        self._squares = np.append(0.0, np.cumsum(np.where(known, self.values, 0.0) ** 2))
        self._counts = np.append(0, np.cumsum(known))

    def level(self, origin: IntArray) -> FloatArray:
        """Return the mean of the day before each origin, or of the week where that day is a gap."""
        day = self.mean(origin - self.series.per_day, origin)
        return np.where(np.isnan(day), self.mean(origin - 7 * self.series.per_day, origin), day)

    def matrix(self, origin: IntArray, ahead: IntArray) -> FloatArray:
        """Return the features of pairs, shape (pairs, features), as float32 would hold them."""
        p, level = self.series.per_day, self.level(origin)
        target = origin + ahead - 1
        days_back, weeks_back = p * -(-ahead // p), 7 * p * -(-ahead // (7 * p))
        read = [self.at(origin - lag, origin) for lag in RECENT]
        read += [self.at(target - days_back - day * p, origin) for day in range(DAYS)]
        read += [self.at(target - weeks_back - week * 7 * p, origin) for week in range(WEEKS)]
        for back in (days_back, weeks_back):
            read += [self.at(target - back + near, origin) for near in NEIGHBOURS]
        read += [self.mean(origin - span, origin) for span in (*SPANS, 7 * p, 28 * p)]
        read += [self.mean(origin - (day + 1) * p, origin - day * p) for day in range(1, DAYS)]
        columns = [value - level for value in read]
        columns += [level, self._spread(origin - 8, origin), self._spread(origin - p, origin)]
        calendar = self.calendar
        columns += [ahead.astype(np.float64), calendar.hour[target], calendar.weekday[target]]
        if self.yearly:
            columns.append(calendar.day_of_year[target])
        if self.series.days_off:
            off = calendar.off.astype(np.float64)
            columns += [off[np.maximum(target + shift, 0)] for shift in (-p, 0, p)]
            columns += [off[np.maximum(target - back, 0)] for back in (days_back, weeks_back)]
        return np.column_stack(columns)

    def at(self, position: IntArray, origin: IntArray) -> FloatArray:
        """Return the values at ``position``, NaN where that is not before ``origin``."""
        seen = (position >= 0) & (position < origin)
        return np.where(seen, self.values[np.clip(position, 0, len(self.values) - 1)], np.nan)

    def mean(self, first: IntArray, last: IntArray) -> FloatArray:
        """Return the mean of the known values from ``first`` up to, but not with, ``last``; NaN where none is."""
        begin, end = np.maximum(first, 0), np.maximum(last, 0)
        count = self._counts[end] - self._counts[begin]
        total = self._sums[end] - self._sums[begin]
        mean: FloatArray = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        return mean

    def _spread(self, first: IntArray, last: IntArray) -> FloatArray:
        begin, end = np.maximum(first, 0), np.maximum(last, 0)
        count = np.maximum(self._counts[end] - self._counts[begin], 1)
        mean = (self._sums[end] - self._sums[begin]) / count
        return np.asarray(np.sqrt(np.maximum((self._squares[end] - self._squares[begin]) / count - mean**2, 0.0)))
