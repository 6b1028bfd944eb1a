"""Places approved purchases, books deliveries into the stock, and tells work orders when their parts are there."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from workbench.dispatch import procurement as engine
from workbench.domain.approvals import ApprovalKind, ApprovalState
from workbench.domain.base import Actor, Change, stable_id
from workbench.domain.money import money_text
from workbench.domain.notices import Notice, NoticeKind
from workbench.domain.predictions import Severity
from workbench.domain.procurement import PurchaseOrder, PurchaseState
from workbench.domain.roles import Permission, require
from workbench.domain.work import WorkOrder
from workbench.errors import InputError
from workbench.workflows.notices.write import put

from .quotes import check_zone

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def place_purchase(
    ws: Workspace,
    number: str,
    *,
    unit_price: int | None = None,
    expected_at: datetime | None = None,
    actor: Actor | None = None,
) -> PurchaseOrder:
    """Order an approved purchase, and tell the work orders that wait when their parts are there.

    Args:
        ws: The workspace.
        number: Such as PO-2026-0001.
        unit_price: What was agreed for one piece, in minor units; default: the quoted price. Never more than approved.
        expected_at: When the supplier says that it comes; default: after the quoted days.
        actor: Who orders; default: the workspace's.

    Raises:
        NotFound: there is no such purchase.
        InputError: it is not approved, the price is higher than was approved, or the time has no zone.
        NotPermitted: the actor's role may not place orders.
    """
    change = ws.change(f"{number} ordered", actor)
    require(change.actor, Permission.HANDLE_DELIVERIES)
    check_zone(expected_at)
    at = ws.as_of()

    def ordered(purchase: PurchaseOrder) -> PurchaseOrder:
        price = purchase.unit_price if unit_price is None else unit_price
        if not 0 <= price <= purchase.unit_price:
            most = money_text(purchase.unit_price, ws.settings.currency)
            raise InputError(
                f"{purchase.number} is approved for at most {most} a piece, not "
                f"{money_text(price, ws.settings.currency)}.",
                "Cancel it, enter the new quote and propose it again: a higher price needs another approval.",
            )
        deal = engine.score_deal(
            price, engine.PriceRange(purchase.reference_price, purchase.floor_price),
            reliability=purchase.deal.reliability, delivery_days=purchase.delivery_days,
            fastest_days=purchase.fastest_days,
        )  # fmt: skip
        return purchase.became(
            PurchaseState.ORDERED, unit_price=price, deal=deal, ordered_at=at,
            expected_at=expected_at or at + timedelta(days=purchase.delivery_days),
        )  # fmt: skip

    with ws.transaction() as tx:
        placed = tx.purchases.advance(number, ordered, change)
        expect_parts(tx, placed.part_id, change)
    return placed


def receive_delivery(
    ws: Workspace, number: str, *, quantity: int | None = None, actor: Actor | None = None
) -> PurchaseOrder:
    """Book a delivery into the stock; orders that wait for the part get it, the first due first.

    Args:
        ws: The workspace.
        number: Such as PO-2026-0001.
        quantity: How many pieces came; default: all that are outstanding. The purchase is delivered with the last.
        actor: Who books it; default: the workspace's.

    Raises:
        NotFound: there is no such purchase.
        InputError: it is not on order (of two who book the same delivery the second is told so), or more came than
            is outstanding.
        NotPermitted: the actor's role may not book deliveries.
    """
    change = ws.change(f"delivery of {number} booked", actor)
    require(change.actor, Permission.HANDLE_DELIVERIES)
    at = ws.as_of()
    with ws.transaction() as tx:
        came = 0

        def delivered(purchase: PurchaseOrder) -> PurchaseOrder:
            nonlocal came
            whole = purchase.became(PurchaseState.DELIVERED, received=purchase.quantity, delivered_at=at)
            came = purchase.outstanding if quantity is None else quantity
            if not 1 <= came <= purchase.outstanding:
                raise InputError(
                    f"{came} pieces cannot be booked for {purchase.number}: {purchase.outstanding} are outstanding.",
                    "Book what belongs to this order; what came beyond it needs a purchase of its own.",
                )
            if came == purchase.outstanding:
                return whole
            return purchase.model_copy(update={"received": purchase.received + came})

        purchase = tx.purchases.advance(number, delivered, change)
        # Who closes an order locks it before its parts: here too, so that neither waits for the other for ever.
        for order_id in sorted({shortage.order_id for shortage in _waiting(tx, purchase.part_id)}):
            tx.orders.lock(order_id)
        tx.parts.receive(purchase.part_id, came, change)
        for shortage in _waiting(tx, purchase.part_id):
            tx.parts.top_up(shortage.order_id, shortage.part_id, shortage.needed, change)
        for order in expect_parts(tx, purchase.part_id, change):
            if not any(line.to_order for line in order.parts):
                _tell_complete(tx, order, purchase, change)
    return purchase


def _tell_complete(tx: Workspace, order: WorkOrder, purchase: PurchaseOrder, change: Change) -> None:
    """Tell the order's technician, or the site's manager, that all of its parts are there now."""
    site = tx.machines.get(order.machine_id).site_id
    words = f"All parts of {order.number} ({order.title}) are there: {tx.parts.get(purchase.part_id).title} has come."
    notice = Notice(
        notice_id=stable_id("parts complete", order.order_id, purchase.number, purchase.received),
        kind=NoticeKind.PART_ARRIVED,
        recipient=f"technician:{order.technician_id}" if order.technician_id else f"manager:{site}",
        severity=Severity.INFO,
        subject=f"{order.number}: all parts are there",
        body=words,
        simulated=order.simulated,
        created_at=change.at,
        machine_id=order.machine_id,
        order_id=order.order_id,
    )
    put(tx, notice, change)


def _waiting(tx: Workspace, part_id: str) -> list[engine.Shortage]:
    shortages = engine.shortages_of(tx.orders.open(), tx.parts.reservations())
    return [shortage for shortage in shortages if shortage.part_id == part_id]


def cancel_purchase(ws: Workspace, number: str, *, reason: str, actor: Actor | None = None) -> PurchaseOrder:
    """Take a purchase back that has not been delivered; what waits for it is told. Raises as ``place_purchase``."""
    change = ws.change(f"{number} cancelled: {reason}", actor)
    require(change.actor, Permission.PROPOSE_PURCHASES)
    with ws.transaction() as tx:
        purchase = tx.purchases.advance(number, lambda known: known.became(PurchaseState.CANCELLED), change)
        last = tx.approvals.latest(ApprovalKind.PURCHASE, purchase.number)
        if last is not None and last.state is ApprovalState.PENDING:
            tx.approvals.decide(ApprovalKind.PURCHASE, purchase.number, ApprovalState.WITHDRAWN, reason, change)
        expect_parts(tx, purchase.part_id, change)
    return purchase


def late_deliveries(ws: Workspace) -> list[PurchaseOrder]:
    """Return what should have come before the workspace's ``as_of`` and is outstanding, the longest late first."""
    at = ws.as_of()
    late = [one for one in ws.purchases.open() if one.expected_at is not None and one.expected_at < at]
    return sorted(late, key=lambda one: (one.expected_at, one.number))


