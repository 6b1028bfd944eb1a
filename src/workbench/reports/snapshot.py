"""Reads from a workspace what a report shows: the fleet, one machine, or a run of the maintenance cycle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, TypeVar

from workbench.dispatch import procurement
from workbench.domain.observations import AssetEvent
from workbench.domain.procurement import PurchaseState
from workbench.domain.work import OPEN_ORDER_STATES
from workbench.errors import InputError, NotFound

from .content.cycle import CycleSnapshot, RunView
from .content.dossier import MachineDossier
from .content.fleet import FleetSnapshot, MachineView
from .content.plan import PlanDossier

if TYPE_CHECKING:
    import pandas as pd

    from workbench.domain.predictions import ModelVersion, Prediction
    from workbench.domain.runs import CycleRun, CycleStep
    from workbench.domain.work import DispatchReport
    from workbench.workspace import Workspace

DISTRIBUTION = "predictive-maintenance-workbench"
MOST_PREDICTIONS = 400


class _OfMachine(Protocol):
    @property
    def machine_id(self) -> str: ...


T = TypeVar("T", bound=_OfMachine)


def fleet_snapshot(ws: Workspace) -> FleetSnapshot:
    """Return the whole fleet as of the workspace's instant; nothing that was found later is in it."""
    at = ws.as_of()
    predictions, packages, statuses = ws.predictions.latest(at), ws.packages.latest(at), ws.machines.statuses()
    sites = {site.site_id: site for site in ws.sites.all()}
    orders = _by_machine(order for order in ws.orders.open() if order.created_at <= at)
    cases = _by_machine(case for case in ws.cases.open() if case.opened_at <= at)
    views = []
    for profile in ws.machines.all():
        machine_id = profile.machine_id
        prediction, package = predictions.get(machine_id), packages.get(machine_id)
        # A package of an older prediction would put yesterday's costs beside today's figures.
        current = prediction and package and package.prediction_id == prediction.prediction_id
        views.append(
            MachineView(
                profile=profile,
                status=statuses[machine_id],
                prediction=prediction,
                package=package if current else None,
                orders=tuple(orders[machine_id]),
                cases=tuple(cases[machine_id]),
                site=sites.get(profile.site_id),
            )
        )
    return snapshot_of(ws, at, views, [model for model in ws.models.active() if model.as_of <= at])


def machine_dossier(ws: Workspace, machine_id: str, days: float) -> MachineDossier:
    """Return all that is known of one machine as of the workspace's instant, with its last ``days`` of readings.

    Raises:
        InputError: no machine is named, or ``days`` is not positive.
        NotFound: there is no such machine; close matches are named.
    """
    if not machine_id:
        known = ", ".join(ws.machines.ids()[:8])
        raise InputError("No machine is named.", f"Set machine_id to one of: {known or 'none is recorded yet'}.")
    if not days > 0:
        raise InputError(f"days = {days:g} cannot be used.", "Give days above 0.")
    at, profile = ws.as_of(), ws.machines.get(machine_id)
    history = [said for said in ws.predictions.history(machine_id, MOST_PREDICTIONS) if said.as_of <= at]
    prediction = history[0] if history else ws.predictions.latest(at).get(machine_id)
    orders = [order for order in ws.orders.of_machine(machine_id) if order.created_at <= at]
    view = MachineView(
        profile=profile,
        status=ws.machines.status(machine_id),
        prediction=prediction,
        package=ws.packages.for_prediction(prediction.prediction_id) if prediction else None,
        orders=tuple(order for order in orders if order.state in OPEN_ORDER_STATES),
        cases=tuple(case for case in ws.cases.open(machine_id) if case.opened_at <= at),
        site=ws.sites.find(profile.site_id),
    )
    scopes = ("fleet", f"type:{profile.machine_type}")
    active = [model for model in ws.models.active() if model.as_of <= at and model.scope in scopes]
    fleet = snapshot_of(ws, at, [view], active, machine_id)
    events = [AssetEvent.model_validate(row) for row in ws.events.frame(machine_id, at).to_dict("records")]
    named = {(event.time, event.kind) for event in events if event.cause != "unknown"}
    return MachineDossier(
        fleet=replace(fleet, models=tuple(_used(ws, prediction))) if prediction else fleet,
        outdated=bool(fleet.outdated),
        days=days,
        readings=readings_of(ws, fleet, days)(machine_id),
        # What is recorded twice, once without its cause, is shown once.
        events=tuple(e for e in events if e.cause != "unknown" or (e.time, e.kind) not in named),
        predictions=_one_an_instant(history),
        past_orders=tuple(order for order in orders if order.state not in OPEN_ORDER_STATES),
        site=view.site,
        forecasts=tuple(ws.forecasts.latest(machine_id, at).values()),
        explanations=tuple(ws.explanations.of_prediction(prediction.prediction_id)) if prediction else (),
    )


