"""What is possible at all: who can do a job on which day, and between which minutes it may begin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from workbench.domain.planning import PlanJob, PlanPerson, PlanProblem

MINUTES_PER_HOUR = 60


@dataclass(frozen=True)
class Option:
    """A person who can do a job on a day, beginning between ``earliest`` and ``latest`` (minutes of that day)."""

    job: PlanJob
    person: PlanPerson
    day: int
    earliest: int
    latest: int


@dataclass(frozen=True)
class Possibilities:
    """A problem with all options that its hard rules leave, one by one; how they compete is left to the plan."""

    problem: PlanProblem
    options: dict[str, dict[int, dict[str, Option]]] = field(repr=False)

    @cached_property
    def jobs(self) -> dict[str, PlanJob]:
        """Jobs by their id."""
        return {job.job_id: job for job in self.problem.jobs}

    @cached_property
    def people(self) -> dict[str, PlanPerson]:
        """People by their id."""
        return {person.person_id: person for person in self.problem.people}

    @cached_property
    def shift_minutes(self) -> dict[tuple[str, int], int]:
        """How long the shift of each person and day lasts, where there is one or something is locked."""
        lasts = dict.fromkeys(self._locked_minutes, 0)
        return lasts | {
            (person.person_id, shift.day): shift.end_min - shift.start_min
            for person in self.problem.people
            for shift in person.shifts
            if shift.day < self.problem.days
        }

    @cached_property
    def room_minutes(self) -> dict[tuple[str, int], int]:
        """How long each can be busy each day: shift and overtime, or what is locked there already if that is more."""
        return {
            (name, day): max(
                minutes + self.people[name].overtime_min if minutes else 0, self._locked_minutes.get((name, day), 0)
            )
            for (name, day), minutes in self.shift_minutes.items()
        }

    @cached_property
    def _locked_minutes(self) -> dict[tuple[str, int], int]:
        busy: dict[tuple[str, int], int] = defaultdict(int)
        visits = set()
        for job in self.problem.jobs:
            if job.locked is not None:
                for name in job.locked.people:
                    busy[name, job.locked.day] += job.minutes
                    visits.add((name, job.locked.day, job.place))
        for name, day, place in visits:
            if place != self.people[name].home:
                busy[name, day] += self.visit_minutes(self.people[name], place)
        return dict(busy)

    def of(self, job_id: str, day: int, person_id: str) -> Option | None:
        """Return the option of this person on this day, or None where it is not possible."""
        return self.options[job_id].get(day, {}).get(person_id)

    def labour(self, job: PlanJob, person: PlanPerson) -> int:
        """Return what one person's hours for a job cost, in minor units."""
        return round(person.rate_per_h * job.minutes / MINUTES_PER_HOUR)

    def visit_minutes(self, person: PlanPerson, place: str) -> int:
        """Return how long the way to a place and back takes."""
        travel = self.problem.travel_min
        return travel[person.home][place] + travel[place][person.home]

    def travel_cost(self, person: PlanPerson, minutes: int) -> int:
        """Return what so many minutes on the way cost, in minor units."""
        return round((person.rate_per_h + self.problem.travel_cost_per_h) * minutes / MINUTES_PER_HOUR)

    def overtime_cost(self, person: PlanPerson, minutes: int) -> int:
        """Return what is paid for overtime on top of the usual rate, in minor units."""
        return round((self.problem.overtime_factor - 1.0) * person.rate_per_h * minutes / MINUTES_PER_HOUR)

    @cached_property
    def known_before(self) -> dict[str, tuple[int, frozenset[str]]]:
        """Day and people of each job in the plan that people know already."""
        return {job.job_id: (job.day, frozenset(job.people)) for job in self.problem.previous}

    def deferral(self, job_id: str) -> int:
        """Return what it costs to put a job off beyond the horizon, in minor units."""
        return self.jobs[job_id].defer_cost + self.problem.change_cost * self.changes(job_id, None, ())

    def changes(self, job_id: str, day: int | None, people: Iterable[str]) -> int:
        """Return how many assignments of a job differ from the plan before: people added, and all of them on another day."""
        before = self.known_before.get(job_id)
        if before is None or day is None:
            return len(before[1]) if before else 0
        return len(set(people)) if before[0] != day else len(set(people) - before[1])


