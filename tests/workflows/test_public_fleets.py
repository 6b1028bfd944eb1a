"""The whole chain on public fleets: NASA C-MAPSS and Microsoft's Azure PdM fleet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.workflows.onboard import create_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engines(datasets, tmp_path_factory):
    path = tmp_path_factory.mktemp("cmapss") / "W"
    with create_workspace(path) as ws:
        workbench.ingest(ws, "cmapss", datasets)
        workbench.train(ws)
        yield ws


def test_cmapss_test_engines_are_predicted_within_15_cycles(engines, datasets):
    truth = pd.read_parquet(datasets / "cmapss_RUL_FD001.parquet")
    ids = [f"cmapss_fd001_test_{unit:03d}" for unit in truth["unit"]]
    predictions = workbench.predict(engines, ids)
    lives = [prediction.remaining_useful_life.model_life for prediction in predictions]
    median = np.minimum([life.median for life in lives], 125)
    rmse = float(np.sqrt(np.mean((median - np.minimum(truth["rul"], 125)) ** 2)))
    assert rmse <= 15
    covered = [
        life.lower <= rul and (life.upper_open or rul <= life.upper)
        for life, rul in zip(lives, truth["rul"], strict=True)
    ]
    assert np.mean(covered) > 0.8


def test_engine_that_failed_is_offline_and_gets_no_state_and_no_case(engines):
    [prediction] = workbench.predict(engines, ["cmapss_fd001_train_001"])
    assert prediction.status == "OFFLINE"
    assert prediction.health_state is None
    workbench.run_cycle(engines, ["cmapss_fd001_train_001"])
    assert engines.cases.open("cmapss_fd001_train_001") == []
    assert engines.orders.open("cmapss_fd001_train_001") == []


def test_truth_of_the_test_engines_is_nowhere_in_the_workspace(engines):
    columns = engines.telemetry.read("cmapss_fd001_test_001").columns
    assert not [name for name in columns if "rul" in name.lower()]
    assert not engines.events.frame("cmapss_fd001_test_001").shape[0]


@pytest.fixture(scope="module")
def azure(datasets, tmp_path_factory):
    path = tmp_path_factory.mktemp("azure") / "W"
    with create_workspace(path) as ws:
        workbench.ingest(ws, "azure-pdm", str(datasets))
        workbench.train(ws)
        yield ws


def test_azure_machines_with_telemetry_get_reasons_and_the_others_an_honest_no(azure):
    predictions = {p.machine_id: p for p in workbench.predict(azure)}
    assert len(predictions) == 100
    with_readings = {machine for machine in predictions if azure.telemetry.rows(machine)}
    assert len(with_readings) == 15
    for machine, prediction in predictions.items():
        assert prediction.reasons
        if machine in with_readings:
            assert prediction.health_state is not None
        else:
            assert prediction.health_state is None
            assert not prediction.health_evidence.enough


def test_nothing_later_than_the_last_reading_is_seen(azure):
    at = azure.as_of()
    assert azure.telemetry.span()[1] == at
    data = azure.machine_data("azure_pdm_001")
    assert data.events["time"].max() <= pd.Timestamp(at)
    assert azure.events.frame()["time"].max() > pd.Timestamp(at)
