"""What discount to ask a supplier for, and how good the deal is that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from workbench.domain.base import Minor
from workbench.domain.money import times
from workbench.domain.procurement import DealScore
from workbench.domain.work import Priority

# The discount on the quoted price to ask for. Bargaining takes days, and the plant's need is the supplier's strength:
# who stands still asks for no more than what a supplier grants on the phone (the usual 2 % for prompt payment), who
# restocks can ask several suppliers in turn and bundle, and so reaches for a usual quantity discount of 10 %. Typical
# for spare parts, not measured at any plant.
TARGET_DISCOUNT = {
    Priority.EMERGENCY: 0.02,
    Priority.URGENT: 0.04,
    Priority.HIGH: 0.07,
    Priority.ROUTINE: 0.10,
}
PRICE_WEIGHT, RELIABILITY_WEIGHT, SPEED_WEIGHT = 0.4, 0.3, 0.3


class PriceRange(NamedTuple):
    """Prices of one piece between which a saving is counted: ``reference`` is no saving, ``floor`` all there is."""

    reference: Minor
    floor: Minor


def negotiation_target(quoted: Minor, urgency: Priority) -> Minor:
    """Return the price of one piece to negotiate for.

    >>> negotiation_target(23_000, Priority.ROUTINE), negotiation_target(23_000, Priority.EMERGENCY)
    (20700, 22540)
    """
    return times(quoted, float(1 - Fraction(repr(TARGET_DISCOUNT[urgency]))))


def price_range(quoted: Sequence[Minor], urgency: Priority) -> PriceRange:
    """Return the range of prices that offers of one part span: the dearest, and the cheapest less the discount.

    >>> price_range([23_000, 28_750], Priority.ROUTINE)
    PriceRange(reference=28750, floor=20700)
    """
    return PriceRange(max(quoted), negotiation_target(min(quoted), urgency))


def score_deal(
    unit_price: Minor, prices: PriceRange, *, reliability: float, delivery_days: float, fastest_days: float
) -> DealScore:
    """Return how good a deal is: 0.4 x price saving + 0.3 x reliability + 0.3 x delivery speed, each from 0 to 1.

    Price saving is the share of the way from the dearest offer (0) to the cheapest offer less the discount to ask for
    (1); reliability is the supplier's share of deliveries on time; delivery speed is the time of the fastest offer
    over that of this one.

    >>> prices = price_range([23_000, 28_750], Priority.ROUTINE)
    >>> deal = score_deal(21_000, prices, reliability=0.96, delivery_days=3, fastest_days=2)
    >>> round(deal.price_saving, 2), round(deal.delivery_speed, 2), round(deal.score, 2)
    (0.96, 0.67, 0.87)
    """
    span = prices.reference - prices.floor
    saving = min(1.0, max(0.0, (prices.reference - unit_price) / span)) if span > 0 else 1.0
    speed = 1.0 if delivery_days <= fastest_days else fastest_days / delivery_days
    score = PRICE_WEIGHT * saving + RELIABILITY_WEIGHT * reliability + SPEED_WEIGHT * speed
    return DealScore(price_saving=saving, reliability=reliability, delivery_speed=speed, score=min(1.0, score))
