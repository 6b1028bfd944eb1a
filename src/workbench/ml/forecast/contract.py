"""The contract of every forecaster: ``fit`` learns and calibrates, ``predict`` gives a median and a 95 % interval.

A subclass writes ``_paths`` (medians from origins) and, where something holds for long, ``_learn``. From an origin only the values
before it are seen; ``backtest`` and the intervals rest on that, and tests hold every forecaster to it.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from workbench.errors import InputError, NotEnoughData
from workbench.ml.arrays import FloatArray, IntArray

from .conformal import Band
from .series import RegularSeries

BACKTEST_DAYS, LEARNED_ANEW = 56, 28
FEWEST_ORIGINS = 5


@dataclass(frozen=True)
class Path:
    """A forecast: ``times`` (aware UTC), median and 95 % interval, all of one length."""

    times: pd.DatetimeIndex
    median: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class Backtest:
    """Medians of rolling origins, learned before the first of them, and what came: shapes (origins, horizon).

    ``fit_s``: seconds of learning once what a forecast is made by; of a blend, those of all its parts together.
    """

    origins: IntArray
    truth: FloatArray
    median: FloatArray
    fit_s: float

    @property
    def errors(self) -> FloatArray:
        """Truth - median; NaN where the truth is not known."""
        return self.truth - self.median

    def at(self, origins: IntArray) -> Backtest:
        """Return the rows of these origins."""
        kept = np.isin(self.origins, origins)
        return Backtest(self.origins[kept], self.truth[kept], self.median[kept], self.fit_s)


class Forecaster(ABC):
    """Forecasts one regular series. Attributes after ``fit``: ``series_``, ``band_``, ``backtest_``."""

    name: str
    most_origins: ClassVar[int] = (
        BACKTEST_DAYS  # of the backtest: fewer, spread over it, for one that is costly at each
    )
    learns_at_origins: ClassVar[bool] = False  # whether each origin is learned anew, when its path is asked for

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def learn(self, series: RegularSeries, horizon: int, *, origins: IntArray | None = None) -> Self:
        """Learn from the whole series to forecast 1 to ``horizon`` steps; ``origins``: only from these (default: any)."""
        if horizon < 1:
            raise InputError(f"horizon is {horizon}.", "Give at least one step.")
        if not np.isfinite(series.values).any():
            raise NotEnoughData("The series holds no value.", "Collect readings.")
        self._learn(series, horizon, origins)
        self.series_ = series
        return self

    def paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        """Return medians of the ``horizon`` steps from each origin on, shape (origins, horizon).

        From origin o only ``series.values[:o]`` is used; horizon h is position o + h - 1.
        """
        if len(origins) and (origins.min() < 1 or origins.max() > len(series)):
            raise InputError("An origin lies outside of the series.", f"Give origins from 1 to {len(series)}.")
        return self._paths(series, np.asarray(origins, dtype=np.int64), horizon)

    def backtest(self, series: RegularSeries, horizon: int) -> Backtest:
        """Forecast the last weeks from one origin a day, learning what lies before them, anew every four weeks.

        Raises ``NotEnoughData`` where the series leaves no origins.
        """
        days = backtest_origins(series, horizon)
        origins = days[:: -len(days) // self.most_origins][::-1]
        paths, fit_s = [], 0.0
        for first in range(0, len(origins), LEARNED_ANEW):
            some = origins[first : first + LEARNED_ANEW]
            began = time.perf_counter()
            self.learn(series.until(int(some[0])), horizon)
            learned = time.perf_counter()
            paths.append(self.paths(series, some, horizon))
            each = (time.perf_counter() - learned) / len(some)
            fit_s = each if self.learns_at_origins else learned - began
        return Backtest(origins, truth_at(series, origins, horizon), np.concatenate(paths), fit_s)

    def fit(self, series: RegularSeries, horizon: int, *, backtest: Backtest | None = None) -> Self:
        """Calibrate the interval by a backtest (or one that was made already), then learn from the whole series."""
        self.backtest_ = self.backtest(series, horizon) if backtest is None else backtest
        self.band_ = Band.of(self.backtest_.errors)
        return self.learn(series, horizon)

    def predict(self, horizon: int) -> Path:
        """Return the ``horizon`` steps (at most those fitted for) after the end of the fitted series."""
        if not hasattr(self, "band_"):
            raise InputError(f"{type(self).__name__} is not fitted.", "Call fit first.")
        if not 1 <= horizon <= len(self.band_.below):
            raise InputError(f"horizon is {horizon}.", f"It was fitted for 1 to {len(self.band_.below)} steps.")
        end = len(self.series_)
        median = self.paths(self.series_, np.array([end]), horizon)[0]
        times = self.series_.times(end, end + horizon)
        return Path(times, median, median + self.band_.below[:horizon], median + self.band_.above[:horizon])

    def _learn(self, series: RegularSeries, horizon: int, origins: IntArray | None) -> None:  # noqa: B027
        """Learn what lasts; a forecaster that is fitted anew at each origin learns nothing here."""

    @abstractmethod
    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray: ...


def backtest_origins(series: RegularSeries, horizon: int) -> IntArray:
    """Return one origin a day at the time of day of the series' end, at most eight weeks, in the second half.

    Raises ``NotEnoughData`` where there are fewer than five.
    """
    last, per_day = len(series) - horizon, series.per_day
    days = min(BACKTEST_DAYS, max(last - len(series) // 2, 0) // per_day + 1)
    if last < 1 or days < FEWEST_ORIGINS:
        raise NotEnoughData(
            f"{len(series)} steps leave {days if last >= 1 else 0} of {FEWEST_ORIGINS} origins needed to test a forecast of {horizon} steps.",
            "Collect more readings or forecast less far ahead.",
        )
    return last - per_day * np.arange(days - 1, -1, -1)


def truth_at(series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
    """Return what came after each origin, shape (origins, horizon); NaN for a gap and beyond the end."""
    padded = np.append(series.values, np.full(horizon, np.nan))
    return np.asarray(padded[origins[:, None] + np.arange(horizon)])
