"""The durable workflow of a job: count the attempt, do the work in a process of its own, record how it ended."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbos import DBOS

from workbench.domain.base import Actor, Change, Role
from workbench.domain.jobs import MAX_ATTEMPTS, Job, JobKind, JobState
from workbench.domain.predictions import Severity
from workbench.errors import EnvironmentFailure, WorkbenchError
from workbench.workflows import durable

from .control import ACTIVE, WORKFLOW
from .process import JobProcess

if TYPE_CHECKING:
    from workbench.workspace import Workspace

logger = logging.getLogger("workbench.worker")
Result = dict[str, Any]
WORKER = Actor(id="worker", role=Role.SYSTEM)
# How soon a cancelled job is noticed, and how often progress is written at most.
LOOK_S = 0.25
PROGRESS_S = 1.0


class JobFailed(WorkbenchError):
    """A job cannot be done; the message is for the person who submitted it."""


class Abandoned(BaseException):
    """The execution must leave its job as it is: cancelled, taken over, or handed back by a worker that stops.

    Not an ``Exception``, which the workflow engine would record as the job's outcome.
    """


@dataclass
class Shift:
    """What this worker has in hand; ``stopping`` tells it to put everything down."""

    stopping: threading.Event = field(default_factory=threading.Event)
    in_hand: list[str] = field(default_factory=list)


shift = Shift()


def change(reason: str) -> Change:
    """Return the change of a record that a worker makes now."""
    return Change(actor=WORKER, reason=reason, at=datetime.now(UTC))


@DBOS.workflow(name=WORKFLOW)
def run_job(job_id: str) -> Result:
    """Do the job's work once, however often its worker dies, and record how it ended."""
    shift.in_hand.append(job_id)
    try:
        result: Result = DBOS.run_step({"name": "work"}, _work, job_id)
        done = change("job done")
        durable.current().workspace.jobs.change(
            job_id, done, expected=ACTIVE, state=JobState.DONE, ended_at=done.at, result=result, error=""
        )
        return result
    except Exception as error:
        ws = durable.current().workspace
        fail(ws, job_id, str(durable.in_words(ws, error)))
        raise
    finally:
        shift.in_hand.remove(job_id)


def fail(ws: Workspace, job_id: str, reason: str) -> None:
    """Record that a job failed and why, and tell those who keep the workbench running; once, and both or neither."""
    from workbench.workflows.notices import notify_operations

    failed = change("job failed")
    with ws.transaction() as tx:
        job = tx.jobs.change(
            job_id, failed, expected=ACTIVE, state=JobState.FAILED, ended_at=failed.at, error=reason[:2000]
        )
        if job is None:
            return
        # One that is tried again and fails again is told again.
        begun = job.started_at.isoformat() if job.started_at else "never begun"
        notify_operations(
            tx,
            subject=f"{job.kind} job failed",
            body=f"Job {job_id} ({job.kind}), submitted by {job.submitted_by}, failed: {job.error}\n"
            f"Try it again with: workbench jobs retry {job_id}",
            severity=Severity.WARNING,
            key=f"job:{job_id}:{begun}",
            at=failed.at,
        )


def _begin(ws: Workspace, job_id: str) -> Job:
    """Count an attempt in our own record, which no recovery of the workflow engine clears, and return the job."""
    job = ws.jobs.get(job_id)
    if shift.stopping.is_set():
        raise Abandoned
    if job.ended:
        raise JobFailed(job.error or f"The job is {job.state} already.")
    if job.attempts >= MAX_ATTEMPTS:
        raise JobFailed(f"Given up after {MAX_ATTEMPTS} attempts, because {job.error or 'none came to an end'}.")
    begun = change("job begun")
    now = ws.jobs.change(
        job_id,
        begun,
        expected=ACTIVE,
        state=JobState.RUNNING,
        attempts=job.attempts + 1,
        executor_id=durable.current().executor_id,
        started_at=job.started_at or begun.at,
        as_of=job.as_of or ws.as_of(),
    )
    if now is None:
        raise Abandoned
    ws.jobs.set_progress(job_id, 0.0, "begun", begun.at)
    return now


