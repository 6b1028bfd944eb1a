"""The event log: who changed what, when and why, with the record before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from workbench.store.tables import event_log

from .base import Repository, rows_as_dicts


@dataclass(frozen=True)
class LogEntry:
    """One change; ``before`` and ``after`` are the record as JSON, None where there was none."""

    number: int
    at: datetime
    actor: str
    role: str
    reason: str
    entity: str
    key: str
    action: str
    before: str | None
    after: str | None


class EventLog(Repository):
    """Reads the log; every repository writes it in the transaction of its own change."""

    def entries(self, entity: str | None = None, key: str | None = None, limit: int = 100) -> list[LogEntry]:
        """Return the newest ``limit`` entries, newest first, of one ``entity`` and ``key`` if given."""
        query = select(event_log).order_by(event_log.c.number.desc()).limit(limit)
        if entity is not None:
            query = query.where(event_log.c.entity == entity)
        if key is not None:
            query = query.where(event_log.c.key == key)
        with self._database.reading() as session:
            return [LogEntry(**row) for row in rows_as_dicts(session.execute(query))]
