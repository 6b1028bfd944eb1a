"""A work order as its technician needs it: by when, who, safety, steps, parts."""

from __future__ import annotations

from workbench.domain.work import WorkOrder

from .fleet import FleetSnapshot, MachineView
from .markup import element, facts, listing, text
from .tables import table
from .wording import cost, moment, readable


def order_block(order: WorkOrder, fleet: FleetSnapshot, view: MachineView) -> str:
    """Return one work order in full, as markup."""
    who = fleet.technicians.get(order.technician_id or "", order.technician_id or "nobody yet")
    pairs = [
        ("Priority", text(order.priority.name.capitalize())),
        ("Due", text(moment(order.due_at))),
        *([("Start", text(moment(order.scheduled_at)))] if order.scheduled_at else []),
        (
            "Assigned to",
            text(who) + (element("small", text(order.technician_reason)) if order.technician_reason else ""),
        ),
        (
            "Work",
            text(
                f"{order.labour_h:g} h; estimated cost {cost(order.estimated_cost, order.estimate_lacks, fleet.currency)}"
            ),
        ),
    ]
    if order.tools:
        pairs.append(("Tools", text(", ".join(order.tools))))
    body = [element("h4", text(f"Work order {order.number}: {order.title}")), facts(pairs)]
    if order.safety:
        body.append(
            element("div", element("h5", "Safety"), listing(text(line) for line in order.safety), class_="safety")
        )
    body.append(
        element("h5", "Steps")
        + element("ol", *(element("li", text(readable(step, view.profile))) for step in order.steps))
    )
    if order.parts:
        rows = [
            {
                "part": text(line.title),
                "needed": f"{line.needed:,}",
                "reserve": f"{line.reserve:,}",
                "to_order": f"{line.to_order:,}",
                "lead": text(line.delivery.removeprefix("delivery ")) if line.to_order else "in stock",
            }
            for line in order.parts
        ]
        columns = {
            "part": "Part",
            "needed": "Needed",
            "reserve": "Reserved",
            "to_order": "To order",
            "lead": "Arrives in",
        }
        name = f"parts-{order.order_id}"
        body.append(
            table(name, columns, rows, caption=f"Parts for {order.number}", numeric=["needed", "reserve", "to_order"])
        )
    return element("div", *body, class_="order")
