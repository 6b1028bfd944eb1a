"""The scoring benchmark runs on the embedded fleet, marks itself simulated, and times what it says."""

from __future__ import annotations

import importlib.util

import pytest

from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark


def test_quick_run_times_single_fleet_log_and_batch(monkeypatch):
    monkeypatch.delenv("WORKBENCH_DATASETS", raising=False)
    told = []
    result = run_benchmark("scoring", data=None, quick=True, progress=lambda f, m: told.append(f))
    metrics = result["metrics"]
    for key in ("single_p50_ms", "single_p95_ms", "fleet_ms", "log_ms", "batch_throughput_ratio"):
        assert metrics[key] > 0
        assert len(metrics[f"{key}_interval"]) == 2
    if importlib.util.find_spec("shap"):
        assert metrics["shap_fleet_s"] > 0
        assert len(metrics["shap_fleet_s_interval"]) == 2
    assert metrics["single_p50_ms"] <= metrics["single_p95_ms"]
    assert metrics["machines"] == 8
    assert result["simulated"] is True
    assert result["data"] == []
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= 1


def test_it_has_no_subsets():
    with pytest.raises(InputError, match="no subset"):
        run_benchmark("scoring", data=None, only=["FD001"])
