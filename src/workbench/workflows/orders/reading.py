"""What is known of work orders: lists by page, and one order with all that belongs to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.base import ShownInShort
from workbench.domain.work import OPEN_ORDER_STATES, OrderState, WorkOrder
from workbench.errors import InputError
from workbench.workflows.permits import work_permits

if TYPE_CHECKING:
    from workbench.domain.closeout import CloseOut
    from workbench.domain.permits import WorkPermit
    from workbench.domain.value import ValueEntry
    from workbench.domain.work import DispatchReport
    from workbench.store.records import DispatchEntry
    from workbench.workspace import Workspace

PAGE = 100


@dataclass(frozen=True)
class OrderRecord(ShownInShort):
    """An order with what the technician reads, what happened to it, how it was closed, and what it was worth."""

    order: WorkOrder
    report: DispatchReport | None
    history: tuple[DispatchEntry, ...]
    close_out: CloseOut | None
    value: ValueEntry | None
    permits: tuple[WorkPermit, ...] = ()


def list_orders(
    ws: Workspace, states: Sequence[OrderState] = OPEN_ORDER_STATES, *, limit: int = PAGE, offset: int = 0
) -> tuple[list[WorkOrder], int]:
    """Return orders in these states, the most urgent and soonest due first, and how many there are in all.

    Raises ``InputError`` for a page that is none.
    """
    if limit < 1 or offset < 0:
        raise InputError(f"A page of {limit} orders after {offset} is none.", "Give a limit of 1 or more.")
    return ws.orders.page(states, limit=limit, offset=offset)


def order_record(ws: Workspace, number: str) -> OrderRecord:
    """Return the order with this number (WO-2026-0001) and all that belongs to it; raises ``NotFound``."""
    order = ws.orders.by_number(number)
    return OrderRecord(
        order=order,
        report=ws.dispatch_reports.for_order(order.order_id),
        history=tuple(ws.dispatch_history.for_order(order.order_id)),
        close_out=ws.close_outs.find(order.order_id),
        value=ws.value_entries.standing(order.order_id),
        permits=tuple(work_permits(ws, order.number)),
    )
