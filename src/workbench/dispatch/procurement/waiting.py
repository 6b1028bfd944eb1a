"""Which open orders wait for which parts, until when, and what a day of waiting is expected to cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.equipment import Part
from workbench.domain.predictions import Prediction
from workbench.domain.procurement import PurchaseOrder
from workbench.domain.work import OPEN_ORDER_STATES, Priority, Reservation, WorkOrder

HOURS_PER_DAY = 24.0


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
    """Return what open orders lack, the first due first: what they need less what is set aside for or used by them."""
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
        for line in order.parts
        if (missing := line.needed - held.get((order.order_id, line.part_id), 0)) > 0
    ]
    return sorted(found, key=lambda shortage: (shortage.due_at, shortage.number, shortage.part_id))


def parts_there(
    shortages: Sequence[Shortage],
    *,
    free: Mapping[str, int],
    incoming: Iterable[PurchaseOrder],
    parts: Mapping[str, Part],
    at: datetime,
) -> dict[str, datetime | None]:
    """Return for each order that lacks parts when the last of them is there, no sooner than ``at``; None: not known.

    Pieces go to the order that is due first: what is free now, then deliveries as they come (a late one not before
    ``at``). What is not ordered yet comes after the part's lead time, if it is ordered at ``at``. When a part
    comes that is not in the records is not known.

    Args:
        shortages: As ``shortages_of`` returns them.
        free: Stock that nobody has set aside, by part.
        incoming: Purchases that suppliers have accepted.
        parts: Parts by id.
        at: Now.
    """
    supply: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for part_id, pieces in free.items():
        supply[part_id].append((at, pieces))
    for purchase in sorted(incoming, key=lambda purchase: (purchase.expected_at or at, purchase.number)):
        if purchase.expected_at is not None:
            supply[purchase.part_id].append((max(at, purchase.expected_at), purchase.outstanding))
    there: dict[str, datetime | None] = {}
    for shortage in shortages:
        missing, last, left = shortage.missing, at, []
        for when, pieces in supply[shortage.part_id]:
            taken = min(missing, pieces)
            missing -= taken
            last = when if taken else last
            left.append((when, pieces - taken))
        supply[shortage.part_id] = left
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
