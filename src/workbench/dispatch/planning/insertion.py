"""A plan made by hand: the most urgent job first, each where it costs least. The start of the search, and a peer of its result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import Any

from .options import Chosen, Possibilities

# Of those who could be one of two on a job, so many of the cheapest are paired; so many ways are tried in all.
PARTNERS = 8
TRIES = 12
# What it costs that people do a job on a day.
_Way = tuple[int, int, tuple[str, ...]]
Fits = Callable[[Chosen, str], bool]


def insert_cheapest(
    possible: Possibilities,
    given: Chosen | None = None,
    fits: Fits | None = None,
    out_of_time: Callable[[], bool] = lambda: False,
) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return ``{job: (day, people)}``: jobs by urgency, each added where it raises the cost least; the rest is deferred.

    Jobs ``given`` stay as they are. ``fits`` tells of an assignment whether a job just added to it may stay there. Once
    out of time, all others but locked ones are deferred.
    """
    return _insert(possible, given or {}, fits, lambda way: way[0], out_of_time)


def insert_first(possible: Possibilities, fits: Fits | None = None) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return the same with each job on the first day on which somebody able is free, the first of these; a peer only."""
    place = {name: at for at, name in enumerate(possible.people)}
    return _insert(possible, {}, fits, lambda way: (way[1], [place[name] for name in way[2]]), lambda: False)


def _insert(
    possible: Possibilities,
    given: Chosen,
    fits: Fits | None,
    rank: Callable[[_Way], Any],
    out_of_time: Callable[[], bool],
) -> dict[str, tuple[int, tuple[str, ...]]]:
    chosen: dict[str, tuple[int, tuple[str, ...]]] = {}
    busy = _Busy(possible)
    for job_id, (day, people) in given.items():
        chosen[job_id] = busy.add(job_id, day, people)
    waiting = possible.jobs.keys() - chosen.keys()
    for job_id in sorted(waiting, key=lambda j: (possible.jobs[j].locked is None, -possible.jobs[j].defer_cost, j)):
        if possible.jobs[job_id].locked is None and out_of_time():
            break
        for _, day, people in sorted(busy.ways(job_id), key=rank)[:TRIES]:
            if fits is None or fits({**chosen, job_id: (day, people)}, job_id):
                chosen[job_id] = busy.add(job_id, day, people)
                break
    return chosen


class _Busy:
    """How long each person is busy each day, and where they go."""

    def __init__(self, possible: Possibilities) -> None:
        self.possible = possible
        self._minutes: dict[tuple[str, int], int] = defaultdict(int)
        self._visits: set[tuple[str, int, str]] = set()

    def add(self, job_id: str, day: int, people: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        """Let people do a job on a day; return both."""
        job = self.possible.jobs[job_id]
        for name in people:
            self._minutes[name, day] += job.minutes + self._way(name, day, job.place)
            self._visits.add((name, day, job.place))
        return day, people

    def ways(self, job_id: str) -> list[_Way]:
        """Return (cost, day, people) of each way to do a job that is worth it, the cheapest first."""
        possible, job = self.possible, self.possible.jobs[job_id]
        found = []
        for day, options in possible.options[job_id].items():
            able = sorted((extra, name) for name in options if (extra := self._extra(job_id, day, name)) is not None)
            for team in combinations(able[:PARTNERS] if job.people > 1 else able, job.people):
                people = tuple(sorted(name for _, name in team))
                if max(options[name].earliest for name in people) > min(options[name].latest for name in people):
                    continue
                cost = job.waiting_cost[day] + sum(extra for extra, _ in team)
                cost += possible.problem.change_cost * possible.changes(job_id, day, people)
                if cost < possible.deferral(job_id) or job.locked is not None:
                    found.append((cost, day, people))
        return sorted(found)

    def _way(self, name: str, day: int, place: str) -> int:
        person = self.possible.people[name]
        if place == person.home or (name, day, place) in self._visits:
            return 0
        return self.possible.visit_minutes(person, place)

    def _extra(self, job_id: str, day: int, name: str) -> int | None:
        """Return what it costs that somebody does a job beside what they do already; None where there is no room."""
        possible, job, person = self.possible, self.possible.jobs[job_id], self.possible.people[name]
        way, shift = self._way(name, day, job.place), possible.shift_minutes[name, day]
        before = self._minutes[name, day]
        after = before + job.minutes + way
        if after > possible.room_minutes[name, day]:
            return None
        overtime = max(0, after - shift) - max(0, before - shift)
        return (
            possible.labour(job, person) + possible.travel_cost(person, way) + possible.overtime_cost(person, overtime)
        )
