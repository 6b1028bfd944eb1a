"""What is short: parts that open orders lack or that have fallen to their reorder level (R2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.dispatch import procurement as engine
from workbench.domain.procurement import ReorderProposal
from workbench.domain.work import Reservation

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace


def parts_overview(ws: Workspace) -> pd.DataFrame:
    """Return a row a part: ``stock``, ``reserved`` for orders, ``free``, ``on_order``, ``reorder_level``, ``unit_cost``.

    Pieces; the cost is in minor units.
    """
    import pandas as pd

    positions = _positions(ws, ws.parts.reservations())
    rows = [
        (
            part.part_id, part.title, part.stock, (has := positions[part.part_id]).reserved,
            max(0, part.stock - has.reserved), has.on_order, part.reorder_level, part.unit_cost, part.supplier_id,
        )
        for part in ws.parts.all()
    ]  # fmt: skip
    columns = ("part_id", "title", "stock", "reserved", "free", "on_order", "reorder_level", "unit_cost", "supplier_id")
    return pd.DataFrame(rows, columns=list(columns))


def reorder_proposals(ws: Workspace) -> list[ReorderProposal]:
    """Return which parts to order, how many and why, the most urgent first; writes nothing."""
    reservations = ws.parts.reservations()
    shortages = engine.shortages_of(ws.orders.open(), reservations)
    return engine.propose_reorders(ws.parts.all(), _positions(ws, reservations), shortages)


def _positions(ws: Workspace, reservations: Sequence[Reservation]) -> dict[str, engine.StockPosition]:
    reserved, ordered = Counter[str](), Counter[str]()
    for held in reservations:
        if held.state == "reserved":
            reserved[held.part_id] += held.quantity
    for purchase in ws.purchases.open():
        ordered[purchase.part_id] += purchase.outstanding
    use = engine.daily_use(reservations, datetime.now(UTC))
    return {
        part.part_id: engine.StockPosition(
            part.stock, reserved[part.part_id], ordered[part.part_id], use.get(part.part_id, 0.0)
        )
        for part in ws.parts.all()
    }
