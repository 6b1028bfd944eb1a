"""What a prediction means: cost and downtime, similar cases, the decision, recommendations, resources (A1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, Minor, Name, Probability, UtcTime
from .calendar import UNTITLED_STOP
from .history import HistorySummary
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
    """A similar failure in the records, or work of the past that repaired one; None and empty: not recorded."""

    machine_id: MachineId | None = Field(description="None: no machine of this workspace, see ``asset``")
    time: UtcTime | None
    cause: str
    remedy: str = ""
    downtime_h: float | None = None
    asset: str = Field(default="", description="the machine as the source names it")
    source: str = Field(default="events", description="where it is recorded")
    number: str = ""
    text: str = Field(default="", description="the order's own words")
    labour_h: float | None = None
    cost: Minor | None = None
    currency: str = ""
    why: tuple[str, ...] = Field(default=(), description="why it is similar")

    @property
    def machine(self) -> str:
        """The machine's id, else what the source calls it."""
        return self.machine_id or self.asset or "machine not recorded"


class Recommendation(Frozen):
    """An action, why, and what it is expected to save."""

    rank: int = Field(ge=1)
    action: str
    reason: str
    expected_saving: Minor
    act_before: UtcTime | None = None
    complete: bool = Field(default=True, description="false: the saving rests on costs that are not all known")
    evidence: tuple[str, ...] = Field(default=(), description="facts it rests on: limits, sensors, trends, past cases")


class Resources(Frozen):
    """What the repair needs."""

    skill: Name
    technicians: int
    labour_h: float
    repair_h: float
    parts: tuple[tuple[str, int], ...] = ()
    tools: tuple[str, ...] = ()


class ExpectedLoss(Frozen):
    """What failing within the horizon is expected to cost if nothing is done, with 90 % ranges, in minor units and hours."""

    horizon_h: float
    failure_probability: Probability
    cost: Minor
    cost_90: tuple[Minor, Minor] = Field(description="5th and 95th percentile of what it will come to")
    downtime_h: float
    downtime_90_h: tuple[float, float]
    items: tuple[CostItem, ...] = Field(description="the expected cost's parts; they sum to it")
    range_basis: str = Field(description="what the ranges are taken over, in words")

    def comes_to(self, low: str, high: str) -> str:
        """Say with the ends of ``cost_90`` in words what it comes to; a mean need not lie within."""
        if self.cost_90[1] == 0:
            return "nothing"
        return low if low == high else f"{low} to {high}"


class Occasion(Frozen):
    """A time at which the work could be done, and what choosing it is expected to cost."""

    at: UtcTime
    kind: Literal["earliest", "planned_stop", "day", "later"]
    title: str
    planned_cost: Minor = Field(description="of the work at that time, if the machine still runs")
    failure_probability: Probability = Field(description="of failing before it")
    excess: Minor = Field(ge=0, description="expected cost above that of the best occasion")

    @property
    def stop_in_words(self) -> str:
        """What a planned stop is called, with its title where it has one of its own."""
        return UNTITLED_STOP if self.title == UNTITLED_STOP else f"{UNTITLED_STOP} '{self.title}'"


class WhenToAct(Frozen):
    """The occasion of least expected cost (A3), why none is earlier, and what would change the answer."""

    best: Occasion
    earliest_at: UtcTime
    not_earlier: tuple[str, ...] = Field(default=(), description="what the earliest time waits for; empty: nothing")
    occasions: tuple[Occasion, ...] = Field(description="all that were compared, by time")
    failing_excess: Minor = Field(
        ge=0, description="expected cost of never stopping it, above that of the best occasion"
    )
    break_even_failure_cost: Minor | None = Field(
        default=None, description="from this cost of a failure on, the earliest occasion is the best; None: at no cost"
    )
    break_even_probability: Probability | None = Field(
        default=None, description="of failing before `compared_at`: above it the earliest occasion beats that one"
    )
    compared_at: UtcTime | None = Field(default=None, description="the best of the occasions after the earliest")
    rate_per_day: Minor = Field(description="what a day of running is worth: cost a day in the long run")
    rate_basis: str
    rate_known: bool = Field(description="false: the records do not allow it, so the rate is an assumption")
    own: bool = Field(description="false: the life left is that of machines of its kind, not its own")
    life_basis: str
    reason: str

    @property
    def earliest(self) -> Occasion:
        """The first occasion that is possible."""
        return self.occasions[0]

    @property
    def now(self) -> bool:
        """Whether no later occasion costs less than the earliest."""
        return self.earliest.excess == 0


class ActionDecision(Frozen):
    """Whether work is ordered now, and the sum that decided it; when it is best done."""

    act: bool
    rule: Literal["expected_cost", "critical_limit", "none"]
    reason: str
    horizon_h: float
    failure_probability: Probability | None = None
    expected_failure_cost: Minor | None = None
    planned_cost: Minor
    best_at: UtcTime | None = Field(default=None, description="when the work is best begun; None: nothing tells")
    when: WhenToAct | None = Field(default=None, description="how that time was found; None: see `when_lacks`")
    when_lacks: str = Field(default="", description="why no best time can be told, in words")

    @property
    def timing(self) -> str:
        """When the work is best done, or why nothing tells, in words."""
        if self.when is None:
            return f"No best time can be told: {self.when_lacks}." if self.when_lacks else ""
        if self.rule == "critical_limit":
            return "A critical limit is crossed, so the work does not wait for a cheaper time."
        reason = self.when.reason
        return reason if self.act else f"If work were ordered on today's figures: {reason[:1].lower()}{reason[1:]}"


class AnalyticsPackage(Frozen):
    """What a prediction means (A1)."""

    package_id: str
    prediction_id: str
    machine_id: MachineId
    as_of: UtcTime
    failure_mode: str
    failure_impact: Impact = Field(description="if it runs to failure")
    planned_impact: Impact = Field(description="if it is repaired at a planned stop")
    expected: ExpectedLoss | None = Field(default=None, description="None: no probability or no cost is known")
    decision: ActionDecision
    history: tuple[PastCase, ...] = ()
    history_summary: HistorySummary | None = Field(default=None, description="what all similar cases tell together")
    recommendations: tuple[Recommendation, ...] = ()
    resources: Resources
    confidence: dict[str, float | str | None] = {}
