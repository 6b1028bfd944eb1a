"""Notices of a work order to the technician, the site's manager and operations (R5); channels deliver them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from workbench.domain.analysis import AnalyticsPackage, cost_text
from workbench.domain.approvals import ApprovalState
from workbench.domain.base import stable_id
from workbench.domain.cases import Case
from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.notices import Notice, NoticeKind
from workbench.domain.permits import WorkPermit
from workbench.domain.predictions import Severity
from workbench.domain.work import Priority, WorkOrder

from .permits import permit_lines
from .plain import plain
from .texts import worded
from .wording import PRIORITY_WORDS, machine_name, site_time

OPERATIONS = "operations:workspace"
# Who is told first, and who next when nobody answers.
_LADDER = ("technician", "manager", "operations")
SHOWN = 5
CASES_SHOWN = 20
_SEVERITIES = tuple(Severity)


def order_notice_id(order_id: str, recipient: str) -> str:
    """Return the id of the notice by which somebody is told of an order first."""
    return stable_id("notice", order_id, "in_app", recipient)


def write_notices(
    order: WorkOrder,
    profile: MachineProfile,
    *,
    site: Site,
    currency: str,
    at: datetime,
    more_urgent: bool = False,
    permits: Sequence[WorkPermit] = (),
    package: AnalyticsPackage | None = None,
) -> list[Notice]:
    """Return queued notices: one in the app to the technician, if one is assigned, and one to the site's manager.

    Recipients are ``technician:<id>`` and ``manager:<site>``. Ids depend on order and recipient, and for an
    order that has become ``more_urgent`` on its priority, so that writing them again tells nobody twice.
    ``package``: the analytics that the order rests on, for why it was ordered.
    """
    facts = _facts(order, profile, site=site, currency=currency, permits=permits)
    facts["why"] = _why(package, profile, site)
    to_technician, to_manager = (
        (NoticeKind.MORE_URGENT, NoticeKind.MORE_URGENT_MANAGER)
        if more_urgent
        else (NoticeKind.WORK_ORDER, NoticeKind.WORK_ORDER_MANAGER)
    )
    people = [(f"manager:{site.site_id}", to_manager)]
    if order.technician_id is not None:
        people.insert(0, (f"technician:{order.technician_id}", to_technician))
    written = []
    for recipient, kind in people:
        notice_id = order_notice_id(order.order_id, recipient)
        if more_urgent:
            notice_id = stable_id(notice_id, "priority", int(order.priority))
        written.append(_notice(order, kind, notice_id, recipient, facts, at))
    return written


def escalation(
    order: WorkOrder, profile: MachineProfile, last: Notice, *, site: Site, told: str, told_at: datetime, at: datetime
) -> Notice | None:
    """Return the notice to whoever comes after the recipient of ``last``, called ``told``, who got it at ``told_at``.

    The ladder is technician, site manager, operations; None after its end. Ids depend on order, priority and
    recipient: each is told once.
    """
    place = _LADDER.index(last.recipient.partition(":")[0]) + 1
    if place == len(_LADDER):
        return None
    recipient = f"manager:{site.site_id}" if _LADDER[place] == "manager" else OPERATIONS
    facts = {
        **_headline(order, profile, site),
        "told": told,
        "told_at": site_time(told_at, site),
    }
    notice_id = stable_id("escalation", order.order_id, int(order.priority), recipient)
    return _notice(order, NoticeKind.ESCALATION, notice_id, recipient, facts, at)


def plan_changed(recipient: str, lines: Sequence[tuple[WorkOrder, str]], *, notice_id: str, at: datetime) -> Notice:
    """Return the notice that tells somebody what changed of orders, a line each."""
    numbers = ", ".join(order.number for order, _ in lines[:SHOWN])
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return Notice(
        notice_id=notice_id,
        kind=NoticeKind.PLAN_CHANGED,
        recipient=recipient,
        severity=Severity.CRITICAL
        if any(order.priority <= Priority.URGENT for order, _ in lines)
        else Severity.WARNING,
        subject=f"Plan changed: {numbers}{more}",
        body="\n".join(line for _, line in lines),
        simulated=any(order.simulated for order, _ in lines),
        created_at=at,
    )


def cases_found(
    recipient: str, site: Site | None, cases: Sequence[tuple[Case, MachineProfile]], *, at: datetime, simulated: bool
) -> Notice:
    """Return the notice of the cases of one site, the most severe first; the same cases, as severe and as often reopened, make the same id.

    Times are of the site, and in UTC where it is not known.
    """
    ranked = sorted(cases, key=lambda pair: (-_SEVERITIES.index(pair[0].severity), pair[0].machine_id, pair[0].cause))
    lines = [
        f"{machine_name(profile)}: {case.severity.value.lower()}: "
        + " ".join(plain(said, profile, site, at) for said in (case.in_words, case.recommendation) if said)
        for case, profile in ranked[:CASES_SHOWN]
    ]
    lines += [f"and {len(ranked) - CASES_SHOWN} more"] if len(ranked) > CASES_SHOWN else []
    place = site.title if site is not None else ranked[0][1].site_id
    count = "1 new case" if len(ranked) == 1 else f"{len(ranked)} new cases"
    notice = Notice(
        notice_id=stable_id("cases", recipient, *sorted(_news_of(case) for case, _ in ranked)),
        kind=NoticeKind.CASE,
        recipient=recipient,
        severity=ranked[0][0].severity,
        subject="",
        body="",
        facts={"site": place, "count": count, "cases": "\n".join(lines)},
        simulated=simulated,
        created_at=at,
    )
    return worded(notice)


def by_email(notice: Notice, address: str) -> Notice:
    """Return the notice as one to be sent to an e-mail address; its id stays the same however often it is written."""
    of_email = {"notice_id": stable_id(notice.notice_id, "email"), "channel": "email", "address": address}
    return notice.model_copy(update={**of_email, "state": "queued", "sent_at": None})


def by_webhook(notice: Notice, name: str, *, address: str, text: str) -> Notice:
    """Return the notice as one to be posted to the webhook ``name``; its id stays the same however often it is written."""
    posted = {"notice_id": stable_id(notice.notice_id, "webhook", name), "channel": "webhook", "webhook": name}
    return notice.model_copy(update={**posted, "address": address, "body": text, "state": "queued", "sent_at": None})


def _notice(
    order: WorkOrder, kind: NoticeKind, notice_id: str, recipient: str, facts: Mapping[str, str], at: datetime
) -> Notice:
    notice = Notice(
        notice_id=notice_id,
        kind=kind,
        recipient=recipient,
        severity=Severity.CRITICAL if order.priority <= Priority.URGENT else Severity.WARNING,
        subject="",
        body="",
        facts=dict(facts),
        simulated=order.simulated,
        created_at=at,
        machine_id=order.machine_id,
        order_id=order.order_id,
    )
    return worded(notice)


def _news_of(case: Case) -> str:
    return f"{case.case_id} {case.severity}{f' {case.reopened}' if case.reopened else ''}"


def _headline(order: WorkOrder, profile: MachineProfile, site: Site) -> dict[str, str]:
    return {
        "number": order.number,
        "priority": PRIORITY_WORDS[order.priority],
        "title": order.title,
        "machine": machine_name(profile),
        "site": site.title,
        "due": site_time(order.due_at, site),
    }


def _facts(
    order: WorkOrder, profile: MachineProfile, *, site: Site, currency: str, permits: Sequence[WorkPermit]
) -> dict[str, str]:
    """Return what the texts of a work order may name, in words and in site time."""
    due = site_time(order.due_at, site)
    start = "" if order.scheduled_at is None else site_time(order.scheduled_at, site)
    late = order.scheduled_at is not None and order.scheduled_at > order.due_at
    missing = ", ".join(
        f"{line.to_order} x {line.title}{'' if line.known else ' (price and delivery not known)'}"
        for line in order.parts
        if line.to_order > 0
    )
    if order.waits_for_approval:
        assignment = f"Not planned: {order.technician_reason}. A supervisor or admin decides."
    elif order.technician_id is not None:
        assignment = f"Assigned to {order.technician_reason}."
    elif order.technician_reason:
        assignment = f"Not assigned: {order.technician_reason}. If it cannot wait, assign it by hand."
    else:
        assignment = "Not assigned yet. Please assign somebody."
    if order.approval is ApprovalState.PENDING and not order.waits_for_approval:
        assignment += (
            " Its cost is over the limit: a supervisor is asked to approve it, and the work does not wait for that."
        )
    wait = [f"Wait for: {missing}."] if missing else []
    return {
        **_headline(order, profile, site),
        "start": start,
        "when": f"Start {start}, {'after it is due, ' if late else 'due '}{due}." if start else f"Due {due}.",
        "assignment": assignment,
        "wait": " ".join((*wait, *permit_lines(permits, ZoneInfo(site.time_zone)))),
        "labour_h": f"{order.labour_h:g}",
        "tools": ", ".join(order.tools) or "none special",
        "parts": _to_order(order, missing),
        "cost": cost_text(order.estimated_cost, order.estimate_lacks, currency),
    }


def _why(package: AnalyticsPackage | None, profile: MachineProfile, site: Site) -> str:
    """Say why the work was ordered, where a decision for it is on record."""
    if package is None or not package.decision.act:
        return ""
    return f"Why: {plain(package.decision.reason.removeprefix('Act: '), profile, site, package.as_of)}"


def _to_order(order: WorkOrder, missing: str) -> str:
    """Say which parts are to be ordered, and how that begins: nobody need have proposed a purchase yet."""
    if not missing:
        return "No parts to order."
    known = [line.part_id for line in order.parts if line.to_order > 0 and line.known]
    command = f"workbench purchases propose{f' {known[0]}' if len(known) == 1 else ''}"
    how = f" Where no purchase is on its way, propose one, which a supervisor approves: {command}" if known else ""
    return f"Parts to order: {missing}.{how}"
