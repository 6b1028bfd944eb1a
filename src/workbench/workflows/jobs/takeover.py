"""What each worker looks for every few seconds: work that dead processes left behind, and records that disagree."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dbos import DBOS

from workbench.domain.base import Actor, Role, stable_id
from workbench.domain.jobs import Job, JobKind, JobState
from workbench.workflows import durable

from .control import ACTIVE, WORKFLOW, submit
from .execute import change, fail, shift
from .kinds import QUEUE_OF

if TYPE_CHECKING:
    from dbos import WorkflowStatus

    from workbench.workspace import Workspace

logger = logging.getLogger("workbench.worker")
CYCLE_RUN = "maintenance_cycle"
_UUID_LENGTH = 36
_MOST_JOBS = 10_000
# A disagreement may be just passing, for instance between two steps of a retry.
PATIENCE_S = 20.0
_LONGEST_RUN = timedelta(days=1)


class Sweeper:
    """Takes over what dead processes left, and mends a disagreement of the records that lasts for ``patience_s``."""

    def __init__(self, ws: Workspace, *, patience_s: float = PATIENCE_S) -> None:
        self._ws = ws
        self._patience_s = patience_s
        self._suspects: dict[tuple[str, ...], float] = {}
        self._since: datetime | None = None

    def sweep(self) -> None:
        """Take over the jobs and cycle runs of dead processes and mend records that disagree."""
        self.take_over_jobs()
        self.mend()
        self.take_over_cycle_runs()
        self.end_broken_off_runs()

    def take_over_jobs(self) -> None:
        """Put the jobs of dead workers back on their queues; each attempt counts, so that this ends."""
        for status in _workflows("PENDING", WORKFLOW):
            executor_id = status.executor_id or ""
            if durable.executor_lives(self._ws, executor_id):
                continue
            job = self._ws.jobs.find(status.workflow_id)
            queue = QUEUE_OF[job.kind] if job else QUEUE_OF[JobKind.NOTICES]
            if durable.take_over(self._ws, status.workflow_id, executor_id, queue):
                logger.warning("job %s is taken over from %s, which has died", status.workflow_id, executor_id)
                self._ws.jobs.change(
                    status.workflow_id,
                    change("worker died"),
                    expected=(JobState.RUNNING,),
                    error="its worker died",
                )

    def mend(self) -> None:
        """Make jobs agree with their workflows: one ended from outside, or one that this worker dropped unfinished."""
        jobs = self._ws.jobs.recent(_MOST_JOBS, ACTIVE)
        found = {status.workflow_id: status for status in _workflows(None, WORKFLOW, [job.job_id for job in jobs])}
        seen: dict[tuple[str, ...], float] = {}
        now = time.monotonic()
        for job in jobs:
            status = found.get(job.job_id)
            word = status.status if status else "missing"
            if word == "ENQUEUED" or (word == "PENDING" and not self._dropped(job, status)):
                continue
            suspect = (job.job_id, job.state, str(job.attempts), str(job.started_at), word)
            seen[suspect] = self._suspects.get(suspect, now)
            if now - seen[suspect] >= self._patience_s:
                self._mend(job, word)
        self._suspects = seen

    def _dropped(self, job: Job, status: WorkflowStatus | None) -> bool:
        own = status is not None and status.executor_id == durable.current().executor_id
        return own and job.job_id not in shift.in_hand

    def _mend(self, job: Job, word: str) -> None:
        logger.warning("job %s is %s, but its workflow is %s", job.job_id, job.state, word)
        if word == "PENDING":
            DBOS.resume_workflow(job.job_id, queue_name=QUEUE_OF[job.kind])
        elif word == "CANCELLED":
            ended = change("workflow cancelled")
            self._ws.jobs.change(
                job.job_id, ended, expected=ACTIVE, state=JobState.CANCELLED, ended_at=ended.at, error="cancelled"
            )
        else:
            fail(self._ws, job.job_id, job.error or f"its workflow ended as {word} without a word")

    def take_over_cycle_runs(self) -> None:
        """See to the cycle runs of dead processes: end those of cancelled and failed jobs, finish the others by a job.

        Such a job is submitted once; it may fail like any other.
        """
        left: list[WorkflowStatus] = []
        for status in _workflows("PENDING", CYCLE_RUN):
            if durable.executor_lives(self._ws, status.executor_id or ""):
                continue
            job = self._job_of(status.executor_id or "")
            if job is not None and job.state in (JobState.CANCELLED, JobState.FAILED):
                self._end_run(status.workflow_id, job)
            elif job is None or job.ended:
                left.append(status)
        busy = any(job.kind is JobKind.CYCLE for job in self._ws.jobs.recent(_MOST_JOBS, ACTIVE))
        # Every cycle job first finishes what was left behind.
        if left and not busy:
            runs = [self._ws.runs.get(status.workflow_id) for status in left]
            job = submit(
                self._ws,
                JobKind.CYCLE,
                {"machines": sorted({run.machine_id for run in runs})},
                job_id=stable_id("abandoned runs", *sorted(f"{s.workflow_id} {s.executor_id}" for s in left)),
                actor=Actor(id="worker", role=Role.SYSTEM),
            )
            logger.warning("%d interrupted cycle runs are left to job %s, %s", len(left), job.job_id, job.state)
            for status in left if job.ended else ():
                self._end_run(status.workflow_id, job)

    def end_broken_off_runs(self) -> None:
        """End the cycle runs whose process died before it began them, or could not record how they failed."""
        early = datetime.now(UTC) - timedelta(seconds=self._patience_s)
        waiting = [run.run_id for run in self._ws.runs.running(self._since) if run.started_at < early]
        # Once all that were ever recorded are looked through, then only the new ones: there may be a million.
        self._since = early - _LONGEST_RUN
        unfinished = {status.workflow_id for status in _workflows(list(durable.UNFINISHED), CYCLE_RUN, waiting)}
        for run_id in waiting:
            # Read again: a run's record ends before its workflow does.
            if run_id not in unfinished and self._ws.runs.get(run_id).state == "running":
                ended = change("run broken off")
                outcome = "It was broken off. Run the cycle again."
                self._ws.runs.finish(run_id, "failed", outcome, None, ended.at, ended)

    def _job_of(self, executor_id: str) -> Job | None:
        """Return the job whose process had this executor id, ``job-<job id>-<uuid>``."""
        if not executor_id.startswith("job-"):
            return None
        return self._ws.jobs.find(executor_id[len("job-") : -_UUID_LENGTH - 1])

    def _end_run(self, run_id: str, job: Job) -> None:
        DBOS.cancel_workflow(run_id)
        ended = change(f"job {job.state}")
        self._ws.runs.finish(run_id, "failed", f"Its job was {job.state}.", None, ended.at, ended)


def _workflows(
    status: str | list[str] | None, name: str, workflow_ids: list[str] | None = None
) -> list[WorkflowStatus]:
    if workflow_ids == []:
        return []
    return DBOS.list_workflows(status=status, name=name, workflow_ids=workflow_ids, load_input=False, load_output=False)
