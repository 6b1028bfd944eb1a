"""Reads from a workspace what a fleet report shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, TypeVar

from .content.fleet import FleetSnapshot, MachineView

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

DISTRIBUTION = "predictive-maintenance-workbench"


class _OfMachine(Protocol):
    @property
    def machine_id(self) -> str: ...


T = TypeVar("T", bound=_OfMachine)


def fleet_snapshot(ws: Workspace) -> FleetSnapshot:
    """Return the whole fleet as of the workspace's instant; nothing that was found later is in it."""
    at = ws.as_of()
    predictions, packages, statuses = ws.predictions.latest(at), ws.packages.latest(at), ws.machines.statuses()
    orders = _by_machine(order for order in ws.orders.open() if order.created_at <= at)
    cases = _by_machine(case for case in ws.cases.open() if case.opened_at <= at)
    span = ws.telemetry.span()
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
            )
        )
    return FleetSnapshot(
        workspace=ws.settings.name,
        as_of=at,
        currency=ws.settings.currency,
        machines=tuple(views),
        models=tuple(model for model in ws.models.active() if model.as_of <= at),
        data_range=None if span is None else (span[0], min(span[1], at)),
        readings=ws.telemetry.rows(),
        data_hash=ws.data_hash(),
        code_version=version(DISTRIBUTION),
        simulated=ws.settings.simulated or any(prediction.simulated for prediction in predictions.values()),
        planning_horizon_h=ws.settings.planning_horizon_h,
        technicians={person.technician_id: person.title for person in ws.technicians.all()},
        tracking_window_days=ws.settings.tracking_window_days,
        suppliers={supplier.supplier_id: supplier.title for supplier in ws.suppliers.all()},
    )


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
