"""Quotes: what suppliers ask for a part, from their offers or entered by hand, and how good a deal each would be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.dispatch import procurement as engine
from workbench.domain.base import Actor, Change, stable_id
from workbench.domain.equipment import Part, Supplier
from workbench.domain.procurement import CATALOGUE, HAND, Quote, RatedQuote
from workbench.domain.roles import Permission, require
from workbench.domain.work import Priority
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

VALID = timedelta(days=30)


def request_quotes(
    ws: Workspace, part_id: str, *, urgency: Priority = Priority.ROUTINE, actor: Actor | None = None
) -> list[RatedQuote]:
    """Record what suppliers' offers ask for a part, and return the quotes that hold, the best deal first.

    A quote holds for 30 days; one that was entered by hand goes before the same supplier's offer. ``urgency`` sets the
    discount to negotiate for.

    Raises:
        NotFound: there is no such part.
        NotPermitted: the actor's role may not ask for quotes.
    """
    change = ws.change(f"quotes for {part_id} asked for", actor)
    require(change.actor, Permission.PROPOSE_PURCHASES)
    with ws.transaction() as tx:
        tx.parts.get(part_id)
        return rate(tx, current_quotes(tx, part_id, change), urgency)


def enter_quote(
    ws: Workspace,
    part_id: str,
    supplier_id: str,
    unit_price: int,
    delivery_days: float,
    *,
    available: int | None = None,
    actor: Actor | None = None,
) -> Quote:
    """Record a quote that a supplier gave for this case, and return it.

    Args:
        ws: The workspace.
        part_id: What is quoted for.
        supplier_id: Who quotes.
        unit_price: For one piece, in minor units.
        delivery_days: From the order to the delivery.
        available: Pieces the supplier has; None: any number.
        actor: Who enters it; default: the workspace's.

    Raises:
        NotFound: there is no such part or supplier.
        NotPermitted: the actor's role may not handle quotes.
        InputError: a price or a time below zero, or less than one piece.
    """
    change = ws.change(f"quote of {supplier_id} for {part_id} entered", actor)
    require(change.actor, Permission.PROPOSE_PURCHASES)
    if unit_price < 0 or not 0 <= delivery_days <= 1000 or (available is not None and available < 1):
        raise InputError(
            f"A quote of {unit_price} a piece in {delivery_days:g} days is none.",
            "Give a price of 0 or more, 0 to 1,000 days, and, if limited, 1 piece or more.",
        )
    with ws.transaction() as tx:
        quote = _quote(tx, tx.parts.get(part_id), tx.suppliers.get(supplier_id), unit_price, delivery_days)
        quote = quote.model_copy(
            update={
                "source": HAND, "available": available,
                "quote_id": stable_id(quote.quote_id, HAND, available, change.at.isoformat()),
            }
        )  # fmt: skip
        tx.quotes.add(quote, change)
    return quote


def _quote(tx: Workspace, part: Part, supplier: Supplier, unit_price: int, delivery_days: float) -> Quote:
    at = tx.as_of()
    return Quote(
        quote_id=stable_id("quote", part.part_id, supplier.supplier_id, unit_price, delivery_days, at.isoformat()),
        part_id=part.part_id, supplier_id=supplier.supplier_id, unit_price=unit_price, delivery_days=delivery_days,
        created_at=at,
    )  # fmt: skip


def check_zone(time: datetime | None) -> None:
    """Raise ``InputError`` for a time without a zone."""
    if time is not None and time.tzinfo is None:
        raise InputError(f"The time {time} has no time zone.", "Give an aware time, e.g. 2026-01-01T08:00:00Z.")


def current_quotes(tx: Workspace, part_id: str, change: Change) -> list[Quote]:
    """Record today's offers where they differ from the quotes that hold, and return those that hold now."""
    part = tx.parts.get(part_id)
    standing: dict[str, list[tuple[int, float]]] = {}
    for quote in _recent(tx, part_id):
        if quote.source == CATALOGUE:
            standing.setdefault(quote.supplier_id, []).append((quote.unit_price, quote.delivery_days))
    for supplier in tx.suppliers.all():
        offers = [offer for offer in supplier.offers if offer.part_id == part_id]
        asked = {(offer.unit_price, offer.delivery_days) for offer in offers}
        known = standing.get(supplier.supplier_id, [])
        # What was asked before and is asked again is recorded anew: the newest quote is the one that counts.
        holds = known if known and known[0] in asked else []
        for offer in offers:
            if (offer.unit_price, offer.delivery_days) not in holds:
                tx.quotes.add(_quote(tx, part, supplier, offer.unit_price, offer.delivery_days), change)
    valid: dict[str, Quote] = {}
    for quote in _recent(tx, part_id):
        first = valid.setdefault(quote.supplier_id, quote)
        if first.source != HAND and quote.source == HAND:
            valid[quote.supplier_id] = quote
    return list(valid.values())


def _recent(tx: Workspace, part_id: str) -> list[Quote]:
    return [q for q in tx.quotes.of_part(part_id, tx.as_of() - VALID) if q.created_at <= tx.as_of()]


def rate(tx: Workspace, quotes: Sequence[Quote], urgency: Priority) -> list[RatedQuote]:
    """Return quotes for one part with the price to negotiate for and the deal that each would be, the best first."""
    if not quotes:
        return []
    prices = engine.price_range([quote.unit_price for quote in quotes], urgency)
    fastest = min(quote.delivery_days for quote in quotes)
    rated = [
        RatedQuote(
            quote=quote,
            target_price=engine.negotiation_target(quote.unit_price, urgency),
            deal=engine.score_deal(
                quote.unit_price, prices, reliability=tx.suppliers.get(quote.supplier_id).reliability,
                delivery_days=quote.delivery_days, fastest_days=fastest,
            ),
        )
        for quote in quotes
    ]  # fmt: skip
    return sorted(rated, key=lambda one: (-one.deal.score, one.quote.unit_price, one.quote.supplier_id))
