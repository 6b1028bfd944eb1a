"""What the technician reads of an order, written anew whenever its people, its time, its urgency or its parts change (R1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import dispatch

if TYPE_CHECKING:
    from workbench.domain.analysis import AnalyticsPackage
    from workbench.domain.base import Change
    from workbench.domain.predictions import Prediction
    from workbench.domain.work import DispatchReport, TechnicianMatch, WorkOrder
    from workbench.workspace import Workspace


def rewrite_report(tx: Workspace, order: WorkOrder, change: Change) -> None:
    """Write the order's report as the order is now; one that rests on no prediction has none.

    ``tx`` is a workspace in a transaction that holds the order.
    """
    if order.prediction_id is None:
        return
    prediction = tx.predictions.find(order.prediction_id)
    package = tx.packages.for_prediction(order.prediction_id)
    if prediction is not None and package is not None:
        write_report(tx, order, prediction, package, change)


def write_report(
    tx: Workspace,
    order: WorkOrder,
    prediction: Prediction,
    package: AnalyticsPackage,
    change: Change,
    *,
    technician: TechnicianMatch | None = None,
) -> DispatchReport:
    """Write the report of an order over the one that it had, so that nobody reads an older one, and return it."""
    profile = tx.machines.get(order.machine_id)
    report = dispatch.write_dispatch_report(
        order,
        prediction,
        package,
        profile,
        currency=tx.settings.currency,
        site=tx.sites.find(profile.site_id),
        permits=tx.work_permits.of_order(order.order_id),
        technician=technician,
    )
    known = tx.dispatch_reports.for_order(order.order_id)
    if known is not None:
        report = report.model_copy(update={"report_id": known.report_id})
    tx.dispatch_reports.put(report, change)
    return report
