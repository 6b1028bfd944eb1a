"""The fleet in a few figures: machines by condition, open cases and orders, parts to order, cost at risk."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Frozen, Minor

if TYPE_CHECKING:
    from workbench.workspace import Workspace


class FleetSummary(Frozen):
    """What a manager asks first; money in minor units of ``currency``."""

    as_of: datetime
    simulated: bool
    machines: int
    by_condition: dict[str, int]
    open_cases: int
    open_orders: int
    parts_to_order: int
    cost_at_risk: Minor
    cost_known_for: int
    currency: str
    planning_horizon_h: float


def fleet_summary(ws: Workspace) -> FleetSummary:
    """Read the figures from the latest predictions, packages, cases and orders."""
    from workbench.reports import fleet_snapshot
    from workbench.reports.content.fleet import Condition

    fleet = fleet_snapshot(ws)
    tally = Counter(view.condition for view in fleet.machines)
    cost, known = fleet.cost_at_risk
    return FleetSummary(
        as_of=fleet.as_of,
        simulated=fleet.simulated,
        machines=len(fleet.machines),
        by_condition={condition.label: tally[condition] for condition in Condition if tally[condition]},
        open_cases=len(fleet.cases),
        open_orders=len(fleet.orders),
        parts_to_order=fleet.parts_to_order,
        cost_at_risk=cost,
        cost_known_for=known,
        currency=fleet.currency,
        planning_horizon_h=fleet.planning_horizon_h,
    )
