"""Writes notices: in the app at once, and for each other channel that reaches the recipient a copy into the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.channels import in_app
from workbench.dispatch.notices import OPERATIONS, by_email, by_webhook
from workbench.dispatch.texts import short_text, worded
from workbench.domain.base import Actor, Change, Role, stable_id
from workbench.domain.notices import Notice, NoticeKind
from workbench.domain.predictions import Severity

from .texts import FOLDER, read_texts

if TYPE_CHECKING:
    from workbench.workspace import Workspace

OUTBOX_ACTOR = Actor(id="outbox", role=Role.SYSTEM)


def put(ws: Workspace, notice: Notice, change: Change) -> list[Notice]:
    """Record ``notice``, and for one in the app its copies by e-mail and webhooks; return all. Again does nothing.

    In the app it is thereby delivered; the copies wait in the outbox. A text of the workspace that is faulty
    is replaced by the usual one, and operations are told.
    """
    if notice.channel != "in_app":
        ws.notices.add(notice, change)
        return [notice]
    texts, faults = read_texts(ws.path)
    if faults:
        listed = "\n".join(faults)
        body = f"The usual texts were sent instead of those in {FOLDER}:\n{listed}"
        tell_in_app(ws, subject="Texts of notices are faulty", body=body, key=f"texts:{listed}", change=change)
    told = worded(notice, texts)
    email, phone = _contact(ws, notice.recipient)
    copies = [by_email(told, email)] if email and ws.settings.smtp_host else []
    for name, webhook in ws.settings.webhooks.items():
        if webhook.wants(notice.recipient, notice.severity) and (phone or webhook.form != "sms"):
            text = f"{told.subject}\n\n{told.body}" if webhook.form == "full" else short_text(told, webhook.form, texts)
            copies.append(by_webhook(told, name, address=phone or email, text=text))
    recorded = [in_app.deliver(ws.notices, told, change), *copies]
    for copy in copies:
        ws.notices.add(copy, change)
    return recorded


def notify_operations(
    ws: Workspace,
    *,
    subject: str,
    body: str,
    severity: Severity,
    key: str,
    at: datetime,
    kind: NoticeKind = NoticeKind.MESSAGE,
) -> None:
    """Tell those who run the workbench, in the app and by the channels that reach them; the same ``key`` tells nobody twice."""
    notice_id = stable_id("operations", key)
    if ws.notices.find(notice_id) is not None:
        return
    notice = Notice(
        notice_id=notice_id,
        kind=kind,
        recipient=OPERATIONS,
        severity=severity,
        subject=subject,
        body=body,
        simulated=ws.settings.simulated,
        created_at=at,
    )
    with ws.transaction() as tx:
        put(tx, notice, Change(actor=OUTBOX_ACTOR, reason="operations told", at=at))


def tell_in_app(ws: Workspace, *, subject: str, body: str, key: str, change: Change) -> None:
    """Tell operations in the app alone: for trouble with the channels themselves."""
    notice = Notice(
        notice_id=stable_id("operations", key),
        recipient=OPERATIONS,
        severity=Severity.WARNING,
        subject=subject,
        body=body,
        simulated=ws.settings.simulated,
        created_at=change.at,
    )
    in_app.deliver(ws.notices, worded(notice), change)


def _contact(ws: Workspace, recipient: str) -> tuple[str, str]:
    """Return the e-mail address and the phone number of a recipient, each empty when there is none."""
    role, _, name = recipient.partition(":")
    if recipient == OPERATIONS:
        return ws.settings.operations_email, ws.settings.operations_phone
    if role == "technician" and (technician := ws.technicians.find(name)):
        return technician.email, technician.phone
    if role == "manager" and (site := ws.sites.find(name)):
        return site.manager_email, site.manager_phone
    return "", ""
