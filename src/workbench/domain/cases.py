"""Cases: one open matter per machine and cause, with its evidence (T6)."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from .base import Frozen, MachineId, UtcTime
from .predictions import LimitCrossing, SensorFault, Severity

# A cause that returns so soon after its case was resolved is the same matter.
REOPENS_WITHIN = timedelta(hours=24)


class CaseState(StrEnum):
    """Life of a case."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    SHELVED = "shelved"


class CaseKind(StrEnum):
    """What a case rests on. A sensor case is about the instrument; all others are about the machine."""

    LIMIT = "limit"
    ANOMALY = "anomaly"
    HEALTH = "health"
    INACTIVITY = "inactivity"
    SENSOR = "sensor"


class Case(Frozen):
    """One open matter per machine and cause, holding its evidence (T6)."""

    case_id: str
    machine_id: MachineId
    cause: str
    kind: CaseKind
    severity: Severity
    state: CaseState = CaseState.OPEN
    opened_at: UtcTime
    last_seen_at: UtcTime
    summary: str
    evidence: tuple[LimitCrossing, ...] = ()
    sensor_faults: tuple[SensorFault, ...] = ()
    recommendation: str = Field(default="", description="what to do about it, in words; a case orders no work")
    occurrences: int = 1
    reopened: int = Field(default=0, description="how often its cause returned within 24 h of being resolved")
    acknowledged_at: UtcTime | None = None
    acknowledged_by: str = ""
    shelved_until: UtcTime | None = None
    resolved_at: UtcTime | None = None
    resolved_by: str = Field(default="", description="who resolved it; empty: its cause was no longer seen")
    note: str = ""
    told: Severity | None = Field(default=None, description="how severe it was when people were told of it last")

    @model_validator(mode="before")
    @classmethod
    def _kind_by_cause(cls, data: Any) -> Any:
        """Cases written before there were kinds tell theirs by their cause."""
        if isinstance(data, dict) and "kind" not in data:
            kind = str(data.get("cause", "")).partition(":")[0]
            return {**data, "kind": kind if kind in list(CaseKind) else CaseKind.LIMIT}
        return data

    @property
    def about_sensor(self) -> bool:
        """Whether it is about an instrument and not about the machine."""
        return self.kind is CaseKind.SENSOR

    @property
    def in_words(self) -> str:
        """What it is, and what people noted of it."""
        return f"{self.summary}; {self.note}" if self.note else self.summary

    @property
    def is_news(self) -> bool:
        """Whether it is more severe than people were told, or they were not told of what needs somebody."""
        order = (None, *Severity)
        return self.severity is not Severity.INFO and order.index(self.severity) > order.index(self.told)

    def state_at(self, at: UtcTime) -> CaseState:
        """Return its state at an instant: what was shelved is open again when the time is up."""
        if self.state is CaseState.SHELVED and self.shelved_until is not None and at >= self.shelved_until:
            return CaseState.OPEN
        return self.state
