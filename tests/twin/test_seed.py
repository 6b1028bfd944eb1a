"""Seed sequences: as many rows as asked for, whole lives that end in the failure, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog import load_catalogue
from workbench.errors import InputError, Stopped
from workbench.twin.seed import LOAD_STATES, seed_columns, seed_modes, seed_notes, seed_sequences

PUMP = "pump_grundfos_cr3_004"


@pytest.fixture(scope="module")
def profiles():
    return {profile.machine_id: profile for profile in load_catalogue().machines}


@pytest.fixture(scope="module")
def lives(profiles):
    return seed_sequences(profiles[PUMP], rows=1_000, seed=3)


def test_as_many_rows_as_asked_for_with_every_column_filled(profiles, lives):
    columns = seed_columns(profiles[PUMP])
    assert len(lives) == 1_000
    assert set(lives.columns) == set(columns.used)
    assert not lives.isna().any().any()
    assert set(lives["operating_state"]) <= set(LOAD_STATES)
    assert set(lives["failure_mode"]) <= {mode.name for mode in profiles[PUMP].failure_modes}


def test_every_life_runs_in_even_steps_to_its_failure(lives):
    (step,) = {float(step) for _, one in lives.groupby("unit") for step in one["operating_h"].diff().dropna().unique()}
    for _, one in lives.groupby("unit", sort=False):
        assert one["operating_h"].iloc[0] == step
        assert one["remaining_life_h"].iloc[-1] == 0
        assert np.allclose(one["operating_h"] + one["remaining_life_h"], one["operating_h"].iloc[-1])
        assert one["failure_mode"].nunique() == 1


def test_the_fault_is_seen_to_grow(profiles):
    lives = seed_sequences(profiles[PUMP], rows=1_000, seed=0, failure_mode="bearing_wear")
    assert set(lives["failure_mode"]) == {"bearing_wear"}
    last, early = lives[lives["remaining_life_h"] <= 50], lives[lives["remaining_life_h"] > 1_000]
    assert last["vibration_rms_mm_s"].mean() > 1.5 * early["vibration_rms_mm_s"].mean()


def test_the_same_seed_gives_the_same_lives_and_another_gives_none_of_them(profiles, lives):
    assert seed_sequences(profiles[PUMP], rows=1_000, seed=3).equals(lives)
    other = seed_sequences(profiles[PUMP], rows=1_000, seed=4)
    assert not set(other["bearing_temp_C"].round(9)) & set(lives["bearing_temp_C"].round(9))


@settings(max_examples=2, deadline=None)
@given(rows=st.integers(1_000, 1_400), seed=st.integers(0, 2**31 - 1))
def test_any_number_of_rows_is_met_exactly_by_whole_ends(profiles, rows, seed):
    lives = seed_sequences(profiles["robot_fanuc_m710ic_023"], rows=rows, seed=seed)
    assert len(lives) == rows
    assert (lives.groupby("unit")["remaining_life_h"].min() == 0).all()


def test_every_life_is_a_machine_of_its_own_under_its_own_duty(lives):
    healthy = lives[lives["remaining_life_h"] > 700].groupby("unit")["bearing_temp_C"]
    between, within = healthy.mean().std(), healthy.std().mean()
    # Parameters differ: levels lie further apart than the readings of one machine, whose load and weather vary too.
    assert between > 0.5 * within
    assert lives.groupby("unit")["load_pct"].mean().nunique() == lives["unit"].nunique()


def test_readings_have_the_noise_that_the_profile_states(profiles):
    def roughness(factor):
        twin = profiles[PUMP].twin
        sensors = {
            name: one.model_copy(update={"noise_sd": factor * one.noise_sd}) for name, one in twin.sensors.items()
        }
        profile = profiles[PUMP].model_copy(update={"twin": twin.model_copy(update={"sensors": sensors})})
        lives = seed_sequences(profile, rows=150, seed=0, failure_mode="seal_leak")
        return lives.groupby("unit")["vibration_rms_mm_s"].diff().abs().median()

    assert roughness(8.0) > 2.0 * roughness(1.0)


def test_any_mode_of_the_composition_can_end_a_life(profiles):
    motor = profiles["motor_siemens_1la7_001"]
    assert set(seed_modes(motor)) == set(motor.twin.composition.modes)
    for mode in ("bearing_wear", "winding_insulation"):
        lives = seed_sequences(motor, rows=100, seed=1, failure_mode=mode)
        indicator = motor.failure_mode(mode).indicator
        last = lives[lives["remaining_life_h"] == 0][indicator].mean()
        early = lives[lives["remaining_life_h"] > 0.6 * lives["remaining_life_h"].max()][indicator].mean()
        assert last > 1.1 * early, mode


def test_a_profile_without_composition_has_lives_of_the_simulator_of_records_and_says_so(profiles):
    twin = profiles[PUMP].twin.model_copy(update={"composition": None})
    bare = profiles[PUMP].model_copy(update={"twin": twin})
    assert seed_notes(profiles[PUMP]) == ()
    assert "simulator of hourly records" in seed_notes(bare)[0]
    lives = seed_sequences(bare, rows=120, seed=0, failure_mode="bearing_wear")
    assert len(lives) == 120
    assert set(lives.columns) == set(seed_columns(bare).used)
    assert (lives.groupby("unit")["remaining_life_h"].min() == 0).all()


def test_it_can_be_stopped_and_tells_how_far_it_is(profiles):
    with pytest.raises(Stopped):
        seed_sequences(profiles[PUMP], rows=1_000, seed=0, should_stop=lambda: True)
    told = []
    seed_sequences(profiles[PUMP], rows=100, seed=0, progress=lambda done, said: told.append((done, said)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == 1.0
    assert "lives" in told[-1][1]


def test_a_machine_without_twin_or_mode_is_refused_with_what_it_knows(profiles):
    bare = profiles[PUMP].model_copy(update={"twin": None})
    with pytest.raises(InputError, match="no twin section"):
        seed_sequences(bare, rows=1_000, seed=0)
    with pytest.raises(InputError, match="bearing_wear, cavitation"):
        seed_sequences(profiles[PUMP], rows=1_000, seed=0, failure_mode="rust")
