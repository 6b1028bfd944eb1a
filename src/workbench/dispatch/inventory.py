"""Inventory check: what an order needs, what can be reserved, and what must be ordered (R2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from workbench.domain.equipment import Part
from workbench.domain.work import InventoryCheck, PartLine, WorkOrder


def check_inventory(
    needs: Sequence[tuple[str, int]], parts: Mapping[str, Part], available: Mapping[str, int]
) -> InventoryCheck:
    """Return one line per part: reserve what is available, order the rest.

    A part that is not in the records gets a line too, marked as not known; all of it must be ordered.

    Args:
        needs: Pairs of part id and quantity; a part named twice is added up.
        parts: Parts by id.
        available: Stock less what is reserved for other orders, by part id.
    """
    wanted: dict[str, int] = {}
    for part_id, quantity in needs:
        wanted[part_id] = wanted.get(part_id, 0) + quantity
    return InventoryCheck(
        lines=tuple(
            _line(part_id, quantity, parts.get(part_id), available.get(part_id, 0))
            for part_id, quantity in wanted.items()
        )
    )


def parts_arrival(inventory: InventoryCheck, at: datetime) -> datetime:
    """Return when every part is there: ``at``, or the longest known lead time after it among parts to order.

    A part whose delivery is not known adds nothing here; ``delivery_known`` tells of those.
    """
    waits = [line.lead_time_days for line in inventory.lines if line.to_order > 0 and line.known]
    return at + timedelta(days=max(waits, default=0.0))


def delivery_known(inventory: InventoryCheck) -> bool:
    """Say whether it is known when every part that must be ordered arrives."""
    return all(line.known for line in inventory.lines if line.to_order > 0)


def ready_at(order: WorkOrder) -> datetime | None:
    """Return when all parts of an order are there; None when the delivery of one is not known."""
    if order.parts_at is not None:
        return order.parts_at
    return order.created_at if InventoryCheck(lines=order.parts).complete else None


def _line(part_id: str, needed: int, part: Part | None, available: int) -> PartLine:
    reserve = 0 if part is None else min(needed, max(0, available))
    return PartLine(
        part_id=part_id,
        title=part_id.replace("_", " ") if part is None else part.title,
        needed=needed,
        available=max(0, available),
        reserve=reserve,
        to_order=needed - reserve,
        unit_cost=0 if part is None else part.unit_cost,
        lead_time_days=0.0 if part is None else part.lead_time_days,
        supplier_id="" if part is None else part.supplier_id,
        known=part is not None,
    )
