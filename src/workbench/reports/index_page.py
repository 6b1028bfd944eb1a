"""The page that lists the reports of a batch, one row for each machine, with why those that failed did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from workbench.domain.base import Change, stable_id
from workbench.domain.reports import ReportFile, ReportRecord
from workbench.store.files import write_atomically

from .page import TEMPLATES, sheet
from .snapshot import DISTRIBUTION

if TYPE_CHECKING:
    from workbench.workspace import Workspace

BATCH = "report_batch"


@dataclass(frozen=True)
class _Row:
    machine_id: str
    title: str
    links: tuple[tuple[str, str], ...] = ()
    reason: str = ""


def write_index(
    ws: Workspace,
    template: str,
    results: Mapping[str, ReportRecord | str],
    parameters: Mapping[str, object],
    *,
    change: Change,
    key: str | None = None,
) -> ReportRecord:
    """Write the page of a batch to ``outputs/`` and return its record; ``results`` hold a record or a reason by machine.

    With ``key`` a batch that is complete has one page for ever: asked for again, its record is returned.
    """
    failed = {machine_id: result for machine_id, result in results.items() if isinstance(result, str)}
    made = [result for result in results.values() if not isinstance(result, str)]
    asked = json.dumps({"template": template, "machines": [*results], **parameters}, sort_keys=True, default=str)
    own_id = stable_id(BATCH, asked, change.actor.id, change.at.isoformat())
    page_id = stable_id(BATCH, asked, "key", key) if key else own_id
    finished = ws.reports.find(page_id) if key else None
    if finished is not None and not failed:
        return finished
    as_of = max((record.as_of for record in made), default=ws.as_of())
    titles = {profile.machine_id: profile.title for profile in ws.machines.all()}
    rows = [_row(machine_id, titles.get(machine_id, ""), result) for machine_id, result in results.items()]
    page = _page(
        title=f"{template.replace('_', ' ').capitalize()}s",
        workspace=ws.settings.name,
        simulated=ws.settings.simulated,
        as_of=f"{as_of:%Y-%m-%d %H:%M} UTC",
        made_at=f"{change.at:%Y-%m-%d %H:%M} UTC",
        rows=sorted(rows, key=lambda row: (not row.reason, row.title, row.machine_id)),
        failed=len(failed),
        notes=sorted({note for record in made for note in record.notes}),
    ).encode()
    place = PurePosixPath("outputs", f"{template}-index-{as_of:%Y-%m-%d}-{page_id[:8]}.html")
    write_atomically(ws.path / place, page)
    record = ReportRecord(
        report_id=own_id if failed else page_id,
        template=BATCH,
        key=key or "",
        created_at=change.at,
        as_of=as_of,
        state="failed" if failed else "done",
        parameters={"template": template, "machines": [*results], **parameters},
        outputs={"html": str(place)},
        files={"html": ReportFile(size=len(page), sha256=hashlib.sha256(page).hexdigest())},
        code_version=version(DISTRIBUTION),
        duration_s=round(sum(record.duration_s for record in made), 3),
        error=f"{len(failed)} of {len(results)} reports failed" if failed else "",
        log="\n".join(f"{machine_id}: {reason}" for machine_id, reason in failed.items()),
    )
    ws.reports.add(record, change)
    return record


def _row(machine_id: str, title: str, result: ReportRecord | str) -> _Row:
    if isinstance(result, str):
        return _Row(machine_id, title or machine_id, reason=result)
    # The page lies beside the reports.
    links = tuple(
        (kind.upper(), PurePosixPath(result.outputs[kind]).name) for kind in ("html", "pdf") if kind in result.outputs
    )
    return _Row(machine_id, title or machine_id, links=links)


def _page(**values: object) -> str:
    from jinja2 import Environment, FileSystemLoader

    pages = Environment(loader=FileSystemLoader(TEMPLATES / "index"), autoescape=True)
    return pages.get_template("index.html.j2").render(
        style=sheet("style.css"), print_style=sheet("print.css"), **values
    )
