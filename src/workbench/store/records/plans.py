"""Plans of work: every one that was made, of which one is published."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from workbench.domain.base import Change, UtcTime
from workbench.domain.plans import WorkPlan
from workbench.store import tables

from .base import Journal


class _End(BaseModel):
    order_id: str
    ends_at: UtcTime


class _Ends(BaseModel):
    """Of a plan, when its work ends."""

    assignments: tuple[_End, ...]


class WorkPlans(Journal[WorkPlan]):
    """Plans of work, newest first. What one holds never changes, only whether people follow it."""

    table, model, entity = tables.work_plans, WorkPlan, "work_plan"
    newest_first = ("recorded_at",)

    def published(self) -> WorkPlan | None:
        """Return the plan that people follow now, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.state == "published", limit=1)
        return found[0] if found else None

    def proposed(self) -> WorkPlan | None:
        """Return the proposal made last, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.state == "proposed", limit=1)
        return found[0] if found else None

    def followed(self, at: datetime) -> WorkPlan | None:
        """Return the plan made last of those that were published as of no later than ``at``, or None."""
        published = self.table.c.state.in_(("published", "replaced"))
        with self._database.reading() as session:
            found = self._select(session, published, self.table.c.as_of <= at, limit=1)
        return found[0] if found else None

    def planned_ends(self) -> dict[str, datetime]:
        """Return when each order was to be done by the plan published last that holds it."""
        ends: dict[str, datetime] = {}
        for _, plan in self._shaped(self.table.c.state, ("published", "replaced"), _Ends):
            own: dict[str, datetime] = {}
            for work in plan.assignments:
                own[work.order_id] = max(work.ends_at, own.get(work.order_id, work.ends_at))
            ends = own | ends
        return ends

    def publish(self, plan: WorkPlan, change: Change, at: datetime) -> WorkPlan:
        """Record ``plan`` as the one that people follow; the one before counts as replaced."""
        with self._database.writing() as session:
            for before in self._select(session, self.table.c.state == "published", lock=True):
                if before.plan_id != plan.plan_id:
                    self._put(session, before.model_copy(update={"state": "replaced"}), change, "replaced")
            said = {"state": "published", "published_at": at, "published_by": change.actor.id}
            published = plan.model_copy(update=said)
            self._put(session, published, change, "published")
            return published
