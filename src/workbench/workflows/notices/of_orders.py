"""What people are told of work orders: that one is theirs, that it is more urgent, and what became of it since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.dispatch.notices import order_notice_id, plan_changed, write_notices
from workbench.dispatch.wording import PRIORITY_WORDS, site_time
from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.predictions import Severity

from .write import put

if TYPE_CHECKING:
    from workbench.domain.base import Change
    from workbench.domain.notices import Notice
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


Place = tuple[MachineProfile, Site | None]


def tell_of_order(
    tx: Workspace, order: WorkOrder, change: Change, *, at: datetime, place: Place | None = None
) -> list[Notice]:
    """Tell the people of an order and the site's manager of it who were not told of it yet, or only at a lesser urgency.

    Nobody is told twice. Returns what was recorded, copies for other channels too. ``place``: machine and site, where known.
    """
    return [copy for notice in untold(tx, order, at=at, place=place) for copy in put(tx, notice, change)]


def untold(ws: Workspace, order: WorkOrder, *, at: datetime, place: Place | None = None) -> list[Notice]:
    """Return the notices that ``tell_of_order`` would record; writes nothing."""
    profile, site = place or place_of(ws, order)
    if site is None:
        return []
    found: dict[str, Notice] = {}
    permits = ws.work_permits.of_order(order.order_id)
    package = ws.packages.for_prediction(order.evidence[-1]) if order.evidence else None
    for person in people_of(order) or (None,):
        shown = order.model_copy(update={"technician_id": person})
        first, urgent = (
            write_notices(
                shown,
                profile,
                site=site,
                currency=ws.settings.currency,
                at=at,
                more_urgent=more_urgent,
                permits=permits,
                package=package,
            )
            for more_urgent in (False, True)
        )
        for new, news in zip(first, urgent, strict=True):
            known = ws.notices.find(new.notice_id)
            notice = new if known is None else news if _told_as_less_urgent(known, order) else None
            if notice is not None and ws.notices.find(notice.notice_id) is None:
                found.setdefault(notice.recipient, notice)
    return list(found.values())


def were_told(tx: Workspace, order: WorkOrder, recipients: Iterable[str]) -> set[str]:
    """Return which of the recipients were told of the order."""
    return {one for one in recipients if tx.notices.find(order_notice_id(order.order_id, one)) is not None}


def tell_change(
    tx: Workspace, before: WorkOrder, after: WorkOrder, now: str, change: Change, *, spared: Collection[str] = ()
) -> None:
    """Tell whoever was told of an order, as it was ``before``, what is true ``now``; but not those who are ``spared``."""
    _, site = place_of(tx, before)
    if site is None:
        return
    line = change_line(before, now, in_words(tx, before, site))
    lines = {recipient: [(before, line)] for recipient in _concerned(tx, before, after, site) - set(spared)}
    tell_changes(tx, lines, ("order", before.order_id, change.at.isoformat()), change, at=tx.as_of())


def tell_of_permits(tx: Workspace, order: WorkOrder, fact: str, change: Change) -> None:
    """Tell whoever was told of an order how its permits stand now; no quiet hours hold that back."""
    _, site = place_of(tx, order)
    for recipient in sorted(_concerned(tx, order, order, site)) if site is not None else ():
        key = stable_id("order", order.order_id, change.at.isoformat(), recipient)
        notice = plan_changed(recipient, [(order, change_line(order, fact, ""))], notice_id=key, at=tx.as_of())
        said = {"severity": Severity.CRITICAL, "subject": f"Permits changed: {order.number}"}
        put(tx, notice.model_copy(update=said), change)


def _concerned(tx: Workspace, before: WorkOrder, after: WorkOrder, site: Site) -> set[str]:
    """Return who was told of an order, or has it for sure: its people and the site's manager."""
    had = {f"technician:{person}" for person in people_of(before)}
    has = {f"technician:{person}" for person in people_of(after)}
    told = were_told(tx, before, {*had, *has, f"manager:{site.site_id}"})
    return told | (had if before.fixed or before.started_at is not None else set())


def tell_changes(
    tx: Workspace,
    lines: Mapping[str, Sequence[tuple[WorkOrder, str]]],
    key: Sequence[str],
    change: Change,
    *,
    at: datetime,
) -> None:
    """Tell each recipient in one message what changed for them; the same ``key`` tells nobody twice."""
    for recipient, own in sorted(lines.items()):
        put(tx, plan_changed(recipient, own, notice_id=stable_id(*key, recipient), at=at), change)


def change_line(order: WorkOrder, now: str, was: str) -> str:
    """Return the line that says what changed of an order."""
    return f"{order.number} {order.title} ({order.machine_id}): {now}{f'; was: {was}' if was else ''}"


def in_words(tx: Workspace, order: WorkOrder, site: Site) -> str:
    """Say who does an order and when; empty: nobody is named."""
    known = [(person, tx.technicians.find(person)) for person in people_of(order)]
    names = " and ".join(found.title if found is not None else person for person, found in known)
    when = site_time(order.scheduled_at, site) if order.scheduled_at is not None else "no time yet"
    return f"{names}, {when}" if names else ""


def people_of(order: WorkOrder) -> tuple[str, ...]:
    """Return who does an order, the one who leads it first."""
    return (*((order.technician_id,) if order.technician_id is not None else ()), *order.colleagues)


def place_of(tx: Workspace, order: WorkOrder) -> Place:
    """Return the machine of an order and its site, None where that is not in the records."""
    profile = tx.machines.get(order.machine_id)
    return profile, tx.sites.find(profile.site_id)


def _told_as_less_urgent(known: Notice, order: WorkOrder) -> bool:
    lesser = {words for priority, words in PRIORITY_WORDS.items() if priority > order.priority}
    return known.facts.get("priority") in lesser
