"""The maintenance cycle (C1): six recorded steps for one machine, from prediction to notice, as a durable workflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbos import DBOS

from workbench.domain.base import Actor, Change, Role, ShownInShort, stable_id
from workbench.domain.runs import CYCLE_STEPS, CycleRun, CycleStep, StepState
from workbench.errors import EnvironmentFailure, WorkbenchError
from workbench.workflows import durable, score
from workbench.workflows.admission import pending_machines
from workbench.workflows.cases import tell_of_cases
from workbench.workflows.cycle_steps import STEPS, Request, Result, give_parts_back, why_skipped
from workbench.workflows.onboard import chosen_machines
from workbench.workflows.plan.after_cycle import can_plan, plan_after_cycle
from workbench.workflows.shadow import log_shadows

if TYPE_CHECKING:
    from workbench.workspace import Workspace

CYCLE_ACTOR = Actor(id="maintenance-cycle", role=Role.SYSTEM)


def run_identifier(ws: Workspace, machine_id: str, as_of: datetime, model_versions: dict[str, str]) -> str:
    """Return the run's id: the same machine, instant, models, data, profile and settings are the same run."""
    basis = score.basis_of(ws, machine_id, as_of)
    return stable_id("cycle", machine_id, as_of.isoformat(), *sorted(model_versions.items()), basis)


@DBOS.workflow(name="maintenance_cycle")
def maintenance_cycle(request: dict[str, Any]) -> Result:
    """Run the six steps for one machine; each commits its records and its result in one transaction."""
    run = Request(**request)
    results: dict[str, Result] = {}
    try:
        # Reading and scoring take long for long records: they must not hold the records' write lock.
        results["score"] = DBOS.run_step({"name": "score"}, _score, run)
        for number, name in enumerate(CYCLE_STEPS, start=1):
            durable.current().notify(run.machine_id, name)
            results[name] = _in_transaction(name, _record_step, run, number, results)
            DBOS.write_stream("progress", {"step": number, "name": name, "state": results[name]["state"]})
        return _in_transaction("finish", _finish, run, results)
    except Exception as error:
        reason = durable.in_words(durable.current().workspace, error)
        _in_transaction("failed", _record_failure, run, max(len(results), 1), str(reason))
        raise


def _in_transaction(name: str, work: Callable[..., Result], *args: Any) -> Result:
    """Run ``work(ws, ...)`` as a durable step on a workspace bound to the step's transaction."""
    execution = durable.current()

    def body() -> Result:
        return work(execution.workspace.bound(execution.datasource.sql_session()), *args)

    return execution.datasource.run_tx_step({"name": name}, body)


def _score(run: Request) -> Result:
    """Predict for the machine; returns the moment this began and the prediction as plain JSON."""
    durable.current().notify(run.machine_id, "predict")
    started = datetime.now(UTC)
    prediction = score.predict_one(durable.current().workspace, run.machine_id, as_of=run.time)
    return {"started_at": started.isoformat(), "prediction": prediction.model_dump(mode="json")}


def _change(reason: str) -> Change:
    return Change(actor=CYCLE_ACTOR, reason=reason, at=datetime.now(UTC))


def _record_step(ws: Workspace, run: Request, number: int, results: dict[str, Result]) -> Result:
    name = CYCLE_STEPS[number - 1]
    earlier = next((step for step in ws.runs.steps(run.run_id) if step.number == number), None)
    if earlier is not None and earlier.state in (StepState.DONE, StepState.SKIPPED):
        # This very run failed later on and was begun anew: what is done is not done twice.
        return dict(earlier.result)
    started = datetime.now(UTC) if name != "predict" else datetime.fromisoformat(results["score"]["started_at"])
    change = _change(f"maintenance cycle, step {number} {name}")
    reason = why_skipped(name, results)
    result: Result
    if reason:
        result = {"state": StepState.SKIPPED.value, "details": reason}
    else:
        result = {"state": StepState.DONE.value, **STEPS[name](ws, run, results, change)}
    step = CycleStep(
        step_id=stable_id(run.run_id, number),
        run_id=run.run_id,
        number=number,
        name=name,
        state=StepState(result["state"]),
        started_at=started,
        ended_at=datetime.now(UTC),
        details=result["details"],
        result=result,
    )
    ws.runs.record(step, change)
    return result


def _record_failure(ws: Workspace, run: Request, number: int, message: str) -> Result:
    now = datetime.now(UTC)
    if number > len(CYCLE_STEPS):
        change = _change("maintenance cycle, its end failed")
    else:
        name = CYCLE_STEPS[number - 1]
        change = _change(f"maintenance cycle, step {number} {name} failed")
        step_id = stable_id(run.run_id, number)
        step = CycleStep(
            step_id=step_id, run_id=run.run_id, number=number, name=name, state=StepState.FAILED,
            started_at=now, ended_at=now, details=message[:2000],
        )  # fmt: skip
        ws.runs.record(step, change)
    give_parts_back(ws, run, change, why="the run that had set them aside failed")
    ws.runs.finish(run.run_id, "failed", message[:2000], None, now, change)
    return {"state": "failed"}


