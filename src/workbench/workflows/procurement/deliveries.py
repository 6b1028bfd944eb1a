"""Places approved purchases, books deliveries into the stock, and tells work orders when their parts are there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.dispatch import procurement as engine
from workbench.domain.approvals import ApprovalKind, ApprovalState
from workbench.domain.base import Actor
from workbench.domain.money import money_text
from workbench.domain.procurement import PurchaseOrder, PurchaseState
from workbench.domain.roles import Permission, require
from workbench.errors import InputError

from .quotes import check_zone
from .sharing import expect_parts, hold_orders, share_out

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
        expect_parts(tx, [placed.part_id], change)
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
        hold_orders(tx, [purchase.part_id])
        part = tx.parts.receive(purchase.part_id, came, change)
        key = f"{purchase.number} {purchase.received}"
        share_out(tx, [part.part_id], change, why=f"{part.title} has come", key=key)
    return purchase


def cancel_purchase(ws: Workspace, number: str, *, reason: str, actor: Actor | None = None) -> PurchaseOrder:
    """Take a purchase back that has not been delivered; what waits for it is told. Raises as ``place_purchase``."""
    change = ws.change(f"{number} cancelled: {reason}", actor)
    require(change.actor, Permission.PROPOSE_PURCHASES)
    with ws.transaction() as tx:
        purchase = tx.purchases.advance(number, lambda known: known.became(PurchaseState.CANCELLED), change)
        last = tx.approvals.latest(ApprovalKind.PURCHASE, purchase.number)
        if last is not None and last.state is ApprovalState.PENDING:
            tx.approvals.decide(ApprovalKind.PURCHASE, purchase.number, ApprovalState.WITHDRAWN, reason, change)
        expect_parts(tx, [purchase.part_id], change)
    return purchase


def late_deliveries(ws: Workspace) -> list[PurchaseOrder]:
    """Return what should have come before the workspace's ``as_of`` and is outstanding, the longest late first."""
    at = ws.as_of()
    late = [one for one in ws.purchases.open() if one.expected_at is not None and one.expected_at < at]
    return sorted(late, key=lambda one: (one.expected_at, one.number))
