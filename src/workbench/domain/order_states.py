"""The life of a work order: which states follow which, and the order as it stands after each step (R4).

open -> scheduled -> in progress -> done; what is not done can be cancelled. Work that cannot wait for a schedule
begins from open. Times only go forward: created <= started <= closed. A clock that went back is refused, never mended
silently, because these times become downtime figures and labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from workbench.errors import InputError

from .approvals import ApprovalState
from .base import Minor
from .work import OrderState, Priority, WorkOrder

NEXT_STATES = MappingProxyType(
    {
        OrderState.OPEN: (OrderState.SCHEDULED, OrderState.IN_PROGRESS, OrderState.CANCELLED),
        # Scheduled again: another person or time; open: put off.
        OrderState.SCHEDULED: (
            OrderState.SCHEDULED,
            OrderState.OPEN,
            OrderState.IN_PROGRESS,
            OrderState.CANCELLED,
        ),
        OrderState.IN_PROGRESS: (OrderState.DONE, OrderState.CANCELLED),
        OrderState.DONE: (),
        OrderState.CANCELLED: (),
    }
)


def scheduled(
    order: WorkOrder,
    technician_id: str,
    colleagues: Sequence[str],
    at: datetime,
    reason: str,
    *,
    fixed: bool = False,
) -> WorkOrder:
    """Return the order given to a technician and colleagues for a time; an order that is scheduled already moves.

    Args:
        order: Open or scheduled.
        technician_id: Who leads the work.
        colleagues: Who goes along.
        at: When it begins.
        reason: Why this person and time, in words.
        fixed: A person fixed both, so that planning leaves them as they are.

    Raises:
        InputError: the order is in another state or waits for an approval, or somebody is named twice.
    """
    _check(order, OrderState.SCHEDULED)
    _check_approval(order)
    if len({technician_id, *colleagues}) <= len(colleagues):
        raise InputError(f"Somebody is named twice for order {order.number}.", "Name each person once.")
    return _with(
        order,
        state=OrderState.SCHEDULED,
        technician_id=technician_id,
        colleagues=tuple(colleagues),
        scheduled_at=at,
        technician_reason=reason,
        fixed=fixed,
    )


def put_off(order: WorkOrder, reason: str) -> WorkOrder:
    """Return a scheduled order without person and time, to be planned again; raises ``InputError``."""
    _check(order, OrderState.OPEN)
    return _with(
        order,
        state=OrderState.OPEN,
        technician_id=None,
        colleagues=(),
        scheduled_at=None,
        technician_reason=reason,
        fixed=False,
    )


def held(order: WorkOrder, approval: ApprovalState, reason: str) -> WorkOrder:
    """Return an open or scheduled order without person and time, which nobody plans or begins: its approval is asked for, or was rejected.

    An emergency does not wait for the answer, and work that has begun goes on: they keep person and time.
    """
    asked = approval is ApprovalState.PENDING and order.priority is Priority.EMERGENCY
    if asked or order.state not in (OrderState.OPEN, OrderState.SCHEDULED):
        # What it waited for until now says nothing any more.
        said = "" if order.waits_for_approval else order.technician_reason
        return _with(order, approval=approval, technician_reason=said)
    free = put_off(order, reason) if order.state is OrderState.SCHEDULED else order
    return _with(free, approval=approval, technician_id=None, colleagues=(), technician_reason=reason, fixed=False)


def approved(order: WorkOrder) -> WorkOrder:
    """Return the order with its approval: it may be planned and begun."""
    reason = "approved, to be planned" if order.waits_for_approval else order.technician_reason
    return _with(order, approval=ApprovalState.APPROVED, technician_reason=reason)


def started(order: WorkOrder, at: datetime, technician_id: str | None = None, reason: str = "") -> WorkOrder:
    """Return the order with its work begun at ``at``; ``technician_id`` does it instead of the one planned, for ``reason``.

    Raises:
        InputError: it is in progress, done or cancelled, waits for an approval, or ``at`` lies before the order was opened.
    """
    _check(order, OrderState.IN_PROGRESS)
    _check_approval(order)
    _check_time(order, at, "opened", order.created_at, "start")
    leads = technician_id or order.technician_id
    along = tuple(person for person in order.colleagues if person != leads)
    why = order.technician_reason if leads == order.technician_id else reason
    return _with(
        order,
        state=OrderState.IN_PROGRESS,
        started_at=at,
        technician_id=leads,
        colleagues=along,
        technician_reason=why,
    )


def done(order: WorkOrder, at: datetime, actual_cost: Minor) -> WorkOrder:
    """Return the order with its work done at ``at``; raises ``InputError`` unless in progress, and for a time before its start."""
    _check(order, OrderState.DONE)
    _check_time(order, at, "started", order.started_at or order.created_at, "end")
    return _with(order, state=OrderState.DONE, closed_at=at, actual_cost=actual_cost)


def cancelled(order: WorkOrder, at: datetime) -> WorkOrder:
    """Return the order called off at ``at``; raises ``InputError`` when it is done or cancelled, or for a time before its start."""
    _check(order, OrderState.CANCELLED)
    began = order.started_at or order.created_at
    _check_time(order, at, "started" if order.started_at else "opened", began, "cancellation")
    return _with(order, state=OrderState.CANCELLED, closed_at=at)


def _check(order: WorkOrder, wanted: OrderState) -> None:
    allowed = NEXT_STATES[order.state]
    if wanted in allowed:
        return
    if order.state is wanted:
        remedy = (
            f"To change what was found: workbench orders correct {order.number}" if wanted is OrderState.DONE else ""
        )
        raise InputError(f"Order {order.number} is {_words(wanted)} already.", remedy)
    *others, last = [_words(state) for state in allowed if state is not order.state] or [""]
    following = f"{', '.join(others)} or {last}" if others else last
    remedy = f"From {_words(order.state)} it can only become {following}." if allowed else "Nothing follows this state."
    if wanted is OrderState.DONE and OrderState.IN_PROGRESS in allowed:
        remedy += f" Start it first: workbench orders start {order.number}"
    raise InputError(f"Order {order.number} is {_words(order.state)} and cannot become {_words(wanted)}.", remedy)


def _check_approval(order: WorkOrder) -> None:
    if order.approval is ApprovalState.PENDING and order.waits_for_approval:
        raise InputError(
            f"Order {order.number} {order.technician_reason}.",
            f"A supervisor or admin approves it: workbench approvals approve order {order.number}",
        )
    if order.approval is ApprovalState.REJECTED:
        raise InputError(
            f"Order {order.number} may not be planned or begun: {order.technician_reason}.",
            f"Ask again (workbench orders ask-approval {order.number}), or cancel it.",
        )


def _check_time(order: WorkOrder, at: datetime, what: str, earliest: datetime, step: str) -> None:
    if at < earliest:
        raise InputError(
            f"Order {order.number} was {what} at {earliest:%Y-%m-%d %H:%M:%S} UTC; its {step} at "
            f"{at:%Y-%m-%d %H:%M:%S} UTC lies before that.",
            "Give the time at which it happened (on the command line: --at), or check the clock of this computer.",
        )


def _with(order: WorkOrder, **fields: object) -> WorkOrder:
    return WorkOrder.model_validate({**dict(order), **fields})


def _words(state: OrderState) -> str:
    return state.value.replace("_", " ")
