"""Vibration velocity by fault, severity, speed and load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.twin.physics.vibration import WITH_LOAD, WITH_SPEED, Vibration

VIBRATION = Vibration()
FAULTS = (*WITH_SPEED, *WITH_LOAD)
PARAMETERS = {p.name: p.default for p in VIBRATION.parameters}


def velocity(**known):
    u = {i.name: i.start for i in VIBRATION.inputs} | known
    return VIBRATION.advance({}, u, PARAMETERS, 1.0)


def test_every_fault_is_an_input_and_has_a_gain():
    assert set(FAULTS) <= {i.name for i in VIBRATION.inputs}
    assert {f"{fault}_gain" for fault in FAULTS} <= set(PARAMETERS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_machine_without_faults_runs_at_its_baseline_and_a_failed_one_near_its_limit(fault):
    assert velocity()["rms_mm_s"] == pytest.approx(1.0 + 0.6 * 0.7)
    assert velocity(**{fault: 1.0})["share_of_limit"] > 0.6
    assert velocity(running=0.0, **{fault: 1.0})["rms_mm_s"] == 0.05


def test_squares_of_different_faults_add():
    healthy, one, other = (velocity(**s)["rms_mm_s"] ** 2 for s in ({}, {"unbalance": 0.8}, {"gear": 0.5}))
    both = velocity(unbalance=0.8, gear=0.5)["rms_mm_s"] ** 2
    assert both - healthy == pytest.approx((one - healthy) + (other - healthy))


def test_unbalance_grows_with_speed_and_a_broken_bar_with_torque():
    def made_by(**known):
        clean = {name: value for name, value in known.items() if name in ("load", "speed_rpm")}
        return np.sqrt(velocity(**known)["rms_mm_s"] ** 2 - velocity(**clean)["rms_mm_s"] ** 2)

    assert made_by(unbalance=1.0, speed_rpm=3000.0) == pytest.approx(2 * made_by(unbalance=1.0, speed_rpm=1500.0))
    assert made_by(unbalance=1.0, load=1.0) == pytest.approx(made_by(unbalance=1.0, load=0.2))
    assert made_by(broken_bar=1.0, load=1.0) > 1.5 * made_by(broken_bar=1.0, load=0.2)


@given(st.sampled_from(FAULTS), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1.5), st.floats(0, 6000))
def test_velocity_never_falls_as_a_fault_grows(fault, one, other, load, speed_rpm):
    small, large = sorted((one, other))
    known = {"load": load, "speed_rpm": speed_rpm}
    assert velocity(**{fault: large}, **known)["rms_mm_s"] >= velocity(**{fault: small}, **known)["rms_mm_s"]
