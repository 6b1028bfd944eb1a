"""What was observed: telemetry segments with the batches that brought them, and asset events."""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from workbench.domain.base import Change
from workbench.domain.observations import AssetEvent, EventKind, IngestReport
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.errors import WorkbenchError
from workbench.store.tables import asset_events, ingest_batches, telemetry_segments

from .base import Repository, log_change, rows_as_dicts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SegmentRow:
    """One immutable Parquet file of one machine and month; ``path`` is relative to the data folder."""

    machine_id: str
    month: str
    path: str
    sha256: str
    rows: int
    first_time: datetime
    last_time: datetime
    batch_id: str


@dataclass(frozen=True)
class BatchRow:
    """One ingest: where it came from, what it held, and what became of it."""

    batch_id: str
    source: str
    content_sha256: str
    rows_read: int
    rows_stored: int
    rows_identical: int
    rows_quarantined: int
    report: IngestReport
    at: datetime
    quarantine_path: str | None = None


class Segments(Repository):
    """The one place that says which telemetry exists; files without a row here are orphans."""

    def commit_batch(
        self,
        batch: BatchRow,
        added: Sequence[SegmentRow],
        removed: Sequence[SegmentRow],
        events: Sequence[AssetEvent],
        quarantine_path: str | None,
        change: Change,
    ) -> None:
        """Record a batch, the segments it adds and replaces, and its events, in one transaction.

        Raises:
            WorkbenchError: a segment to be replaced was replaced by someone else meanwhile.
            InputError: the batch or one of the segments is recorded already, or a machine is unknown.
        """
        stored = replace(batch, quarantine_path=quarantine_path or batch.quarantine_path)
        values = {name: value for name, value in vars(stored).items() if name != "report"}
        with self._database.writing() as session:
            session.execute(insert(ingest_batches).values(**values, body=stored.report.model_dump_json()))
            for segment in removed:
                self._remove(session, segment)
            if added:
                session.execute(insert(telemetry_segments), [asdict(segment) for segment in added])
            new_events = insert_events(session, events)
            summary = {
                "source": stored.source,
                "rows_stored": stored.rows_stored,
                "rows_quarantined": stored.rows_quarantined,
                "segments_added": [segment.path for segment in added],
                "events_added": new_events,
            }
            log_change(
                session,
                change,
                "ingest_batch",
                stored.batch_id,
                "added",
                before=json.dumps({"segments_removed": [segment.path for segment in removed]}) if removed else None,
                after=json.dumps(summary),
            )

    def batches(self) -> builtins.list[BatchRow]:
        """Return all batches, oldest first."""
        query = select(ingest_batches).order_by(ingest_batches.c.at, ingest_batches.c.batch_id)
        with self._database.reading() as session:
            rows = rows_as_dicts(session.execute(query))
        reports = [IngestReport.model_validate_json(row.pop("body")) for row in rows]
        return [BatchRow(**row, report=report) for row, report in zip(rows, reports, strict=True)]

    def list(self, machine_id: str | None = None) -> builtins.list[SegmentRow]:
        """Return the segments of one machine, or of all, by machine, month and time."""
        table = telemetry_segments
        query = select(table).order_by(table.c.machine_id, table.c.month, table.c.first_time, table.c.path)
        if machine_id is not None:
            query = query.where(table.c.machine_id == machine_id)
        with self._database.reading() as session:
            return [SegmentRow(**row) for row in rows_as_dicts(session.execute(query))]

    def _remove(self, session: Session, segment: SegmentRow) -> None:
        table = telemetry_segments
        gone = session.execute(delete(table).where(table.c.path == segment.path).returning(table.c.path)).all()
        if not gone:
            raise WorkbenchError(
                f"Segment {segment.path} was replaced by another process meanwhile.",
                "Nothing was changed; run the command again.",
            )


