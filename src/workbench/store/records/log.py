"""The event log: who changed what, when and why, with the record before and after; it can only grow."""

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

    def entries(
        self,
        entity: str | None = None,
        key: str | None = None,
        limit: int | None = 100,
        *,
        actor: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[LogEntry]:
        """Return the newest ``limit`` entries, newest first, of what is named, from ``start`` to before ``end``."""
        query = select(event_log).order_by(event_log.c.number.desc()).limit(limit)
        for column, value in ((event_log.c.entity, entity), (event_log.c.key, key), (event_log.c.actor, actor)):
            if value is not None:
                query = query.where(column == value)
        if start is not None:
            query = query.where(event_log.c.at >= start)
        if end is not None:
            query = query.where(event_log.c.at < end)
        with self._database.reading() as session:
            return [LogEntry(**row) for row in rows_as_dicts(session.execute(query))]

    def entities(self) -> list[str]:
        """Return the kinds of records that the log tells of."""
        with self._database.reading() as session:
            return list(session.scalars(select(event_log.c.entity).distinct().order_by(event_log.c.entity)))
