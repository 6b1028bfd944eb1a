"""Sends what waits in the outbox, over every channel that is set up; trouble with one holds up no other."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.channels import CircuitBreaker, Gateway, MailServer, MailSession, Session, WebhookSession
from workbench.channels.mail import PASSWORD
from workbench.domain.base import Actor
from workbench.domain.notices import Notice
from workbench.domain.roles import Permission, require
from workbench.errors import InputError

from .escalate import escalate_notices
from .outbox import Outbox

if TYPE_CHECKING:
    from workbench.workspace import Workspace

# How long a command that sends by the way goes on with it: a server that is down must not hold up people.
BY_THE_WAY_S = 10.0

Breakers = MutableMapping[tuple[str, int], CircuitBreaker]
_breakers: Breakers = defaultdict(CircuitBreaker)


@dataclass(frozen=True)
class OutboxReport:
    """What became of the notices that were due; ``problem`` says in words why the rest waits, empty when none does."""

    sent: int = 0
    failed: int = 0
    waiting: int = 0
    problem: str = ""


def channels_set(ws: Workspace) -> list[tuple[str, str]]:
    """Return channel and webhook name of what leads outside, as the settings say."""
    mail = [("email", "")] if ws.settings.smtp_host else []
    return mail + [("webhook", name) for name in ws.settings.webhooks]


def session_for(ws: Workspace, channel: str, webhook: str) -> Session:
    """Return a session, not yet connected, for a channel; raises ``InputError`` when its settings cannot work."""
    if channel == "email":
        return MailSession(MailServer.from_settings(ws.settings, os.environ.get(PASSWORD, "")))
    return WebhookSession(Gateway.from_settings(webhook, ws.settings.webhooks[webhook], os.environ))


def need_channel(ws: Workspace) -> None:
    """Raise ``InputError`` when nothing that leads outside is set up."""
    if not channels_set(ws):
        raise InputError(
            "Neither a mail server nor a webhook is set.",
            "Set smtp_host and email_sender, or [webhooks.NAME], in workbench.toml.",
        )


def send_notices(
    ws: Workspace,
    *,
    executor_id: str = "",
    now: datetime | None = None,
    early: bool = False,
    breakers: Breakers | None = None,
    sleep: Callable[[float], object] = time.sleep,
) -> OutboxReport:
    """Send what is due in the outbox, or with ``early`` all that failed before; trouble with servers is reported, not raised.

    First escalates what nobody acknowledged. In the quiet hours of its recipient only a CRITICAL notice is sent.
    ``executor_id`` is that of this process when it has one: should it die, others see so at once and not only
    after ten minutes. A server that is down is tried four times, with 7 s of waiting in between, and then left
    alone for a while. ``sleep`` waits that many seconds; when it returns something true, the rest is left
    in the outbox.
    """
    escalate_notices(ws, now=now)
    channels = channels_set(ws)
    if not channels:
        return OutboxReport()
    outbox = Outbox(ws, executor_id, now)
    due: dict[tuple[str, str], list[Notice]] = {}
    for notice in outbox.due(channels, early=early):
        due.setdefault((notice.channel, notice.webhook), []).append(notice)
    problems = list(_send_all(ws, outbox, due, _breakers if breakers is None else breakers, sleep))
    waiting = len(ws.notices.outbox()) if due else 0
    return OutboxReport(outbox.sent, outbox.failed, waiting, "\n".join(dict.fromkeys(filter(None, problems))))


def _send_all(
    ws: Workspace,
    outbox: Outbox,
    due: dict[tuple[str, str], list[Notice]],
    breakers: Breakers,
    sleep: Callable[[float], object],
) -> Iterator[str]:
    """Yield for each channel why some of its notices wait, or nothing."""
    for place, ((channel, webhook), notices) in enumerate(due.items()):
        if place and sleep(0.0):
            yield "There was no time for the rest. Send it with: workbench notices send"
            return
        try:
            session = session_for(ws, channel, webhook)
        except InputError as error:
            outbox.postpone(notices, str(error), tried=1)
            yield str(error)
        else:
            yield outbox.send(notices, session, breakers[session.host], sleep)


def send_without_worker(ws: Workspace) -> OutboxReport:
    """Send what is due when no worker lives, which otherwise would; trouble with servers is reported, not raised.

    Servers that do not answer hold this up for about 10 s.
    """
    from workbench.workflows.jobs import worker_lives

    if worker_lives(ws):
        return OutboxReport()
    deadline = time.monotonic() + BY_THE_WAY_S

    def sleep(seconds: float) -> bool:
        late = time.monotonic() + seconds > deadline
        if not late:
            time.sleep(seconds)
        return late

    return send_notices(ws, sleep=sleep)


def retry_notice(ws: Workspace, notice_id: str, actor: Actor | None = None) -> Notice:
    """Put a notice that failed or waits back into the outbox, due at once.

    Raises ``NotFound``, ``NotPermitted`` for a viewer, or ``InputError`` for one that was sent or is being sent.
    """
    require(actor or ws.actor, Permission.ANSWER_NOTICES)
    notice = ws.notices.get(notice_id)
    if notice.state in ("failed", "queued"):
        fields: dict[str, Any] = {
            "state": "queued",
            "next_try_at": None,
            "error": "",
            "attempts": 0,
            "first_try_at": None,
        }
        changed = ws.notices.replace(notice, ws.change("sent again by hand", actor), **fields)
        if changed is not None:
            return changed
    raise InputError(
        f"Notice {notice_id} is {ws.notices.get(notice_id).state}.", "Only one that failed or waits can be tried again."
    )
