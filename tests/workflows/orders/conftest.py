"""A plant with one pump, people and parts, without telemetry; orders that rest on a prediction or were raised by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import made_once

from workbench.domain.closeout import Findings
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import Prediction
from workbench.domain.work import Priority, WorkOrder
from workbench.workflows.impact import assess_machine
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workspace import Workspace

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
PUMP = "pump_grundfos_cr3_004"


def _make(path: Path) -> None:
    with create_workspace(path, settings={"name": "Pumps", "as_of": NOW.isoformat()}) as ws:
        add_catalogue(ws, only=(PUMP,))


@pytest.fixture(scope="session")
def works_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "works", _make)


@pytest.fixture
def works(works_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the plant, to be changed at will."""
    shutil.copytree(works_path, tmp_path / "works")
    with Workspace.open(tmp_path / "works") as ws:
        yield ws


def prediction(as_of: datetime = NOW, probability: float | None = 0.4, mode: str = "bearing_wear") -> Prediction:
    known = probability is not None
    evidence = {"enough": True} if known else {"enough": False, "reasons": ["0 of 5 failures needed"]}
    values: dict[str, Any] = {
        "prediction_id": f"{PUMP} {as_of} {probability} {mode}",
        "machine_id": PUMP,
        "as_of": as_of,
        "data_until": as_of,
        "status": MachineStatus.ONLINE,
        "readings": 500,
        "horizons": {"critical": 24, "warning": 168, "degrading": 720},
        "health_evidence": evidence,
        "remaining_useful_life": {"life_unit": "operating_h", "evidence": evidence, "basis": "none"},
        "failure_probability": [{"hours": 168, "probability": probability}] if known else [],
        "anomaly_evidence": {"enough": True},
        "diagnosis": {"modes": [{"mode": mode, "probability": 1.0}], "method": "symptom_table"},
        "reasons": ["vibration rises"],
    }
    return Prediction.model_validate(values)


@pytest.fixture
def predicted() -> Callable[..., WorkOrder]:
    """``predicted(ws, hours=-24, probability=0.4, started=True)``: an order of the cycle, opened so many hours from as-of."""

    def make(
        ws: Workspace,
        hours: float = -24,
        probability: float | None = 0.4,
        mode: str = "bearing_wear",
        *,
        started: bool = True,
        **fields: Any,
    ) -> WorkOrder:
        from workbench.workflows.orders import start_order

        said = prediction(NOW + timedelta(hours=hours), probability, mode)
        change = ws.change("test")
        number = ws.orders.next_number(2026)
        with ws.transaction() as tx:
            tx.predictions.add(said, change)
            tx.packages.add(assess_machine(tx, said), change)
            known = {
                "order_id": f"order {number}", "number": number, "machine_id": PUMP, "failure_mode": mode,
                "title": "Bearing wear", "priority": Priority.HIGH, "created_at": said.as_of, "due_at": NOW,
                "technician_id": "tech_anna_bruns", "steps": (), "labour_h": 12, "estimated_cost": 0,
                "prediction_id": said.prediction_id, "evidence": (said.prediction_id,),
            }  # fmt: skip
            order, _ = tx.orders.open_or_support(WorkOrder.model_validate({**known, **fields}), change)
        return start_order(ws, number, at=said.as_of) if started else order

    return make


@pytest.fixture
def findings() -> Callable[..., Findings]:
    """``findings(found=..., ...)``: by default a worn bearing replaced in time."""

    def make(**fields: Any) -> Findings:
        known = {"found": "bearing_wear", "done": "replaced", "as_found": "degraded", "hours_worked": 10}
        return Findings.model_validate({**known, **fields})

    return make
