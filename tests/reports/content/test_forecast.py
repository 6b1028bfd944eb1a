"""The chart of a forecast says its figures in words, and one without evidence says what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup

from workbench.domain.forecasts import Forecast
from workbench.domain.predictions import Evidence
from workbench.reports.content.forecast import forecast_chart

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(**more) -> Forecast:
    return Forecast(
        forecast_id="f1",
        machine_id="pump_1",
        sensor="temperature",
        unit="degC",
        as_of=NOW,
        step_h=1.0,
        horizon_h=24.0,
        data_hash="0",
        **more,
    )


def test_the_chart_tells_median_and_interval_at_its_end():
    times = pd.date_range(NOW - timedelta(days=9), NOW, freq="10min")
    readings = pd.DataFrame({"time": times, "temperature": 60 + np.sin(np.arange(len(times)) / 23)})
    steps = np.arange(24)
    forecast = made(
        origin=NOW,
        evidence=Evidence(enough=True),
        model="boosting",
        reason="boosting has the lowest error",
        median=tuple(60.0 + steps / 24),
        lower=tuple(58.0 - steps / 24),
        upper=tuple(62.0 + steps / 23),
    )
    drawn = BeautifulSoup(forecast_chart(forecast, readings).html, "html.parser")
    said = drawn.svg.find(id=drawn.svg["aria-labelledby"].split()[1]).text
    assert "95 % interval 57.0" in said
    assert "63.0" in said
    assert "boosting has the lowest error" in drawn.text
    assert len(drawn.svg.find_all("rect")) == 24


def test_without_evidence_the_reason_is_told():
    lacking = made(origin=None, evidence=Evidence(enough=False, reasons=("3.0 of 14.0 days of readings needed",)))
    text = forecast_chart(lacking, pd.DataFrame({"time": [], "temperature": []})).html
    assert "3.0 of 14.0 days of readings needed" in text
    assert "<svg" not in text
