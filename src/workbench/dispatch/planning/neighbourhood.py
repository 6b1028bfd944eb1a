"""A known plan made better a few days at a time: the days that cost more than the linear programme says, and their like.

Large neighbourhood search (Shaw, "Using constraint programming and local search methods to solve vehicle routing
problems", CP 1998): a few shifts that could take over each other's jobs are planned anew, all days' work of theirs
written down, CP-SAT choosing; a column whose reduced cost exceeds what these shifts lose now is in no better choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from .choice import Choice
from .columns import days_of
from .options import Chosen, cost_of
from .pricing import DayPricing, Floats, Pattern
from .sequence import Conflict, Sequencer, settled
from .solver import cp_solver

SHIFTS = 5
# Of the columns of a neighbourhood so many of the likeliest are chosen from.
MOST_COLUMNS, MOST_WRITTEN = 400, 60_000
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
    """Shifts to plan anew, the jobs to decide on, and the days' work to choose from."""

    shifts: frozenset[int]
    jobs: tuple[int, ...]
    patterns: tuple[Pattern, ...]
    filled: frozenset[int]


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

    As many neighbourhoods as there are ``workers`` are solved side by side; they have no shift and no job in common.
    """
    search = _Search(pricing, guide, start, sequencer, seed)
    with ThreadPoolExecutor(workers) as pool:
        while left() > 0 and search.failures < PATIENCE and not enough(search.cost):
            found = search.neighbourhoods(workers)
            choices = [Choice(pricing, n.patterns, search.known(n), n.jobs, search.conflicts, n.filled) for n in found]
            solvers = [cp_solver(max(left(), 0.1), 1, seed, work=WORK) for _ in found]
            answers = list(pool.map(lambda each: each[0].solve(each[1])[0], zip(choices, solvers, strict=True)))
            for neighbourhood, answer in zip(found, answers, strict=True):
                search.take(neighbourhood, answer)
    return search.best


class _Search:
    """The best assignment so far, and where it loses against the linear programme."""

    def __init__(self, pricing: DayPricing, guide: Guide, start: Chosen, sequencer: Sequencer, seed: int) -> None:
        self.pricing, self.guide, self.sequencer = pricing, guide, sequencer
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
            self._loss[shift] += self._reduced(shift, jobs)
            for job in jobs:
                self._doing[job].add(shift)
        possible = pricing.possible
        self._missed = {
            at: max(possible.deferral(job.job_id) - float(self.guide.prices[at].max()), 0.0)
            for at, job in enumerate(pricing.jobs)
            if at not in self._doing
        }

    def _reduced(self, shift: int, jobs: tuple[int, ...]) -> float:
        return self.pricing.pattern_cost((shift, jobs)) - float(self.guide.prices[list(jobs), shift].sum())

    def known(self, neighbourhood: _Neighbourhood) -> Chosen:
        """Return the best assignment of the jobs that somebody in a neighbourhood does."""
        pricing = self.pricing
        inside = {pricing.jobs[job].job_id for shift in neighbourhood.shifts for job in self._now.get(shift, ())}
        return {job_id: self.best[job_id] for job_id in inside}

    def neighbourhoods(self, count: int) -> list[_Neighbourhood]:
        """Return neighbourhoods without a shift or a job in common, around days that lose much and were tried little."""
        found: list[_Neighbourhood] = []
        shifts: set[int] = set()
        jobs: set[int] = set()
        while len(found) < count and len(shifts) + SHIFTS <= max(len(self._loss), SHIFTS):
            grown = self._grown(shifts)
            found.append(self._written(grown, jobs))
            shifts |= grown
            jobs.update(found[-1].jobs)
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

    def _written(self, shifts: set[int], taken: set[int]) -> _Neighbourhood:
        """Return the neighbourhood of these shifts; jobs that others share stay with whom they are."""
        pricing, guide = self.pricing, self.guide
        free, pinned = set(), defaultdict(set)
        for shift in shifts:
            for job in self._now.get(shift, ()):
                if self._doing[job] <= shifts and pricing.jobs[job].locked is None:
                    free.add(job)
                else:
                    pinned[shift].add(job)
        free |= {at for at in self._missed if at not in taken and not shifts.isdisjoint(pricing.able[at].tolist())}
        room = float(self._loss[list(shifts)].sum()) + sum(self._missed.get(job, 0.0) for job in free)
        rated: list[tuple[float, Pattern]] = []
        for shift in sorted(shifts):
            gain = guide.prices[:, shift] - pricing.cost[:, shift]
            mine = [job for job in free if gain[job] > -room]
            written = days_of(pricing, shift, [*mine, *pinned[shift]], MOST_WRITTEN) or []
            rated += [
                (float(guide.value[shift]) + self._reduced(*pattern), pattern)
                for pattern in written
                if pinned[shift].issubset(pattern[1])
            ]
        rated.sort()
        now = {(shift, self._now[shift]) for shift in shifts if shift in self._now}
        likely = {pattern for rate, pattern in rated[:MOST_COLUMNS] if rate <= room + 1.0}
        return _Neighbourhood(frozenset(shifts), tuple(sorted(free)), tuple(likely | now), frozenset(pinned))

    def take(self, neighbourhood: _Neighbourhood, answer: Chosen) -> None:
        """Take over what was found if it makes the plan cheaper; days that cannot be ordered are learnt."""
        pricing = self.pricing
        names = [pricing.jobs[job].job_id for job in neighbourhood.jobs]
        new = {job_id: way for job_id, way in self.best.items() if job_id not in set(names)}
        new |= {job_id: answer[job_id] for job_id in names if job_id in answer}
        self.failures += 1
        if new == self.best:
            return
        fitting = self.sequencer.fitting(new)
        if fitting.conflicts:
            self.conflicts += fitting.conflicts
            new = dict(settled(pricing.possible, new, self.sequencer))
        cost = cost_of(pricing.possible, new)
        if cost < self.cost:
            self.best, self.cost, self.failures = new, cost, 0
            self._tried[list(neighbourhood.shifts)] = 0
            self._look()
