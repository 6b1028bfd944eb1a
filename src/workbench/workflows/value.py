"""The value ledger of a workspace (Z4): what predictions were worth, from confirmed findings only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.closeout import SAME_EVENT
from workbench.domain.observations import AssetEvent, EventKind
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.analytics.value import Prospect
    from workbench.domain.closeout import CloseOut
    from workbench.domain.value import ValueLedger
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def value_ledger(ws: Workspace, start: datetime | None = None, end: datetime | None = None) -> ValueLedger:
    """Return the entries of orders closed from ``start`` until before ``end`` (default: all), and what they add up to.

    Avoided cost is claimed only where a close-out confirmed a real fault before the machine failed; see
    ``workbench.analytics.value.value_entry`` for how it is weighed. Raises ``InputError`` for a period that is none.
    """
    from workbench.analytics.value import ledger

    for bound in (start, end):
        if bound is not None and bound.tzinfo is None:
            raise InputError(f"The time {bound} has no time zone.", "Give an aware time, e.g. 2026-01-01T00:00:00Z.")
    if start is not None and end is not None and end <= start:
        raise InputError(f"The period ends at {end}, not after its begin {start}.", "Give a later end.")
    return ledger(
        ws.value_entries.between(start, end),
        currency=ws.settings.currency,
        start=start,
        end=end,
        missed_without_order=len(_missed_without_order(ws, start, end)),
        seed=ws.settings.seed,
    )


def _missed_without_order(ws: Workspace, start: datetime | None, end: datetime | None) -> list[AssetEvent]:
    """Return the recorded failures of machines that were being watched which no order tells of.

    Watched: predicted within the planning horizon before the failure.
    """
    horizon = timedelta(hours=ws.settings.planning_horizon_h)
    events = ws.events.frame(until=ws.as_of() if end is None else end, kinds=(EventKind.FAILURE,))
    if start is not None:
        events = events[events["time"] >= start]
    found = []
    for row in events.drop_duplicates(["machine_id", "time"]).to_dict("records"):
        event = AssetEvent.model_validate(row)
        said = ws.predictions.latest(event.time).get(event.machine_id)
        watched = said is not None and said.as_of >= event.time - horizon
        if watched and not _told_of(ws, event):
            found.append(event)
    return found


def _told_of(ws: Workspace, failure: AssetEvent) -> bool:
    """Say whether a close-out tells of the failure, or an order stood open at it."""
    for close_out in ws.close_outs.of_machine(failure.machine_id):
        failed_at = close_out.findings.functional_failure_at
        if failed_at is not None and abs(failed_at - failure.time) <= SAME_EVENT:
            return True
    return any(
        order.created_at <= failure.time and (order.closed_at is None or order.closed_at >= failure.time)
        for order in ws.orders.of_machine(failure.machine_id)
    )


def prospect_of(ws: Workspace, order: WorkOrder, close_out: CloseOut) -> Prospect:
    """Return what a close-out's finding is weighed by: the package that the order rested on, and the costs of the fault found."""
    from workbench import analytics
    from workbench.analytics.value import Prospect

    package = None
    if order.raised_by == "cycle" and order.prediction_id is not None:
        package = ws.packages.for_prediction(order.prediction_id)
    profile = ws.machines.get(order.machine_id)
    failure = planned = None
    if package is not None and close_out.cause == package.failure_mode:
        failure, planned = package.failure_impact, package.planned_impact
    elif profile.failure_mode(close_out.cause) is not None:
        technicians = ws.technicians.all()
        remedy = analytics.remedy_for(profile, close_out.cause, technicians)
        rate = analytics.labour_rate(remedy.resources.skill, profile.site_id, technicians)
        parts, currency = {part.part_id: part for part in ws.parts.all()}, ws.settings.currency
        failure = analytics.cost_to_failure(remedy, profile.economics, parts=parts, rate=rate, currency=currency)
        planned = analytics.cost_when_planned(remedy, profile.economics, parts=parts, rate=rate, currency=currency)
    return Prospect(package, failure, planned, profile.economics, ws.settings.currency)
