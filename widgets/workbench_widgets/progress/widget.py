"""A widget that follows one job: bar, message, elapsed time, cancel and retry, and whether anybody executes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from traitlets import Bool, Dict, Float, Unicode

import workbench
from workbench.domain.jobs import Job, JobState
from workbench.errors import WorkbenchError
from workbench.workspace import Workspace
from workbench_widgets.kit import Page, look, python_call
from workbench_widgets.kit.jobs import job_title, worker_command

POLL_S = 1.0
_log = logging.getLogger(__name__)
_RETRIED = (JobState.FAILED, JobState.CANCELLED)


class JobProgressWidget(Page):
    """Follows one job while somebody looks at it, once a second, until it has ended; make it with ``watch``."""

    template_file = (__file__, "widget.vue")

    job_id = Unicode("").tag(sync=True)
    title = Unicode("").tag(sync=True)
    state = Dict(help="look of the job's state").tag(sync=True)
    fraction = Float(None, allow_none=True, help="0 to 1; None: not begun").tag(sync=True)
    message = Unicode("").tag(sync=True)
    elapsed = Unicode("").tag(sync=True)
    ended = Bool(False).tag(sync=True)
    can_retry = Bool(False).tag(sync=True)
    worker = Unicode("", help="command that starts a worker, when a job waits and none lives").tag(sync=True)
    busy = Bool(False, help="whether cancel or retry is under way").tag(sync=True)
    refused = Unicode("", help="why cancel or retry failed").tag(sync=True)

    def __init__(self, ws: Workspace, job_id: str, **traits: Any) -> None:
        # The same job for as long as the widget lives; the trait only shows which.
        self._job_id = job_id
        super().__init__(ws, job_id=job_id, refresh_s=POLL_S, **traits)

    def read(self) -> Mapping[str, Any]:
        """Return how far the job is; raises ``NotFound``."""
        from workbench.workflows.jobs import worker_lives

        # In this order: whatever was noted before the end is seen.
        job = self.ws.jobs.get(self._job_id)
        said = self.ws.jobs.progress([self._job_id]).get(self._job_id)
        waits = not job.ended and not worker_lives(self.ws)
        begun = said is not None and (job.ended or job.started_at is not None)
        return {
            "title": job_title(job),
            "state": look(job.state),
            "fraction": 1.0 if job.state is JobState.DONE else said.fraction if said and begun else None,
            "message": _message(job, said.message if said and begun else "", waits),
            "elapsed": elapsed(job, datetime.now(UTC)),
            "ended": job.ended,
            "can_retry": job.state in _RETRIED,
            "worker": worker_command(self.ws) if waits else "",
            # Nothing more will happen to a job that has ended, so nobody asks again.
            "refresh_s": 0.0 if job.ended else POLL_S,
            "code": {"watch": python_call("progress.watch", self._job_id)},
        }

    def cancel(self) -> None:
        """Cancel the job."""
        self._ask(workbench.cancel_job)

    def retry(self) -> None:
        """Try a failed or cancelled job again, and follow it."""
        self._ask(workbench.retry_job)

    def vue_cancel(self, _: object = None) -> None:
        """Cancel the job; asked for by the browser."""
        self.cancel()

    def vue_retry(self, _: object = None) -> None:
        """Try the job again; asked for by the browser."""
        self.retry()

    def close(self) -> None:
        """Stop following the job and take the widget off the screen; the job goes on."""
        self.refresh_s = 0.0
        super().close()

    def _ask(self, verb: Callable[[Workspace, str], Job]) -> None:
        if self.busy:
            return

        def attempt() -> str:
            try:
                verb(self.ws, self._job_id)
            except WorkbenchError as error:
                return str(error)
            except Exception as error:  # noqa: BLE001 - what a click asked for must be answered, whatever happened
                _log.exception("Job %s could not be changed", self._job_id)
                return f"Nothing was changed: {error}"[:500]
            return ""

        def then(refused: str) -> None:
            self.busy, self.refused = False, refused
            self.vue_refresh()

        self.busy = True
        self.background(attempt, then)


def watch(ws: Workspace, job_id: str, *, embedded: bool = True) -> JobProgressWidget:
    """Return a widget that follows a job; raises ``NotFound``.

    It reads the job's rows once a second off the event loop while it is on the screen, and never executes anything.
    """
    ws.jobs.get(job_id)
    widget = JobProgressWidget(ws, job_id, embedded=embedded)
    widget.refresh()
    return widget


def elapsed(job: Job, now: datetime) -> str:
    """Return how long the job has run, or how long it has waited, e.g. ``2:05`` (minutes and seconds)."""
    if job.started_at is None:
        return ""
    seconds = max(int(((job.ended_at or now) - job.started_at).total_seconds()), 0)
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _message(job: Job, said: str, waits: bool) -> str:
    if job.ended:
        return job.error or ("" if job.state is JobState.DONE else said)
    if waits:
        return "Waits: no worker is running."
    return said or ("Waits for its turn." if job.state is JobState.QUEUED else "Begins.")
