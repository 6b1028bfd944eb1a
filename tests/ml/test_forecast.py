"""Forecasters: one contract, nothing read from after the origin, intervals that hold, the naive forecast where nothing beats it."""

from __future__ import annotations

import copy
import time
from datetime import date

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError, NotEnoughData
from workbench.ml.forecast import (
    Band,
    BlendForecaster,
    BoostedForecaster,
    LastValue,
    LinearForecaster,
    ProphetForecaster,
    RatioForecaster,
    RegularSeries,
    SeasonalNaive,
    ThetaForecaster,
    adaptive_bands,
    choose,
    has_ratios,
    lacking_evidence,
    regular,
)

START = pd.Timestamp("2026-01-05", tz="UTC")
HOUR = pd.Timedelta(hours=1)


def hourly(values, zone="UTC", **more) -> RegularSeries:
    return RegularSeries(np.asarray(values, dtype=float), START + HOUR, HOUR, zone, **more)


def daily_cycle(days: int, *, noise: float = 1.0, seed: int = 0) -> RegularSeries:
    """A load with a daily cycle, idle at weekends, and noise that hangs on to itself."""
    rng = np.random.default_rng(seed)
    hours = np.arange(24 * days)
    shock = np.zeros(len(hours))
    for at in range(1, len(hours)):
        shock[at] = 0.7 * shock[at - 1] + rng.normal(0, noise)
    busy = np.where(hours // 24 % 7 < 5, 1.0, 0.3)
    return hourly(50 + 12 * busy * np.sin(2 * np.pi * hours / 24) + shock)


LIGHT = [
    LastValue(),
    SeasonalNaive(days=1),
    SeasonalNaive(days=7),
    BoostedForecaster(trees=20, rows=4000),
    LinearForecaster(),
    RatioForecaster(LinearForecaster()),
    BlendForecaster([LinearForecaster(), SeasonalNaive(days=7)]),
]
COSTLY = [ThetaForecaster(), ProphetForecaster()]


def check_contract(forecaster, series):
    horizon, same = 24, copy.deepcopy(forecaster)
    path = forecaster.fit(series, horizon).predict(horizon)
    assert list(path.times) == list(pd.date_range(series.start + len(series) * HOUR, periods=horizon, freq="h"))
    assert np.isfinite(path.median).all()
    assert (path.lower <= path.median).all()
    assert (path.median <= path.upper).all()
    again = same.fit(series, horizon).predict(horizon)
    np.testing.assert_array_equal(again.median, path.median)
    np.testing.assert_array_equal(again.upper, path.upper)
    with pytest.raises(InputError, match="1 to 24"):
        forecaster.predict(25)


def check_blind(forecaster, series):
    """What follows the origin may be anything: the forecast stays the same."""
    origin, horizon = 24 * 25, 24
    changed = series.values.copy()
    changed[origin:] = 1e6
    forecaster.learn(series.until(origin), horizon)
    mine = forecaster.paths(series, np.array([origin]), horizon)
    other = forecaster.paths(hourly(changed), np.array([origin]), horizon)
    np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("forecaster", LIGHT, ids=lambda one: f"{type(one).__name__}-{one.name}")
def test_every_forecaster_keeps_the_contract(forecaster):
    check_contract(forecaster, daily_cycle(35))
    check_blind(forecaster, daily_cycle(35))


@pytest.mark.parametrize("forecaster", COSTLY, ids=lambda one: one.name)
def test_forecasters_of_the_extra_keep_the_contract(forecaster, forecasting):
    origins = np.array([24 * 31])
    series = daily_cycle(35)
    path = forecaster.paths(series, origins, 24)[0]
    truth = series.values[24 * 31 : 24 * 32]
    assert np.abs(path - truth).mean() < np.abs(series.values[24 * 31 - 1] - truth).mean()
    check_blind(forecaster, series)


def test_an_unfitted_forecaster_and_an_impossible_horizon_are_refused():
    with pytest.raises(InputError, match="not fitted"):
        LastValue().predict(1)
    with pytest.raises(InputError, match="horizon is 0"):
        LastValue().fit(daily_cycle(35), 0)
    with pytest.raises(NotEnoughData, match="origins needed"):
        LastValue().fit(daily_cycle(3), 48)


def test_gaps_are_bridged():
    series = daily_cycle(35)
    values = series.values.copy()
    values[200:230] = np.nan
    values[-30:-1] = np.nan
    for forecaster in (
        SeasonalNaive(days=1),
        SeasonalNaive(days=7),
        BoostedForecaster(trees=10, rows=3000),
        LinearForecaster(),
    ):
        path = forecaster.fit(hourly(values), 48).predict(48)
        assert np.isfinite(path.median).all()
        assert np.isfinite(path.upper).all()


def test_the_seasonal_forecast_is_that_of_the_same_time():
    series = hourly(np.arange(24 * 15))
    path = SeasonalNaive(days=1).paths(series, np.array([24 * 15]), 30)[0]
    np.testing.assert_array_equal(path, [*range(24 * 14, 24 * 15), *range(24 * 14, 24 * 14 + 6)])
    assert SeasonalNaive(days=7).paths(series, np.array([24 * 15]), 1)[0, 0] == 24 * 8


def test_bands_hold_what_they_promise_and_see_only_errors_that_have_passed():
    rng = np.random.default_rng(3)
    errors = rng.normal(size=(800, 6)) * np.arange(1, 7)
    origins = np.arange(800) * 6
    scored = np.arange(300, 800)
    lower, upper = adaptive_bands(errors, origins, scored, window=300, rate=0.0)
    inside = (errors[scored] >= lower) & (errors[scored] <= upper)
    assert 0.935 < inside.mean() < 0.97
    assert (np.diff(upper.mean(axis=0)) > 0).all()
    future = errors.copy()
    future[300:] = 1e9
    np.testing.assert_array_equal(adaptive_bands(future, origins, scored[:1], window=300, rate=0.0)[1][0], upper[0])
    # Origins closer than the horizon: an error whose horizon has not passed is not known yet.
    overlapping = np.arange(800)
    changed = errors.copy()
    changed[295:] = 1e9
    one = adaptive_bands(errors, overlapping, scored[:1], window=300, rate=0.0)[1]
    np.testing.assert_array_equal(adaptive_bands(changed, overlapping, scored[:1], window=300, rate=0.0)[1], one)
    with pytest.raises(NotEnoughData):
        Band.of(np.full((3, 2), np.nan))


def test_a_horizon_that_is_never_known_gets_the_band_of_its_neighbours():
    errors = np.random.default_rng(0).normal(size=(200, 9))
    errors[:, 3:6] = np.nan
    band = Band.of(errors)
    assert np.isfinite(band.above).all()
    assert band.above[4] == pytest.approx((band.above[2] + band.above[6]) / 2)
    whole = Band.of(np.random.default_rng(0).normal(size=(200, 9)))
    assert band.above[0] == whole.above[0]


def test_bands_adapt_to_errors_that_have_become_smaller_or_larger():
    rng = np.random.default_rng(4)
    origins, scored = np.arange(400) * 24, np.arange(100, 400)
    for factor in (0.5, 1.7):
        errors = rng.normal(size=(400, 24)) * np.where(np.arange(400) < 100, 1.0, factor)[:, None]
        coverage = {}
        for rate in (0.0, 0.1):
            # The window keeps most of the old errors, as where a stretch before was another season.
            lower, upper = adaptive_bands(errors, origins, scored, window=1000, rate=rate)
            coverage[rate] = ((errors[scored] >= lower) & (errors[scored] <= upper)).mean()
        assert abs(coverage[0.0] - 0.95) > 0.02
        assert abs(coverage[0.1] - 0.95) < 0.01


def test_a_linear_model_learns_what_yesterday_and_the_weekday_say():
    series = daily_cycle(120)
    origins = np.arange(24 * 90, 24 * 119, 24)
    truth = series.values[origins[:, None] + np.arange(24)]
    linear = LinearForecaster().learn(series.until(24 * 90), 24).paths(series, origins, 24)
    naive = SeasonalNaive(days=7).paths(series, origins, 24)
    assert np.abs(linear - truth).mean() < 0.85 * np.abs(naive - truth).mean()
    with pytest.raises(NotEnoughData, match="of 14 days"):
        LinearForecaster().learn(series.until(24 * 12), 24)


def test_only_a_series_well_above_0_is_taken_for_ratios():
    assert has_ratios(daily_cycle(28))
    assert not has_ratios(hourly(np.append(daily_cycle(28).values, 0.0)))


def test_the_time_of_learning_is_that_of_all_that_a_forecast_is_made_by():
    took = {score.name: score.fit_s for score in choose(daily_cycle(35), 24, models=["boosting", "linear"]).scores}
    assert took["blend"] == pytest.approx(took["boosting"] + took["linear"])
    assert took["linear"] > 0


def test_a_forecaster_fitted_anew_at_each_origin_takes_its_time_there(forecasting):
    series = daily_cycle(35)
    theta = ThetaForecaster()
    theta.paths(series, np.array([len(series)]), 24)  # the first call compiles
    began = time.perf_counter()
    theta.paths(series, np.array([len(series)]), 24)
    once = time.perf_counter() - began
    assert theta.backtest(series, 24).fit_s > 0.1 * once


def test_a_model_wins_where_it_is_better_and_the_naive_forecast_where_it_is_not():
    won = choose(daily_cycle(35), 24, models=["boosting", "linear"], ratio_scale=True)
    mae = {score.name: score.mae for score in won.scores}
    assert won.forecaster.name in {"boosting", "linear", "blend"}
    assert mae["blend"] < max(mae["boosting"], mae["linear"])
    assert won.scores[0].mase < 1
    assert won.scores[0].mape == pytest.approx(100 * won.scores[0].mae / 50, rel=0.4)
    assert f"{won.forecaster.name} has the lowest error" in won.reason
    assert np.isfinite(won.forecaster.predict(24).median).all()
    rng = np.random.default_rng(0)
    walk = choose(hourly(np.cumsum(rng.normal(size=24 * 40))), 24, models=["linear"], ratio_scale=True)
    assert walk.forecaster.name == "last_value"
    assert "no model beats the naive forecast" in walk.reason
    assert all(score.mape is None for score in walk.scores), "a series with values below 0 has no MAPE"
    assert next(score for score in walk.scores if score.name == "linear").mase >= 1
    with pytest.raises(InputError, match="boosting, linear, theta, prophet"):
        choose(daily_cycle(40), 24, models=["arima"])


def test_evidence_names_what_is_missing():
    assert lacking_evidence(daily_cycle(30), 24) == ()
    assert lacking_evidence(daily_cycle(15), 168) == ("15.0 of 21.0 days of readings needed",)
    assert "never change" in lacking_evidence(hourly(np.full(24 * 30, 7.0)), 24)[0]
    sparse = daily_cycle(30).values
    sparse[np.arange(len(sparse)) % 4 > 0] = np.nan
    assert lacking_evidence(hourly(sparse), 24) == ("75 % of the last 14 days are gaps",)


def test_uneven_readings_become_hours_that_hold_nothing_later():
    minutes = [0, 20, 61, 119, 120, 300]
    times = pd.Series(START + pd.to_timedelta(minutes, unit="min"))
    series = regular(times, np.array([1.0, 2, 3, 5, 7, 9]), step=HOUR)
    assert series.start == START
    np.testing.assert_array_equal(series.values, [1, 2, 5, np.nan, np.nan, 9])
    with pytest.raises(InputError, match="Sort"):
        regular(times[::-1].reset_index(drop=True), np.ones(6))
    with pytest.raises(NotEnoughData):
        regular(times, np.full(6, np.nan))


def test_the_calendar_goes_by_local_time_also_over_the_change_of_clocks():
    start = pd.Timestamp("2026-03-28T00:00", tz="Europe/Berlin").tz_convert("UTC")
    series = RegularSeries(np.arange(72.0), start + HOUR, HOUR, "Europe/Berlin", frozenset({date(2026, 3, 30)}))
    calendar = series.calendar(72)
    assert list(calendar.hour[24:28]) == [0, 1, 3, 4]
    assert list(series.midnights()) == [0, 24, 47, 71]
    assert not calendar.off[46]
    assert calendar.off[47:71].all()
