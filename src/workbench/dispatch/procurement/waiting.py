"""Which open orders wait for which parts, until when, and what a day of waiting is expected to cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.approvals import ApprovalState
from workbench.domain.equipment import Part
from workbench.domain.predictions import Prediction
from workbench.domain.procurement import PurchaseOrder
from workbench.domain.work import OPEN_ORDER_STATES, Priority, Reservation, WorkOrder

HOURS_PER_DAY = 24.0
# A delivery that should have come already is looked for a day from now.
OVERDUE = timedelta(days=1)
# So many, and when they are there.
Pieces = tuple[datetime, int]


@dataclass(frozen=True)
class Shortage:
    """Pieces of a part that an open order needs and has not set aside."""

    order_id: str
    number: str
    part_id: str
    title: str
    needed: int
    missing: int
    due_at: datetime
    priority: Priority


def shortages_of(orders: Iterable[WorkOrder], reservations: Iterable[Reservation]) -> list[Shortage]:
    """Return what open orders lack, the first due first: what they need less what is set aside for or used by them.

    An order whose approval was rejected before it began lacks nothing: nobody buys for it or sets anything aside.
    """
    held: dict[tuple[str, str], int] = {}
    for reservation in reservations:
        if reservation.state != "released":
            held[reservation.order_id, reservation.part_id] = reservation.quantity
    found = [
        Shortage(
            order.order_id, order.number, line.part_id, line.title, line.needed, missing, order.due_at, order.priority
        )
        for order in orders
        if order.state in OPEN_ORDER_STATES
        and not (order.waits_for_approval and order.approval is ApprovalState.REJECTED)
        for line in order.parts
        if (missing := line.needed - held.get((order.order_id, line.part_id), 0)) > 0
    ]
    return sorted(found, key=lambda shortage: (shortage.due_at, shortage.number, shortage.part_id))


@dataclass(frozen=True)
class Allotment:
    """Pieces and when they are there: those of each order and part, and those of each part that are left."""

    given: Mapping[tuple[str, str], tuple[Pieces, ...]]
    left: Mapping[str, tuple[Pieces, ...]]

    def of(self, order_id: str, part_id: str) -> tuple[Pieces, ...]:
        """Return what an order is given of a part."""
        return self.given.get((order_id, part_id), ())


def allot(
    shortages: Sequence[Shortage], *, free: Mapping[str, int], incoming: Iterable[PurchaseOrder], at: datetime
) -> Allotment:
    """Share out what is free ``at`` and then deliveries as they come, to one shortage after the other.

    A delivery that should have come already is looked for a day from ``at``; one whose date is not known does not count.
    """
    supply: dict[str, list[Pieces]] = defaultdict(list)
    for part_id, pieces in free.items():
        supply[part_id].append((at, pieces))
    due = [(one.expected_at, one) for one in incoming if one.expected_at is not None]
    coming = [(when if when > at else at + OVERDUE, one) for when, one in due]
    for when, purchase in sorted(coming, key=lambda pair: (pair[0], pair[1].number)):
        supply[purchase.part_id].append((when, purchase.outstanding))
    given: dict[tuple[str, str], tuple[Pieces, ...]] = {}
    for shortage in shortages:
        missing, taken, left = shortage.missing, [], []
        for when, pieces in supply[shortage.part_id]:
            share = min(missing, pieces)
            missing -= share
            taken += [(when, share)] if share > 0 else []
            left += [(when, pieces - share)] if pieces > share else []
        supply[shortage.part_id] = left
        given[shortage.order_id, shortage.part_id] = tuple(taken)
    return Allotment(given, {part_id: tuple(left) for part_id, left in supply.items() if left})


def parts_there(
    shortages: Sequence[Shortage],
    *,
    free: Mapping[str, int],
    incoming: Iterable[PurchaseOrder],
    parts: Mapping[str, Part],
    at: datetime,
) -> dict[str, datetime | None]:
    """Return for each order that lacks parts when the last of them is there, no sooner than ``at``; None: not known.

    Pieces go to the order that is due first: what is free now, then deliveries as they come (one that should have come
    already a day from ``at``). What is not ordered yet comes after the part's lead time, if it is ordered at ``at``. When a part
    comes that is not in the records is not known.

    Args:
        shortages: As ``shortages_of`` returns them.
        free: Stock that nobody has set aside, by part.
        incoming: Purchases that suppliers have accepted.
        parts: Parts by id.
        at: Now.
    """
    allotted = allot(shortages, free=free, incoming=incoming, at=at)
    there: dict[str, datetime | None] = {}
    for shortage in shortages:
        given = allotted.of(shortage.order_id, shortage.part_id)
        missing = shortage.missing - sum(pieces for _, pieces in given)
        last = max((when for when, _ in given), default=at)
        part, earlier = parts.get(shortage.part_id), there.get(shortage.order_id, at)
        if missing and part is not None:
            last = max(last, at + timedelta(days=part.lead_time_days))
        if earlier is None or (missing and part is None):
            there[shortage.order_id] = None
        else:
            there[shortage.order_id] = max(earlier, last)
    return there


def with_parts(order: WorkOrder, held: Mapping[str, int], there: datetime | None, at: datetime) -> WorkOrder:
    """Return an open order with what is set aside for it now, and when all of its parts are there.

    Args:
        order: A closed one stays as it is.
        held: Pieces set aside for it or used by it, by part.
        there: When the last of what it lacks comes; None: not known.
        at: Now: when the last piece came, if the order lacked some until now.
    """
    if order.state not in OPEN_ORDER_STATES:
        return order
    lines = tuple(
        line.model_copy(
            update={"reserve": (has := min(line.needed, held.get(line.part_id, 0))), "to_order": line.needed - has}
        )
        for line in order.parts
    )
    if any(line.to_order for line in lines):
        parts_at = there
    else:
        parts_at = at if any(line.to_order for line in order.parts) else order.parts_at
    return order.model_copy(update={"parts": lines, "parts_at": parts_at})


def daily_waiting_cost(prediction: Prediction, package: AnalyticsPackage) -> float | None:
    """Return what another day without the repair is expected to cost, in minor units; None when it is not known.

    The probability of failure within the decision's horizon, spread evenly over its days, times what a failure costs
    more than the planned repair.
    """
    horizon_h = package.decision.horizon_h
    within = prediction.supported_probability_within(horizon_h)
    if within is None:
        return None
    more = max(0, package.failure_impact.total - package.planned_impact.total)
    return within * more * HOURS_PER_DAY / horizon_h
