"""The telemetry archive of a workspace: immutable Parquet segments that the records alone bring into being."""

from __future__ import annotations

import hashlib
import re
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.base import Change, stable_id
from workbench.domain.equipment import MachineProfile
from workbench.domain.mapping import ColumnMapping
from workbench.domain.observations import STANDARD_COLUMNS, AssetEvent, IngestReport
from workbench.errors import CorruptArtifact, InputError
from workbench.store.database import Database
from workbench.store.faults import file_faults
from workbench.store.records import BatchRow, SegmentRow, Segments

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

    from workbench.domain.history import HistoryMapping
    from workbench.telemetry.ingest import Request
    from workbench.telemetry.readers.sources import Source

# What reads and writes readings is imported where it is used: a screen that shows records need not load 80 MB of it.
Progress = Callable[[float, str], None]
COMPACT_ROWS = 1_000_000
_EVERY = re.compile(r"^([1-9]\d{0,5})(min|h|d)$")
_MICROS = {"min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
# Intervals are counted from Monday, 1969-12-29; buckets of integers are ten times as fast as DuckDB's time_bucket.
_ORIGIN_US = -3 * _MICROS["d"]


class Archive:
    """Readings of all machines under ``root`` (the workspace's data folder), as far as ``database`` records them.

    Times are aware UTC; a gap is NaN in frames. Reads are ascending in time, one row per time.
    """

    def __init__(self, root: Path, database: Database) -> None:
        self.root = Path(root)
        self._database = database
        self._segments = Segments(database)
        self._guard = threading.Lock()
        # None or one. At exit it goes before DuckDB's module does, which else writes of leaks to standard error.
        self._connections: list[duckdb.DuckDBPyConnection] = []
        weakref.finalize(self, self._connections.clear)

    def close(self) -> None:
        """Give the DuckDB connection back; the next read opens another."""
        with self._guard:
            self._connections.clear()

    # -- reading ---------------------------------------------------------------------------------------------

    def read(
        self,
        machine_id: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the readings from ``start`` to ``end``, both included: ``time``, sensors, standard columns.

        A machine without readings gives an empty frame; a column in ``columns`` that is not stored is all NaN.
        """

        def query(source: str, names: list[str]) -> str:
            chosen = [name for name in (columns if columns is not None else names) if name in names]
            listed = "".join(f', "{name}"' for name in chosen)
            return f"SELECT time{listed} FROM {source} {_between(start, end)} ORDER BY time"

        table = self._query(machine_id, start, end, query)
        frame = _empty_frame() if table is None else _as_frame(table)
        for name in columns or ():
            if name not in frame.columns:
                frame[name] = None if name == "state" else float("nan")
        return frame if columns is None else frame[["time", *(name for name in columns if name != "time")]]

    def aggregate(
        self, machine_id: str, *, every: str = "7d", start: datetime | None = None, end: datetime | None = None
    ) -> pd.DataFrame:
        """Return per interval of ``every`` (``15min``, ``1h``, ``7d``; weeks begin on Monday) the count of readings
        and each sensor's mean, min, max and number of values: ``time``, ``count``, ``<sensor>_mean``, ...
        """  # noqa: D205 - one sentence
        match = _EVERY.match(every)
        if not match:
            raise InputError(f"{every!r} is no interval.", "Give a number and min, h or d, e.g. 15min, 1h or 7d.")
        width = int(match[1]) * _MICROS[match[2]]

        def query(source: str, names: list[str]) -> str:
            sums = "".join(
                f', avg("{n}") AS "{n}_mean", min("{n}") AS "{n}_min", max("{n}") AS "{n}_max", count("{n}") AS "{n}_count"'
                for n in names
                if n != "state"
            )
            bucket = f"(epoch_us(time) - ({_ORIGIN_US})) // {width} * {width} + ({_ORIGIN_US})"
            return (
                f"SELECT {bucket} AS bucket, count(*) AS count{sums} FROM {source} {_between(start, end)}"
                " GROUP BY bucket ORDER BY bucket"
            )

        table = self._query(machine_id, start, end, query)
        if table is None:
            return _empty_frame().assign(count=0).iloc[:0]
        return _as_frame(table.rename_columns(["time", *table.column_names[1:]]))

    def span(self, machine_id: str | None = None) -> tuple[datetime, datetime] | None:
        """Return the first and last time stored for one machine, or for all; None when there is nothing."""
        rows = self._segments.list(machine_id)
        if not rows:
            return None
        return min(row.first_time for row in rows), max(row.last_time for row in rows)

    def rows(self, machine_id: str | None = None) -> int:
        """Return the number of readings stored for one machine, or for all."""
        return sum(row.rows for row in self._segments.list(machine_id))

    def digest(self, machine_id: str | None = None) -> str:
        """Return a sha256 over the sorted hashes of the segments of one machine, or of all."""
        hashes = sorted(row.sha256 for row in self._segments.list(machine_id))
        return hashlib.sha256("\n".join(hashes).encode()).hexdigest()

    def quarantined(self, batch_id: str) -> pd.DataFrame:
        """Return the quarantined rows of a batch: row number, reason, column, and the original text."""
        from workbench.telemetry import quarantine

        for batch in self._segments.batches():
            if batch.batch_id == batch_id:
                return quarantine.read(self.root, batch.quarantine_path)
        raise InputError(f"There is no batch {batch_id!r}.", "Take the batch id from the ingest report.")

    def quarantine_file(self, batch_id: str) -> Path | None:
        """Return where the quarantined rows of a batch are kept (Parquet), or None when it has none."""
        paths = [batch.quarantine_path for batch in self._segments.batches() if batch.batch_id == batch_id]
        return self.root / paths[0] if paths and paths[0] else None

    # -- writing ---------------------------------------------------------------------------------------------

    def store(
        self,
        table: pa.Table,
        profiles: Mapping[str, MachineProfile],
        *,
        source: str,
        change: Change,
        mapping: ColumnMapping | None = None,
        machine_id: str | None = None,
        events: Sequence[AssetEvent] = (),
        strict: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Ingest a table: ``machine_id`` (or one profile), ``time``, every sensor of the profile, standard columns.

        File faults raise ``RefusedFile`` and change nothing: a missing column, an unknown machine, an undeclared
        unit, more than 20 % bad rows, or any bad row with ``strict``. Bad rows are quarantined with a reason.
        The same content again changes nothing (``already_ingested``). ``events`` are recorded in the same
        transaction. Raises ``EnvironmentFailure`` for a full disk or a lock; nothing is left half done.
        """
        from workbench.telemetry.ingest import Request
        from workbench.telemetry.readers.sources import TableSource

        request = Request(
            TableSource(table, source), profiles, change, source, mapping, machine_id, events, strict, progress
        )
        return self._ingest(request)

    def store_source(
        self,
        source: Source,
        profiles: Mapping[str, MachineProfile],
        *,
        change: Change,
        mapping: ColumnMapping | None = None,
        machine_id: str | None = None,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Ingest a file of any size (``open_source``), or what else is read in blocks, by the rules of ``store``, in bounded memory."""
        from workbench.telemetry.ingest import Request

        return self._ingest(Request(source, profiles, change, source.name, mapping, machine_id, (), strict, progress))

    def store_events(
        self,
        path: Path,
        profiles: Mapping[str, MachineProfile],
        *,
        change: Change,
        time_zone: str = "UTC",
        strict: bool = False,
    ) -> IngestReport:
        """Ingest a CSV or Parquet file of asset events of the machines ``profiles`` by the rules of ``store``.

        Columns: ``machine_id``, ``time`` (local time of ``time_zone`` where it has no zone), ``kind``, and
        optionally ``cause`` (or ``failure_mode``, ``component``) and ``source``. In the report ``rows_stored``
        are new events, ``rows_identical`` those known already or repeated; notes say which failures have a cause
        that is no failure mode of the machine, and how many events are later than ``change``. The records keep batch,
        events and quarantine together or not at all.
        """
        from workbench.telemetry.events import EventRequest, ingest_events
        from workbench.telemetry.readers.sources import open_source

        request = EventRequest(open_source(path), profiles, change, time_zone, strict)
        with self._writing() as staging:
            return ingest_events(request, self.root, staging, self._database)

    def store_history(
        self,
        path: Path,
        profiles: Mapping[str, MachineProfile],
        *,
        change: Change,
        currency: str,
        mapping: HistoryMapping | None = None,
        system: str | None = None,
        update: bool = False,
        strict: bool = False,
    ) -> IngestReport:
        """Ingest a CSV or Parquet file of past work orders by the rules of ``store``.

        Columns are recognised by name (published sets, SAP PM, Maximo, plain English) unless ``mapping`` names them. ``system``
        is the name under which an order's number is known again. In the report ``rows_stored`` are new orders,
        ``rows_identical`` those known already; one that is recorded with other content is quarantined, or with ``update``
        replaced. The records keep batch, orders and quarantine together or not at all.
        """
        from workbench.telemetry.history import HistoryRequest, ingest_history
        from workbench.telemetry.readers.sources import open_source

        request = HistoryRequest(open_source(path), profiles, change, currency, mapping, system, update, strict)
        with self._writing() as staging:
            return ingest_history(request, self.root, staging, self._database)

    def compact(self, machine_id: str, change: Change) -> int:
        """Join the segments of each month that has several small ones; return how many months were joined."""
        from workbench.telemetry.segments import placed, stage
        from workbench.telemetry.stored import read_stored

        months: dict[str, list[SegmentRow]] = {}
        for row in self._segments.list(machine_id):
            months.setdefault(row.month, []).append(row)
        # A month that was cut into large segments on purpose stays so.
        several = {
            month: rows for month, rows in months.items() if len(rows) > 1 and sum(r.rows for r in rows) <= COMPACT_ROWS
        }
        if not several:
            return 0
        with self._writing() as staging:
            removed = [row for rows in several.values() for row in rows]
            batch_id = stable_id("compaction", *(row.sha256 for row in removed))
            staged = []
            for month, rows in several.items():
                times, values = read_stored(self.root, rows, 0, 2**62)
                staged.append(stage(staging, machine_id, month, times, values, batch_id))
            with placed(self.root, [(item.part, item.row.path) for item in staged]):
                self._segments.commit_batch(
                    _compaction_batch(batch_id, machine_id, len(staged), change),
                    [item.row for item in staged],
                    removed,
                    (),
                    None,
                    change,
                )
            for row in removed:
                (self.root / row.path).unlink(missing_ok=True)
        return len(several)

    def sweep(self) -> int:
        """Remove files that no record names (left by a crash); return how many."""
        from workbench.telemetry.segments import TELEMETRY, sole_writer

        with file_faults(self.root / TELEMETRY), sole_writer(self.root):
            return self._sweep()

    def _sweep(self) -> int:
        from workbench.telemetry.segments import sweep

        known = {row.path for row in self._segments.list()}
        kept = {batch.quarantine_path for batch in self._segments.batches() if batch.quarantine_path}
        return sweep(self.root, known, kept)

    def _ingest(self, request: Request) -> IngestReport:
        from workbench.telemetry.ingest import ingest

        with self._writing() as staging:
            return ingest(request, self.root, staging, self._segments)

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        """Keep other writers out and yield an empty staging folder; faults of the disk are said in words."""
        from workbench.telemetry.segments import TELEMETRY, sole_writer, staging_folder

        with file_faults(self.root / TELEMETRY), sole_writer(self.root):
            if (self.root / TELEMETRY / ".staging").exists():
                # Left by a process that died while it wrote; what it had placed has no record.
                self._sweep()
            with staging_folder(self.root) as staging:
                yield staging

    # -- DuckDB ----------------------------------------------------------------------------------------------

    def _query(
        self,
        machine_id: str,
        start: datetime | None,
        end: datetime | None,
        query: Callable[[str, list[str]], str],
    ) -> pa.Table | None:
        for bound in (start, end):
            if bound is not None and bound.tzinfo is None:
                raise InputError("A time without a zone was given.", "Give an aware time, e.g. 2026-01-01T00:00:00Z.")
        for attempt in (1, 2):
            rows = self._segments.list(machine_id)
            rows = [r for r in rows if (end is None or r.first_time <= end) and (start is None or r.last_time >= start)]
            if not rows:
                return None
            missing = [row for row in rows if not (self.root / row.path).exists()]
            if missing and attempt == 1:
                # A compaction may have replaced them since they were listed.
                continue
            if missing:
                raise CorruptArtifact(
                    f"Segment {self.root / missing[0].path} is recorded but not there.", "Restore it from a backup."
                )
            return self._run(rows, query)
        return None

    def _run(self, rows: Sequence[SegmentRow], query: Callable[[str, list[str]], str]) -> pa.Table:
        from workbench.telemetry.stored import connect

        with self._guard:
            if not self._connections:
                self._connections.append(connect())
            cursor = self._connections[0].cursor()
        files = ", ".join("'" + str(self.root / row.path).replace("'", "''") + "'" for row in rows)
        source = f"read_parquet([{files}], union_by_name = true)"
        columns = cursor.sql(f"SELECT * FROM {source} LIMIT 0").columns
        names = _in_order([name for name in columns if name not in ("machine_id", "time")])
        return cursor.sql(query(source, names)).to_arrow_table()


def _in_order(names: Sequence[str]) -> list[str]:
    """Sensors in the order of the profile, as stored, then the standard columns."""
    sensors = [name for name in names if name not in STANDARD_COLUMNS]
    return sensors + [name for name in STANDARD_COLUMNS if name in names]


def _between(start: datetime | None, end: datetime | None) -> str:
    bounds = []
    for sign, bound in ((">=", start), ("<=", end)):
        if bound is not None:
            bounds.append(f"time {sign} TIMESTAMPTZ '{bound.astimezone(UTC).isoformat(sep=' ')}'")
    return f"WHERE {' AND '.join(bounds)}" if bounds else ""


def _as_frame(table: pa.Table) -> pd.DataFrame:
    from workbench.telemetry.blocks import TIME_TYPE

    at = table.column_names.index("time")
    times = table.column("time").cast(TIME_TYPE)
    frame: pd.DataFrame = table.set_column(at, "time", times).to_pandas()
    return frame


def _empty_frame() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"time": pd.Series([], dtype="datetime64[us, UTC]")})


def _compaction_batch(batch_id: str, machine_id: str, months: int, change: Change) -> BatchRow:
    report = IngestReport(
        batch_id=batch_id,
        source=f"compaction of {machine_id}",
        machines=(machine_id,),
        rows_read=0,
        rows_stored=0,
        rows_identical=0,
        rows_quarantined=0,
        segments=months,
    )
    return BatchRow(batch_id, report.source, "", 0, 0, 0, 0, report, change.at)
