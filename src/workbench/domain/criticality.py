"""What failing would mean, mode by mode (FMECA, IEC 60812), and how critical each machine is for that (Z2)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from .base import Frozen, MachineId, Minor, UtcTime

Letter = Literal["A", "B", "C"]
Rank = int
# A class that fewer of the draws agree with is a close call.
SURE = 0.75


class Strategy(StrEnum):
    """How a failure mode is best dealt with (IEC 60300-3-11, SAE JA1011)."""

    CONDITION_BASED = "condition_based"
    TIME_BASED = "time_based"
    RUN_TO_FAILURE = "run_to_failure"
    REDESIGN_OR_SPARE = "redesign_or_spare"

    @property
    def label(self) -> str:
        """The strategy in words."""
        return {"redesign_or_spare": "redesign or spare"}.get(self.value, self.value.replace("_", " "))


class FailureModeEffect(Frozen):
    """One line of an FMECA. Ranks are 1 (best) to 10; money is in minor units."""

    mode: str
    title: str
    iso14224_code: str
    mechanism: str
    severity: Rank = Field(ge=1, le=10)
    severity_basis: str
    hazards: tuple[str, ...] = Field(default=(), description="what it may do to people or the environment")
    occurrence: Rank = Field(ge=1, le=10)
    occurrence_basis: str
    detection: Rank = Field(ge=1, le=10)
    detection_basis: str
    failures_per_year: float
    failures_per_year_95: tuple[float, float]
    failures_seen: int = Field(description="of this mode, on machines of the type")
    cost_per_failure: Minor
    planned_cost: Minor = Field(description="of the same repair at a planned stop")
    cost_lacks: str = Field(default="", description="what the cost leaves out, in words; empty: nothing")
    cost_per_year: Minor = Field(description="criticality number: failures a year times cost of one")
    cost_per_year_95: tuple[Minor, Minor]
    strategy: Strategy
    reason: str
    interval_h: float | None = Field(default=None, description="time based: operating hours after which to replace")

    @property
    def risk_priority_number(self) -> int:
        """Severity x occurrence x detection (IEC 60812); ordinal, so use ``cost_per_year`` to compare amounts."""
        return self.severity * self.occurrence * self.detection


class Fmeca(Frozen):
    """The failure modes of one machine, the costliest first."""

    machine_id: MachineId
    title: str
    as_of: UtcTime
    currency: str
    operating_h_per_year: float
    operating_basis: str
    modes: tuple[FailureModeEffect, ...]
    notes: tuple[str, ...] = ()


class MachineCriticality(Frozen):
    """How critical a machine is: expected loss a year, and the class that is proposed for it."""

    machine_id: MachineId
    title: str
    site_id: str
    machine_type: str
    current: Letter
    proposed: Letter
    reason: str
    loss_per_year: Minor = Field(description="expected cost of failures a year, as the machine is maintained now")
    loss_per_year_95: tuple[Minor, Minor]
    loss_lacks: str = Field(default="", description="what the loss leaves out, in words; empty: nothing")
    share: float = Field(description="of the loss of all machines compared")
    cumulative: float = Field(description="share of this machine and all costlier ones")
    agreement: float = Field(description="share of draws from the uncertain rates in which the class is the same")
    hazards: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the proposal is not what the profile says."""
        return self.current != self.proposed

    @property
    def close_call(self) -> bool:
        """Whether what is not known of the rates could well make it another class."""
        return self.agreement < SURE


class CriticalityAssessment(Frozen):
    """Every machine with its proposed class, the costliest first, and the rule."""

    as_of: UtcTime
    currency: str
    rule: str
    machines: tuple[MachineCriticality, ...]
    loss_per_year: Minor
    simulated: bool = False

    def machine(self, machine_id: str) -> MachineCriticality:
        """Return the line of one machine; raises ``KeyError``."""
        for one in self.machines:
            if one.machine_id == machine_id:
                return one
        raise KeyError(machine_id)
