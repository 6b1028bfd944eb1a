"""One ingest of asset events from beginning to end, through the same door as readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.base import Change, stable_id
from workbench.domain.closeout import ORDER_SOURCE, SAME_EVENT, told_by_order
from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import AssetEvent, EventKind, IngestReport
from workbench.store.database import Database
from workbench.store.records import Events, Segments
from workbench.telemetry import quarantine
from workbench.telemetry.batches import known_batch, record, refuse_if_bad
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.events import read_events
from workbench.telemetry.readers.mapping import check_zone
from workbench.telemetry.readers.sources import Source
from workbench.telemetry.segments import placed


@dataclass(frozen=True)
class EventRequest:
    """Which events of which machines are to be ingested, and by which rules."""

    source: Source
    profiles: Mapping[str, MachineProfile]
    change: Change
    time_zone: str = "UTC"
    strict: bool = False


def ingest_events(request: EventRequest, root: Path, staging: Path, database: Database) -> IngestReport:
    """Ingest the events of one source; see ``Archive.store_events`` for the rules."""
    source = request.source
    check_zone(request.time_zone)
    content = source.sha256()
    batch_id = stable_id("events", content, request.time_zone)
    known = known_batch(Segments(database), batch_id)
    if known is not None:
        return known
    faults = FaultLog()
    found = read_events(source, request.profiles, faults, request.time_zone)
    refuse_if_bad(faults, found.rows_read, source.name, strict=request.strict)
    held = quarantine.stage(faults, source, staging, batch_id)
    # Counted in the transaction that records them: other ways into the records do not hold the archive's lock.
    with placed(root, quarantine.moves(held)), database.writing() as session:
        bound = database.bound(session)
        new, told = _unrecorded(found.events, Events(bound))
        report = IngestReport(
            batch_id=batch_id,
            source=source.name,
            machines=tuple(sorted({event.machine_id for event in found.events})),
            rows_read=found.rows_read,
            rows_stored=len(new),
            rows_identical=found.repeated + len(found.events) - len(new),
            rows_quarantined=faults.total,
            faults=held.faults if held else (),
            notes=(*found.notes, *_notes_on(found.events, request, told)),
            first_time=new[0].time if new else None,
            last_time=new[-1].time if new else None,
        )
        record(Segments(bound), report, content, events=new, held=held, change=request.change)
    return report


def _notes_on(events: Sequence[AssetEvent], request: EventRequest, told: int) -> list[str]:
    """Return notes on events that orders tell of, or that are probably not meant so: of a cause that no profile knows, or in the future."""
    notes = [f"{told:,} known already from the close-out of work within 24 h, and not counted twice"] if told else []
    strange: dict[str, Counter[str]] = {}
    for event in events:
        known = {mode.name for mode in request.profiles[event.machine_id].failure_modes}
        if event.kind in (EventKind.FAILURE, EventKind.REPLACEMENT) and event.cause not in known:
            strange.setdefault(event.machine_id, Counter())[event.cause] += 1
    for machine, causes in sorted(strange.items()):
        modes = ", ".join(mode.name for mode in request.profiles[machine].failure_modes) or "none"
        counted = ", ".join(f"{cause} ({count:,})" for cause, count in causes.most_common())
        notes.append(
            f"{machine}: the cause of {causes.total():,} of its failures and replacements is no failure mode of its"
            f" profile: {counted}; the profile has: {modes}"
        )
    later = [event for event in events if event.time > request.change.at]
    if later:
        verb = "events lie" if len(later) > 1 else "event lies"
        notes.append(
            f"{len(later):,} {verb} in the future (after {request.change.at:%Y-%m-%d %H:%M} UTC), the last at"
            f" {later[-1].time:%Y-%m-%d %H:%M} UTC; please check"
        )
    return notes


def _unrecorded(events: Sequence[AssetEvent], recorded: Events) -> tuple[list[AssetEvent], int]:
    """Return those of ``events`` (ascending in time) that are not recorded yet, and how many a close-out of work tells of.

    The same: machine, time, kind and cause; or a failure or replacement that an order's close-out recorded within 24 h.
    """
    if not events:
        return [], 0
    frame = recorded.frame(until=events[-1].time + SAME_EVENT)
    known = set(zip(frame.machine_id, frame.time, frame.kind, frame.cause, strict=True))
    new = [event for event in events if (event.machine_id, event.time, event.kind.value, event.cause) not in known]
    own = frame[frame["source"].str.startswith(ORDER_SOURCE)]
    told = [AssetEvent.model_validate(row) for row in own.to_dict("records")]
    unknown = [event for event in new if not told_by_order(event, told)]
    return unknown, len(new) - len(unknown)
