"""The linear programme over whole days of work: what each job is worth, and a lower bound of every plan's cost.

The assignment is split by shifts (Dantzig-Wolfe): a column is a day's work of one person, the linear programme over the
columns (GLOP) prices the jobs, and ``DayPricing`` finds better columns at these prices. Its Lagrangian bound is what the
gap is measured against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import numpy as np

from .pricing import DayPricing, Floats, Pattern

# The bound is as good as it gets when the linear programme is this close to it.
CLOSE = 1e-4
SMOOTHING = 0.5
SMALLEST = 1e-6
# A rule that the linear programme breaks by less is not added.
BROKEN = 0.05

OutOfTime = Callable[[], bool]
# A job for two, a day, and shifts of which at most one does it that day, if it is done then.
_Cut = tuple[int, int, tuple[int, ...]]


class Master:
    """The linear programme over the columns found so far, solved from where it was when columns are added (GLOP)."""

    def __init__(self, pricing: DayPricing) -> None:
        from ortools.linear_solver import pywraplp

        self.pricing = pricing
        self._optimal = pywraplp.Solver.OPTIMAL
        self._solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        self._solver.SuppressOutput()
        warm, cold = pywraplp.MPSolverParameters(), pywraplp.MPSolverParameters()
        cold.SetIntegerParam(cold.INCREMENTALITY, cold.INCREMENTALITY_OFF)
        self._warm_then_cold = (warm, cold)
        # Scaled anew with each new column, the linear programme would begin from nothing each time.
        self._solver.SetSolverSpecificParametersAsString("use_preprocessing: false use_scaling: false")
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._done = [self._solver.Constraint(1, self._solver.infinity()) for _ in pricing.jobs]
        self._shift = [self._solver.Constraint(-self._solver.infinity(), 1) for _ in pricing.shifts]
        self._rows: dict[tuple[int, int], Any] = {}
        self._meets: dict[tuple[int, int], Any] = {}
        self._cuts: dict[_Cut, Any] = {}
        self._cuts_of: dict[tuple[int, int], list[Any]] = defaultdict(list)
        self._columns: dict[Pattern, Any] = {}
        self.cost: dict[Pattern, float] = {}
        # A locked job has no deferral; until its column is found, more than all the others' stands for it.
        most = 1.0 + sum(pricing.possible.deferral(job.job_id) for job in pricing.jobs)
        for at, job in enumerate(pricing.jobs):
            deferral = most if job.locked is not None else pricing.possible.deferral(job.job_id)
            self._column(deferral, [(self._done[at], 1)])
            if job.people > 1:
                for day in pricing.possible.options[job.job_id]:
                    row = self._rows[at, day] = self._solver.Constraint(0, self._solver.infinity())
                    self._meets[at, day] = self._column(0.0, [(self._done[at], 1), (row, -job.people)])
                    # Once two are to meet, one may be missing until a column for them is found, at the same price.
                    self._column(deferral, [(row, 1)])

        self._clashes = {clash: self._solver.Constraint(-self._solver.infinity(), 1) for clash in _clashes(pricing)}

    def _column(self, cost: float, entries: list[tuple[Any, float]]) -> Any:
        variable = self._solver.NumVar(0, self._solver.infinity(), "")
        self._objective.SetCoefficient(variable, cost)
        for row, value in entries:
            row.SetCoefficient(variable, value)
        return variable

    def add(self, patterns: Iterable[Pattern]) -> int:
        """Add the columns that are new, or what is left of them where windows leave no order; return how many."""
        before = len(self._columns)
        for pattern in patterns:
            self._add(pattern)
        return len(self._columns) - before

    def _add(self, pattern: Pattern) -> None:
        shift, jobs = pattern
        if pattern in self._columns or not jobs:
            return
        if not self.pricing.can_be_ordered(pattern):
            for job in jobs:
                self._add((shift, tuple(other for other in jobs if other != job)))
            return
        day = int(self.pricing.day[shift])
        rows = [(self._rows.get((job, day), self._done[job]), 1.0) for job in jobs]
        rows += [
            (row, 1.0 / self.pricing.jobs[job].people)
            for (*pair, on), row in self._clashes.items()
            if on == day
            for job in set(pair).intersection(jobs)
        ]
        rows += [(row, 1.0) for job in jobs for row in self._cuts_of.get((job, shift), ())]
        self.cost[pattern] = self.pricing.pattern_cost(pattern)
        self._columns[pattern] = self._column(self.cost[pattern], [*rows, (self._shift[shift], 1.0)])

    def solve(self) -> float | None:
        """Solve; return the cost, or None where the solver found no optimum (nothing may be read then)."""
        for parameters in self._warm_then_cold:
            if self._solver.Solve(parameters) == self._optimal:
                return float(self._objective.Value())
        return None

    def used(self) -> dict[Pattern, float]:
        """Return how far each column is used, of those that are."""
        return {pattern: value for pattern, x in self._columns.items() if (value := x.solution_value()) > SMALLEST}

    def reduced_costs(self) -> dict[Pattern, float]:
        """Return how much more an assignment costs at least if it uses a column, for each."""
        return {pattern: x.reduced_cost() for pattern, x in self._columns.items()}

    def prices(self) -> Floats:
        """Return the price of each job's being done, of each day of a job for two, of each clash, then of each cut."""
        rows = (*self._done, *self._rows.values(), *self._clashes.values(), *self._cuts.values())
        return np.array([row.dual_value() for row in rows])

    def by_shift(self, prices: Floats) -> Floats:
        """Return what each shift earns by each job, shape (jobs, shifts)."""
        pricing = self.pricing
        earned = np.repeat(prices[: len(pricing.jobs), None], len(pricing.shifts), axis=1)
        _, meetings, clashes, cuts = self._parts(prices)
        for (job, day), price in zip(self._rows, meetings.tolist(), strict=True):
            earned[job, pricing.day == day] = price
        for (*pair, day), price in zip(self._clashes, clashes.tolist(), strict=True):
            for job in pair:
                earned[job, pricing.day == day] += price / pricing.jobs[job].people
        for (job, _, shifts), price in zip(self._cuts, cuts.tolist(), strict=True):
            earned[job, list(shifts)] += price
        return earned

    def _parts(self, prices: Floats) -> list[Floats]:
        """Return the prices of the jobs, of the days of jobs for two, of the clashes and of the cuts."""
        return np.split(prices, np.cumsum([len(self._done), len(self._rows), len(self._clashes)]))

    def doing(self) -> dict[tuple[int, int], float]:
        """Return how far each job is done by each shift, where it is."""
        done: dict[tuple[int, int], float] = defaultdict(float)
        for (shift, jobs), value in self.used().items():
            for job in jobs:
                done[job, shift] += value
        return done

    def meetings(self) -> dict[tuple[int, int], float]:
        """Return how far each job for two is done on each day."""
        return {meeting: float(x.solution_value()) for meeting, x in self._meets.items()}

    def cut(self) -> int:
        """Add the rules on jobs for two that the present answer breaks; return how many.

        Nobody does such a job twice, and those whose hours do not overlap do not meet: of a shift, and of two that
        cannot meet, at most one does the job on a day on which it is done.
        """
        on_day: dict[tuple[int, int], dict[int, float]] = defaultdict(dict)
        for (job, shift), value in self.doing().items():
            if (job, int(self.pricing.day[shift])) in self._meets:
                on_day[job, int(self.pricing.day[shift])][shift] = value
        broken = set()
        for (job, day), values in on_day.items():
            most = float(self._meets[job, day].solution_value()) + BROKEN
            for shift, value in values.items():
                others = [(x, other) for other, x in values.items() if other != shift]
                apart = [(x, other) for x, other in others if not self.pricing.can_meet(job, shift, other)]
                x, other = max(apart, default=(0.0, shift))
                if value + x > most:
                    broken.add((job, day, tuple(sorted({shift, other}))))
        new = sorted(broken - self._cuts.keys())
        for cut in new:
            self._add_cut(cut)
        return len(new)

    def _add_cut(self, cut: _Cut) -> None:
        job, day, shifts = cut
        row = self._cuts[cut] = self._solver.Constraint(-self._solver.infinity(), 0)
        row.SetCoefficient(self._meets[job, day], -1)
        for shift in shifts:
            self._cuts_of[job, shift].append(row)
        for (shift, jobs), x in self._columns.items():
            if shift in shifts and job in jobs:
                row.SetCoefficient(x, 1)

    def bound(self, prices: Floats, value: Floats) -> float:
        """Return the Lagrangian lower bound of the cost at these prices, given the best day of each shift."""
        own, meetings, clashes, cuts = self._parts(prices)
        apart: dict[tuple[int, int], float] = defaultdict(float)
        for (job, day, _), price in zip(self._cuts, cuts.tolist(), strict=True):
            apart[job, day] += price
        possible = self.pricing.possible
        defer = np.array([np.inf if job.locked else possible.deferral(job.job_id) for job in self.pricing.jobs])
        meeting = sum(
            min(0.0, self.pricing.jobs[job].people * price - own[job] + apart[job, day])
            for (job, day), price in zip(self._rows, meetings, strict=True)
        )
        return float(own.sum() + np.minimum(0.0, defer - own).sum() + meeting + clashes.sum() - value.sum())


