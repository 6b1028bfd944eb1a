"""One ingest from beginning to end: read, check, stage, place, record; whatever fails, everything stays as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from workbench.domain.base import Change, stable_id
from workbench.domain.equipment import MachineProfile
from workbench.domain.mapping import ColumnMapping
from workbench.domain.observations import AssetEvent, IngestReport
from workbench.errors import RefusedFile
from workbench.store.records import SegmentRow, Segments
from workbench.telemetry import quarantine
from workbench.telemetry.batches import known_batch, record, refuse_if_bad
from workbench.telemetry.blocks import Checker
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.merge import Merged, against_stored, merge
from workbench.telemetry.notes import notes_of
from workbench.telemetry.readers.mapping import check_known_sensors, check_machine, infer_mapping, lay_out
from workbench.telemetry.readers.sources import Source
from workbench.telemetry.readers.times import Clock
from workbench.telemetry.segments import Staged, placed, stage
from workbench.telemetry.spool import Spool
from workbench.telemetry.stored import read_stored

Progress = Callable[[float, str], None]
SEGMENT_BYTES = 32 << 20
SPOOL_BYTES = 48 << 20
WORKERS, FRUGAL_WORKERS = 4, 2


@dataclass(frozen=True)
class Request:
    """What is to be ingested, and by which rules."""

    source: Source
    profiles: Mapping[str, MachineProfile]
    change: Change
    label: str
    mapping: ColumnMapping | None = None
    machine_id: str | None = None
    events: Sequence[AssetEvent] = ()
    strict: bool = False
    progress: Progress | None = None

    def tell(self, fraction: float, message: str) -> None:
        """Report progress, if anyone listens."""
        if self.progress is not None:
            self.progress(min(1.0, fraction), message)


@dataclass
class Outcome:
    """What the merged months come to."""

    staged: list[Staged] = field(default_factory=list)
    identical: int = 0
    stored: int = 0
    time_gaps: int = 0
    longest_gap_s: float = 0.0


def ingest(request: Request, root: Path, staging: Path, segments: Segments) -> IngestReport:
    """Ingest one source into the archive at ``root``; see ``Archive.store`` for the rules."""
    source, label = request.source, request.label
    request.tell(0.0, f"{label}: checking whether it was read before")
    mapping = request.mapping or infer_mapping(
        source.names, request.profiles, source=label, machine_id=request.machine_id
    )
    if mapping.machine_id is not None:
        check_machine(mapping.machine_id, request.profiles, label)
    content = source.sha256()
    batch_id = _batch_id(content, mapping, request)
    known = known_batch(segments, batch_id)
    if known is not None:
        request.tell(1.0, f"{label}: already ingested")
        return known
    layout = lay_out(mapping, source.names, source=label, every_sensor=request.mapping is None, decimal=source.decimal)
    check_known_sensors(layout, request.profiles, label)
    faults = FaultLog()
    clock = Clock(layout.time_zone, layout.time_format, layout.epoch_unit, label)
    checker = Checker(layout, request.profiles, label, faults, clock)
    with Spool(staging, memory_limit=SPOOL_BYTES if source.reread else None) as spool:
        structural = FaultLog()
        for block in source.blocks(structural):
            for piece in checker.pieces(block):
                spool.add(piece)
            request.tell(0.05 + 0.55 * block.fraction, f"{label}: {checker.tally.rows:,} rows read")
        faults.found += structural.found
        rows_read = checker.tally.rows + sum(len(f.rows) for f in structural.found)
        refuse_if_bad(faults, rows_read, label, strict=request.strict)
        outcome = _write_months(spool, staging, root, segments, batch_id, faults, request)
    if checker.tally.all_gaps and checker.tally.all_gaps == outcome.stored + outcome.identical:
        raise RefusedFile(f"{label}: no row holds a value of any sensor.", "Check the columns and export it again.")
    refuse_if_bad(faults, rows_read, label, strict=request.strict)
    held = quarantine.stage(faults, source, staging, batch_id)
    report = IngestReport(
        batch_id=batch_id,
        source=label,
        machines=tuple(sorted(checker.tally.machines)),
        rows_read=rows_read,
        rows_stored=outcome.stored,
        rows_identical=outcome.identical,
        rows_quarantined=faults.total,
        faults=held.faults if held else (),
        notes=notes_of(checker, outcome.time_gaps, outcome.longest_gap_s, source.decimal),
        first_time=min((s.row.first_time for s in outcome.staged), default=None),
        last_time=max((s.row.last_time for s in outcome.staged), default=None),
        segments=len(outcome.staged),
    )
    request.tell(0.97, f"{label}: recording")
    with placed(root, [*((item.part, item.row.path) for item in outcome.staged), *quarantine.moves(held)]):
        record(
            segments,
            report,
            content,
            staged=outcome.staged,
            events=request.events,
            held=held,
            change=request.change,
        )
    request.tell(1.0, f"{label}: {outcome.stored:,} rows stored")
    return report


def _batch_id(content: str, mapping: ColumnMapping, request: Request) -> str:
    # Ranges and units belong to it: a file may be read again after a range was corrected.
    named = mapping.machine_id
    chosen = request.profiles if named is None else {named: request.profiles[named]}
    rules = {
        machine: [(s.name, s.unit, s.physical_low, s.physical_high) for s in profile.sensors]
        for machine, profile in sorted(chosen.items())
    }
    fingerprint = hashlib.sha256(json.dumps(rules).encode()).hexdigest()
    return stable_id("telemetry", content, mapping.model_dump_json(), fingerprint)


def _write_months(
    spool: Spool,
    staging: Path,
    root: Path,
    segments: Segments,
    batch_id: str,
    faults: FaultLog,
    request: Request,
) -> Outcome:
    known: dict[tuple[str, str], list[SegmentRow]] = {}
    for row in segments.list():
        known.setdefault((row.machine_id, row.month), []).append(row)
    parts = [(key, first, last) for key in spool.months() for first, last in _parts(spool, key)]
    outcome = Outcome()

    def one(part: tuple[tuple[str, str], int, int]) -> tuple[Merged, Staged | None] | None:
        key, first, last = part
        pieces = spool.load(key, first, last)
        if not pieces:
            return None
        merged = merge(pieces)
        times, stored = read_stored(root, known.get(key, ()), int(merged.times[0]), int(merged.times[-1]))
        merged = against_stored(merged, times, stored)
        if not len(merged.times):
            return merged, None
        return merged, stage(staging, *key, merged.times, merged.values, batch_id)

    workers = FRUGAL_WORKERS if request.source.reread else WORKERS
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for number, result in enumerate(pool.map(one, parts), 1):
            if result is None:
                continue
            merged, staged = result
            faults.found += merged.conflicts.found
            outcome.identical += merged.identical
            outcome.stored += len(merged.times)
            _count_time_gaps(merged, outcome)
            if staged is not None:
                outcome.staged.append(staged)
            request.tell(0.6 + 0.35 * number / len(parts), f"{request.label}: {outcome.stored:,} rows written")
    return outcome


def _parts(spool: Spool, key: tuple[str, str]) -> list[tuple[int, int]]:
    """Cut a month that would make too large a segment into equal spans of time."""
    first, last = spool.span(key)
    count = -(-spool.nbytes(key) // SEGMENT_BYTES)
    edges = np.linspace(first, last + 1, int(count) + 1).astype(np.int64)
    return [(int(a), int(b) - 1) for a, b in pairwise(edges)]


def _count_time_gaps(merged: Merged, outcome: Outcome) -> None:
    if len(merged.times) < 3:
        return
    steps = np.diff(merged.times)
    usual = float(np.median(steps[:1001]))
    longest = float(steps.max())
    if longest > 3 * usual:
        outcome.time_gaps += int((steps > 3 * usual).sum())
        outcome.longest_gap_s = max(outcome.longest_gap_s, longest / 1e6)
