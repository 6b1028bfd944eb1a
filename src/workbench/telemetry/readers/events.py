"""Reads asset events (failures, replacements, stops, ...) from CSV or Parquet, as strictly as telemetry."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog, Rows
from workbench.telemetry.notes import note_on_ignored, notes_on_times
from workbench.telemetry.readers.mapping import MACHINE_NAMES, TIME_NAMES, check_machine, named
from workbench.telemetry.readers.sources import Source, as_text
from workbench.telemetry.readers.times import NO_TIME, Clock, Micros
from workbench.telemetry.segments import instant

KIND_NAMES = ("kind", "event", "event_type", "type")
CAUSE_NAMES = ("cause", "failure_mode", "component", "error", "error_code")
# The longest text that an asset event holds.
LONGEST = {"cause": 200, "source": 500}


@dataclass(frozen=True)
class EventRows:
    """The events of a file, each once and ascending in time; ``repeated`` rows said the same as an earlier one."""

    events: tuple[AssetEvent, ...]
    rows_read: int
    repeated: int
    notes: tuple[str, ...]


def read_events(source: Source, machines: Collection[str], faults: FaultLog, time_zone: str = "UTC") -> EventRows:
    """Return the events of ``source``; rows that are none are added to ``faults`` and left out.

    Columns: ``machine_id``, ``time``, ``kind`` (failure, replacement, maintenance, error, inspection, stop),
    ``failure_mode``, ``component`` or ``cause`` (none: "unknown") and ``source`` (none: the file's name).
    Times without a zone are local times of ``time_zone``.

    Raises ``RefusedFile`` for a missing column, an unknown machine, or no rows.
    """
    columns = _columns(source)
    structural = FaultLog()
    blocks = list(source.blocks(structural))
    faults.found += structural.found
    broken = structural.total
    if not blocks:
        return EventRows((), broken, 0, ())
    table = pa.concat_tables([block.table for block in blocks])
    rows = np.concatenate([block.rows for block in blocks])
    words = {name: _words(table, column) for name, column in columns.items() if name != "time"}
    _check_machines(source.name, words["machine_id"], rows, faults, machines)
    clock = Clock(time_zone, source=source.name)
    ids = np.array(words["machine_id"], dtype=object)
    times = clock.read(table.column(columns["time"]), rows, ids, faults, columns["time"])
    known = {kind.value for kind in EventKind}
    strange = [kind.lower() not in known for kind in words["kind"]]
    faults.add(rows[np.array(strange, bool)], f"kind is none of {', '.join(EventKind)}", columns["kind"])
    for name, longest in LONGEST.items():
        too_long = [len(word) > longest for word in words.get(name, ())]
        if any(too_long):
            faults.add(rows[np.array(too_long, bool)], f"text is longer than {longest} characters", columns[name])
    events, good = _events(words, times, rows, faults, source.name)
    aside = [name for name in source.names if name not in columns.values()]
    notes = (*note_on_ignored(aside, "no part of an event"), *notes_on_times(clock))
    return EventRows(tuple(events), len(rows) + broken, good - len(events), notes)


def _columns(source: Source) -> dict[str, str]:
    names = source.names
    wanted = {"machine_id": MACHINE_NAMES, "time": TIME_NAMES, "kind": KIND_NAMES, "cause": CAUSE_NAMES}
    found = {name: named(names, options) for name, options in wanted.items()}
    found["source"] = named(names, ("source",))
    for name in ("machine_id", "time", "kind"):
        if found[name] is None:
            raise RefusedFile(
                f"{source.name}: column {name!r} is missing; columns: {', '.join(names)}.",
                "An events file has machine_id, time, kind, and failure_mode, component or cause.",
            )
    return {name: column for name, column in found.items() if column is not None}


def _words(table: pa.Table, column: str) -> list[str]:
    return [(word or "").strip() for word in as_text(table.column(column)).to_pylist()]


def _check_machines(source: str, ids: list[str], rows: Rows, faults: FaultLog, machines: Collection[str]) -> None:
    faults.add(rows[np.array([not word for word in ids], bool)], "no machine is named")
    for machine in sorted({word for word in ids if word}):
        check_machine(machine, machines, source)


def _events(
    words: dict[str, list[str]], times: Micros, rows: Rows, faults: FaultLog, name: str
) -> tuple[list[AssetEvent], int]:
    """Return the events, each once, and the number of rows that held one."""
    good = 0
    bad = {int(row) for fault in faults.found for row in fault.rows}
    unique: dict[tuple[str, int, str, str], AssetEvent] = {}
    blank = [""] * len(rows)
    causes, sources = words.get("cause", blank), words.get("source", blank)
    for i, row in enumerate(rows.tolist()):
        if row in bad or times[i] == NO_TIME:
            continue
        good += 1
        kind, cause = words["kind"][i].lower(), causes[i] or "unknown"
        key = (words["machine_id"][i], int(times[i]), kind, cause)
        if key not in unique:
            unique[key] = AssetEvent(
                machine_id=key[0],
                time=instant(key[1]),
                kind=EventKind(kind),
                cause=cause,
                source=sources[i] or name,
            )
    order = sorted(unique.values(), key=lambda event: (event.time, event.machine_id, event.kind, event.cause))
    return order, good
