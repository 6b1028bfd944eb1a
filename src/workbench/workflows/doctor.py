"""Checks Python, packages, the machine and a workspace, and says how to mend each lack."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

State = Literal["ok", "absent", "broken"]

# Extra: the module that tells whether it is installed, and what it is for.
EXTRAS: dict[str, tuple[str, str]] = {
    "report": ("papermill", "reports"),
    "dashboard": ("voila", "dashboards"),
    "explain": ("shap", "SHAP explanations"),
    "deep": ("torch", "sequence models"),
    "forecast": ("prophet", "forecasts"),
    "synthesis": ("sdv", "synthetic data"),
    "optimize": ("ortools", "planning"),
    "llm": ("llama_cpp", "the assistant's language model"),
    "mqtt": ("aiomqtt", "MQTT ingestion"),
    "postgres": ("psycopg", "PostgreSQL records"),
    "dask": ("dask", "work on several machines"),
    "api": ("fastapi", "the HTTP API"),
}
CORE = (
    "alembic",
    "dbos",
    "duckdb",
    "joblib",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "sklearn",
    "scipy",
    "skops",
    "sqlalchemy",
    "yaml",
)
_FREE_DISK_GB = 2.0


class Finding(BaseModel):
    """One check: ``broken`` must be mended, ``absent`` is an optional part that is not installed."""

    check: str
    state: State
    found: str
    remedy: str = ""


def _installation(extra: str = "") -> str:
    """Return the command that installs the package with an extra, from a checkout or from a package index."""
    chosen = f"[{extra}]" if extra else ""
    if (Path(__file__).parents[3] / "pyproject.toml").is_file():
        return f'pip install -c constraints.txt -e ".{chosen}"'
    return f'pip install "predictive-maintenance-workbench{chosen}"'


def _python() -> Iterator[Finding]:
    version = sys.version_info
    right = (3, 11) <= version[:2] <= (3, 13)
    yield Finding(
        check="Python",
        state="ok" if right else "broken",
        found=f"{version.major}.{version.minor}.{version.micro}",
        remedy="" if right else "Use Python 3.11, 3.12 or 3.13.",
    )
    lacking = [name for name in CORE if importlib.util.find_spec(name) is None]
    yield Finding(
        check="core packages",
        state="broken" if lacking else "ok",
        found=f"{len(CORE) - len(lacking)} of {len(CORE)}",
        remedy=f"Missing: {', '.join(lacking)}. Run: {_installation()}" if lacking else "",
    )
    for extra, (module, purpose) in EXTRAS.items():
        present = importlib.util.find_spec(module) is not None
        remedy = f"Only for {purpose}: {_installation(extra)}"
        if extra == "deep":
            remedy += " (without a GPU, install PyTorch's CPU build first)"
        yield Finding(
            check=f"extra {extra}",
            state="ok" if present else "absent",
            found=module if present else "not installed",
            remedy="" if present else remedy,
        )


def _machine(path: Path) -> Iterator[Finding]:
    pango = ctypes.util.find_library("pango-1.0") is not None
    yield Finding(
        check="Pango",
        state="ok" if pango else "absent",
        found="found" if pango else "not found",
        remedy="" if pango else "Reports are HTML without it; for PDF: apt install libpango-1.0-0 libpangoft2-1.0-0",
    )
    place = next((p for p in (path, *path.parents) if p.exists()), Path("/"))
    free = shutil.disk_usage(place).free / 1e9
    yield Finding(
        check="disk",
        state="ok" if free > _FREE_DISK_GB else "broken",
        found=f"{free:.1f} GB free at {place}",
        remedy="" if free > _FREE_DISK_GB else "Free some space: ingest and training need at least 2 GB.",
    )
    cores = os.cpu_count() or 1
    yield Finding(check="processor", state="ok", found=f"{cores} cores")
    datasets = os.environ.get("WORKBENCH_DATASETS", "")
    known = bool(datasets) and Path(datasets).is_dir()
    yield Finding(
        check="public data sets",
        state="ok" if known else "absent",
        found=datasets or "WORKBENCH_DATASETS not set",
        remedy="" if known else "Only benchmarks need them: set WORKBENCH_DATASETS to their folder.",
    )


def _workspace(path: Path) -> Iterator[Finding]:
    from workbench.workspace import Workspace

    try:
        ws = Workspace.open(path)
    except WorkbenchError as error:
        yield Finding(check="workspace", state="broken", found=error.what, remedy=error.remedy)
        return
    with ws:
        machines = len(ws.machines.ids())
        yield Finding(
            check="workspace", state="ok", found=f"{path}: {machines} machines, as of {ws.as_of():%Y-%m-%d %H:%M} UTC"
        )
        lost = [row.path for row in ws.segments.list() if not (path / "data" / row.path).is_file()]
        yield Finding(
            check="telemetry segments",
            state="broken" if lost else "ok",
            found=f"{len(lost)} files lost, first {lost[0]}" if lost else "every file is there",
            remedy="Restore data/telemetry from a backup." if lost else "",
        )
        damaged = [version.version_id for version in ws.models.active() if not ws.models.intact(version.version_id)]
        yield Finding(
            check="models",
            state="broken" if damaged else "ok",
            found=f"damaged: {', '.join(damaged)}" if damaged else f"{len(ws.models.active())} active",
            remedy="Train again: workbench train" if damaged else "",
        )
        yield _twins(ws)
        pickled = ws.database.pickled_rows()
        yield Finding(
            check="durable work",
            state="broken" if pickled else "ok",
            found=f"{pickled} pickled rows" if pickled else "no pickled rows",
            remedy="The workbench never writes these: do not run this database; restore a backup." if pickled else "",
        )


def _twins(ws: Workspace) -> Finding:
    """Compare the twin sections of embedded machines with those of this release."""
    from workbench.workflows.twin.shipped import older_twins

    found = older_twins(ws)
    old, edited = len(found.unedited), ", ".join(found.edited)
    said = f"{old} of an older release" if old else "those of this release"
    return Finding(
        check="twin sections",
        state="absent" if old else "ok",
        found=said + (f"; edited: {edited}" if edited else ""),
        remedy="Take over those of this release, but for edited ones: workbench upgrade" if old else "",
    )


def _background(path: Path) -> Iterator[Finding]:
    from workbench.workflows.jobs import worker_lives
    from workbench.workspace import Workspace

    try:
        ws = Workspace.open(path)
    except WorkbenchError:
        # Already among the findings.
        return
    with ws:
        lives = worker_lives(ws)
        yield Finding(
            check="worker",
            state="ok" if lives else "absent",
            found="works" if lives else "none",
            remedy="" if lives else "Only for queued jobs and schedules: workbench worker",
        )
        yield from _channels(ws)
        waiting = len(ws.notices.all("queued")) + len(ws.notices.all("sending"))
        refused = len(ws.notices.all("failed"))
        yield Finding(
            check="notices",
            state="absent" if waiting or refused else "ok",
            found=f"{waiting} wait, {refused} could not be sent" if waiting or refused else "none waits",
            remedy="See why: workbench notices list" if waiting or refused else "",
        )


def _channels(ws: Workspace) -> Iterator[Finding]:
    """Check what the channels that lead outside are set to, and the texts of notices; nothing is sent."""
    from workbench.workflows.notices import notice_texts
    from workbench.workflows.notices.send import channels_set, session_for

    for channel, webhook in channels_set(ws):
        check = f"webhook {webhook}" if webhook else "e-mail"
        try:
            place = session_for(ws, channel, webhook).place
        except WorkbenchError as error:
            yield Finding(check=check, state="broken", found=error.what, remedy=error.remedy)
        else:
            unreached = bool(webhook) and ws.settings.webhooks[webhook].form == "sms" and not _phones(ws)
            yield Finding(
                check=check,
                state="absent" if unreached else "ok",
                found=f"set up: {place}" + ("; nobody has a phone number" if unreached else ""),
                remedy="Give technicians a phone, sites a manager_phone, or set operations_phone." if unreached else "",
            )
    try:
        notice_texts(ws)
    except WorkbenchError as error:
        yield Finding(check="texts of notices", state="broken", found=error.what, remedy=error.remedy)


def _phones(ws: Workspace) -> bool:
    """Say whether anybody can be reached by SMS."""
    people = [person.phone for person in ws.technicians.all()] + [site.manager_phone for site in ws.sites.all()]
    return any((*people, ws.settings.operations_phone))


def examine(path: Path | None = None) -> list[Finding]:
    """Check the installation, the machine and, when given, the workspace at ``path``."""
    place = path or Path.cwd()
    findings = [*_python(), *_machine(place)]
    if path is not None:
        findings += [*_workspace(path), *_background(path)]
    return findings
