"""A pump at a plant in Berlin, its part and its people, a prediction of bearing wear, and an order for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from workbench.analytics import assess
from workbench.dispatch import check_inventory, draft_order, rank_technicians
from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.equipment import MachineProfile, MachineStatus, Part, Shift, Site, Technician
from workbench.domain.predictions import Prediction
from workbench.domain.work import Priority, TechnicianMatch, WorkOrder

MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)  # 09:00 in Berlin


@pytest.fixture(scope="session")
def profile() -> MachineProfile:
    sensor = {
        "name": "vibration_rms_mm_s",
        "quantity": "vibration_velocity",
        "unit": "mm/s",
        "normal_low": 0,
        "normal_high": 2,
        "physical_low": 0,
        "physical_high": 50,
    }
    mode = {
        "name": "bearing_wear",
        "title": "Bearing wear",
        "iso14224_code": "VIB",
        "mechanism": "Rolling contact fatigue.",
        "indicator": "vibration_rms_mm_s",
        "pf_interval_h": (48, 500),
        "symptoms": [{"sensor": "vibration_rms_mm_s", "direction": "rises"}],
        "repair": {
            "skill": "pumps",
            "labour_h": 6,
            "repair_h": 4,
            "parts": [{"part_id": "bearing_kit", "quantity": 2}],
            "tools": ["bearing puller"],
            "tool_cost": 5_000,
            "steps": ["Pull the bearings.", "Mount the new ones."],
            "safety": ["Wear gloves: bearings from the heater are hot."],
        },
    }
    return MachineProfile.model_validate(
        {
            "machine_id": "pump_001",
            "machine_type": "pump",
            "title": "Feed pump",
            "manufacturer": "Generic",
            "model": "P",
            "site_id": "berlin",
            "location": "Hall 2",
            "sensors": [sensor],
            "failure_modes": [mode],
            "energy_sources": ["electrical 400 V", "pressure: pumped liquid"],
            "economics": {"production_loss_per_h": 40_000},
        }
    )


@pytest.fixture(scope="session")
def site() -> Site:
    return Site(site_id="berlin", title="Plant Berlin", time_zone="Europe/Berlin", latitude=52.52, longitude=13.405)


@pytest.fixture(scope="session")
def person() -> Callable[..., Technician]:
    def build(name: str = "one", **changes: Any) -> Technician:
        values: dict[str, Any] = {
            "technician_id": f"tech_{name}",
            "title": f"Alex {name.title()}",
            "site_id": "berlin",
            "skills": {"pumps": 4},
            "experience_years": 8,
            "cost_per_h": 6_000,
            "shift": Shift(start_h=7, end_h=15),
            "latitude": 52.52,
            "longitude": 13.405,
            **changes,
        }
        return Technician.model_validate(values)

    return build


@pytest.fixture(scope="session")
def parts() -> dict[str, Part]:
    kit = Part(
        part_id="bearing_kit",
        title="Bearing kit",
        unit_cost=10_000,
        stock=5,
        lead_time_days=3,
        supplier_id="supplier_one",
    )
    return {kit.part_id: kit}


@pytest.fixture(scope="session")
def predict() -> Callable[..., Prediction]:
    def build(probability: float | None = 0.6, *, life_h: float = 200.0, **changes: Any) -> Prediction:
        known = probability is not None
        evidence = {"enough": True} if known else {"enough": False, "reasons": ["0 of 5 failures needed"]}
        values: dict[str, Any] = {
            "prediction_id": f"prediction {probability} {life_h}",
            "machine_id": "pump_001",
            "as_of": MONDAY,
            "data_until": MONDAY,
            "status": MachineStatus.ONLINE,
            "readings": 500,
            "horizons": {"critical": 24, "warning": 168, "degrading": 720},
            "health_evidence": evidence,
            "health_state": 1 if known else None,
            "health_probabilities": (0.2, 0.6, 0.1, 0.1) if known else None,
            "health_score": 60.0 if known else None,
            "remaining_useful_life": {
                "life_unit": "operating_h",
                "evidence": evidence,
                "basis": "model" if known else "none",
                "life": {"median": life_h, "lower": life_h / 2, "upper": life_h * 2} if known else None,
                "expected_failure_at": [MONDAY + timedelta(hours=life_h * share) for share in (0.5, 1.0, 2.0)]
                if known
                else None,
            },
            "failure_probability": [{"hours": 168, "probability": probability}] if known else [],
            "anomaly_evidence": {"enough": True},
            "diagnosis": {
                "modes": [{"mode": "bearing_wear", "probability": 0.8}, {"mode": "unknown", "probability": 0.2}],
                "method": "symptom_table",
            },
            "reasons": ["vibration rises"],
            **changes,
        }
        return Prediction.model_validate(values)

    return build


@pytest.fixture(scope="session")
def crossing() -> Callable[..., dict[str, Any]]:
    def build(severity: str = "CRITICAL", sensor: str = "vibration_rms_mm_s", hours: float = 3) -> dict[str, Any]:
        return {
            "sensor": sensor,
            "severity": severity,
            "value": 4.6,
            "limit": 4.0,
            "direction": "above",
            "unit": "mm/s",
            "standard": "ISO 10816-7",
            "since": MONDAY - timedelta(hours=hours),
            "readings": 3,
        }

    return build


@pytest.fixture(scope="session")
def analyse(profile, parts, person) -> Callable[[Prediction], AnalyticsPackage]:
    def build(prediction: Prediction) -> AnalyticsPackage:
        none = pd.DataFrame({"machine_id": [], "time": pd.to_datetime([], utc=True), "kind": [], "cause": []})
        return assess(
            prediction,
            profile,
            parts=parts,
            technicians=[person()],
            events=none,
            planning_horizon_h=168,
            currency="EUR",
        )

    return build


@pytest.fixture(scope="session")
def order_for(profile, parts, person, site, analyse) -> Callable[..., WorkOrder]:
    """Builder of an order: prediction, stock that is free, technicians (None: not ranked)."""

    def build(prediction: Prediction, available: int = 5, technicians: list[Technician] | None = None) -> WorkOrder:
        package = analyse(prediction)
        inventory = check_inventory(package.resources.parts, parts, {"bearing_kit": available})
        matches = rank_technicians(
            skill=package.resources.skill,
            priority=Priority.HIGH,
            site=site,
            technicians=[person()] if technicians is None else technicians,
            workload_h={},
            labour_h=package.resources.labour_h,
            at=prediction.as_of,
        )
        return draft_order(
            prediction,
            package,
            profile,
            inventory,
            number="WO-2026-0001",
            order_id="order-1",
            matches=matches,
        )

    return build


@pytest.fixture(scope="session")
def rank(site) -> Callable[..., list[TechnicianMatch]]:
    def build(people, *, skill="pumps", priority=Priority.HIGH, workload_h=None, labour_h=2.0, at=MONDAY):
        return rank_technicians(
            skill=skill,
            priority=priority,
            site=site,
            technicians=people,
            workload_h=workload_h or {},
            labour_h=labour_h,
            at=at,
        )

    return build
