"""Whether a plan keeps every hard rule, found out without any of the code that makes plans."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise

from workbench.domain.planning import Plan, PlanJob, PlannedJob, PlanProblem


def violations(problem: PlanProblem, plan: Plan) -> list[str]:
    """Return what is wrong with a plan, in words; an empty list: nothing.

    Every job once or deferred; skills and certificates; shift and overtime with the ways from home, between and back;
    parts there; permits and planned stops; locked jobs unmoved; two people together; one job per machine at a time.
    """
    jobs = {job.job_id: job for job in problem.jobs}
    seen = [planned.job_id for planned in plan.jobs] + list(plan.deferred)
    wrong = [f"{job_id} is planned {seen.count(job_id)} times" for job_id in jobs if seen.count(job_id) != 1]
    wrong += [f"{job_id} is no job" for job_id in seen if job_id not in jobs]
    wrong += [f"deferred {job_id} is locked" for job_id in plan.deferred if job_id in jobs and jobs[job_id].locked]
    days: dict[tuple[str, int], list[PlannedJob]] = defaultdict(list)
    machines: dict[tuple[str, int], list[PlannedJob]] = defaultdict(list)
    for planned in plan.jobs:
        wrong += _job_faults(problem, jobs[planned.job_id], planned)
        machines[jobs[planned.job_id].machine_id, planned.day].append(planned)
        for name in planned.people:
            days[name, planned.day].append(planned)
    for (machine, day), there in machines.items():
        for one, other in combinations(sorted(there, key=lambda p: p.start_min), 2):
            if one.start_min + jobs[one.job_id].minutes > other.start_min:
                wrong.append(f"{one.job_id} and {other.job_id} are at {machine} at the same time on day {day}")
    for (name, day), own in days.items():
        wrong += _day_faults(problem, name, day, sorted(own, key=lambda p: p.start_min))
    return wrong


def _job_faults(problem: PlanProblem, job: PlanJob, planned: PlannedJob) -> list[str]:
    """Return what is wrong with one job, whatever else is planned."""
    locked, team = job.locked, set(planned.people)
    if locked is not None:
        unmoved = (locked.day, locked.start_min, set(locked.people)) == (planned.day, planned.start_min, team)
        return [] if unmoved else [f"{job.job_id} is locked but was moved"]
    wrong = [] if len(team) == job.people else [f"{job.job_id} has {len(team)} people, not {job.people}"]
    for person in problem.people:
        lacks = set(job.skills) - set(person.skills)
        if person.person_id in team and lacks:
            wrong.append(f"{person.person_id} lacks {', '.join(sorted(lacks))} for {job.job_id}")
    if not job.earliest_day <= planned.day < problem.days:
        wrong.append(f"{job.job_id} is on day {planned.day}, its parts come on day {job.earliest_day}")
    end = planned.start_min + job.minutes
    fits = any(w.day == planned.day and w.start_min <= planned.start_min and end <= w.end_min for w in job.windows)
    return wrong if fits or not job.windows else [*wrong, f"{job.job_id} lies outside its permitted hours"]


def _day_faults(problem: PlanProblem, name: str, day: int, own: list[PlannedJob]) -> list[str]:
    """Return what is wrong with one person's day."""
    jobs = {job.job_id: job for job in problem.jobs}
    person = next(person for person in problem.people if person.person_id == name)
    travel, wrong = problem.travel_min, []
    for one, other in pairwise(own):
        job, then = jobs[one.job_id], jobs[other.job_id]
        if one.start_min + job.minutes + travel[job.place][then.place] > other.start_min:
            wrong.append(f"{name} cannot get from {one.job_id} to {other.job_id} on day {day}")
    free = [planned for planned in own if jobs[planned.job_id].locked is None]
    if not free:
        return wrong
    shift = person.shift(day)
    if shift is None:
        return [*wrong, f"{name} has no shift on day {day}"]
    first, last = jobs[own[0].job_id], jobs[own[-1].job_id]
    if first.locked is None and own[0].start_min - travel[person.home][first.place] < shift.start_min:
        wrong.append(f"{name} would leave home before the shift on day {day}")
    back = own[-1].start_min + last.minutes + travel[last.place][person.home]
    if last.locked is None and back > shift.end_min + person.overtime_min:
        wrong.append(f"{name} would be home after the shift and its overtime on day {day}")
    return wrong
