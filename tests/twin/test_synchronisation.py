"""Synchronisation: the damage that readings speak for is found, sound machines stay sound, residuals are free of load."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.twin.synchronisation import sound_residuals, synchronise

from . import motor
from .motor import MODEL, live


@pytest.fixture(name="young", scope="module")
def _young():
    return motor.young()


@pytest.fixture(name="calibration", scope="module")
def _calibration():
    return motor.calibrated()


SAMPLES = 300


def later(young, *damage, days=8, seed=1):
    return live(seed, days, truth=young.truth, state=young.state, damage=damage, start="2025-11-10")


def test_a_sound_machine_is_sound(young, calibration):
    now = synchronise(MODEL, later(young).observed, samples=SAMPLES, seed=0, calibration=calibration)
    for values in now.damage.values():
        assert np.quantile(values, 0.9) < 0.05
    assert 0.5 < now.misfit < 1.6
    assert now.steps > 100
    assert now.state.shape == (SAMPLES, len(MODEL.states))


@pytest.mark.parametrize("mode", ["bearing_wear", "unbalance"])
def test_the_damage_that_there_is_is_found_and_no_other(young, calibration, mode):
    worn = later(young, (mode, 0.25), days=5)
    now = synchronise(MODEL, worn.observed, samples=SAMPLES, seed=0, calibration=calibration)
    truth = worn.damage[mode][-1]
    assert truth > 0.25
    assert abs(np.median(now.damage[mode]) - truth) < 0.12
    for other, values in now.damage.items():
        if other != mode:
            assert np.median(values) < 0.05


def test_gaps_and_outliers_do_not_mislead_it(young, calibration):
    worn = later(young, ("bearing_wear", 0.25), days=5)
    rng = np.random.default_rng(0)
    for name, values in worn.observed.readings.items():
        values[rng.random(values.size) < 0.3] = np.nan
        values[rng.random(values.size) < 0.05] *= 5.0
        worn.observed.readings[name] = values
    now = synchronise(MODEL, worn.observed, samples=SAMPLES, seed=0, calibration=calibration)
    assert abs(np.median(now.damage["bearing_wear"]) - worn.damage["bearing_wear"][-1]) < 0.15


def test_the_same_seed_gives_the_same_machines_whatever_was_asked_before(young, calibration):
    observed = later(young, days=3).observed
    once, again = (synchronise(MODEL, observed, samples=60, seed=3, calibration=calibration) for _ in range(2))
    np.testing.assert_array_equal(once.state, again.state)
    other = synchronise(MODEL, observed, samples=60, seed=4, calibration=calibration)
    assert not np.array_equal(once.state, other.state)


def test_without_a_reading_hours_alone_speak(young):
    observed = later(young, days=3).observed
    blind = {name: np.full_like(values, np.nan) for name, values in observed.readings.items()}
    now = synchronise(
        MODEL, type(observed)(observed.time, 1.0, observed.outside, blind, observed.noise_sd), samples=200, seed=0
    )
    assert now.steps == 0
    assert np.isnan(now.misfit)
    fatigue = now.state[:, MODEL.state_names.index("bearing.fatigue")]
    assert np.std(fatigue) > 0.2


def test_parts_renewed_in_the_record_are_young(young, calibration):
    observed = later(young, days=2).observed
    now = synchronise(
        MODEL, observed, samples=200, seed=0, calibration=calibration, lived=young.state, renewed=["bearing_wear"]
    )  # fmt: skip
    fatigue = now.state[:, MODEL.state_names.index("bearing.fatigue")]
    used = now.state[:, MODEL.state_names.index("fouling.used")]
    assert np.median(fatigue) < 0.3 < np.quantile(used, 0.8)


def test_residuals_hold_no_load_and_no_weather(young, calibration):
    residuals = sound_residuals(MODEL, young.observed, calibration)
    assert list(residuals.columns) == ["time", *young.observed.readings]
    ran = young.observed.running >= 1.0
    assert residuals.loc[~ran].drop(columns="time").isna().all().all()
    load = pd.Series(young.observed.outside["load"])
    raw = young.frame["power_kW"].where(ran)
    assert abs(raw.corr(load)) > 0.9
    assert abs(residuals["power_kW"].corr(load)) < 0.25
    assert residuals["winding_temp_C"].std() < 0.7 * young.frame["winding_temp_C"].where(ran).std()
