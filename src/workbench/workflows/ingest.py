"""Takes telemetry and asset events into a workspace, and sets what instant it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.base import Actor
from workbench.domain.observations import IngestReport
from workbench.errors import InputError
from workbench.workflows.admission import enter_machine
from workbench.workflows.onboard import read_text

if TYPE_CHECKING:
    from workbench.domain.equipment import MachineProfile
    from workbench.domain.mapping import ColumnMapping
    from workbench.telemetry.readers.fleets import FleetSource
    from workbench.telemetry.readers.sql import SqlSource
    from workbench.workspace import Workspace

Progress = Callable[[float, str], None]

FLEETS = ("azure-pdm", "cmapss")
FILE_KINDS = ("csv", "parquet")
# A live workspace whose readings end longer ago than this cannot say anything about the present.
STALE = timedelta(days=2)


@dataclass(frozen=True)
class IngestOutcome:
    """What an ingest did to a workspace."""

    reports: tuple[IngestReport, ...]
    events_added: int
    notes: tuple[str, ...]


def ingest(
    ws: Workspace,
    source: str | Path | SqlSource,
    path: str | Path | None = None,
    *,
    machine_id: str | None = None,
    mapping: ColumnMapping | Path | None = None,
    subsets: Sequence[str] = ("FD001",),
    strict: bool = False,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> IngestOutcome:
    """Take a data source in.

    ``source`` is a CSV or Parquet file of telemetry, or one of ``events`` (a file of asset events),
    ``azure-pdm`` and ``cmapss`` (folders in the publisher's form or as Parquet) with ``path``, or a ``SqlSource``:
    a query of a database that is only read. Raises ``RefusedFile`` for a file or a result that cannot be used as a
    whole; nothing is changed then.
    """
    kind = "sql" if not isinstance(source, str | Path) else str(source)
    if kind in (*FLEETS, *FILE_KINDS, "events"):
        if path is None:
            raise InputError(f"`ingest {kind}` needs a path.", f"Write: workbench ingest {kind} PATH")
    elif path is not None:
        known = ", ".join((*FLEETS, *FILE_KINDS, "events"))
        raise InputError(f"{kind!r} is no kind of source.", f"Use one of: {known}; or give one file.")
    before = ws.telemetry.span()
    place = Path(path or kind)
    if not isinstance(source, str | Path):
        outcome = _ingest_query(
            ws, source, machine_id=machine_id, mapping=mapping, strict=strict, actor=actor, progress=progress
        )
    elif kind == "events":
        outcome = _ingest_events(ws, place, strict=strict, actor=actor)
    elif kind == "azure-pdm":
        from workbench.telemetry.readers.azure import read_azure

        outcome = _ingest_fleets(ws, [read_azure(place)], strict=strict, actor=actor, progress=progress)
    elif kind == "cmapss":
        from workbench.telemetry.readers.cmapss import read_cmapss

        fleets = [read_cmapss(place, subset) for subset in subsets]
        outcome = _ingest_fleets(ws, fleets, strict=strict, actor=actor, progress=progress)
    else:
        outcome = _ingest_file(
            ws, place, machine_id=machine_id, mapping=mapping, strict=strict, actor=actor, progress=progress
        )
    return IngestOutcome(outcome.reports, outcome.events_added, (*outcome.notes, *_follow_data(ws, before)))


def _ingest_file(
    ws: Workspace,
    path: Path,
    *,
    machine_id: str | None,
    mapping: ColumnMapping | Path | None,
    strict: bool,
    actor: Actor | None,
    progress: Progress | None,
) -> IngestOutcome:
    from workbench.telemetry.readers.sources import open_source

    profiles = _profiles(ws, f"--from-csv {path} --id MACHINE_ID")
    layout = _layout(ws, machine_id, mapping)
    source = open_source(path, delimiter=layout.delimiter if layout else None)
    report = ws.telemetry.store_source(
        source,
        profiles,
        change=ws.change(f"ingest {path.name}", actor),
        mapping=layout,
        machine_id=machine_id,
        strict=strict,
        progress=progress,
    )
    return IngestOutcome((report,), 0, _where_quarantined(ws, report))


def _ingest_query(
    ws: Workspace,
    source: SqlSource,
    *,
    machine_id: str | None,
    mapping: ColumnMapping | Path | None,
    strict: bool,
    actor: Actor | None,
    progress: Progress | None,
) -> IngestOutcome:
    from workbench.telemetry.readers.sql import fetched

    profiles = _profiles(ws, "PROFILE.yaml")
    layout = _layout(ws, machine_id, mapping)
    machine_id = layout.machine_id if layout else machine_id
    spans = {name: ws.telemetry.span(name) for name in ([machine_id] if machine_id else profiles)}
    # Up to here every machine has readings; what is read twice is known and changes nothing.
    newest = min((span[1] for span in spans.values() if span), default=None)
    asked = "since" in source.parameters() and "since" not in source.params
    since = newest if asked else None
    notes = _not_looked_back(since, [name for name, span in spans.items() if not span])
    zone = layout.time_zone if layout else "UTC"
    with fetched(source, ws.telemetry.root, since=since, time_zone=zone) as rows:
        if not rows.rows and since is not None:
            return IngestOutcome((), 0, (f"{rows.name}: nothing newer than {since:%Y-%m-%d %H:%M:%S} UTC", *notes))
        report = ws.telemetry.store_source(
            rows,
            profiles,
            change=ws.change(f"ingest {rows.name}", actor),
            mapping=layout,
            machine_id=None if layout else machine_id,
            strict=strict,
            progress=progress,
        )
    return IngestOutcome((report,), 0, (*notes, *_where_quarantined(ws, report)))


def _not_looked_back(since: datetime | None, without: Sequence[str]) -> tuple[str, ...]:
    """Say which machines may have readings from before ``since`` that a query for newer ones leaves out."""
    if since is None or not without:
        return ()
    named = ", ".join(without[:3]) + (f" and {len(without) - 3} more" if without[3:] else "")
    return (f"{named}: no readings yet, and none asked for from before {since:%Y-%m-%d}; give since for all of them",)


def _profiles(ws: Workspace, how_to_add: str) -> dict[str, MachineProfile]:
    profiles = {profile.machine_id: profile for profile in ws.machines.all()}
    if not profiles:
        raise InputError("The workspace has no machines yet.", f"Add one first: workbench machines add {how_to_add}")
    return profiles


def _layout(ws: Workspace, machine_id: str | None, mapping: ColumnMapping | Path | None) -> ColumnMapping | None:
    """Return the mapping that was given, else the one in the machine's profile."""
    profile = ws.machines.get(machine_id) if machine_id is not None else None
    if isinstance(mapping, Path):
        return read_mapping(mapping)
    return profile.file_mapping if mapping is None and profile is not None else mapping


def _where_quarantined(ws: Workspace, report: IngestReport) -> tuple[str, ...]:
    kept = ws.telemetry.quarantine_file(report.batch_id)
    if kept is None:
        return ()
    return (f"the quarantined rows are kept, each with its number and reason, in {kept}",)


def read_mapping(path: Path) -> ColumnMapping:
    """Read a column mapping from YAML or JSON; raises ``InvalidDocument`` listing every fault."""
    from workbench.catalog import parse_fields
    from workbench.domain.mapping import ColumnMapping

    return parse_fields(ColumnMapping, read_text(path), where=str(path))


def _ingest_events(ws: Workspace, path: Path, *, strict: bool, actor: Actor | None) -> IngestOutcome:
    change = ws.change(f"ingest events {path.name}", actor)
    profiles = {profile.machine_id: profile for profile in ws.machines.all()}
    report = ws.telemetry.store_events(path, profiles, change=change, strict=strict)
    added = 0 if report.already_ingested else report.rows_stored
    return IngestOutcome((report,), added, _where_quarantined(ws, report))


def _ingest_fleets(
    ws: Workspace, fleets: Sequence[FleetSource], *, strict: bool, actor: Actor | None, progress: Progress | None
) -> IngestOutcome:
    reports: list[IngestReport] = []
    notes: list[str] = []
    added = 0
    for number, fleet in enumerate(fleets):
        change = ws.change(f"ingest {fleet.source}", actor)
        # One transaction: a refused file leaves neither machines nor events behind.
        with ws.transaction() as tx:
            tx.sites.put(fleet.site, change)
            known = set(tx.machines.ids())
            for profile in fleet.profiles:
                if profile.machine_id not in known:
                    enter_machine(tx, profile, change)
            profiles = {profile.machine_id: profile for profile in tx.machines.all()}
            for table in fleet.tables():
                if progress:
                    progress(number / len(fleets), fleet.source)
                reports.append(tx.telemetry.store(table, profiles, source=fleet.source, change=change, strict=strict))
            added += tx.events.add(fleet.events, change)
        notes += fleet.notes
    return IngestOutcome(tuple(reports), added, tuple(notes))


def _follow_data(ws: Workspace, before: tuple[datetime, datetime] | None) -> list[str]:
    """Fix or move the instant the workspace looks at, when its readings are historical; say so in words."""
    span = ws.telemetry.span()
    if span is None:
        return []
    last = span[1]
    now = datetime.now(UTC)
    if last > now + timedelta(days=1):
        return [f"the readings reach into the future ({last:%Y-%m-%d %H:%M} UTC): check the clock or the time column"]
    chosen = ws.settings.as_of
    stale = chosen == "live" and now - last > STALE
    followed = chosen != "live" and before is not None and chosen == before[1] and last > chosen
    if not (stale or followed):
        return []
    ws.set_as_of(last)
    note = f"the readings end at {last:%Y-%m-%d %H:%M} UTC, so the workspace now looks at that instant"
    return [f"{note} (`workbench as-of live` returns to the present)"]


def look_at(ws: Workspace, when: str) -> str:
    """Set the instant the workspace looks at: ``live``, ``data`` (the last reading) or an ISO time; return it in words."""
    if when == "data":
        span = ws.telemetry.span()
        if span is None:
            raise InputError("There are no readings yet.", "Ingest some first.")
        ws.set_as_of(span[1])
    elif when == "live":
        ws.set_as_of("live")
    else:
        try:
            instant = datetime.fromisoformat(when)
        except ValueError as error:
            raise InputError(f"{when!r} is no instant.", "Write live, data, or e.g. 2026-01-01T00:00Z.") from error
        ws.set_as_of(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    chosen = ws.settings.as_of
    return "the present" if chosen == "live" else f"{chosen:%Y-%m-%d %H:%M} UTC"
