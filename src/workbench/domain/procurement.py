"""Procurement (R6): what is short, what suppliers ask for it, and purchase orders from proposal to delivery."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from workbench.errors import InputError

from .base import Frozen, Minor, Name, UtcTime
from .work import Priority

HAND: Final = "hand"
CATALOGUE: Final = "catalogue"


class Quote(Frozen):
    """What a supplier asks for a part."""

    quote_id: str
    part_id: Name
    supplier_id: Name
    unit_price: Minor = Field(ge=0)
    delivery_days: float = Field(ge=0, le=1000)
    available: int | None = Field(default=None, ge=1, description="pieces the supplier can deliver; None: any number")
    source: Literal["hand", "catalogue"] = CATALOGUE
    created_at: UtcTime


class ReorderProposal(Frozen):
    """A part to order: how many, how urgently, for which orders, and what the number rests on."""

    part_id: Name
    title: str
    quantity: int = Field(ge=1)
    urgent: int = Field(ge=0, description="pieces of them that open orders wait for")
    needed_by: UtcTime | None = Field(default=None, description="when the first waiting order is due")
    urgency: Priority = Priority.ROUTINE
    orders: tuple[str, ...] = Field(default=(), description="numbers of the waiting orders, the first due first")
    basis: str
    known: bool = Field(default=True, description="false: not in the records, so nobody can be asked for it")


class DealScore(Frozen):
    """How good a deal is, each factor and the score from 0 to 1: 0.4 price + 0.3 reliability + 0.3 speed."""

    price_saving: float = Field(ge=0, le=1)
    reliability: float = Field(ge=0, le=1)
    delivery_speed: float = Field(ge=0, le=1)
    score: float = Field(ge=0, le=1)


class RatedQuote(Frozen):
    """A quote beside the price to negotiate for, and how good a deal it would be as quoted."""

    quote: Quote
    target_price: Minor
    deal: DealScore


class PurchaseState(StrEnum):
    """Life of a purchase order."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    ORDERED = "ordered"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


OPEN_PURCHASE_STATES = (PurchaseState.PROPOSED, PurchaseState.APPROVED, PurchaseState.ORDERED)
_NEXT: dict[PurchaseState, tuple[PurchaseState, ...]] = {
    PurchaseState.PROPOSED: (PurchaseState.APPROVED, PurchaseState.REJECTED, PurchaseState.CANCELLED),
    PurchaseState.APPROVED: (PurchaseState.ORDERED, PurchaseState.CANCELLED),
    PurchaseState.ORDERED: (PurchaseState.DELIVERED, PurchaseState.CANCELLED),
    PurchaseState.REJECTED: (),
    PurchaseState.DELIVERED: (),
    PurchaseState.CANCELLED: (),
}


class PurchaseOrder(Frozen):
    """Pieces of one part from one supplier, from proposal to delivery."""

    purchase_id: str = Field(default="", description="the number: it is given when the order is recorded")
    number: str = Field(default="", description="for people, e.g. PO-2026-0001")
    part_id: Name
    supplier_id: Name
    quantity: int = Field(ge=1)
    quoted_price: Minor = Field(ge=0, description="for one piece, as quoted")
    target_price: Minor = Field(ge=0, description="for one piece, to be reached by negotiation")
    unit_price: Minor = Field(ge=0, description="for one piece, as agreed; the quoted price until then")
    order_cost: Minor = Field(default=0, ge=0, description="fixed cost of one more order")
    delivery_days: float = Field(ge=0)
    fastest_days: float = Field(ge=0, description="of all offers: a delivery's speed is counted from there")
    reference_price: Minor = Field(ge=0, description="the dearest offer: a saving is counted from there")
    floor_price: Minor = Field(ge=0, description="the cheapest offer less the discount to ask for: the full saving")
    deal: DealScore
    urgency: Priority = Priority.ROUTINE
    state: PurchaseState = PurchaseState.PROPOSED
    created_at: UtcTime
    needed_by: UtcTime | None = None
    ordered_at: UtcTime | None = None
    expected_at: UtcTime | None = Field(default=None, description="when the supplier delivers; known once ordered")
    delivered_at: UtcTime | None = None
    received: int = Field(default=0, ge=0, description="pieces that have arrived")
    orders: tuple[str, ...] = Field(default=(), description="numbers of the work orders that wait for it")
    reason: str = Field(description="why this supplier and this many")
    basis: str = Field(default="", description="why the part is bought at all")
    quote_id: str = ""

    @property
    def outstanding(self) -> int:
        """Pieces that are still to come."""
        return self.quantity - self.received if self.state in OPEN_PURCHASE_STATES else 0

    @property
    def total(self) -> Minor:
        """What the pieces cost at the agreed price."""
        return self.unit_price * self.quantity

    @property
    def savings(self) -> Minor:
        """(quoted - negotiated) x quantity."""
        return (self.quoted_price - self.unit_price) * self.quantity

    def became(self, state: PurchaseState, **fields: object) -> PurchaseOrder:
        """Return the order in its next state with some fields changed; ``InputError`` where that cannot follow."""
        if state is self.state:
            raise InputError(f"{self.number} is {state.value} already.", "Nothing was changed.")
        if state not in _NEXT[self.state]:
            *others, last = [after.value for after in _NEXT[self.state]] or [""]
            following = f"{', '.join(others)} or {last}" if others else last
            raise InputError(
                f"{self.number} is {self.state.value} and cannot become {state.value}.",
                f"It can only become {following}." if following else "Nothing follows this state.",
            )
        return PurchaseOrder.model_validate({**dict(self), **fields, "state": state})
