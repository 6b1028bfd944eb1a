"""Stage 2: in which order and when the jobs of each day are done, with the ways between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

from .insertion import insert_cheapest
from .options import Chosen, Possibilities
from .solver import cp_module, cp_solver

# Jobs that cannot all lie on one day with these people: (day, {(job, person)}).
Conflict = tuple[int, frozenset[tuple[str, str]]]

# (job, person) pairs of one day that cannot be seen apart: shared jobs and shared machines tie people together.
Cluster = tuple[int, frozenset[str]]
# Minutes on the way, the minute at which one is ready, when each job begins, in which order.
_Label = tuple[int, int, tuple[int, ...], tuple[int, ...]]
_Key = tuple[int, frozenset[tuple[str, tuple[str, ...]]]]
SECONDS_A_CLUSTER = 2.0
# One person's orders are gone through one by one up to so many jobs.
MOST_ALONE = 8


@dataclass(frozen=True)
class DayOrder:
    """The minute at which each job of a cluster begins, the minutes on the way, and how far from the least these can be."""

    starts: dict[str, int]
    travel_min: int
    gap: float = 0.0


@dataclass(frozen=True)
class Fitting:
    """``jobs`` whose days can be ordered, and the ``conflicts`` because of which others were left out."""

    jobs: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


class Sequencer:
    """Orders the days of assignments; days seen before are remembered."""

    def __init__(self, possible: Possibilities, *, seed: int = 0) -> None:
        self.possible, self.seed = possible, seed
        self._known: dict[_Key, DayOrder | None] = {}

    def order(self, chosen: Chosen) -> DayOrder:
        """Return when each job of an assignment begins, with the least travel and the gap of the worst cluster.

        Raises:
            ValueError: a day cannot be ordered.
        """
        starts: dict[str, int] = {}
        travel, gap = 0, 0.0
        for day, jobs in clusters(self.possible, chosen):
            found = self._some_order(chosen, day, jobs)
            if found is None:
                raise ValueError(f"no order of {', '.join(sorted(jobs))}")
            if found.gap:
                found = order_together(self.possible, chosen, day, sorted(jobs), seed=self.seed) or found
            starts |= found.starts
            travel += found.travel_min
            gap = max(gap, found.gap)
        return DayOrder(starts, travel, gap)

    def fitting(self, chosen: Chosen) -> Fitting:
        """Return the jobs of an assignment whose days can be ordered, and what kept the others out.

        A conflict is as small as it can be: without any one of its jobs the others fit. Left out of each is the job
        that costs least to defer.
        """
        fitting: list[str] = []
        conflicts: list[Conflict] = []
        for day, jobs in clusters(self.possible, chosen):
            kept = sorted(jobs)
            while self._some_order(chosen, day, kept) is None:
                core = self._core(chosen, day, kept)
                conflicts += _alike(self.possible, chosen, day, core)
                spare = [job_id for job_id in core if self.possible.jobs[job_id].locked is None]
                kept.remove(min(spare, key=lambda job_id: (self.possible.jobs[job_id].defer_cost, job_id)))
            fitting += kept
        return Fitting(tuple(fitting), tuple(conflicts))

    def fits(self, chosen: Chosen, job_id: str) -> bool:
        """Return whether the day on which a job is planned can be ordered, as far as the job matters to it."""
        day = chosen[job_id][0]
        of_day = {other: choice for other, choice in chosen.items() if choice[0] == day}
        concerned = next(jobs for _, jobs in clusters(self.possible, of_day) if job_id in jobs)
        return self._some_order(chosen, day, concerned) is not None

    def _some_order(self, chosen: Chosen, day: int, jobs: Iterable[str]) -> DayOrder | None:
        """Return an order of a cluster, the best one of one person's; None where there is none."""
        key = (day, frozenset((job_id, chosen[job_id][1]) for job_id in jobs))
        if key not in self._known:
            self._known[key] = self._found_order(chosen, day, sorted(jobs))
        return self._known[key]

    def _found_order(self, chosen: Chosen, day: int, jobs: list[str]) -> DayOrder | None:
        by_person: dict[str, list[str]] = defaultdict(list)
        for job_id in jobs:
            for name in chosen[job_id][1]:
                by_person[name].append(job_id)
        alone = (
            sum(map(len, by_person.values())) == len(jobs)
            and max(map(len, by_person.values()), default=0) <= MOST_ALONE
        )
        if alone:
            orders = [order_alone(self.possible, name, day, own) for name, own in by_person.items()]
            if None in orders:
                return None
            found = [order for order in orders if order is not None]
            starts = {job_id: start for order in found for job_id, start in order.starts.items()}
            # Where machines tie people together, the best order of each is often the best of all.
            if len(found) == 1 or not self._machine_twice(starts):
                return DayOrder(starts, sum(order.travel_min for order in found))
        return order_together(self.possible, chosen, day, jobs, seed=self.seed, best=False)

    def _machine_twice(self, starts: dict[str, int]) -> bool:
        """Return whether two jobs are at one machine at the same time."""
        jobs = self.possible.jobs
        by_machine: dict[str, list[str]] = defaultdict(list)
        for job_id in sorted(starts, key=lambda job_id: starts[job_id]):
            by_machine[jobs[job_id].machine_id].append(job_id)
        return any(
            starts[one] + jobs[one].minutes > starts[other]
            for there in by_machine.values()
            for one, other in pairwise(there)
        )

    def _core(self, chosen: Chosen, day: int, jobs: list[str]) -> list[str]:
        """Return jobs of which none can be left out without the rest fitting into the day (deletion filter)."""
        core = list(jobs)
        for job_id in jobs:
            without = [other for other in core if other != job_id]
            if without and self._some_order(chosen, day, without) is None:
                core = without
        return core


