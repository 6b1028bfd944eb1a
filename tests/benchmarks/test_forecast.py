"""The forecast benchmark: keys of the protocol, and the scored part never learned from."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.forecast import _cases, _steel


@pytest.mark.slow
def test_quick_run_has_the_keys_of_the_protocol(datasets, forecasting):
    result = run_benchmark("forecast", data=datasets, quick=True, only=["steel"])
    metrics, peers = result["metrics"], result["peers"]
    for case in ("steel.15min", "steel.day_ahead"):
        for key in ("mae", "mape", "coverage_95"):
            assert metrics[f"{case}.{key}"] > 0
            assert len(metrics[f"{case}.{key}_interval"]) == 2
        assert metrics[f"{case}.mase"] > 0
        assert metrics[f"{case}.fit_s"] >= 0, "a naive one learns nothing"
        for peer in ("yesterday", "last_week", "last_value", "prophet"):
            assert peers[f"{case}.{peer}.mae"] > 0
            assert 0 < peers[f"{case}.{peer}.coverage_95"] <= 1
    assert result["protocol"].startswith("quick run")
    assert result["simulated"] is False


def test_calibration_lies_before_the_last_fifth_that_is_scored(datasets):
    series, first, _ = _steel(datasets)
    assert first == int(0.8 * 26_207)
    for case in _cases("steel", series, first, quick=False):
        assert (case.origins[: case.scored] < first).all()
        assert (case.origins[case.scored :] >= first).all()
        assert case.origins[-1] + case.horizon <= len(series)
    daily = _cases("steel", series, first, quick=False)[0]
    assert (np.diff(daily.origins) == 96).all()
