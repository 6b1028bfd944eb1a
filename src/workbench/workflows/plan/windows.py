"""Within which hours an order is to be done: those of its permits; of these in planned stops where that saves money, an emergency as soon as anybody can."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from workbench.domain.planning import MINUTES_PER_DAY, Window
from workbench.domain.work import Priority, WorkOrder

from .waiting import stands_h

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from workbench.store.records.analysis import Stakes

    from .crew import Choice, Crew, Team
    from .sources import Plant
    from .waiting import Waiting

# An emergency begins this long after anybody could be there, at the latest, where people allow it.
RUSH_MIN = 60


@dataclass(frozen=True)
class Shifts:
    """When the parts of a long work can be done, one choice after the other; the first ``in_stop`` lie in a planned stop.

    ``missed``: there are planned stops, but none holds all its parts.
    """

    choices: tuple[tuple[Window, ...], ...] = ()
    in_stop: int = 0
    missed: bool = False


def hours_from(earliest: tuple[int, int], days: int) -> tuple[Window, ...]:
    """Return all hours of each day from a day and minute on."""
    first, minute = earliest
    return tuple(
        Window(day=day, start_min=minute if day == first else 0, end_min=MINUTES_PER_DAY) for day in range(first, days)
    )


def within(hours: Sequence[Window], windows: Sequence[Window]) -> list[Window]:
    """Return what of windows lies within hours."""
    of_day: dict[int, list[Window]] = defaultdict(list)
    for hour in hours:
        of_day[hour.day].append(hour)
    shared = (
        (window.day, max(window.start_min, hour.start_min), min(window.end_min, hour.end_min))
        for window in windows
        for hour in of_day[window.day]
    )
    return [Window(day=day, start_min=start, end_min=end) for day, start, end in shared if start < end]


def stop_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    costs: Waiting,
    hours: Sequence[Window],
    *,
    plant: Plant,
    crew: Crew,
    stakes: Stakes | None,
) -> tuple[Window, ...]:
    """Return the planned stops that the work must wait for: where the loss saved is worth the wait; else nothing.

    Urgent work waits for none by this rule; work of several shifts has its own (``shift_choices``). The machine must run again before a stop ends.
    """
    if order.priority <= Priority.URGENT or _in_parts(choice):
        return ()
    windows = _in_stops(order, minutes, choice, hours, plant=plant, crew=crew)
    saved = _production_loss(order, plant, stakes)
    return windows if windows and saved > costs.costs[windows[0].day] else ()


def holds_shifts(team: Team, place: str, hours: Sequence[Window], crew: Crew) -> bool:
    """Say whether hours hold all the shifts that a job takes a team."""
    return sum(_holds_shift(team, place, window, crew) for window in hours) >= team.parts


def _holds_shift(team: Team, place: str, window: Window, crew: Crew) -> bool:
    return window.day in team.days and _minutes_in(crew, team.people, place, window) >= team.part_min


def shift_choices(
    order: WorkOrder,
    minutes: int,
    team: Team,
    costs: Waiting,
    hours: Sequence[Window],
    *,
    plant: Plant,
    crew: Crew,
    stakes: Stakes | None,
) -> Shifts:
    """Return when a team can do work of several shifts: all of them in one planned stop where that saves money.

    Between its shifts the machine stays open, so that only a stop that holds them all costs no production. Urgent work tries
    the stop that its decision calls the best time first; an emergency waits for none.
    """
    place = plant.machines[order.machine_id].site_id

    def long_enough(window: Window) -> bool:
        return _holds_shift(team, place, window, crew)

    anywhen = _following([window for window in hours if long_enough(window)], team.parts)
    if order.priority is Priority.EMERGENCY:
        return Shifts(anywhen)
    stops = _stop_spans(order, minutes, plant)
    inside = {
        span: _following(
            [window for window in within(hours, crew.days.windows([span])) if long_enough(window)], team.parts
        )
        for span in stops
    }
    first = next((choices for choices in inside.values() if choices), ())
    saved = _production_loss(order, plant, stakes)
    if order.priority > Priority.URGENT and first and saved > costs.costs[first[0][-1].day]:
        return Shifts(first, in_stop=len(first))
    at = stakes.stop_at if stakes is not None else None
    advised = next((inside[span] for span in stops if at is not None and span[0] <= at < span[1]), ())
    ends = crew.days.starts[-1]
    missed = order.priority > Priority.URGENT and not first and any(start < ends for start, _ in stops)
    return Shifts((*advised, *anywhen), in_stop=len(advised), missed=missed)


def _following(windows: Sequence[Window], parts: int) -> tuple[tuple[Window, ...], ...]:
    """Return the choices of so many windows that follow each other, the earliest first."""
    return tuple(tuple(windows[at : at + parts]) for at in range(len(windows) - parts + 1))


def _production_loss(order: WorkOrder, plant: Plant, stakes: Stakes | None) -> int:
    """Return what the work costs in production outside of a planned stop, in minor units."""
    if stakes is not None:
        return stakes.planned_impact.production_loss
    economics = plant.machines[order.machine_id].economics
    return round(economics.production_loss_per_h * economics.planned_loss_share * stands_h(order, economics))


def _stop_spans(order: WorkOrder, minutes: int, plant: Plant) -> list[tuple[datetime, datetime]]:
    """Return from when to when work may be done in each planned stop of the machine; it may stand longer than people are busy."""
    machine = plant.machines[order.machine_id]
    site_id = machine.site_id
    idle = timedelta(hours=max(0.0, stands_h(order, machine.economics) - minutes / 60))
    spans = [
        (max(stop.starts_at, plant.at), stop.ends_at - idle)
        for stop in plant.stops
        if stop.site_id == site_id and stop.concerns(order.machine_id)
    ]
    return [(start, end) for start, end in spans if start < end]


def advised_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    hours: Sequence[Window],
    *,
    plant: Plant,
    crew: Crew,
    stakes: Stakes | None,
) -> tuple[Window, ...]:
    """Return the planned stop that the decision calls the best time, urgent work's too; nothing for an emergency.

    It is tried first; where people have no room in it, other times will do.
    """
    at = stakes.stop_at if stakes is not None else None
    if at is None or order.priority is Priority.EMERGENCY or _in_parts(choice):
        return ()
    return _in_stops(order, minutes, choice, hours, plant=plant, crew=crew, at=at)


def _in_stops(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    hours: Sequence[Window],
    *,
    plant: Plant,
    crew: Crew,
    at: datetime | None = None,
) -> tuple[Window, ...]:
    """Return when the work could be done in planned stops, or in the one that covers the moment ``at``."""
    site_id = plant.machines[order.machine_id].site_id
    spans = [
        (start, end)
        for start, end in _stop_spans(order, minutes, plant)
        if at is None or start <= max(at, plant.at) < end
    ]
    return tuple(
        window
        for window in within(hours, crew.days.windows(spans))
        if _can_work(crew, choice, site_id, window, minutes)
    )


def rush_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    hours: Sequence[Window],
    *,
    place: str,
    crew: Crew,
    overtime_min: int,
) -> tuple[Window, ...]:
    """Return when an emergency is to be done, day by day: as soon as anybody can, else on that day; nothing for other orders."""
    if order.priority is not Priority.EMERGENCY or _in_parts(choice):
        return ()
    together = [crew.together(team, place) for team in _teams(choice)]
    found = []
    for hour in hours:
        begins = [
            begin
            for days in together
            if hour.day in days
            for start, end in [days[hour.day]]
            if min(end + overtime_min, hour.end_min) - (begin := max(start, hour.start_min)) >= minutes
        ]
        if begins:
            soon = min(min(begins) + minutes + RUSH_MIN, hour.end_min)
            found += [hour.model_copy(update={"end_min": soon}), hour]
    return tuple(found)


def _can_work(crew: Crew, choice: Choice, place: str, window: Window, minutes: int) -> bool:
    return any(_minutes_in(crew, team, place, window) >= minutes for team in _teams(choice))


def _minutes_in(crew: Crew, team: tuple[str, ...], place: str, window: Window) -> int:
    """Return how long people can be at a place together within a window."""
    start, end = crew.together(team, place).get(window.day, (1, 0))
    return min(end, window.end_min) - max(start, window.start_min)


def _teams(choice: Choice) -> list[tuple[str, ...]]:
    """Return those of whom one must have time: the team, or anyone who is able."""
    return [choice.team.people] if choice.team is not None else [(key,) for key in choice.able]


def _in_parts(choice: Choice) -> bool:
    return choice.team is not None and choice.team.parts > 1
