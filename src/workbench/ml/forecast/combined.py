"""Forecasters made of others: the mean of several, and one that works on ratios instead of differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from workbench.ml.arrays import FloatArray, IntArray

from .contract import Forecaster
from .series import RegularSeries

LOWEST_SHARE = 0.05


class BlendForecaster(Forecaster):
    """The mean of the medians of ``parts``."""

    name = "blend"

    def __init__(self, parts: Sequence[Forecaster]) -> None:
        super().__init__(seed=parts[0].seed)
        self.parts = tuple(parts)

    def _learn(self, series: RegularSeries, horizon: int, origins: IntArray | None) -> None:
        for part in self.parts:
            part.learn(series, horizon, origins=origins)

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        return np.asarray(np.mean([part.paths(series, origins, horizon) for part in self.parts], axis=0))


class RatioForecaster(Forecaster):
    """``inner`` on the logarithm of the series: what it learns are ratios, for series that swing more where they are high."""

    def __init__(self, inner: Forecaster) -> None:
        super().__init__(seed=inner.seed)
        self.inner, self.name = inner, inner.name

    def _learn(self, series: RegularSeries, horizon: int, origins: IntArray | None) -> None:
        self.inner.learn(_logarithm(series), horizon, origins=origins)

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        return np.asarray(np.exp(self.inner.paths(_logarithm(series), origins, horizon)))


def has_ratios(series: RegularSeries) -> bool:
    """Say whether the known values lie far enough above 0 that their ratios mean something.

    >>> import pandas as pd
    >>> start, hour = pd.Timestamp("2026-01-01", tz="UTC"), pd.Timedelta(hours=1)
    >>> [has_ratios(RegularSeries(np.array(values), start, hour)) for values in ([3.0, 9.0], [0.0, 9.0])]
    [True, False]
    """
    return bool(np.nanmin(series.values) > LOWEST_SHARE * np.nanmax(series.values))


def _logarithm(series: RegularSeries) -> RegularSeries:
    # A value that is not above 0 has no logarithm and counts as a gap.
    return replace(series, values=np.log(np.where(series.values > 0, series.values, np.nan)))
