"""Proposes purchases: the split over suppliers of least expected cost, each waiting for an approval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.dispatch import procurement as engine
from workbench.domain.approvals import ApprovalKind
from workbench.domain.base import Actor, Change, ShownInShort
from workbench.domain.money import money_text
from workbench.domain.procurement import PurchaseOrder, PurchaseState, Quote, ReorderProposal
from workbench.domain.roles import Permission, require
from workbench.domain.work import Priority
from workbench.errors import InputError

from .quotes import check_zone, current_quotes, rate
from .reorder import reorder_proposals

if TYPE_CHECKING:
    from workbench.workspace import Workspace

DAY = timedelta(days=1)
# So long a rejected purchase is not proposed again unasked.
REFUSAL_HOLDS = timedelta(days=30)


@dataclass(frozen=True)
class Proposed(ShownInShort):
    """Purchases proposed, and (part, reason) for what could not be."""

    purchases: tuple[PurchaseOrder, ...]
    problems: tuple[tuple[str, str], ...] = ()


def propose_purchases(
    ws: Workspace,
    part_id: str | None = None,
    *,
    quantity: int | None = None,
    supplier_id: str | None = None,
    needed_by: datetime | None = None,
    actor: Actor | None = None,
) -> Proposed:
    """Propose to buy a part, or all that ``reorder_proposals`` names, where price, time and risk together cost least.

    Each purchase waits for an approval. A quantity may be split over suppliers; the reason says why. Parts that are on
    order already count, so that asking twice, or two people at once, proposes nothing twice.

    Args:
        ws: The workspace.
        part_id: What to buy; None: everything that is short.
        quantity: How many of ``part_id``; default: as proposed.
        supplier_id: Buy ``part_id`` only there.
        needed_by: When ``part_id`` must be there; default: when the first order that waits for it is due.
        actor: Who proposes; default: the workspace's.

    Raises:
        NotFound: there is no such part or supplier.
        InputError: nothing of the part is short and no quantity is given, nobody offers it, or the time has no zone.
        NotPermitted: the actor's role may not propose purchases.
    """
    change = ws.change("purchase proposed", actor)
    require(change.actor, Permission.PROPOSE_PURCHASES)
    check_zone(needed_by)
    with ws.transaction() as tx:
        # Who holds the parts proposes; another sees these purchases on order afterwards.
        for name in [part_id] if part_id is not None else sorted(part.part_id for part in tx.parts.all()):
            tx.parts.lock(name)
        short = {one.part_id: one for one in reorder_proposals(tx)}
        if part_id is not None:
            wanted = _Wanted(part_id, short.get(part_id), quantity, supplier_id, needed_by)
            return Proposed(tuple(_propose(tx, wanted, change)))
        bought: list[PurchaseOrder] = []
        problems: list[tuple[str, str]] = []
        for name, proposal in short.items():
            try:
                _check_not_refused(tx, proposal, change)
                bought += _propose(tx, _Wanted(name, proposal), change)
            except InputError as error:
                problems.append((name, str(error)))
    return Proposed(tuple(bought), tuple(problems))


def _check_not_refused(tx: Workspace, short: ReorderProposal, change: Change) -> None:
    """Raise ``InputError`` for a part whose purchase was rejected lately, unless work waits for it."""
    last = tx.purchases.latest(short.part_id)
    if short.urgent or last is None or last.state is not PurchaseState.REJECTED:
        return
    answer = tx.approvals.latest(ApprovalKind.PURCHASE, last.number)
    if answer is not None and answer.decided_at is not None and change.at - answer.decided_at < REFUSAL_HOLDS:
        raise InputError(
            f"{last.number} was rejected by {answer.decided_by} at {answer.decided_at:%Y-%m-%d %H:%M} UTC: {answer.comment}.",
            f"To ask again: workbench purchases propose {short.part_id}",
        )


@dataclass(frozen=True)
class _Wanted:
    """What to buy: what is short, and what somebody asked for instead."""

    part_id: str
    short: ReorderProposal | None
    asked: int | None = None
    supplier_id: str | None = None
    asked_by: datetime | None = None

    @property
    def pieces(self) -> int:
        return self.asked if self.asked is not None else self.short.quantity if self.short else 0

    @property
    def urgent(self) -> int:
        # A date that somebody names is the date for all pieces.
        if self.asked_by is not None:
            return self.pieces
        return min(self.pieces, self.short.urgent) if self.short else 0

    @property
    def needed_by(self) -> datetime | None:
        return self.asked_by or (self.short.needed_by if self.short else None)

    @property
    def urgency(self) -> Priority:
        return self.short.urgency if self.short else Priority.ROUTINE

    @property
    def orders(self) -> tuple[str, ...]:
        return self.short.orders if self.short and self.urgent else ()


def _propose(tx: Workspace, wanted: _Wanted, change: Change) -> list[PurchaseOrder]:
    if wanted.pieces < 1:
        part = tx.parts.get(wanted.part_id)
        ordered = sum(purchase.outstanding for purchase in tx.purchases.open(part.part_id))
        raise InputError(
            f"{part.part_id} is not short: {part.stock} in stock, {ordered} on order, reorder level {part.reorder_level}.",
            "Give a quantity of 1 or more to buy it nevertheless.",
        )
    quotes = _quotes(tx, wanted, change)
    per_day, notes = _waiting_cost(tx, wanted.orders)
    when = wanted.needed_by
    choice = engine.best_split(
        [_offer(tx, quote) for quote in quotes],
        wanted.pieces,
        urgent=wanted.urgent,
        needed_in_days=max(0.0, (when - tx.as_of()) / DAY) if when else 0.0,
        waiting_cost_per_day=per_day,
        order_cost=tx.settings.purchase_order_cost,
        currency=tx.settings.currency,
    )
    notes = (*choice.notes, *notes)
    return [_record(tx, wanted, quotes, share, notes if share.urgent else (), change) for share in choice.shares]


def _quotes(tx: Workspace, wanted: _Wanted, change: Change) -> list[Quote]:
    if wanted.short is not None and not wanted.short.known:
        raise InputError(
            f"{wanted.part_id} is not in the records.", "Add it with its supplier: workbench plant parts FILE"
        )
    if wanted.supplier_id is not None:
        tx.suppliers.get(wanted.supplier_id)
    quotes = [q for q in current_quotes(tx, wanted.part_id, change) if wanted.supplier_id in (None, q.supplier_id)]
    if not quotes:
        whom = f"{wanted.supplier_id} does not offer" if wanted.supplier_id else "No supplier offers"
        raise InputError(
            f"{whom} {wanted.part_id}.",
            f"Enter a quote: workbench purchases quote {wanted.part_id} SUPPLIER PRICE DAYS",
        )
    return quotes


def _record(
    tx: Workspace, wanted: _Wanted, quotes: Sequence[Quote], share: engine.Share, notes: Sequence[str], change: Change
) -> PurchaseOrder:
    """Record the purchase of one share, and ask for its approval."""
    rated = next(one for one in rate(tx, quotes, wanted.urgency) if one.quote.supplier_id == share.offer.supplier_id)
    prices = engine.price_range([quote.unit_price for quote in quotes], wanted.urgency)
    price = rated.quote.unit_price
    purchase = tx.purchases.add(
        PurchaseOrder(
            part_id=wanted.part_id,
            supplier_id=share.offer.supplier_id,
            quantity=share.quantity,
            quoted_price=price,
            target_price=rated.target_price,
            unit_price=price,
            order_cost=tx.settings.purchase_order_cost,
            delivery_days=rated.quote.delivery_days,
            fastest_days=min(quote.delivery_days for quote in quotes),
            reference_price=prices.reference,
            floor_price=prices.floor,
            deal=rated.deal,
            urgency=wanted.urgency,
            created_at=tx.as_of(),
            needed_by=wanted.needed_by if share.urgent else None,
            orders=wanted.orders if share.urgent else (),
            reason="; ".join((f"{share.offer.title}: {share.reason}", *notes)),
            basis=wanted.short.basis if wanted.short and wanted.asked is None else f"{wanted.pieces} asked for",
            quote_id=rated.quote.quote_id,
        ),
        change,
    )
    total = money_text(purchase.total, tx.settings.currency)
    title = f"{purchase.quantity} x {tx.parts.get(wanted.part_id).title} from {share.offer.title} for {total}"
    tx.approvals.ask(ApprovalKind.PURCHASE, purchase.number, title, change)
    return purchase


def _offer(tx: Workspace, quote: Quote) -> engine.Offer:
    supplier = tx.suppliers.get(quote.supplier_id)
    return engine.Offer(
        supplier.supplier_id,
        supplier.title,
        quote.unit_price,
        quote.delivery_days,
        supplier.reliability,
        quote.available,
    )


def _waiting_cost(tx: Workspace, numbers: Sequence[str]) -> tuple[float, tuple[str, ...]]:
    """Return what a day of waiting costs all of these work orders, and a word where that is not known."""
    total, unknown = 0.0, []
    for number in numbers:
        order = tx.orders.by_number(number)
        prediction = tx.predictions.find(order.prediction_id) if order.prediction_id else None
        package = tx.packages.for_prediction(prediction.prediction_id) if prediction else None
        cost = engine.daily_waiting_cost(prediction, package) if prediction and package else None
        total += cost or 0.0
        unknown += [number] if cost is None else []
    return total, (f"what waiting costs is not known for {engine.few(unknown)}",) if unknown else ()
