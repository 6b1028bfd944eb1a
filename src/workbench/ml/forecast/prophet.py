"""Prophet as specified (ML4): daily and weekly seasonality, changepoint prior 0.05, fitted anew at each origin."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import EnvironmentFailure
from workbench.ml.arrays import FloatArray, IntArray

from .contract import Forecaster
from .series import RegularSeries

CHANGEPOINT_PRIOR = 0.05
WINDOW_DAYS = 60
INSTALL = "Install it: pip install 'predictive-maintenance-workbench[forecast]'"


class ProphetForecaster(Forecaster):
    """Prophet on the last 60 days in local time; its 95 % interval is replaced by the conformal one.

    Source: Taylor and Letham, "Forecasting at scale", The American Statistician 2018.
    """

    name = "prophet"
    most_origins = 7
    learns_at_origins = True

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        return np.array([self._path(series.until(int(origin)), horizon) for origin in origins]).reshape(-1, horizon)

    def _path(self, series: RegularSeries, horizon: int) -> FloatArray:
        first, end = max(len(series) - WINDOW_DAYS * series.per_day, 0), len(series)
        local = series.times(first, end + horizon).tz_convert(series.zone).tz_localize(None)
        past = pd.DataFrame({"ds": local[: end - first], "y": series.values[first:]}).dropna()
        model = _prophet()(
            daily_seasonality=series.per_day > 1,
            weekly_seasonality=True,
            yearly_seasonality=False,
            changepoint_prior_scale=CHANGEPOINT_PRIOR,
            uncertainty_samples=0,
        ).fit(past, seed=self.seed)
        return np.asarray(model.predict(pd.DataFrame({"ds": local[end - first :]}))["yhat"], dtype=np.float64)


def _prophet() -> Any:
    # Its Stan backend tells of every fit (and sets its level when it is loaded, so only this holds), and its plots
    # want a package that nothing here needs.
    for name in ("cmdstanpy", "prophet", "prophet.plot"):
        logging.getLogger(name).disabled = True
    try:
        from prophet import Prophet
    except ImportError as error:
        raise EnvironmentFailure("Prophet is not installed.", INSTALL) from error
    return Prophet
