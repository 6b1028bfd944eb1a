"""Makes workspaces and brings machines into them: from the embedded catalogue, a profile file, or a CSV."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.base import Actor
from workbench.domain.equipment import MachineProfile, Site
from workbench.errors import InputError, NotFound
from workbench.store.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

    from workbench.store.records.base import Directory
    from workbench.workspace import Workspace

MAIN_SITE = Site(site_id="main_site", title="Main site", time_zone="UTC", latitude=0.0, longitude=0.0)


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
        chosen = [profile for profile in catalogue.machines if only is None or profile.machine_id in only]
        for profile in chosen:
            tx.machines.add(profile, change)
    return len(chosen)


def add_machine(ws: Workspace, path: Path, *, actor: Actor | None = None) -> tuple[MachineProfile, int]:
    """Add the machine of a profile file (YAML or JSON), or a new version of it; returns profile and version.

    Raises ``InvalidDocument`` listing every fault of the file, and ``InputError`` for an unknown site.
    """
    from workbench.catalog import parse_profile

    profile = parse_profile(read_text(path), where=str(path))
    return profile, save_profile(ws, profile, actor=actor)


def save_profile(ws: Workspace, profile: MachineProfile, *, actor: Actor | None = None) -> int:
    """Store the profile as a new machine, or as a new version of a known one; returns the version."""
    sites = [site.site_id for site in ws.sites.all()]
    if profile.site_id not in sites:
        raise InputError(
            f"{profile.machine_id}: site {profile.site_id!r} is not in the workspace.",
            f"Use one of: {', '.join(sites)}, or add the site with `workbench plant sites FILE`.",
        )
    with ws.transaction() as tx:
        if profile.machine_id in tx.machines.ids():
            return tx.machines.update(profile, tx.change("profile edited", actor))
        tx.machines.add(profile, tx.change("machine added", actor))
        return 1


def chosen_machines(ws: Workspace, machine_ids: Sequence[str] | None) -> list[str]:
    """Return the machines asked for, or all; raises ``NotFound`` for an unknown one, ``InputError`` when there is none."""
    known = ws.machines.ids()
    if not known:
        raise InputError(
            "The workspace has no machines yet.", "Add one: workbench machines add --from-csv FILE --id MACHINE_ID"
        )
    for machine_id in machine_ids or ():
        ws.machines.get(machine_id)
    return list(machine_ids) if machine_ids else known


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

    Raises ``InvalidDocument`` listing every fault; nothing is stored then.
    """
    from workbench.catalog import parse_items
    from workbench.domain.equipment import Part, Supplier, Technician

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
            directory.put(item, change)
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
    """Read the first half million rows of a CSV or Parquet file; raises ``RefusedFile`` as an ingest would."""
    import pandas as pd

    from workbench.telemetry.readers.csv import CsvSource
    from workbench.telemetry.readers.sources import open_source

    source = open_source(path)
    if isinstance(source, CsvSource):
        return pd.read_csv(
            path,
            sep=source.delimiter,
            decimal=source.decimal,
            encoding=source.encoding,
            nrows=_SAMPLE_ROWS,
            low_memory=False,
        )
    return pd.read_parquet(path).head(_SAMPLE_ROWS)


@dataclass(frozen=True)
class ProposedMachine:
    """A profile proposed from a file, where it was written, and what was guessed, in words."""

    profile: MachineProfile
    path: Path
    notes: Sequence[str]


def propose_machine(
    file: Path, *, machine_id: str, machine_type: str | None = None, out: Path | None = None, site_id: str | None = None
) -> ProposedMachine:
    """Propose a profile for the machine that ``file`` (CSV or Parquet) was recorded on, and write it for editing.

    Time column, sensors, quantities and units are guessed from the names, ranges from the first 30 % of the
    rows; how the file's columns map to the sensors is part of the profile. Nothing is added to the workspace.
    Raises ``InputError`` when the profile file exists already.
    """
    from workbench.catalog import dump_profile, propose_profile
    from workbench.domain.mapping import ColumnMapping

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
