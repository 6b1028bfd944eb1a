"""Cases: one open matter per machine and cause, with its evidence (T6)."""

from __future__ import annotations

from enum import StrEnum

from .base import Frozen, MachineId, UtcTime
from .predictions import LimitCrossing, Severity


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