def possibilities(problem: PlanProblem) -> Possibilities:
    """Return all options of a problem: skills, shift, parts there, windows, way there and back within the shift."""
    options: dict[str, dict[int, dict[str, Option]]] = {}
    for job in problem.jobs:
        able = [person for person in problem.people if set(job.skills) <= set(person.skills)]
        by_day: dict[int, dict[str, Option]] = defaultdict(dict)
        for day in range(job.earliest_day, problem.days):
            for person in able:
                option = _option(problem, job, person, day)
                if option is not None:
                    by_day[day][person.person_id] = option
        options[job.job_id] = {day: found for day, found in by_day.items() if len(found) >= job.people}
        if job.locked is not None:
            options[job.job_id] = _as_locked(problem, job)
    return Possibilities(problem, options)


def _option(problem: PlanProblem, job: PlanJob, person: PlanPerson, day: int) -> Option | None:
    shift = person.shift(day)
    if shift is None:
        return None
    earliest = shift.start_min + problem.travel_min[person.home][job.place]
    latest = shift.end_min + person.overtime_min - problem.travel_min[job.place][person.home] - job.minutes
    if job.windows:
        # The widest part of a window that the shift leaves.
        spans = [
            (max(earliest, window.start_min), min(latest, window.end_min - job.minutes))
            for window in job.windows
            if window.day == day
        ]
        earliest, latest = max(spans, key=lambda span: span[1] - span[0], default=(1, 0))
    return Option(job, person, day, earliest, latest) if earliest <= latest else None


def _as_locked(problem: PlanProblem, job: PlanJob) -> dict[int, dict[str, Option]]:
    """Return the one option of a job that must stay as it is, whatever else would forbid it."""
    locked = job.locked
    if locked is None:
        return {}
    people = {person.person_id: person for person in problem.people}
    start = locked.start_min
    return {locked.day: {name: Option(job, people[name], locked.day, start, start) for name in locked.people}}


Chosen = Mapping[str, tuple[int, tuple[str, ...]]]


def cost_of(possible: Possibilities, chosen: Chosen) -> int:
    """Return the cost of an assignment, in minor units."""
    return sum(cost_parts(possible, chosen).values())


def floor_cost(possible: Possibilities) -> int:
    """Return a cost that no plan is below: each job by itself on the day that costs least, by the cheapest able, or deferred.

    Hours and waiting count, ways do not: they may be shared. Of a job without options only skills and parts are known.
    """
    cheapest: dict[tuple[str, ...], list[PlanPerson]] = {}
    total = 0
    for job_id, job in possible.jobs.items():
        costs = [] if job.locked is not None else [possible.deferral(job_id)]
        if job_id in possible.options:
            teams = [
                (job.waiting_cost[day], sorted((o.person for o in found.values()), key=_rate))
                for day, found in possible.options[job_id].items()
            ]
        else:
            if job.skills not in cheapest:
                able = [person for person in possible.problem.people if set(job.skills) <= set(person.skills)]
                cheapest[job.skills] = sorted(able, key=_rate)
            days = job.waiting_cost[job.earliest_day :]
            teams = [(min(days), cheapest[job.skills])] if days else []
        for waiting, team in teams:
            if len(team) >= job.people:
                costs.append(waiting + sum(possible.labour(job, person) for person in team[: job.people]))
        total += min(costs)
    return total


def _rate(person: PlanPerson) -> int:
    return person.rate_per_h


def cost_parts(possible: Possibilities, chosen: Chosen) -> dict[str, int]:
    """Return the cost of an assignment ``{job: (day, people)}`` by its parts, in minor units; jobs left out are deferred."""
    visits: set[tuple[str, int, str]] = set()
    used: dict[tuple[str, int], int] = defaultdict(int)
    parts = dict.fromkeys(("labour", "travel", "waiting", "deferred", "overtime", "changes"), 0)
    for job_id, job in possible.jobs.items():
        if job_id not in chosen:
            parts["deferred"] += job.defer_cost
            parts["changes"] += possible.problem.change_cost * possible.changes(job_id, None, ())
            continue
        day, names = chosen[job_id]
        parts["waiting"] += job.waiting_cost[day]
        parts["changes"] += possible.problem.change_cost * possible.changes(job_id, day, names)
        for name in names:
            person = possible.people[name]
            parts["labour"] += possible.labour(job, person)
            used[name, day] += job.minutes
            visits.add((name, day, job.place))
    for name, day, place in visits:
        if place != possible.people[name].home:
            minutes = possible.visit_minutes(possible.people[name], place)
            parts["travel"] += possible.travel_cost(possible.people[name], minutes)
            used[name, day] += minutes
    for (name, day), minutes in used.items():
        parts["overtime"] += possible.overtime_cost(
            possible.people[name], max(0, minutes - possible.shift_minutes[name, day])
        )
    return parts
