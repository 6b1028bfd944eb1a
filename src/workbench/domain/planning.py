"""A plan of work: which people do which job on which day and when, what that costs, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeVar

from pydantic import Field, model_validator

from .base import Frozen, Minor

MINUTES_PER_DAY = 24 * 60
_T = TypeVar("_T", str, int)


class Window(Frozen):
    """Part of a day of the horizon, in minutes of site time from its midnight."""

    day: int = Field(ge=0)
    start_min: int = Field(ge=0, le=MINUTES_PER_DAY)
    end_min: int = Field(ge=0, le=MINUTES_PER_DAY)

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.end_min <= self.start_min:
            raise ValueError(f"the window ends at minute {self.end_min}, not after its start {self.start_min}")
        return self


class PlanJob(Frozen):
    """A work order as the plan sees it."""

    job_id: str
    machine_id: str
    place: str = Field(description="site where it is done")
    minutes: int = Field(ge=1, le=MINUTES_PER_DAY, description="how long it takes")
    skills: tuple[str, ...] = Field(
        default=(), description="skills and certificates that everyone who does it must have"
    )
    people: int = Field(default=1, ge=1, le=2)
    earliest_day: int = Field(default=0, ge=0, description="day by whose start its parts are there")
    windows: tuple[Window, ...] = Field(
        default=(), description="permits or planned stops in which it must lie; empty: whenever somebody is there"
    )
    waiting_cost: tuple[Minor, ...] = Field(
        description="per day: how much more the failure is expected to cost if it is done then instead of at once"
    )
    defer_cost: Minor = Field(ge=0, description="the same if it is not done within the horizon")
    locked: PlannedJob | None = Field(default=None, description="what must stay as it is")


class PlanPerson(Frozen):
    """A technician as the plan sees them."""

    person_id: str
    title: str
    home: str = Field(description="site where each day begins and ends")
    skills: tuple[str, ...] = ()
    shifts: tuple[Window, ...] = Field(description="at most one a day")
    rate_per_h: Minor = Field(ge=0)
    overtime_min: int = Field(default=0, ge=0, le=480, description="how long a shift may be overrun")

    def shift(self, day: int) -> Window | None:
        """Return the shift of a day, or None where there is none."""
        return next((shift for shift in self.shifts if shift.day == day), None)


class PlannedJob(Frozen):
    """When a job begins and who does it."""

    job_id: str
    day: int = Field(ge=0)
    start_min: int = Field(ge=0, le=2 * MINUTES_PER_DAY)
    people: tuple[str, ...] = Field(min_length=1, max_length=2)
    reason: str = ""


class PlanProblem(Frozen):
    """All that a plan is made from. Travel is in minutes, one way, and obeys the triangle inequality."""

    days: int = Field(ge=1, le=31)
    jobs: tuple[PlanJob, ...]
    people: tuple[PlanPerson, ...]
    travel_min: dict[str, dict[str, int]]
    distance_km: dict[str, dict[str, float]] = {}
    previous: tuple[PlannedJob, ...] = Field(default=(), description="the plan that people know already")
    overtime_factor: float = Field(default=1.5, ge=1, le=3)
    travel_cost_per_h: Minor = Field(default=0, ge=0, description="of the vehicle, on top of the hourly rate")
    change_cost: Minor = Field(default=10, ge=0, description="of each assignment that differs from the plan before")

    @model_validator(mode="after")
    def _consistent(self) -> PlanProblem:
        faults = [*_twice("job", [j.job_id for j in self.jobs]), *_twice("person", [p.person_id for p in self.people])]
        places = {job.place for job in self.jobs} | {person.home for person in self.people}
        faults += [
            f"no travel time from {a!r} to {b!r}"
            for a in sorted(places)
            for b in sorted(places)
            if b not in self.travel_min.get(a, {})
        ]
        for job in self.jobs:
            if len(job.waiting_cost) != self.days:
                faults.append(f"job {job.job_id!r} has {len(job.waiting_cost)} waiting costs for {self.days} days")
        for person in self.people:
            faults += [
                f"person {person.person_id!r} has two shifts on day {d}"
                for d in _repeated(s.day for s in person.shifts)
            ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Plan(Frozen):
    """A plan: who, when, what it costs in minor units, and how far from the best it can be.

    ``gap`` is (cost - bound) / cost of the assignment to people and days, ``sequence_gap`` the same for the order within
    the days; 0 is proven best.
    """

    jobs: tuple[PlannedJob, ...]
    deferred: tuple[str, ...]
    cost: Minor
    parts: dict[Literal["labour", "travel", "waiting", "deferred", "overtime", "changes"], Minor]
    bound: Minor
    gap: float
    sequence_gap: float
    seconds: float
    workers: int
    time_limit_s: float
    notes: tuple[str, ...] = ()


def _repeated(values: Iterable[_T]) -> list[_T]:
    return [value for value, count in Counter(values).items() if count > 1]


def _twice(kind: str, names: Iterable[str]) -> list[str]:
    return [f"{kind} {name!r} occurs twice" for name in _repeated(names)]


PlanJob.model_rebuild()
