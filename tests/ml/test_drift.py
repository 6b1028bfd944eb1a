"""The drift watch: a sensor that moved is named with its machines; chance, seasons and many features raise no alarm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.domain.models import DriftLevel
from workbench.ml.drift import effective_rows, measure, references, stability_index

SENSORS = {f"sensor_{k}_mean24": f"sensor_{k}" for k in range(30)}


def record(seed, machines=6, rows=400, memory=0.8):
    """Autocorrelated readings of 30 sensors on several machines."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(machines, rows, len(SENSORS)))
    for row in range(1, rows):
        values[:, row] = memory * values[:, row - 1] + np.sqrt(1 - memory**2) * values[:, row]
    groups = np.repeat([f"pump_{k}" for k in range(machines)], rows).astype(object)
    time = np.tile(np.arange(rows), machines).astype(np.int64)
    return pd.DataFrame(values.reshape(-1, len(SENSORS)), columns=list(SENSORS)), groups, time


@pytest.fixture(scope="module")
def kept():
    X, groups, time = record(0)
    return references(X, SENSORS, groups, time)


def test_readings_as_in_training_raise_no_alarm_however_many_sensors(kept):
    for seed in (1, 2, 3):
        X, groups, _ = record(seed)
        assert {one.level for one in measure(kept, X, groups)} == {DriftLevel.NONE}


def test_a_sensor_that_moved_is_first_with_its_machines_and_what_it_did(kept):
    X, groups, _ = record(4)
    X.loc[np.isin(groups, ["pump_1", "pump_3"]), "sensor_7_mean24"] += 4.0
    first, *others = measure(kept, X, groups)
    assert (first.sensor, set(first.machines)) == ("sensor_7", {"pump_1", "pump_3"})
    assert first.level is not DriftLevel.NONE
    assert first.p_value < 0.01
    assert "in the top 10 % of training" in first.note
    assert {one.level for one in others} == {DriftLevel.NONE}


def test_a_stuck_sensor_has_moved_too(kept):
    X, groups, _ = record(5)
    X["sensor_2_mean24"] = 0.01
    assert measure(kept, X, groups)[0].sensor == "sensor_2"
    assert "closer together" in measure(kept, X, groups)[0].note


def test_what_wandered_in_training_may_wander_again():
    X, groups, time = record(6)
    X["sensor_1_mean24"] += 3.0 * (time > 200)
    later = X[time > 330]
    named = {one.sensor: one for one in measure(references(X, SENSORS, groups, time), later, groups[time > 330])}
    assert named["sensor_1"].psi > 0.25
    assert named["sensor_1"].level is DriftLevel.NONE


def test_a_sensor_that_was_fitted_later_is_watched_like_any_other():
    X, groups, time = record(10)
    X.loc[time < 200, "sensor_1_mean24"] = np.nan
    kept = references(X, SENSORS, groups, time)
    later, names, _ = record(11)
    later["sensor_1_mean24"] += 4.0
    assert next(one for one in kept if one.sensor == "sensor_1").usual_psi < 0.5
    assert measure(kept, later, names)[0].sensor == "sensor_1"
    assert measure(kept, later, names)[0].level is DriftLevel.MARKED


def test_rows_that_resemble_each_other_count_less():
    X, groups, _ = record(7, memory=0.95)
    assert effective_rows(X.iloc[:, 0].to_numpy(), groups) < 0.15 * len(X)
    free, groups, _ = record(8, memory=0.0)
    assert effective_rows(free.iloc[:, 0].to_numpy(), groups) > 0.7 * len(free)


def test_gaps_and_constant_sensors_are_left_out(kept):
    X, groups, time = record(9)
    X["sensor_0_mean24"] = np.nan
    X["sensor_1_mean24"] = 3.0
    named = {one.feature for one in references(X, SENSORS, groups, time)}
    assert named == set(SENSORS) - {"sensor_0_mean24", "sensor_1_mean24"}
    assert "sensor_0" not in {one.sensor for one in measure(kept, X, groups)}


def test_the_index_of_equal_shares_is_nothing():
    shares = np.full(10, 0.1)
    assert stability_index(shares, shares) == 0.0
    assert stability_index(shares, np.eye(10)[0]) > 1.0
