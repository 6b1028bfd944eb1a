"""Stage 1 for many jobs: prices and a bound by column generation, a plan rounded from it, better days by neighbourhoods."""

from __future__ import annotations

from collections.abc import Callable

from .insertion import insert_cheapest
from .master import Master, improve
from .neighbourhood import Guide, refined
from .options import Chosen, cost_of, floor_cost
from .pricing import DayPricing, Pattern
from .sequence import Sequencer, settled
from .solver import Assignment

# Shares of the time that are left when columns are priced and when the search ends; the rest is for the order of the days.
PRICED, REFINED = 0.6, 0.05
ROUNDS = 200
# A plan as close to the bound is close enough.
ENOUGH = 1e-4


def search(
    pricing: DayPricing, sequencer: Sequencer, *, left: Callable[[], float], workers: int, seed: int
) -> Assignment:
    """Return the best assignment found until no seconds are ``left``, with the bound of the linear programme."""
    possible, whole = pricing.possible, left()
    master = Master(pricing)
    by_hand = insert_cheapest(possible)
    master.add(pricing.patterns(by_hand))
    bound = improve(master, rounds=ROUNDS, out_of_time=lambda: left() < PRICED * whole)
    bound = max(bound, floor_cost(possible))
    plans = [settled(possible, by_hand, sequencer)]
    if master.solve() is not None:
        prices, used = master.by_shift(master.prices()), master.used()
        value, _ = pricing.best_days(prices)
        plans.append(settled(possible, _rounded(pricing, used), sequencer))
        start = min(plans, key=lambda chosen: cost_of(possible, chosen))
        plans = [
            refined(
                pricing,
                Guide(prices, value, tuple(used)),
                start,
                sequencer,
                enough=lambda cost: cost - bound <= ENOUGH * cost,
                left=lambda: left() - REFINED * whole,
                workers=workers,
                seed=seed,
            )
        ]
    cost = cost_of(possible, plans[0])
    return Assignment(plans[0], cost, min(int(bound), cost))


def _rounded(pricing: DayPricing, used: dict[Pattern, float]) -> Chosen:
    """Return the assignment of the days' work that the linear programme uses most, one for each shift."""
    surest: dict[int, Pattern] = {}
    for pattern in sorted(used, key=lambda pattern: (-used[pattern], pattern)):
        surest.setdefault(pattern[0], pattern)
    return pricing.chosen(surest.values())
