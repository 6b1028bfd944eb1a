"""A known plan made better a few days at a time: the days that cost more than the linear programme says, and their like.

Large neighbourhood search (Shaw, "Using constraint programming and local search methods to solve vehicle routing
problems", CP 1998): a few shifts that could take over each other's jobs are planned anew, all days' work of theirs
written down, CP-SAT choosing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from .choice import Choice
from .local import better_days
from .options import Chosen, cost_of
from .pricing import DayPricing, Floats, Pattern
from .sequence import Conflict, Sequencer, settled
from .solver import cp_solver

SHIFTS = 8
# So many neighbourhoods a worker are solved before the plan is changed, so that none waits long for the others.
A_WORKER = 3
# CP-SAT's own measure of work, about a second each; counted, so that a busy machine changes nothing.
WORK = 0.1
# So many neighbourhoods in a row without a gain end the search.
PATIENCE = 400


@dataclass(frozen=True)
class Guide:
    """What the linear programme says.

    ``prices`` of each job for each shift, shape (jobs, shifts), the ``value`` of each shift's day, and the days' work that
    its answer uses.
    """

    prices: Floats
    value: Floats
    support: tuple[Pattern, ...]


@dataclass(frozen=True)
class _Neighbourhood:
    """Shifts to plan anew, the jobs to decide on, and those that stay with a shift because others share them."""

    shifts: frozenset[int]
    jobs: frozenset[int]
    pinned: dict[int, set[int]]


def refined(
    pricing: DayPricing,
    guide: Guide,
    start: Chosen,
    sequencer: Sequencer,
    *,
    enough: Callable[[int], bool],
    left: Callable[[], float],
    workers: int,
    seed: int,
) -> Chosen:
    """Return a better assignment, or ``start``; ends when a cost is ``enough``, no seconds are ``left``, or nothing helps.

    Several neighbourhoods with no shift and no job in common are solved side by side by ``workers`` threads.
    """
    search = _Search(pricing, guide, start, sequencer, seed)
    with ThreadPoolExecutor(workers) as pool:
        while left() > 0 and search.failures < PATIENCE and not enough(search.cost):
            found = search.neighbourhoods(A_WORKER * workers)
            seconds = max(left(), 0.1)
            answers = list(pool.map(search.solved, found, repeat(seconds)))
            for neighbourhood, answer in zip(found, answers, strict=True):
                search.take(neighbourhood, answer)
    return search.best


class _Search:
    """The best assignment so far, and where it loses against the linear programme."""

    def __init__(self, pricing: DayPricing, guide: Guide, start: Chosen, sequencer: Sequencer, seed: int) -> None:
        self.pricing, self.guide, self.sequencer, self.seed = pricing, guide, sequencer, seed
        self.best, self.cost = start, cost_of(pricing.possible, start)
        self.conflicts: list[Conflict] = []
        self.failures = 0
        self._random = np.random.default_rng(seed)
        self._tried = np.zeros(len(pricing.shifts))
        self._shifts_of: dict[int, set[int]] = defaultdict(set)
        self._jobs_of: dict[int, set[int]] = defaultdict(set)
        for shift, jobs in guide.support:
            self._jobs_of[shift].update(jobs)
            for job in jobs:
                self._shifts_of[job].add(shift)
        self._look()

    def _look(self) -> None:
        """Note who does what in the best assignment, and what each shift loses."""
        pricing = self.pricing
        self._now = dict(pricing.patterns(self.best))
        self._doing: dict[int, set[int]] = defaultdict(set)
        self._loss = self.guide.value.copy()
        for shift, jobs in self._now.items():
            self._loss[shift] += pricing.pattern_cost((shift, jobs)) - float(self.guide.prices[list(jobs), shift].sum())
            for job in jobs:
                self._doing[job].add(shift)
        self._missed = {at for at in range(len(pricing.jobs)) if at not in self._doing}

    def neighbourhoods(self, count: int) -> list[_Neighbourhood]:
        """Return neighbourhoods without a shift or a job in common, around days that lose much and were tried little."""
        found: list[_Neighbourhood] = []
        shifts: set[int] = set()
        jobs: set[int] = set()
        while len(found) < count and len(shifts) + SHIFTS <= max(len(self._loss), SHIFTS):
            grown = self._grown(shifts)
            found.append(self._around(grown, jobs))
            shifts |= grown
            jobs |= found[-1].jobs
        return found

    def _grown(self, taken: set[int]) -> set[int]:
        """Return a shift drawn by what it loses, and shifts that do, or in the linear programme would do, the same jobs."""
        weight = (np.maximum(self._loss, 0.0) + 1.0) / (1.0 + self._tried) ** 2
        weight[list(taken)] = 0.0
        inside = {int(self._random.choice(len(weight), p=weight / weight.sum()))}
        ties: dict[int, float] = defaultdict(float)
        newest = next(iter(inside))
        while len(inside) < min(SHIFTS, len(weight) - len(taken)):
            for job in sorted(self._jobs_of[newest].union(self._now.get(newest, ()))):
                together = self._doing[job] if self.pricing.jobs[job].people > 1 else set()
                for shift in sorted(self._shifts_of[job] | self._doing[job]):
                    ties[shift] += self._random.random() + 2.0 * (shift in together)
            near = [shift for shift in ties if shift not in inside and shift not in taken]
            others = [shift for shift in range(len(weight)) if shift not in inside and shift not in taken]
            newest = max(near, key=lambda shift: (ties[shift], shift)) if near else int(self._random.choice(others))
            inside.add(newest)
        self._tried[list(inside)] += 1
        return inside

    def _around(self, shifts: set[int], taken: set[int]) -> _Neighbourhood:
        """Return the neighbourhood of these shifts; jobs that others share stay with whom they are."""
        pricing = self.pricing
        free, pinned = set(), defaultdict(set)
        for shift in shifts:
            for job in self._now.get(shift, ()):
                if self._doing[job] <= shifts and pricing.jobs[job].locked is None:
                    free.add(job)
                else:
                    pinned[shift].add(job)
        free |= {at for at in self._missed if at not in taken and not shifts.isdisjoint(pricing.able[at].tolist())}
        return _Neighbourhood(frozenset(shifts), frozenset(free), dict(pinned))

    def solved(self, here: _Neighbourhood, seconds: float) -> Chosen:
        """Return the best assignment with this neighbourhood planned anew, whether its days can be ordered or not.

        It changes nothing here, so that others can be solved at the same time.
        """
        now = {shift: self._now[shift] for shift in here.shifts if shift in self._now}
        pinned = {shift: here.pinned.get(shift, set()) for shift in here.shifts}
        days = better_days(self.pricing, here.jobs, pinned, now)
        if not days:
            return self.best
        inside = {self.pricing.jobs[job].job_id for jobs in now.values() for job in jobs}
        known = {job_id: self.best[job_id] for job_id in inside}
        choice = Choice(self.pricing, days, known, here.jobs, self.conflicts, here.pinned)
        answer, _, _ = choice.solve(cp_solver(seconds, 1, self.seed, work=WORK, small=True))
        new = self._with(here, answer)
        # Seen here, the order of the days need not be looked for again when the plan is changed.
        self.sequencer.fitting(new)
        return new

    def _with(self, here: _Neighbourhood, answer: Chosen) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Return the best assignment with the jobs of a neighbourhood done as in an answer."""
        new = dict(self.best)
        for job in here.jobs:
            name = self.pricing.jobs[job].job_id
            new.pop(name, None)
            if name in answer:
                new[name] = answer[name]
        return new

    def take(self, here: _Neighbourhood, found: Chosen) -> None:
        """Take over what was found for a neighbourhood if that makes the plan cheaper; days without an order are learnt."""
        pricing = self.pricing
        self.failures += 1
        new = self._with(here, found)
        if new == self.best:
            return
        conflicts = self.sequencer.fitting(new).conflicts
        if conflicts:
            self.conflicts += [conflict for conflict in conflicts if conflict not in self.conflicts]
            new = dict(settled(pricing.possible, new, self.sequencer))
        cost = cost_of(pricing.possible, new)
        if cost < self.cost:
            self.best, self.cost, self.failures = new, cost, 0
            self._tried[list(here.shifts)] = 0
            self._look()
