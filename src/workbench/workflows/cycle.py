"""The maintenance cycle (C1): six recorded steps for one machine, from prediction to notice, as a durable workflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbos import DBOS

from workbench import dispatch
from workbench.domain.base import Actor, Change, Role, stable_id
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import Prediction
from workbench.domain.work import CYCLE_STEPS, CycleRun, CycleStep, StepState
from workbench.errors import WorkbenchError
from workbench.workflows import durable, score
from workbench.workflows.impact import assess_machine
from workbench.workflows.onboard import chosen_machines

if TYPE_CHECKING:
    from workbench.domain.work import (
        AnalyticsPackage,
        DispatchReport,
        InventoryCheck,
        Priority,
        TechnicianMatch,
        WorkOrder,
    )
    from workbench.workspace import Workspace

CYCLE_ACTOR = Actor(id="maintenance-cycle", role=Role.SYSTEM)

Result = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What one run is for; plain values, because they are kept as JSON."""

    run_id: str
    machine_id: str
    as_of: str
    model_versions: dict[str, str]

    @property
    def time(self) -> datetime:
        """The instant the run looks at."""
        return datetime.fromisoformat(self.as_of)

    @property
    def order_id(self) -> str:
        """Identifier of the order this run would open."""
        return stable_id(self.run_id, "order")


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
    except Exception as error:
        _in_transaction("failed", _record_failure, run, max(len(results), 1), f"{type(error).__name__}: {error}")
        raise
    return _in_transaction("finish", _finish, run, results)


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
    started = datetime.now(UTC) if name != "predict" else datetime.fromisoformat(results["score"]["started_at"])
    change = _change(f"maintenance cycle, step {number} {name}")
    reason = _why_skipped(name, results)
    result: Result
    if reason:
        result = {"state": StepState.SKIPPED.value, "details": reason}
    else:
        result = {"state": StepState.DONE.value, **_STEPS[name](ws, run, results, change)}
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


def _why_skipped(name: str, results: dict[str, Result]) -> str:
    """Return why steps 3 to 6 are not needed, or an empty string."""
    if name in ("predict", "analyse"):
        return ""
    if not results["analyse"]["act"]:
        return str(results["analyse"]["reason"])
    standing = results["analyse"]["supports"]
    if name in ("report", "inventory") and standing:
        return f"order {standing} for this failure is already open; the finding is added to it"
    if name == "notify" and not results["assign"]["tell"]:
        return (
            f"order {standing or results['assign']['number']} stands as it was; everybody was told when it was opened"
        )
    return ""


