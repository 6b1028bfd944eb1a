"""How work was closed out: what was found and done, one for each order."""

from __future__ import annotations

from workbench.domain.base import Change
from workbench.domain.closeout import CloseOut
from workbench.store import tables

from .base import BodyRepository


class CloseOuts(BodyRepository[CloseOut]):
    """Close-outs by order; the event log keeps what stood before a correction."""

    table, model, entity = tables.close_outs, CloseOut, "close_out"
    newest_first = ("closed_at",)

    def record(self, close_out: CloseOut, change: Change) -> None:
        """Record a close-out, or its next revision over the one that stands."""
        with self._database.writing() as session:
            self._put(session, close_out, change, "corrected")

    def of_machine(self, machine_id: str) -> list[CloseOut]:
        """Return the close-outs of one machine, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.machine_id == machine_id)