def expect_parts(tx: Workspace, part_id: str, change: Change) -> list[WorkOrder]:
    """Write into the open work orders that need a part what they have of it and when all their parts are there.

    ``tx`` is a workspace in a transaction. Returns the orders that changed, as they are now.
    """
    at, reservations = tx.as_of(), tx.parts.reservations()
    orders = tx.orders.open()
    parts = {part.part_id: part for part in tx.parts.all()}
    shortages = engine.shortages_of(orders, reservations)
    there = engine.parts_there(
        shortages,
        free={name: tx.parts.available(name) for name in {shortage.part_id for shortage in shortages} & set(parts)},
        incoming=[one for one in tx.purchases.open() if one.state is PurchaseState.ORDERED],
        parts=parts,
        at=at,
    )
    told = []
    # One order for all writers, so that two of them never wait for each other's row.
    for order in sorted(orders, key=lambda order: order.order_id):
        if part_id not in {line.part_id for line in order.parts}:
            continue
        held = {r.part_id: r.quantity for r in reservations if r.order_id == order.order_id and r.state != "released"}
        told_now = partial(engine.with_parts, held=held, there=there.get(order.order_id), at=at)
        after = tx.orders.advance(order.order_id, told_now, change, "parts expected")
        told += [after] if after != order else []
    return told
