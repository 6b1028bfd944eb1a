"""Free stock goes to the work orders that wait for it: one rule, whether it was delivered or given back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from workbench.dispatch import procurement as engine
from workbench.domain.base import Change, stable_id
from workbench.domain.notices import Notice, NoticeKind
from workbench.domain.predictions import Severity
from workbench.domain.procurement import PurchaseState
from workbench.domain.work import WorkOrder
from workbench.workflows.notices.write import put
from workbench.workflows.order_report import rewrite_report

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.workspace import Workspace


def hold_orders(tx: Workspace, part_ids: Collection[str], *also: str) -> None:
    """Lock the open orders that need any of the parts, and those with the ids ``also``, until the transaction ends.

    Whoever changes orders and stock together begins with this: all writers lock purchases, then orders, then parts, each
    in the order of their ids, so that no two wait for each other.
    """
    needing = [order.order_id for order in tx.orders.open() if _needs(order, part_ids)] if part_ids else []
    for order_id in sorted({*needing, *also}):
        tx.orders.lock(order_id)


def share_out(tx: Workspace, part_ids: Collection[str], change: Change, *, why: str, key: str) -> None:
    """Give free pieces of the parts to the open orders that lack them, the first due first, and write it into the orders.

    ``hold_orders`` comes before it. Whoever looks after an order that now has all its parts is told ``why``; the same ``key``
    tells nobody twice.
    """
    if not part_ids:
        return
    lacking = engine.shortages_of(tx.orders.open(), tx.parts.reservations())
    for part_id in sorted(name for name in set(part_ids) if tx.parts.find(name) is not None):
        free = tx.parts.available(part_id)
        for shortage in lacking:
            if free > 0 and shortage.part_id == part_id:
                free -= tx.parts.top_up(shortage.order_id, part_id, shortage.needed, change)
    for order in expect_parts(tx, part_ids, change):
        if not any(line.to_order for line in order.parts):
            _tell_complete(tx, order, why, key, change)


def expect_parts(tx: Workspace, part_ids: Collection[str], change: Change) -> list[WorkOrder]:
    """Write into the open orders that need any of the parts what they have of it and when all their parts are there.

    ``tx`` is a workspace in a transaction. Returns the orders that changed, as they are now.
    """
    at, there = tx.as_of(), parts_expected(tx, tx.as_of())
    held: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for one in tx.parts.reservations():
        if one.state != "released":
            held[one.order_id][one.part_id] = one.quantity
    told = []
    # One order for all writers, so that two of them never wait for each other's row.
    for order in sorted(tx.orders.open(), key=lambda order: order.order_id):
        if not _needs(order, part_ids):
            continue
        told_now = partial(engine.with_parts, held=held[order.order_id], there=there.get(order.order_id), at=at)
        if told_now(order) != order:
            after = tx.orders.advance(order.order_id, told_now, change, "parts expected")
            rewrite_report(tx, after, change)
            told.append(after)
    return told


def expect_parts_of(tx: Workspace, order: WorkOrder, change: Change, *, at: datetime) -> WorkOrder:
    """Write into an order that was just opened when its parts come, with what is on order already; return it as it is then."""
    if not any(line.to_order for line in order.parts):
        return order
    when = parts_expected(tx, at).get(order.order_id, order.parts_at)
    if when == order.parts_at:
        return order
    return tx.orders.advance(
        order.order_id, lambda now: now.model_copy(update={"parts_at": when}), change, "parts expected"
    )


def take_parts(tx: Workspace, order: WorkOrder, change: Change) -> WorkOrder:
    """Set aside for an open order what is free of the parts that it lacks, and return it with that; nobody is told."""
    for part_id, needed in sorted({line.part_id: line.needed for line in order.parts if line.to_order}.items()):
        if tx.parts.find(part_id) is not None:
            tx.parts.top_up(order.order_id, part_id, needed, change)
    held = {one.part_id: one.quantity for one in tx.parts.reservations(order.order_id) if one.state != "released"}
    at = tx.as_of()
    there = parts_expected(tx, at).get(order.order_id)
    has_now = partial(engine.with_parts, held=held, there=there, at=at)
    return tx.orders.advance(order.order_id, has_now, change, "parts expected")


def parts_expected(ws: Workspace, at: datetime) -> dict[str, datetime | None]:
    """Return when the last of what each open order lacks is there, seen from ``at``; None: not known."""
    parts = {part.part_id: part for part in ws.parts.all()}
    shortages = engine.shortages_of(ws.orders.open(), ws.parts.reservations())
    return engine.parts_there(
        shortages,
        free={name: ws.parts.available(name) for name in {shortage.part_id for shortage in shortages} & set(parts)},
        incoming=[one for one in ws.purchases.open() if one.state is PurchaseState.ORDERED],
        parts=parts,
        at=at,
    )


def _needs(order: WorkOrder, part_ids: Collection[str]) -> bool:
    return any(line.part_id in part_ids for line in order.parts)


def _tell_complete(tx: Workspace, order: WorkOrder, why: str, key: str, change: Change) -> None:
    """Tell the order's technician, or the site's manager, that all of its parts are there now."""
    site = tx.machines.get(order.machine_id).site_id
    notice = Notice(
        notice_id=stable_id("parts complete", order.order_id, key),
        kind=NoticeKind.PART_ARRIVED,
        recipient=f"technician:{order.technician_id}" if order.technician_id else f"manager:{site}",
        severity=Severity.INFO,
        subject=f"{order.number}: all parts are there",
        body=f"All parts of {order.number} ({order.title}) are there: {why}.",
        simulated=order.simulated,
        created_at=change.at,
        machine_id=order.machine_id,
        order_id=order.order_id,
    )
    put(tx, notice, change)
