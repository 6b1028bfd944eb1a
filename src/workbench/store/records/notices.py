"""Messages to people and how far they got."""

from __future__ import annotations

from typing import Any

from workbench.domain.base import Change
from workbench.domain.notices import Notice
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
