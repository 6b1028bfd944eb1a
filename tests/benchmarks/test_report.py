"""The report benchmark runs on a simulated fleet and times what it says."""

from __future__ import annotations

import pytest

from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark


@pytest.mark.slow
def test_quick_run_times_one_report_a_batch_and_a_bare_run(monkeypatch):
    monkeypatch.delenv("WORKBENCH_DATASETS", raising=False)
    told = []
    result = run_benchmark("report", data=None, quick=True, progress=lambda done, _: told.append(done))
    metrics = result["metrics"]
    assert metrics["machines"] == 2
    for key in ("machine_s", "over_bare_nbclient"):
        assert metrics[key] > 0
        assert len(metrics[f"{key}_interval"]) == 2
    assert metrics["batch_s"] > 0
    assert "batch_26_s" not in metrics, "two machines say nothing of 26"
    assert result["peak_memory_mb"] > 100
    assert result["simulated"] is True
    assert result["data"] == []
    assert told == sorted(told)


def test_it_has_no_subsets():
    with pytest.raises(InputError, match="no subset"):
        run_benchmark("report", data=None, only=["FD001"])