def _predict(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    prediction = Prediction.model_validate(results["score"]["prediction"])
    ws.predictions.add(prediction, change)
    cases = [ws.cases.observe(case, change) for case in dispatch.cases_from(prediction)]
    seen = {case.cause for case in cases}
    # A machine that is silent cannot show that a matter is over.
    judged = prediction.status is not MachineStatus.OFFLINE
    for case in ws.cases.open(run.machine_id) if judged else ():
        if case.cause not in seen and case.last_seen_at < run.time:
            ws.cases.resolve(case.case_id, change)
    return {
        "details": prediction.reasons[0] if prediction.reasons else "nothing stands out",
        "prediction_id": prediction.prediction_id,
        "health_state": None if prediction.health_state is None else int(prediction.health_state),
        "cases": [case.case_id for case in cases],
    }


def _analyse(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    prediction = ws.predictions.get(results["predict"]["prediction_id"])
    package = assess_machine(ws, prediction)
    ws.packages.add(package, change)
    standing = [
        order
        for order in ws.orders.open(run.machine_id)
        if order.failure_mode == package.failure_mode and order.created_at <= run.time
    ]
    return {
        "details": package.decision.reason,
        "package_id": package.package_id,
        "act": package.decision.act,
        "reason": package.decision.reason,
        "failure_mode": package.failure_mode,
        "supports": standing[0].number if standing else "",
    }


def _findings(ws: Workspace, results: dict[str, Result]) -> tuple[Prediction, AnalyticsPackage]:
    prediction = ws.predictions.get(results["predict"]["prediction_id"])
    package = ws.packages.for_prediction(prediction.prediction_id)
    if package is None:
        raise WorkbenchError(f"Prediction {prediction.prediction_id} has no analytics package.", "Run the cycle again.")
    return prediction, package


def _inventory_check(ws: Workspace, package: AnalyticsPackage, order_id: str) -> InventoryCheck:
    """Check the parts against what is free, counting what this very order has already reserved."""
    own = {r.part_id: r.quantity for r in ws.parts.reservations(order_id) if r.state == "reserved"}
    needed = {part_id for part_id, _ in package.resources.parts}
    parts = {part.part_id: part for part in ws.parts.all() if part.part_id in needed}
    available = {part_id: ws.parts.available(part_id) + own.get(part_id, 0) for part_id in parts}
    return dispatch.check_inventory(package.resources.parts, parts, available)


def _rank(ws: Workspace, run: Request, package: AnalyticsPackage, urgency: Priority) -> list[TechnicianMatch]:
    """Rank the technicians by what they are already given and by when the parts are there."""
    workload: dict[str, float] = {}
    for standing in ws.orders.open():
        if standing.technician_id:
            workload[standing.technician_id] = workload.get(standing.technician_id, 0.0) + standing.labour_h
    return dispatch.rank_technicians(
        skill=package.resources.skill,
        priority=urgency,
        site=ws.sites.get(ws.machines.get(run.machine_id).site_id),
        technicians=ws.technicians.all(),
        workload_h=workload,
        labour_h=package.resources.labour_h,
        at=dispatch.parts_arrival(_inventory_check(ws, package, run.order_id), run.time),
    )


def _draft(ws: Workspace, run: Request, results: dict[str, Result]) -> tuple[WorkOrder, list[TechnicianMatch]]:
    """Write the order down as it would be opened now; nothing is stored."""
    prediction, package = _findings(ws, results)
    profile = ws.machines.get(run.machine_id)
    urgency, _ = dispatch.judge_priority(prediction, profile, package.decision.horizon_h)
    matches = _rank(ws, run, package, urgency)
    order = dispatch.draft_order(
        prediction,
        package,
        profile,
        _inventory_check(ws, package, run.order_id),
        number=ws.orders.next_number(run.time.year),
        order_id=run.order_id,
        matches=matches,
        priority=urgency,
    )
    return order, matches


def _report(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    order, matches = _draft(ws, run, results)
    report = _write_report(ws, run, results, order, matches, change)
    return {"details": report.summary, "report_id": report.report_id}


def _write_report(
    ws: Workspace,
    run: Request,
    results: dict[str, Result],
    order: WorkOrder,
    matches: Sequence[TechnicianMatch],
    change: Change,
) -> DispatchReport:
    prediction, package = _findings(ws, results)
    profile = ws.machines.get(run.machine_id)
    report = dispatch.write_dispatch_report(
        order,
        prediction,
        package,
        profile,
        currency=ws.settings.currency,
        site=ws.sites.get(profile.site_id),
        technician=matches[0] if matches else None,
    )
    ws.dispatch_reports.put(report, change)
    return report


def _inventory(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    _, package = _findings(ws, results)
    check = _inventory_check(ws, package, run.order_id)
    ws.parts.reserve(run.order_id, [(line.part_id, line.reserve) for line in check.lines if line.reserve], change)
    missing = [f"{line.to_order} x {line.title}" for line in check.lines if line.to_order]
    reserved = sum(line.reserve for line in check.lines)
    details = f"{reserved} parts reserved" if check.lines else "no parts needed"
    return {
        "details": details + (f"; to order: {', '.join(missing)}" if missing else ""),
        "to_order": [{"part_id": line.part_id, "quantity": line.to_order} for line in check.lines if line.to_order],
    }


def _assign(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    drafted, matches = _draft(ws, run, results)
    order, created = ws.orders.open_or_support(drafted, change)
    if order.order_id != run.order_id:
        # The order was opened by another run: what was set aside for ours is free again.
        ws.parts.release(run.order_id, change)
    more_urgent = order.order_id != run.order_id and drafted.priority < order.priority
    if created:
        # Number and technician are settled only now.
        _write_report(ws, run, results, order, matches, change)
    elif more_urgent:
        due = min(order.due_at, drafted.due_at)
        order = order.model_copy(update={"priority": drafted.priority, "due_at": due})
        ws.orders.update(order, change)
    what = "opened" if created else "made more urgent" if more_urgent else "supported by a further finding"
    prediction_id = results["predict"]["prediction_id"]
    ws.dispatch_history.add(order.order_id, run.machine_id, what, {"prediction_id": prediction_id}, change)
    return {
        "details": f"{order.number} {what}: {order.title}; {order.technician_reason}",
        "order_id": order.order_id,
        "number": order.number,
        "created": created,
        "tell": created or more_urgent,
        "technician_id": order.technician_id,
    }


def _notify(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    from workbench.channels import in_app

    order = ws.orders.get(results["assign"]["order_id"])
    profile = ws.machines.get(run.machine_id)
    notices = dispatch.write_notices(
        order, profile, site=ws.sites.get(profile.site_id), currency=ws.settings.currency, at=run.time
    )
    if not results["assign"]["created"]:
        # People were told of the order before; its new urgency is news.
        notices = [
            notice.model_copy(
                update={
                    "notice_id": stable_id(notice.notice_id, "priority", int(order.priority)),
                    "subject": f"More urgent: {notice.subject}",
                }
            )
            for notice in notices
        ]
    for notice in notices:
        in_app.deliver(ws.notices, notice, change)
    return {"details": f"{len(notices)} notices: {', '.join(notice.recipient for notice in notices)}"}


_STEPS: dict[str, Callable[[Workspace, Request, dict[str, Result], Change], Result]] = {
    "predict": _predict,
    "analyse": _analyse,
    "report": _report,
    "inventory": _inventory,
    "assign": _assign,
    "notify": _notify,
}


def _record_failure(ws: Workspace, run: Request, number: int, message: str) -> Result:
    name = CYCLE_STEPS[min(number, len(CYCLE_STEPS)) - 1]
    change = _change(f"maintenance cycle, step {number} {name} failed")
    now = datetime.now(UTC)
    step_id = stable_id(run.run_id, number)
    step = CycleStep(
        step_id=step_id, run_id=run.run_id, number=number, name=name, state=StepState.FAILED,
        started_at=now, ended_at=now, details=message[:2000],
    )  # fmt: skip
    ws.runs.record(step, change)
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
class FleetRun:
    """What the cycle over a fleet did; ``results`` one entry a machine, ``failed`` machine and reason."""

    as_of: datetime
    results: tuple[Result, ...]
    repeated: int
    failed: tuple[tuple[str, str], ...]
    exit_code: int = 0


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
    request = {"run_id": run_id, "machine_id": machine_id, "as_of": at.isoformat(), "model_versions": versions}
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
    in ``repeated``; one that a killed process left behind is resumed. ``progress`` receives a fraction and
    what is being done.
    """
    at = as_of or ws.as_of()
    ids = chosen_machines(ws, machine_ids)
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
    if progress:
        progress(1.0, "done")
    return FleetRun(at, tuple(done), repeated, tuple(failed), exit_code)
