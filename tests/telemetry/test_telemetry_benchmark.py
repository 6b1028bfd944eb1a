"""The telemetry benchmark runs small and gives the agreed keys."""

from __future__ import annotations

import pytest

from workbench.workflows.benchmarks import telemetry


@pytest.mark.slow
def test_a_quick_run_gives_the_agreed_keys(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(telemetry.tempfile, "tempdir", None)
    told: list[float] = []
    result = telemetry.run(None, (0,), True, (), lambda fraction, _: told.append(fraction))
    assert {"rows", "aggregate_7d_ms", "ingest_ratio_to_pyarrow", "csv_1gb_peak_mb"} <= result["metrics"].keys()
    assert result["metrics"]["rows"] == telemetry.QUICK.rows
    assert result["metrics"]["csv_rows"] > 90_000
    assert all(value > 0 for value in result["metrics"].values())
    assert result["simulated"] is True
    assert told == sorted(told)
    assert list(tmp_path.iterdir()) == []
