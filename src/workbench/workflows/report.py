"""Makes reports of a workspace by their notebooks' names: one, or one for each machine with an index page."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, Change
from workbench.domain.predictions import Severity
from workbench.errors import InputError, NotFound, WorkbenchError

if TYPE_CHECKING:
    from workbench.domain.reports import ReportRecord
    from workbench.workspace import Workspace

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class ReportBatch:
    """Reports of many machines: those that were made, those that failed with the reason, and the page that lists them."""

    records: tuple[ReportRecord, ...]
    failed: tuple[tuple[str, str], ...]
    index: ReportRecord


def report(
    ws: Workspace,
    template: str = "fleet_health",
    parameters: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
    formats: Collection[str] | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> ReportRecord:
    """Run the report notebook ``template`` with ``parameters`` and return its record; files are in ``outputs/``.

    ``formats`` are ``html`` and ``pdf``, both when not given; without WeasyPrint it is HTML alone and a note in the
    record says how to get the PDF. The same ``key`` again returns the finished report instead of making it.

    Raises ``InputError`` for an unknown template, format or parameter before anything runs, and ``WorkbenchError``
    when a cell fails or the time limit has passed; the notebook with its error is kept then, and operations are told.
    """
    from workbench.reports import ReportFailed, render

    change = ws.change(f"report {template} asked for", actor)
    try:
        return render(ws, template, parameters, change=change, key=key, formats=formats, progress=progress)
    except ReportFailed as error:
        _tell(ws, f"Report {template} failed", str(error), error.record.report_id, change)
        raise


def report_batch(
    ws: Workspace,
    template: str = "machine_report",
    machines: Sequence[str] | None = None,
    parameters: Mapping[str, object] | None = None,
    *,
    key: str | None = None,
    formats: Collection[str] | None = None,
    workers: int | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> ReportBatch:
    """Make the report ``template`` of each machine (default: all) and a page that lists them; a failure stops no other.

    Args:
        ws: the workspace to report on.
        template: a report with a parameter ``machine_id``.
        machines: ids of machines; None: all.
        parameters: values for the notebook's other parameters.
        key: with the same key again, reports that are finished are not made again.
        formats: as for :func:`report`.
        workers: how many reports are made at a time; None: one for each core.
        actor: who asks for them.
        progress: told the fraction of the whole batch.

    Raises ``InputError`` for unknown machines, templates, formats or parameters before anything runs.
    """
    from workbench.reports import write_index
    from workbench.reports.parameters import checked, report_parameters

    chosen = _known_machines(ws, machines)
    others = {name: value for name, value in (parameters or {}).items() if name != "machine_id"}
    allowed = report_parameters(template)
    if "machine_id" not in {parameter.name for parameter in allowed}:
        raise InputError(f"Report {template!r} has no parameter 'machine_id'.", "Make it with: workbench report")
    for machine_id in chosen:
        checked(template, allowed, {**others, "machine_id": machine_id})
    change = ws.change(f"reports {template} of {len(chosen)} machines asked for", actor)
    tell = _SharedProgress(len(chosen), progress)

    def make(machine_id: str) -> ReportRecord | str:
        return _one(
            ws, template, {**others, "machine_id": machine_id}, change=change, key=key, formats=formats,
            progress=lambda done, _: tell(machine_id, done),
        )  # fmt: skip

    with ThreadPoolExecutor(workers or os.cpu_count() or 1, thread_name_prefix="report") as pool:
        try:
            results = dict(zip(chosen, pool.map(make, chosen), strict=True))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    index = write_index(ws, template, results, others, change=change, key=key)
    failed = tuple((machine_id, result) for machine_id, result in results.items() if isinstance(result, str))
    if failed:
        lines = "\n".join(f"{machine_id}: {reason}" for machine_id, reason in failed)
        subject = f"{len(failed)} of {len(chosen)} reports {template} failed"
        _tell(ws, subject, lines, index.report_id, change)
    made = tuple(result for result in results.values() if not isinstance(result, str))
    return ReportBatch(records=made, failed=failed, index=index)


def _one(
    ws: Workspace,
    template: str,
    parameters: Mapping[str, object],
    *,
    change: Change,
    key: str | None,
    formats: Collection[str] | None,
    progress: Progress,
) -> ReportRecord | str:
    """Return the record of one machine's report, or why there is none."""
    from workbench.reports import ReportFailed, render

    try:
        return render(ws, template, parameters, change=change, key=key, formats=formats, progress=progress)
    except ReportFailed as error:
        return error.record.error
    except InputError:
        raise
    except WorkbenchError as error:
        return str(error)


def _known_machines(ws: Workspace, machines: Sequence[str] | None) -> tuple[str, ...]:
    if machines is None:
        chosen = tuple(ws.machines.ids())
        if not chosen:
            raise NotFound("There is no machine to report on.", "Add one with: workbench machines add")
        return chosen
    for machine_id in machines:
        ws.machines.get(machine_id)
    return tuple(dict.fromkeys(machines))


class _SharedProgress:
    """Adds up what the reports of a batch tell, each from its own thread."""

    def __init__(self, reports: int, progress: Progress | None) -> None:
        self._progress = progress
        self._reports = max(reports, 1)
        self._done: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, machine_id: str, done: float) -> None:
        """Note that a machine's report is ``done`` (0 to 1) and tell the fraction of all."""
        if self._progress is None:
            return
        with self._lock:
            self._done[machine_id] = max(done, self._done.get(machine_id, 0.0))
            finished = sum(part >= 1.0 for part in self._done.values())
            message = f"{finished} of {self._reports} reports"
            self._progress(min(sum(self._done.values()) / self._reports, 1.0), message)


def _tell(ws: Workspace, subject: str, body: str, report_id: str, change: Change) -> None:
    from workbench.domain.notices import NoticeKind
    from workbench.workflows.notices import notify_operations

    notify_operations(
        ws,
        subject=subject,
        body=body,
        severity=Severity.WARNING,
        key=f"report:{report_id}",
        at=change.at,
        kind=NoticeKind.REPORT_FAILED,
    )
