"""Background jobs, how far they are, and the schedules that submit them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from workbench.domain.base import Change
from workbench.domain.jobs import Job, JobProgress, JobState, Schedule
from workbench.store import tables

from .base import BodyRepository, Directory, log_change, rows_as_dicts


class Jobs(BodyRepository[Job]):
    """Background work, newest first."""

    table, model, entity = tables.jobs, Job, "job"
    newest_first = ("submitted_at",)

    def add(self, job: Job, change: Change) -> bool:
        """Record a job; say whether it is new: one with the same id is there already, nothing happens."""
        with self._database.writing() as session:
            return self._add(session, job, change)

    def change(
        self, job_id: str, change: Change, *, expected: Collection[JobState] | None = None, **fields: Any
    ) -> Job | None:
        """Change fields of a job and return it; None, and nothing changed, when it is in none of the ``expected`` states.

        Raises ``NotFound`` for an unknown job.
        """
        with self._database.writing() as session:
            job = self._need(session, job_id, lock=True)
            if expected is not None and job.state not in expected:
                return None
            changed = Job.model_validate({**job.model_dump(), **fields})
            self._put(session, changed, change, changed.state.value)
            return changed

    def recent(self, limit: int = 100, states: Sequence[JobState] | None = None) -> list[Job]:
        """Return the newest ``limit`` jobs, of all states or of some, newest first."""
        where = [] if states is None else [self.table.c.state.in_([state.value for state in states])]
        with self._database.reading() as session:
            return self._select(session, *where, limit=limit)

    def of_schedule(self, schedule_id: str, limit: int = 20) -> list[Job]:
        """Return the newest jobs that a schedule submitted, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.schedule_id == schedule_id, limit=limit)

    def set_progress(self, job_id: str, fraction: float, message: str, at: datetime) -> None:
        """Note how far a job is; this alone is kept without a row in the event log."""
        table = tables.job_progress
        values = {"fraction": min(max(fraction, 0.0), 1.0), "message": message[:500], "at": at}
        with self._database.writing() as session:
            done = session.execute(update(table).where(table.c.job_id == job_id).values(values))
            if not done.rowcount:  # type: ignore[attr-defined]
                session.execute(insert(table).values(job_id=job_id, **values))

    def progress(self, job_ids: Sequence[str]) -> dict[str, JobProgress]:
        """Return how far the jobs are; a job that nobody began is not in the answer."""
        query = select(tables.job_progress).where(tables.job_progress.c.job_id.in_(job_ids))
        with self._database.reading() as session:
            rows = rows_as_dicts(session.execute(query))
        return {row["job_id"]: JobProgress(**row) for row in rows}


class Schedules(Directory[Schedule]):
    """When jobs are submitted again and again."""

    table, model, entity = tables.schedules, Schedule, "schedule"

    def remove(self, schedule_id: str, change: Change) -> None:
        """Remove a schedule; the jobs that it submitted stay. Raises ``NotFound``."""
        with self._database.writing() as session:
            schedule = self._need(session, schedule_id, lock=True)
            session.execute(delete(self.table).where(self._key == schedule_id))
            before = schedule.model_dump_json()
            log_change(session, change, self.entity, schedule_id, "removed", before=before, after=None)
