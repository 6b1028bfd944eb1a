"""Procurement: quotes, and purchase orders from proposal to delivery."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.domain.base import Change
from workbench.domain.procurement import OPEN_PURCHASE_STATES, PurchaseOrder, Quote
from workbench.store import tables

from .base import BodyRepository, Journal, not_found

# Names the lock that those who add purchases hold, among the locks of the database.
_NUMBERING = 7_679_002


class Quotes(Journal[Quote]):
    """What suppliers asked for parts."""

    table, model, entity = tables.quotes, Quote, "quote"
    newest_first = ("created_at",)

    def of_part(self, part_id: str, since: datetime) -> list[Quote]:
        """Return the quotes for a part since ``since``, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.part_id == part_id, self.table.c.created_at >= since)


class Purchases(BodyRepository[PurchaseOrder]):
    """Purchase orders."""

    table, model, entity = tables.purchases, PurchaseOrder, "purchase"
    newest_first = ("created_at", "number")

    def add(self, purchase: PurchaseOrder, change: Change) -> PurchaseOrder:
        """Record a new purchase order and return it with its number, the next free one of the year it is made in."""
        with self._database.writing() as session:
            if not self._database.is_sqlite:
                # Of two who add at once one waits, so that they never take the same number.
                session.execute(select(func.pg_advisory_xact_lock(_NUMBERING)))
            number = self._next_number(session, purchase.created_at.year)
            numbered = purchase.model_copy(update={"purchase_id": number, "number": number})
            self._add(session, numbered, change)
            return numbered

    def numbered(self, number: str) -> PurchaseOrder:
        """Return the purchase order with this number; raises ``NotFound``."""
        with self._database.reading() as session:
            return self._numbered(session, number)

    def lock(self, number: str) -> PurchaseOrder:
        """Return a purchase order that nobody else changes until this transaction ends; raises ``NotFound``."""
        with self._database.writing() as session:
            return self._numbered(session, number, lock=True)

    def advance(self, number: str, step: Callable[[PurchaseOrder], PurchaseOrder], change: Change) -> PurchaseOrder:
        """Take the purchase order as it stands now, one ``step`` further, and return it; ``step`` may refuse by raising.

        Nobody else can change it in between: of two who take the same step one is refused. Raises ``NotFound``.
        """
        with self._database.writing() as session:
            after = step(self._numbered(session, number, lock=True))
            self._put(session, after, change, after.state.value)
            return after

    def open(self, part_id: str | None = None) -> list[PurchaseOrder]:
        """Return what is proposed, approved or ordered, of one part or of all, newest first."""
        states = self.table.c.state.in_([state.value for state in OPEN_PURCHASE_STATES])
        of_part = () if part_id is None else (self.table.c.part_id == part_id,)
        with self._database.reading() as session:
            return self._select(session, states, *of_part)

    def latest(self, part_id: str) -> PurchaseOrder | None:
        """Return the newest purchase order for a part, in whatever state, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.part_id == part_id, limit=1)
        return found[0] if found else None

    def _numbered(self, session: Session, number: str, *, lock: bool = False) -> PurchaseOrder:
        found = self._select(session, self.table.c.number == number.strip().upper(), lock=lock)
        if not found:
            raise not_found(self.entity, number, session.scalars(select(self.table.c.number)).all())
        return found[0]

    def _next_number(self, session: Session, year: int) -> str:
        prefix = f"PO-{year}-"
        numbers = session.scalars(select(self.table.c.number).where(self.table.c.number.startswith(prefix)))
        taken = [int(match[1]) for number in numbers if (match := re.fullmatch(rf"{prefix}(\d+)", number))]
        return f"{prefix}{max(taken, default=0) + 1:04d}"
