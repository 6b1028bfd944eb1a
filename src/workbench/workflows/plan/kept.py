"""What must stay as it is in a plan: work in progress, what people fixed by hand, and what begins soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from workbench.dispatch.orders import minutes_each
from workbench.dispatch.permits import why_not
from workbench.domain.planning import PlanJob, PlannedJob
from workbench.domain.work import OrderState, WorkOrder

if TYPE_CHECKING:
    from workbench.domain.plans import WorkPlan

    from .crew import Crew
    from .sources import Plant

Why = Literal["", "in progress", "fixed by hand", "begins soon"]
# What begins within this time is not moved any more: people are on their way.
SOON = timedelta(hours=4)
# Work in progress that has taken longer than planned is expected to go on for this long.
STILL_TAKES = timedelta(hours=1)


@dataclass(frozen=True)
class Lock:
    """A job that must stay as it is: of which order and why; of two by two people the first ``pair`` is 0.

    It is one of ``parts`` shifts, of which some may lie after the days of the plan.
    """

    job: PlanJob
    order: WorkOrder
    why: Why
    part: int
    pair: int
    parts: int = 1


class KeptWork:
    """Orders with people and time that planning leaves as they are."""

    def __init__(self, plant: Plant, standing: WorkPlan | None, crew: Crew, overtime_min: int = 0) -> None:
        self.plant, self.crew, self.overtime_min = plant, crew, overtime_min
        self.locks: list[Lock] = []
        self._by_day: dict[int, list[Lock]] = defaultdict(list)
        self._standing: Mapping[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for work in standing.assignments if standing is not None else ():
            self._standing[work.order_id].append((work.starts_at, work.ends_at))

    def why(self, order: WorkOrder) -> Why:
        """Return why an order stays as it is; empty: it may be planned."""
        if order.state is OrderState.IN_PROGRESS:
            return "in progress"
        if order.scheduled_at is None or order.technician_id is None or order.state is not OrderState.SCHEDULED:
            return ""
        if order.fixed:
            return "fixed by hand"
        if order.order_id not in self._standing:
            return ""
        over = order.scheduled_at + timedelta(minutes=minutes_each(order)) <= self.plant.at
        if order.scheduled_at > self.plant.at + SOON or over:
            return ""
        people = (order.technician_id, *order.colleagues)
        cannot = any(self._away(key, order.scheduled_at) for key in people) or self.unpermitted(order, "begins soon")
        return "" if cannot else "begins soon"

    def unpermitted(self, order: WorkOrder, why: Why) -> str:
        """Say why its permits do not allow what is left of a kept order at its time, in words; empty: they do."""
        permits, leading = self.plant.permits_of(order), order.technician_id
        if not permits or leading is None or leading not in self.crew.technicians:
            return ""
        zone = self.plant.zone(self.plant.machines[order.machine_id].site_id)
        spans = ((start, start + timedelta(minutes=minutes)) for start, minutes in self._spans(order, why, leading))
        return next((fault for span in spans if (fault := why_not(permits, *span, zone))), "")

    def is_away(self, technician_id: str, job: PlanJob) -> bool:
        """Say whether a person of a kept job is absent when it begins."""
        locked = job.locked
        return locked is not None and self._away(technician_id, self.crew.days.moment(locked.day, locked.start_min))

    def _away(self, technician_id: str, at: datetime) -> bool:
        person = self.crew.technicians.get(technician_id)
        return person is not None and self.plant.days_off.is_away(person, at)

    def add(self, order: WorkOrder, place: str, why: Why) -> tuple[str, str]:
        """Keep an order; return why that cannot be, and why it is not within the days, in words: both empty, it is kept."""
        people = (*((order.technician_id,) if order.technician_id else ()), *order.colleagues)
        strangers = [key for key in people if key not in self.crew.technicians]
        if not people or strangers:
            who = f"{', '.join(strangers)}, of whom there is no record" if strangers else "nobody named"
            return f"it is {why}, by {who}: it stays as it is", ""
        spans = self._spans(order, why, people[0])
        if not spans:
            when = self.plant.clock(place, order.scheduled_at or self.plant.at)
            return f"it is {why} for {when}, which is over: start it, or free it to be planned again", ""
        barred = self.unpermitted(order, why) if why == "fixed by hand" else ""
        if barred:
            when = self.plant.clock(place, order.scheduled_at or self.plant.at)
            return f"it is {why} for {when}, but {barred}: move it, or see to the permit", ""
        for part, (start, minutes) in enumerate(spans):
            where = self.crew.days.place(start)
            if where is None:
                after = f"it is {why} for {self.plant.clock(place, start)}, after these days: it stays as it is"
                return "", "" if part else after
            # More than two people are kept two by two, as if at machines of their own.
            for pair in range(0, len(people), 2):
                fault = self._lock(order, place, why, people[pair : pair + 2], where, minutes, part, pair, len(spans))
                if fault:
                    self._free(order)
                    return fault, ""
        return "", ""

    def _free(self, order: WorkOrder) -> None:
        self.locks = [lock for lock in self.locks if lock.order is not order]
        for day, locks in self._by_day.items():
            self._by_day[day] = [lock for lock in locks if lock.order is not order]

    def _spans(self, order: WorkOrder, why: Why, leading: str) -> list[tuple[datetime, int]]:
        """Return start and minutes of what is still to be done, one part for each shift of who leads it."""
        at, minutes = self.plant.at, minutes_each(order)
        # Of what people fixed, shifts after the days of that plan are not in it.
        parts = self._standing.get(order.order_id, []) if not order.fixed else []
        if len(parts) > 1 and parts[0][0] == order.scheduled_at:
            left = [(max(start, at), end) for start, end in parts if end > at]
            if left:
                return [(start, max(1, round((end - start).total_seconds() / 60))) for start, end in left]
        begun = (order.started_at if why == "in progress" else order.scheduled_at) or at
        whole = self.crew.hours_of(leading, begun, minutes, self.overtime_min)
        spans = [(max(start, at), end) for start, end in whole if end > at]
        if why == "in progress" and sum((end - start for start, end in spans), timedelta()) < STILL_TAKES:
            start = spans[0][0] if spans else next(self.crew.shifts_from(leading, at), (at, at))[0]
            spans = [(start, start + STILL_TAKES)]
        return [(start, max(1, round((end - start).total_seconds() / 60))) for start, end in spans]

    def _lock(
        self,
        order: WorkOrder,
        place: str,
        why: Why,
        people: tuple[str, ...],
        where: tuple[int, int],
        minutes: int,
        part: int,
        pair: int,
        parts: int,
    ) -> str:
        day, start = where
        machine_id = order.machine_id if pair == 0 else f"{order.machine_id} {pair}"
        for lock in self._by_day[day]:
            theirs = lock.job.locked
            shared = set(people) & set(theirs.people if theirs else ())
            if theirs is None or not (shared or machine_id == lock.job.machine_id):
                continue
            way = self.crew.travel_min[place][lock.job.place] if shared else 0
            if start < theirs.start_min + lock.job.minutes + way and theirs.start_min < start + minutes + way:
                who = " and ".join(self.crew.technicians[key].title for key in sorted(shared)) or order.machine_id
                return f"it is {why} at a time for which {who} has {lock.order.number} already: move one of them"
        job_id = part_id(order.order_id, part) if pair == 0 else f"{part_id(order.order_id, part)} {pair}"
        job = PlanJob(
            job_id=job_id,
            machine_id=machine_id,
            place=place,
            minutes=minutes,
            people=len(people),
            waiting_cost=(0,) * self.plant.days,
            defer_cost=0,
            locked=PlannedJob(job_id=job_id, day=day, start_min=start, people=people),
        )
        self.locks.append(Lock(job, order, why, part, pair, parts))
        self._by_day[day].append(self.locks[-1])
        return ""


def part_id(order_id: str, at: int) -> str:
    """Return the id of the job for a part of an order, counted from 0."""
    return order_id if at == 0 else f"{order_id} #{at + 1}"
