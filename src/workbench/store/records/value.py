"""The value ledger: what predictions were worth, only ever added to."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.value import ValueEntry, ValueKind
from workbench.store import tables

from .base import Journal


class ValueEntries(Journal[ValueEntry]):
    """Entries of the value ledger; a correction adds a reversal."""

    table, model, entity = tables.value_entries, ValueEntry, "value_entry"
    newest_first = ("at",)

    def between(self, start: datetime | None = None, end: datetime | None = None) -> list[ValueEntry]:
        """Return the entries from ``start`` until before ``end`` (None: without bound), newest first."""
        where = [] if start is None else [self.table.c.at >= start]
        where += [] if end is None else [self.table.c.at < end]
        with self._database.reading() as session:
            return self._select(session, *where)

    def standing(self, order_id: str) -> ValueEntry | None:
        """Return the entry of an order that no other one takes back, or None."""
        with self._database.reading() as session:
            entries = self._select(session, self.table.c.order_id == order_id)
        reversed_ = {entry.reverses for entry in entries}
        standing = [e for e in entries if e.kind is not ValueKind.REVERSAL and e.entry_id not in reversed_]
        return standing[0] if standing else None
