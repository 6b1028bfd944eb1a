"""The optimised theta method of statsforecast on a series without its daily and weekly season, fitted at each origin."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.errors import EnvironmentFailure
from workbench.ml.arrays import FloatArray, IntArray, carry_forward

from .contract import Forecaster
from .prophet import INSTALL
from .series import RegularSeries

WINDOW_DAYS = 42


class ThetaForecaster(Forecaster):
    """Seasons by MSTL (Bandara, Hyndman, Bergmeir 2021), the rest by theta (Fiorucci et al. 2016), on the last six weeks."""

    name = "theta"
    most_origins = 7
    learns_at_origins = True

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        models = _models()
        paths = []
        for origin in origins:
            past = series.values[max(int(origin) - WINDOW_DAYS * series.per_day, 0) : int(origin)]
            filled = carry_forward(past[:, None])[:, 0]
            filled = filled[np.isfinite(filled)]
            day = series.per_day
            seasons = [season for season in (day, 7 * day) if season > 1 and len(filled) > 2 * season]
            theta = models.OptimizedTheta(season_length=1)
            model = models.MSTL(season_length=seasons, trend_forecaster=theta) if seasons else theta
            paths.append(model.forecast(y=filled, h=horizon)["mean"])
        return np.array(paths, dtype=np.float64).reshape(-1, horizon)


def _models() -> Any:
    try:
        import statsforecast.models as models
    except ImportError as error:
        raise EnvironmentFailure("statsforecast is not installed.", INSTALL) from error
    return models
