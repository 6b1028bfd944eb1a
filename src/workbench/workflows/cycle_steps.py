"""What each step of the maintenance cycle does: from the engines' answers to records, one transaction a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench import dispatch
from workbench.dispatch.days_off import DaysOff
from workbench.domain.base import Change, stable_id
from workbench.domain.cases import CaseState
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import Prediction
from workbench.errors import WorkbenchError
from workbench.workflows.impact import assess_machine
from workbench.workflows.order_report import write_report
from workbench.workflows.orders import note_inspection, settled_by
from workbench.workflows.orders.approval import ask_if_costly
from workbench.workflows.orders.steps import make_more_urgent
from workbench.workflows.procurement import expect_parts_of, hold_orders, share_out

if TYPE_CHECKING:
    from workbench.domain.analysis import AnalyticsPackage
    from workbench.domain.cases import Case
    from workbench.domain.work import DispatchReport, InventoryCheck, Priority, TechnicianMatch, WorkOrder
    from workbench.workspace import Workspace

Result = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """What one run is for; plain values, because they are kept as JSON."""

    run_id: str
    machine_id: str
    as_of: str
    model_versions: dict[str, str]
    planned: bool = False

    @property
    def time(self) -> datetime:
        """The instant the run looks at."""
        return datetime.fromisoformat(self.as_of)

    @property
    def order_id(self) -> str:
        """Identifier of the order this run would open."""
        return stable_id(self.run_id, "order")


def why_skipped(name: str, results: dict[str, Result]) -> str:
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
    found = {case.cause: case for case in dispatch.cases_from(prediction)}
    # A machine that is silent cannot show that a matter is over, nor can a faulty sensor.
    judged = prediction.status is not MachineStatus.OFFLINE
    blind = {f"limit:{fault.sensor}" for fault in prediction.sensor_faults}
    standing = {case.cause: case for case in ws.cases.open(run.machine_id)} if judged else {}
    cases = []
    # One order for all writers, so that two of them never wait for each other's case.
    for cause in sorted({*found, *standing}):
        if cause in found:
            cases.append(ws.cases.observe(found[cause], change))
        elif cause not in blind and _is_over(standing[cause], run.time):
            ws.cases.resolve(standing[cause].case_id, change, at=run.time)
    return {
        "details": prediction.reasons[0] if prediction.reasons else "nothing stands out",
        "prediction_id": prediction.prediction_id,
        "health_state": None if prediction.health_state is None else int(prediction.health_state),
        "cases": [case.case_id for case in cases],
    }


def _is_over(case: Case, at: datetime) -> bool:
    """Say whether a case that is not seen any more ends; what somebody put aside stays aside until the time that they gave."""
    return case.last_seen_at < at and case.state_at(at) is not CaseState.SHELVED


def _analyse(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    prediction = ws.predictions.get(results["predict"]["prediction_id"])
    package = assess_machine(ws, prediction)
    ws.packages.add(package, change)
    standing = [
        order
        for order in ws.orders.open(run.machine_id)
        if order.failure_mode == package.failure_mode and order.created_at <= run.time
    ]
    settled = settled_by(ws, prediction, package.failure_mode) if package.decision.act else ""
    if settled:
        note_inspection(ws, prediction, package.failure_mode, change)
    return {
        "details": settled or package.decision.reason,
        "package_id": package.package_id,
        "act": package.decision.act and not settled,
        "reason": settled or package.decision.reason,
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
        if standing.technician_id and standing.order_id != run.order_id:
            workload[standing.technician_id] = workload.get(standing.technician_id, 0.0) + standing.labour_h
    sites = {site.site_id: site for site in ws.sites.all()}
    return dispatch.rank_technicians(
        skill=package.resources.skill,
        priority=urgency,
        site=ws.sites.get(ws.machines.get(run.machine_id).site_id),
        technicians=ws.technicians.all(),
        workload_h=workload,
        labour_h=package.resources.labour_h,
        at=dispatch.parts_arrival(_inventory_check(ws, package, run.order_id), run.time),
        days_off=DaysOff(sites, ws.absences.all()),
        sites=sites,
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
    report = _write_report(ws, results, order, matches, change)
    # The summary names a number that is settled only when the order is opened.
    return {"details": f"{order.title}: {len(report.steps)} steps", "report_id": report.report_id}


def _write_report(
    ws: Workspace, results: dict[str, Result], order: WorkOrder, matches: Sequence[TechnicianMatch], change: Change
) -> DispatchReport:
    best = matches[0] if matches else None
    return write_report(ws, order, *_findings(ws, results), change, technician=best)


def _inventory(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    _, package = _findings(ws, results)
    check = _inventory_check(ws, package, run.order_id)
    wanted = [(line.part_id, line.reserve) for line in check.lines if line.reserve]
    reserved = sum(allotment.quantity for allotment in ws.parts.reserve(run.order_id, wanted, change))
    missing = [f"{line.to_order} x {line.title} ({line.available} free)" for line in check.lines if line.to_order]
    details = f"{reserved} parts reserved" if check.lines else "no parts needed"
    return {
        "details": details + (f"; to order: {', '.join(missing)}" if missing else ""),
        "to_order": [{"part_id": line.part_id, "quantity": line.to_order} for line in check.lines if line.to_order],
    }


def _assign(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    drafted, matches = _draft(ws, run, results)
    freed = {one.part_id for one in ws.parts.reservations(run.order_id) if one.state == "reserved"}
    standing = [one.order_id for one in ws.orders.open(run.machine_id) if one.failure_mode == drafted.failure_mode]
    # Before the standing one is locked alone: see ``hold_orders``.
    hold_orders(ws, freed if standing else (), *standing)
    order, created = ws.orders.open_or_support(drafted, change)
    if order.order_id != run.order_id:
        # The order was opened by another run: what was set aside for ours is free again.
        give_parts_back(ws, run, change, why=f"{order.number} has its parts already")
    more_urgent = order.order_id != run.order_id and drafted.priority < order.priority
    if created:
        order, matches = _with_parts(ws, run, results, order, matches, change)
        order = ask_if_costly(ws, expect_parts_of(ws, order, change, at=run.time), change)
        # Number and technician are settled only now.
        _write_report(ws, results, order, matches, change)
    elif more_urgent:
        order = make_more_urgent(ws, order, drafted.priority, drafted.due_at, change)
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


def _with_parts(
    ws: Workspace,
    run: Request,
    results: dict[str, Result],
    order: WorkOrder,
    matches: list[TechnicianMatch],
    change: Change,
) -> tuple[WorkOrder, list[TechnicianMatch]]:
    """Set aside for an order that was just opened what it needs and has not got, and return it as it is with that.

    Step 4 has done so, unless another order stood then or this run failed since; and others may have taken parts meanwhile.
    """
    known = {line.part_id: line.needed for line in order.parts if line.known}
    for part_id in sorted(known):
        ws.parts.top_up(order.order_id, part_id, known[part_id], change)
    anew, ranked = _draft(ws, run, results)
    if anew.parts == order.parts:
        return order, matches
    order = anew.model_copy(update={"number": order.number})
    ws.orders.update(order, change)
    return order, ranked


def give_parts_back(ws: Workspace, run: Request, change: Change, *, why: str) -> None:
    """Free what was set aside for an order that the run has not opened: it goes to the orders that wait for it."""
    if ws.orders.find(run.order_id) is not None:
        return
    freed = {one.part_id for one in ws.parts.reservations(run.order_id) if one.state == "reserved"}
    hold_orders(ws, freed)
    ws.parts.release(run.order_id, change)
    share_out(ws, freed, change, why=why, key=run.order_id)


def _notify(ws: Workspace, run: Request, results: dict[str, Result], change: Change) -> Result:
    from workbench.workflows.notices import tell_of_order

    if run.planned:
        # People are told once, when the plan of all the work names technician and time.
        return {"details": "told with the plan of the work, which names technician and time"}
    recorded = tell_of_order(ws, ws.orders.get(results["assign"]["order_id"]), change, at=run.time)
    ways = {"in_app": "", "email": " by e-mail"}
    told = [f"{one.recipient}{ways.get(one.channel, f' by {one.webhook}')}" for one in recorded]
    return {"details": f"{len(recorded)} notices: {', '.join(told)}"}


STEPS: dict[str, Callable[[Workspace, Request, dict[str, Result], Change], Result]] = {
    "predict": _predict,
    "analyse": _analyse,
    "report": _report,
    "inventory": _inventory,
    "assign": _assign,
    "notify": _notify,
}
