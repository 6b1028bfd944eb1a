"""Messages to people and how far they got."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from workbench.domain.base import Change
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.domain.work import OrderState, Priority, WorkOrder
from workbench.store import tables

from .base import Journal


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
        """Return what leads outside and is not settled; the least tried first, then the CRITICAL, then the oldest."""
        where = (self.table.c.channel != "in_app", self.table.c.state.in_(("queued", "sending")))
        with self._database.reading() as session:
            found = self._select(session, *where)
        return sorted(
            found,
            key=lambda one: (one.attempts, one.severity is not Severity.CRITICAL, one.created_at, one.notice_id),
        )

    def of_waiting_orders(
        self, priorities: Sequence[Priority], *, order_id: str | None = None
    ) -> list[tuple[WorkOrder, list[Notice]]]:
        """Return the orders of these priorities, or one of them, that nobody has begun, and what was told of each."""
        orders = tables.work_orders
        where: list[ColumnElement[bool]] = [
            orders.c.state.in_([state.value for state in (OrderState.OPEN, OrderState.SCHEDULED)]),
            orders.c.priority.in_([int(priority) for priority in priorities]),
        ]
        if order_id is not None:
            where.append(orders.c.order_id == order_id)
        query = (
            select(orders.c.order_id, orders.c.body, self.table.c.body)
            .join(self.table, self.table.c.order_id == orders.c.order_id)
            .where(*where)
            .order_by(orders.c.order_id, self.table.c.created_at, self.table.c.notice_id)
        )
        told: dict[str, tuple[WorkOrder, list[Notice]]] = {}
        with self._database.reading() as session:
            for key, order, notice in session.execute(query):
                if key not in told:
                    told[key] = (WorkOrder.model_validate_json(order), [])
                told[key][1].append(Notice.model_validate_json(notice))
        return list(told.values())

    def acknowledge(self, notice_id: str, change: Change) -> Notice:
        """Record who has seen a message first, and when; raises ``NotFound``."""
        with self._database.writing() as session:
            notice = self._need(session, notice_id, lock=True)
            if notice.acknowledged_at is None:
                seen = {"acknowledged_at": change.at, "acknowledged_by": change.actor.id}
                notice = notice.model_copy(update=seen)
                self._put(session, notice, change, "acknowledged")
            return notice

    def settle(self, claimed: Notice, change: Change, **fields: Any) -> Notice | None:
        """Record how sending a message ended, and return it; None when another process has claimed it since.

        Raises ``NotFound``.
        """
        with self._database.writing() as session:
            notice = self._need(session, claimed.notice_id, lock=True)
            claim = ("state", "executor_id", "attempts")
            if any(getattr(notice, name) != getattr(claimed, name) for name in claim):
                return None
            settled = Notice.model_validate({**notice.model_dump(), **fields})
            self._put(session, settled, change, settled.state)
            return settled

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
