"""Plans the open work (R3): from the records to a plan with reasons, kept as a proposal or published at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import stable_id
from workbench.domain.plans import WorkPlan
from workbench.domain.progress import Progress, untold
from workbench.domain.work import Priority
from workbench.errors import InputError, WorkbenchError

from .jobs import Draft
from .sources import Findings, Plant, read_findings, read_plant
from .task import MANY
from .urgency import urgent_first
from .wording import Words, changes, left_out, who_is_away

if TYPE_CHECKING:
    from workbench.domain.base import Actor
    from workbench.domain.planning import Plan, PlannedJob, PlanProblem
    from workbench.workspace import Workspace

DAYS = 5
TIME_LIMIT_S = 10.0
# Orders of several parts are tried again a day later so often where only some parts found room.
ROUNDS = 4


def plan_work(
    ws: Workspace,
    *,
    days: int = DAYS,
    as_of: datetime | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    workers: int = 1,
    seed: int | None = None,
    publish: bool = False,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> WorkPlan:
    """Plan the open orders over the next ``days``: who does what when, at the least expected cost, each with its reason.

    The plan is kept as a proposal; with ``publish`` the orders get its people and times and everybody is told. Nothing has
    changed since the last plan: that plan is returned. Work in progress, what people fixed and what begins within four
    hours stays as it is; whatever else was published moves only where that saves more than it disturbs.

    Args:
        ws: The workspace.
        days: How many days, the one of ``as_of`` included, 1 to 31.
        as_of: When the plan begins; default: the workspace's instant.
        time_limit_s: How long to search, in seconds.
        workers: Threads of the search; with one, and time enough, the same orders make the same plan.
        seed: Of the search; default: the workspace's.
        publish: Publish it at once.
        actor: Who plans.
        progress: Receives a fraction and what is being done.

    Raises:
        InputError: ``days`` or the time limit is out of range.
        EnvironmentFailure: OR-Tools is not installed (extra ``optimize``).
    """
    from .publish import publish_now

    faults = [] if 1 <= days <= 31 else [f"days is {days}, it must be 1 to 31"]
    faults += (
        []
        if time_limit_s is None or time_limit_s > 0
        else [f"the time limit is {time_limit_s:g} s, it must be more than 0"]
    )
    if faults:
        raise InputError(f"No plan can be made: {'; '.join(faults)}.", "Correct it.")
    tell = progress or untold
    at = as_of or ws.as_of()
    tell(0.0, "reading orders")
    plant = read_plant(ws, at, days)
    basis = plant.basis()
    standing = ws.plans.published()
    seed = ws.settings.seed if seed is None else seed
    asked = (at, days, time_limit_s, workers, seed)
    if standing is not None and standing.basis == basis and _asked_for(standing) == asked:
        return standing
    plan_id = stable_id("plan", *map(str, asked), *sorted(basis.items()))
    plan = ws.plans.find(plan_id)
    if plan is None:
        tell(0.1, "planning")
        plan = _made(
            plan_id,
            plant,
            basis,
            read_findings(ws, plant),
            time_limit_s,
            workers,
            seed,
        )
        ws.plans.add(plan, ws.change("work planned", actor))
    if publish:
        tell(0.9, "publishing")
        plan = publish_now(ws, plan, now=at, actor=actor)
    tell(1.0, "done")
    return plan


def _asked_for(plan: WorkPlan) -> tuple[object, ...]:
    return plan.as_of, plan.days, plan.time_limit_s, plan.workers, plan.seed


def _made(
    plan_id: str,
    plant: Plant,
    basis: dict[str, str],
    findings: Findings,
    time_limit_s: float,
    workers: int,
    seed: int,
) -> WorkPlan:
    draft = Draft(plant, findings, overtime_min=round(60 * plant.overtime_h))
    problem, found = _solved(draft, time_limit_s, workers, seed)
    found = _verified(problem, found, urgent_first(problem, found, draft.ranks()))
    words = Words(draft, problem, found)
    deferred = {**draft.deferred, **words.deferred()}
    assignments = words.assignments()
    orders = {order.order_id: order for order in plant.orders}
    plan = WorkPlan(
        plan_id=plan_id,
        as_of=plant.at,
        days=plant.days,
        ends_at=draft.days.starts[-1],
        assignments=assignments,
        deferred=left_out(orders, deferred),
        unplannable=left_out(orders, draft.unplannable),
        cost=found.cost,
        cost_parts=dict(found.parts),
        bound=found.bound,
        gap=found.gap,
        sequence_gap=found.sequence_gap,
        time_limit_s=time_limit_s,
        workers=workers,
        seed=seed,
        notes=(*found.notes, *_notes(draft)),
        basis=basis,
        replaces=findings.standing.plan_id if findings.standing is not None else None,
    )
    return plan.model_copy(update={"changes": changes(findings.standing, plan, orders)})


def _solved(draft: Draft, time_limit_s: float, workers: int, seed: int) -> tuple[PlanProblem, Plan]:
    """Return the problem and its plan: emergencies by themselves, then all other work around them.

    An order of several parts is in the plan with all of them, or not at all.
    """
    until = time.monotonic() + time_limit_s
    rounds = ROUNDS if len(draft.tasks) <= MANY else 0

    def solved(problem: PlanProblem) -> Plan:
        from workbench.dispatch.planning import make_plan

        left_s = max(until - time.monotonic(), time_limit_s / 10)
        return make_plan(problem, clock=time.monotonic, time_limit_s=left_s, workers=workers, seed=seed)

    first = _emergencies(draft, solved)
    for attempt in range(rounds + 1):
        problem = _fixed(draft.problem(), first)
        found = solved(problem)
        torn = draft.without_room(set(found.deferred))
        if not torn or attempt == rounds:
            break
        draft.later(torn)
    return problem, _without(problem, found, draft.leave_out_torn(torn))


def _emergencies(draft: Draft, solved: Callable[[PlanProblem], Plan]) -> dict[str, PlannedJob]:
    """Return who does each emergency when, as if there were no other work but what is locked: no cost may outbid one."""
    urgent = {key for key, task in draft.tasks.items() if task.order.priority is Priority.EMERGENCY and task.parts == 1}
    while urgent:
        whole = draft.problem(emergencies=True)
        alone = whole.model_copy(
            update={"jobs": tuple(job for job in whole.jobs if job.locked is not None or job.job_id in urgent)}
        )
        found = solved(alone)
        again = [key for key in draft.without_room(set(found.deferred)) if key in urgent]
        if not again:
            return {job.job_id: job for job in found.jobs if job.job_id in urgent}
        draft.later(again)
    return {}


def _fixed(problem: PlanProblem, agreed: Mapping[str, PlannedJob]) -> PlanProblem:
    """Return the problem with what is agreed locked."""
    jobs = (
        job if job.job_id not in agreed else job.model_copy(update={"locked": agreed[job.job_id]})
        for job in problem.jobs
    )
    return problem.model_copy(update={"jobs": tuple(jobs)}) if agreed else problem


def _without(problem: PlanProblem, found: Plan, job_ids: Collection[str]) -> Plan:
    """Return the plan without some jobs: they are deferred, and it costs what is left."""
    from workbench.dispatch.planning.options import Possibilities, cost_parts

    if not job_ids:
        return found
    jobs = tuple(job for job in found.jobs if job.job_id not in job_ids)
    parts = cost_parts(Possibilities(problem, {}), {job.job_id: (job.day, job.people) for job in jobs})
    cost = sum(parts.values())
    bound = min(found.bound, cost)
    deferred = tuple(job.job_id for job in problem.jobs if job.job_id in job_ids or job.job_id in found.deferred)
    said = {"cost": cost, "parts": parts, "bound": bound, "gap": (cost - bound) / cost if cost else 0.0}
    return found.model_copy(update={"jobs": jobs, "deferred": deferred, **said})


def _verified(problem: PlanProblem, found: Plan, better: Plan) -> Plan:
    """Return ``better``, or ``found`` where only that keeps all hard rules: the verifier shares no code with the planner."""
    from workbench.dispatch.planning import violations

    planned = {job.job_id for job in found.jobs}
    of_planned = problem.model_copy(update={"jobs": tuple(job for job in problem.jobs if job.job_id in planned)})
    if not violations(of_planned, better.model_copy(update={"deferred": ()})):
        return better
    wrong = violations(of_planned, found.model_copy(update={"deferred": ()}))
    if wrong:
        raise WorkbenchError(
            f"The plan breaks a rule: {'; '.join(wrong[:3])}.", "Plan with another seed, and report this."
        )
    return found


def _notes(draft: Draft) -> list[str]:
    unknown = ", ".join(draft.crew.strangers)
    notes = [f"not planned with, because their site is not in the records: {unknown}"] if unknown else []
    return notes + who_is_away(draft)
