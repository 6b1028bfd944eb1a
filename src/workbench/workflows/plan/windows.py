"""Within which hours an order is to be done: in planned stops where that saves money, an emergency as soon as anybody can."""

from __future__ import annotations

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


def hours_from(earliest: tuple[int, int], days: int) -> list[Window]:
    """Return all hours of each day from a day and minute on."""
    return _from(earliest, [Window(day=day, start_min=0, end_min=MINUTES_PER_DAY) for day in range(days)])


def _from(earliest: tuple[int, int], windows: Sequence[Window]) -> list[Window]:
    """Return what is left of windows from a day and minute on."""
    day, minute = earliest
    begins = ((window, minute if window.day == day else 0) for window in windows if window.day >= day)
    return [
        window.model_copy(update={"start_min": max(window.start_min, begin)})
        for window, begin in begins
        if begin < window.end_min
    ]


def stop_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    costs: Waiting,
    earliest: tuple[int, int],
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
    windows = _in_stops(order, minutes, choice, earliest, plant=plant, crew=crew)
    saved = _production_loss(order, plant, stakes)
    return windows if windows and saved > costs.costs[windows[0].day] else ()


def shift_choices(
    order: WorkOrder,
    minutes: int,
    team: Team,
    costs: Waiting,
    earliest: tuple[int, int],
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
        return window.day in team.days and _minutes_in(crew, team.people, place, window) >= team.part_min

    anywhen = _following([window for window in hours_from(earliest, plant.days) if long_enough(window)], team.parts)
    if order.priority is Priority.EMERGENCY:
        return Shifts(anywhen)
    stops = _stop_spans(order, minutes, plant)
    inside = {
        span: _following(
            [window for window in _from(earliest, crew.days.windows([span])) if long_enough(window)], team.parts
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
    earliest: tuple[int, int],
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
    return _in_stops(order, minutes, choice, earliest, plant=plant, crew=crew, at=at)


def _in_stops(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    earliest: tuple[int, int],
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
        for window in _from(earliest, crew.days.windows(spans))
        if _can_work(crew, choice, site_id, window, minutes)
    )


def rush_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    earliest: tuple[int, int],
    *,
    place: str,
    crew: Crew,
    overtime_min: int,
) -> tuple[Window, ...]:
    """Return when an emergency is to be done, day by day: as soon as anybody can, else on that day; nothing for other orders."""
    if order.priority is not Priority.EMERGENCY or _in_parts(choice):
        return ()
    free = {window.day: window for window in hours_from(earliest, crew.days.count)}
    starts = [
        (day, begin)
        for team in _teams(choice)
        for day, (start, end) in crew.together(team, place).items()
        if day in free and end + overtime_min - (begin := max(start, free[day].start_min)) >= minutes
    ]
    first: dict[int, int] = {}
    for day, start in sorted(starts):
        first.setdefault(day, start)
    soon = {day: min(start + minutes + RUSH_MIN, MINUTES_PER_DAY) for day, start in first.items()}
    return tuple(
        window for day, end in soon.items() for window in (free[day].model_copy(update={"end_min": end}), free[day])
    )


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
