"""What is done about it: work orders, what the technician reads, and what happened to orders."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, func, insert, select
from sqlalchemy.orm import Session

from workbench.domain.base import Change
from workbench.domain.work import OPEN_ORDER_STATES, DispatchReport, OrderState, WorkOrder
from workbench.errors import NotFound, WorkbenchError
from workbench.store import tables

from .base import BodyRepository, Directory, Repository, log_change, rows_as_dicts

# Others may insert between our look and our insert; each try looks again.
_TRIES = 5
# Names the lock that those who number tickets hold, among the locks of the database.
_NUMBERING = 7_679_003


class _Number(BaseModel):
    number: str


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
        return (new, True) if self._inserted(session, new, change) else None

    def advance(
        self, order_id: str, step: Callable[[WorkOrder], WorkOrder], change: Change, action: str = "changed"
    ) -> WorkOrder:
        """Take the order as it stands now, one ``step`` further, and return it; ``step`` may refuse by raising.

        Nobody else can change the order in between: of two who take the same step one is refused. Raises ``NotFound``.
        """
        with self._database.writing() as session:
            after = step(self._need(session, order_id, lock=True))
            self._put(session, after, change, action)
            return after

    def lock(self, order_id: str) -> WorkOrder:
        """Return an order that nobody else changes until this transaction ends; raises ``NotFound``."""
        with self._database.writing() as session:
            return self._need(session, order_id, lock=True)

    def by_number(self, number: str) -> WorkOrder:
        """Return the order with this number, in whatever case it is written; raises ``NotFound``."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.number == number.strip().upper())
        if not found:
            raise NotFound(f"There is no order {number!r}.", "List them: workbench orders list")
        return found[0]

    def numbers(self, order_ids: Iterable[str]) -> dict[str, str]:
        """Return the numbers of these orders by their ids; ids of no order are left out."""
        return {key: one.number for key, one in self._shaped(self.table.c.order_id, order_ids, _Number)}

    def page(
        self, states: Sequence[OrderState] = OPEN_ORDER_STATES, *, limit: int = 100, offset: int = 0
    ) -> tuple[list[WorkOrder], int]:
        """Return orders in these states, the most urgent and soonest due first, and how many there are in all."""
        table = self.table
        wanted = table.c.state.in_([state.value for state in states])
        order = (table.c.priority, table.c.due_at, table.c.number)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(table).where(wanted)) or 0
            bodies = session.scalars(select(table.c.body).where(wanted).order_by(*order).limit(limit).offset(offset))
            return [WorkOrder.model_validate_json(body) for body in bodies], total

    def update(self, order: WorkOrder, change: Change) -> None:
        """Write a changed order over the recorded one; raises ``NotFound`` when there is none."""
        with self._database.writing() as session:
            self._need(session, order.order_id)
            self._put(session, order, change)

    def open(self, machine_id: str | None = None) -> list[WorkOrder]:
        """Return the orders that are neither done nor cancelled, of one machine or of all, newest first."""
        return self._of_machine(tables.OPEN_ORDER, machine_id)

    def of_machine(self, machine_id: str) -> list[WorkOrder]:
        """Return the orders of one machine in whatever state, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.machine_id == machine_id)

    def next_number(self, year: int) -> str:
        """Return the number after the highest of ``year``, such as ``WO-2026-0001``."""
        with self._database.reading() as session:
            return self._next_number(session, year)

    def claim_number(self, year: int) -> str:
        """Return the next number, which no other claim gets until this transaction ends."""
        with self._database.writing() as session:
            if not self._database.is_sqlite:
                # Of two who claim at once one waits; on SQLite writing transactions exclude each other anyway.
                session.execute(select(func.pg_advisory_xact_lock(_NUMBERING)))
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
