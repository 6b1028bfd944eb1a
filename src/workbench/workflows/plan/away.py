"""Absences and days off: when technicians, or all of a site, do not work, so that no plan counts on them."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.domain.base import Actor
from workbench.domain.calendar import Absence, AbsenceKind
from workbench.domain.roles import Permission, require
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def add_absence(
    ws: Workspace,
    first_day: date,
    last_day: date | None = None,
    *,
    technician_id: str | None = None,
    site_id: str | None = None,
    kind: AbsenceKind | str | None = None,
    hours: tuple[float, float] = (0.0, 24.0),
    title: str = "",
    actor: Actor | None = None,
) -> Absence:
    """Record that a technician, or everybody of a site, does not work; the same once more changes nothing.

    Args:
        ws: The workspace.
        first_day: In site time.
        last_day: The last one; default: the same.
        technician_id: Who is away.
        site_id: Instead: which site has a day off of its own. Public holidays come from the site's ``holidays``.
        kind: vacation, sick, training or other; default: other, of a site holiday.
        hours: From and until which hour of each day, for a part day.
        title: E.g. the name of the day.
        actor: Who records it.

    Raises:
        NotFound: there is no such technician or site.
        InputError: what is given is not possible, in words.
        NotPermitted: the actor's role does not plan work.
    """
    given = {
        "technician_id": technician_id,
        "site_id": site_id,
        "kind": str(kind) if kind else None,
        "first_day": first_day.isoformat(),
        "last_day": (last_day or first_day).isoformat(),
        "from_h": hours[0] or None,
        "until_h": hours[1],
        "title": title,
    }
    [absence] = _read(json.dumps([given]), "the absence")
    _store(ws, [absence], "absence recorded", actor)
    return absence


def import_absences(ws: Workspace, path: Path, *, actor: Actor | None = None) -> int:
    """Record the absences and days off of a CSV, YAML or JSON list; returns how many.

    Columns: technician_id or site_id, first_day (2026-01-05); where wanted last_day, kind, from_h, until_h, title. All is
    stored or, with a fault anywhere, nothing. What was recorded before stays, but for lines that begin on the same day.

    Raises ``InvalidDocument`` listing every fault, ``NotFound`` for an unknown technician or site, and ``NotPermitted``.
    """
    from workbench.workflows.onboard import read_text

    text = read_text(path)
    found = _read(_rows(text) if path.suffix.lower() == ".csv" else text, str(path))
    _store(ws, found, f"absences from {path.name}", actor)
    return len(found)


def absences_example() -> str:
    """Return the absences of the embedded fleet as an example to fill in."""
    from workbench.catalog.templates import package_text

    return package_text("absences.yaml")


def absences(ws: Workspace, *, everything: bool = False) -> list[Absence]:
    """Return the absences and days off that are not over at the workspace's instant, or all, the earliest first.

    What day it is, is told by the clock of the site, or of the technician's site.
    """
    at = ws.as_of()
    today = {site.site_id: at.astimezone(ZoneInfo(site.time_zone)).date() for site in ws.sites.all()}
    homes = {person.technician_id: person.site_id for person in ws.technicians.all()}

    def ahead(one: Absence) -> bool:
        site_id = one.site_id or homes.get(one.technician_id or "", "")
        return one.last_day >= today.get(site_id, at.date())

    found = [one for one in ws.absences.all() if everything or ahead(one)]
    return sorted(found, key=lambda one: (one.first_day, one.absence_id))


def remove_absence(ws: Workspace, absence_id: str, *, actor: Actor | None = None) -> None:
    """Take an absence back; raises ``NotFound``, and ``NotPermitted`` for a role that does not plan work."""
    require(actor or ws.actor, Permission.ASSIGN_WORK)
    ws.absences.remove(absence_id, ws.change("absence taken back", actor))


def _read(text: str, where: str) -> list[Absence]:
    from workbench.catalog import parse_items

    return list(parse_items(Absence, text, where=where))


def _rows(text: str) -> str:
    """Return a CSV as a JSON list, each row on the line that it had."""
    first, _, _ = text.partition("\n")
    reader = csv.DictReader(text.removeprefix("\ufeff").splitlines(), delimiter=";" if ";" in first else ",")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            raise InputError(f"Line {reader.line_num} has not as many fields as the heading.", "Correct the line.")
        rows.append(json.dumps({str(key).strip(): value.strip() for key, value in row.items() if value.strip()}))
    return "[\n" + ",\n".join(rows) + "]"


def _store(ws: Workspace, found: list[Absence], reason: str, actor: Actor | None) -> None:
    require(actor or ws.actor, Permission.ASSIGN_WORK)
    with ws.transaction() as tx:
        change = tx.change(reason, actor)
        for one in found:
            # Unknown names are refused with those that are spelled much like them.
            if one.technician_id is not None:
                tx.technicians.get(one.technician_id)
            else:
                tx.sites.get(one.site_id or "")
            tx.absences.put(one, change)
