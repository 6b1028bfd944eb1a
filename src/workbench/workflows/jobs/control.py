"""What anybody may do with jobs, in any process: submit, cancel, retry, watch, and see whether a worker lives."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from workbench.domain.base import Actor
from workbench.domain.jobs import Job, JobKind, JobProgress, JobState
from workbench.errors import InputError, WorkbenchError
from workbench.workflows import durable

from .kinds import QUEUE_OF, checked_parameters, job_kind

if TYPE_CHECKING:
    from dbos import DBOSClient

    from workbench.workspace import Workspace

WORKFLOW = "job"
WATCH_S = 0.25
# How long an ended job's workflow may take to end, too.
ENDING_S = 2.0
ACTIVE = (JobState.QUEUED, JobState.RUNNING)
# A job's id is part of a file name: that of the lock of the process that runs it.
_JOB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


@contextmanager
def _client(ws: Workspace) -> Iterator[DBOSClient]:
    """Yield access to the queues without executing anything in this process."""
    from dbos import DBOSClient
    from dbos._serialization import DBOSPortableJSONSerializer

    client = DBOSClient(
        system_database_url=ws.database.url,
        serializer=DBOSPortableJSONSerializer(),
        application_name=durable.APPLICATION,
        lazy=True,
        retry_connection_errors=False,
    )
    try:
        yield client
    except DBAPIError as error:
        raise durable.in_words(ws, error) from error
    finally:
        client.destroy()


def submit(
    ws: Workspace,
    kind: JobKind | str,
    parameters: Mapping[str, object] | None = None,
    *,
    job_id: str | None = None,
    schedule_id: str | None = None,
    actor: Actor | None = None,
) -> Job:
    """Record a job and put it on its queue, both or neither; a job with this id is there already: return that one.

    A worker runs it (``workbench worker``). Raises ``InputError`` for an unknown kind, parameter, machine or
    report template; nothing is written then.
    """
    chosen = job_kind(kind)
    values = checked_parameters(ws, chosen, parameters)
    identifier = job_id or str(uuid.uuid4())
    if not _JOB_ID.fullmatch(identifier):
        raise InputError(f"{identifier!r} is no job id.", "Use up to 100 letters, digits, '_', '.' and '-'.")
    change = ws.change(f"{chosen} job submitted", actor)
    job = Job(
        job_id=identifier,
        kind=chosen,
        parameters=values,
        submitted_at=change.at,
        submitted_by=change.actor.id,
        schedule_id=schedule_id,
    )
    with _client(ws) as client, ws.database.writing() as session:
        records = ws.bound(session).jobs
        if not records.add(job, change):
            return records.get(identifier)
        client.enqueue_in_transaction(
            session,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE_OF[chosen],
                "workflow_id": identifier,
                "app_version": durable.WORKFLOW_VERSION,
            },
            identifier,
        )
    return job


def cancel_job(ws: Workspace, job_id: str, *, actor: Actor | None = None) -> Job:
    """Cancel a job and return it: a queued one never begins, a running one's processes end within about a second.

    A job that has ended stays as it is. Raises ``NotFound``.
    """
    job = ws.jobs.get(job_id)
    if job.ended:
        return job
    with _client(ws) as client:
        client.cancel_workflow(job_id)
    change = ws.change("job cancelled", actor)
    cancelled = ws.jobs.change(
        job_id,
        change,
        expected=ACTIVE,
        state=JobState.CANCELLED,
        ended_at=change.at,
        error=f"cancelled by {change.actor.id}",
    )
    return cancelled or ws.jobs.get(job_id)


def retry_job(ws: Workspace, job_id: str, *, actor: Actor | None = None) -> Job:
    """Queue a failed or cancelled job again and return it; steps that it finished are kept.

    Raises:
        NotFound: there is no such job.
        InputError: it has not ended, or it is done.
        WorkbenchError: it cannot be queued, and stays as it was.
    """
    before = ws.jobs.get(job_id)
    reset: dict[str, object] = {"attempts": 0, "started_at": None, "ended_at": None, "error": "", "result": {}}
    again = ws.jobs.change(
        job_id,
        ws.change("job tried again", actor),
        expected=(JobState.FAILED, JobState.CANCELLED),
        state=JobState.QUEUED,
        **reset,
    )
    if again is None:
        state = ws.jobs.get(job_id).state
        remedy = "Submit a new one." if state is JobState.DONE else "Wait for it to end, or cancel it first."
        raise InputError(f"Job {job_id!r} is {state}: only failed and cancelled jobs are tried again.", remedy)
    try:
        _rewind(ws, again)
    except WorkbenchError:
        as_it_was = {name: getattr(before, name) for name in ("state", *reset)}
        ws.jobs.change(job_id, ws.change("cannot be tried again", actor), expected=(JobState.QUEUED,), **as_it_was)
        raise
    return again


def _rewind(ws: Workspace, job: Job) -> None:
    """Put the job's workflow back on its queue, to begin behind its last finished step."""
    from dbos import error as engine

    with _client(ws) as client:
        # The row tells of the end a moment before the workflow does.
        deadline = time.monotonic() + ENDING_S
        while time.monotonic() < deadline and client.list_workflows(workflow_ids=[job.job_id], status="PENDING"):
            time.sleep(durable.POLL_S)
        finished = 0
        for step in client.list_workflow_steps(job.job_id):
            if step["error"] is not None:
                break
            finished = step["function_id"]
        try:
            client.rewind_workflow(
                job.job_id,
                start_step=finished + 1,
                application_version=durable.WORKFLOW_VERSION,
                queue_name=QUEUE_OF[job.kind],
            )
        except engine.DBOSException as error:
            raise WorkbenchError(
                f"Job {job.job_id!r} cannot be tried again: {error.message}.", "Submit a new one."
            ) from error


def watch_job(ws: Workspace, job_id: str) -> Iterator[JobProgress]:
    """Yield how far a job is, whenever that changes, until it has ended. Raises ``NotFound`` at once."""
    ws.jobs.get(job_id)
    return _watch(ws, job_id)


def _watch(ws: Workspace, job_id: str) -> Iterator[JobProgress]:
    last: JobProgress | None = None
    while True:
        # In this order: whatever was noted before the end is seen.
        job = ws.jobs.get(job_id)
        seen = ws.jobs.progress([job_id]).get(job_id)
        if seen is not None and seen != last:
            last = seen
            yield seen
        if job.ended:
            return
        time.sleep(WATCH_S)


def worker_lives(ws: Workspace) -> bool:
    """Say whether any worker takes jobs of this workspace at this moment."""
    return any(durable.executor_lives(ws, path.stem) for path in durable.workers_folder(ws).glob("worker-*.lock"))
