"""Background work as screens show it: what runs, how far it is, how it ended, and whether anybody executes it."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import workbench
from workbench.domain.jobs import ENDED_JOB_STATES, Job, JobKind, JobProgress, JobState
from workbench.errors import WorkbenchError
from workbench.reports.content.wording import count
from workbench.workspace import Workspace

from .looks import look
from .words import ago

ACTIVE = (JobState.RUNNING, JobState.QUEUED)
_SHOWN_ACTIVE = 50
_SHOWN_ENDED = 5
_TITLES = {
    JobKind.TRAIN: "Training",
    JobKind.CYCLE: "Maintenance cycle",
    JobKind.REPORT: "Report",
    JobKind.REPORT_BATCH: "Report of every machine",
    JobKind.DRIFT: "Drift watch",
    JobKind.NOTICES: "Sending notices",
    JobKind.TRAIN_SYNTHESIZER: "Training of a synthesizer",
    JobKind.GENERATE: "Synthetic data",
    JobKind.JUDGE_SYNTHETIC: "Judgement of synthetic data",
}

_log = logging.getLogger(__name__)


def job_title(job: Job) -> str:
    """Return what a job does, e.g. ``Report: fleet health``."""
    template = str(job.parameters.get("template", "")).replace("_", " ")
    return f"{_TITLES[job.kind]}: {template}" if template else _TITLES[job.kind]


def read_jobs(ws: Workspace) -> dict[str, Any]:
    """Return ``jobs`` (those that run or wait, then the last that ended) and ``worker_lives``."""
    from workbench.workflows.jobs import worker_lives

    active = ws.jobs.recent(_SHOWN_ACTIVE, ACTIVE)
    ended = ws.jobs.recent(_SHOWN_ENDED, ENDED_JOB_STATES)
    progress = ws.jobs.progress([job.job_id for job in active])
    now = datetime.now(UTC)
    rows = [_row(job, progress.get(job.job_id), now) for job in (*active, *ended)]
    return {"jobs": rows, "worker_lives": worker_lives(ws)}


def worker_command(ws: Workspace) -> str:
    """Return the command that starts a worker for this workspace."""
    return command(ws, "worker")


def command(ws: Workspace, words: str) -> str:
    """Return a command line for this workspace, to be copied into a terminal."""
    return f"workbench -w {shlex.quote(str(ws.path))} {words}"


def submit(ws: Workspace, kind: JobKind, parameters: Mapping[str, object]) -> dict[str, str]:
    """Queue a job and return how that went: ``kind`` of notice, ``title`` and ``text``; touches no trait."""
    try:
        job = workbench.submit(ws, kind.value, dict(parameters))
    except WorkbenchError as error:
        return {"kind": "error", "title": error.what, "text": error.remedy}
    except Exception as error:  # noqa: BLE001
        # What a click asked for must be answered, whatever happened.
        _log.exception("%s could not be queued", kind)
        return {"kind": "error", "title": f"Not queued: {error}"[:500], "text": "Try again, or run workbench doctor."}
    return {"kind": "info", "title": f"{job_title(job)} is queued.", "text": "", "job_id": job.job_id}


def _came_of(job: Job) -> str:
    """Return what a job that is done left behind, in words."""
    result: dict[str, Any] = job.result
    if "orders" in result:
        again = f" ({result['repeated']} decided before)" if result.get("repeated") else ""
        return f"{count(result['machines'], 'machine')}{again}, {count(len(result['orders']), 'order')}"
    if "outputs" in result:
        return _files(result["outputs"].values())
    if "versions" in result:
        return f"{count(len(result['versions']), 'model')}, {result['active']} in use"
    return ""


def _files(paths: Iterable[str]) -> str:
    """Return paths in words; those that differ in their ending only are named once.

    >>> _files(["outputs/reports/a.html", "outputs/reports/a.pdf"])
    'outputs/reports/a (html, pdf)'
    """
    endings: dict[str, list[str]] = {}
    for path in map(PurePosixPath, paths):
        endings.setdefault(str(path.with_suffix("")), []).append(path.suffix.removeprefix("."))
    return "; ".join(f"{path} ({', '.join(sorted(kinds))})" for path, kinds in endings.items())


def _row(job: Job, progress: JobProgress | None, now: datetime) -> dict[str, Any]:
    if job.ended:
        said = job.error or _came_of(job)
    else:
        said = (progress.message if progress else "") or ("begins" if job.executor_id else "waits for a worker")
    return {
        "id": job.job_id,
        "kind": job.kind.value,
        "title": job_title(job),
        "look": look(job.state),
        "active": not job.ended,
        "fraction": round(progress.fraction, 3) if progress and not job.ended else None,
        "message": said,
        "by": job.submitted_by,
        "when": ago(job.ended_at or job.submitted_at, now),
    }
