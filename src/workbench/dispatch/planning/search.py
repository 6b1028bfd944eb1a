"""Stage 1 for many jobs: prices and a bound by column generation, a plan by a dive, better days by neighbourhoods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .dive import plan_by_diving
from .insertion import insert_cheapest
from .master import Master, improve
from .neighbourhood import Guide, refined
from .options import cost_of, floor_cost
from .pricing import DayPricing
from .sequence import Sequencer, settled
from .solver import Assignment

# Shares of the time that are left when columns are priced, teams are fixed, the dive ends and the search ends; the rest
# is for the order of the days.
PRICED, TEAMS, DIVED, REFINED = 0.6, 0.5, 0.4, 0.05
ROUNDS = 200
# A plan as close to the bound is close enough.
ENOUGH = 1e-4


def search(
    pricing: DayPricing, sequencer: Sequencer, *, left: Callable[[], float], workers: int, seed: int
) -> Assignment:
    """Return the best assignment found until no seconds are ``left``, with the bound of the linear programme."""
    possible, whole = pricing.possible, left()

    def until(share: float) -> Callable[[], bool]:
        return lambda: left() < share * whole

    master = Master(pricing)
    by_hand = insert_cheapest(possible)
    master.add(pricing.patterns(by_hand))
    everyone = np.ones(len(pricing.shifts), dtype=bool)
    bound = improve(master, everyone, rounds=ROUNDS, out_of_time=until(PRICED))
    bound = max(bound, floor_cost(possible))
    plans = [settled(possible, by_hand, sequencer)]
    if master.solve() is not None:
        prices = master.by_shift(master.prices())
        value, _ = pricing.best_days(prices, everyone)
        guide = Guide(prices, value, tuple(master.used()))
        dived = plan_by_diving(master, sequencer, teams_until=until(TEAMS), dive_until=until(DIVED))
        plans.append(insert_cheapest(possible, dived, sequencer.fits))
        start = min(plans, key=lambda chosen: cost_of(possible, chosen))
        plans = [
            refined(
                pricing,
                guide,
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