def settled(possible: Possibilities, chosen: Chosen, sequencer: Sequencer) -> Chosen:
    """Return an assignment whose days can all be ordered: what does not fit goes where it costs least, or is deferred."""
    fitting = {job_id: chosen[job_id] for job_id in sequencer.fitting(chosen).jobs}
    return insert_cheapest(possible, fitting, sequencer.fits)


def clusters(possible: Possibilities, chosen: Chosen) -> list[Cluster]:
    """Return the jobs of each day in groups that do not touch each other: no common person, no common machine."""
    parent = {job_id: job_id for job_id in chosen}

    def root(job_id: str) -> str:
        while parent[job_id] != job_id:
            job_id = parent[job_id]
        return job_id

    first: dict[tuple[int, str], str] = {}
    for job_id, (day, people) in chosen.items():
        for tie in (*(f"person {name}" for name in people), f"machine {possible.jobs[job_id].machine_id}"):
            parent[root(job_id)] = root(first.setdefault((day, tie), job_id))
    members: dict[str, set[str]] = defaultdict(set)
    for job_id in chosen:
        members[root(job_id)].add(job_id)
    return [(chosen[leader][0], frozenset(jobs)) for leader, jobs in sorted(members.items())]


def order_alone(possible: Possibilities, name: str, day: int, jobs: list[str]) -> DayOrder | None:
    """Return the order of one person's jobs with the least travel, of these the one done first; None where there is none.

    Dynamic programme over sets of jobs with labels of travel and time: Dumas et al., "An optimal algorithm for the
    traveling salesman problem with time windows", Operations Research 43 (1995).
    """
    travel, home = possible.problem.travel_min, possible.people[name].home
    stops = [possible.options[job_id][day][name] for job_id in jobs]
    labels: dict[tuple[int, int], list[_Label]] = {
        (1 << at, at): [(travel[home][stop.job.place], stop.earliest + stop.job.minutes, (stop.earliest,), (at,))]
        for at, stop in enumerate(stops)
    }
    for _ in stops[1:]:
        longer: dict[tuple[int, int], list[_Label]] = defaultdict(list)
        for (done, last), found in labels.items():
            for at, stop in enumerate(stops):
                if done >> at & 1:
                    continue
                way = travel[stops[last].job.place][stop.job.place]
                for spent, ready, starts, order in found:
                    start = max(ready + way, stop.earliest)
                    if start <= stop.latest:
                        label = (spent + way, start + stop.job.minutes, (*starts, start), (*order, at))
                        longer[done | 1 << at, at].append(label)
        labels = {key: _undominated(found) for key, found in longer.items()}
    ends = [
        (spent + travel[stops[last].job.place][home], ready, starts, order)
        for (_, last), found in labels.items()
        for spent, ready, starts, order in found
    ]
    if not ends:
        return None
    spent, _, starts, order = min(ends)
    return DayOrder({jobs[at]: start for at, start in zip(order, starts, strict=True)}, spent)


def _undominated(labels: list[_Label]) -> list[_Label]:
    """Return the labels than which no other is both as short and as early."""
    kept: list[_Label] = []
    for label in sorted(labels):
        if not kept or label[1] < kept[-1][1]:
            kept.append(label)
    return kept


def _alike(possible: Possibilities, chosen: Chosen, day: int, core: list[str]) -> list[Conflict]:
    """Return the conflict of a core, and the same for everyone who begins and ends the day no better, if one person has all."""
    people = {name for job_id in core for name in chosen[job_id][1]}
    if len(people) > 1:
        return [(day, frozenset((job_id, name) for job_id in core for name in chosen[job_id][1]))]
    own = possible.people[next(iter(people))]
    mine = [possible.options[job_id][day][own.person_id] for job_id in core]
    found = []
    for name, person in possible.people.items():
        options = [possible.of(job_id, day, name) for job_id in core]
        same = person.home == own.home and all(
            other is not None and other.earliest >= one.earliest and other.latest <= one.latest
            for one, other in zip(mine, options, strict=True)
        )
        if same:
            found.append((day, frozenset((job_id, name) for job_id in core)))
    return found


def order_together(
    possible: Possibilities, chosen: Chosen, day: int, jobs: list[str], *, seed: int, best: bool = True
) -> DayOrder | None:
    """Return an order of people tied together by jobs or machines, by CP-SAT with a circuit each; None where there is none.

    It is the ``best`` found in the time a cluster has, or just any.
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
    search = cp_solver(SECONDS_A_CLUSTER, 1, seed)
    if best:
        # Least travel first, then the earliest starts: a day that is done early leaves room for what comes.
        model.minimize(sum(ways) * (len(jobs) * 3000) + sum(start.values()))
    if search.solve(model) not in (cp.OPTIMAL, cp.FEASIBLE):
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
