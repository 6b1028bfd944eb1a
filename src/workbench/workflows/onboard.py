"""Makes workspaces and brings machines into them: from the embedded catalogue, a profile file, or a CSV."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.base import MACHINE_ID_PATTERN, Actor
from workbench.domain.equipment import MachineProfile, MachineStatus, Site
from workbench.domain.roles import Permission, require
from workbench.errors import InputError, NotFound
from workbench.store.files import write_atomically
from workbench.workflows.admission import ask_approval, check_approved, enter_machine

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from workbench.store.records.base import Directory
    from workbench.workspace import Workspace

MAIN_SITE = Site(site_id="main_site", title="Main site", time_zone="UTC", latitude=0.0, longitude=0.0)
READINGS = frozenset({".csv", ".tsv", ".parquet", ".pq", ".xlsx", ".xls", ".xlsm", ".ods"})


def create_workspace(path: Path, *, settings: dict[str, Any] | None = None, machines: bool = False) -> Workspace:
    """Make a workspace at ``path``; with ``machines`` it holds the embedded catalogue's fleet, else one empty site."""
    from workbench.workspace import Workspace

    ws = Workspace.init(path, settings=settings)
    if machines:
        add_catalogue(ws)
    else:
        ws.sites.put(MAIN_SITE, ws.change("new workspace"))
    return ws


def add_catalogue(ws: Workspace, *, only: Collection[str] | None = None, actor: Actor | None = None) -> int:
    """Add the embedded catalogue's sites, people, parts, suppliers and machines (``only`` those named, or all).

    Returns the number of machines.
    """
    from workbench.catalog import load_catalogue

    catalogue = load_catalogue()
    with ws.transaction() as tx:
        change = tx.change("embedded catalogue", actor)
        for site in catalogue.sites:
            tx.sites.put(site, change)
        for supplier in catalogue.suppliers:
            tx.suppliers.put(supplier, change)
        for part in catalogue.parts:
            tx.parts.put(part, change)
        for technician in catalogue.technicians:
            tx.technicians.put(technician, change)
        for absence in catalogue.absences:
            tx.absences.put(absence, change)
        chosen = [profile for profile in catalogue.machines if only is None or profile.machine_id in only]
        for profile in chosen:
            enter_machine(tx, profile, change)
    return len(chosen)


def add_machine(ws: Workspace, path: Path, *, actor: Actor | None = None) -> tuple[MachineProfile, int]:
    """Add the machine of a profile file (YAML or JSON), or a new version of it; returns profile and version.

    Raises ``InvalidDocument`` listing every fault of the file, and ``InputError`` for an unknown site.
    """
    from workbench.catalog import parse_profile

    if path.is_file() and {suffix.lower() for suffix in path.suffixes} & READINGS:
        raise InputError(
            f"{path} is a file of readings, not a profile.",
            f"Have a profile proposed from it: workbench machines add --from-csv {path} --id MACHINE_ID",
        )
    profile = parse_profile(read_text(path), where=str(path))
    return profile, save_profile(ws, profile, actor=actor)


def save_profile(ws: Workspace, profile: MachineProfile, *, actor: Actor | None = None) -> int:
    """Store the profile as a new machine, or as a new version of a known one; returns the version."""
    check_site(ws, profile.site_id, of=profile.machine_id)
    with ws.transaction() as tx:
        if profile.machine_id in tx.machines.ids():
            change = tx.change("profile edited", actor)
            require(change.actor, Permission.ADD_MACHINES)
            version = tx.machines.update(profile, change)
            if tx.machines.status(profile.machine_id) is MachineStatus.PENDING:
                # What was rejected is asked about again, as it is now.
                ask_approval(tx, profile, change)
            return version
        enter_machine(tx, profile, tx.change("machine added", actor))
        return 1


def check_site(ws: Workspace, site_id: str, *, of: str) -> None:
    """Raise ``InputError`` where the site of a machine or a person is not in the workspace."""
    sites = [site.site_id for site in ws.sites.all()]
    if site_id not in sites:
        raise InputError(
            f"{of}: site {site_id!r} is not in the workspace.",
            f"Use one of: {', '.join(sites)}, or add the site with `workbench plant sites FILE`.",
        )


def default_site(ws: Workspace) -> str:
    """Return the site a new machine is put at when none is named: the main site, else the first."""
    sites = [site.site_id for site in ws.sites.all()]
    return MAIN_SITE.site_id if MAIN_SITE.site_id in sites or not sites else sites[0]


def chosen_machines(ws: Workspace, machine_ids: Sequence[str] | None) -> list[str]:
    """Return the machines asked for, or all that are approved.

    Raises ``NotFound`` for an unknown machine, ``InputError`` for one that is not approved, and when there is none.
    """
    statuses = ws.machines.statuses()
    for machine_id in machine_ids or ():
        check_approved(ws, machine_id)
    if machine_ids:
        return list(machine_ids)
    if not statuses:
        raise InputError(
            "The workspace has no machines yet.", "Add one: workbench machines add --from-csv FILE --id MACHINE_ID"
        )
    approved = [machine_id for machine_id, status in statuses.items() if status is not MachineStatus.PENDING]
    if not approved:
        check_approved(ws, next(iter(statuses)))
    return approved


