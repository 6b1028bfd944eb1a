"""The cheapest split of a quantity over suppliers: price, cost of each order, and expected cost of waiting for what is late.

Exact by enumeration: which suppliers deliver pieces that are waited for, which deliver the others; with both chosen,
taking the cheapest pieces first is best.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from workbench.domain.base import Minor
from workbench.domain.money import money_text
from workbench.errors import InputError

# What is late comes this share of the promised time later, and a day at least: suppliers state how often, not how much.
LATE_SHARE, LATE_AT_LEAST_DAYS = 0.5, 1.0
# Three to this power splits are looked at.
MOST_OFFERS = 8
HOURS_PER_DAY, HOURLY_BELOW_DAYS = 24.0, 2.0


@dataclass(frozen=True)
class Offer:
    """What a supplier asks; ``reliability`` is the share of deliveries on time, ``available`` None any number."""

    supplier_id: str
    title: str
    unit_price: Minor
    delivery_days: float
    reliability: float
    available: int | None = None

    @property
    def late_days(self) -> float:
        """After how many days it comes when it is late."""
        return self.delivery_days + max(LATE_AT_LEAST_DAYS, LATE_SHARE * self.delivery_days)

    def pieces(self, wanted: int) -> int:
        """Return how many of ``wanted`` pieces the supplier has."""
        return wanted if self.available is None else min(wanted, self.available)


@dataclass(frozen=True)
class Share:
    """What one supplier delivers: ``quantity`` pieces, ``urgent`` of them waited for."""

    offer: Offer
    quantity: int
    urgent: int
    reason: str


@dataclass(frozen=True)
class Choice:
    """A split with its cost in minor units: prices, orders, expected waiting; ``notes`` say what could not be had."""

    shares: tuple[Share, ...]
    price: Minor
    order_cost: Minor
    waiting_cost: float
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> float:
        """All of it."""
        return self.price + self.order_cost + self.waiting_cost


def best_split(
    offers: Sequence[Offer],
    quantity: int,
    *,
    urgent: int = 0,
    needed_in_days: float = 0.0,
    waiting_cost_per_day: float = 0.0,
    order_cost: Minor = 0,
    currency: str = "EUR",
) -> Choice:
    """Return the split of least expected cost.

    Work waits until the last urgent piece is there: each day after ``needed_in_days`` costs ``waiting_cost_per_day``.
    Suppliers are late independently. Urgent pieces come only from suppliers who promise them in time, as far as these
    have enough; pieces for the stock may come at any time. Of two splits of equal cost the one with fewer orders and
    the more reliable supplier is taken.

    Args:
        offers: One for each supplier.
        quantity: Pieces in all.
        urgent: Pieces of them that work waits for.
        needed_in_days: When it needs them.
        waiting_cost_per_day: Minor units a day.
        order_cost: Fixed cost of each order, minor units.
        currency: For the reasons.

    Raises:
        InputError: nobody offers the part, or all together have too few.
    """
    if not 0 <= urgent <= quantity or quantity < 1:
        raise InputError(f"{urgent} urgent of {quantity} pieces cannot be ordered.", "Order one piece or more.")
    looked_at, notes = _looked_at(offers)
    on_offer = sum(offer.pieces(quantity) for offer in looked_at)
    if on_offer < quantity:
        raise InputError(
            f"{quantity} pieces are wanted, but suppliers offer {on_offer}.",
            "Order fewer, or enter another supplier's quote.",
        )
    in_time = [offer for offer in looked_at if offer.delivery_days <= needed_in_days]
    if urgent and sum(offer.pieces(urgent) for offer in in_time) < urgent:
        notes = (
            *notes,
            f"nobody promises {urgent} within {_time_left(needed_in_days)}; this costs least of what can be had",
        )
        in_time = looked_at
    best: tuple[tuple[float, int, float, tuple[str, ...]], Choice] | None = None
    for fast in _subsets(in_time) if urgent else [()]:
        if sum(offer.pieces(urgent) for offer in fast) < urgent:
            continue
        waiting = waiting_cost_per_day * expected_wait_days(fast, needed_in_days)
        for more in _subsets([offer for offer in looked_at if offer not in fast]):
            choice = _filled(fast, (*fast, *more), quantity, urgent, waiting, order_cost)
            if choice is None:
                continue
            used = [share.offer for share in choice.shares]
            unreliable = sum(1 - offer.reliability for offer in used)
            rank = (round(choice.cost, 6), len(used), unreliable, tuple(offer.supplier_id for offer in used))
            if best is None or rank < best[0]:
                best = (rank, choice)
    assert best is not None  # noqa: S101  (there are enough pieces, so all suppliers together are one split)
    return _explained(best[1], looked_at, needed_in_days, waiting_cost_per_day, currency, notes)


def expected_wait_days(offers: Collection[Offer], needed_in_days: float) -> float:
    """Return the mean days from ``needed_in_days`` until the last of the deliveries, each on time or late by chance.

    >>> slow = Offer("a", "A", unit_price=100, delivery_days=4, reliability=0.75)
    >>> expected_wait_days([slow], 3)
    1.5
    """
    mean = 0.0
    for on_time in product((True, False), repeat=len(offers)):
        chances = [o.reliability if good else 1 - o.reliability for o, good in zip(offers, on_time, strict=True)]
        days = [o.delivery_days if good else o.late_days for o, good in zip(offers, on_time, strict=True)]
        mean += math.prod(chances) * max(0.0, max(days, default=0.0) - needed_in_days)
    return mean


def _looked_at(offers: Sequence[Offer]) -> tuple[list[Offer], tuple[str, ...]]:
    """Return the offers to weigh: all, or of very many the cheapest and the fastest in turn."""
    if len(offers) <= MOST_OFFERS:
        return sorted(offers, key=lambda offer: offer.supplier_id), ()
    by_price = sorted(offers, key=lambda offer: (offer.unit_price, offer.supplier_id))
    by_time = sorted(offers, key=lambda offer: (offer.delivery_days, offer.supplier_id))
    chosen = dict.fromkeys(offer for pair in zip(by_price, by_time, strict=True) for offer in pair)
    looked_at = list(chosen)[:MOST_OFFERS]
    note = f"only the {MOST_OFFERS} cheapest and fastest of {len(offers)} offers were weighed"
    return sorted(looked_at, key=lambda offer: offer.supplier_id), (note,)


def _subsets(offers: Sequence[Offer]) -> Iterator[tuple[Offer, ...]]:
    for size in range(len(offers) + 1):
        yield from combinations(offers, size)


def _filled(
    fast: tuple[Offer, ...], used: tuple[Offer, ...], quantity: int, urgent: int, waiting: float, order_cost: Minor
) -> Choice | None:
    """Return the cheapest filling by the suppliers ``used``, the urgent pieces by ``fast``; None if they have too few."""
    taken = dict.fromkeys(used, 0)
    hurried = _take(fast, urgent, taken)
    if sum(hurried.values()) < urgent:
        return None
    _take(used, quantity - urgent, taken)
    if sum(taken.values()) < quantity:
        return None
    shares = tuple(Share(offer, pieces, hurried.get(offer, 0), "") for offer, pieces in taken.items() if pieces)
    price = sum(share.offer.unit_price * share.quantity for share in shares)
    return Choice(shares, price, order_cost * len(shares), waiting if urgent else 0.0)


def _take(offers: Collection[Offer], wanted: int, taken: dict[Offer, int]) -> dict[Offer, int]:
    """Take ``wanted`` pieces, the cheapest first, from what is not ``taken`` yet, and return what was taken now."""
    now: dict[Offer, int] = {}
    for offer in sorted(offers, key=lambda offer: (offer.unit_price, -offer.reliability, offer.supplier_id)):
        left = wanted if offer.available is None else min(wanted, offer.available - taken[offer])
        now[offer] = left
        taken[offer] += left
        wanted -= left
    return now


def _explained(
    choice: Choice,
    offers: Sequence[Offer],
    needed_in_days: float,
    per_day: float,
    currency: str,
    notes: tuple[str, ...],
) -> Choice:
    cheapest = min(offer.unit_price for offer in offers)
    fastest = min(offer.delivery_days for offer in offers)
    shares = []
    for share in choice.shares:
        offer = share.offer
        words = [
            f"{money_text(offer.unit_price, currency)} a piece"
            + (", the cheapest" if offer.unit_price == cheapest and len(offers) > 1 else ""),
            f"{offer.delivery_days:g} days" + (", the fastest" if offer.delivery_days == fastest and len(offers) > 1 else ""),
            f"{100 * offer.reliability:.0f} % on time",
        ]  # fmt: skip
        if len(offers) == 1:
            words.append("the only offer")
        if share.urgent:
            words.append(
                f"{share.urgent} of {share.quantity} are waited for, needed within {_time_left(needed_in_days)}"
            )
            if per_day > 0:
                words.append(f"each day of waiting is expected to cost {money_text(round(per_day), currency)}")
        elif any(other.urgent for other in choice.shares):
            words.append("for the stock, which can wait")
        shares.append(Share(offer, share.quantity, share.urgent, "; ".join(words)))
    return Choice(tuple(shares), choice.price, choice.order_cost, choice.waiting_cost, notes)


def _time_left(days: float) -> str:
    return f"{HOURS_PER_DAY * days:.0f} h" if days < HOURLY_BELOW_DAYS else f"{days:.3g} days"