def _work(job_id: str) -> Result:
    """Attempt the job's work until an attempt comes to an end, at most three times."""
    ws = durable.current().workspace
    while True:
        job = _begin(ws, job_id)
        if job.kind is JobKind.NOTICES:
            return _send_notices(ws, job_id)
        result, reason = _attempt(ws, job)
        if result is not None:
            return result
        ws.jobs.change(job_id, change("attempt failed"), expected=ACTIVE, error=reason)


def _send_notices(ws: Workspace, job_id: str) -> Result:
    """Send what is due, in the worker itself: it is light, and whatever it does is kept in the outbox."""
    from workbench.workflows.notices import send_notices

    try:
        report = send_notices(ws, executor_id=durable.current().executor_id)
    except WorkbenchError:
        raise
    except Exception as error:
        raise JobFailed(f"Unexpected {type(error).__name__}: {error}") from error
    ws.jobs.set_progress(job_id, 1.0, "done", datetime.now(UTC))
    return {"sent": report.sent, "failed": report.failed, "waiting": report.waiting, "problem": report.problem}


def _attempt(ws: Workspace, job: Job) -> tuple[Result | None, str]:
    """Do the work in a process of its own; return its result, or None and why that process ended without one."""
    task = {
        "workspace": str(ws.path),
        "job_id": job.job_id,
        "kind": job.kind.value,
        "parameters": job.parameters,
        "as_of": (job.as_of or ws.as_of()).isoformat(),
        "submitted_by": job.submitted_by,
    }
    progress = _Progress(ws, job.job_id)
    process = JobProcess(task)
    try:
        for message in process.messages(LOOK_S):
            if message is None:
                with _not_given_up(job.job_id):
                    _look(ws, job)
                    progress.write()
            elif "error" in message:
                raise JobFailed(message["error"])
            elif "result" in message:
                progress.note(1.0, "done")
                with _not_given_up(job.job_id):
                    progress.write(last=True)
                return message["result"], ""
            else:
                progress.note(message["fraction"], message["message"])
    finally:
        ending = process.end()
    return None, ending


@contextmanager
def _not_given_up(job_id: str) -> Iterator[None]:
    """Only log a failure to read or write: hours of training are not given up because the records were locked."""
    try:
        yield
    except EnvironmentFailure as error:
        logger.warning("job %s: %s", job_id, error)


def _look(ws: Workspace, job: Job) -> None:
    """Leave the work when this worker stops, or when the job was cancelled or is no longer this attempt's."""
    if shift.stopping.is_set():
        # Handing it back is no fault of the job: the attempt does not count.
        ws.jobs.change(
            job.job_id,
            change("worker stopped"),
            expected=(JobState.RUNNING,),
            state=JobState.QUEUED,
            attempts=job.attempts - 1,
        )
        raise Abandoned
    now = ws.jobs.find(job.job_id)
    # Tried again meanwhile, it has another beginning; taken over, another attempt.
    same = now is not None and (now.state, now.attempts, now.started_at) == (job.state, job.attempts, job.started_at)
    if not same or not DBOS.list_workflows(
        workflow_ids=[job.job_id], status="PENDING", load_input=False, load_output=False
    ):
        raise Abandoned


class _Progress:
    """Writes how far a job is, at most once a second: a row for dashboards and a stream of the workflow."""

    def __init__(self, ws: Workspace, job_id: str) -> None:
        self._ws, self._job_id = ws, job_id
        self._noted: tuple[float, str] | None = None
        self._written = time.monotonic()

    def note(self, fraction: float, message: str) -> None:
        """Keep this for the next time that something is written."""
        self._noted = (min(max(fraction, 0.0), 1.0), message)

    def write(self, *, last: bool = False) -> None:
        """Write what was noted, if a second went by or it is the last."""
        if self._noted is None or not (last or time.monotonic() - self._written >= PROGRESS_S):
            return
        fraction, message = self._noted
        self._noted, self._written = None, time.monotonic()
        self._ws.jobs.set_progress(self._job_id, fraction, message, datetime.now(UTC))
        DBOS.write_stream("progress", {"fraction": fraction, "message": message})
