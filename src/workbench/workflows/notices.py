"""Notices on their way to people (R5): queued with the records, sent from an outbox that no crash empties or sends twice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.channels import (
    CircuitBreaker,
    MailServer,
    MailSession,
    MessageDeferred,
    MessageRefused,
    ServerFailure,
    ServerRefusal,
    in_app,
    retrying,
)
from workbench.channels.mail import PASSWORD, compose
from workbench.dispatch.notices import by_email
from workbench.domain.base import Actor, Change, Role, stable_id
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.errors import InputError, WorkbenchError
from workbench.workflows import durable

if TYPE_CHECKING:
    from workbench.domain.equipment import Site
    from workbench.workspace import Workspace

OUTBOX_ACTOR = Actor(id="outbox", role=Role.SYSTEM)
OPERATIONS = "operations:workspace"
# Longer than any conversation with a mail server about one message: whoever is still sending then has died.
SENDING_BOUND = timedelta(minutes=10)
# After a try that failed: one minute, then ever longer, up to this.
LONGEST_WAIT = timedelta(minutes=15)
# How long a command that sends by the way goes on with it: a server that is down must not hold up people.
BY_THE_WAY_S = 10.0
# A mailbox that says "later" is given up after about five days, as mail servers do; a server that is down never is.
MOST_ATTEMPTS = 500

_breakers: dict[tuple[str, int], CircuitBreaker] = {}


@dataclass(frozen=True)
class OutboxReport:
    """What became of the e-mails that were due; ``problem`` says in words why the rest waits, empty when none does."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    problem: str = ""


def addresses_for(ws: Workspace, site: Site, technician_id: str | None) -> dict[str, str]:
    """Return the e-mail address of each recipient of an order's notices; empty when no mail server is set."""
    if not ws.settings.smtp_host:
        return {}
    found = {f"manager:{site.site_id}": site.manager_email}
    if technician_id is not None:
        technician = next((t for t in ws.technicians.all() if t.technician_id == technician_id), None)
        found[f"technician:{technician_id}"] = technician.email if technician else ""
    return {recipient: address for recipient, address in found.items() if address}


def put(ws: Workspace, notice: Notice, change: Change) -> None:
    """Record ``notice``: in the app it is thereby delivered, an e-mail waits in the outbox; putting it again does nothing."""
    if notice.channel == "in_app":
        in_app.deliver(ws.notices, notice, change)
    else:
        ws.notices.add(notice, change)


def notify_operations(ws: Workspace, *, subject: str, body: str, severity: Severity, key: str, at: datetime) -> None:
    """Tell those who run the workbench, in the app and, when it is set up, by e-mail; the same ``key`` tells nobody twice."""
    notice_id = stable_id("operations", key)
    if ws.notices.find(notice_id) is not None:
        return
    notice = Notice(
        notice_id=notice_id, recipient=OPERATIONS, severity=severity, subject=subject, body=body, created_at=at
    )
    change = Change(actor=OUTBOX_ACTOR, reason="operations told", at=at)
    with ws.transaction() as tx:
        put(tx, notice, change)
        if ws.settings.smtp_host and ws.settings.operations_email:
            put(tx, by_email(notice, ws.settings.operations_email), change)


def retry_notice(ws: Workspace, notice_id: str, actor: Actor | None = None) -> Notice:
    """Put an e-mail that failed or waits back into the outbox, due at once.

    Raises ``NotFound``, or ``InputError`` for one that was sent or is being sent.
    """
    notice = ws.notices.get(notice_id)
    if notice.state in ("failed", "queued"):
        fields: dict[str, Any] = {"state": "queued", "next_try_at": None, "error": "", "attempts": 0}
        changed = ws.notices.replace(notice, ws.change("sent again by hand", actor), **fields)
        if changed is not None:
            return changed
    raise InputError(
        f"Notice {notice_id} is {ws.notices.get(notice_id).state}.", "Only one that failed or waits can be tried again."
    )


