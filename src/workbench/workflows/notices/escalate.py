"""Escalation: an urgent order that nobody acknowledges goes to the next person, each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench import dispatch
from workbench.dispatch.wording import PRIORITY_WORDS
from workbench.domain.approvals import ApprovalState
from workbench.domain.base import Actor, Change
from workbench.domain.notices import Notice, NoticeKind
from workbench.domain.roles import Permission, require
from workbench.domain.work import Priority, WorkOrder

from .of_orders import people_of
from .write import OUTBOX_ACTOR, put

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_ABOUT_THE_ORDER = (
    *(NoticeKind.WORK_ORDER, NoticeKind.WORK_ORDER_MANAGER),
    *(NoticeKind.MORE_URGENT, NoticeKind.MORE_URGENT_MANAGER, NoticeKind.ESCALATION),
)


def acknowledge_notice(
    ws: Workspace, notice_id: str, *, now: datetime | None = None, actor: Actor | None = None
) -> Notice:
    """Note that somebody has seen a notice and takes care of it: nobody else is told of its order; the first counts.

    Raises ``NotFound``, and ``NotPermitted`` for a viewer.
    """
    change = ws.change("acknowledged", actor)
    require(change.actor, Permission.ANSWER_NOTICES)
    return ws.notices.acknowledge(notice_id, change if now is None else change.model_copy(update={"at": now}))


def escalate_notices(ws: Workspace, *, now: datetime | None = None) -> list[Notice]:
    """Tell the next person of each emergency or urgent order that is neither acknowledged nor begun in time.

    From the technician to the site's manager, then to operations; the settings ``escalate_emergency_min`` and
    ``escalate_urgent_min`` say how long each has. What was told is on record, so that repeating this, several
    processes or a clock that goes back tell nobody twice. Returns the notices in the app that were written.
    """
    at = now or datetime.now(UTC)
    minutes = {
        Priority.EMERGENCY: ws.settings.escalate_emergency_min,
        Priority.URGENT: ws.settings.escalate_urgent_min,
    }
    delays = {priority: timedelta(minutes=most) for priority, most in minutes.items() if most}
    written = []
    for order, told in ws.notices.of_waiting_orders(tuple(delays)):
        last = _last(order, told)
        if last is None or last.sent_at is None:
            continue
        if last.sent_at > at:
            # The clock went back: the time to answer begins now, and not again after the next step back.
            ws.notices.replace(last, Change(actor=OUTBOX_ACTOR, reason="the clock went back", at=at), sent_at=at)
        elif at - last.sent_at >= delays[order.priority]:
            written += _tell_next(ws, order.order_id, last, at)
    return written


def _last(order: WorkOrder, told: list[Notice]) -> Notice | None:
    """Return the notice that waits for an answer; None when there is an answer, nobody was told, or the order was rejected."""
    if order.approval is ApprovalState.REJECTED:
        return None
    # Who had the order before answers no more for it.
    theirs = {f"technician:{person}" for person in people_of(order)}
    about = [
        notice
        for notice in told
        if notice.kind in _ABOUT_THE_ORDER
        and (notice.recipient in theirs or not notice.recipient.startswith("technician:"))
    ]
    # Once it is more urgent, only what was told since then counts.
    news = [notice for notice in about if notice.facts.get("priority") == PRIORITY_WORDS[order.priority]] or about
    if not news or any(notice.acknowledged_at for notice in news):
        return None
    ladder = ("operations", "manager", "technician")
    news = [notice for notice in news if notice.channel == "in_app"]
    escalated = [notice for notice in news if notice.kind is NoticeKind.ESCALATION]
    rungs = {notice.recipient.partition(":")[0]: notice for notice in escalated or news}
    return next((rungs[rung] for rung in (ladder if escalated else reversed(ladder)) if rung in rungs), None)


def _tell_next(ws: Workspace, order_id: str, seen: Notice, at: datetime) -> list[Notice]:
    """Tell whoever comes next, unless somebody answered or was told meanwhile."""
    with ws.transaction() as tx:
        for order, told in tx.notices.of_waiting_orders(tuple(Priority), order_id=order_id):
            last = _last(order, told)
            if last is None or last != seen or last.sent_at is None:
                return []
            profile = tx.machines.get(order.machine_id)
            notice = dispatch.escalation(
                order,
                profile,
                last,
                site=tx.sites.get(profile.site_id),
                told=_name(tx, last.recipient),
                told_at=last.sent_at,
                at=at,
            )
            if notice is not None:
                return put(tx, notice, Change(actor=OUTBOX_ACTOR, reason="nobody acknowledged it", at=at))[:1]
    return []


def _name(ws: Workspace, recipient: str) -> str:
    role, _, name = recipient.partition(":")
    technician = ws.technicians.find(name) if role == "technician" else None
    return technician.title if technician else "the site's manager" if role == "manager" else role
