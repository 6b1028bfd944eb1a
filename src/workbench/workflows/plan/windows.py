"""Within which hours an order is to be done: in planned stops where that saves money, an emergency as soon as anybody can."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workbench.domain.planning import MINUTES_PER_DAY, Window
from workbench.domain.work import Priority, WorkOrder

if TYPE_CHECKING:
    from datetime import datetime

    from workbench.store.records.analysis import Stakes

    from .crew import Choice, Crew
    from .sources import Plant
    from .waiting import Waiting

# An emergency begins this long after anybody could be there, at the latest, where people allow it.
RUSH_MIN = 60


def whole_day(day: int) -> Window:
    """Return all hours of a day."""
    return Window(day=day, start_min=0, end_min=MINUTES_PER_DAY)


def stop_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    costs: Waiting,
    earliest_day: int,
    *,
    plant: Plant,
    crew: Crew,
    stakes: Stakes | None,
) -> tuple[Window, ...]:
    """Return the planned stops that the work must wait for: where the loss saved is worth the wait; else nothing.

    Urgent work waits for none by this rule, nor does work of several shifts. The machine must run again before a stop ends.
    """
    if order.priority <= Priority.URGENT or _in_parts(choice):
        return ()
    machine = plant.machines[order.machine_id]
    stands_h = order.repair_h or minutes / 60
    loss = (
        stakes.planned_impact.production_loss
        if stakes is not None
        else round(machine.economics.production_loss_per_h * machine.economics.planned_loss_share * stands_h)
    )
    windows = _in_stops(order, minutes, choice, earliest_day, plant=plant, crew=crew)
    return windows if windows and loss > costs.costs[windows[0].day] else ()


def advised_windows(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    earliest_day: int,
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
    return _in_stops(order, minutes, choice, earliest_day, plant=plant, crew=crew, at=at)


def _in_stops(
    order: WorkOrder,
    minutes: int,
    choice: Choice,
    earliest_day: int,
    *,
    plant: Plant,
    crew: Crew,
    at: datetime | None = None,
) -> tuple[Window, ...]:
    """Return when the work could be done in planned stops, or in the one that covers the moment ``at``."""
    site_id = plant.machines[order.machine_id].site_id
    # It may stand longer than people are busy.
    idle = timedelta(hours=max(0.0, (order.repair_h or minutes / 60) - minutes / 60))
    spans = [
        (max(stop.starts_at, plant.at), stop.ends_at - idle)
        for stop in plant.stops
        if stop.site_id == site_id
        and stop.concerns(order.machine_id)
        and (at is None or stop.starts_at <= at < stop.ends_at)
    ]
    return tuple(
        window
        for window in crew.days.windows(spans)
        if window.day >= earliest_day and _can_work(crew, choice, site_id, window, minutes)
    )


def rush_windows(
    order: WorkOrder, minutes: int, choice: Choice, earliest_day: int, *, place: str, crew: Crew, overtime_min: int
) -> tuple[Window, ...]:
    """Return when an emergency is to be done, day by day: as soon as anybody can, else on that day; nothing for other orders."""
    if order.priority is not Priority.EMERGENCY or _in_parts(choice):
        return ()
    starts = [
        (day, start)
        for team in _teams(choice)
        for day, (start, end) in crew.together(team, place).items()
        if day >= earliest_day and end + overtime_min - start >= minutes
    ]
    first: dict[int, int] = {}
    for day, start in sorted(starts):
        first.setdefault(day, start)
    soon = {day: min(start + minutes + RUSH_MIN, MINUTES_PER_DAY) for day, start in first.items()}
    return tuple(
        window for day, end in soon.items() for window in (Window(day=day, start_min=0, end_min=end), whole_day(day))
    )


def _can_work(crew: Crew, choice: Choice, place: str, window: Window, minutes: int) -> bool:
    for team in _teams(choice):
        start, end = crew.together(team, place).get(window.day, (1, 0))
        if min(end, window.end_min) - max(start, window.start_min) >= minutes:
            return True
    return False


def _teams(choice: Choice) -> list[tuple[str, ...]]:
    """Return those of whom one must have time: the team, or anyone who is able."""
    return [choice.team.people] if choice.team is not None else [(key,) for key in choice.able]


def _in_parts(choice: Choice) -> bool:
    return choice.team is not None and choice.team.parts > 1
