"""The best day of each person at given prices of the jobs: a knapsack over minutes with a way to pay for each site.

All persons and days are solved side by side by one dynamic programme over the jobs, site by site (Dantzig-Wolfe
decomposition of the assignment; the day's work is the subproblem).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

import numpy as np
import numpy.typing as npt

from .options import MINUTES_PER_HOUR, Chosen, Possibilities
from .sequence import MOST_ALONE, order_alone

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

# A pattern: which shift (number of a person's day) does which jobs (numbers).
Pattern = tuple[int, tuple[int, ...]]
# A shift and jobs that it is not to do.
_Case = tuple[int, tuple[int, ...]]
SPLITS = 4
SMALLEST_GAIN = 1e-6


class DayPricing:
    """The subproblem. ``shifts`` lists (person, day), ``jobs`` the jobs sorted by place; both are meant by number elsewhere."""

    def __init__(self, possible: Possibilities) -> None:
        problem = possible.problem
        people = sorted(problem.people, key=lambda person: person.home)
        self.possible = possible
        self.shifts = [
            shift
            for p in people
            for day in range(problem.days)
            if (shift := (p.person_id, day)) in possible.room_minutes
        ]
        self.jobs = sorted(problem.jobs, key=lambda job: (job.place, job.job_id))
        self.number = {shift: at for at, shift in enumerate(self.shifts)}
        self.job_number = {job.job_id: at for at, job in enumerate(self.jobs)}
        self.minutes = np.array([job.minutes for job in self.jobs], dtype=np.intp)
        self.day = np.array([day for _, day in self.shifts], dtype=np.intp)
        self._people = [possible.people[name] for name, _ in self.shifts]
        length = np.array([possible.shift_minutes[shift] for shift in self.shifts], dtype=np.intp)
        self.room = np.array([possible.room_minutes[shift] for shift in self.shifts], dtype=np.intp)
        self._last = int(self.room.max(initial=0))
        self._rate = np.array([person.rate_per_h for person in self._people], dtype=float)
        self._hourly = self._rate + problem.travel_cost_per_h
        self._way_minutes = {
            place: np.array([self._way(person.home, place) for person in self._people], dtype=np.intp)
            for place in {job.place for job in problem.jobs}
        }
        self._tight = {at for at, job in enumerate(self.jobs) if job.windows or job.locked is not None}
        self._orders: dict[Pattern, bool] = {}
        self.able: list[Indices] = []
        self.cost = np.full((len(self.jobs), len(self.shifts)), np.inf)
        for at, job in enumerate(self.jobs):
            days = possible.options[job.job_id].items()
            able = sorted(self.number[name, day] for day, found in days for name in found)
            self.able.append(np.array(able, dtype=np.intp))
            self.cost[at, able] = [self._own_cost(job.job_id, shift) for shift in able]
        minutes = np.arange(self._last + 1)
        over = np.maximum(minutes - length[:, None], 0)
        self._overtime = (problem.overtime_factor - 1.0) * self._rate[:, None] * over / MINUTES_PER_HOUR
        self._overtime[minutes > self.room[:, None]] = np.inf

    def patterns(self, chosen: Chosen) -> list[Pattern]:
        """Return the days' work of an assignment."""
        days: dict[int, list[int]] = defaultdict(list)
        for job_id, (day, people) in chosen.items():
            for name in people:
                days[self.number[name, day]].append(self.job_number[job_id])
        return [(shift, tuple(sorted(jobs))) for shift, jobs in days.items()]

    def chosen(self, patterns: Iterable[Pattern]) -> dict[str, tuple[int, tuple[str, ...]]]:
        """Return ``{job: (day, people)}``; of a job that is done more often than needed, the cheapest way."""
        able: dict[int, dict[int, list[tuple[float, str]]]] = defaultdict(lambda: defaultdict(list))
        for shift, jobs in patterns:
            name, day = self.shifts[shift]
            for job in jobs:
                able[job][day].append((float(self.cost[job, shift]), name))
        chosen = {}
        for job, by_day in able.items():
            teams = {day: sorted(found)[: self.jobs[job].people] for day, found in by_day.items()}
            whole = [day for day, team in teams.items() if len(team) == self.jobs[job].people]
            if whole:
                day = min(whole, key=lambda day: (sum(cost for cost, _ in teams[day]), day))
                chosen[self.jobs[job].job_id] = (day, tuple(sorted(name for _, name in teams[day])))
        return chosen

    def can_be_ordered(self, pattern: Pattern) -> bool:
        """Return False where windows leave no order of a day's work; without any, round trips leave room for one."""
        shift, jobs = pattern
        if not self._tight.intersection(jobs) or not 1 < len(jobs) <= MOST_ALONE:
            return True
        if pattern not in self._orders:
            name, day = self.shifts[shift]
            order = order_alone(self.possible, name, day, [self.jobs[job].job_id for job in jobs])
            self._orders[pattern] = order is not None
        return self._orders[pattern]

    def can_meet(self, job: int, one: int, other: int) -> bool:
        """Return whether the hours of two shifts of a day leave a common time to begin a job for two."""
        name, day = self.shifts[one]
        options = self.possible.options[self.jobs[job].job_id][day]
        both = (options[name], options[self.shifts[other][0]])
        return max(o.earliest for o in both) <= min(o.latest for o in both)

    def _own_cost(self, job_id: str, shift: int) -> float:
        """Return what it costs that this shift does a job, its way aside."""
        possible, job = self.possible, self.possible.jobs[job_id]
        name, day = self.shifts[shift]
        changes = possible.problem.change_cost * possible.changes(job_id, day, (name,))
        labour = possible.people[name].rate_per_h * job.minutes / MINUTES_PER_HOUR
        return labour + changes + job.waiting_cost[day] / job.people

    def way(self, shift: int, place: str) -> int:
        """Return the minutes to a place and back for whoever has this shift; 0 at home."""
        return self._way(self._people[shift].home, place)

    def _way(self, home: str, place: str) -> int:
        travel = self.possible.problem.travel_min
        return 0 if home == place else travel[home][place] + travel[place][home]

    def way_rate(self, shift: int) -> float:
        """Return what each minute on the way costs for whoever has this shift, in minor units."""
        return float(self._hourly[shift]) / MINUTES_PER_HOUR

    def overtime(self, shift: int, minutes: Indices) -> Floats:
        """Return what so many minutes of a shift cost on top of the usual rate, in minor units."""
        cost: Floats = self._overtime[shift, minutes]
        return cost

    def pattern_cost(self, pattern: Pattern) -> float:
        """Return the cost of a day's work in minor units: labour, waiting, ways, overtime, changes."""
        shift, jobs = pattern
        person = self._people[shift]
        cost = sum(float(self.cost[job, shift]) for job in jobs)
        minutes = sum(self.jobs[job].minutes for job in jobs)
        for place in dict.fromkeys(self.jobs[job].place for job in jobs):
            way = self._way(person.home, place)
            minutes += way
            cost += (person.rate_per_h + self.possible.problem.travel_cost_per_h) * way / MINUTES_PER_HOUR
        return cost + float(self._overtime[shift, minutes])

    def best_days(self, prices: Floats) -> tuple[Floats, list[Pattern]]:
        """Return for each shift the highest price minus cost of a day's work, shape (shifts,), and the work above zero.

        ``prices``, shape (jobs, shifts), is what each would earn by each job. Where the best work has no order, the day
        is split into cases without one of the jobs that do not go together.
        """
        gain = prices - self.cost
        upper, patterns = np.zeros(len(self.shifts)), []
        cases: list[_Case] = [(shift, ()) for shift in range(len(self.shifts))]
        for turn in range(SPLITS + 1):
            split: list[_Case] = []
            values, works = self._best(gain, cases)
            for (shift, without), value, jobs in zip(cases, values.tolist(), works, strict=True):
                if value <= max(float(upper[shift]), SMALLEST_GAIN):
                    continue
                patterns.append((shift, jobs))
                if turn == SPLITS or self.can_be_ordered((shift, jobs)):
                    upper[shift] = value
                else:
                    split += [(shift, (*without, job)) for job in self._core(shift, jobs)]
            if not split:
                break
            cases = split
        return upper, patterns

    def _core(self, shift: int, jobs: tuple[int, ...]) -> tuple[int, ...]:
        """Return jobs that have no order, each of which is needed for that."""
        for job in jobs:
            without = tuple(other for other in jobs if other != job)
            if not self.can_be_ordered((shift, without)):
                jobs = without
        return jobs

    def _best(self, gain: Floats, cases: list[_Case]) -> tuple[Floats, list[tuple[int, ...]]]:
        """Return the value of the best work of each case, and the work (a knapsack over minutes, place by place)."""
        shifts = np.array([shift for shift, _ in cases], dtype=np.intp)
        gain = gain[:, shifts]
        for row, (_, without) in enumerate(cases):
            gain[list(without), row] = -np.inf
        total = np.zeros((len(cases), self._last + 1))
        taken: list[tuple[Indices, Flags] | None] = [None] * len(self.jobs)
        visited: dict[str, Flags] = {}
        for place, group in groupby(range(len(self.jobs)), key=lambda at: self.jobs[at].place):
            there = np.full_like(total, -np.inf)
            ways = self._way_minutes[place][shifts]
            for minutes in np.unique(ways).tolist():
                rows = np.flatnonzero(ways == minutes)
                if minutes <= self._last:
                    cost = self._hourly[shifts[rows], None] * minutes / MINUTES_PER_HOUR
                    there[rows, minutes:] = total[rows, : self._last + 1 - minutes] - cost
            for at in group:
                rows, minutes = np.flatnonzero(gain[at] > 0), self.jobs[at].minutes
                if rows.size and minutes <= self._last:
                    new = there[rows, : self._last + 1 - minutes] + gain[at, rows, None]
                    old = there[rows, minutes:]
                    better = new > old
                    there[rows, minutes:] = np.where(better, new, old)
                    taken[at] = (rows, better)
            visited[place] = there > total
            np.maximum(total, there, out=total)
        value = total - self._overtime[shifts]
        end = value.argmax(axis=1)
        return value[np.arange(len(cases)), end], self._followed(shifts, end, taken, visited)

    def _followed(
        self, shifts: Indices, end: Indices, taken: list[tuple[Indices, Flags] | None], visited: dict[str, Flags]
    ) -> list[tuple[int, ...]]:
        """Return the work behind the best values, found by going back from the ``end`` minutes."""
        left = end.copy()
        every = np.arange(len(shifts))
        chosen: list[list[int]] = [[] for _ in shifts]
        for place, group in groupby(range(len(self.jobs) - 1, -1, -1), key=lambda at: self.jobs[at].place):
            here = visited[place][every, left]
            for at in group:
                if (step := taken[at]) is None:
                    continue
                rows, better = step
                before = left[rows] - self.jobs[at].minutes
                did = (before >= 0) & here[rows]
                did[did] = better[np.flatnonzero(did), before[did]]
                for row in rows[did]:
                    chosen[row].append(at)
                left[rows[did]] = before[did]
            left -= self._way_minutes[place][shifts] * here
        return [tuple(sorted(jobs)) for jobs in chosen]
