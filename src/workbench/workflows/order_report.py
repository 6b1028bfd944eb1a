"""What the technician reads of an order, written anew whenever its people, its time, its urgency or its parts change (R1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import dispatch

if TYPE_CHECKING:
    from workbench.domain.base import Change
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def rewrite_report(tx: Workspace, order: WorkOrder, change: Change) -> None:
    """Write the order's report as the order is now; one that rests on no prediction has none.

    ``tx`` is a workspace in a transaction that holds the order.
    """
    if order.prediction_id is None:
        return
    prediction = tx.predictions.find(order.prediction_id)
    package = tx.packages.for_prediction(order.prediction_id)
    if prediction is None or package is None:
        return
    profile = tx.machines.get(order.machine_id)
    report = dispatch.write_dispatch_report(
        order,
        prediction,
        package,
        profile,
        currency=tx.settings.currency,
        site=tx.sites.find(profile.site_id),
    )
    known = tx.dispatch_reports.for_order(order.order_id)
    same = {"report_id": known.report_id} if known is not None else {}
    tx.dispatch_reports.put(report.model_copy(update=same), change)
