"""The anomaly benchmarks: protocols, NAB's score, figures with intervals, and nothing that knows where a row stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.telemetry.readers.labelled import LabelledRecord
from workbench.telemetry.readers.skab import read_skab
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.nab_score import parts_of, position_score, raised
from workbench.workflows.benchmarks.skab import METHODS, TRAIN_ROWS, was_seen

WINDOWS = [(1000, 1099), (3000, 3099)]


@pytest.fixture(scope="module")
def first_file(datasets):
    return next(one for one in read_skab(datasets) if one.group == "valve1")


def test_skab_quick_run_has_the_keys_of_the_protocol(datasets):
    result = run_benchmark("skab", data=datasets, quick=True)
    metrics, peers = result["metrics"], result["peers"]
    keys = ["f1", "far", "mar", "f1_after_400", "far_after_400", "mar_after_400", "auc_after_400"]
    for key in keys:
        assert 0 <= metrics[key] <= 1
        assert len(metrics[f"{key}_interval"]) == 2
        assert f"held_out.{key}" in metrics
        assert f"t2_q_on_rows.{key}" in peers
        assert f"isolation_forest_on_rows.{key}" in peers
    assert metrics["files"] == 3
    assert peers["always_on.far_after_400"] == 1
    assert peers["rows_580_to_1000.f1_after_400"] > 0.9
    assert peers["published.t2_q"]["f1"] == 0.76
    assert result["protocol"].startswith("quick run")
    with pytest.raises(InputError, match="valve1"):
        run_benchmark("skab", data=datasets, quick=True, only=["valve9"])


def test_skab_settings_were_chosen_on_half_of_the_files_given(datasets):
    labelled = [one for one in read_skab(datasets) if one.group == "valve1"]
    assert sorted(int(one.name) for one in labelled if was_seen(one)) == list(range(0, 16, 2))


@pytest.mark.parametrize("name", ["ours", "t2_q_on_rows"])
def test_skab_answers_read_neither_labels_nor_later_rows(first_file, name):
    whole = METHODS[name](first_file, 0)
    blind = LabelledRecord("valve1", "0", first_file.readings[:700], None, first_file.file)
    np.testing.assert_allclose(METHODS[name](blind, 0).score, whole.score[:700], rtol=1e-9)


def test_skab_scores_do_not_know_the_time_of_a_row(first_file):
    later = first_file.readings.assign(time=first_file.readings["time"] + pd.Timedelta(days=400))
    moved = LabelledRecord("valve1", "0", later, None, first_file.file)
    np.testing.assert_array_equal(METHODS["ours"](moved, 0).score, METHODS["ours"](first_file, 0).score)
    # The same readings, shown again at the end of the record, get the same scores once the window has filled.
    again = pd.concat([first_file.readings, first_file.readings[500:600]], ignore_index=True)
    again["time"] = pd.date_range("2026-01-01", periods=len(again), freq="s", tz="UTC")
    repeated = METHODS["ours"](LabelledRecord("valve1", "0", again, None, first_file.file), 0).score
    np.testing.assert_allclose(repeated[-90:], repeated[510:600], rtol=1e-9)
    assert TRAIN_ROWS == 400


def test_nab_run_has_the_keys_of_the_protocol(datasets):
    result = run_benchmark("nab", data=datasets, quick=True)
    metrics = result["metrics"]
    raw = [metrics[f"machine_temperature.standard_raw_{name}"] for name in ("week", "two_weeks", "month")]
    assert metrics["machine_temperature.standard_raw_median"] == np.median(raw)
    assert metrics["machine_temperature.standard_raw_median"] > 0
    assert metrics["machine_temperature.training_days"] == pytest.approx(7.4, abs=0.1)
    assert metrics["machine_temperature.windows"] == 4
    assert metrics["machine_temperature.false_positives"] >= 0
    assert len(metrics["machine_temperature.sweep"]) >= 5
    assert "machine_temperature.z_score.standard_raw_median" in result["peers"]
    assert result["peers"]["machine_temperature.published.numenta"]["standard_raw"] == 1.36


def test_metropt3_run_has_the_keys_of_the_protocol(datasets):
    result = run_benchmark("metropt3", data=datasets, quick=True)
    metrics = result["metrics"]
    assert metrics["alarm_episodes_per_week"] == pytest.approx(
        metrics["false_alarm_episodes"] / metrics["weeks_outside_failures"], rel=1e-6
    )
    assert sum(key.startswith("lead_time_h_2020") for key in metrics) == 4
    assert metrics["failures_seen"] >= 3
    with pytest.raises(InputError, match="no subset"):
        run_benchmark("metropt3", data=datasets, only=["x"])


def test_nab_score_of_no_alarm_is_minus_one_a_window():
    assert parts_of(np.array([], dtype=np.intp), 5000, WINDOWS).total == -2


def test_nab_score_counts_the_earliest_alarm_of_a_window_once():
    found = parts_of(np.array([1000, 1050, 3000]), 5000, WINDOWS)
    # The first row of a window is worth all of it.
    assert found.total == pytest.approx(2.0)
    assert (found.detected, found.false_positives) == (2, 0)
    late = parts_of(np.array([1050]), 5000, WINDOWS[:1])
    assert late.total == pytest.approx(position_score(-0.5) / position_score(-1.0))


def test_nab_score_of_false_alarms_grows_with_the_distance_behind_a_window():
    before = parts_of(np.array([900]), 5000, WINDOWS)
    just_after, long_after = (parts_of(np.array([row]), 5000, WINDOWS) for row in (1110, 2000))
    assert before.total == long_after.total == pytest.approx(-2 - 0.11)
    assert -2.11 < just_after.total < -2


def test_nab_probation_does_not_count():
    assert parts_of(np.array([749]), 5000, WINDOWS).total == -2
    assert parts_of(np.array([750]), 5000, WINDOWS).total == pytest.approx(-2.11)


def test_an_alarm_is_followed_by_silence():
    hours = np.arange(100.0)
    assert raised(hours, hours >= 10, 24.0).tolist() == [10, 34, 58, 82]
