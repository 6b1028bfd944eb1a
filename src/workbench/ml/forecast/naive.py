"""Naive forecasts, which any other must beat: the last value, and the value of the same time yesterday or last week."""

from __future__ import annotations

import numpy as np

from workbench.ml.arrays import FloatArray, IntArray, carry_forward

from .contract import Forecaster
from .series import RegularSeries


class LastValue(Forecaster):
    """The last known value, however far ahead."""

    name = "last_value"

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        last = carry_forward(series.values[:, None])[origins - 1, 0]
        return np.repeat(last[:, None], horizon, axis=1)


class SeasonalNaive(Forecaster):
    """The last known value at the same time of day, or of the same weekday and time."""

    def __init__(self, *, days: int = 1, seed: int = 0) -> None:
        super().__init__(seed=seed)
        self.days = days
        self.name = {1: "yesterday", 7: "last_week"}.get(days, f"{days}_days_ago")

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        season = series.per_day * self.days
        target = origins[:, None] + np.arange(horizon)
        ago = target - season * -(-(np.arange(horizon) + 1) // season)
        path = np.where(ago >= 0, series.values[np.maximum(ago, 0)], np.nan)
        # A gap is filled by the same time one season earlier, at last by the last value.
        for _ in range(4):
            ago = ago - season
            path = np.where(np.isnan(path) & (ago >= 0), series.values[np.maximum(ago, 0)], path)
        last = carry_forward(series.values[:, None])[origins - 1, 0]
        return np.where(np.isnan(path), last[:, None], path)
