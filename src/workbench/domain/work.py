"""What is done about a prediction: work orders, parts, people, and what the technician reads (R1 to R4)."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Literal

from pydantic import Field

from .approvals import ApprovalState
from .base import Frozen, MachineId, Minor, Name, UtcTime


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
    colleagues: tuple[str, ...] = Field(default=(), description="technicians who go along when one is not enough")
    symptom: str = Field(default="", description="what somebody noticed, in words, of a ticket raised by hand")
    skill: str = Field(default="", description="what everybody who does it must be able to do; empty: not known")
    people: int = Field(default=1, ge=1, le=10, description="how many it takes at the same time")
    repair_h: float | None = Field(default=None, gt=0, description="hours at the machine; default: labour over people")
    parts_at: UtcTime | None = Field(default=None, description="when its parts are there; None: at once")
    fixed: bool = Field(
        default=False, description="a person fixed technician and time: planning leaves them as they are"
    )
    started_at: UtcTime | None = None
    closed_at: UtcTime | None = None
    steps: tuple[str, ...]
    tools: tuple[str, ...] = ()
    safety: tuple[str, ...] = ()
    parts: tuple[PartLine, ...] = ()
    labour_h: float
    estimated_cost: Minor
    estimate_lacks: str = Field(default="", description="what the estimate leaves out, in words; empty: nothing")
    actual_cost: Minor | None = None
    approval: ApprovalState | None = Field(default=None, description="of its cost; None: it needs none")
    prediction_id: str | None = None
    raised_by: Literal["cycle", "hand"] = "cycle"
    evidence: tuple[str, ...] = Field(default=(), description="prediction ids that supported it, oldest first")
    simulated: bool = False

    @property
    def waits_for_approval(self) -> bool:
        """Whether nobody may plan or begin it: its approval was rejected, or is asked for and it is no emergency."""
        asked = self.approval is ApprovalState.PENDING and self.priority is not Priority.EMERGENCY
        begun = self.state not in (OrderState.OPEN, OrderState.SCHEDULED)
        return not begun and (asked or self.approval is ApprovalState.REJECTED)

    @property
    def state_in_words(self) -> str:
        """Its state, and that it waits for an approval or was rejected, as people say it."""
        state = self.state.value.replace("_", " ")
        asked = self.approval in (ApprovalState.PENDING, ApprovalState.REJECTED)
        if not asked or self.state not in OPEN_ORDER_STATES:
            return state
        if self.approval is ApprovalState.REJECTED:
            return f"{state}, approval rejected"
        return f"{state}, {'waits for approval' if self.waits_for_approval else 'approval asked for'}"


class Reservation(Frozen):
    """Stock set aside for an order."""

    reservation_id: str
    order_id: str
    part_id: Name
    quantity: int = Field(ge=1)
    state: Literal["reserved", "used", "released"] = "reserved"
    created_at: UtcTime


class LockoutPoint(Frozen):
    """One energy source of a machine: how it is isolated, what stored energy is released, how that is proved."""

    source: str
    isolate: str
    release: str
    verify: str


class DispatchReport(Frozen):
    """What the technician reads (R1)."""

    report_id: str
    order_id: str
    machine_id: MachineId
    created_at: UtcTime
    summary: str
    failure: str
    safety: tuple[str, ...]
    lockout: tuple[LockoutPoint, ...] = Field(default=(), description="each energy source, in the order of the profile")
    parts: tuple[PartLine, ...]
    steps: tuple[str, ...]
    tools: tuple[str, ...]
    timeline: tuple[tuple[UtcTime, str], ...]
