"""The plan after a run of the maintenance cycle: what was found is planned and told once; without OR-Tools it says so."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench import dispatch
from workbench.domain.base import Actor
from workbench.errors import WorkbenchError
from workbench.workflows.notices import put

from .make import plan_work

if TYPE_CHECKING:
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
        plan = plan_work(ws, as_of=at, publish=True, actor=actor)
    except WorkbenchError as error:
        _tell_unplanned(ws, actor)
        return PlannedAfter(None, "The work could not be planned: the technician matched to each order stands.", error)
    orders = len({work.order_id for work in plan.assignments})
    words = f"Plan of {plan.days} days: {orders} {'order' if orders == 1 else 'orders'} planned, {len(plan.deferred)} deferred, {len(plan.unplannable)} for somebody to decide."
    return PlannedAfter(plan.plan_id, words)


def _tell_unplanned(ws: Workspace, actor: Actor) -> None:
    """Tell people of orders of which nobody was told yet, as they stand."""
    with ws.transaction() as tx:
        change = tx.change("told without a plan", actor)
        for order in tx.orders.open():
            if order.raised_by != "cycle":
                continue
            profile = tx.machines.get(order.machine_id)
            site = tx.sites.get(profile.site_id)
            notices = dispatch.write_notices(order, profile, site=site, currency=tx.settings.currency, at=tx.as_of())
            if all(tx.notices.find(notice.notice_id) is None for notice in notices):
                for notice in notices:
                    put(tx, notice, change)
