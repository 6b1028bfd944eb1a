"""Which jobs a plan looks at when there are more than its days could ever hold."""

from __future__ import annotations

from workbench.domain.planning import PlanJob, PlanProblem

# Jobs of so many times the minutes of all shifts are looked at.
LOOKED_AT = 1.5


def most_urgent(problem: PlanProblem) -> tuple[PlanProblem, PlanProblem]:
    """Return the problem of the jobs to look at, and that of the others, which are deferred.

    First what is locked or known already, then the jobs whose deferral costs most for each minute that they take.
    """
    minutes = sum(shift.end_min - shift.start_min for person in problem.people for shift in person.shifts)
    known = {planned.job_id for planned in problem.previous}

    def rank(job: PlanJob) -> tuple[bool, bool, float, str]:
        gain = job.defer_cost - min(job.waiting_cost)
        return job.locked is None, job.job_id not in known, -gain / (job.minutes * job.people), job.job_id

    seen, taken = set(), 0.0
    for job in sorted(problem.jobs, key=rank):
        taken += job.minutes * job.people
        if job.locked is None and taken > LOOKED_AT * minutes:
            break
        seen.add(job.job_id)
    looked_at, others = (
        problem.model_copy(update={"jobs": tuple(job for job in problem.jobs if (job.job_id in seen) is inside)})
        for inside in (True, False)
    )
    return looked_at, others
