"""Forecasts (ML4): one contract from last value to Prophet, conformal 95 % intervals, the winner chosen by backtest."""

from __future__ import annotations

from .boosting import BoostedForecaster
from .choice import MODELS, Choice, Score, choose
from .combined import BlendForecaster, RatioForecaster, has_ratios
from .conformal import Band, adaptive_bands
from .contract import Backtest, Forecaster, Path
from .linear import LinearForecaster
from .naive import LastValue, SeasonalNaive
from .prophet import ProphetForecaster
from .series import RegularSeries, lacking_evidence, regular
from .theta import ThetaForecaster

__all__ = [
    "MODELS",
    "Backtest",
    "Band",
    "BlendForecaster",
    "BoostedForecaster",
    "Choice",
    "Forecaster",
    "LastValue",
    "LinearForecaster",
    "Path",
    "ProphetForecaster",
    "RatioForecaster",
    "RegularSeries",
    "Score",
    "SeasonalNaive",
    "ThetaForecaster",
    "adaptive_bands",
    "choose",
    "has_ratios",
    "lacking_evidence",
    "regular",
]
