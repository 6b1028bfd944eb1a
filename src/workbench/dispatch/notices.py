"""Notices of a work order to the technician and to the site's manager (R5); channels deliver them."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.predictions import Severity
from workbench.domain.work import Notice, Priority, WorkOrder, cost_text

from .wording import PRIORITY_WORDS, machine_name, site_time


def write_notices(
    order: WorkOrder, profile: MachineProfile, *, site: Site, currency: str, at: datetime
) -> list[Notice]:
    """Return queued in-app notices: one to the technician, if one is assigned, and one to the site's manager.

    Recipients are ``technician:<id>`` and ``manager:<site>``. Ids depend on order and recipient only,
    so that writing them again tells nobody twice.
    """
    severity = Severity.CRITICAL if order.priority <= Priority.URGENT else Severity.WARNING
    subject = f"{order.number} ({PRIORITY_WORDS[order.priority]}): {order.title}"
    if order.simulated:
        subject = f"SIMULATED: {subject}"
    when = f"Due {site_time(order.due_at, site)}."
    if order.scheduled_at is not None:
        when = f"Start {site_time(order.scheduled_at, site)}, due {site_time(order.due_at, site)}."
    missing = [
        f"{line.to_order} x {line.title}{'' if line.known else ' (price and delivery not known)'}"
        for line in order.parts
        if line.to_order > 0
    ]
    place = f"{machine_name(profile)}, {site.title}"
    notices = []
    if order.technician_id is not None:
        wait = f"Wait for: {', '.join(missing)}. " if missing else ""
        body = (
            f"You are assigned to {place}. {when} {wait}About {order.labour_h:g} h of labour.",
            f"Tools: {', '.join(order.tools) or 'none special'}.",
            "The dispatch report has the safety instructions and the steps; read it before you start.",
        )
        notices.append(("technician", order.technician_id, "\n".join(body)))
    assigned = (
        f"Assigned to {order.technician_reason}."
        if order.technician_id is not None
        else f"Not assigned: {order.technician_reason}. Please assign somebody."
    )
    lines = (
        f"{place}. {when}",
        assigned,
        f"Parts to order: {', '.join(missing)}. Please approve." if missing else "No parts to order.",
        f"Estimated cost {cost_text(order.estimated_cost, order.estimate_lacks, currency)}.",
    )
    notices.append(("manager", site.site_id, "\n".join(lines)))
    return [
        _notice(order, f"{kind}:{name}", severity, subject=subject, body=body, at=at) for kind, name, body in notices
    ]


def _notice(
    order: WorkOrder,
    recipient: str,
    severity: Severity,
    *,
    subject: str,
    body: str,
    at: datetime,
) -> Notice:
    return Notice(
        notice_id=stable_id("notice", order.order_id, "in_app", recipient),
        recipient=recipient,
        severity=severity,
        subject=subject,
        body=body,
        created_at=at,
        machine_id=order.machine_id,
        order_id=order.order_id,
    )
