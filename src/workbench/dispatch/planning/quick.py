"""A plan of more jobs than can be searched: one by one, each where it costs least, with times that leave no need to look again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from .insertion import insert_cheapest
from .options import Chosen, Possibilities
from .sequence import order_alone
from .together import DayOrder


def insert_quickly(possible: Possibilities, out_of_time: Callable[[], bool]) -> tuple[Chosen, DayOrder]:
    """Return an assignment and when each of its jobs begins; jobs not reached in time are deferred, locked ones never.

    A job for two, and one at a machine where somebody else works that day, begins at a fixed minute, so that each
    person's day can be ordered by itself.
    """
    days = _Days(possible)
    chosen = insert_cheapest(possible, None, days.fits, out_of_time)
    return chosen, days.order(chosen)


class _Days:
    """What each person does each day, and the jobs that begin at a fixed minute."""

    def __init__(self, possible: Possibilities) -> None:
        self.possible = possible
        self._own: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._there: dict[tuple[str, int], list[str]] = defaultdict(list)
        self._pinned: dict[str, int] = {}

    def fits(self, chosen: Chosen, job_id: str) -> bool:
        """Return whether a job just added can be done beside what is there, and keep it there if so."""
        day, people = chosen[job_id]
        pins = self._pins(chosen, job_id)
        if pins is None:
            return False
        self._pinned |= pins
        for name in people:
            self._own[name, day].append(job_id)
        self._there[self.possible.jobs[job_id].machine_id, day].append(job_id)
        return True

    def _pins(self, chosen: Chosen, job_id: str) -> dict[str, int] | None:
        """Return the minutes that must be fixed for a job to fit; None where it does not."""
        day, people = chosen[job_id]
        job = self.possible.jobs[job_id]
        there = self._there.get((job.machine_id, day), [])
        if len(people) == 1 and not there:
            return {} if self._ordered(people[0], day, job_id, {}) else None
        pins: dict[str, int] = {}
        for other in there:
            if other not in self._pinned:
                (name,) = chosen[other][1]
                order = order_alone(self.possible, name, day, self._own[name, day], self._pinned)
                pins[other] = order.starts[other] if order else 0
        options = [self.possible.options[job_id][day][name] for name in people]
        first, last = max(o.earliest for o in options), min(o.latest for o in options)
        fixed = self._pinned | pins
        busy = [(fixed[other], fixed[other] + self.possible.jobs[other].minutes) for other in there]
        ends = {first, last, *(end for _, end in busy), *(self._ready(name, day, job.place, fixed) for name in people)}
        for start in sorted(ends):
            free = all(start >= end or start + job.minutes <= begin for begin, end in busy)
            if first <= start <= last and free:
                tried = {**pins, job_id: start}
                if all(self._ordered(name, day, job_id, tried) for name in people):
                    return tried
        return None

    def _ready(self, name: str, day: int, place: str, fixed: Mapping[str, int]) -> int:
        """Return when somebody could be at a place after all of the day's other work."""
        own = self._own.get((name, day), [])
        order = order_alone(self.possible, name, day, own, fixed) if own else None
        if order is None:
            return 0
        last = max(own, key=lambda other: order.starts[other])
        job = self.possible.jobs[last]
        return order.starts[last] + job.minutes + self.possible.problem.travel_min[job.place][place]

    def _ordered(self, name: str, day: int, job_id: str, pins: Mapping[str, int]) -> bool:
        own = [*self._own.get((name, day), []), job_id]
        return order_alone(self.possible, name, day, own, {**self._pinned, **pins}) is not None

    def order(self, chosen: Chosen) -> DayOrder:
        """Return when each job begins, and how far the ways are at most from the least of each person alone."""
        starts: dict[str, int] = {}
        travel = least = 0
        for (name, day), own in self._own.items():
            kept = [job_id for job_id in own if chosen[job_id][0] == day]
            order, freely = (order_alone(self.possible, name, day, kept, pins) for pins in (self._pinned, None))
            if order is not None and freely is not None:
                starts |= order.starts
                travel, least = travel + order.travel_min, least + freely.travel_min
        return DayOrder(starts, travel, (travel - least) / travel if travel else 0.0)
