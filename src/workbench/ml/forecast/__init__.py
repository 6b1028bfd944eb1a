"""Forecasts (ML4): one contract from last value to Prophet, conformal 95 % intervals, the winner chosen by backtest."""

from __future__ import annotations

from .boosting import BoostedForecaster
from .choice import MODELS, Choice, Score, choose
from .conformal import Band, rolling_bands
from .contract import Backtest, Forecaster, Path
from .naive import LastValue, SeasonalNaive
from .prophet import ProphetForecaster
from .series import RegularSeries, lacking_evidence, regular
from .theta import ThetaForecaster

__all__ = [
    "MODELS",
    "Backtest",
    "Band",
    "BoostedForecaster",
    "Choice",
    "Forecaster",
    "LastValue",
    "Path",
    "ProphetForecaster",
    "RegularSeries",
    "Score",
    "SeasonalNaive",
    "ThetaForecaster",
    "choose",
    "lacking_evidence",
    "regular",
    "rolling_bands",
]
