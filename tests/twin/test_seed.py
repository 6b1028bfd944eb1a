"""Seed sequences: as many rows as asked for, whole lives that end in the failure, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog import load_catalogue
from workbench.errors import InputError
from workbench.twin.seed import LOAD_STATES, seed_columns, seed_sequences

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


def test_a_machine_without_twin_or_mode_is_refused_with_what_it_knows(profiles):
    bare = profiles[PUMP].model_copy(update={"twin": None})
    with pytest.raises(InputError, match="no twin section"):
        seed_sequences(bare, rows=1_000, seed=0)
    with pytest.raises(InputError, match="bearing_wear, cavitation"):
        seed_sequences(profiles[PUMP], rows=1_000, seed=0, failure_mode="rust")
