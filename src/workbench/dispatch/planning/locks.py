"""Whether jobs that must stay as they are can all stay."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from workbench.domain.planning import PlanJob, PlannedJob, PlanProblem


def lock_faults(problem: PlanProblem) -> list[str]:
    """Return why the locked jobs cannot stay as they are, in words; an empty list: they can."""
    people = {person.person_id for person in problem.people}
    faults = []
    of_person: dict[tuple[str, int], list[tuple[PlannedJob, PlanJob]]] = defaultdict(list)
    of_machine: dict[tuple[str, int], list[tuple[PlannedJob, PlanJob]]] = defaultdict(list)
    for job in problem.jobs:
        locked = job.locked
        if locked is None:
            continue
        team = set(locked.people)
        faults += [f"{job.job_id} is locked to {name!r}, who does not exist" for name in sorted(team - people)]
        if locked.day >= problem.days:
            faults.append(f"{job.job_id} is locked to day {locked.day} of {problem.days}")
        if len(team) != job.people:
            faults.append(f"{job.job_id} is locked to {len(team)} people but needs {job.people}")
        of_machine[job.machine_id, locked.day].append((locked, job))
        for name in team:
            of_person[name, locked.day].append((locked, job))
    travel = problem.travel_min
    for kind, by_day, way in (("machine", of_machine, 0), ("person", of_person, 1)):
        for (name, day), booked in sorted(by_day.items()):
            for (one, job), (other, then) in pairwise(sorted(booked, key=lambda each: each[0].start_min)):
                if one.start_min + job.minutes + way * travel[job.place][then.place] > other.start_min:
                    faults.append(
                        f"{job.job_id} and {then.job_id} are locked to {kind} {name!r} at the same time on day {day}"
                    )
    return faults
