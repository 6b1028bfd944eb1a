"""A plan in two stages: who does what on which day at the least cost, then each day's order; each choice with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workbench.domain.planning import Plan, PlannedJob, PlanProblem
from workbench.errors import InputError

from .choice import choose
from .columns import all_columns, all_days
from .locks import lock_faults
from .options import Chosen, Possibilities, cost_parts, floor_cost, possibilities
from .pricing import DayPricing
from .quick import insert_quickly
from .reasons import reason_for
from .search import search
from .sequence import Sequencer
from .solver import Assignment
from .urgency import most_urgent

# Share of the time after the quick insertion, for what is counted and told of the plan.
LAST = 0.2


def make_plan(
    problem: PlanProblem, *, clock: Callable[[], float], time_limit_s: float = 60.0, workers: int = 2, seed: int = 0
) -> Plan:
    """Return a plan of the jobs: locked ones unmoved, the rest where they cost least, with gaps and reasons.

    ``clock`` tells seconds (``time.monotonic``); the search ends at about ``time_limit_s``. The plan before
    (``problem.previous``) is kept where a change would save less than ``change_cost``. Jobs that the days' order leaves
    no room for are planned again elsewhere, or deferred. Of more jobs than the days could ever hold, the most urgent are
    looked at; ``notes`` says how many are not.

    Raises:
        InputError: locked jobs that cannot stay as they are, or name people who do not exist.
        EnvironmentFailure: OR-Tools is not installed (extra ``optimize``).
    """
    began = clock()
    faults = [] if time_limit_s > 0 else [f"the time limit is {time_limit_s:g} s, not above 0"]
    faults += lock_faults(problem)
    if faults:
        raise InputError(f"This cannot be planned: {'; '.join(faults)}.", "Correct each of them.")

    def left() -> float:
        return began + time_limit_s - clock()

    looked_at, others = most_urgent(problem)
    possible = possibilities(looked_at)
    sequencer = Sequencer(possible, seed=seed)
    if others.jobs:
        chosen, in_order = insert_quickly(possible, lambda: left() < LAST * time_limit_s)
        bound = floor_cost(possible)
    else:
        found = _searched(possible, sequencer, left, workers, seed)
        chosen, bound = found.chosen, found.bound
        in_order = sequencer.order(chosen, lambda: left() <= 0)
    unseen = Possibilities(others, {})
    parts = cost_parts(possible, chosen)
    for part, cost in cost_parts(unseen, {}).items():
        parts[part] += cost
    cost = sum(parts.values())
    bound = min(bound + floor_cost(unseen), cost)
    unlooked = (
        f"{len(others.jobs)} of {len(problem.jobs)} jobs were deferred unseen: the others are more urgent and fill the days; "
        "these were added one by one where each costs least, as long as there was time; the bound counts each by itself"
    )
    return Plan(
        jobs=_planned(possible, chosen, in_order.starts),
        deferred=tuple(job.job_id for job in problem.jobs if job.job_id not in chosen),
        cost=cost,
        parts=parts,
        bound=bound,
        gap=(cost - bound) / cost if cost else 0.0,
        sequence_gap=in_order.gap,
        seconds=clock() - began,
        workers=workers,
        time_limit_s=time_limit_s,
        notes=(unlooked,) if others.jobs else (),
    )


def _searched(
    possible: Possibilities, sequencer: Sequencer, left: Callable[[], float], workers: int, seed: int
) -> Assignment:
    """Return the best assignment found over whole days' work, all of it where that can be written down."""
    pricing = DayPricing(possible)
    days = all_days(pricing)
    if days is not None:
        return choose(possible, all_columns(pricing, days), sequencer, left=left, workers=workers, seed=seed)
    return search(pricing, sequencer, left=left, workers=workers, seed=seed)


def _planned(possible: Possibilities, chosen: Chosen, starts: Mapping[str, int]) -> tuple[PlannedJob, ...]:
    """Return the jobs of a plan in the order of time, each with its reason."""
    return tuple(
        PlannedJob(
            job_id=job_id,
            day=day,
            start_min=starts[job_id],
            people=people,
            reason=reason_for(possible, chosen, starts, job_id),
        )
        for job_id, (day, people) in sorted(chosen.items(), key=lambda item: (item[1][0], starts[item[0]], item[0]))
    )
