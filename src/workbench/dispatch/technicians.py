"""Who is sent: technicians ranked by skill, experience, workload, distance and shift, with the reason in words (R3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import asin, ceil, cos, exp, radians, sin, sqrt
from zoneinfo import ZoneInfo

from workbench.domain.equipment import Site, Technician
from workbench.domain.work import Priority, TechnicianMatch

from .days_off import DaysOff
from .working_time import Off, free_at, on_site_clock, quarter_hour_up

# What each factor counts; they sum to 1.
WEIGHTS: dict[str, float] = {"skill": 0.35, "experience": 0.10, "workload": 0.15, "distance": 0.15, "shift": 0.25}

# Hours in which a start is still of use; the shift factor falls to 0 over them.
START_WITHIN_H = {
    Priority.EMERGENCY: 24.0,
    Priority.URGENT: 72.0,
    Priority.HIGH: 168.0,
    Priority.ROUTINE: 720.0,
}
FULL_EXPERIENCE_YEARS = 15.0
FULL_WORKLOAD_H = 40.0
DISTANCE_SCALE_KM = 50.0
# Assumed door to door, over the great-circle distance.
TRAVEL_KM_PER_H = 60.0
WORTH_STARTING_H = 2.0
EARTH_RADIUS_KM = 6371.0088
_LEVEL_WORDS = {1: "learning", 2: "trained in", 3: "skilled in", 4: "qualified for", 5: "expert in"}


def rank_technicians(
    *,
    skill: str,
    priority: Priority,
    site: Site,
    technicians: Sequence[Technician],
    workload_h: Mapping[str, float],
    labour_h: float,
    at: datetime,
    days_off: DaysOff | None = None,
    sites: Mapping[str, Site] | None = None,
) -> list[TechnicianMatch]:
    """Return those who have ``skill`` and a shift, best first; nobody has it: an empty list.

    Somebody is free once the work already assigned has been done in their shifts, which are in the time of
    their own site, where their way begins; an emergency goes before that work. ``available_at`` is when they are on
    site: travel, at 60 km/h in working time, comes on top. Two hours, or the whole of a shorter job, must then be left of
    the shift, unless it is an emergency.

    Args:
        skill: Skill that the work needs.
        priority: How urgent it is.
        site: Where the machine stands.
        technicians: Everybody in the records.
        workload_h: Hours of open work by technician id; nobody's entry missing counts as 0.
        labour_h: Hours of the work, all people together.
        at: The earliest start that makes sense (as-of, or when the parts are there).
        days_off: Holidays and absences, on which nobody is free; who is on call comes on a holiday for an emergency.
        sites: All sites by id; of somebody whose site is not among them, the own place and the time of ``site`` count.
    """
    zone = ZoneInfo(site.time_zone)
    book = days_off or DaysOff({})
    matches = []
    for person in technicians:
        if person.skills.get(skill, 0) < 1:
            continue
        load_h = max(0.0, workload_h.get(person.technician_id, 0.0))
        home = (sites or {}).get(person.site_id)
        begins = home or person
        distance = distance_km(begins.latitude, begins.longitude, site.latitude, site.longitude)
        own = ZoneInfo(home.time_zone) if home else zone
        off = book.of(person, emergencies=priority is Priority.EMERGENCY)
        times = _times(person, priority, own, at=at, load_h=load_h, distance=distance, labour_h=labour_h, off=off)
        if times is None:
            continue
        free, arrival = times
        level = person.skills[skill]
        factors = {
            "skill": _unit(level / 5),
            "experience": _unit(person.experience_years / FULL_EXPERIENCE_YEARS),
            "workload": _unit(1 - load_h / FULL_WORKLOAD_H),
            "distance": exp(-distance / DISTANCE_SCALE_KM),
            "shift": _unit(1 - (arrival - at).total_seconds() / 3600 / START_WITHIN_H[priority]),
        }
        ahead = f", {load_h:g} h of other work" if load_h > 0 else ""
        matches.append(
            TechnicianMatch(
                technician_id=person.technician_id,
                title=person.title,
                score=_unit(sum(WEIGHTS[name] * value for name, value in factors.items())),
                factors=factors,
                distance_km=distance,
                available_at=arrival,
                reason=(
                    f"{level_in_words(skill, level)}, "
                    f"free {on_site_clock(free, zone)}, {distance:.0f} km, "
                    f"on site {on_site_clock(arrival, zone)}{ahead}"
                ),
            )
        )
    return sorted(matches, key=lambda match: (-match.score, match.available_at, match.technician_id))


def _times(
    person: Technician,
    priority: Priority,
    zone: ZoneInfo,
    *,
    at: datetime,
    load_h: float,
    distance: float,
    labour_h: float,
    off: Off,
) -> tuple[datetime, datetime] | None:
    """Return when somebody is free and when on site, or None when not within the look-ahead."""
    emergency = priority is Priority.EMERGENCY
    first_h = 0.0 if emergency else load_h
    needed_h = 0.0 if emergency else min(labour_h, WORTH_STARTING_H)
    free = free_at(person.shift, zone, at=at, workload_h=first_h, start_needs_h=0.0, off=off)
    arrival = free_at(
        person.shift,
        zone,
        at=at,
        workload_h=first_h + distance / TRAVEL_KM_PER_H,
        start_needs_h=needed_h,
        off=off,
    )
    if free is None or arrival is None:
        return None
    return free, quarter_hour_up(arrival)


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Return the great-circle distance by the haversine formula, on a sphere of 6371 km.

    >>> round(distance_km(52.52, 13.405, 48.137, 11.575))  # Berlin to Munich
    504
    """
    first, second = radians(latitude), radians(to_latitude)
    across = sin((second - first) / 2) ** 2
    along = cos(first) * cos(second) * sin(radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, across + along)))


def travel_minutes(km: float) -> int:
    """Return how long a way takes door to door, one way, in whole minutes rounded up.

    >>> travel_minutes(12.3)
    13
    """
    return ceil(60 * km / TRAVEL_KM_PER_H)


def level_in_words(skill: str, level: int) -> str:
    """Say how well somebody knows something.

    >>> level_in_words("machine_tools", 4)
    'qualified for machine tools (level 4)'
    """
    return f"{_LEVEL_WORDS[min(5, max(1, level))]} {skill.replace('_', ' ')} (level {level})"


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
