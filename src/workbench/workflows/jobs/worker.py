"""The worker: one process for one workspace that runs queued jobs, schedules, notices and takeovers until it is told to stop."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.workflows import durable

from .kinds import QUEUES

if TYPE_CHECKING:
    from workbench.workspace import Workspace

logger = logging.getLogger("workbench.worker")
TAKEOVER_S = 10.0
SCHEDULES_S = 1.0
NOTICES_S = 2.0
# A duty that fails is tried again ever more seldom, up to this.
LONGEST_PAUSE_S = 60.0
_MOST_DOUBLINGS = 10
# How long a stopping worker waits for its jobs to be put down, and for the e-mail that it is sending.
STOP_S = 5.0


@dataclass
class _Duty:
    """Something that a worker does again and again; a failure is logged and never ends the worker."""

    name: str
    every_s: float
    work: Callable[[], object]
    failures: int = 0
    due: float = 0.0

    def do_if_due(self) -> None:
        """Do it if its time has come, and set the next."""
        if time.monotonic() < self.due:
            return
        try:
            self.work()
            self.failures = 0
        except Exception:
            self.failures += 1
            logger.exception("%s failed %d times in a row", self.name, self.failures)
        pause = self.every_s * 2 ** min(self.failures, _MOST_DOUBLINGS)
        self.due = time.monotonic() + min(pause, max(LONGEST_PAUSE_S, self.every_s))


def run_worker(ws: Workspace, *, takeover_every_s: float = TAKEOVER_S, stop: threading.Event | None = None) -> None:
    """Run the jobs of ``ws`` until SIGTERM, SIGINT or ``stop``; the jobs in hand are left to the next worker.

    Also submits what schedules ask for, sends notices, and takes over what dead processes left behind. Several
    workers may serve one workspace. Raises ``EnvironmentFailure`` when this process executes for a workspace
    already, or the records cannot be used.
    """
    # Imported before the workflow engine starts: it runs only workflows that it knows.
    from .execute import shift
    from .takeover import Sweeper

    stopping = shift.stopping = stop or threading.Event()
    shift.in_hand.clear()
    with durable.executing(ws, name="worker", queues=QUEUES) as execution, _stopped_by_signals(stopping):
        logger.info("%s works for %s", execution.executor_id, ws.path)
        # A mail server that hangs must not hold up the other duties.
        notices = _Duty("sending notices", NOTICES_S, lambda: _send_notices(ws, execution.executor_id, stopping))
        sending = threading.Thread(target=_do, args=([notices], stopping), name="notices", daemon=True)
        sending.start()
        sweeper = Sweeper(ws)
        duties = [
            _Duty("taking over", takeover_every_s, sweeper.sweep),
            _Duty("submitting what is scheduled", SCHEDULES_S, lambda: _submit_due(ws)),
        ]
        _do(duties, stopping)
        deadline = time.monotonic() + STOP_S
        while shift.in_hand and time.monotonic() < deadline:
            time.sleep(0.02)
        # A message that the server has just taken must be noted as sent, or it is sent again.
        sending.join(max(deadline - time.monotonic(), 0.0))
        logger.info("%s stops", execution.executor_id)


def _do(duties: list[_Duty], stopping: threading.Event) -> None:
    while not stopping.is_set():
        for duty in duties:
            duty.do_if_due()
        stopping.wait(max(0.0, min(duty.due for duty in duties) - time.monotonic()))


def _submit_due(ws: Workspace) -> None:
    from workbench.workflows.schedules import submit_due

    submit_due(ws, datetime.now(UTC))


def _send_notices(ws: Workspace, executor_id: str, stopping: threading.Event) -> None:
    from workbench.workflows.notices import send_notices

    send_notices(ws, executor_id=executor_id, sleep=stopping.wait)


@contextmanager
def _stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    """Set ``stopping`` on SIGTERM and SIGINT, where signals can be received: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
