"""What work on an order cost, each figure with its inputs."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from workbench.domain.analysis import CostItem
from workbench.domain.closeout import WorkDone
from workbench.domain.money import money_text, round_half_up, times

if TYPE_CHECKING:
    from workbench.domain.closeout import Findings
    from workbench.domain.equipment import MachineProfile
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace


def cost_of_work(
    ws: Workspace, order: WorkOrder, findings: Findings, cause: str, profile: MachineProfile
) -> tuple[CostItem, ...]:
    """Return the actual cost: as given, else labour rate x hours + parts at their prices + tools of the repair.

    The rate is the mean of those who did the work, else of those who could have; without any the labour is not known.
    """
    if findings.actual_cost is not None:
        return (CostItem(name="work", amount=findings.actual_cost, inputs="given when the order was closed"),)
    items = [_labour(ws, order, findings, cause, profile)]
    currency = ws.settings.currency
    for part_id, quantity in sorted(findings.parts_used.items()):
        part = ws.parts.get(part_id)
        words = f"{quantity} x {money_text(part.unit_cost, currency)}"
        items.append(CostItem(name=f"part {part_id}", amount=part.unit_cost * quantity, inputs=words))
    mode = profile.failure_mode(cause) or profile.failure_mode(order.failure_mode)
    if mode is not None and mode.repair.tool_cost and findings.done is not WorkDone.NOTHING:
        tools = ", ".join(mode.repair.tools) or f"of the repair of {mode.name}"
        items.append(CostItem(name="tools", amount=mode.repair.tool_cost, inputs=tools))
    return tuple(items)


def _labour(ws: Workspace, order: WorkOrder, findings: Findings, cause: str, profile: MachineProfile) -> CostItem:
    from workbench import analytics

    hours = findings.hours_worked
    named = [person for person in (order.technician_id, *order.colleagues) if person is not None]
    known = [person for name in named if (person := ws.technicians.find(name)) is not None]
    if known and len(known) == len(named):
        per_h = round_half_up(Fraction(sum(person.cost_per_h for person in known), len(known)))
        basis = ", ".join(person.title for person in known)
    else:
        mode = profile.failure_mode(cause) or profile.failure_mode(order.failure_mode)
        skill = order.skill or (mode.repair.skill if mode is not None else "")
        rate = analytics.labour_rate(skill, profile.site_id, ws.technicians.all())
        if rate.per_h is None:
            return CostItem(name="labour", amount=0, inputs=f"{hours:g} h, not priced: {rate.basis}", known=hours == 0)
        per_h, basis = rate.per_h, rate.basis
    words = f"{hours:g} h x {money_text(per_h, ws.settings.currency)}/h ({basis})"
    return CostItem(name="labour", amount=times(per_h, hours), inputs=words)
