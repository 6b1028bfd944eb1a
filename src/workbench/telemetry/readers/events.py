"""Reads asset events (failures, replacements, stops, ...) from CSV or Parquet, as strictly as telemetry."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from workbench.domain.observations import AssetEvent, EventKind, RowFault
from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.mapping import MACHINE_NAMES, TIME_NAMES, check_machine, check_zone, named
from workbench.telemetry.readers.sources import as_text, open_source
from workbench.telemetry.readers.times import NO_TIME, Clock, Micros
from workbench.telemetry.segments import instant

KIND_NAMES = ("kind", "event", "event_type", "type")
CAUSE_NAMES = ("cause", "failure_mode", "component", "error", "error_code")
BAD_SHARE = 0.20


def read_events(
    path: Path, machines: Collection[str], time_zone: str = "UTC"
) -> tuple[list[AssetEvent], tuple[RowFault, ...]]:
    """Return the events of a file, ascending in time, and the rows left out with their reasons.

    Columns: ``machine_id``, ``time``, ``kind`` (failure, replacement, maintenance, error, inspection, stop),
    ``failure_mode``, ``component`` or ``cause`` (none: "unknown") and ``source`` (none: the file's name).
    Times without a zone are local times of ``time_zone``. Repeated rows count once.

    Raises ``RefusedFile`` for a missing column, an unknown machine, no rows, or more than 20 % bad rows.
    """
    check_zone(time_zone)
    source = open_source(path)
    columns = _columns(path, source.names)
    faults, structural = FaultLog(), FaultLog()
    blocks = list(source.blocks(structural))
    table = pa.concat_tables([block.table for block in blocks]) if blocks else None
    rows = np.concatenate([block.rows for block in blocks]) if blocks else np.array([], np.int64)
    faults.found += structural.found
    events: list[AssetEvent] = []
    if table is not None:
        words = {name: _words(table, column) for name, column in columns.items() if name != "time"}
        _check_machines(path, words["machine_id"], rows, faults, machines)
        clock = Clock(time_zone, source=path.name)
        ids = np.array(words["machine_id"], dtype=object)
        times = clock.read(table.column(columns["time"]), rows, ids, faults, columns["time"])
        known = {kind.value for kind in EventKind}
        strange = [kind.lower() not in known for kind in words["kind"]]
        faults.add(rows[np.array(strange, bool)], f"kind is none of {', '.join(EventKind)}", columns["kind"])
        events = _events(words, times, rows, faults, path.name)
    found = faults.resolved()
    total = len(rows) + sum(len(fault.rows) for fault in structural.found)
    summary = tuple(
        RowFault(reason=f.reason, column=f.column, rows=len(f.rows), example=f"row {f.rows[0]}") for f in found
    )
    bad = sum(fault.rows for fault in summary)
    if bad > BAD_SHARE * total:
        listed = "; ".join(f"{f.rows} rows: {f.reason} ({f.example})" for f in summary)
        raise RefusedFile(f"{path}: {bad} of {total} rows are bad, more than 20 %: {listed}.", "Correct the file.")
    return events, summary


def _columns(path: Path, names: list[str]) -> dict[str, str]:
    wanted = {"machine_id": MACHINE_NAMES, "time": TIME_NAMES, "kind": KIND_NAMES, "cause": CAUSE_NAMES}
    found = {name: named(names, options) for name, options in wanted.items()}
    found["source"] = named(names, ("source",))
    for name in ("machine_id", "time", "kind"):
        if found[name] is None:
            raise RefusedFile(
                f"{path}: column {name!r} is missing; columns: {', '.join(names)}.",
                "An events file has machine_id, time, kind, and failure_mode, component or cause.",
            )
    return {name: column for name, column in found.items() if column is not None}


def _words(table: pa.Table, column: str) -> list[str]:
    return [(word or "").strip() for word in as_text(table.column(column)).to_pylist()]


def _check_machines(path: Path, ids: list[str], rows: np.ndarray, faults: FaultLog, machines: Collection[str]) -> None:
    faults.add(rows[np.array([not word for word in ids], bool)], "no machine is named")
    for machine in sorted({word for word in ids if word}):
        check_machine(machine, machines, path.name)


def _events(
    words: dict[str, list[str]], times: Micros, rows: np.ndarray, faults: FaultLog, name: str
) -> list[AssetEvent]:
    bad = {int(row) for fault in faults.found for row in fault.rows}
    unique: dict[tuple[str, int, str, str], AssetEvent] = {}
    blank = [""] * len(rows)
    causes, sources = words.get("cause", blank), words.get("source", blank)
    for i, row in enumerate(rows.tolist()):
        if row in bad or times[i] == NO_TIME:
            continue
        kind, cause = words["kind"][i].lower(), causes[i][:200] or "unknown"
        key = (words["machine_id"][i], int(times[i]), kind, cause)
        if key not in unique:
            unique[key] = AssetEvent(
                machine_id=key[0],
                time=instant(key[1]),
                kind=EventKind(kind),
                cause=cause,
                source=(sources[i] or name)[:500],
            )
    return sorted(unique.values(), key=lambda event: (event.time, event.machine_id, event.kind, event.cause))
