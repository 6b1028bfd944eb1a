"""A small plant for the machine page: one fan with readings and everything said of it, one machine that is silent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from workbench.catalog import load_catalogue
from workbench.domain.analysis import (
    ActionDecision,
    AnalyticsPackage,
    CostItem,
    Impact,
    PastCase,
    Recommendation,
    Resources,
)
from workbench.domain.cases import Case
from workbench.domain.predictions import (
    Anomaly,
    Contribution,
    Diagnosis,
    Evidence,
    HealthState,
    HorizonProbability,
    Horizons,
    Interval,
    LimitCrossing,
    ModeProbability,
    Prediction,
    RemainingUsefulLife,
    Severity,
    Trend,
)
from workbench.twin import simulate_fleet
from workbench.workflows.demo import ingest_simulation
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workspace import Workspace

END = datetime(2026, 1, 1, tzinfo=UTC)
FAN = "fan_nicotra_gebhardt_rdh_014"
SILENT = "transformer_siemens_tunorma_024"
ENOUGH = Evidence(enough=True)


def a_prediction(**changed: object) -> Prediction:
    """A prediction of the fan that is close to failing; ``changed`` says what is different."""
    said: dict[str, Any] = {
        "prediction_id": "p1",
        "machine_id": FAN,
        "as_of": END,
        "data_until": END,
        "status": "ONLINE",
        "readings": 400,
        "horizons": Horizons(critical=24, warning=168, degrading=720),
        "health_evidence": ENOUGH,
        "health_state": HealthState.CRITICAL,
        "observed_state": HealthState.WARNING,
        "health_probabilities": (0.03, 0.1, 0.37, 0.5),
        "health_score": 21.0,
        "remaining_useful_life": RemainingUsefulLife(
            life_unit="operating_h",
            evidence=ENOUGH,
            basis="model",
            life=Interval(median=40, lower=10, upper=90),
            expected_failure_at=(END + timedelta(days=1), END + timedelta(days=2), END + timedelta(days=4)),
        ),
        "failure_probability": (HorizonProbability(hours=168, probability=0.9),),
        "anomaly_evidence": ENOUGH,
        "anomaly": Anomaly(
            score=0.6,
            threshold=0.3,
            is_anomaly=True,
            contributions=(
                Contribution(sensor="filter_drop_Pa", deviation=18.0, value=306, baseline=144, unit="Pa"),
                Contribution(sensor="flow_m3_h", deviation=-0.8, value=16000, baseline=18000, unit="m3/h"),
            ),
        ),
        "diagnosis": Diagnosis(
            modes=(
                ModeProbability(mode="unknown", probability=0.2),
                ModeProbability(mode="filter_clogging", probability=0.8),
            ),
            method="classifier",
        ),
        "limit_crossings": (
            LimitCrossing(
                sensor="filter_drop_Pa",
                severity=Severity.WARNING,
                value=326,
                limit=280,
                direction="above",
                unit="Pa",
                standard="no standard",
                since=END - timedelta(days=1),
                readings=25,
            ),
        ),
        "trends": (Trend(sensor="flow_m3_h", per_day=-138, p_value=1e-5, unit="m3/h"),),
        "reasons": ("filter_drop_Pa is 326.1 Pa, above its warning limit 280 Pa", "anomaly score 0.60 is high"),
    }
    return Prediction(**{**said, **changed})


def _impact(loss: int) -> Impact:
    items = (
        CostItem(name="labour", amount=9_000, inputs="2 h x 45.00 EUR/h"),
        CostItem(name="production loss", amount=loss, inputs="4.5 h x 640.00 EUR/h"),
    )
    return Impact(
        repair_cost=9_000, downtime_h=4.5, production_loss=loss, secondary_damage=0, total=9_000 + loss, items=items
    )


def a_package() -> AnalyticsPackage:
    """What the prediction means."""
    reason = "The expected cost of failing exceeds the cost of planned work."
    return AnalyticsPackage(
        package_id="k1",
        prediction_id="p1",
        machine_id=FAN,
        as_of=END,
        failure_mode="filter_clogging",
        failure_impact=_impact(288_000),
        planned_impact=_impact(38_400),
        decision=ActionDecision(
            act=True, rule="expected_cost", reason=f"Act: {reason}", horizon_h=168, planned_cost=47_400
        ),
        history=(PastCase(machine_id=FAN, time=END - timedelta(days=60), cause="filter_clogging", downtime_h=4),),
        recommendations=(
            Recommendation(
                rank=1, action="Order the repair now", reason=f"Act: {reason}", expected_saving=249_600, act_before=END
            ),
        ),
        resources=Resources(skill="mechanical", technicians=1, labour_h=2, repair_h=1.5, tools=("wrench",)),
    )


def a_case(**changed: object) -> Case:
    """A case of the fan."""
    said: dict[str, Any] = {
        "case_id": "c1",
        "machine_id": FAN,
        "cause": "limits",
        "severity": Severity.WARNING,
        "opened_at": END - timedelta(days=1),
        "last_seen_at": END,
        "summary": "filter_drop_Pa 326 Pa is above the warning limit",
    }
    return Case(**{**said, **changed})


@pytest.fixture(scope="session")
def fan_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the plant; never change it."""
    path = tmp_path_factory.mktemp("fan") / "W"
    catalogue = load_catalogue()
    profiles = [profile for profile in catalogue.machines if profile.machine_id == FAN]
    with create_workspace(path, settings={"name": "Fan", "as_of": END.isoformat()}) as ws:
        add_catalogue(ws, only=(FAN, SILENT))
        fleet = simulate_fleet(profiles, start=END - timedelta(days=45), end=END, seed=0, sites=catalogue.sites)
        ingest_simulation(ws, fleet, reason="test")
        change = ws.change("test")
        ws.predictions.add(a_prediction(), change)
        ws.packages.add(a_package(), change)
        ws.cases.observe(a_case(), change)
    return path


@pytest.fixture
def plant(fan_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the plant, to be changed at will."""
    shutil.copytree(fan_path, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws
