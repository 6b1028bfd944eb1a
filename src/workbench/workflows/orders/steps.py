"""The steps of an order that people take before it is closed: assigned, started, called off (R4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.domain import order_states
from workbench.domain.approvals import ApprovalState
from workbench.domain.base import Actor
from workbench.domain.roles import Permission, require
from workbench.domain.work import Priority
from workbench.errors import InputError
from workbench.workflows.notices import tell_change, tell_of_order
from workbench.workflows.notices.of_orders import in_words, people_of, place_of
from workbench.workflows.order_report import rewrite_report
from workbench.workflows.permits import refuse_unpermitted
from workbench.workflows.procurement import share_out

from .approval import ask, hold, withdraw

if TYPE_CHECKING:
    from workbench.domain.base import Change
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def latest_instant(ws: Workspace) -> datetime:
    """Return the latest time at which something can have happened: now, or the as-of of a workspace that looks ahead."""
    return max(ws.as_of(), datetime.now(UTC))


def instant(ws: Workspace, at: datetime | None) -> datetime:
    """Return when a step was taken: ``at``, or the workspace's as-of; raises ``InputError`` for a naive or a future time."""
    if at is None:
        return ws.as_of()
    if at.tzinfo is None:
        raise InputError(f"The time {at} has no time zone.", "Give an aware time, e.g. 2026-01-01T08:00:00Z.")
    latest = latest_instant(ws)
    if at > latest:
        raise InputError(
            f"{at:%Y-%m-%d %H:%M} UTC lies in the future; it is {latest:%Y-%m-%d %H:%M} UTC.",
            "Give the time at which it happened.",
        )
    return at.astimezone(UTC)


def assign_order(
    ws: Workspace,
    number: str,
    technician_id: str,
    at: datetime,
    *,
    colleagues: Sequence[str] = (),
    reason: str = "",
    actor: Actor | None = None,
) -> WorkOrder:
    """Give an order to people for a time, by hand: planning leaves it as it is from then on.

    Who gets it and who had it are told, and the site's manager.

    Args:
        ws: The workspace.
        number: Of an order that is open or scheduled, e.g. WO-2026-0001.
        technician_id: Who leads the work.
        at: When it begins; not before the order was opened.
        colleagues: Who goes along.
        reason: Why, for the history.
        actor: Who assigns.

    Raises:
        NotFound: the order or a person is not in the records.
        InputError: the order is not open or scheduled or waits for an approval, its permits do not allow the time or are too
            short for the work, somebody is named twice, or the time cannot be.
        NotPermitted: the actor's role does not assign work.
    """
    require(actor or ws.actor, Permission.ASSIGN_WORK)
    if at.tzinfo is None:
        raise InputError(f"The time {at} has no time zone.", "Give an aware time, e.g. 2026-01-01T08:00:00Z.")
    why = f"assigned by hand{f': {reason.strip()}' if reason.strip() else ''}"
    with ws.transaction() as tx:
        order = tx.orders.lock(tx.orders.by_number(number).order_id)
        people = [tx.technicians.get(person) for person in (technician_id, *colleagues)]
        if at < order.created_at:
            raise InputError(
                f"Order {order.number} was opened at {order.created_at:%Y-%m-%d %H:%M} UTC and cannot be scheduled before.",
                "Check the date.",
            )
        refuse_unpermitted(tx, order, at, "scheduled", whole=True)
        change = tx.change(why, actor)
        assigned = tx.orders.advance(
            order.order_id,
            lambda now: order_states.scheduled(
                now, technician_id, colleagues, at, f"{people[0].title}: {why}", fixed=True
            ),
            change,
            "assigned",
        )
        unable = [person.title for person in people if order.skill and order.skill not in person.skills]
        details = {"technician_id": technician_id, "colleagues": list(colleagues), "at": at.isoformat(), "reason": why}
        details |= {"without_skill": unable} if unable else {}
        tx.dispatch_history.add(order.order_id, order.machine_id, "assigned by hand", details, change)
        rewrite_report(tx, assigned, change)
        _tell_of_people(tx, order, assigned, change)
    return assigned


def _tell_of_people(tx: Workspace, before: WorkOrder, after: WorkOrder, change: Change) -> None:
    """Tell who has the order now, and whoever was told of it before that it has other people or another time."""
    if (people_of(before), before.scheduled_at) == (people_of(after), after.scheduled_at):
        return
    told = tell_of_order(tx, after, change, at=tx.as_of())
    site = place_of(tx, after)[1]
    if site is not None:
        spared = {notice.recipient for notice in told}
        tell_change(tx, before, after, in_words(tx, after, site), change, spared=spared)


def start_order(
    ws: Workspace,
    number: str,
    *,
    at: datetime | None = None,
    technician_id: str | None = None,
    actor: Actor | None = None,
) -> WorkOrder:
    """Say that the work on an order has begun.

    Args:
        ws: The workspace.
        number: Of an order that is open or scheduled.
        at: When; default: the workspace's as-of. Not in the future, and not before the order was opened.
        technician_id: Who does it, when not the one planned.
        actor: Who says so.

    Raises:
        NotFound: the order or the technician is not in the records.
        InputError: the order is in progress, done or cancelled, waits for an approval, its permits do not allow the time,
            or it cannot be.
        NotPermitted: the actor's role does not do work.
    """
    require(actor or ws.actor, Permission.CLOSE_WORK)
    when = instant(ws, at)
    with ws.transaction() as tx:
        order = tx.orders.lock(tx.orders.by_number(number).order_id)
        who = tx.technicians.get(technician_id).title if technician_id is not None else ""
        refuse_unpermitted(tx, order, when, "begun")
        change = tx.change("work started", actor)
        begun = tx.orders.advance(
            order.order_id,
            lambda now: order_states.started(now, when, technician_id, f"{who}: began the work"),
            change,
            "started",
        )
        details = {"at": when.isoformat(), "technician_id": begun.technician_id}
        tx.dispatch_history.add(order.order_id, order.machine_id, "started", details, change)
        if people_of(begun) != people_of(order):
            rewrite_report(tx, begun, change)
            tell_change(tx, order, begun, f"begun by {who}", change, spared=[f"technician:{technician_id}"])
    return begun


def make_more_urgent(
    tx: Workspace, order: WorkOrder, priority: Priority, due_at: datetime, change: Change
) -> WorkOrder:
    """Return an open order with a more urgent priority, due no later than ``due_at``; one that was rejected is asked for again."""
    urgent: dict[str, object] = {"priority": priority, "due_at": min(order.due_at, due_at)}
    if priority is Priority.EMERGENCY and order.approval is ApprovalState.PENDING:
        # It no longer waits for that.
        urgent["technician_reason"] = ""
    order = tx.orders.advance(order.order_id, lambda now: now.model_copy(update=urgent), change, "made more urgent")
    if order.approval is ApprovalState.REJECTED:
        order = ask(tx, order, change, f"now {priority.name.lower()}")
    rewrite_report(tx, order, change)
    return order


def cancel_order(
    ws: Workspace, number: str, reason: str, *, at: datetime | None = None, actor: Actor | None = None
) -> WorkOrder:
    """Call an order off, for a reason; what was reserved for it goes to the orders that wait, and else is free again.

    Whoever was told of it is told that it is off.

    Raises:
        NotFound: there is no such order.
        InputError: no reason, the order is done or cancelled, or the time cannot be.
        NotPermitted: the actor's role does not close work.
    """
    require(actor or ws.actor, Permission.CLOSE_WORK)
    if not reason.strip():
        raise InputError(f"No reason is given to cancel {number}.", "Say why; it stands in the history.")
    when = instant(ws, at)
    with ws.transaction() as tx:
        hold(tx, number)
        order = tx.orders.by_number(number)
        change = tx.change(f"cancelled: {reason.strip()}", actor)
        freed = {one.part_id for one in tx.parts.reservations(order.order_id) if one.state == "reserved"}
        called_off = tx.orders.advance(
            order.order_id, lambda now: order_states.cancelled(now, when), change, "cancelled"
        )
        withdraw(tx, called_off, reason.strip(), change)
        tx.parts.release(order.order_id, change)
        details = {"at": when.isoformat(), "reason": reason.strip()}
        tx.dispatch_history.add(order.order_id, order.machine_id, "cancelled", details, change)
        tell_change(tx, order, called_off, f"called off: {reason.strip()}", change)
        share_out(tx, freed, change, why=f"{order.number} was cancelled and gave its parts back", key=order.order_id)
    return called_off