def _finish(ws: Workspace, run: Request, results: dict[str, Result]) -> Result:
    assigned = results["assign"]
    outcome = assigned["details"] if assigned["state"] == "done" else results["analyse"]["reason"]
    order_id = assigned.get("order_id")
    ws.runs.finish(run.run_id, "done", outcome, order_id, datetime.now(UTC), _change("maintenance cycle finished"))
    return {
        "run_id": run.run_id,
        "machine_id": run.machine_id,
        "outcome": outcome,
        "acted": assigned["state"] == "done",
        "order_id": order_id,
        "created": bool(assigned.get("created")),
    }


@dataclass(frozen=True)
class FleetRun(ShownInShort):
    """What the cycle over a fleet did; ``results`` one entry a machine, ``failed`` and ``skipped`` machine and reason.

    ``plan_id``: the plan that is followed after it; ``planned``: what it holds in words, or why there is none.
    """

    as_of: datetime
    results: tuple[Result, ...]
    repeated: int
    failed: tuple[tuple[str, str], ...]
    exit_code: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    plan_id: str | None = None
    planned: str = ""


def _begin(ws: Workspace, machine_id: str, at: datetime, actor: Actor | None) -> tuple[dict[str, Any], bool]:
    """Record the start of a machine's run; return its request, and whether this very run was done before."""
    versions = score.versions_for(ws, machine_id, at)
    run_id = run_identifier(ws, machine_id, at, versions)
    known = ws.runs.find(run_id)
    if known is None:
        run = CycleRun(
            run_id=run_id,
            machine_id=machine_id,
            as_of=at,
            model_versions=versions,
            state="running",
            started_at=datetime.now(UTC),
            simulated=ws.settings.simulated,
        )
        ws.runs.start(run, ws.change("maintenance cycle started", actor))
    request: dict[str, Any] = {
        "run_id": run_id,
        "machine_id": machine_id,
        "as_of": at.isoformat(),
        "model_versions": versions,
    }
    request |= {"planned": can_plan()}
    return request, known is not None and known.state == "done"


def run_cycle(
    ws: Workspace,
    machine_ids: Sequence[str] | None = None,
    *,
    as_of: datetime | None = None,
    actor: Actor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> FleetRun:
    """Run the maintenance cycle for each machine (default: the whole fleet), one durable run per machine.

    A run that was already done for the same machine, instant, models and data is not done again and counted
    in ``repeated``; one that a killed process left behind is resumed. Machines that are not approved are
    ``skipped``. Then the open work is planned over all machines and people are told (see ``plan_work``); without
    OR-Tools the technician matched to each order stands. ``progress`` receives a fraction and what is being done.
    """
    at = as_of or ws.as_of()
    ids = chosen_machines(ws, machine_ids)
    skipped = () if machine_ids else tuple(pending_machines(ws))
    return replace(durable.beside_event_loop(lambda: _run_fleet(ws, ids, at, actor, progress)), skipped=skipped)


def _run_fleet(
    ws: Workspace, ids: Sequence[str], at: datetime, actor: Actor | None, progress: Callable[[float, str], None] | None
) -> FleetRun:
    done: list[Result] = []
    failed: list[tuple[str, str]] = []
    repeated = exit_code = 0
    place = {machine_id: number for number, machine_id in enumerate(ids)}

    def notify(machine_id: str, step: str) -> None:
        if progress:
            share = (place.get(machine_id, 0) + CYCLE_STEPS.index(step) / len(CYCLE_STEPS)) / len(ids)
            progress(share, f"{machine_id}: {step}")

    with durable.executing(ws, notify=notify):
        for error in durable.resume_abandoned(ws, "maintenance_cycle"):
            failed.append(("an interrupted run", str(error)))
            exit_code = max(exit_code, error.exit_code)
        for machine_id in ids:
            try:
                request, known = _begin(ws, machine_id, at, actor)
                done.append(durable.run_once(ws, maintenance_cycle, request["run_id"], request))
                repeated += known
            except WorkbenchError as error:
                failed.append((machine_id, str(error)))
                exit_code = max(exit_code, error.exit_code)
    if ws.models.challengers():
        said = ws.predictions.latest(at)
        log_shadows(ws, [said[name] for name in ids if name in said and said[name].as_of == at], actor)
    planned = plan_after_cycle(ws, at, CYCLE_ACTOR)
    if planned.error is not None:
        failed.append(("the plan of the work", str(planned.error)))
        exit_code = max(exit_code, planned.error.exit_code)
    # Where the records cannot be written, the next run tells.
    if exit_code < EnvironmentFailure.exit_code:
        try:
            tell_of_cases(ws, at, CYCLE_ACTOR, besides={machine_id for machine_id, _ in failed})
        except WorkbenchError as error:
            failed.append(("telling people of cases", str(error)))
            exit_code = max(exit_code, error.exit_code)
    if progress:
        progress(1.0, "done")
    return FleetRun(at, tuple(done), repeated, tuple(failed), exit_code, plan_id=planned.plan_id, planned=planned.words)
