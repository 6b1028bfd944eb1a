"""Calibration: known parameters are found within their stated intervals, and what readings cannot tell is named."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.twin.calibration import (
    best_parameters,
    calibratable,
    calibrate,
    drawn_parameters,
    silent_parameters,
)

from . import motor
from .motor import AS_OF, MODEL, PROFILE, live


@pytest.fixture(name="lived", scope="module")
def _lived():
    return motor.young()


@pytest.fixture(name="calibration", scope="module")
def _calibration():
    return motor.calibrated()


SILENT = ("bearing.strength", "fouling.life_h", "insulation.service_life_h", "motor.fault_heat")


def fitted(lived, **asked):
    return calibrate(MODEL, PROFILE, lived.observed, lived.sound, as_of=AS_OF, **asked)


def test_what_the_sensors_tell_moves_to_the_truth(lived, calibration):
    told = [one for one in calibration.parameters if one.identified]
    assert {"motor.unbalance_pct", "bearing.acceleration_new_g", "motor.no_load_share"} <= {one.name for one in told}
    for one in told:
        assert abs(np.log(one.estimate / lived.truth[one.name])) < 4 * one.spread
        assert one.spread < 0.71 * one.prior_spread
    assert calibration.hours > 500
    assert calibration.evidence.enough


def test_a_parameter_without_effect_is_named_and_keeps_what_was_known(calibration):
    for name in SILENT:
        one = calibration.parameter(name)
        assert not one.identified
        assert "no sensor answers" in one.reason
        assert one.estimate == one.prior
        assert one.spread == pytest.approx(one.prior_spread)
    assert set(SILENT) <= set(calibration.unidentified)
    assert set(SILENT) <= silent_parameters(MODEL) < set(calibratable(MODEL))


def test_parameters_that_only_a_combination_tells_are_said_to_be_so(calibration):
    tied = calibration.parameter("vibration.load_mm_s")
    assert not tied.identified
    assert "vibration.baseline_mm_s" in tied.reason
    assert any("vibration.load_mm_s" in direction for direction in calibration.weak_directions)


def test_outliers_and_gaps_do_not_move_it_much(lived, calibration):
    spoilt = lived.observed.part(0)
    rng = np.random.default_rng(0)
    for name, values in spoilt.readings.items():
        spoilt.readings[name] = np.where(rng.random(values.size) < 0.05, values * 3, values)
        spoilt.readings[name][rng.random(values.size) < 0.2] = np.nan
    again = calibrate(MODEL, PROFILE, spoilt, lived.sound, as_of=AS_OF)
    for one in calibration.parameters:
        if one.identified:
            assert abs(np.log(again.parameter(one.name).estimate / one.estimate)) < 3 * one.spread


def test_residuals_are_noise(calibration):
    for fit in calibration.sensors:
        assert abs(fit.bias) < 0.4 * fit.noise_sd
        assert fit.residual_sd < 1.8 * fit.noise_sd
        assert 1.0 <= fit.correlation_h < 12


def test_a_machine_far_from_its_class_is_found():
    far = dict(motor.young().truth)
    far["motor.unbalance_pct"] = MODEL.defaults["motor.unbalance_pct"] * np.exp(0.5)
    one = fitted(live(7, 35, truth=far)).parameter("motor.unbalance_pct")
    assert one.spread < 0.02
    assert one.lower < far["motor.unbalance_pct"] < one.upper


def test_drawn_machines_follow_the_posterior_and_the_class(calibration):
    drawn = drawn_parameters(MODEL, calibration, 4000, np.random.default_rng(0))
    for name in ("motor.frame_rise_K", "motor.unbalance_pct", "bearing.strength"):
        one = calibration.parameter(name)
        logs = np.log(drawn[name])
        assert logs.mean() == pytest.approx(np.log(one.estimate), abs=4 * one.spread / np.sqrt(4000))
        assert logs.std() == pytest.approx(one.spread, rel=0.06)
    known = best_parameters(MODEL, calibration)
    assert known["motor.unbalance_pct"] == calibration.parameter("motor.unbalance_pct").estimate
    other = calibration.model_copy(update={"twin_hash": "another"})
    with pytest.raises(InputError, match="another composition"):
        drawn_parameters(MODEL, other, 10, np.random.default_rng(0))


def test_too_little_is_said_to_be_too_little(lived):
    short = lived.observed.part(0, 30)
    told = calibrate(MODEL, PROFILE, short, lived.sound[:30], as_of=AS_OF)
    assert not told.evidence.enough
    assert "are needed" in told.evidence.in_words()
    assert told.parameters == ()


def test_wrong_parameters_are_all_named(lived):
    with pytest.raises(InputError, match=r"(?s)no parameter 'motor.colour'.*bearing.seat_rise_K is 0.*named twice"):
        fitted(lived, parameters=["motor.colour", "bearing.seat_rise_K", "motor.iron_share", "motor.iron_share"])


@pytest.mark.slow
def test_intervals_hold_as_often_as_they_say():
    """Over 25 motors, parameters that count as identified lie in their 90 % interval about 90 % of the time."""
    inside = []
    for seed in range(100, 125):
        lived = live(seed, 60)
        for one in fitted(lived).parameters:
            if one.identified:
                inside.append(one.lower <= lived.truth[one.name] <= one.upper)
    assert len(inside) > 150
    assert 0.83 <= np.mean(inside) <= 0.97
