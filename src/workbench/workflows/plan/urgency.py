"""Within somebody's day: of jobs that follow each other at one place, the more urgent goes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from workbench.domain.planning import Plan, PlannedJob, PlanProblem


def urgent_first(problem: PlanProblem, plan: Plan, rank: Mapping[str, tuple[object, ...]]) -> Plan:
    """Return the plan with such jobs in the order of ``rank``, which changes no cost; jobs without a rank stay.

    Only jobs of one person that touch each other, at one place and without permitted hours of their own, change places.
    """
    jobs = {job.job_id: job for job in problem.jobs}
    days: dict[tuple[str, int], list[PlannedJob]] = defaultdict(list)
    for job in plan.jobs:
        for name in job.people:
            days[name, job.day].append(job)
    starts: dict[str, int] = {}
    for own in days.values():
        block: list[PlannedJob] = []
        in_order: list[PlannedJob | None] = [*sorted(own, key=lambda one: one.start_min), None]
        for planned in in_order:
            touches = (
                planned is not None
                and bool(block)
                and jobs[planned.job_id].place == jobs[block[-1].job_id].place
                and planned.start_min == block[-1].start_min + jobs[block[-1].job_id].minutes
            )
            free = planned is not None and planned.job_id in rank and len(planned.people) == 1
            if block and not (touches and free):
                start = block[0].start_min
                for one in sorted(block, key=lambda one: rank[one.job_id]):
                    starts[one.job_id] = start
                    start += jobs[one.job_id].minutes
                block = []
            if planned is not None and free:
                block.append(planned)
    moved = (one.model_copy(update={"start_min": starts.get(one.job_id, one.start_min)}) for one in plan.jobs)
    ordered = tuple(sorted(moved, key=lambda one: (one.day, one.start_min, one.job_id)))
    return plan.model_copy(update={"jobs": ordered})
