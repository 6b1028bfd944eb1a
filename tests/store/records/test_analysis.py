"""Predictions, their meaning, and the model registry with its checked files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workbench.domain.analysis import ActionDecision, AnalyticsPackage, Impact, Resources
from workbench.domain.base import Change
from workbench.domain.equipment import LifeUnit, MachineStatus
from workbench.domain.predictions import (
    Diagnosis,
    Evidence,
    Horizons,
    ModelVersion,
    ModeProbability,
    Prediction,
    RemainingUsefulLife,
    Task,
)
from workbench.domain.reports import ReportRecord
from workbench.errors import CorruptArtifact, InputError, NotFound
from workbench.store.artifacts import Artifacts
from workbench.store.database import Database
from workbench.store.records import EventLog, Models, Packages, Predictions, Reports

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
LACK = Evidence(enough=False, reasons=("0 of 5 failures needed",))


def _prediction(prediction_id: str, machine_id: str = "pump_01", as_of: datetime = AS_OF, **fields: Any) -> Prediction:
    return Prediction(
        prediction_id=prediction_id,
        machine_id=machine_id,
        as_of=as_of,
        data_until=as_of,
        status=MachineStatus.ONLINE,
        readings=100,
        horizons=Horizons(critical=24, warning=72, degrading=168),
        health_evidence=LACK,
        remaining_useful_life=RemainingUsefulLife(life_unit=LifeUnit.OPERATING_H, evidence=LACK, basis="none"),
        anomaly_evidence=LACK,
        diagnosis=Diagnosis(modes=(ModeProbability(mode="unknown", probability=1.0),), method="unknown"),
        reasons=("nothing stands out",),
        **fields,
    )


def _package(package_id: str, prediction_id: str, as_of: datetime = AS_OF) -> AnalyticsPackage:
    impact = Impact(repair_cost=1, downtime_h=2, production_loss=3, secondary_damage=0, total=4, items=())
    return AnalyticsPackage(
        package_id=package_id,
        prediction_id=prediction_id,
        machine_id="pump_01",
        as_of=as_of,
        failure_mode="bearing_wear",
        failure_impact=impact,
        planned_impact=impact,
        decision=ActionDecision(act=False, rule="none", reason="healthy", horizon_h=168, planned_cost=4),
        resources=Resources(skill="mechanical", technicians=1, labour_h=2, repair_h=2),
    )


def _version(version_id: str, scope: str = "fleet", task: Task = Task.HEALTH, **fields: Any) -> ModelVersion:
    return ModelVersion(
        version_id=version_id,
        task=task,
        scope=scope,
        created_at=AS_OF,
        as_of=AS_OF,
        data_hash="ab",
        seed=0,
        split="units",
        units=20,
        failures=40,
        metrics={"macro_f1": 0.8},
        **fields,
    )


@pytest.fixture
def models(database: Database, tmp_path: Path) -> Models:
    return Models(database, Artifacts(tmp_path / "models"))


def test_the_newest_prediction_of_each_machine_is_found(fleet: Database, change: Change) -> None:
    predictions = Predictions(fleet)
    later = change.model_copy(update={"at": change.at + timedelta(minutes=1)})
    predictions.add(_prediction("p2", as_of=AS_OF + timedelta(hours=1)), change)
    predictions.add(_prediction("p1"), later)
    predictions.add(_prediction("f1", "fan_02"), change)
    predictions.add(_prediction("f2", "fan_02"), later)
    assert {machine: found.prediction_id for machine, found in predictions.latest().items()} == {
        "fan_02": "f2",
        "pump_01": "p2",
    }
    assert [found.prediction_id for found in predictions.history("pump_01")] == ["p2", "p1"]
    assert [found.prediction_id for found in predictions.history("pump_01", limit=1)] == ["p2"]


def test_a_prediction_is_recorded_once_and_comes_back_equal(fleet: Database, change: Change) -> None:
    predictions = Predictions(fleet)
    for _ in range(2):
        predictions.add(_prediction("p1", data_hash="äöü"), change)
    assert predictions.get("p1") == _prediction("p1", data_hash="äöü")
    assert len(EventLog(fleet).entries("prediction")) == 1


def test_what_could_not_be_read_back_is_not_written(fleet: Database, change: Change) -> None:
    spoilt = _prediction("p1").model_copy(update={"readings": float("nan")})
    with pytest.raises(ValueError, match="readings"):
        Predictions(fleet).add(spoilt, change)
    assert Predictions(fleet).all() == []


def test_the_package_of_a_prediction_is_found(fleet: Database, change: Change) -> None:
    Predictions(fleet).add(_prediction("p1"), change)
    packages = Packages(fleet)
    packages.add(_package("a1", "p1"), change)
    packages.add(_package("a2", "p0", AS_OF - timedelta(days=1)), change)
    found = packages.for_prediction("p1")
    assert found == _package("a1", "p1")
    assert packages.for_prediction("none") is None
    assert packages.latest() == {"pump_01": _package("a1", "p1")}


def test_reports_come_back_newest_first(database: Database, change: Change) -> None:
    reports = Reports(database)
    for number in (1, 3, 2):
        reports.add(
            ReportRecord(
                report_id=f"r{number}",
                template="fleet_health",
                created_at=AS_OF + timedelta(hours=number),
                as_of=AS_OF,
                state="done",
                parameters={"days": 30},
                outputs={"html": f"outputs/r{number}.html"},
            ),
            change,
        )
    assert [report.report_id for report in reports.all()] == ["r3", "r2", "r1"]
    assert reports.get("r1").outputs == {"html": "outputs/r1.html"}


def test_a_registered_model_comes_back_byte_for_byte(models: Models, change: Change) -> None:
    registered = models.register(_version("v1", active=True), b"trees", change)
    assert len(registered.artifact_sha256) == 64
    assert not registered.active
    assert models.get("v1") == registered
    assert models.payload("v1") == b"trees"
    assert models.register(_version("v1"), b"trees", change) == registered
    assert models.register(_version("v2"), b"trees", change).artifact_sha256 == registered.artifact_sha256


def test_one_version_of_each_task_and_scope_is_in_use(models: Models, change: Change) -> None:
    for version in (_version("v1"), _version("v2"), _version("t1", "type:pump"), _version("r1", task=Task.RUL)):
        models.register(version, b"trees", change)
    for version_id in ("v1", "t1", "r1", "v2", "v2"):
        models.activate(version_id, change)
    assert [(version.version_id, version.active) for version in models.active()] == [
        ("v2", True),
        ("t1", True),
        ("r1", True),
    ]
    assert not models.get("v1").active
    models.activate("v1", change)
    assert [version.version_id for version in models.active()] == ["v1", "t1", "r1"]


def test_two_activations_at_once_come_one_after_the_other(models: Models, change: Change) -> None:
    names = [f"v{number}" for number in range(4)]
    for name in names:
        models.register(_version(name), b"model", change)

    def use(name: str) -> None:
        for _ in range(5):
            models.activate(name, change)

    with ThreadPoolExecutor(len(names)) as pool:
        for done in [pool.submit(use, name) for name in names]:
            done.result()
    assert len(models.active()) == 1


def test_a_refused_version_is_never_used(models: Models, change: Change) -> None:
    models.register(_version("v1", refused=("AUC 0.51 is below 0.6",)), b"trees", change)
    with pytest.raises(InputError, match=r"AUC 0\.51"):
        models.activate("v1", change)
    with pytest.raises(NotFound, match="Did you mean 'v1'"):
        models.activate("v11", change)
    assert models.active() == []


def test_a_corrupted_model_file_is_not_loaded(models: Models, change: Change, tmp_path: Path) -> None:
    registered = models.register(_version("v1"), b"trees", change)
    (tmp_path / "models" / f"{registered.artifact_sha256}.skops").write_bytes(b"evil")
    assert not models.intact("v1")
    with pytest.raises(CorruptArtifact, match="was changed"):
        models.payload("v1")
    models.register(_version("v2"), b"trees", change)
    assert models.intact("v1")
