"""What is done about it: cases, work orders, what the technician reads, and messages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workbench.domain.base import Change, Frozen, stable_id
from workbench.domain.predictions import LimitCrossing, Severity
from workbench.domain.work import Case, CaseState, DispatchReport, Notice, WorkOrder
from workbench.errors import WorkbenchError
from workbench.store import tables

from .base import BodyRepository, Directory, Journal, Repository, log_change, rows_as_dicts

B = TypeVar("B", bound=Frozen)

_SEVERITIES = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
# Others may insert between our look and our insert; each try looks again.
_TRIES = 5


class Cases(BodyRepository[Case]):
    """Matters to look into, at most one open for each machine and cause."""

    table, model, entity = tables.cases, Case, "case"
    newest_first = ("opened_at",)

    def observe(self, case: Case, change: Change) -> Case:
        """Open a case, or add what was seen to the one that is open for its machine and cause.

        Seen again at a later time it counts one occurrence more; the same observation again changes nothing.
        """
        with self._database.writing() as session:
            for _ in range(_TRIES):
                seen = self._observe(session, case, change)
                if seen is not None:
                    return seen
        raise WorkbenchError(f"Case {case.case_id} of {case.machine_id} keeps changing.", "Run the command again.")

    def _observe(self, session: Session, case: Case, change: Change) -> Case | None:
        same = (self.table.c.machine_id == case.machine_id, self.table.c.cause == case.cause)
        unresolved = self._select(session, *same, tables.OPEN_CASE, lock=True)
        if unresolved:
            merged = _merged(unresolved[0], case)
            self._put(session, merged, change, "seen")
            return merged
        earlier = self._find(session, case.case_id)
        if earlier is not None:
            if case.last_seen_at <= earlier.last_seen_at:
                return earlier
            # It was resolved and has come back: that is another case.
            case = case.model_copy(update={"case_id": stable_id(case.case_id, case.last_seen_at.isoformat())})
        return case if _inserted(self, session, case, change) else None

    def resolve(self, case_id: str, change: Change) -> None:
        """Close a case; one that is closed stays as it is. Raises ``NotFound``."""
        with self._database.writing() as session:
            case = self._need(session, case_id, lock=True)
            self._put(session, case.model_copy(update={"state": CaseState.RESOLVED}), change, "resolved")

    def open(self, machine_id: str | None = None) -> list[Case]:
        """Return the cases that are not resolved, of one machine or of all, newest first."""
        return _open(self, tables.OPEN_CASE, machine_id)


def _merged(known: Case, seen: Case) -> Case:
    later = seen.last_seen_at > known.last_seen_at
    crossings: dict[tuple[str, str, Severity], LimitCrossing] = {}
    for crossing in (*known.evidence, *seen.evidence) if later else (*seen.evidence, *known.evidence):
        key = (crossing.sensor, crossing.direction, crossing.severity)
        first = min(crossing.since, crossings[key].since) if key in crossings else crossing.since
        crossings[key] = crossing.model_copy(update={"since": first})
    return known.model_copy(
        update={
            "last_seen_at": max(known.last_seen_at, seen.last_seen_at),
            "severity": max(known.severity, seen.severity, key=_SEVERITIES.index),
            "summary": seen.summary if later else known.summary,
            "evidence": tuple(crossings[key] for key in sorted(crossings)),
            "occurrences": known.occurrences + (1 if later else 0),
        }
    )


class Orders(BodyRepository[WorkOrder]):
    """Work orders, at most one open for each machine and failure mode."""

    table, model, entity = tables.work_orders, WorkOrder, "work_order"
    newest_first = ("created_at",)

    def open_or_support(self, order: WorkOrder, change: Change) -> tuple[WorkOrder, bool]:
        """Open ``order``, or add its prediction to the evidence of the order that is open already.

        Returns:
            The order that stands now, and whether it is the new one. A number that another order took
            meanwhile is replaced by the next free one.
        """
        with self._database.writing() as session:
            for _ in range(_TRIES):
                stands = self._open_or_support(session, order, change)
                if stands is not None:
                    return stands
        raise WorkbenchError(f"Order {order.order_id} of {order.machine_id} keeps changing.", "Run the command again.")

    def _open_or_support(self, session: Session, order: WorkOrder, change: Change) -> tuple[WorkOrder, bool] | None:
        known = self._find(session, order.order_id, lock=True)
        if known is None:
            same = (self.table.c.machine_id == order.machine_id, self.table.c.failure_mode == order.failure_mode)
            standing = self._select(session, *same, tables.OPEN_ORDER, lock=True)
            known = standing[0] if standing else None
        if known is not None:
            supported = _supported(known, order.prediction_id)
            self._put(session, supported, change, "supported")
            return supported, False
        new = _supported(order, order.prediction_id)
        if session.scalar(select(self.table.c.number).where(self.table.c.number == order.number)) is not None:
            new = new.model_copy(update={"number": self._next_number(session, order.created_at.year)})
        return (new, True) if _inserted(self, session, new, change) else None

    def update(self, order: WorkOrder, change: Change) -> None:
        """Write a changed order over the recorded one; raises ``NotFound`` when there is none."""
        with self._database.writing() as session:
            self._need(session, order.order_id)
            self._put(session, order, change)

    def open(self, machine_id: str | None = None) -> list[WorkOrder]:
        """Return the orders that are neither done nor cancelled, of one machine or of all, newest first."""
        return _open(self, tables.OPEN_ORDER, machine_id)

    def of_machine(self, machine_id: str) -> list[WorkOrder]:
        """Return the orders of one machine in whatever state, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.machine_id == machine_id)

    def next_number(self, year: int) -> str:
        """Return the number after the highest of ``year``, such as ``WO-2026-0001``."""
        with self._database.reading() as session:
            return self._next_number(session, year)

    def _next_number(self, session: Session, year: int) -> str:
        prefix = f"WO-{year}-"
        numbers = session.scalars(select(self.table.c.number).where(self.table.c.number.startswith(prefix)))
        taken = [int(match[1]) for number in numbers if (match := re.fullmatch(rf"{prefix}(\d+)", number))]
        return f"{prefix}{max(taken, default=0) + 1:04d}"


