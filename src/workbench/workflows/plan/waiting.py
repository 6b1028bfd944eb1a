"""What it is expected to cost to let an order wait: the rise of the failure's probability times what it costs more than the repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from workbench.domain.money import round_half_up
from workbench.domain.work import Priority, WorkOrder

if TYPE_CHECKING:
    from workbench.domain.base import Minor
    from workbench.domain.equipment import Economics, MachineProfile
    from workbench.store.records.analysis import Odds, Stakes

# Where no model says how likely the failure is: the least that would make an order of this priority (judge_priority).
ASSUMED = {
    Priority.EMERGENCY: (0.5, 24.0),
    Priority.URGENT: (0.8, 168.0),
    Priority.HIGH: (0.4, 168.0),
    Priority.ROUTINE: (0.4, 720.0),
}
# A prediction that holds a failure before now for this likely says nothing of the days ahead.
OVERDUE = 0.95


@dataclass(frozen=True)
class Waiting:
    """``extra``: what the failure costs more than the planned repair; ``rises``: its probability at each asked moment."""

    extra: Minor
    rises: tuple[float, ...]
    basis: str

    @property
    def costs(self) -> tuple[Minor, ...]:
        """The expected cost of waiting until each moment, in minor units."""
        found, highest = [], 0
        for rise in self.rises:
            highest = max(highest, round(self.extra * rise))
            found.append(highest)
        return tuple(found)


def stands_h(order: WorkOrder, economics: Economics) -> float:
    """Return how long the machine stands for planned work, with what goes before and after it, in hours."""
    return economics.planned_logistics_h + (order.repair_h or order.labour_h / order.people)


def waiting(
    order: WorkOrder,
    profile: MachineProfile,
    odds: Odds | None,
    stakes: Stakes | None,
    *,
    at: datetime,
    moments: Sequence[datetime],
    labour: Minor,
) -> Waiting:
    """Return what waiting from ``at`` until each of the ``moments`` costs, and on what that rests.

    The machine is taken to run at ``at``. A failure costs what the analytics say more than the planned repair; without
    them the machine's loss while it stands, or the ``labour`` once more where that loss is not known.
    """
    extra = _extra(order, profile, stakes, labour)
    rises = _rises(odds, at, moments) if odds is not None and odds.supported else None
    if rises is not None:
        return Waiting(extra, rises, "")
    probability, within_h = ASSUMED[order.priority]
    hours = [(moment - at).total_seconds() / 3600 for moment in moments]
    basis = f"assumed from its priority, {100 * probability:.0f} % within {within_h:g} h: no model says how likely a failure is"
    return Waiting(extra, tuple(min(1.0, max(0.0, probability * h / within_h)) for h in hours), basis)


def _rises(odds: Odds, at: datetime, moments: Sequence[datetime]) -> tuple[float, ...] | None:
    """Return how likely the failure comes until each moment, given that it has not come by ``at``; None: not known."""
    until_h = [0.0, *(point.hours for point in odds.failure_probability)]
    failed = [0.0, *(point.probability for point in odds.failure_probability)]
    hours = [max(0.0, (moment - odds.as_of).total_seconds() / 3600) for moment in (at, *moments)]
    now, *later = np.interp(hours, until_h, failed).tolist()
    if now >= OVERDUE:
        return None
    return tuple(min(1.0, max(0.0, (probability - now) / (1.0 - now))) for probability in later)


def _extra(order: WorkOrder, profile: MachineProfile, stakes: Stakes | None, labour: Minor) -> Minor:
    if stakes is not None:
        return max(0, stakes.failure_impact.total - stakes.planned_impact.total)
    economics = profile.economics
    if economics.production_loss_per_h <= 0:
        return labour
    stopped = stands_h(order, economics)
    unplanned = Fraction(repr(economics.logistics_h - economics.planned_logistics_h + stopped))
    planned = Fraction(repr(stopped)) * Fraction(repr(economics.planned_loss_share))
    return max(0, round_half_up(economics.production_loss_per_h * (unplanned - planned)))
