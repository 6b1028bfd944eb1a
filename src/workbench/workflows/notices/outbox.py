"""The outbox: which notices are due, and how one is claimed, handed over and settled so that no crash loses or doubles it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench.channels import (
    CircuitBreaker,
    MessageDeferred,
    MessageRefused,
    ServerBusy,
    ServerFailure,
    ServerRefusal,
    Session,
    retrying,
)
from workbench.channels.webhook import LONGEST_REST_S
from workbench.domain.base import Change
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.errors import WorkbenchError
from workbench.workflows import durable

from .write import OUTBOX_ACTOR, tell_in_app

if TYPE_CHECKING:
    from workbench.workspace import Workspace

# Longer than any conversation with a server about one notice: whoever is still sending then has died.
SENDING_BOUND = timedelta(minutes=10)
# After a try that failed: one minute, then ever longer, up to this.
LONGEST_WAIT = timedelta(minutes=15)
# A mailbox or gateway that says "later" is given up after this, as mail servers do; a server that is down never is.
GIVEN_UP_AFTER = timedelta(days=3)
# No next try is ever set further ahead: one that is was set by a clock that has gone back since.
_MOST_AHEAD = timedelta(seconds=LONGEST_REST_S) + timedelta(minutes=1)


class Outbox:
    """One round of sending."""

    def __init__(self, ws: Workspace, executor_id: str, now: datetime | None) -> None:
        self._ws = ws
        self._executor_id = executor_id
        self._now = now
        self.sent = 0
        self.failed = 0

    def time(self) -> datetime:
        """Return what time it is."""
        return self._now or datetime.now(UTC)

    def due(self, channels: Collection[tuple[str, str]], *, early: bool) -> list[Notice]:
        """Return what may be sent now by these channels: what waits, and what a process was sending when it died."""
        waiting = [one for one in self._ws.notices.outbox() if (one.channel, one.webhook) in channels]
        ready = [notice for notice in waiting if self._ready(notice, early=early)]
        if all(notice.severity is Severity.CRITICAL for notice in ready):
            return ready
        return self._not_quiet(ready)

    def _ready(self, notice: Notice, *, early: bool) -> bool:
        now, until = self.time(), notice.next_try_at
        over = until is None or until <= now
        if until is None or over:
            return True
        if notice.state == "queued":
            return early or until > now + _MOST_AHEAD
        if notice.executor_id not in ("", self._executor_id) and not durable.executor_lives(
            self._ws, notice.executor_id
        ):
            return True
        if until > now + SENDING_BOUND:
            # The clock went back: whoever is sending gets its time from now.
            self._ws.notices.replace(notice, self._change("the clock went back"), next_try_at=now + SENDING_BOUND)
        return False

    def _not_quiet(self, ready: list[Notice]) -> list[Notice]:
        """Return those whose recipients may be written to now; the others keep until when they wait."""
        from .quiet import QuietHours

        quiet, found = QuietHours(self._ws), []
        for notice in ready:
            end = None if notice.severity is Severity.CRITICAL else quiet.end(notice.recipient, self.time())
            if end is None:
                found.append(notice)
            elif notice.not_before != end:
                self._ws.notices.replace(notice, self._change("waits for the end of quiet hours"), not_before=end)
        return found

    def send(
        self, due: list[Notice], session: Session, circuit: CircuitBreaker, sleep: Callable[[float], object]
    ) -> str:
        """Send one after another until the server fails or ``sleep`` says stop; return why the rest waits."""
        if circuit.rest_s:
            problem = f"{session.place} did not answer and is left alone for {circuit.rest_s:.0f} s."
            self.postpone(due, problem, rest_s=circuit.rest_s)
            return problem
        try:
            for place, notice in enumerate(due):
                if place and sleep(0.0):
                    return "There was no time for the rest. Send it with: workbench notices send"
                try:
                    # Before it is claimed: an outage then leaves it queued.
                    retrying(session.connect, on=ServerFailure, breaker=circuit, sleep=sleep)
                    claimed = self._claim(notice)
                    if claimed is not None:
                        self._deliver(claimed, session, circuit, sleep)
                except (ServerFailure, ServerRefusal, ServerBusy) as error:
                    # The one that was claimed is back already; its row is not as it was seen, and stays.
                    self.postpone(due[place:], str(error), rest_s=_rest_s(error, circuit), tried=1)
                    return str(error)
        finally:
            session.close()
        return ""

    def postpone(self, notices: list[Notice], error: str, *, rest_s: float = 0.0, tried: int = 0) -> None:
        """Leave notices in the outbox for at least ``rest_s``, and the longer the more often they were tried."""
        with self._ws.transaction() as tx:
            for notice in notices:
                attempts = notice.attempts + tried
                backoff = timedelta(minutes=2 ** min(max(attempts - 1, 0), 10))
                wait = max(min(backoff, LONGEST_WAIT), timedelta(seconds=rest_s))
                tx.notices.replace(
                    notice,
                    self._change("not sent yet"),
                    state="queued",
                    next_try_at=self.time() + wait,
                    attempts=attempts,
                    error=error,
                )

    def _change(self, reason: str) -> Change:
        return Change(actor=OUTBOX_ACTOR, reason=reason, at=self.time())

    def _claim(self, notice: Notice) -> Notice | None:
        """Take a notice for this process, which is on record before the server hears of it; None when another has it."""
        return self._ws.notices.replace(
            notice,
            self._change("sending begun"),
            state="sending",
            executor_id=self._executor_id,
            attempts=notice.attempts + 1,
            first_try_at=notice.first_try_at or self.time(),
            next_try_at=self.time() + SENDING_BOUND,
        )

    def _deliver(
        self, notice: Notice, session: Session, circuit: CircuitBreaker, sleep: Callable[[float], object]
    ) -> None:
        try:
            retrying(lambda: session.deliver(notice, self.time()), on=ServerFailure, breaker=circuit, sleep=sleep)
        except MessageRefused as error:
            self._settle(notice, "failed", str(error))
        except MessageDeferred as error:
            if self.time() - (notice.first_try_at or self.time()) >= GIVEN_UP_AFTER:
                self._settle(notice, "failed", str(error))
            else:
                self.postpone([notice], str(error))
        except WorkbenchError as error:
            self.postpone([notice], str(error), rest_s=_rest_s(error, circuit))
            raise
        else:
            self._settle(notice, "sent", "")

    def _settle(self, notice: Notice, state: str, error: str) -> None:
        now, change = self.time(), self._change(state)
        with self._ws.transaction() as tx:
            settled = tx.notices.settle(
                notice, change, state=state, next_try_at=None, sent_at=now if state == "sent" else None, error=error
            )
            if state == "failed" and settled is not None:
                tell_in_app(
                    tx,
                    subject=f"Not delivered: {notice.subject}"[:500],
                    body=f"Notice {notice.notice_id} for {notice.recipient} ({notice.webhook or notice.channel}) "
                    f"could not be delivered: {error}\nTry it again with: workbench notices retry {notice.notice_id}",
                    key=f"not delivered:{notice.notice_id}",
                    change=change,
                )
        self.sent += state == "sent"
        self.failed += state == "failed"


def _rest_s(error: WorkbenchError, circuit: CircuitBreaker) -> float:
    return error.wait_s if isinstance(error, ServerBusy) else circuit.rest_s
