"""Machines to test on: own parameters, one duty and one fault that no training machine has."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from workbench.catalog import load_catalogue
from workbench.errors import InputError
from workbench.twin import simulate_fleet
from workbench.twin.held_out import UNSEEN, held_out_machines
from workbench.workflows.benchmarks import run_benchmark

TRAINING = load_catalogue().machines
BY_ID = {profile.machine_id: profile for profile in TRAINING}
END = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def held():
    return held_out_machines(TRAINING, seed=0)


def test_one_duty_and_one_fault_of_each_type_are_absent_from_training(held) -> None:
    assert held.duty not in {profile.twin.duty for profile in TRAINING}
    assert {profile.twin.duty for profile in held.simulated} == {held.duty}
    assert not held.unseen & {mode.name for profile in TRAINING for mode in profile.failure_modes}
    for profile in held.simulated:
        assert UNSEEN[profile.machine_type].name in profile.twin.faults
    assert not {profile.machine_id for profile in held.simulated} & set(BY_ID)


def test_the_plant_knows_neither_the_fault_nor_the_twin(held) -> None:
    for simulated, known in zip(held.simulated, held.known, strict=True):
        assert known.machine_id == simulated.machine_id
        assert known.twin is None
        assert not held.unseen & {mode.name for mode in known.failure_modes}


def test_parameters_lie_outside_of_those_that_training_machines_can_have(held) -> None:
    for profile in held.simulated:
        base = BY_ID[profile.machine_id.rpartition("_held_out_")[0]]
        for name, response in profile.twin.sensors.items():
            typical = base.twin.sensors[name]
            if profile.sensor(name).role == "operating" or typical.load_gain == 0:
                continue
            # Each machine draws up to 1.6 deviations of 7 % of its own on top.
            ratio = response.load_gain / typical.load_gain
            assert max(ratio, 1 / ratio) > math.exp(0.07 * 3.2)
        same = [p for p in TRAINING if p.machine_type == profile.machine_type]
        assert all(abs(profile.twin.load_mean - p.twin.load_mean) > 0.02 for p in same)


def test_the_seed_repeats_and_the_unseen_faults_do_happen(held) -> None:
    assert held_out_machines(TRAINING, seed=0) == held
    assert held_out_machines(TRAINING, seed=1) != held
    fleet = simulate_fleet(held.simulated[::2], start=END - timedelta(days=180), end=END, seed=1)
    failures = fleet.events[fleet.events["kind"] == "failure"]
    assert set(failures["cause"]) & held.unseen == held.unseen
    assert set(failures["cause"]) - held.unseen


def test_what_is_lacking_is_said() -> None:
    transformer = [profile for profile in TRAINING if profile.machine_type == "transformer"]
    with pytest.raises(InputError, match="motor, pump, fan"):
        held_out_machines(transformer, seed=0)


@pytest.mark.slow
def test_the_benchmark_marks_its_figures_simulated_and_gives_intervals() -> None:
    metrics = (result := run_benchmark("held_out", data=None, quick=True))["metrics"]
    assert result["simulated"] is True
    for key in ("health_brier_skill", "health_ece", "rul_coverage_90", "unseen_fault_misnamed_confident"):
        assert len(metrics[f"{key}_interval"]) == 2
    assert metrics["duty"] not in {"continuous", "two_shift"}
