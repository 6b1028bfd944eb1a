"""A pump with three sensors, and records of it that are written as plain lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workbench.alerts import Readings
from workbench.domain.equipment import MachineProfile

HOUR = 3_600_000_000_000


def _sensor(name: str, quantity: str, unit: str, normal: tuple[float, float], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "quantity": quantity,
        "unit": unit,
        "normal_low": normal[0],
        "normal_high": normal[1],
        "physical_low": -50,
        "physical_high": 300,
        **more,
    }


@pytest.fixture(scope="session")
def build_profile() -> Callable[..., MachineProfile]:
    def build(machine_type: str = "pump", **changes: Any) -> MachineProfile:
        limits = {"warning_high": 4.5, "critical_high": 7.1, "standard": "ISO 10816-7", "source": "the maker's manual"}
        document = {
            "machine_id": "pump_test_001",
            "machine_type": machine_type,
            "title": "pump",
            "manufacturer": "maker",
            "model": "model",
            "site_id": "plant",
            "sensors": [
                _sensor("vibration_mm_s", "vibration_velocity", "mm/s", (0, 4), physical_low=0, limits=limits),
                _sensor("bearing_temp_C", "temperature", "degC", (10, 70)),
                _sensor("power_kW", "power", "kW", (0, 60), physical_low=-1),
            ],
        }
        return MachineProfile.model_validate(document | changes)

    return build


@pytest.fixture(scope="session")
def build_readings() -> Callable[..., Readings]:
    """Builder of hourly readings: the vibration given, the other sensors as usual, running unless told."""

    def build(vibration: Any, *, running: Any = None, step: int = HOUR, renewed: Any = (), seed: int = 0) -> Readings:
        values = np.asarray(vibration, dtype=np.float64)
        rng = np.random.default_rng(seed)
        n = len(values)
        others = np.column_stack([rng.normal(50, 2, n), rng.normal(30, 1, n)])
        return Readings(
            time=np.arange(n, dtype=np.int64) * step,
            values=np.column_stack([values, others]),
            running=np.ones(n, dtype=bool) if running is None else np.asarray(running, dtype=bool),
            renewed=np.asarray(renewed, dtype=np.int64),
        )

    return build
