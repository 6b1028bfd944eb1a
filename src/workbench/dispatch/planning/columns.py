"""Stage 1 for many jobs: whole days as columns, priced until none helps; the bound is tight, and a dive makes it a plan.

The assignment is split by shifts (Dantzig-Wolfe): a column is a day's work of one person, the linear programme over the
columns (GLOP) prices the jobs, and ``DayPricing`` finds better columns at these prices. Its Lagrangian bound is what the
gap is measured against. Then days of jobs for two, and whole days of which the linear programme is sure, are fixed round
by round, with new columns for what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from .insertion import insert_cheapest
from .options import Chosen, cost_of, floor_cost
from .pricing import DayPricing, Flags, Floats, Pattern
from .sequence import Sequencer

# The bound is as good as it gets when the linear programme is this close to it.
CLOSE = 5e-4
SMOOTHING = 0.5
SURE = 0.9
SMALLEST = 1e-6
# More columns than this are not written down, but priced.
MOST_COLUMNS = 40_000
SHIFTS_A_ROUND = 0.02
ROUNDS = 5

OutOfTime = Callable[[], bool]
Teams = dict[str, tuple[int, tuple[str, ...]]]


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
        self._solver.SetSolverSpecificParametersAsString("use_preprocessing: false")
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._done = [self._solver.Constraint(1, self._solver.infinity()) for _ in pricing.jobs]
        self._shift = [self._solver.Constraint(-self._solver.infinity(), 1) for _ in pricing.shifts]
        self._rows: dict[tuple[int, int], Any] = {}
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
                    self._column(0.0, [(self._done[at], 1), (row, -job.people)])
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
        """Return the price of each job's being done, of each day on which a job for two may be, then of each clash."""
        return np.array([row.dual_value() for row in (*self._done, *self._rows.values(), *self._clashes.values())])

    def by_shift(self, prices: Floats) -> Floats:
        """Return what each shift earns by each job, shape (jobs, shifts)."""
        pricing = self.pricing
        earned = np.repeat(prices[: len(pricing.jobs), None], len(pricing.shifts), axis=1)
        meetings, clashes = np.split(prices[len(pricing.jobs) :], [len(self._rows)])
        for (job, day), price in zip(self._rows, meetings.tolist(), strict=True):
            earned[job, pricing.day == day] = price
        for (*pair, day), price in zip(self._clashes, clashes.tolist(), strict=True):
            for job in pair:
                earned[job, pricing.day == day] += price / pricing.jobs[job].people
        return earned

    def bound(self, prices: Floats, value: Floats) -> float:
        """Return the Lagrangian lower bound of the cost at these prices, given the best day of each shift."""
        own, meetings, clashes = np.split(prices, np.cumsum([len(self.pricing.jobs), len(self._rows)]))
        possible = self.pricing.possible
        defer = np.array([np.inf if job.locked else possible.deferral(job.job_id) for job in self.pricing.jobs])
        meeting = sum(
            min(0.0, self.pricing.jobs[job].people * price - own[job])
            for (job, _), price in zip(self._rows, meetings, strict=True)
        )
        return float(own.sum() + np.minimum(0.0, defer - own).sum() + meeting + clashes.sum() - value.sum())

    def fix(self, pattern: Pattern) -> None:
        """Let a column be used wholly."""
        self._columns[pattern].SetLb(1.0)

    def exclude(self, shift: int, jobs: Iterable[int]) -> None:
        """Let a shift do these jobs no more."""
        self.pricing.cost[list(jobs), shift] = np.inf
        for (other, does), x in self._columns.items():
            if other == shift and not set(jobs).isdisjoint(does):
                x.SetUb(0.0)


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


def improve(master: Master, free: Flags, *, rounds: int, out_of_time: OutOfTime) -> float:
    """Add columns until the linear programme is close to its bound; return the best lower bound seen."""
    best, stable = -np.inf, None
    for _ in range(rounds):
        cost = master.solve()
        if cost is None:
            break
        exact = master.prices()
        new = 0
        # Prices near the best so far waste fewer columns; where they find none, the exact ones decide.
        for prices in [exact] if stable is None else [SMOOTHING * stable + (1 - SMOOTHING) * exact, exact]:
            value, patterns = master.pricing.best_days(master.by_shift(prices), free)
            bound = master.bound(prices, value)
            if bound > best:
                best, stable = bound, prices
            new = master.add(patterns)
            if new:
                break
        if not new or cost - best <= CLOSE * abs(cost) or out_of_time():
            break
    return float(best)