def _supported(order: WorkOrder, prediction_id: str | None) -> WorkOrder:
    if prediction_id is None or prediction_id in order.evidence:
        return order
    return order.model_copy(update={"evidence": (*order.evidence, prediction_id)})


def _open(repository: BodyRepository[B], condition: ColumnElement[bool], machine_id: str | None) -> list[B]:
    where = [condition]
    if machine_id is not None:
        where.append(repository.table.c.machine_id == machine_id)
    with repository._database.reading() as session:
        return repository._select(session, *where)


def _inserted(repository: BodyRepository[B], session: Session, item: B, change: Change) -> bool:
    """Insert ``item``; False when another process has just inserted one that excludes it."""
    try:
        return repository._add(session, item, change)
    except IntegrityError as error:
        if "foreign key" in str(error.orig).lower():
            raise
        return False


class DispatchReports(Directory[DispatchReport]):
    """What technicians read."""

    table, model, entity = tables.dispatch_reports, DispatchReport, "dispatch_report"
    newest_first = ("created_at",)

    def for_order(self, order_id: str) -> DispatchReport | None:
        """Return the newest report of an order, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.order_id == order_id, limit=1)
        return found[0] if found else None


@dataclass(frozen=True)
class DispatchEntry:
    """One thing that happened to an order."""

    order_id: str
    machine_id: str
    event: str
    details: dict[str, Any]
    at: datetime
    actor: str


class DispatchHistory(Repository):
    """What happened to each order, in sequence."""

    def add(self, order_id: str, machine_id: str, event: str, details: dict[str, Any], change: Change) -> None:
        """Note that ``event`` happened to the order; ``details`` is plain JSON."""
        table, body = tables.dispatch_history, json.dumps(details)
        row = {"order_id": order_id, "machine_id": machine_id, "event": event, "details": body}
        with self._database.writing() as session:
            session.execute(insert(table).values(**row, at=change.at, actor=change.actor.id))
            log_change(session, change, "dispatch_history", order_id, event, before=None, after=body)

    def for_order(self, order_id: str) -> list[DispatchEntry]:
        """Return what happened to one order, oldest first."""
        return self._entries(tables.dispatch_history.c.order_id == order_id)

    def all(self) -> list[DispatchEntry]:
        """Return what happened to all orders, oldest first."""
        return self._entries()

    def _entries(self, *where: ColumnElement[bool]) -> list[DispatchEntry]:
        table = tables.dispatch_history
        names = ("order_id", "machine_id", "event", "details", "at", "actor")
        query = select(*(table.c[name] for name in names)).where(*where).order_by(table.c.number)
        with self._database.reading() as session:
            rows = rows_as_dicts(session.execute(query))
        return [DispatchEntry(**{**row, "details": json.loads(row["details"])}) for row in rows]


class Notices(Journal[Notice]):
    """Messages to people and how far they got."""

    table, model, entity = tables.notices, Notice, "notice"
    newest_first = ("created_at",)

    def all(self, state: str | None = None) -> list[Notice]:
        """Return all messages, or those in one state, newest first."""
        where = [] if state is None else [self.table.c.state == state]
        with self._database.reading() as session:
            return self._select(session, *where)

    def mark(self, notice_id: str, state: str, change: Change) -> None:
        """Record how far a message got: queued, sending, sent or failed. Raises ``NotFound``."""
        with self._database.writing() as session:
            notice = self._need(session, notice_id, lock=True)
            marked = Notice.model_validate({**notice.model_dump(), "state": state})
            self._put(session, marked, change, state)

    def outbox(self) -> list[Notice]:
        """Return the e-mails that are not settled, queued or being sent; the least tried first, then the oldest."""
        where = (self.table.c.channel == "email", self.table.c.state.in_(("queued", "sending")))
        with self._database.reading() as session:
            found = self._select(session, *where)
        return sorted(found, key=lambda notice: (notice.attempts, notice.created_at, notice.notice_id))

    def replace(self, seen: Notice, change: Change, **fields: Any) -> Notice | None:
        """Change fields of a message that still is as ``seen``, and return it; None when another process changed it.

        Raises ``NotFound`` when it is not recorded.
        """
        with self._database.writing() as session:
            if self._need(session, seen.notice_id, lock=True) != seen:
                return None
            changed = Notice.model_validate({**seen.model_dump(), **fields})
            self._put(session, changed, change, changed.state)
            return changed
