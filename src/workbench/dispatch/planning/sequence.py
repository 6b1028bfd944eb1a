"""Stage 2: in which order and when the jobs of each day are done, with the ways between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from .insertion import insert_cheapest
from .options import Chosen, Possibilities
from .together import DayOrder, order_together

# Jobs that cannot all lie on one day with these people: (day, {(job, person)}).
Conflict = tuple[int, frozenset[tuple[str, str]]]

# (job, person) pairs of one day that cannot be seen apart: shared jobs and shared machines tie people together.
Cluster = tuple[int, frozenset[str]]
# Minutes on the way, the minute at which one is ready, when each job begins, in which order.
_Label = tuple[int, int, tuple[int, ...], tuple[int, ...]]
_Key = tuple[int, frozenset[tuple[str, tuple[str, ...]]]]
# One person's orders are gone through one by one up to so many jobs.
MOST_ALONE = 8


@dataclass(frozen=True)
class Fitting:
    """``jobs`` whose days can be ordered, and the ``conflicts`` because of which others were left out."""

    jobs: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


class Sequencer:
    """Orders the days of assignments; days seen before are remembered.

    While ``sure``, all that was found to have no order has none.
    """

    def __init__(self, possible: Possibilities, *, seed: int = 0) -> None:
        self.possible, self.seed = possible, seed
        self.sure = True
        self._known: dict[_Key, DayOrder | None] = {}

    def order(self, chosen: Chosen, out_of_time: Callable[[], bool] = lambda: False) -> DayOrder:
        """Return when each job of an assignment begins, with the least travel and the gap of the worst cluster.

        Once out of time, any order of a cluster will do; its gap is 1 then.

        Raises:
            ValueError: a day cannot be ordered.
        """
        starts: dict[str, int] = {}
        travel, gap = 0, 0.0
        for day, jobs in clusters(self.possible, chosen):
            found = self._some_order(chosen, day, jobs)
            if found is None:
                raise ValueError(f"no order of {', '.join(sorted(jobs))}")
            if found.gap and not out_of_time():
                with suppress(TimeoutError):
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
        # A start that is locked ties nobody to anybody.
        shared = (len(chosen[job_id][1]) > 1 and self.possible.jobs[job_id].locked is None for job_id in jobs)
        alone = not any(shared) and max(map(len, by_person.values()), default=0) <= MOST_ALONE
        if alone:
            orders = [order_alone(self.possible, name, day, own) for name, own in by_person.items()]
            if None in orders:
                return None
            found = [order for order in orders if order is not None]
            starts = {job_id: start for order in found for job_id, start in order.starts.items()}
            # Where machines tie people together, the best order of each is often the best of all.
            if len(found) == 1 or not self._machine_twice(starts):
                return DayOrder(starts, sum(order.travel_min for order in found))
        try:
            return order_together(self.possible, chosen, day, jobs, seed=self.seed, best=False)
        except TimeoutError:
            self.sure = False
            return None

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


def order_alone(
    possible: Possibilities, name: str, day: int, jobs: Sequence[str], pinned: Mapping[str, int] | None = None
) -> DayOrder | None:
    """Return the order of one person's jobs with the least travel, of these the one done first; None where there is none.

    Jobs that are ``pinned`` begin then.
    Dynamic programme over sets of jobs with labels of travel and time: Dumas et al., "An optimal algorithm for the
    traveling salesman problem with time windows", Operations Research 43 (1995).
    """
    travel, home = possible.problem.travel_min, possible.people[name].home
    stops = [possible.options[job_id][day][name] for job_id in jobs]
    if pinned:
        stops = [
            replace(stop, earliest=start, latest=start) if (start := pinned.get(job_id)) is not None else stop
            for job_id, stop in zip(jobs, stops, strict=True)
        ]
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