def cycle_snapshot(ws: Workspace, run_id: str = "") -> CycleSnapshot:
    """Return one run of the maintenance cycle, or without ``run_id`` the newest run of every machine of its instant.

    The newest set is that of the run started last, among those that look at no later instant than the workspace.

    Raises:
        NotFound: there is no such run (close matches are named), or none is recorded at all.
        InputError: the run looks at a later instant than the workspace.
    """
    at = ws.as_of()
    if run_id:
        run = ws.runs.get(run_id)
        if run.as_of > at:
            raise InputError(
                f"Run {run_id!r} is as of {run.as_of:%Y-%m-%d %H:%M} UTC, the workspace of {at:%Y-%m-%d %H:%M} UTC.",
                "Choose an earlier run, or set a later as_of.",
            )
        chosen, left_out = [run], 0
    else:
        known = [run for run in ws.runs.all(10 * len(ws.machines.ids()) + 100) if run.as_of <= at]
        if not known:
            raise NotFound("No run of the maintenance cycle is recorded.", "Make one with: workbench run")
        same = [run for run in known if run.as_of == known[0].as_of]
        newest = {run.machine_id: run for run in reversed(same)}
        chosen, left_out = [newest[machine_id] for machine_id in sorted(newest)], len(same) - len(newest)
    steps = {run.run_id: tuple(ws.runs.steps(run.run_id)) for run in chosen}
    runs = tuple(RunView(run, _run_machine(ws, run, steps[run.run_id]), steps[run.run_id]) for run in chosen)
    orders = {order.order_id: order for view in runs for order in view.view.orders}
    by_number = sorted(orders.values(), key=lambda order: order.number)
    machine_id = chosen[0].machine_id if len(chosen) == 1 else None
    said = ws.log.entries("cycle_run", chosen[0].run_id)
    told = [one for one in ws.notices.all() if one.order_id in orders and one.created_at == chosen[0].as_of]
    notices = sorted(told, key=lambda one: (orders[one.order_id or ""].number, one.recipient))
    return CycleSnapshot(
        fleet=snapshot_of(ws, chosen[0].as_of, [view.view for view in runs], _models_of(ws, chosen), machine_id),
        runs=runs,
        left_out=left_out,
        started_by=said[-1].actor if said else "",
        notices=tuple(notices),
        reservations=tuple(one for order in by_number for one in ws.parts.reservations(order.order_id)),
        dispatch_reports=_dispatch_reports(ws, runs),
        plan=_plan_dossier(ws, chosen[0].as_of, chosen[0].order_id if run_id else None)
        if orders or not run_id
        else None,
    )


def _plan_dossier(ws: Workspace, at: datetime, order_id: str | None) -> PlanDossier | None:
    """Return the plan that was published last as of no later than ``at``, to be listed for one order or for all."""
    plan = ws.plans.followed(at)
    if plan is None:
        return None
    named = {work.order_id for work in plan.assignments} | {change.order_id for change in plan.changes}
    named |= {one.order_id for one in (*plan.deferred, *plan.unplannable)}
    orders = {order.order_id: order for order in ws.orders.open() if order.order_id in named}
    closed = [order for key in sorted(named - set(orders)) if (order := ws.orders.find(key))]
    stops = [stop for stop in ws.planned_stops.all() if stop.starts_at < plan.ends_at and stop.ends_at > plan.as_of]
    now = ws.plans.published()
    return PlanDossier(
        plan=plan,
        sites={site.site_id: site for site in ws.sites.all()},
        technicians={person.technician_id: person for person in ws.technicians.all()},
        machines={profile.machine_id: profile for profile in ws.machines.all()},
        orders=orders | {order.order_id: order for order in closed},
        stops=tuple(sorted(stops, key=lambda stop: (stop.starts_at, stop.stop_id))),
        absences=tuple(ws.absences.all()),
        newer=now.as_of if now is not None and now.plan_id != plan.plan_id and now.as_of <= ws.as_of() else None,
        order_id=order_id,
    )


