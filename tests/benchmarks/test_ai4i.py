"""AI4I by its protocol: no label or documented threshold among the inputs, a holdout that is only scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.telemetry.readers.samples import AI4I_LABELS, read_ai4i
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.ai4i import documented_rules, quantities

KEYS = ("f1", "precision", "recall", "pr_auc", "brier_skill", "ece")


@pytest.fixture(scope="module")
def parts(datasets, tmp_path_factory):
    """A folder with a part of the set and another part as its holdout."""
    folder = tmp_path_factory.mktemp("ai4i")
    whole = pd.read_parquet(datasets / "ai4i2020.parquet")
    failed, fine = whole[whole["Machine failure"] == 1], whole[whole["Machine failure"] == 0][::4]
    for name, part in (("ai4i2020", 0), ("ai4i2020_holdout", 1)):
        pd.concat([failed[part::2], fine[part::2]]).to_parquet(folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="module")
def result(parts):
    return run_benchmark("ai4i", data=parts, quick=True)


def test_the_holdout_is_scored_with_every_key_of_the_protocol(result):
    metrics = result["metrics"]
    for key in KEYS:
        low, high = metrics[f"{key}_interval"]
        assert low <= metrics[key] <= high or key == "ece"
    assert (metrics["samples"], metrics["failures"]) == (964, 119)
    assert [name.rsplit("/", 1)[-1] for name in result["data"]] == ["ai4i2020.parquet", "ai4i2020_holdout.parquet"]
    assert metrics["f1"] > 0.7
    assert result["peers"]["random_forest.f1"] > 0.7
    assert result["peers"]["documented_rules.precision"] > 0.9
    assert result["protocol"].startswith("quick run")
    assert result["simulated"] is True


def test_labels_of_the_holdout_change_no_answer(result, parts, tmp_path):
    pd.read_parquet(parts / "ai4i2020.parquet").to_parquet(tmp_path / "ai4i2020.parquet")
    held = pd.read_parquet(parts / "ai4i2020_holdout.parquet")
    held["Machine failure"] = 1 - held["Machine failure"]
    held[["TWF", "HDF", "PWF", "OSF", "RNF"]] = 1
    held.to_parquet(tmp_path / "ai4i2020_holdout.parquet")
    turned = run_benchmark("ai4i", data=tmp_path, quick=True)["metrics"]
    before = result["metrics"]
    called = before["recall"] * before["failures"] / before["precision"]
    assert turned["recall"] * turned["failures"] / turned["precision"] == pytest.approx(called)


def test_inputs_hold_no_label_and_no_documented_threshold(datasets):
    table = read_ai4i(datasets)
    X = quantities(table.inputs)
    assert not set(X.columns) & set(AI4I_LABELS)
    assert "UDI" not in X.columns
    for column in X.columns.difference(["Type"]):
        assert X[column].nunique() > 30
    assert np.isfinite(X.to_numpy()).all()


def test_the_documented_rules_find_what_they_document(datasets):
    table = read_ai4i(datasets)
    named = documented_rules(table.inputs)
    published = table.labels[["HDF", "PWF", "OSF"]].max(axis=1)
    assert (named == published).mean() > 0.9995


def test_there_is_no_subset(datasets):
    with pytest.raises(InputError, match="no subset FD001"):
        run_benchmark("ai4i", data=datasets, only=["FD001"])
