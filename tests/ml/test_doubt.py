"""A mode that explains less than half of what stands out is not named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.catalog import load_catalogue
from workbench.domain.predictions import UNKNOWN_MODE, Diagnosis, ModeProbability
from workbench.ml.diagnosis import doubted
from workbench.ml.features_canonical import symptom_matrix

MOTOR = next(profile for profile in load_catalogue().machines if profile.machine_id == "motor_siemens_1la7_001")
SYMPTOMS = symptom_matrix(
    MOTOR, ("vibration_rms_mm_s", "acceleration_rms_g", "bearing_temp_C", "current_A", "power_kW")
)


def said(**modes: float) -> Diagnosis:
    pairs = [*modes.items(), (UNKNOWN_MODE, 1.0 - sum(modes.values()))]
    return Diagnosis(
        modes=tuple(ModeProbability(mode=mode, probability=share) for mode, share in pairs), method="classifier"
    )


def test_a_fault_that_moves_other_sensors_is_unknown():
    broken_bar = np.array([5.0, 0.0, 0.0, 12.0, 13.0])
    answer = doubted(said(unbalance=0.8, bearing_wear=0.1), MOTOR, SYMPTOMS, broken_bar)
    assert answer.likeliest == UNKNOWN_MODE
    assert [one.mode for one in answer.modes] == [UNKNOWN_MODE]


def test_a_fault_that_moves_its_symptoms_keeps_its_name_and_probability():
    spall = np.array([5.0, 9.0, 4.0, 0.5, np.nan])
    answer = doubted(said(unbalance=0.3, bearing_wear=0.6), MOTOR, SYMPTOMS, spall)
    assert {one.mode: one.probability for one in answer.modes} == pytest.approx(
        {"bearing_wear": 0.6, UNKNOWN_MODE: 0.4}
    )


def test_a_symptom_in_the_other_direction_explains_nothing():
    assert doubted(said(bearing_wear=0.9), MOTOR, SYMPTOMS, np.array([0.0, -9.0, 0, 0, 0])).likeliest == UNKNOWN_MODE


def test_nothing_is_doubted_where_nothing_stands_out():
    early = said(bearing_wear=0.9)
    assert doubted(early, MOTOR, SYMPTOMS, np.array([1.9, -1.0, np.nan, 0.0, 1.0])) == early


@given(
    st.lists(st.floats(-30, 30), min_size=5, max_size=5),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_probabilities_stay_probabilities_and_no_mode_gains(z, one, two):
    before = said(unbalance=one, bearing_wear=two)
    after = doubted(before, MOTOR, SYMPTOMS, np.array(z))
    assert sum(pair.probability for pair in after.modes) == pytest.approx(1.0)
    shares = {pair.mode: pair.probability for pair in before.modes}
    assert all(pair.probability <= shares[pair.mode] + 1e-9 for pair in after.modes if pair.mode != UNKNOWN_MODE)
