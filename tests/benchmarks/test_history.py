"""The benchmark of the text search: figures with intervals beside peers, the label never searched, reproducible."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark


@pytest.fixture(scope="module")
def result(datasets):
    return run_benchmark("history", data=datasets, quick=True)


def test_every_set_has_figures_with_intervals_and_peers(result):
    for name in ("mwo2kg", "maintie", "assetops"):
        low, high = result["metrics"][f"{name}.hit_at_5_interval"]
        assert low <= result["metrics"][f"{name}.hit_at_5"] <= high
        for peer in ("most_frequent", "substring", "whole_words"):
            assert f"{name}.{peer}.hit_at_5_interval" in result["peers"]
    for name in ("mwo2kg", "maintie"):
        assert result["metrics"][f"{name}.hit_at_5"] > result["peers"][f"{name}.most_frequent.hit_at_5"]
    assert result["metrics"]["speed.search_p95_ms"] < 50
    assert result["simulated"] is False
    assert result["protocol"].startswith("quick run")


def test_the_label_is_never_searched(datasets, tmp_path):
    frame = pd.read_parquet(datasets / "mwo2kg_work_orders.parquet").head(120)
    frame.to_parquet(tmp_path / "mwo2kg_work_orders.parquet")
    known = run_benchmark("history", data=tmp_path, quick=True, only=["mwo2kg"])["metrics"]
    codes = {name: f"x{n}" for n, name in enumerate(frame["Functional_Location_Description"].unique())}
    frame["Functional_Location_Description"] = frame["Functional_Location_Description"].map(codes)
    frame["Functional_Location_Description"] = frame["Functional_Location_Description"].replace(
        codes.get("#NAME?", ""), "#NAME?"
    )
    frame.to_parquet(tmp_path / "mwo2kg_work_orders.parquet")
    assert run_benchmark("history", data=tmp_path, quick=True, only=["mwo2kg"])["metrics"] == known


def test_a_folder_without_the_sets_is_said(tmp_path):
    with pytest.raises(InputError, match="no data"):
        run_benchmark("history", data=tmp_path)
