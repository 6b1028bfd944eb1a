"""Runs of the maintenance cycle and their recorded steps."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from workbench.domain.base import Change
from workbench.domain.runs import CycleRun, CycleStep
from workbench.store import tables

from .base import BodyRepository


class _Steps(BodyRepository[CycleStep]):
    table, model, entity = tables.cycle_steps, CycleStep, "cycle_step"


class Runs(BodyRepository[CycleRun]):
    """One run per machine, as-of and model versions; what it did step by step."""

    table, model, entity = tables.cycle_runs, CycleRun, "cycle_run"
    newest_first = ("started_at",)

    def start(self, run: CycleRun, change: Change) -> None:
        """Record a run; one with the same id is there already: nothing happens."""
        with self._database.writing() as session:
            self._add(session, run, change)

    def record(self, step: CycleStep, change: Change) -> None:
        """Record a step, or write its new state over the one with its id."""
        with self._database.writing() as session:
            _Steps(self._database)._put(session, step, change, step.state.value)

    def finish(
        self,
        run_id: str,
        state: Literal["running", "done", "failed"],
        outcome: str,
        order_id: str | None,
        ended_at: datetime,
        change: Change,
    ) -> None:
        """Record how the run ended; raises ``NotFound`` for a run that was never started."""
        ended = {"state": state, "outcome": outcome, "order_id": order_id, "ended_at": ended_at}
        with self._database.writing() as session:
            run = self._need(session, run_id, lock=True)
            self._put(session, run.model_copy(update=ended), change, state)

    def steps(self, run_id: str) -> list[CycleStep]:
        """Return the run's steps in order."""
        with self._database.reading() as session:
            found = _Steps(self._database)._select(session, tables.cycle_steps.c.run_id == run_id)
        return sorted(found, key=lambda step: step.number)

    def running(self, since: datetime | None = None) -> list[CycleRun]:
        """Return the runs that have not ended, of all or of those begun ``since`` then, newest first."""
        begun = [] if since is None else [self.table.c.started_at >= since]
        with self._database.reading() as session:
            return self._select(session, self.table.c.state == "running", *begun)

    def all(self, limit: int = 100) -> list[CycleRun]:
        """Return the newest ``limit`` runs, newest first."""
        with self._database.reading() as session:
            return self._select(session, limit=limit)
