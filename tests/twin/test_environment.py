"""Weather follows the site, shifts follow the site's clock, load follows the duty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.twin.environment import DOWN, IDLE, PLANNED_STOP, RUNNING, Place, duty_cycle, outdoor_temperature

YEAR = pd.date_range("2025-01-01T01:00Z", "2026-01-01T00:00Z", freq="h")
BERLIN = Place("berlin", 52.5, 13.4, "Europe/Berlin")
SYDNEY = Place("sydney", -33.9, 151.2, "Australia/Sydney")


def _monthly(place: Place) -> pd.Series:
    outdoor, _ = outdoor_temperature(YEAR, place, seed=0)
    return pd.Series(outdoor, index=YEAR).groupby(YEAR.month).mean()


def test_seasons_are_opposite_on_the_two_hemispheres() -> None:
    north, south = _monthly(BERLIN), _monthly(SYDNEY)
    assert north[7] - north[1] > 12
    assert south[1] - south[7] > 6


def test_afternoons_are_warmer_than_nights_in_local_solar_time() -> None:
    for place in (BERLIN, SYDNEY):
        outdoor, _ = outdoor_temperature(YEAR, place, seed=0)
        hour = (YEAR.hour + round(place.longitude / 15)) % 24
        assert outdoor[hour == 15].mean() - outdoor[hour == 4].mean() > 5


def test_machines_of_one_site_share_the_weather_and_sites_do_not() -> None:
    again, waves = outdoor_temperature(YEAR, BERLIN, seed=0)
    first, _ = outdoor_temperature(YEAR, BERLIN, seed=0)
    other, _ = outdoor_temperature(YEAR, Place("munich", 52.5, 13.4), seed=0)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert waves
    assert all(0 <= begin <= end < len(YEAR) for begin, end in waves)
    assert all(YEAR[begin].month in range(4, 11) for begin, _ in waves)


def _duty(duty: str, place: Place = BERLIN, load_mean: float = 0.7):
    return duty_cycle(YEAR, place, duty=duty, load_mean=load_mean, machine_id="m_1", seed=0)


def test_two_shift_machines_run_from_6_to_22_of_site_time_on_weekdays_in_summer_and_winter() -> None:
    states = pd.Series(_duty("two_shift").states, index=(YEAR - pd.Timedelta(minutes=30)).tz_convert("Europe/Berlin"))
    for month in (1, 7):
        weekday = states[(states.index.month == month) & (states.index.weekday == 2) & (states.index.day > 1)]
        running = weekday[weekday == RUNNING]
        assert (running.index.hour >= 6).all()
        assert (running.index.hour < 22).all()
        assert set(running.index.hour) == set(range(6, 22))
    sunday = states[states.index.weekday == 6]
    assert (sunday == PLANNED_STOP).all()
    assert (states[(states.index.month == 12) & (states.index.day == 25)] == PLANNED_STOP).all()


def test_a_solar_machine_rests_at_night_and_a_continuous_one_hardly_ever() -> None:
    hour = (YEAR - pd.Timedelta(minutes=30)).hour
    solar = _duty("solar", Place("almeria", 36.8, -2.5, "Europe/Madrid")).states
    assert (solar[(hour < 3) | (hour > 21)] != RUNNING).all()
    assert (solar[hour == 12] == RUNNING).mean() > 0.85
    assert (_duty("continuous").states == RUNNING).mean() > 0.94


@pytest.mark.parametrize("duty", ["continuous", "two_shift", "day_shift", "batch", "solar"])
def test_load_swings_around_its_mean_and_stays_possible(duty: str) -> None:
    found = _duty(duty)
    running = found.states == RUNNING
    assert 0.4 < found.load[running].mean() < 0.85
    assert found.load[running].std() > 0.08
    assert found.load.min() >= 0.1
    assert found.load.max() <= 1.3
    assert set(np.unique(found.states)) <= {RUNNING, IDLE, PLANNED_STOP, DOWN}
    assert (found.states == DOWN).any()
