"""The embedded fleet, simulated once for all tests of the twin, and a small machine of our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest

from workbench.catalog import load_catalogue
from workbench.domain.equipment import MachineProfile
from workbench.twin import SimulatedFleet, simulate_fleet

START = datetime(2025, 7, 5, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Embedded:
    profiles: tuple[MachineProfile, ...]
    fleet: SimulatedFleet
    seconds: float


@pytest.fixture(scope="session")
def embedded() -> Embedded:
    """180 days hourly of the 26 machines with seed 0, as the product ships them."""
    catalogue = load_catalogue()
    began = perf_counter()
    fleet = simulate_fleet(catalogue.machines, start=START, end=END, seed=0, sites=catalogue.sites)
    return Embedded(tuple(catalogue.machines), fleet, perf_counter() - began)


def _sensor(name: str, unit: str, quantity: str, role: str = "indicator", low: float = -1e3) -> dict[str, Any]:
    normal = {"normal_low": max(low, 0.0), "normal_high": 500.0}
    return {
        "name": name,
        "unit": unit,
        "quantity": quantity,
        "role": role,
        "physical_low": low,
        "physical_high": 1e3,
        **normal,
    }


@pytest.fixture
def small_pump() -> Callable[..., MachineProfile]:
    """Build a pump with three sensors and one fast fault; keyword arguments change its twin section."""

    def build(machine_id: str = "pump_small_001", **twin: Any) -> MachineProfile:
        section = {
            "duty": "continuous",
            "load_mean": 0.7,
            "sensors": {
                "load_pct": {"base": 0, "load_gain": 100, "noise_sd": 1.0, "off_value": 0},
                "ambient_temp_C": {"base": 20, "ambient_gain": 1.0, "noise_sd": 0.2},
                "bearing_temp_C": {"base": 30, "load_gain": 20, "ambient_gain": 0.8, "noise_sd": 0.5, "lag_h": 2.0},
            },
            "faults": {"bearing_wear": {"life_h": 700, "shape": 2.0, "effects": {"bearing_temp_C": 20.0}}},
        }
        mode = {
            "name": "bearing_wear",
            "title": "Bearing wear",
            "iso14224_code": "VIB",
            "mechanism": "Spalling.",
            "indicator": "bearing_temp_C",
            "pf_interval_h": [150, 300],
            "symptoms": [{"sensor": "bearing_temp_C", "direction": "rises"}],
            "repair": {"skill": "mechanical", "labour_h": 8, "repair_h": 6, "steps": ["Replace the bearing."]},
        }
        return MachineProfile.model_validate(
            {
                "machine_id": machine_id,
                "machine_type": "pump",
                "title": "Small pump",
                "manufacturer": "Generic",
                "model": "Test bench",
                "site_id": "bench",
                "sensors": [
                    _sensor("load_pct", "%", "other", "operating"),
                    _sensor("ambient_temp_C", "degC", "temperature", "operating"),
                    _sensor("bearing_temp_C", "degC", "temperature"),
                ],
                "failure_modes": [mode],
                "twin": section | twin,
            }
        )

    return build