def _clashes(pricing: DayPricing) -> list[tuple[int, int, int]]:
    """Return (job, job, day) of jobs at one machine that cannot both be done that day, whoever does them."""
    hours: dict[str, dict[int, list[tuple[int, int, int, int]]]] = defaultdict(lambda: defaultdict(list))
    for at, job in enumerate(pricing.jobs):
        for day, options in pricing.possible.options[job.job_id].items():
            first, last = min(o.earliest for o in options.values()), max(o.latest for o in options.values())
            hours[job.machine_id][day].append((at, first + job.minutes, last, day))
    return [
        (one, other, day)
        for by_day in hours.values()
        for there in by_day.values()
        for (one, end, last, day), (other, other_end, other_last, _) in combinations(there, 2)
        if end > other_last and other_end > last
    ]


def improve(master: Master, *, rounds: int, out_of_time: OutOfTime) -> float:
    """Add columns and cuts until the linear programme is close to its bound; return the best lower bound seen."""
    best, stable = -np.inf, None
    for _ in range(rounds):
        cost = master.solve()
        if cost is None:
            break
        exact = master.prices()
        tried = [exact]
        if stable is not None:
            # Prices near the best so far waste fewer columns; where they find none, the exact ones decide.
            tried = [SMOOTHING * np.pad(stable, (0, len(exact) - len(stable))) + (1 - SMOOTHING) * exact, exact]
        new = 0
        for prices in tried:
            value, patterns = master.pricing.best_days(master.by_shift(prices))
            bound = master.bound(prices, value)
            if bound > best:
                best, stable = bound, prices
            new = master.add(patterns)
            if new:
                break
        if out_of_time() or ((not new or cost - best <= CLOSE * abs(cost)) and not _cut(master)):
            break
    return float(best)


def _cut(master: Master) -> int:
    return master.cut() if master.solve() is not None else 0
