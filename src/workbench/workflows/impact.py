"""Puts what a prediction means (A1) together from the records of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import analytics
from workbench.domain.observations import EventKind

# What tells of past failures and their remedies; errors, stops and inspections do not.
HISTORY = (EventKind.FAILURE, EventKind.REPLACEMENT, EventKind.MAINTENANCE)

if TYPE_CHECKING:
    from workbench.domain.analysis import AnalyticsPackage
    from workbench.domain.predictions import Prediction
    from workbench.workspace import Workspace


def assess_machine(ws: Workspace, prediction: Prediction) -> AnalyticsPackage:
    """Return impact, decision, history and recommendations for ``prediction``; writes nothing."""
    return analytics.assess(
        prediction,
        ws.machines.get(prediction.machine_id),
        parts={part.part_id: part for part in ws.parts.all()},
        technicians=ws.technicians.all(),
        events=ws.events.frame(until=prediction.as_of, kinds=HISTORY),
        planning_horizon_h=ws.settings.planning_horizon_h,
        currency=ws.settings.currency,
        machine_types=ws.machines.types(),
    )
