"""Runs a report notebook in its own process and keeps the page, its PDF, the notebook and a record of all three."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.base import Change, stable_id
from workbench.domain.progress import Progress, untold
from workbench.domain.reports import ReportFile, ReportRecord
from workbench.errors import EnvironmentFailure, InputError, WorkbenchError
from workbench.store.files import write_atomically

from .execute import Outcome, execute
from .page import PageFacts, heading, html_page, provenance
from .parameters import WORKSPACE, checked, inspect, template_path
from .pdf import NoPdf, PdfFailed, PdfWriter, pdf_writer
from .snapshot import DISTRIBUTION

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from workbench.workspace import Workspace

FORMATS = ("html", "pdf")
OUTPUTS = Path("outputs")
_PACKAGES = ("papermill", "nbconvert", "ipykernel", "great_tables")
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


class ReportFailed(WorkbenchError):
    """A report ended without its page; ``record`` says how far it got."""

    def __init__(self, record: ReportRecord, remedy: str) -> None:
        super().__init__(f"Report {record.template!r} failed: {record.error}.", remedy)
        self.record = record


@dataclass
class _Kept:
    """The files that a run has written so far."""

    root: Path
    outputs: dict[str, str] = field(default_factory=dict)
    files: dict[str, ReportFile] = field(default_factory=dict)

    def write(self, kind: str, place: Path, payload: bytes) -> None:
        write_atomically(self.root / place, payload)
        self.outputs[kind] = place.as_posix()
        self.files[kind] = ReportFile(size=len(payload), sha256=hashlib.sha256(payload).hexdigest())


def render(
    ws: Workspace,
    template: str,
    parameters: Mapping[str, object] | None = None,
    *,
    change: Change,
    key: str | None = None,
    formats: Collection[str] | None = None,
    progress: Progress | None = None,
) -> ReportRecord:
    """Run the report ``template`` and return its record; page and PDF lie in ``outputs/``, the notebook beside them.

    Args:
        ws: the workspace to report on.
        template: name of a report, e.g. ``fleet_health``.
        parameters: values for the notebook's parameters; the others keep their defaults.
        change: who makes the report, and why.
        key: the same key again returns the finished report; one that failed runs again.
        formats: ``html``, and ``pdf`` where WeasyPrint can run (a note in the record says when it cannot); None: both.
        progress: told the fraction done (0 to 1) and what is being done.

    Raises:
        NotFound: there is no such report.
        InputError: a parameter or format is unknown or ill-typed; nothing was run.
        EnvironmentFailure: the packages that make reports are missing, or the disk cannot be written.
        ReportFailed: a cell failed, or the workspace's time limit for reports has passed; the notebook with its error
            and a record of state ``failed`` are kept.
    """
    _need_packages()
    wanted = _checked_formats(formats)
    path = template_path(template)
    values = checked(template, inspect(path), parameters)
    asked = json.dumps(values, sort_keys=True)
    own_id = stable_id("report", template, asked, change.actor.id, change.at.isoformat())
    report_id = stable_id("report", template, asked, "key", key) if key else own_id
    finished = ws.reports.find(report_id) if key else None
    if finished is not None:
        return finished
    record = _made(ws, template, path, values, report_id, change, wanted, progress or untold)
    if key:
        # Only a finished report takes the key's id: one that failed can be made again under the same key.
        record = record.model_copy(update={"key": key, **({"report_id": own_id} if record.state == "failed" else {})})
    ws.reports.add(record, change)
    if record.state == "failed":
        raise ReportFailed(record, f"The notebook with its error is {ws.path / record.outputs['notebook']}.")
    return record


def _made(
    ws: Workspace,
    template: str,
    path: Path,
    values: Mapping[str, Any],
    report_id: str,
    change: Change,
    formats: Collection[str],
    progress: Progress,
) -> ReportRecord:
    """Run the notebook, write the files and return the record of both."""
    began = time.monotonic()
    limit_s = ws.settings.report_time_limit_s
    with ExitStack() as stack:
        writer: PdfWriter | None = None
        notes: list[str] = []
        if "pdf" in formats:
            try:
                # Started first: it loads WeasyPrint while the notebook runs.
                writer = stack.enter_context(pdf_writer())
            except NoPdf as lack:
                notes.append(str(lack))
        outcome = execute(
            path,
            {WORKSPACE: str(ws.path), **values},
            limit_s=limit_s,
            progress=lambda done, message: progress(0.8 * done, message),
        )
        origin = provenance(outcome.notebook)
        as_of = datetime.fromisoformat(origin["as_of"]) if origin else ws.as_of()
        facts = PageFacts(
            title=heading(outcome.notebook) or str(values.get("title") or template),
            workspace=ws.settings.name,
            as_of=as_of,
            created_at=change.at,
            description=f"Report {template} of {ws.settings.name}, as of {as_of:%Y-%m-%d %H:%M} UTC",
            keywords=("predictive maintenance", template, *_subjects(values)),
            simulated=ws.settings.simulated,
        )
        name = "-".join((template, *map(_fit, _subjects(values)), f"{as_of:%Y-%m-%d}", report_id[:8]))
        kept = _Kept(ws.path)
        kept.write("notebook", OUTPUTS / "reports" / f"{name}.ipynb", _notebook_bytes(outcome.notebook))
        fault, log = outcome.fault, outcome.log
        if not fault:
            rest_s = limit_s - (time.monotonic() - began)
            fault = _write_pages(outcome, facts, kept, name, writer, notes, max(rest_s, 1.0), progress)
            log = fault
    return ReportRecord(
        report_id=report_id,
        template=template,
        created_at=change.at,
        as_of=as_of,
        state="failed" if fault else "done",
        parameters=dict(values),
        outputs=kept.outputs,
        files=kept.files,
        model_versions=origin.get("model_versions", {}),
        data_hash=origin.get("data_hash", ""),
        code_version=origin.get("code_version", version(DISTRIBUTION)),
        duration_s=round(time.monotonic() - began, 3),
        notes=tuple(notes),
        error=fault,
        log=log,
    )


def _write_pages(
    outcome: Outcome,
    facts: PageFacts,
    kept: _Kept,
    name: str,
    writer: PdfWriter | None,
    notes: list[str],
    limit_s: float,
    progress: Progress,
) -> str:
    """Write the page and, where that can be, its PDF; return what went wrong, or nothing."""
    try:
        page = html_page(outcome.notebook, facts)
        kept.write("html", OUTPUTS / f"{name}.html", page.encode())
        progress(0.85, "page written")
        if writer is not None:
            kept.write("pdf", OUTPUTS / f"{name}.pdf", writer.write(page, limit_s=limit_s))
            progress(1.0, "PDF written")
    except NoPdf as lack:
        notes.append(str(lack))
    except (PdfFailed, WorkbenchError) as error:
        if isinstance(error, EnvironmentFailure):
            raise
        return str(error).rstrip(".")
    progress(1.0, "report written")
    return ""


def _subjects(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the report is about: the parameters that name something in the records."""
    return tuple(str(value) for name, value in values.items() if name.endswith("_id") and value)


def _fit(text: str) -> str:
    """Return ``text`` as part of a file name."""
    return _UNFIT.sub("_", text)[:60]


def _checked_formats(formats: Collection[str] | None) -> tuple[str, ...]:
    wanted = FORMATS if formats is None else tuple(formats)
    strange = sorted(set(wanted) - set(FORMATS))
    if strange:
        raise InputError(f"A report cannot be made as {', '.join(strange)}.", f"Formats: {', '.join(FORMATS)}.")
    return wanted


def _need_packages() -> None:
    missing = [name for name in _PACKAGES if not find_spec(name)]
    if missing:
        raise EnvironmentFailure(
            f"Reports need packages that are not installed: {', '.join(missing)}.",
            f"Install them with: pip install '{DISTRIBUTION}[report]'",
        )


def _notebook_bytes(notebook: NotebookNode) -> bytes:
    import nbformat

    text: str = nbformat.writes(notebook)
    return (text + "\n").encode()
