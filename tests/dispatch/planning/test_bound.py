"""The bound that a gap is measured against holds: no plan of a tiny problem, of all there are, costs less."""

from __future__ import annotations

from itertools import combinations, permutations, product

import pytest

from workbench.dispatch.planning import Sequencer, cost_of, make_plan, possibilities
from workbench.dispatch.planning.options import Chosen
from workbench.dispatch.planning.pricing import DayPricing
from workbench.dispatch.planning.search import search
from workbench.domain.planning import PlanProblem
from workbench.workflows.benchmarks.dispatch_instances import instance


def least_cost(problem: PlanProblem) -> int:
    """Return the cost of the best plan, found by trying every assignment, the cheapest first."""
    possible = possibilities(problem)
    ways: list[list[tuple[int, tuple[str, ...]] | None]] = []
    for job in problem.jobs:
        able = [p.person_id for p in problem.people if set(job.skills) <= set(p.skills)]
        teams = list(combinations(sorted(able), job.people))
        ways.append([None, *((day, team) for day in range(job.earliest_day, problem.days) for team in teams)])
    names = [job.job_id for job in problem.jobs]
    every = (
        {name: way for name, way in zip(names, choice, strict=True) if way is not None} for choice in product(*ways)
    )
    known = [chosen for chosen in every if all(problem_shift(problem, chosen, name) for name in chosen)]
    for chosen in sorted(known, key=lambda chosen: cost_of(possible, chosen)):
        if within_shifts(problem, chosen) and all(can_be_done(problem, chosen, day) for day in range(problem.days)):
            return cost_of(possible, chosen)
    raise AssertionError("doing nothing is always possible")


def problem_shift(problem: PlanProblem, chosen: Chosen, name: str) -> bool:
    """Return whether everyone planned for a job has a shift that day."""
    day, team = chosen[name]
    return all(person.shift(day) for person in problem.people if person.person_id in team)


def within_shifts(problem: PlanProblem, chosen: Chosen) -> bool:
    """Return whether everyone's hours and round trips, one for each site, fit into shift and overtime."""
    jobs = {job.job_id: job for job in problem.jobs}
    for person, day in product(problem.people, range(problem.days)):
        own = [jobs[name] for name, (on, team) in chosen.items() if on == day and person.person_id in team]
        ways = sum(
            problem.travel_min[person.home][place] + problem.travel_min[place][person.home]
            for place in {job.place for job in own} - {person.home}
        )
        shift = person.shift(day)
        if own and shift is not None:
            room = shift.end_min - shift.start_min + person.overtime_min
            if sum(job.minutes for job in own) + ways > room:
                return False
    return True


def can_be_done(problem: PlanProblem, chosen: Chosen, day: int) -> bool:
    """Return whether there is a sequence of a day's jobs in which each, begun as early as it can be, is in time."""
    names = [name for name, (on, _) in chosen.items() if on == day]
    return any(in_time(problem, chosen, order) for order in permutations(names))


def in_time(problem: PlanProblem, chosen: Chosen, order: tuple[str, ...]) -> bool:
    """Return whether jobs begun in this order, each as early as people, machine and permit let it, are all in time."""
    jobs = {job.job_id: job for job in problem.jobs}
    team = {person.person_id: person for person in problem.people}
    ready: dict[str, tuple[int, str]] = {}
    machines: dict[str, int] = {}
    for name in order:
        job, (day, people) = jobs[name], chosen[name]
        start = machines.get(job.machine_id, 0)
        for who in people:
            shift = team[who].shift(day)
            assert shift is not None
            free, place = ready.get(who, (shift.start_min, team[who].home))
            start = max(start, free + problem.travel_min[place][job.place])
        if job.windows:
            fit = [max(start, w.start_min) for w in job.windows if w.day == day]
            fit = [
                s
                for s, w in zip(fit, [w for w in job.windows if w.day == day], strict=True)
                if s + job.minutes <= w.end_min
            ]
            if not fit:
                return False
            start = min(fit)
        machines[job.machine_id] = start + job.minutes
        for who in people:
            shift = team[who].shift(day)
            ready[who] = (start + job.minutes, job.place)
            assert shift is not None
            home = ready[who][0] + problem.travel_min[job.place][team[who].home]
            if home > shift.end_min + team[who].overtime_min:
                return False
    return True


def tiny(seed: int) -> PlanProblem:
    """Return five jobs, of which two are for two people and two at one machine, for three people on two days."""
    given = instance(5, 3, 2, seed=seed)
    jobs = [
        job.model_copy(
            update={
                "people": 2 if at in (0, 3) else 1,
                "skills": (),
                "machine_id": "press" if at in (1, 2) else job.machine_id,
                "place": given.jobs[1].place if at == 2 else job.place,
            }
        )
        for at, job in enumerate(given.jobs)
    ]
    return given.model_copy(update={"jobs": tuple(jobs)})


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_costs_less_than_the_bound_however_it_was_found(seed):
    given = tiny(seed)
    least = least_cost(given)
    found = make_plan(given, clock=lambda: 0.0, time_limit_s=20.0, workers=1)
    assert (found.cost, found.gap) == (least, 0.0)
    possible = possibilities(given)
    searched = search(DayPricing(possible), Sequencer(possible), left=lambda: 60.0, workers=1, seed=seed)
    assert searched.bound <= least <= searched.cost
