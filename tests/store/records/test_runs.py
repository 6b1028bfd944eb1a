"""Runs of the maintenance cycle and their steps survive being recorded twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.base import Change
from workbench.domain.runs import CYCLE_STEPS, CycleRun, CycleStep, StepState
from workbench.errors import NotFound
from workbench.store.database import Database
from workbench.store.records import EventLog, Runs

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _run(run_id: str = "r1", minutes: int = 0) -> CycleRun:
    return CycleRun(
        run_id=run_id,
        machine_id="pump_01",
        as_of=NOW,
        model_versions={"health": "v1"},
        state="running",
        started_at=NOW + timedelta(minutes=minutes),
    )


def _step(number: int, state: StepState) -> CycleStep:
    return CycleStep(
        step_id=f"s{number}",
        run_id="r1",
        number=number,
        name=CYCLE_STEPS[number - 1],
        state=state,
        started_at=NOW,
        result={"probability": 0.25},
    )


def test_a_run_is_recorded_step_by_step(fleet: Database, change: Change) -> None:
    runs = Runs(fleet)
    for _ in range(2):
        runs.start(_run(), change)
    for number in (2, 1):
        runs.record(_step(number, StepState.RUNNING), change)
        runs.record(_step(number, StepState.DONE), change)
    assert runs.steps("r1") == [_step(1, StepState.DONE), _step(2, StepState.DONE)]
    runs.finish("r1", "done", "order opened", "o1", NOW + timedelta(seconds=3), change)
    ended = runs.get("r1")
    assert (ended.state, ended.outcome, ended.order_id) == ("done", "order opened", "o1")
    assert ended.ended_at == NOW + timedelta(seconds=3)
    assert [entry.action for entry in EventLog(fleet).entries("cycle_run")] == ["done", "added"]
    assert [entry.action for entry in EventLog(fleet).entries("cycle_step", "s1")] == ["done", "added"]


def test_the_newest_runs_come_first(fleet: Database, change: Change) -> None:
    runs = Runs(fleet)
    for number in range(5):
        runs.start(_run(f"r{number}", minutes=number), change)
    assert [run.run_id for run in runs.all(limit=2)] == ["r4", "r3"]
    assert len(runs.all()) == 5
    assert runs.find("r4") == _run("r4", minutes=4)
    assert runs.find("none") is None


def test_a_run_that_was_never_started_cannot_end(fleet: Database, change: Change) -> None:
    with pytest.raises(NotFound):
        Runs(fleet).finish("r9", "failed", "", None, NOW, change)
