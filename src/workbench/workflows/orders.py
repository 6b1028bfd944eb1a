"""Work orders for people: tickets raised by hand (R4), and what the technician reads (R1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench import dispatch
from workbench.domain.base import Actor, stable_id
from workbench.domain.work import Priority, WorkOrder
from workbench.errors import InputError, NotFound

if TYPE_CHECKING:
    from workbench.domain.work import DispatchReport
    from workbench.workspace import Workspace


def raise_ticket(
    ws: Workspace,
    machine_id: str,
    title: str,
    *,
    steps: Sequence[str] = (),
    priority: Priority = Priority.ROUTINE,
    labour_h: float = 1.0,
    actor: Actor | None = None,
) -> WorkOrder:
    """Open a work order by hand and return it; raises ``NotFound`` for an unknown machine, ``InputError`` for no title."""
    if not title.strip():
        raise InputError("The ticket has no title.", "Say in a few words what is wrong.")
    profile = ws.machines.get(machine_id)
    at = ws.as_of()
    with ws.transaction() as tx:
        change = tx.change("ticket raised by hand", actor)
        number = tx.orders.next_number(at.year)
        order = dispatch.raise_ticket(
            profile,
            order_id=stable_id("ticket", machine_id, number),
            number=number,
            title=title.strip(),
            steps=steps or ("Look at the machine and find the cause.",),
            priority=priority,
            labour_h=labour_h,
            at=at,
        )
        order, _ = tx.orders.open_or_support(order, change)
        tx.dispatch_history.add(order.order_id, machine_id, "raised by hand", {"title": title}, change)
    return order


def find_order(ws: Workspace, number: str) -> tuple[WorkOrder, DispatchReport | None]:
    """Return the order with this number (WO-2026-0001) and the technician's report on it; raises ``NotFound``."""
    order = next((order for order in ws.orders.all() if order.number == number.upper()), None)
    if order is None:
        raise NotFound(f"There is no order {number!r}.", "List them: workbench orders list")
    return order, ws.dispatch_reports.for_order(order.order_id)