class Events(Repository):
    """Asset events: failures, replacements, maintenance, errors, inspections, stops."""

    def add(self, events: Sequence[AssetEvent], change: Change) -> int:
        """Record events and return how many were new; the same machine, time, kind and cause counts once."""
        if not events:
            return 0
        with self._database.writing() as session:
            new = insert_events(session, events)
            if new:
                machines = sorted({event.machine_id for event in events})
                after = json.dumps({"added": new, "given": len(events), "source": events[0].source})
                log_change(session, change, "asset_events", ",".join(machines)[:500], "added", before=None, after=after)
        return new

    def replace(self, old: Sequence[AssetEvent], new: Sequence[AssetEvent], change: Change) -> None:
        """Put ``new`` events in the place of ``old`` ones; of these only exactly the same, with their source, are removed."""
        table = asset_events
        with self._database.writing() as session:
            for event in old:
                same = [table.c[name] == value for name, value in _row(event).items()]
                session.execute(delete(table).where(*same))
            insert_events(session, new)
            machines = sorted({event.machine_id for event in (*old, *new)})
            before, after = (json.dumps([e.model_dump(mode="json") for e in events]) for events in (old, new))
            log_change(
                session, change, "asset_events", ",".join(machines)[:500], "replaced", before=before, after=after
            )

    def between(self, machine_id: str, start: datetime, end: datetime) -> builtins.list[AssetEvent]:
        """Return the events of one machine from ``start`` to ``end``, both included, the earliest first."""
        names = list(AssetEvent.model_fields)
        query = _events(names, machine_id, end, None).where(asset_events.c.time >= start)
        with self._database.reading() as session:
            return [AssetEvent.model_validate(row) for row in rows_as_dicts(session.execute(query))]

    def frame(
        self, machine_id: str | None = None, until: datetime | None = None, kinds: Sequence[EventKind] | None = None
    ) -> pd.DataFrame:
        """Return events as columns ``machine_id, time (UTC), kind, cause, source``, ascending in time.

        None is later than ``until``; ``kinds`` picks some kinds only.
        """
        import pandas as pd

        columns = ["machine_id", "time", "kind", "cause", "source"]
        with self._database.reading() as session:
            rows = session.execute(_events(columns, machine_id, until, kinds)).all()
        frame = pd.DataFrame([tuple(row) for row in rows], columns=columns)
        return frame.assign(time=pd.to_datetime(frame["time"], utc=True).astype("datetime64[us, UTC]"))

    def count(self, kind: EventKind, until: datetime | None = None) -> int:
        """Return how many events of ``kind`` the fleet has up to ``until``.

        One of unknown cause that is recorded at the same time with its cause counts once.
        """
        table, named = asset_events, asset_events.alias()
        same = [table.c[name] == named.c[name] for name in ("machine_id", "time", "kind")]
        doubled = (table.c.cause == UNKNOWN_MODE) & exists().where(*same, named.c.cause != UNKNOWN_MODE)
        where = [table.c.kind == kind.value, ~doubled] + ([table.c.time <= until] if until is not None else [])
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    def digest(self, machine_id: str | None = None, until: datetime | None = None) -> str:
        """Return a sha256 over the events of one machine, or of all, up to ``until``."""
        digest = hashlib.sha256()
        with self._database.reading() as session:
            for row in session.execute(_events(["machine_id", "time", "kind", "cause"], machine_id, until)):
                line = "\x1f".join((row.machine_id, row.time.isoformat(), row.kind, row.cause))
                digest.update(line.encode() + b"\n")
        return digest.hexdigest()


def _events(
    columns: Iterable[str],
    machine_id: str | None,
    until: datetime | None,
    kinds: Sequence[EventKind] | None = None,
) -> Any:
    table = asset_events
    where: list[ColumnElement[bool]] = []
    if machine_id is not None:
        where.append(table.c.machine_id == machine_id)
    if until is not None:
        where.append(table.c.time <= until)
    if kinds is not None:
        where.append(table.c.kind.in_([kind.value for kind in kinds]))
    order = (table.c.time, table.c.machine_id, table.c.kind, table.c.cause)
    return select(*(table.c[name] for name in columns)).where(*where).order_by(*order)


def insert_events(session: Session, events: Sequence[AssetEvent]) -> int:
    """Insert the events that are not there yet and return how many those were."""
    if not events:
        return 0
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    statement = dialect.insert(asset_events).on_conflict_do_nothing().returning(asset_events.c.number)
    return len(session.execute(statement, [_row(event) for event in events]).all())


def _row(event: AssetEvent) -> dict[str, Any]:
    return {**dict(event), "kind": event.kind.value}
