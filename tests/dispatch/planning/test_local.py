"""What a few shifts could do instead: all days' work is written down, and what is left out is in nothing better."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from workbench.dispatch.planning import Sequencer, cost_of, insert_cheapest, make_plan, possibilities
from workbench.dispatch.planning.choice import Choice
from workbench.dispatch.planning.columns import all_days, days_of
from workbench.dispatch.planning.local import better_days
from workbench.dispatch.planning.neighbourhood import Guide, refined
from workbench.dispatch.planning.pricing import DayPricing
from workbench.dispatch.planning.sequence import settled
from workbench.dispatch.planning.solver import cp_solver
from workbench.workflows.benchmarks.dispatch_instances import instance


@pytest.mark.parametrize("seed", [1000, 1001])
def test_every_days_work_that_fits_is_written_down_at_its_cost(seed):
    pricing = DayPricing(possibilities(instance(10, 3, 2, seed=seed)))
    for shift in range(len(pricing.shifts)):
        able = [job for job in range(len(pricing.jobs)) if np.isfinite(pricing.cost[job, shift])]
        found = days_of(pricing, shift, able, 10_000)
        every = [(shift, jobs) for size in range(1, len(able) + 1) for jobs in combinations(able, size)]
        fit = {pattern for pattern in every if minutes(pricing, *pattern) <= pricing.room[shift]}
        assert set(found.patterns()) == fit
        assert found.cost.tolist() == pytest.approx([pricing.pattern_cost(pattern) for pattern in found.patterns()])
        # Cut short, it is still days' work that fits.
        assert set(days_of(pricing, shift, able, 3).patterns()) <= fit


def test_all_days_are_all_or_none_however_many_are_allowed():
    pricing = DayPricing(possibilities(instance(8, 2, 1, seed=1000)))
    every = all_days(pricing)
    assert every is not None
    for most in range(len(every)):
        assert all_days(pricing, most) is None
    assert all_days(pricing, len(every)) == every


def minutes(pricing: DayPricing, shift: int, jobs: tuple[int, ...]) -> int:
    """Return how long a day's work takes with its ways."""
    ways = sum(pricing.way(shift, place) for place in {pricing.jobs[job].place for job in jobs})
    return ways + sum(pricing.jobs[job].minutes for job in jobs)


@pytest.mark.parametrize("seed", [1000, 1003, 1005])
def test_what_is_left_out_of_a_neighbourhood_is_in_nothing_cheaper(seed):
    given = instance(14, 5, 2, seed=seed)
    possible = possibilities(given)
    pricing = DayPricing(possible)
    known = settled(possible, insert_cheapest(possible), Sequencer(possible))
    best = make_plan(given, clock=lambda: 0.0, time_limit_s=20.0, workers=1)
    assert best.gap == 0.0
    shifts, jobs = range(len(pricing.shifts)), range(len(pricing.jobs))
    likely = better_days(pricing, jobs, dict.fromkeys(shifts, ()), dict(pricing.patterns(known)))
    chosen, _, sure = Choice(pricing, likely, known, jobs).solve(cp_solver(20.0, 1, 0))
    # The order of the days is left to others, so it can cost less than a plan.
    assert sure
    assert cost_of(possible, chosen) <= best.cost
    # Around the best, there is nothing cheaper.
    again = better_days(pricing, jobs, dict.fromkeys(shifts, ()), dict(pricing.patterns(chosen)))
    more = Choice(pricing, again, chosen, jobs).solve(cp_solver(20.0, 1, 0))[0] if again else chosen
    assert cost_of(possible, more) == cost_of(possible, chosen)


def test_neighbourhoods_make_a_plan_cheaper_and_two_threads_change_nothing():
    given = instance(90, 12, 3, seed=1000)
    possible = possibilities(given)
    start = settled(possible, insert_cheapest(possible), Sequencer(possible))
    found = []
    for _ in range(2):
        # It is asked twice a round: no clock may end one of the three.
        pricing, rounds = DayPricing(possible), iter([1000.0] * 6)
        guide = Guide(np.zeros_like(pricing.cost), np.ones(len(pricing.shifts)), ())
        found.append(
            refined(
                pricing,
                guide,
                start,
                Sequencer(possible),
                enough=lambda cost: False,
                left=lambda rounds=rounds: next(rounds, 0.0),
                workers=2,
                seed=1,
            )
        )
    assert found[0] == found[1]
    assert cost_of(possible, found[0]) < cost_of(possible, start)
    assert not Sequencer(possible).fitting(found[0]).conflicts
