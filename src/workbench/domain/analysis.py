"""What a prediction means: cost and downtime, similar cases, the decision, recommendations, resources (A1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, Minor, Name, Probability, UtcTime
from .money import money_text
from .predictions import Anomaly, Contribution

# A sensor nearer to its own healthy baseline than this is not said to stand out.
STANDS_OUT_SD = 2.0


PRODUCTION_LOSS = "production loss"


def standing_out(anomaly: Anomaly | None, most: int = 3) -> tuple[Contribution, ...]:
    """Return the sensors at least two standard deviations off, the strongest first; none without an anomaly score."""
    found = [part for part in anomaly.contributions if abs(part.deviation) >= STANDS_OUT_SD] if anomaly else []
    return tuple(sorted(found, key=lambda part: -abs(part.deviation))[:most])


def cost_text(amount: Minor, lacks: str, currency: str) -> str:
    """Write a cost of which something may not be known.

    >>> cost_text(472_000, "price of 2 parts and labour", "EUR")
    'at least 4,720.00 EUR (price of 2 parts and labour not known)'
    >>> cost_text(472_000, "", "EUR"), cost_text(0, "labour", "EUR")
    ('4,720.00 EUR', 'not known')
    """
    if not lacks:
        return money_text(amount, currency)
    return f"at least {money_text(amount, currency)} ({lacks} not known)" if amount else "not known"


class CostItem(Frozen):
    """One figure of an impact, traceable to its inputs."""

    name: str
    amount: Minor
    inputs: str = Field(description="how it was computed, e.g. '16 h x 60.00'")
    known: bool = Field(default=True, description="false: the amount leaves out what the records do not tell")


class Impact(Frozen):
    """Cost and downtime of one course of action, in minor units and hours."""

    repair_cost: Minor
    downtime_h: float
    production_loss: Minor
    secondary_damage: Minor
    total: Minor
    items: tuple[CostItem, ...]

    @property
    def complete(self) -> bool:
        """Whether every item is known; else the total is a lower bound."""
        return all(item.known for item in self.items)

    @property
    def lacks(self) -> str:
        """What the total leaves out, in words, e.g. ``price of 2 parts and labour``; empty when complete."""
        return _missing(self.items)

    @property
    def repair_lacks(self) -> str:
        """What the cost of the repair alone leaves out, in words; empty when it is complete."""
        return _missing([item for item in self.items if item.name != PRODUCTION_LOSS])


def _missing(items: Sequence[CostItem]) -> str:
    names = [item.name for item in items if not item.known]
    parts = sum(name.startswith("part ") for name in names)
    words = [f"price of {parts} part{'' if parts == 1 else 's'}"] if parts else []
    words += ["part of the repair" if name == "repair" else name for name in names if not name.startswith("part ")]
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


class PastCase(Frozen):
    """A similar failure in the records."""

    machine_id: MachineId
    time: UtcTime
    cause: str
    remedy: str = ""
    downtime_h: float | None = None


class Recommendation(Frozen):
    """An action, why, and what it is expected to save."""

    rank: int = Field(ge=1)
    action: str
    reason: str
    expected_saving: Minor
    act_before: UtcTime | None = None
    complete: bool = Field(default=True, description="false: the saving rests on costs that are not all known")


class Resources(Frozen):
    """What the repair needs."""

    skill: Name
    technicians: int
    labour_h: float
    repair_h: float
    parts: tuple[tuple[str, int], ...] = ()
    tools: tuple[str, ...] = ()


class ActionDecision(Frozen):
    """Whether work is ordered now, and the sum that decided it."""

    act: bool
    rule: Literal["expected_cost", "critical_limit", "none"]
    reason: str
    horizon_h: float
    failure_probability: Probability | None = None
    expected_failure_cost: Minor | None = None
    planned_cost: Minor


class AnalyticsPackage(Frozen):
    """What a prediction means (A1)."""

    package_id: str
    prediction_id: str
    machine_id: MachineId
    as_of: UtcTime
    failure_mode: str
    failure_impact: Impact = Field(description="if it runs to failure")
    planned_impact: Impact = Field(description="if it is repaired at a planned stop")
    decision: ActionDecision
    history: tuple[PastCase, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    resources: Resources
    confidence: dict[str, float | str | None] = {}
