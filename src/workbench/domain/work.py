"""What a prediction costs and what is done about it: impact, cases, work orders, parts, people, notices, cycle runs."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, Minor, Name, Probability, UtcTime
from .money import money_text
from .predictions import Anomaly, Contribution, LimitCrossing, Severity

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


class CaseState(StrEnum):
    """Life of a case."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SHELVED = "shelved"


class Case(Frozen):
    """One open matter per machine and cause, holding its evidence (T6)."""

    case_id: str
    machine_id: MachineId
    cause: str
    severity: Severity
    state: CaseState = CaseState.OPEN
    opened_at: UtcTime
    last_seen_at: UtcTime
    summary: str
    evidence: tuple[LimitCrossing, ...] = ()
    occurrences: int = 1


class Priority(IntEnum):
    """How urgent an order is; 1 is the most urgent."""

    EMERGENCY = 1
    URGENT = 2
    HIGH = 3
    ROUTINE = 4


class OrderState(StrEnum):
    """Life of a work order."""

    OPEN = "open"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN_ORDER_STATES = (OrderState.OPEN, OrderState.SCHEDULED, OrderState.IN_PROGRESS)


class PartLine(Frozen):
    """One part of an inventory check (R2)."""

    part_id: Name
    title: str
    needed: int
    available: int
    reserve: int
    to_order: int
    unit_cost: Minor
    lead_time_days: float
    supplier_id: str = ""
    known: bool = Field(default=True, description="false: not in the records, so price and delivery are not known")

    @property
    def delivery(self) -> str:
        """How long the part takes to arrive when it is ordered, in words."""
        if not self.known:
            return "delivery not known"
        return f"{self.lead_time_days:g} day{'' if self.lead_time_days == 1 else 's'}"


class InventoryCheck(Frozen):
    """Parts needed for an order: what is reserved and what must be ordered."""

    lines: tuple[PartLine, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing has to be ordered."""
        return all(line.to_order == 0 for line in self.lines)


class TechnicianMatch(Frozen):
    """How well a technician fits, each factor from 0 to 1 (R3)."""

    technician_id: Name
    title: str
    score: float = Field(ge=0, le=1)
    factors: dict[str, float]
    distance_km: float
    available_at: UtcTime
    reason: str


class WorkOrder(Frozen):
    """Work to be done on a machine (R4)."""

    order_id: str
    number: str = Field(description="for people, e.g. WO-2026-0001")
    machine_id: MachineId
    failure_mode: str
    title: str
    priority: Priority
    state: OrderState = OrderState.OPEN
    created_at: UtcTime
    due_at: UtcTime
    scheduled_at: UtcTime | None = None
    technician_id: str | None = None
    technician_reason: str = ""
    steps: tuple[str, ...]
    tools: tuple[str, ...] = ()
    safety: tuple[str, ...] = ()
    parts: tuple[PartLine, ...] = ()
    labour_h: float
    estimated_cost: Minor
    estimate_lacks: str = Field(default="", description="what the estimate leaves out, in words; empty: nothing")
    actual_cost: Minor | None = None
    prediction_id: str | None = None
    raised_by: Literal["cycle", "hand"] = "cycle"
    evidence: tuple[str, ...] = Field(default=(), description="prediction ids that supported it, oldest first")
    simulated: bool = False


class Reservation(Frozen):
    """Stock set aside for an order."""

    reservation_id: str
    order_id: str
    part_id: Name
    quantity: int = Field(ge=1)
    state: Literal["reserved", "used", "released"] = "reserved"
    created_at: UtcTime


class DispatchReport(Frozen):
    """What the technician reads (R1)."""

    report_id: str
    order_id: str
    machine_id: MachineId
    created_at: UtcTime
    summary: str
    failure: str
    safety: tuple[str, ...]
    parts: tuple[PartLine, ...]
    steps: tuple[str, ...]
    tools: tuple[str, ...]
    timeline: tuple[tuple[UtcTime, str], ...]


class Notice(Frozen):
    """A message to a person (R5); the outbox keeps its state."""

    notice_id: str
    channel: Literal["in_app", "email"] = "in_app"
    recipient: str = Field(description="who, e.g. technician:anna or manager:north")
    address: str = Field(default="", description="where the channel reaches them, e.g. an e-mail address")
    severity: Severity
    subject: str
    body: str
    state: Literal["queued", "sending", "sent", "failed"] = "queued"
    created_at: UtcTime
    machine_id: str | None = None
    order_id: str | None = None
    attempts: int = Field(default=0, ge=0, description="how often sending was begun")
    next_try_at: UtcTime | None = None
    executor_id: str = Field(default="", description="process that is sending it, or did last")
    sent_at: UtcTime | None = None
    error: str = Field(default="", description="why the last try failed")


class StepState(StrEnum):
    """State of a recorded step of the maintenance cycle."""

    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


CYCLE_STEPS = ("predict", "analyse", "report", "inventory", "assign", "notify")


class CycleStep(Frozen):
    """One recorded step (C1)."""

    step_id: str
    run_id: str
    number: int = Field(ge=1, le=6)
    name: Literal["predict", "analyse", "report", "inventory", "assign", "notify"]
    state: StepState
    started_at: UtcTime
    ended_at: UtcTime | None = None
    details: str = ""
    result: dict[str, object] = {}


class CycleRun(Frozen):
    """One run of the maintenance cycle for one machine; its id is fixed by machine, as-of and model versions."""

    run_id: str
    machine_id: MachineId
    as_of: UtcTime
    model_versions: dict[str, str]
    state: Literal["running", "done", "failed"]
    started_at: UtcTime
    ended_at: UtcTime | None = None
    outcome: str = ""
    order_id: str | None = None
    simulated: bool = False


class ReportFile(Frozen):
    """One file of a report as it was written."""

    size: int = Field(ge=0, description="bytes")
    sha256: str


class ReportRecord(Frozen):
    """A report that was made, with all that is needed to make it again."""

    report_id: str
    template: str
    key: str = Field(default="", description="given by who asked: the same key again returns the finished report")
    created_at: UtcTime
    as_of: UtcTime
    state: Literal["done", "failed"]
    parameters: dict[str, object]
    outputs: dict[str, str] = Field(description="format: path relative to the workspace")
    files: dict[str, ReportFile] = Field(default={}, description="format: size and hash of what was written")
    model_versions: dict[str, str] = {}
    data_hash: str = ""
    code_version: str = ""
    duration_s: float = Field(default=0.0, ge=0)
    notes: tuple[str, ...] = Field(default=(), description="what is absent and how to get it")
    error: str = Field(default="", description="why it failed, in one sentence")
    log: str = ""
