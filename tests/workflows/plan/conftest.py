"""The embedded fleet's machines and people on a Monday morning, without readings, and orders for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import extra, made_once

from workbench.domain.work import Priority, WorkOrder
from workbench.workflows.onboard import create_workspace
from workbench.workspace import Workspace

MONDAY = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)  # 05:00 in Bremen
MOTOR, FAN, CHILLER, SOLAR = (
    "motor_siemens_1la7_001",
    "fan_nicotra_gebhardt_rdh_014",
    "chiller_carrier_30xw_018",
    "solar_pump_lorentz_ps2_026",
)


@pytest.fixture(scope="session")
def staffed(tmp_path_factory) -> Path:
    """Path of a workspace with machines, sites, technicians and parts; never change it."""
    extra("optimize", "ortools")

    def make(path: Path) -> None:
        create_workspace(path, settings={"as_of": MONDAY.isoformat()}, machines=True).close()

    return made_once(tmp_path_factory, "staffed", make)


@pytest.fixture
def works(staffed, tmp_path) -> Iterator[Workspace]:
    """A copy of it, to be changed at will."""
    shutil.copytree(staffed, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture(scope="session")
def ordered() -> Callable[..., WorkOrder]:
    """Open an order for a machine: ``ordered(ws, number, machine_id, skill=.., labour_h=.., ...)``."""

    def put(ws: Workspace, number: int, machine_id: str = MOTOR, **fields: Any) -> WorkOrder:
        values: dict[str, Any] = {
            "order_id": f"order {number}",
            "number": f"WO-2026-{number:04d}",
            "machine_id": machine_id,
            "failure_mode": f"mode {number}",
            "title": f"Work {number}",
            "priority": Priority.HIGH,
            "created_at": MONDAY - timedelta(hours=1),
            "due_at": MONDAY + timedelta(days=2),
            "steps": ("Look.",),
            "labour_h": 2.0,
            "skill": "mechanical",
            "estimated_cost": 0,
            **fields,
        }
        order, _ = ws.orders.open_or_support(WorkOrder.model_validate(values), ws.change("test"))
        return order

    return put
