"""The frame of benchmarks: names, data folders, keys of the result, and the table for people."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest
from rich.console import Console

from workbench.errors import InputError, WorkbenchError
from workbench.workflows.benchmarks import BENCHMARKS, run_benchmark
from workbench.workflows.benchmarks.frame import RESULT_KEYS, pick_subsets, with_intervals
from workbench.workflows.benchmarks.show import as_table


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Register a benchmark of three lines and return where it says what it was asked."""
    asked = {}

    def run(**arguments):
        asked.update(arguments)
        arguments["progress"](0.5, "half way")
        return {
            "metrics": {"a.rmse": np.float64(1.5), "a.rmse_interval": [1.0, np.nan], "events": np.int64(3)},
            "protocol": "as agreed",
            "peers": {
                "a.plain.rmse": 2.0,
                "a.published.x": {"rmse": 1.0, "source": "a paper", "protocol": "[unknown]"},
            },
            **asked.get("extra", {}),
        }

    module = types.ModuleType("small_benchmark")
    module.run = run
    monkeypatch.setitem(sys.modules, "small_benchmark", module)
    monkeypatch.setitem(BENCHMARKS, "small", "small_benchmark")
    monkeypatch.delenv("WORKBENCH_DATASETS", raising=False)
    return asked


def test_a_result_has_exactly_the_agreed_keys_and_is_json(small, tmp_path):
    told = []
    result = run_benchmark("small", data=tmp_path, seeds=(3, 4), progress=lambda f, m: told.append((f, m)))
    assert tuple(result) == RESULT_KEYS
    again = json.loads(json.dumps(result, allow_nan=False))
    assert again["metrics"] == {"a.rmse": 1.5, "a.rmse_interval": [1.0, None], "events": 3}
    assert again["seeds"] == [3, 4]
    assert again["benchmark"] == "small"
    assert again["seconds"]["total"] >= 0
    assert again["peak_memory_mb"] > 10
    assert "scikit-learn" in again["versions"]
    assert told == [(0.5, "half way")]


def test_a_quick_run_is_marked(small, tmp_path):
    assert run_benchmark("small", data=tmp_path, quick=True)["protocol"].startswith("quick run, not comparable")
    assert run_benchmark("small", data=tmp_path)["protocol"] == "as agreed"


def test_the_data_folder_comes_from_the_environment_when_not_given(small, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="WORKBENCH_DATASETS"):
        run_benchmark("small", data=None)
    monkeypatch.setenv("WORKBENCH_DATASETS", str(tmp_path))
    run_benchmark("small", data=None)
    assert small["data"] == tmp_path
    with pytest.raises(InputError, match="does not exist"):
        run_benchmark("small", data=tmp_path / "nowhere")


def test_bad_names_seeds_and_keys_are_refused(small, tmp_path):
    with pytest.raises(InputError, match=r"azure, cmapss, .*scoring, .*small, telemetry") as refused:
        run_benchmark("nonsense", data=tmp_path)
    assert refused.value.exit_code == 2
    with pytest.raises(InputError, match="seeds"):
        run_benchmark("small", data=tmp_path, seeds=())
    small["extra"] = {"surprise": 1}
    with pytest.raises(WorkbenchError, match="surprise"):
        run_benchmark("small", data=tmp_path)


def test_unknown_subsets_name_those_that_exist():
    assert pick_subsets(["FD001", "FD003"], [], benchmark="cmapss") == ["FD001", "FD003"]
    assert pick_subsets(["FD001", "FD003"], ["FD003"], benchmark="cmapss") == ["FD003"]
    with pytest.raises(InputError, match="Subsets whose files are there: FD001, FD003"):
        pick_subsets(["FD001", "FD003"], ["FD009"], benchmark="cmapss")
    with pytest.raises(InputError, match="none"):
        pick_subsets([], [], benchmark="cmapss")


def test_intervals_stand_beside_their_figures():
    value = np.array([1.0, 1.0, 5.0, 5.0, 9.0])
    table = with_intervals(lambda rows: {"mean": float(value[rows].mean())}, ["a", "a", "b", "b", "c"], draws=200)
    low, high = table["mean_interval"]
    assert low <= table["mean"] == value.mean() <= high


def test_the_table_shows_figures_intervals_peers_and_marks_simulation(small, tmp_path):
    result = {**run_benchmark("small", data=tmp_path), "simulated": True}
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(as_table(result))
    shown = console.export_text()
    for text in ("a.rmse", "1.5", "1 to -", "a paper", "[unknown]", "SIMULATED", "as agreed", "same run"):
        assert text in shown


def test_registered_modules_offer_run():
    import importlib

    for path in BENCHMARKS.values():
        assert callable(importlib.import_module(path).run)
