"""A small plant with one pump, the embedded catalogue's parts and suppliers, and people with their roles."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import made_once

from workbench.domain.base import Actor, Role
from workbench.domain.work import PartLine, Priority, WorkOrder
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workspace import Workspace

AT = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PUMP = "pump_grundfos_cr3_004"
PART = "pump_bearing_set"
SETTINGS = {"name": "Stores", "as_of": AT.isoformat()}
OLGA = Actor(id="olga", role=Role.OPERATOR)
SAM = Actor(id="sam", role=Role.SUPERVISOR)
SUE = Actor(id="sue", role=Role.SUPERVISOR)
VERA = Actor(id="vera", role=Role.VIEWER)


def make_plant(path: Path, **settings: Any) -> None:
    """Make a workspace with one machine; of the part there are 4, reorder level 2."""
    with create_workspace(path, settings={**SETTINGS, **settings}) as ws:
        add_catalogue(ws, only=(PUMP,))


@pytest.fixture(scope="session")
def plant_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "stores", make_plant)


@pytest.fixture
def ws(plant_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(plant_path, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as workspace:
        yield workspace


def open_order(ws: Workspace, name: str, needed: int, *, due_days: float, part_id: str = PART) -> WorkOrder:
    """Open an order that needs pieces of a part, and set aside what is free."""
    with ws.transaction() as tx:
        change = tx.change("a test")
        line = PartLine(
            part_id=part_id, title=part_id, needed=needed, available=0, reserve=0, to_order=needed, unit_cost=1,
            lead_time_days=4,
        )  # fmt: skip
        order = WorkOrder(
            order_id=name, number=tx.orders.next_number(2026), machine_id=PUMP, failure_mode=f"reported {name}",
            title="Bearings", priority=Priority.HIGH, created_at=AT, due_at=AT + due_days * DAY, steps=("Change them.",),
            parts=(line,), labour_h=2, estimated_cost=0, raised_by="hand",
        )  # fmt: skip
        order, _ = tx.orders.open_or_support(order, change)
        tx.parts.reserve(name, [(part_id, needed)], change)
    return order


@pytest.fixture
def short() -> Callable[..., WorkOrder]:
    """Open an order that needs pieces of a part: ``short(ws, name, needed, due_days=..)``."""
    return open_order
