"""A linear forecast of the whole path from the last week, hour by hour, and the calendar; strong where days resemble each other."""

from __future__ import annotations

import numpy as np

from workbench.errors import NotEnoughData
from workbench.ml.arrays import FloatArray, IntArray

from .contract import Forecaster, truth_at
from .lags import YEAR_DAYS, LagTable
from .naive import SeasonalNaive
from .series import RegularSeries

PENALTIES = (10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
FEWEST_ORIGINS = 14
HARMONICS = (1, 2, 3)


class LinearForecaster(Forecaster):
    """Ridge regression of every step of the path on each value of the last week, relative to the last day's level.

    It is learned from origins at one time of day. The penalty is chosen by leave-one-out. Source of the form: the
    linear day-ahead model of Lago et al., "Forecasting day-ahead electricity prices", Applied Energy 2021, with a ridge
    penalty.
    """

    name = "linear"

    def _learn(self, series: RegularSeries, horizon: int, origins: IntArray | None) -> None:
        from sklearn.linear_model import RidgeCV

        self.yearly_ = len(series) >= 2 * YEAR_DAYS * series.per_day
        self.horizon_ = horizon
        table = LagTable(series, horizon, yearly=self.yearly_)
        if origins is None:
            hour = table.calendar.hour[: len(series) + 1]
            origins = np.flatnonzero(hour == hour[-1])
        chosen = origins[(origins >= series.per_day) & (origins <= len(series) - horizon)]
        truth = truth_at(series, chosen, horizon) - table.level(chosen)[:, None]
        # A target with a short gap is bridged: it is learned from only, and lies in the past.
        known = np.isfinite(truth).mean(axis=1) > 0.5 if len(chosen) else np.zeros(0, dtype=bool)
        if known.sum() < FEWEST_ORIGINS:
            raise NotEnoughData(
                f"{int(known.sum())} of {FEWEST_ORIGINS} days with a known past and future needed.",
                "Collect more readings.",
            )
        matrix, target = self._matrix(table, chosen[known]), _bridged(truth[known])
        seen = np.isfinite(matrix)
        total = np.where(seen, matrix, 0.0).sum(axis=0)
        self.mean_ = total / np.maximum(seen.sum(axis=0), 1)
        spread = np.sqrt((np.where(seen, matrix - self.mean_, 0.0) ** 2).mean(axis=0))
        self.scale_ = np.where(spread > 0, spread, np.inf)
        self.model_ = RidgeCV(alphas=PENALTIES).fit(self._scaled(matrix), target)

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        table = LagTable(series, self.horizon_, yearly=self.yearly_)
        path = self.model_.predict(self._scaled(self._matrix(table, origins))).reshape(len(origins), -1)
        median = path[:, :horizon] + table.level(origins)[:, None]
        return np.where(np.isfinite(median), median, SeasonalNaive().paths(series, origins, horizon))

    def _scaled(self, matrix: FloatArray) -> FloatArray:
        # What is not known counts as usual.
        return np.asarray(np.nan_to_num((matrix - self.mean_) / self.scale_, nan=0.0))

    def _matrix(self, table: LagTable, origin: IntArray) -> FloatArray:
        p, level, calendar = table.series.per_day, table.level(origin), table.calendar
        columns = [table.at(origin - lag, origin) - level for lag in range(1, 7 * p + 1)]
        columns += [table.mean(origin - 7 * p * week, origin - 7 * p * week + p) - level for week in (2, 3, 4)]
        columns += [table.mean(origin - 28 * p, origin) - level, level]
        columns += [np.asarray(calendar.weekday[origin] == day, dtype=np.float64) for day in range(7)]
        turn = 2 * np.pi * calendar.hour[origin] / 24
        columns += [np.sin(turn), np.cos(turn)]
        if self.yearly_:
            turn = 2 * np.pi * calendar.day_of_year[origin] / YEAR_DAYS
            columns += [wave(number * turn) for number in HARMONICS for wave in (np.sin, np.cos)]
        if table.series.days_off:
            noon, days = origin + p // 2, (-7, -1, *range(-(-self.horizon_ // p)))
            columns += [calendar.off[np.maximum(noon + day * p, 0)].astype(np.float64) for day in days]
        return np.column_stack(columns)


def _bridged(paths: FloatArray) -> FloatArray:
    """Fill what is not known between the known steps of each path by a straight line."""
    filled = paths.copy()
    for row in np.flatnonzero(~np.isfinite(paths).all(axis=1)):
        known = np.isfinite(paths[row])
        filled[row, ~known] = np.interp(np.flatnonzero(~known), np.flatnonzero(known), paths[row, known])
    return filled