def send_notices(
    ws: Workspace,
    *,
    executor_id: str = "",
    now: datetime | None = None,
    early: bool = False,
    breaker: CircuitBreaker | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> OutboxReport:
    """Send the e-mails in the outbox that are due, or with ``early`` all that wait; trouble with mail is reported, not raised.

    ``executor_id`` is that of this process when it has one: should it die, others see so at once and not only
    after ten minutes. A server that is down is tried four times, with 7 s of waiting in between, and then left
    alone for a while. ``sleep`` waits that many seconds; when it returns something true, the rest is left
    in the outbox.
    """
    if not ws.settings.smtp_host:
        return OutboxReport()
    outbox = _Outbox(ws, executor_id, now)
    due = outbox.due(early=early)
    if not due:
        return OutboxReport()
    try:
        server = MailServer.from_settings(ws.settings, os.environ.get(PASSWORD, ""))
    except InputError as error:
        outbox.postpone(due, str(error), tried=1)
        return outbox.report(str(error))
    circuit = breaker or _breakers.setdefault((server.host, server.port), CircuitBreaker())
    if circuit.rest_s:
        problem = f"The mail server {server.place} did not answer and is left alone for {circuit.rest_s:.0f} s."
        outbox.postpone(due, problem, rest_s=circuit.rest_s)
        return outbox.report(problem)
    return outbox.send(due, MailSession(server), circuit, sleep)


def send_without_worker(ws: Workspace) -> OutboxReport:
    """Send what is due when no worker lives, which otherwise would; trouble with mail is reported, not raised.

    A server that does not answer holds this up for about 10 s.
    """
    from workbench.workflows.jobs import worker_lives

    if not ws.settings.smtp_host or worker_lives(ws):
        return OutboxReport()
    deadline = time.monotonic() + BY_THE_WAY_S

    def sleep(seconds: float) -> bool:
        late = time.monotonic() + seconds > deadline
        if not late:
            time.sleep(seconds)
        return late

    return send_notices(ws, sleep=sleep)


class _Outbox:
    """One round of sending."""

    def __init__(self, ws: Workspace, executor_id: str, now: datetime | None) -> None:
        self._ws = ws
        self._executor_id = executor_id
        self._now = now
        self._counts = {"sent": 0, "failed": 0}

    def _time(self) -> datetime:
        return self._now or datetime.now(UTC)

    def _change(self, reason: str) -> Change:
        return Change(actor=OUTBOX_ACTOR, reason=reason, at=self._time())

    def due(self, *, early: bool) -> list[Notice]:
        """Return what may be sent now: what waits, and what a process was sending when it died."""
        now = self._time()
        found = []
        for notice in self._ws.notices.outbox():
            over = notice.next_try_at is None or notice.next_try_at <= now
            if notice.state == "queued":
                ready = over or early
            else:
                ready = over or (
                    notice.executor_id not in ("", self._executor_id)
                    and not durable.executor_lives(self._ws, notice.executor_id)
                )
            if ready:
                found.append(notice)
        return found

    def report(self, problem: str) -> OutboxReport:
        """Return what was done in this round."""
        return OutboxReport(**self._counts, waiting=len(self._ws.notices.outbox()), problem=problem)

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
                    next_try_at=self._time() + wait,
                    attempts=attempts,
                    error=error,
                )

    def send(
        self, due: list[Notice], session: MailSession, circuit: CircuitBreaker, sleep: Callable[[float], object]
    ) -> OutboxReport:
        """Send one after another until the server fails or ``sleep`` says stop; the rest then waits."""
        try:
            for place, notice in enumerate(due):
                if place and sleep(0.0):
                    return self.report("There was no time for the rest. Send it with: workbench notices send")
                try:
                    # Before it is claimed: an outage then leaves it queued.
                    retrying(session.connect, on=ServerFailure, breaker=circuit, sleep=sleep)
                    claimed = self._claim(notice)
                    if claimed is not None:
                        self._deliver(claimed, session, circuit, sleep)
                except (ServerFailure, ServerRefusal) as error:
                    # The one that was claimed is back already; its row is not as it was seen, and stays.
                    self.postpone(due[place:], str(error), rest_s=circuit.rest_s, tried=1)
                    return self.report(str(error))
        finally:
            session.close()
        return self.report("")

    def _claim(self, notice: Notice) -> Notice | None:
        """Take a notice for this process, which is on record before the server hears of it; None when another has it."""
        return self._ws.notices.replace(
            notice,
            self._change("sending begun"),
            state="sending",
            executor_id=self._executor_id,
            attempts=notice.attempts + 1,
            next_try_at=self._time() + SENDING_BOUND,
        )

    def _deliver(
        self, notice: Notice, session: MailSession, circuit: CircuitBreaker, sleep: Callable[[float], object]
    ) -> None:
        try:
            message = compose(notice, session.server.sender, self._time())
            retrying(lambda: session.send(message, notice.address), on=ServerFailure, breaker=circuit, sleep=sleep)
        except MessageRefused as error:
            self._settle(notice, "failed", str(error))
        except MessageDeferred as error:
            if notice.attempts >= MOST_ATTEMPTS:
                self._settle(notice, "failed", str(error))
            else:
                self.postpone([notice], str(error))
        except WorkbenchError as error:
            self.postpone([notice], str(error), rest_s=circuit.rest_s)
            raise
        else:
            self._settle(notice, "sent", "")

    def _settle(self, notice: Notice, state: str, error: str) -> None:
        now = self._time()
        self._ws.notices.replace(
            notice,
            self._change(state),
            state=state,
            next_try_at=None,
            sent_at=now if state == "sent" else None,
            error=error,
        )
        self._counts[state] += 1
