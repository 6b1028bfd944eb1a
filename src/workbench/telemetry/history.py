"""One import of work orders of the past from beginning to end, through the same door as readings and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.domain.base import Change, stable_id
from workbench.domain.equipment import MachineProfile
from workbench.domain.history import HistoryMapping, PastWork
from workbench.domain.observations import IngestReport
from workbench.errors import RefusedFile
from workbench.store.database import Database
from workbench.store.records import History, Segments
from workbench.telemetry import quarantine
from workbench.telemetry.batches import known_batch, record, refuse_if_bad
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.maintenance_sets import published_set
from workbench.telemetry.readers.mapping import check_zone
from workbench.telemetry.readers.sources import Source
from workbench.telemetry.readers.work_orders import Placed, WorkOrderRows, read_work_orders, recognise
from workbench.telemetry.segments import placed

OTHER_CONTENT = "this order is recorded already with other content"


@dataclass(frozen=True)
class HistoryRequest:
    """Which work orders are to be imported, and by which rules."""

    source: Source
    profiles: Mapping[str, MachineProfile]
    change: Change
    currency: str
    mapping: HistoryMapping | None = None
    system: str | None = None
    update: bool = False
    strict: bool = False


def ingest_history(request: HistoryRequest, root: Path, staging: Path, database: Database) -> IngestReport:
    """Import the work orders of one source; see ``Archive.store_history`` for the rules."""
    source = request.source
    published = published_set(source.names) if request.mapping is None else None
    mapping = request.mapping or (published.mapping if published else recognise(source.names, source.name))
    if request.system:
        mapping = mapping.model_copy(update={"source": request.system})
    check_zone(mapping.time_zone)
    content = source.sha256()
    batch_id = stable_id("history", content, mapping.model_dump_json(), request.update)
    known = known_batch(Segments(database), batch_id)
    if known is not None:
        return known
    faults = FaultLog()
    plant = _Plant(request.profiles)
    found = read_work_orders(
        source,
        mapping,
        faults,
        currency=request.currency if mapping.currency is None else mapping.currency,
        find_machine=plant.machine,
        find_mode=plant.mode,
        prepare=published.prepare if published else None,
        unread=published.accounted if published else (),
    )
    if not found.orders and not faults.total:
        raise RefusedFile(f"{source.name}: there are no rows.", "Export it again.")
    with database.writing() as session:
        bound = database.bound(session)
        written = History(bound).record(found.orders, request.change, update=request.update)
        refused = [row for row, state in zip(found.rows, written, strict=True) if state == "differs"]
        faults.add(np.array(sorted(refused), np.int64), OTHER_CONTENT)
        refuse_if_bad(faults, found.rows_read, source.name, strict=request.strict)
        held = quarantine.stage(faults, source, staging, batch_id)
        times = [order.happened_at for order in found.orders if order.happened_at is not None]
        report = IngestReport(
            batch_id=batch_id,
            source=source.name,
            machines=tuple(sorted({order.machine_id for order in found.orders if order.machine_id})),
            rows_read=found.rows_read,
            rows_stored=sum(state in ("new", "replaced") for state in written),
            rows_identical=found.repeated + written.count("same"),
            rows_quarantined=faults.total,
            faults=held.faults if held else (),
            notes=(
                *(published.notes if published else ()),
                *found.notes,
                *_notes_on(found, mapping, request, written.count("replaced")),
            ),
            first_time=min(times, default=None),
            last_time=max(times, default=None),
        )
        with placed(root, quarantine.moves(held)):
            record(Segments(bound), report, content, held=held, change=request.change)
    return report


class _Plant:
    """Finds machines and failure modes of a workspace by what other systems call them."""

    def __init__(self, profiles: Mapping[str, MachineProfile]) -> None:
        self._profiles = profiles
        self._names: dict[str, str | None] = {}
        for profile in profiles.values():
            for name in {plain_name(profile.machine_id), plain_name(profile.title)} - {""}:
                # A name that two machines share stands for neither.
                self._names[name] = profile.machine_id if name not in self._names else None
        self._found: dict[str, Placed] = {}

    def machine(self, asset: str) -> Placed:
        """Return id and type of the machine that is called ``asset``, (None, "") when none or several are."""
        if asset not in self._found:
            machine_id = self._names.get(plain_name(asset)) if asset else None
            kind = self._profiles[machine_id].machine_type if machine_id else ""
            self._found[asset] = (machine_id, kind)
        return self._found[asset]

    def mode(self, machine_id: str | None, code: str, title: str) -> str | None:
        """Return the machine's failure mode that is named so, entitled so, or has this ISO 14224 code alone."""
        if machine_id is None or machine_id not in self._profiles or not (code or title):
            return None
        modes = self._profiles[machine_id].failure_modes
        words = {plain_name(code), plain_name(title)} - {""}
        for mode in modes:
            if words & {plain_name(mode.name), plain_name(mode.title)}:
                return mode.name
        coded = [mode.name for mode in modes if mode.iso14224_code == code.upper()]
        return coded[0] if len(coded) == 1 else None


def plain_name(name: str) -> str:
    """Return a name without case and separators.

    >>> plain_name("Pump 04-A"), plain_name("pump_04_a")
    ('pump04a', 'pump04a')
    """
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _notes_on(found: WorkOrderRows, mapping: HistoryMapping, request: HistoryRequest, replaced: int) -> list[str]:
    orders: Sequence[PastWork] = found.orders
    notes = [f"recorded as orders of the system {mapping.source!r}"]
    if replaced:
        notes.append(
            f"{replaced:,} {'orders were' if replaced > 1 else 'order was'} recorded with other content, which this file replaced"
        )
    strangers = {order.asset for order in orders if order.machine_id is None and order.asset}
    if strangers and request.profiles:
        shown = ", ".join(sorted(strangers)[:3])
        many = len(strangers) > 1
        notes.append(
            f"{len(strangers):,} machine name{'s are' if many else ' is'} unknown in this workspace, e.g. {shown}: the orders are "
            "kept and found by code and text; `machines:` in a mapping says which machine is meant"
        )
    if mapping.cost and mapping.currency is None and not mapping.currency_column and any(o.cost for o in orders):
        notes.append(f"costs were read as {request.currency}, the workspace's currency")
    if mapping.cost and not any(order.currency for order in orders):
        notes.append("the source does not say in which currency its costs are")
    zero = sum(order.cost == 0 for order in orders)
    if zero:
        notes.append(
            f"{zero:,} {'orders have' if zero > 1 else 'order has'} a cost of 0, taken as nothing booked: counted in no typical cost"
        )
    later = sum(order.happened_at is not None and order.happened_at > request.change.at for order in orders)
    if later:
        notes.append(f"{later:,} {'orders lie' if later > 1 else 'order lies'} in the future; please check")
    return notes
