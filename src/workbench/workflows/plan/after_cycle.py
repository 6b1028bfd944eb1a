"""The plan after a run of the maintenance cycle: what was found is planned and told once; without OR-Tools it says so."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Actor
from workbench.domain.work import OPEN_ORDER_STATES
from workbench.errors import WorkbenchError
from workbench.workflows.notices.of_orders import tell_of_order, untold

from .make import plan_work
from .publish import StalePlan

if TYPE_CHECKING:
    from workbench.domain.plans import WorkPlan
    from workbench.workspace import Workspace

INSTALL = "pip install 'predictive-maintenance-workbench[optimize]'"


@dataclass(frozen=True)
class PlannedAfter:
    """What became of the plan: its id, what is said about it, and the error that prevented it."""

    plan_id: str | None
    words: str
    error: WorkbenchError | None = None


def can_plan() -> bool:
    """Say whether OR-Tools is installed."""
    return importlib.util.find_spec("ortools") is not None


def plan_after_cycle(ws: Workspace, at: datetime, actor: Actor) -> PlannedAfter:
    """Plan the open work as of ``at``, publish it and tell people; nothing has changed since the last time: nothing happens.

    Where no plan can be made, the matching of each run stands, and people are told of it.
    """
    standing = ws.plans.published()
    if not can_plan():
        _tell_unplanned(ws, actor)
        words = f"Technicians were matched order by order, without a plan of their days: OR-Tools is not installed. Run: {INSTALL}"
        return PlannedAfter(None, words)
    if standing is not None and standing.as_of > at:
        _tell_unplanned(ws, actor)
        return PlannedAfter(
            standing.plan_id, f"The plan as of {standing.as_of:%Y-%m-%d %H:%M} UTC stands: it is later than this run."
        )
    if standing is None and not ws.orders.open():
        return PlannedAfter(None, "")
    try:
        plan = _published(ws, at, actor)
    except WorkbenchError as error:
        _tell_unplanned(ws, actor)
        return PlannedAfter(None, "The work could not be planned: the technician matched to each order stands.", error)
    orders = len({work.order_id for work in plan.assignments})
    words = f"Plan of {plan.days} days: {orders} {'order' if orders == 1 else 'orders'} planned, {len(plan.deferred)} deferred, {len(plan.unplannable)} for somebody to decide."
    return PlannedAfter(plan.plan_id, words)


def _published(ws: Workspace, at: datetime, actor: Actor) -> WorkPlan:
    """Plan and publish, once more where somebody took a step with an order, people or parts during the search."""
    try:
        return plan_work(ws, as_of=at, publish=True, actor=actor)
    except StalePlan:
        return plan_work(ws, as_of=at, publish=True, actor=actor)


def _tell_unplanned(ws: Workspace, actor: Actor) -> None:
    """Tell people of orders as they stand of which they were not told yet, or only at a lesser urgency."""
    at, sites = ws.as_of(), {site.site_id: site for site in ws.sites.all()}
    places = {machine.machine_id: (machine, sites.get(machine.site_id)) for machine in ws.machines.all()}
    # Looked for before others are kept from writing.
    news = [order.order_id for order in ws.orders.open() if untold(ws, order, at=at, place=places[order.machine_id])]
    if not news:
        return
    with ws.transaction() as tx:
        change = tx.change("told without a plan", actor)
        for order_id in sorted(news):
            order = tx.orders.lock(order_id)
            if order.state in OPEN_ORDER_STATES:
                tell_of_order(tx, order, change, at=at, place=places[order.machine_id])
