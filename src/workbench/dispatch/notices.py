"""Notices of a work order to the technician and to the site's manager (R5); channels deliver them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from workbench.domain.analysis import cost_text
from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.notices import Notice
from workbench.domain.predictions import Severity
from workbench.domain.work import Priority, WorkOrder

from .wording import PRIORITY_WORDS, machine_name, site_time


def write_notices(
    order: WorkOrder,
    profile: MachineProfile,
    *,
    site: Site,
    currency: str,
    at: datetime,
    addresses: Mapping[str, str] | None = None,
) -> list[Notice]:
    """Return queued notices: one in the app to the technician, if one is assigned, and one to the site's manager.

    Recipients are ``technician:<id>`` and ``manager:<site>``; one that has an e-mail address in ``addresses``
    is written to there as well. Ids depend on order, channel and recipient only, so that writing them again
    tells nobody twice.
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
    texts = []
    if order.technician_id is not None:
        wait = f"Wait for: {', '.join(missing)}. " if missing else ""
        body = (
            f"You are assigned to {place}. {when} {wait}About {order.labour_h:g} h of labour.",
            f"Tools: {', '.join(order.tools) or 'none special'}.",
            "The dispatch report has the safety instructions and the steps; read it before you start.",
        )
        texts.append(("technician", order.technician_id, "\n".join(body)))
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
    texts.append(("manager", site.site_id, "\n".join(lines)))
    written = []
    for kind, name, text in texts:
        recipient = f"{kind}:{name}"
        notice = Notice(
            notice_id=stable_id("notice", order.order_id, "in_app", recipient),
            recipient=recipient,
            severity=severity,
            subject=subject,
            body=text,
            created_at=at,
            machine_id=order.machine_id,
            order_id=order.order_id,
        )
        written.append(notice)
        address = (addresses or {}).get(recipient, "")
        if address:
            written.append(by_email(notice, address))
    return written


def by_email(notice: Notice, address: str) -> Notice:
    """Return the notice as one to be sent to an e-mail address; its id stays the same however often it is written."""
    of_email = {"notice_id": stable_id(notice.notice_id, "email"), "channel": "email", "address": address}
    return notice.model_copy(update=of_email)
