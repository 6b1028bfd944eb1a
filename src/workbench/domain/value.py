"""What predictions were worth: entries of the value ledger and its totals (Z4)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from .analysis import CostItem
from .base import Frozen, MachineId, Minor, UtcTime

ORDERS_FOR_INTERVAL = 5


class ValueKind(StrEnum):
    """What the close-out of an order says about the prediction."""

    CONFIRMED = "confirmed"
    FALSE_ALARM = "false_alarm"
    LATE = "late"
    MISSED = "missed"
    REVERSAL = "reversal"


class ValueEntry(Frozen):
    """One line of the ledger; never changed: a correction adds a reversal, dated as the entry, and a new entry."""

    entry_id: str
    order_id: str
    number: str
    machine_id: MachineId
    kind: ValueKind
    at: UtcTime = Field(description="when the order was closed, in a reversal too, so that every period adds up")
    amount: Minor = Field(
        description="avoided cost less what the work cost; negative for a false alarm; the items' sum"
    )
    cost: Minor = Field(description="what the work cost, with the loss of its downtime where that is known")
    weight: float = Field(default=0.0, ge=0, le=1, description="share of the failure's cost that counts as avoided")
    items: tuple[CostItem, ...] = ()
    reason: str
    prediction_id: str | None = None
    package_id: str | None = None
    reverses: str | None = Field(default=None, description="entry that this one takes back")
    complete: bool = Field(default=True, description="false: a cost in it is not known, so it is left out")
    simulated: bool = False


class ValueLedger(Frozen):
    """The entries of a period and what they add up to; late and missed failures stand beside, not in the sum."""

    start: UtcTime | None
    end: UtcTime | None
    currency: str
    entries: tuple[ValueEntry, ...]
    confirmed: int
    false_alarms: int
    avoided: Minor = Field(description="sum over confirmed findings")
    false_alarm_cost: Minor
    net: Minor = Field(description="avoided less false alarms")
    net_interval: tuple[Minor, Minor] | None = Field(description="95 % bootstrap interval over orders")
    evidence: str = Field(description="why there is no interval, or what it rests on")
    late: int = Field(description="predicted, but the machine failed before the work")
    late_cost: Minor
    missed: int = Field(description="failures with an order, but none from a prediction before them")
    missed_cost: Minor = Field(description="as far as it is known")
    missed_without_order: int = Field(description="recorded failures of watched machines that no order tells of")
