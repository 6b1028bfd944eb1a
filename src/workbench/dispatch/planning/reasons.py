"""Why a job is planned as it is, in words that the planner and the technician can check."""

from __future__ import annotations

from collections.abc import Mapping

from .options import Chosen, Possibilities


def clock_time(minutes: int) -> str:
    """Return minutes of a day as a time.

    >>> clock_time(605)
    '10:05'
    """
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def reason_for(possible: Possibilities, chosen: Chosen, starts: Mapping[str, int], job_id: str) -> str:
    """Return e.g. ``certified for pumps, free at 10:00, 12 km; 2 of 5 could do it on this day``."""
    job = possible.jobs[job_id]
    day, people = chosen[job_id]
    if job.locked is not None:
        return "locked: stays as it was agreed"
    skills = " and ".join(skill.replace("_", " ") for skill in job.skills) or "no special skill needed"
    told = [f"has {skills}" if job.skills else skills, f"free at {clock_time(starts[job_id])}"]
    for name in people:
        person = possible.people[name]
        km = possible.problem.distance_km.get(person.home, {}).get(job.place)
        way = f"{km:.0f} km" if km is not None else f"{possible.problem.travel_min[person.home][job.place]} min"
        told.append("at home there" if person.home == job.place else f"{way} from {person.home}")
    able = len(possible.options[job_id][day])
    told.append(f"{able} could do it that day" if able > job.people else "nobody else could do it that day")
    if job.windows:
        told.append("within the permitted hours")
    if day > job.earliest_day and job.waiting_cost[day] > job.waiting_cost[job.earliest_day]:
        told.append("more urgent work comes first")
    return ", ".join(dict.fromkeys(told))
