"""The worked example of A1: a solar pump with bearing wear, its part, its technician, and predictions about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from workbench.domain.equipment import MachineProfile, MachineStatus, Part, Shift, Technician
from workbench.domain.predictions import Prediction

AS_OF = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
NOT_ENOUGH = {"enough": False, "reasons": ["0 of 5 failures needed"]}


def _mode(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "iso14224_code": "VIB",
        "mechanism": "Rolling contact fatigue",
        "indicator": "vibration_rms_mm_s",
        "pf_interval_h": (48, 500),
        "symptoms": [{"sensor": "vibration_rms_mm_s", "direction": "rises"}],
        "repair": {
            "skill": "pumps",
            "labour_h": 16,
            "repair_h": 10,
            "parts": [{"part_id": "bearing_kit", "quantity": 1}],
            "tools": ["bearing puller"],
            "tool_cost": 24_000,
            "steps": ["Replace the bearing."],
        },
        "secondary_damage": 31_000,
        **changes,
    }


@pytest.fixture(scope="session")
def profile() -> MachineProfile:
    dry_run = _mode("dry_run", secondary_damage=0)
    dry_run["repair"] = {"skill": "electrics", "labour_h": 4, "repair_h": 2, "steps": ["Reset."]}
    return MachineProfile.model_validate(
        {
            "machine_id": "solar_pump_001",
            "machine_type": "solar_pump",
            "title": "Solar pump",
            "manufacturer": "Generic",
            "model": "SP",
            "site_id": "farm_one",
            "sensors": [
                {
                    "name": "vibration_rms_mm_s",
                    "quantity": "vibration_velocity",
                    "unit": "mm/s",
                    "normal_low": 0,
                    "normal_high": 2,
                    "physical_low": 0,
                    "physical_high": 50,
                }
            ],
            "failure_modes": [_mode("bearing_wear"), _mode("seal_leak"), dry_run],
            "economics": {"production_loss_per_h": 62_500, "logistics_h": 4.4},
        }
    )


@pytest.fixture(scope="session")
def parts() -> dict[str, Part]:
    kit = Part(
        part_id="bearing_kit",
        title="Bearing kit",
        unit_cost=230_000,
        stock=1,
        lead_time_days=5,
        supplier_id="supplier_one",
    )
    return {kit.part_id: kit}


@pytest.fixture(scope="session")
def technicians() -> list[Technician]:
    return [
        Technician(
            technician_id="tech_one",
            title="Alex One",
            site_id="farm_one",
            skills={"pumps": 4},
            experience_years=8,
            cost_per_h=6_000,
            shift=Shift(start_h=7, end_h=16),
            latitude=52.5,
            longitude=13.4,
        )
    ]


@pytest.fixture(scope="session")
def no_events() -> pd.DataFrame:
    return pd.DataFrame({"machine_id": [], "time": pd.to_datetime([], utc=True), "kind": [], "cause": [], "source": []})


@pytest.fixture(scope="session")
def predict() -> Callable[..., Prediction]:
    """Builder: probability of failure within 168 h, hours to failure, likeliest mode, further fields."""

    def build(
        probability: float | None = 0.925, *, life_h: float = 72.0, mode: str = "bearing_wear", **changes: Any
    ) -> Prediction:
        enough = {"enough": True} if probability is not None else NOT_ENOUGH
        spread = [AS_OF + timedelta(hours=life_h * share) for share in (0.5, 1.0, 1.5)]
        life = {"median": life_h, "lower": life_h / 2, "upper": life_h * 1.5}
        values: dict[str, Any] = {
            "prediction_id": f"prediction {probability} {life_h} {mode}",
            "machine_id": "solar_pump_001",
            "as_of": AS_OF,
            "data_until": AS_OF,
            "status": MachineStatus.ONLINE,
            "readings": 500,
            "horizons": {"critical": 24, "warning": 168, "degrading": 720},
            "health_evidence": enough,
            "health_state": 0 if probability is not None else None,
            "health_probabilities": (0.7, 0.1, 0.1, 0.1) if probability is not None else None,
            "health_score": 65.0 if probability is not None else None,
            "remaining_useful_life": {
                "life_unit": "operating_h",
                "evidence": enough,
                "basis": "model" if probability is not None else "none",
                "life": life if probability is not None else None,
                "expected_failure_at": spread if probability is not None else None,
            },
            "failure_probability": [{"hours": 168, "probability": probability}] if probability is not None else [],
            "anomaly_evidence": {"enough": True},
            "diagnosis": {
                "modes": [{"mode": mode, "probability": 0.9}, {"mode": "dry_run", "probability": 0.1}],
                "method": "classifier",
            },
            "reasons": ["vibration rises"],
            **changes,
        }
        return Prediction.model_validate(values)

    return build


@pytest.fixture(scope="session")
def crossing() -> Callable[..., dict[str, Any]]:
    def build(severity: str = "CRITICAL") -> dict[str, Any]:
        return {
            "sensor": "vibration_rms_mm_s",
            "severity": severity,
            "value": 4.6,
            "limit": 4.0,
            "direction": "above",
            "unit": "mm/s",
            "standard": "ISO 10816-7",
            "since": AS_OF - timedelta(hours=3),
            "readings": 3,
        }

    return build
