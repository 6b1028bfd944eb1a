"""What a machine does not choose: the weather at its site, its shifts, and how hard it is worked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.domain.observations import MachineState

from .streams import Codes, Floats, autoregressive, stream

STATES = (MachineState.RUNNING, MachineState.IDLE, MachineState.PLANNED_STOP, MachineState.DOWN)
RUNNING, IDLE, PLANNED_STOP, DOWN = range(4)

# (month, day) on which plants that work in shifts stand still.
HOLIDAYS = ((1, 1), (12, 25), (12, 26))

# A heat wave starts about four times in the warm half of a year.
WAVES_PER_WARM_HOUR = 4.0 / 4383.0


@dataclass(frozen=True)
class Place:
    """Where a machine stands; without a site, a temperate plant on UTC."""

    site_id: str = ""
    latitude: float = 50.0
    longitude: float = 0.0
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Duty:
    """One machine's hours: ``states`` (index into ``STATES``), ``load`` (1 = rated), hours with a load surge."""

    states: Codes
    load: Floats
    surges: tuple[tuple[int, int], ...]


def outdoor_temperature(times: pd.DatetimeIndex, place: Place, *, seed: int) -> tuple[Floats, list[tuple[int, int]]]:
    """Return hourly outdoor temperature in degC and the heat waves in it, as (first step, last step).

    Annual and daily cycles follow latitude and longitude, weather is AR(1) with a time constant of three
    days; machines of one site share it. The cycle amplitudes are typical, not a climate record.
    """
    rng = stream(seed, "site", place.site_id, "weather")
    steps = len(times)
    distance = abs(place.latitude)
    day = times.dayofyear.to_numpy(dtype=float)
    solar_hour = times.hour.to_numpy(dtype=float) + place.longitude / 15.0
    warmest_day = 200.0 if place.latitude >= 0 else 17.0
    season = np.cos(2 * np.pi * (day - warmest_day) / 365.25)
    annual = 0.20 * distance * season
    daily = 4.0 * np.cos(2 * np.pi * (solar_hour - 15.0) / 24.0)
    weather = autoregressive(rng, steps, sd=2.8, time_constant=72.0)
    outdoor = 28.0 - 0.33 * distance + annual + daily + weather
    waves: list[tuple[int, int]] = []
    warm = np.flatnonzero(season > 0.0)
    for _ in range(int(rng.poisson(WAVES_PER_WARM_HOUR * warm.size))):
        length = int(rng.integers(72, 168))
        start = int(rng.choice(warm))
        rise = rng.uniform(5.0, 8.0) * np.sin(np.linspace(0.0, np.pi, min(length, steps - start)))
        outdoor[start : start + rise.size] += rise
        waves.append((start, start + rise.size - 1))
    return outdoor, waves


def _calendar(times: pd.DatetimeIndex, place: Place) -> tuple[Floats, Floats, Floats]:
    """Return local hour, weekday (0 Monday) and whether it is a holiday, each for the middle of the step."""
    local = (times - pd.Timedelta(minutes=30)).tz_convert(place.time_zone)
    hour = local.hour.to_numpy(dtype=float)
    weekday = local.weekday.to_numpy(dtype=float)
    off = np.zeros(len(times))
    for month, day in HOLIDAYS:
        off[(local.month == month) & (local.day == day)] = 1.0
    return hour, weekday, off


def _shift_states(
    hour: Floats, weekday: Floats, off: Floats, *, first: float, last: float, overtime: np.random.Generator
) -> Codes:
    working_day = weekday < 5
    week = np.cumsum(np.diff(weekday, prepend=weekday[0]) < 0)
    extra = overtime.random(int(week.max()) + 1) < 0.15
    working_day = (working_day | ((weekday == 5) & extra[week])) & (off == 0)
    states = np.full(hour.size, PLANNED_STOP, dtype=np.int8)
    states[working_day] = IDLE
    states[working_day & (hour >= first) & (hour < last)] = RUNNING
    return states


