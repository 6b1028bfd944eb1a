"""The hydraulic rig by its protocol: runs stay whole, cycle numbers and labels of others are never seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.ml.metrics import equal_mass_ece
from workbench.telemetry.readers.samples import HYDRAULIC_INPUTS, read_hydraulic
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.classifier_figures import HeldOut, multiclass_figures
from workbench.workflows.benchmarks.hydraulic import QUICK, _answers, _folds, _task

KEYS = ("macro_f1", "macro_f1_blocks", "macro_f1_peer", "macro_f1_nearest", "ece", "brier_skill")


@pytest.fixture(scope="module")
def result(datasets):
    return run_benchmark("hydraulic", data=datasets, quick=True, only=["valve"])


@pytest.mark.slow
def test_every_key_of_the_protocol_is_there_with_its_interval(result):
    metrics = result["metrics"]
    for key in KEYS:
        assert np.isfinite(metrics[f"valve.{key}"])
        assert len(metrics[f"valve.{key}_interval"]) == 2
    assert metrics["valve.macro_f1"] > metrics["valve.macro_f1_peer"] + 0.05
    assert metrics["valve.macro_f1"] > metrics["valve.macro_f1_nearest"]
    assert metrics["valve.cycles"] == 1545
    assert not [key for key in metrics if not key.startswith("valve.")]


def test_runs_of_constant_condition_stay_whole(datasets):
    task = _task(read_hydraulic(datasets), "accumulator")
    assert len(np.unique(task.runs)) == 151
    assert list(task.X.columns) == list(HYDRAULIC_INPUTS)
    for fold in _folds(task, task.runs, 5, 0):
        assert not set(task.runs[fold.train]) & set(task.runs[fold.test])


def test_renumbering_the_cycles_changes_the_nearest_peer_only(datasets):
    table = read_hydraulic(datasets)
    task = _task(table, "valve")
    folds = _folds(task, task.runs, 2, 0)
    before = _answers(task, folds, 0, QUICK)
    other = replace(task, cycle=task.cycle[::-1].copy())
    after = _answers(other, folds, 0, QUICK)
    np.testing.assert_array_equal(before["ours"].probability, after["ours"].probability)
    np.testing.assert_array_equal(before["peer"].named, after["peer"].named)
    assert (before["nearest"].named != after["nearest"].named).any()


def test_the_other_components_states_are_known_in_training_only(datasets):
    task = _task(read_hydraulic(datasets), "accumulator")
    assert list(task.others.columns) == ["cooler", "valve", "pump_leak"]
    fold = _folds(task, task.runs, 2, 0)[0]
    hidden = task.others.copy()
    hidden.iloc[fold.test] = 0
    before, after = (_answers(each, [fold], 0, QUICK)["ours"] for each in (task, replace(task, others=hidden)))
    np.testing.assert_array_equal(before.probability, after.probability)


@pytest.mark.slow
def test_a_holdout_is_scored_by_a_model_of_the_given(datasets, tmp_path):
    whole = pd.read_parquet(datasets / "hydraulic_cycle_means.parquet")
    held = whole["cycle"] % 100 < 20
    whole[~held].to_parquet(tmp_path / "hydraulic_cycle_means.parquet")
    whole[held].to_parquet(tmp_path / "hydraulic_cycle_means_holdout.parquet")
    metrics = run_benchmark("hydraulic", data=tmp_path, quick=True, only=["cooler"])["metrics"]
    assert metrics["cooler.cycles"] == int(held.sum())
    assert metrics["cooler.macro_f1"] > 0.9


def test_calibration_error_counts_equally_many_samples_a_bin():
    probability = np.repeat([0.1, 0.9], [90, 10])
    truth = np.concatenate([np.arange(90) % 10 == 0, np.zeros(10)])
    assert equal_mass_ece(truth, probability, bins=10) == pytest.approx(0.09)


def test_saying_the_base_rate_has_no_skill():
    truth = np.array([1, 1, 2, 3])
    rates = np.tile([0.5, 0.25, 0.25], (4, 1))
    figures = multiclass_figures(HeldOut(truth, truth, np.array([1, 2, 3]), rates, rates))
    assert figures["brier_skill"] == 0.0
    assert figures["macro_f1"] == 1.0


def test_an_unknown_component_is_bad_input(datasets):
    with pytest.raises(InputError, match="Subsets whose files are there: cooler, valve"):
        run_benchmark("hydraulic", data=datasets, only=["motor"])
