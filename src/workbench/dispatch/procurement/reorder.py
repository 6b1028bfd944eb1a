"""Which parts to order and how many: what open orders lack, and what has fallen to its reorder level (R2)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.equipment import Part
from workbench.domain.procurement import ReorderProposal
from workbench.domain.work import Priority, Reservation

from .waiting import Shortage

DAYS_PER_MONTH = 30.0
LONGEST_RECORD_DAYS, SHORTEST_RECORD_DAYS = 365.0, 90.0


@dataclass(frozen=True)
class StockPosition:
    """Pieces of one part: in the stock, set aside for orders, on order from suppliers; ``used_per_day`` so far."""

    stock: int
    reserved: int = 0
    on_order: int = 0
    used_per_day: float = 0.0

    @property
    def ahead(self) -> int:
        """Pieces that nobody has a claim to once what is on order has come."""
        return self.stock - self.reserved + self.on_order


def daily_use(reservations: Iterable[Reservation], at: datetime) -> dict[str, float]:
    """Return how many pieces of each part a day took in the last year, or since the first reservation.

    A record of less than 90 days counts as 90: a busy week says little of a year.
    """
    known = [r for r in reservations if at - timedelta(days=LONGEST_RECORD_DAYS) <= r.created_at <= at]
    first = min((reservation.created_at for reservation in known), default=at)
    days = max(SHORTEST_RECORD_DAYS, (at - first) / timedelta(days=1))
    used: Counter[str] = Counter()
    for reservation in known:
        if reservation.state == "used":
            used[reservation.part_id] += reservation.quantity
    return {part_id: pieces / days for part_id, pieces in used.items()}


def propose_reorders(
    parts: Sequence[Part], positions: Mapping[str, StockPosition], shortages: Sequence[Shortage]
) -> list[ReorderProposal]:
    """Return what to order, the most urgent first, then by the day it is needed.

    A part is ordered when, after all that open orders lack, no more than its reorder level is left, counting what is
    on order. It is filled up to the level and what is used within its lead time (one piece at least).

    Args:
        parts: All parts in the records.
        positions: By part id; a part without one has its stock and nothing else.
        shortages: What open orders lack, the first due first.
    """
    lacking: dict[str, list[Shortage]] = defaultdict(list)
    for shortage in shortages:
        lacking[shortage.part_id].append(shortage)
    known = {part.part_id for part in parts}
    found = [
        _propose(part, positions.get(part.part_id, StockPosition(part.stock)), lacking[part.part_id]) for part in parts
    ]
    found += [_unknown(part_id, waiting) for part_id, waiting in lacking.items() if part_id not in known]
    proposals = [proposal for proposal in found if proposal is not None]
    return sorted(proposals, key=lambda p: (p.urgency, p.needed_by is None, p.needed_by, p.part_id))


def _propose(part: Part, position: StockPosition, waiting: Sequence[Shortage]) -> ReorderProposal | None:
    missing = sum(shortage.missing for shortage in waiting)
    left = position.ahead - missing
    soon_used = max(1, math.ceil(position.used_per_day * part.lead_time_days - 1e-9)) if part.reorder_level else 0
    quantity = part.reorder_level + soon_used - left
    # Pieces that are free or on order already go to those who wait, too.
    urgent = min(quantity, max(0, missing - max(0, position.ahead)))
    if left > part.reorder_level or quantity < 1:
        return None
    words = [f"{position.stock} in stock"]
    words += [f"{position.reserved} set aside"] if position.reserved else []
    words += [f"{missing} more needed by {few([shortage.number for shortage in waiting])}"] if missing else []
    words += [f"{position.on_order} on order"] if position.on_order else []
    basis = f"{', '.join(words)}: {_left_in_words(left)}; reorder level {part.reorder_level}"
    if part.reorder_level:
        basis += f", filled up to {part.reorder_level + soon_used} ({_use_in_words(position, part)})"
    return _proposal(part.part_id, part.title, quantity, urgent, waiting if urgent else (), basis)


def _unknown(part_id: str, waiting: Sequence[Shortage]) -> ReorderProposal:
    missing = sum(shortage.missing for shortage in waiting)
    basis = f"{missing} needed by {few([shortage.number for shortage in waiting])}; the part is not in the records"
    return _proposal(part_id, waiting[0].title, missing, missing, waiting, basis).model_copy(update={"known": False})


def _proposal(
    part_id: str, title: str, quantity: int, urgent: int, waiting: Sequence[Shortage], basis: str
) -> ReorderProposal:
    return ReorderProposal(
        part_id=part_id,
        title=title,
        quantity=quantity,
        urgent=urgent,
        needed_by=min((shortage.due_at for shortage in waiting), default=None),
        urgency=min((shortage.priority for shortage in waiting), default=Priority.ROUTINE),
        orders=tuple(shortage.number for shortage in waiting),
        basis=basis,
    )


def few(names: Sequence[str], most: int = 3) -> str:
    """Write the first names, and how many there are beside them.

    >>> few(["WO-1", "WO-2"]), few(["WO-1", "WO-2", "WO-3"], most=1)
    ('WO-1, WO-2', 'WO-1 and 2 more')
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _left_in_words(left: int) -> str:
    return f"{left} left" if left >= 0 else f"{-left} too few"


def _use_in_words(position: StockPosition, part: Part) -> str:
    days = f"{part.lead_time_days:g} days of delivery"
    if position.used_per_day <= 0:
        return f"no use recorded: one piece more than the level covers the {days}"
    return f"{position.used_per_day * DAYS_PER_MONTH:.2g} a month used, {days}"
