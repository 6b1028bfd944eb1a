"""Runs of the maintenance cycle and their recorded steps (C1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, UtcTime


class StepState(StrEnum):
    """State of a recorded step of the maintenance cycle."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


CYCLE_STEPS = ("predict", "analyse", "report", "inventory", "assign", "notify")


class CycleStep(Frozen):
    """One recorded step (C1)."""

    step_id: str
    run_id: str
    number: int = Field(ge=1, le=6)
    name: Literal["predict", "analyse", "report", "inventory", "assign", "notify"]
    state: StepState
    started_at: UtcTime
    ended_at: UtcTime | None = None
    details: str = ""
    result: dict[str, object] = {}


class CycleRun(Frozen):
    """One run of the maintenance cycle for one machine; its id is fixed by machine, as-of and model versions."""

    run_id: str
    machine_id: MachineId
    as_of: UtcTime
    model_versions: dict[str, str]
    state: Literal["running", "done", "failed"]
    started_at: UtcTime
    ended_at: UtcTime | None = None
    outcome: str = ""
    order_id: str | None = None
    simulated: bool = False