def read_text(path: Path) -> str:
    """Read a text file; raises ``NotFound`` or ``InputError`` with what to do."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", "Check the path.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error


PLANT_KINDS = ("sites", "technicians", "parts", "suppliers")


def add_plant(ws: Workspace, kind: str, path: Path, *, actor: Actor | None = None) -> int:
    """Store the sites, technicians, parts or suppliers of a YAML or JSON list; returns how many.

    Pieces of parts that are free then go to the work orders that wait for them.

    Raises ``InvalidDocument`` listing every fault, and ``InputError`` for a person at an unknown site; nothing is
    stored then.
    """
    from workbench.catalog import parse_items
    from workbench.domain.equipment import Part, Supplier, Technician
    from workbench.workflows.procurement import hold_orders, share_out

    text = read_text(path)
    with ws.transaction() as tx:
        change = tx.change(f"{kind} from {path.name}", actor)
        directories: dict[str, tuple[type[Any], Directory[Any]]] = {
            "sites": (Site, tx.sites),
            "technicians": (Technician, tx.technicians),
            "parts": (Part, tx.parts),
            "suppliers": (Supplier, tx.suppliers),
        }
        model, directory = directories[_plant_kind(kind)]
        items = parse_items(model, text, where=str(path))
        for item in items:
            if isinstance(item, Technician):
                check_site(tx, item.site_id, of=item.technician_id)
        counted = [item.part_id for item in items if isinstance(item, Part)]
        hold_orders(tx, counted)
        for item in items:
            directory.put(item, change)
        share_out(tx, counted, change, why="the stock was counted anew", key=f"counted {change.at.isoformat()}")
    return len(items)


def _plant_kind(kind: str) -> str:
    if kind not in PLANT_KINDS:
        raise InputError(f"{kind!r} is no kind of plant record.", f"Use one of: {', '.join(PLANT_KINDS)}.")
    return kind


def plant_example(kind: str) -> str:
    """Return the embedded catalogue's list of ``kind`` as an example to fill in."""
    from workbench.catalog.templates import package_text

    return package_text(f"{_plant_kind(kind)}.yaml")


_SAMPLE_ROWS = 500_000


def read_sample(path: Path) -> pd.DataFrame:
    """Read the first half million rows of a CSV or Parquet file; raises ``RefusedFile`` as an ingest would.

    Numbers are read as an ingest reads them, decimal comma and words for "no value" included; a column of numbers
    with some other words keeps these.
    """
    import pandas as pd
    import pyarrow as pa

    from workbench.telemetry.faults import FaultLog
    from workbench.telemetry.readers.sources import open_source

    source = open_source(path)
    blocks: list[pa.Table] = []
    rows = 0
    for block in source.blocks(FaultLog()):
        blocks.append(block.table)
        rows += block.table.num_rows
        if rows >= _SAMPLE_ROWS:
            break
    if not blocks:
        return pd.DataFrame(columns=source.names)
    table = pa.concat_tables(blocks).slice(0, _SAMPLE_ROWS)
    columns = [_sample_column(table.column(name), source.decimal) for name in table.column_names]
    return pd.concat(columns, axis=1, keys=table.column_names)


def _sample_column(raw: pa.ChunkedArray, decimal: str) -> pd.Series:
    import numpy as np
    import pandas as pd

    from workbench.telemetry.faults import FaultLog
    from workbench.telemetry.readers.numbers import read_numbers
    from workbench.telemetry.readers.sources import is_text

    cells: pd.Series = raw.to_pandas()
    if not is_text(raw.type):
        return cells
    log = FaultLog()
    numbers = read_numbers(raw, np.arange(len(raw)), log, "", decimal).to_numpy()
    wrong = np.zeros(len(raw), dtype=bool)
    for fault in log.found:
        wrong[fault.rows] = True
    if wrong.sum() > (~np.isnan(numbers)).sum():
        return cells
    if wrong.any():
        return pd.Series(numbers, dtype=object).where(~wrong, cells.astype(object))
    whole = bool(len(numbers)) and bool(np.isfinite(numbers).all()) and bool((numbers == np.rint(numbers)).all())
    return pd.Series(numbers.astype(np.int64) if whole and np.abs(numbers).max() < 2**53 else numbers)


@dataclass(frozen=True)
class ProposedMachine:
    """A profile proposed from a file, where it was written, and what was guessed, in words."""

    profile: MachineProfile
    path: Path
    notes: Sequence[str]


def check_id(machine_id: str) -> None:
    """Raise ``InputError`` with the allowed characters and an example for what is no machine id."""
    from workbench.catalog.column_names import plain_text

    if re.fullmatch(MACHINE_ID_PATTERN, machine_id):
        return
    near = re.sub(r"[^a-z0-9]+", "_", plain_text(machine_id).lower()).strip("_")[:100]
    raise InputError(
        f"Machine id {machine_id[:120]!r} is not allowed.",
        f"Use 3 to 100 of the characters a-z, 0-9 and _, e.g. --id {near if len(near) >= 3 else 'compressor_01'}.",
    )


def propose_machine(
    file: Path, *, machine_id: str, machine_type: str | None = None, out: Path | None = None, site_id: str | None = None
) -> ProposedMachine:
    """Propose a profile for the machine that ``file`` (CSV or Parquet) was recorded on, and write it for editing.

    Time column, sensors, quantities and units are guessed from the names, ranges from the first 30 % of the
    rows; how the file's columns map to the sensors is part of the profile. Nothing is added to the workspace.
    Raises ``InputError`` for an id that is not allowed, and when the profile file exists already.
    """
    from workbench.catalog import dump_profile, propose_profile
    from workbench.domain.mapping import ColumnMapping

    check_id(machine_id)
    target = out or Path(f"{machine_id}.yaml")
    if target.exists():
        raise InputError(f"{target} exists already.", "Name another file with --out, or remove it.")
    proposal = propose_profile(read_sample(file), machine_id=machine_id, machine_type=machine_type)
    profile = proposal.profile.model_copy(
        update={
            "site_id": site_id or MAIN_SITE.site_id,
            "file_mapping": ColumnMapping.model_validate(proposal.mapping),
        }
    )
    write_atomically(target, dump_profile(profile, notes=proposal.notes).encode())
    return ProposedMachine(profile, target, proposal.notes)
