"""The order of a day on which people are tied together, by shared jobs or machines (CP-SAT, a circuit for each person)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .options import Chosen, Possibilities
from .solver import cp_module, cp_solver

# Work in CP-SAT's own measure, about a second each; seconds by the clock stop what a busy machine makes slow.
WORK_A_CLUSTER, SECONDS_A_CLUSTER = 0.5, 2.0


@dataclass(frozen=True)
class DayOrder:
    """The minute at which each job of a cluster begins, the minutes on the way, and how far from the least these can be."""

    starts: dict[str, int]
    travel_min: int
    gap: float = 0.0


def order_together(
    possible: Possibilities, chosen: Chosen, day: int, jobs: list[str], *, seed: int, best: bool = True
) -> DayOrder | None:
    """Return an order of people tied together by jobs or machines, by CP-SAT with a circuit each; None where there is none.

    It is the ``best`` found with the work that a cluster is worth, or just any.

    Raises:
        TimeoutError: neither an order was found nor that there is none.
    """
    cp = cp_module()
    model = cp.CpModel()
    start = {}
    machines: dict[str, list[Any]] = defaultdict(list)
    for job_id in jobs:
        options = [possible.options[job_id][day][name] for name in chosen[job_id][1]]
        earliest, latest = max(o.earliest for o in options), min(o.latest for o in options)
        if earliest > latest:
            return None
        start[job_id] = model.new_int_var(earliest, latest, job_id)
        minutes = possible.jobs[job_id].minutes
        busy = model.new_interval_var(start[job_id], minutes, start[job_id] + minutes, job_id)
        machines[possible.jobs[job_id].machine_id].append(busy)
    for together in machines.values():
        model.add_no_overlap(together)
    ways: list[Any] = []
    for name in sorted({name for job_id in jobs for name in chosen[job_id][1]}):
        ways += _tour(possible, model, name, [job_id for job_id in jobs if name in chosen[job_id][1]], start)
    search = cp_solver(SECONDS_A_CLUSTER, 1, seed, work=WORK_A_CLUSTER)
    if best:
        # Least travel first, then the earliest starts: a day that is done early leaves room for what comes.
        model.minimize(sum(ways) * (len(jobs) * 3000) + sum(start.values()))
    status = search.solve(model)
    if status == cp.UNKNOWN:
        raise TimeoutError
    if status not in (cp.OPTIMAL, cp.FEASIBLE):
        return None
    found, bound = search.objective_value, search.best_objective_bound
    return DayOrder(
        {job_id: search.value(x) for job_id, x in start.items()},
        sum(search.value(way) for way in ways),
        ((found - bound) / found if found else 0.0) if best else 1.0,
    )


def _tour(possible: Possibilities, model: Any, name: str, jobs: list[str], start: dict[str, Any]) -> list[Any]:
    """Add one person's way through the day, home to home; return its minutes, arc by arc."""
    travel, home = possible.problem.travel_min, possible.people[name].home
    place = {job_id: possible.jobs[job_id].place for job_id in jobs}
    arcs, minutes = [], []
    for at, job_id in enumerate(jobs, start=1):
        first, last = model.new_bool_var(""), model.new_bool_var("")
        arcs += [(0, at, first), (at, 0, last)]
        minutes += [travel[home][place[job_id]] * first, travel[place[job_id]][home] * last]
    for (a, one), (b, other) in combinations(enumerate(jobs, start=1), 2):
        for (before, first_id), (after, then_id) in (((a, one), (b, other)), ((b, other), (a, one))):
            follows = model.new_bool_var("")
            way = travel[place[first_id]][place[then_id]]
            arcs.append((before, after, follows))
            minutes.append(way * follows)
            ready = start[first_id] + possible.jobs[first_id].minutes + way
            model.add(start[then_id] >= ready).only_enforce_if(follows)
    model.add_circuit(arcs)
    return minutes