def _batch_states(steps: int, rng: np.random.Generator) -> Codes:
    states = np.full(steps, RUNNING, dtype=np.int8)
    at = int(rng.integers(0, 12))
    while at < steps:
        pause = int(rng.integers(2, 5))
        states[at : at + pause] = IDLE
        at += pause + int(rng.integers(8, 17))
    return states


def _sun(times: pd.DatetimeIndex, place: Place, rng: np.random.Generator) -> Floats:
    """Return the share of full irradiance: sine of the solar elevation, dimmed by clouds."""
    middle = times - pd.Timedelta(minutes=30)
    day = middle.dayofyear.to_numpy(dtype=float)
    hour_angle = np.deg2rad(15.0 * (middle.hour.to_numpy() + 0.5 + place.longitude / 15.0 - 12.0))
    declination = np.deg2rad(23.44) * np.sin(2 * np.pi * (day - 81.0) / 365.0)
    latitude = np.deg2rad(place.latitude)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour_angle)
    clouds = np.clip(0.8 + autoregressive(rng, len(times), sd=0.18, time_constant=12.0), 0.3, 1.0)
    light: Floats = np.clip(height, 0.0, None) * clouds
    return light


def _add_stops(states: Codes, rng: np.random.Generator, *, planned_every_h: float | None) -> None:
    """Put planned maintenance stops and short disturbances of one or two hours into ``states``."""
    steps = states.size
    if planned_every_h is not None:
        at = rng.uniform(0.2, 1.0) * planned_every_h
        while at < steps:
            states[int(at) : int(at) + int(rng.integers(8, 21))] = PLANNED_STOP
            at += planned_every_h * rng.uniform(0.8, 1.2)
    for start in np.flatnonzero(rng.random(steps) < 0.0008):
        if states[start] == RUNNING:
            states[start : start + int(rng.integers(1, 3))] = DOWN


def duty_cycle(
    times: pd.DatetimeIndex, place: Place, *, duty: str, load_mean: float, machine_id: str, seed: int
) -> Duty:
    """Return what a machine of ``duty`` does in each hour and its load.

    ``duty`` is one of continuous, two_shift, day_shift, batch, solar; shifts are in site time. Load is
    ``load_mean`` times products of a day or so, slow swings, and surges that last hours to days.
    """
    rng = stream(seed, machine_id, "duty")
    steps = len(times)
    hour, weekday, off = _calendar(times, place)
    if duty == "two_shift":
        states = _shift_states(hour, weekday, off, first=6.0, last=22.0, overtime=rng)
    elif duty == "day_shift":
        states = _shift_states(hour, weekday, off, first=7.0, last=17.0, overtime=rng)
    elif duty == "batch":
        states = _batch_states(steps, rng)
    else:
        states = np.full(steps, RUNNING, dtype=np.int8)
    product = rng.normal(0.0, 0.12, steps)[np.cumsum(rng.random(steps) < 1 / 20.0)]
    swing = autoregressive(rng, steps, sd=0.09, time_constant=36.0)
    rhythm = 0.05 * np.cos(2 * np.pi * (hour - 14.0) / 24.0)
    load = load_mean * (1.0 + product + swing + rhythm) * np.where(weekday >= 5, 0.92, 1.0)
    surges: list[tuple[int, int]] = []
    for _ in range(int(rng.poisson(4.0 * steps / 4320))):
        start, length = int(rng.integers(0, steps)), int(rng.integers(8, 72))
        load[start : start + length] *= rng.uniform(1.15, 1.3)
        surges.append((start, min(start + length, steps) - 1))
    if duty == "solar":
        light = _sun(times, place, rng)
        load = load_mean * light / 0.6
        states[load < 0.12] = IDLE
        surges = []
    _add_stops(states, rng, planned_every_h=900.0 if duty in ("continuous", "batch") else None)
    return Duty(states=states, load=np.clip(load, 0.12, 1.3), surges=tuple(surges))