def _run_machine(ws: Workspace, run: CycleRun, steps: Iterable[CycleStep]) -> MachineView:
    """Return a machine with what one run said of it and the order that it opened or supported."""
    results = {step.name: step.result for step in steps}
    prediction_id, package_id = (
        results.get("predict", {}).get("prediction_id"),
        results.get("analyse", {}).get("package_id"),
    )
    order = ws.orders.find(run.order_id) if run.order_id else None
    profile = ws.machines.get(run.machine_id)
    return MachineView(
        profile=profile,
        prediction=ws.predictions.find(str(prediction_id)) if prediction_id else None,
        package=ws.packages.find(str(package_id)) if package_id else None,
        orders=(order,) if order else (),
        site=ws.sites.find(profile.site_id),
    )


def _models_of(ws: Workspace, runs: Iterable[CycleRun]) -> list[ModelVersion]:
    """Return the models that the runs used."""
    ids = sorted({version_id for run in runs for version_id in run.model_versions.values()})
    return [model for version_id in ids if (model := ws.models.find(version_id))]


def _dispatch_reports(ws: Workspace, runs: Iterable[RunView]) -> dict[str, DispatchReport]:
    """Return what was written for technicians, by run."""
    found = {}
    for view in runs:
        written = view.step("report")
        report_id = written.result.get("report_id") if written else None
        if report_id and (report := ws.dispatch_reports.find(str(report_id))):
            found[view.run.run_id] = report
    return found


def _used(ws: Workspace, prediction: Prediction) -> list[ModelVersion]:
    """Return the models that made a prediction."""
    found = [ws.models.find(version_id) for version_id in prediction.model_versions.values()]
    return [model for model in found if model]


def _one_an_instant(newest_first: Iterable[Prediction]) -> tuple[Prediction, ...]:
    """Return the predictions oldest first, of each instant only the one made last."""
    found: dict[datetime, Prediction] = {}
    for said in newest_first:
        found.setdefault(said.as_of, said)
    return tuple(found[at] for at in sorted(found))


def snapshot_of(
    ws: Workspace,
    at: datetime,
    views: Iterable[MachineView],
    models: Iterable[ModelVersion],
    machine_id: str | None = None,
) -> FleetSnapshot:
    """Return the snapshot of these machines, with what is known of their data."""
    machines, span = tuple(views), ws.telemetry.span(machine_id)
    return FleetSnapshot(
        workspace=ws.settings.name,
        as_of=at,
        currency=ws.settings.currency,
        machines=machines,
        models=tuple(models),
        data_range=None if span is None else (span[0], min(span[1], at)),
        readings=ws.telemetry.rows(machine_id),
        data_hash=ws.data_hash(machine_id, at),
        code_version=version(DISTRIBUTION),
        simulated=ws.settings.simulated or any(view.prediction.simulated for view in machines if view.prediction),
        planning_horizon_h=ws.settings.planning_horizon_h,
        technicians={person.technician_id: person.title for person in ws.technicians.all()},
        tracking_window_days=ws.settings.tracking_window_days,
        suppliers={supplier.supplier_id: supplier.title for supplier in ws.suppliers.all()},
        coming=_coming(ws, at),
        permits=ws.work_permits.of_orders(order.order_id for view in machines for order in view.orders),
    )


def _coming(ws: Workspace, at: datetime) -> Mapping[tuple[str, str], Sequence[tuple[datetime, int]]]:
    """Return pieces on order that each open order waits for, by order and part."""
    incoming = [one for one in ws.purchases.open() if one.state is PurchaseState.ORDERED]
    if not incoming:
        return {}
    lacking = procurement.shortages_of(ws.orders.open(), ws.parts.reservations())
    return procurement.allot(lacking, free={}, incoming=incoming, at=at).given


def readings_of(ws: Workspace, fleet: FleetSnapshot, days: float) -> Callable[[str], pd.DataFrame]:
    """Return a function that reads one machine's last ``days`` before the snapshot's as-of, and nothing later."""

    def read(machine_id: str) -> pd.DataFrame:
        start = fleet.as_of - timedelta(days=days)
        frame: pd.DataFrame = ws.telemetry.read(machine_id, start=start, end=fleet.as_of + timedelta(microseconds=1))
        return frame[frame["time"] <= fleet.as_of]

    return read


def _by_machine(items: Iterable[T]) -> defaultdict[str, list[T]]:
    found: defaultdict[str, list[T]] = defaultdict(list)
    for item in items:
        found[item.machine_id].append(item)
    return found
