"""An order as planning sees it: its people, its time, what waiting costs, and the hours in which it can be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from workbench.dispatch.permits import permitted_spans, within_in_words
from workbench.domain.planning import MINUTES_PER_DAY
from workbench.domain.work import Priority

from .crew import Choice, Crew, Team
from .waiting import Waiting, waiting
from .windows import Shifts, advised_windows, hours_from, rush_windows, shift_choices, stop_windows, within

if TYPE_CHECKING:
    from workbench.domain.base import Minor
    from workbench.domain.planning import Window
    from workbench.domain.work import WorkOrder

    from .sources import Findings, Plant

# A job is at best in the middle of a day on average.
MIDDAY = timedelta(hours=12)
# Of more orders than this, one without room is not tried again: most are deferred whatever the search finds.
MANY = 1_000


@dataclass(frozen=True)
class Task:
    """An order with all that its jobs are made of; ``begin`` counts how often its first choice had no room.

    ``earliest``: day and minute from which its parts are there; ``hours``: from then on within its permits, which ``permit``
    names, where it needs some.
    ``rush``: what an emergency, or work with an ``advised`` planned stop, is given first, one after the other, before any
    time will do. ``shifts``: the same for work in several parts.
    """

    order: WorkOrder
    place: str
    minutes: int
    choice: Choice
    costs: Waiting
    defer_cost: Minor
    earliest: tuple[int, int]
    hours: tuple[Window, ...]
    windows: tuple[Window, ...]
    permit: str = ""
    stop: str = ""
    begin: int = 0
    rush: tuple[Window, ...] = ()
    advised: bool = False
    shifts: Shifts = field(default_factory=Shifts)

    @property
    def team(self) -> Team | None:
        """Who must do it, where there is no free choice."""
        return self.choice.team

    @property
    def parts(self) -> int:
        """In how many shifts it is done."""
        return self.team.parts if self.team is not None else 1

    @property
    def must_lie_in(self) -> tuple[Window, ...]:
        """The hours in which work of one shift must be done; empty: whenever somebody is there from its earliest day on."""
        if self.begin < len(self.rush):
            return (self.rush[self.begin],)
        return self.windows or (self.hours if self.earliest[1] or self.permit else ())

    def part_windows(self) -> tuple[Window, ...]:
        """Return the hours in which each of its parts is to be done; no choice is left: none."""
        return self.shifts.choices[self.begin] if self.begin < len(self.shifts.choices) else ()

    @property
    def parts_in_stop(self) -> bool:
        """Whether its parts are done in a planned stop."""
        return self.begin < self.shifts.in_stop


class Tasks:
    """Makes tasks of orders: what their labour, ways and waiting cost, and in which hours they can be done."""

    def __init__(self, plant: Plant, findings: Findings, crew: Crew, on_call: Crew, overtime_min: int) -> None:
        self.plant, self.findings, self.overtime_min = plant, findings, overtime_min
        self.crew, self.on_call = crew, on_call

    def crew_for(self, order: WorkOrder) -> Crew:
        """Return the people of an order: for an emergency those on call too."""
        return self.on_call if order.priority is Priority.EMERGENCY else self.crew

    def hours(self, order: WorkOrder, ready: datetime) -> tuple[Window, ...]:
        """Return the hours of an order whose parts are there at ``ready``: from then on, within its permits."""
        earliest = self._from(ready)
        hours = self._all_hours if earliest == (0, 0) else hours_from(earliest, self.plant.days)
        spans = permitted_spans(self.plant.permits_of(order))
        return hours if spans is None else tuple(within(hours, self.crew.days.windows(spans)))

    def of(self, order: WorkOrder, place: str, minutes: int, choice: Choice, ready: datetime) -> Task:
        """Return the task of an order that these people could do, whose parts are there at ``ready``."""
        plant, crew = self.plant, self.crew_for(order)
        stakes = self.findings.stakes.get(order.order_id)
        permits, earliest, hours = plant.permits_of(order), self._from(ready), self.hours(order, ready)
        rates = [self.crew.technicians[key].cost_per_h for key in choice.able]
        labour = round(max(rates) * minutes * order.people / 60)
        costs = waiting(
            order,
            plant.machines[order.machine_id],
            self.findings.odds.get(order.order_id),
            stakes,
            at=plant.at,
            moments=self._moments,
            labour=labour,
        )
        ways = max(self.crew.travel_min[self.crew.technicians[key].site_id][place] for key in choice.able)
        emergency = order.priority is Priority.EMERGENCY
        travel = round(max(rates) * 2 * (ways if emergency else min(ways, 4 * 60)) * order.people / 60)
        # Urgent work is done though it takes overtime.
        overtime = round((labour + travel) / 2) if order.priority <= Priority.URGENT else 0
        windows = stop_windows(order, minutes, choice, costs, hours, plant=plant, crew=crew, stakes=stakes)
        # An order that would not be tried again is not bound to one stop.
        advice = stakes if len(plant.orders) <= MANY else None
        advised = advised_windows(order, minutes, choice, hours, plant=plant, crew=crew, stakes=advice)
        return Task(
            order=order,
            place=place,
            minutes=minutes,
            choice=choice,
            costs=costs,
            # Deferred work must be done too, later: free hours of these days are no saving.
            defer_cost=costs.costs[-1] + labour + travel + overtime,
            earliest=earliest,
            hours=hours,
            windows=windows,
            permit=within_in_words([one for one in permits if one.ends and one.ends > plant.at], plant.zone(place)),
            stop="in a planned stop of the machine" if windows else "",
            rush=advised
            or rush_windows(order, minutes, choice, hours, place=place, crew=crew, overtime_min=self.overtime_min),
            advised=bool(advised),
            shifts=self._shifts(order, minutes, choice, costs, hours),
        )

    @cached_property
    def _moments(self) -> tuple[datetime, ...]:
        """When a job of each day is done on average, and that of one that is left for later."""
        return tuple(max(self.plant.at, start + MIDDAY) for start in self.crew.days.starts)

    @cached_property
    def _all_hours(self) -> tuple[Window, ...]:
        return hours_from((0, 0), self.plant.days)

    def _from(self, ready: datetime) -> tuple[int, int]:
        """Return the day and minute from which an order can be done whose parts are there at ``ready``."""
        if ready <= self.plant.at:
            return 0, 0
        day, minute = self.crew.days.place(ready) or (self.plant.days, 0)
        return (day, minute) if minute < MINUTES_PER_DAY else (day + 1, 0)

    def _shifts(
        self, order: WorkOrder, minutes: int, choice: Choice, costs: Waiting, hours: tuple[Window, ...]
    ) -> Shifts:
        """Return when the parts of a work can be done that takes several shifts."""
        if choice.team is None or choice.team.parts == 1:
            return Shifts()
        stakes = self.findings.stakes.get(order.order_id)
        crew = self.crew_for(order)
        return shift_choices(order, minutes, choice.team, costs, hours, plant=self.plant, crew=crew, stakes=stakes)
