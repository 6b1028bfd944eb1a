"""Sensors answer to load, surroundings and damage; readings are noisy, gappy and stay physical."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from workbench.domain.equipment import MachineProfile, SensorResponse
from workbench.twin.sensors import first_order_lag, measure, read_sensors, surroundings, true_signal
from workbench.twin.streams import autoregressive, stream

Build = Callable[..., MachineProfile]
STEPS = 3000


def _read(profile: MachineProfile, *, load: float, damage: float = 0.0, seed: int = 0) -> dict[str, np.ndarray]:
    flat = np.full(STEPS, 1.0)
    return read_sensors(
        profile,
        load=load * flat,
        ambient=20.0 * flat,
        running=np.full(STEPS, True),
        shown={"bearing_wear": damage * flat},
        disturbances=[],
        seed=seed,
    )


def test_readings_move_by_gain_times_load_and_by_effect_times_damage(small_pump: Build) -> None:
    profile = small_pump()
    idle, busy = _read(profile, load=0.4), _read(profile, load=0.9)
    broken = _read(profile, load=0.4, damage=1.0)
    assert np.nanmean(busy["load_pct"] - idle["load_pct"]) == pytest.approx(50.0, abs=0.5)
    assert np.nanmean(busy["bearing_temp_C"] - idle["bearing_temp_C"]) == pytest.approx(10.0, rel=0.15)
    assert np.nanmean(broken["bearing_temp_C"] - idle["bearing_temp_C"]) == pytest.approx(20.0, rel=0.05)
    assert np.nanmean(broken["load_pct"] - idle["load_pct"]) == pytest.approx(0.0, abs=1e-9)


def test_machines_of_one_type_differ_by_their_own_offset(small_pump: Build) -> None:
    levels = [np.nanmean(_read(small_pump(f"pump_{n:03d}"), load=0.7)["bearing_temp_C"]) for n in range(12)]
    assert 0.3 < np.std(levels) < 5.0


def test_another_sensor_does_not_change_the_readings_of_the_first(small_pump: Build) -> None:
    fewer = {"load_pct": {"base": 0, "load_gain": 100, "noise_sd": 1.0, "off_value": 0}}
    alone = _read(small_pump(sensors=fewer), load=0.7)
    among = _read(small_pump(), load=0.7)
    assert np.array_equal(alone["load_pct"], among["load_pct"], equal_nan=True)


def test_a_hall_dampens_the_outdoor_air(small_pump: Build) -> None:
    outdoor = 20.0 + 10.0 * np.sin(np.arange(2000) / 50.0)
    hall = {"ambient_temp_C": {"base": 21, "ambient_gain": 0.4, "noise_sd": 0.2}}
    assert np.ptp(surroundings(small_pump(), outdoor)) == pytest.approx(20.0, rel=0.01)
    assert np.ptp(surroundings(small_pump(sensors=hall), outdoor)) == pytest.approx(8.0, rel=0.01)


def test_a_standing_machine_cools_to_its_surroundings_with_its_time_constant(small_pump: Build) -> None:
    profile = small_pump()
    running = np.arange(100) < 50
    response = SensorResponse(base=60.0, noise_sd=0.0, lag_h=3.0)
    signal = true_signal(
        profile.sensor("bearing_temp_C"),
        response,
        load=np.full(100, 0.7),
        ambient=np.full(100, 20.0),
        running=running,
        fault=np.zeros(100),
    )
    assert signal[49] == pytest.approx(60.0)
    assert signal[52] == pytest.approx(20.0 + 40.0 * np.exp(-1.0), rel=1e-6)
    assert signal[99] == pytest.approx(20.0, abs=0.01)


def test_a_lag_keeps_the_mean_and_smooths_the_swings() -> None:
    swings = autoregressive(stream(0, "x"), 20_000, sd=1.0, time_constant=5.0)
    lagged = first_order_lag(swings, 10.0)
    assert lagged.mean() == pytest.approx(swings.mean(), abs=0.02)
    assert lagged.std() < 0.75 * swings.std()


def test_readings_have_noise_of_the_stated_size_spikes_gaps_and_stay_physical(small_pump: Build) -> None:
    sensor = small_pump().sensor("bearing_temp_C").model_copy(update={"physical_high": 52.0})
    readings = measure(
        np.full(60_000, 50.0),
        sensor,
        noise_sd=0.5,
        running=np.full(60_000, True),
        disturbed=np.zeros(60_000),
        rng=stream(0, "y"),
    )
    gaps = np.isnan(readings)
    assert 0.001 < gaps.mean() < 0.01
    assert np.nanmax(readings) == 52.0
    assert np.nanmin(readings) < 47.0
    assert np.nanstd(readings[np.abs(readings - 50.0) < 2.0]) == pytest.approx(0.5, rel=0.05)