def _dive(master: Master, sequencer: Sequencer, out_of_time: OutOfTime) -> list[Pattern]:
    """Return whole days, one a shift: the surest are fixed and the rest is solved again, until time is up.

    Jobs that cannot be ordered beside those that are fixed (people who are to meet, a machine that is taken) are taken
    from a day before it is fixed.
    """
    free = np.ones(len(master.pricing.shifts), dtype=bool)
    fixed: list[Pattern] = []
    teams: Teams = {}
    values: dict[Pattern, float] = {}
    while True:
        solved = master.solve() is not None
        values = {pattern: x for pattern, x in (master.used() if solved else values).items() if free[pattern[0]]}
        ranked = sorted(values, key=lambda pattern: -values[pattern])
        sure = [pattern for pattern in ranked if values[pattern] > SURE]
        late = not solved or out_of_time()
        for pattern in ranked if late else sure or ranked[: max(int(SHIFTS_A_ROUND * len(free)), 1)]:
            if not free[pattern[0]]:
                continue
            joined, misfits = _joined(master.pricing, sequencer, teams, pattern)
            if misfits and not late:
                master.exclude(pattern[0], misfits)
            else:
                teams = joined
                master.fix(pattern)
                fixed.append((pattern[0], tuple(job for job in pattern[1] if job not in misfits)))
                free[pattern[0]] = False
        if late or not values:
            return fixed
        improve(master, free, rounds=ROUNDS, out_of_time=out_of_time)


def _joined(pricing: DayPricing, sequencer: Sequencer, teams: Teams, pattern: Pattern) -> tuple[Teams, set[int]]:
    """Return the teams with one more person's day, and which of its jobs do not fit beside what is there."""
    shift, jobs = pattern
    name, day = pricing.shifts[shift]
    misfits = set()
    for job in jobs:
        job_id = pricing.jobs[job].job_id
        planned, others = teams.get(job_id, (day, ()))
        joined = {**teams, job_id: (day, (*others, name))}
        if planned == day and len(others) < pricing.jobs[job].people and sequencer.fits(joined, job_id):
            teams = joined
        else:
            misfits.add(job)
    return teams, misfits


@dataclass(frozen=True)
class Columns:
    """Days' work to choose from, each with its reduced cost; ``complete``: there is no other."""

    pricing: DayPricing
    reduced: dict[Pattern, float]
    bound: float
    complete: bool
    start: Chosen


def all_days(pricing: DayPricing, most: int = MOST_COLUMNS) -> list[Pattern] | None:
    """Return every day's work that fits into a shift, one pattern each; None if there are more than ``most``."""
    able: dict[int, list[int]] = defaultdict(list)
    for job, shifts in enumerate(pricing.able):
        for shift in shifts.tolist():
            able[shift].append(job)
    found: list[Pattern] = []
    for shift, jobs in able.items():
        open_ends: list[tuple[tuple[int, ...], int, frozenset[str], int]] = [((), 0, frozenset(), 0)]
        while open_ends:
            chosen, minutes, places, after = open_ends.pop()
            for at in range(after, len(jobs)):
                place = pricing.jobs[jobs[at]].place
                total = minutes + pricing.jobs[jobs[at]].minutes + (0 if place in places else pricing.way(shift, place))
                if total <= pricing.room[shift]:
                    longer = (*chosen, jobs[at])
                    found.append((shift, longer))
                    open_ends.append((longer, total, places | {place}, at + 1))
            if len(found) > most:
                return None
    return found


def all_columns(pricing: DayPricing, days: list[Pattern]) -> Columns:
    """Return all days' work as columns."""
    master = Master(pricing)
    master.add(days)
    bound = master.solve() or 0.0
    return Columns(pricing, master.reduced_costs(), bound, True, insert_cheapest(pricing.possible))


def priced_columns(
    pricing: DayPricing, sequencer: Sequencer, *, price_until: OutOfTime, dive_until: OutOfTime, rounds: int = 200
) -> Columns:
    """Return the columns that pricing finds, and the assignment of a dive."""
    master = Master(pricing)
    by_hand = insert_cheapest(pricing.possible)
    master.add(pricing.patterns(by_hand))
    everyone = np.ones(len(pricing.shifts), dtype=bool)
    bound = improve(master, everyone, rounds=rounds, out_of_time=price_until)
    prices = master.by_shift(master.prices()) if master.solve() is not None else np.zeros_like(pricing.cost)
    value, _ = pricing.best_days(prices, everyone)
    own_cost = pricing.cost.copy()
    dived = _dive(master, sequencer, dive_until)
    pricing.cost[:] = own_cost
    start = insert_cheapest(pricing.possible, pricing.chosen(dived))
    reduced = {
        (shift, jobs): cost - float(prices[list(jobs), shift].sum()) + float(value[shift])
        for (shift, jobs), cost in master.cost.items()
    }
    return Columns(
        pricing,
        reduced,
        max(bound, floor_cost(pricing.possible)),
        False,
        min(start, by_hand, key=lambda c: cost_of(pricing.possible, c)),
    )
