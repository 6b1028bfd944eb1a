"""What the digital twin says: the twin's health of a machine, scenarios it is asked about, and what came of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .base import Frozen, MachineId, Name, Probability, Text, UtcTime
from .equipment import LifeUnit

LONGEST_H = 20 * 8766.0


class RiskBand(StrEnum):
    """How the twin judges a machine (D2); not the health state of the models, which rests on telemetry."""

    HEALTHY = "HEALTHY"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class Factor(StrEnum):
    """What wears the twin's health (D2); each runs from 0 (new) to 1 (used up)."""

    THERMAL = "thermal"
    WEAR = "wear"
    ELECTRICAL = "electrical"
    RUNNING_TIME = "running_time"


class TwinHealth(Frozen):
    """Health of a machine as its twin computes it from hours, load and surroundings."""

    machine_id: MachineId
    as_of: UtcTime | None = None
    physics: Literal["composition", "state_model"] = Field(
        description="components of the profile, or the state model that fits any machine"
    )
    twin_health_score: float = Field(ge=0, le=100)
    risk_band: RiskBand
    factors: dict[Factor, float]
    damage: dict[Name, float] = Field(description="of each failure mode, 0 new to 1 failed")
    limited_by: str = Field(default="", description="factor or mode that holds the score below the weighted sum")
    running_h: float = Field(ge=0, description="operating hours so far")
    rated_life: float = Field(gt=0)
    life_unit: LifeUnit
    remaining_useful_life: float = Field(ge=0, description="in the life unit, against the rated life")
    horizon_h: float = Field(gt=0)
    failure_probability: Probability = Field(description="within horizon_h operating hours")
    basis: str = Field(default="", description="what the state was computed from")


class PossibleFault(Frozen):
    """A fault that a machine can have, and how its twin has it: the damage of a mode, or signals that change."""

    name: Name
    title: Text
    mode: str = Field(default="", description="failure mode whose damage it is; '' where signals change")
    signals: dict[str, float] = Field(default={}, description="signal: its value at severity 1")

    @property
    def how(self) -> str:
        """Say what the fault changes in the twin."""
        if self.mode:
            return f"damage of {self.mode}"
        return ", ".join(f"{name} to {value:g}" for name, value in self.signals.items())


class FaultInjection(Frozen):
    """A fault that begins in a scenario: all at once, or growing linearly over ``growth_h``."""

    fault: Name = Field(description="name of a fault that the machine can have, e.g. bearing_defect")
    at_h: float = Field(default=0.0, ge=0, le=LONGEST_H, description="hours after the scenario's start")
    severity: float = Field(default=0.3, gt=0, le=1, description="1: failed, or the function lost altogether")
    growth_h: float = Field(default=0.0, ge=0, le=LONGEST_H, description="hours until it has that severity; 0: at once")
    where_possible: bool = Field(
        default=False, description="leave it out, and say so, for machines that cannot have the fault"
    )


class Scenario(Frozen):
    """How a machine is worked: load and surroundings, faults that begin, protection on or off.

    >>> Scenario(name="two_shifts", title="Two shifts", load=0.8, hourly=(0.0,) * 6 + (1.0,) * 16 + (0.0,) * 2).load
    0.8
    """

    name: Name
    title: Text
    load: float = Field(default=0.7, ge=0, le=3, description="share of rated power")
    cooling: float = Field(default=1.0, ge=0, le=2, description="1: as designed, 0.2: a fifth of it")
    wear: float = Field(default=1.0, ge=0, le=1000, description="factor on the rate of wear")
    ambient_C: float = Field(  # noqa: N815 - the unit is spelt as it is everywhere
        default=20.0, ge=-60, le=90, description="air around the machine"
    )
    running: float = Field(default=1.0, ge=0, le=1, description="share of time in which it runs")
    hourly: tuple[Annotated[float, Field(ge=0, le=4)], ...] = Field(
        default=(), max_length=8784, description="factor on the load in each hour, repeated; 0: it stands"
    )
    signals: dict[str, float] = Field(
        default={}, description="input of a component that nothing is wired to: value, e.g. voltage_unbalance: 0.02"
    )
    hours: float | None = Field(default=None, gt=0, le=LONGEST_H, description="length; None: as the comparison asks")
    step_h: float | None = Field(
        default=None, ge=1 / 3600, le=24, description="step of the computation; None: an hour, more for long scenarios"
    )
    protection: bool = Field(default=True, description="False: no protective trip stops the machine")
    faults: tuple[FaultInjection, ...] = ()
    parameters: dict[str, float] = Field(default={}, description="'component.parameter': value in its declared unit")

    @model_validator(mode="after")
    def _steps_fit(self) -> Scenario:
        if self.hours is not None and self.step_h is not None and self.step_h > self.hours:
            raise ValueError(f"step_h {self.step_h:g} is longer than the scenario's {self.hours:g} h")
        return self


class Stop(Frozen):
    """Why samples of a scenario stopped: a protective trip, or a failure mode that reached its end."""

    name: Name
    title: Text
    kind: Literal["trip", "failure"]
    share: Probability = Field(description="of the samples")
    earliest_h: float
    median_h: float = Field(description="of those samples that it stopped")


class Trajectory(Frozen):
    """A quantity over a scenario: median and 90 % band of the samples that still run; ends where most have stopped."""

    unit: str
    lower: tuple[float | None, ...]
    median: tuple[float | None, ...]
    upper: tuple[float | None, ...]


class ScenarioResult(Frozen):
    """What came of one scenario; figures are medians of the samples unless said otherwise."""

    scenario: Scenario
    hours: float
    step_h: float
    at_h: tuple[float, ...] = Field(description="hours of the trajectories' points")
    health: Trajectory
    remaining_useful_life: Trajectory
    sensors: dict[str, Trajectory]
    damage: dict[Name, Trajectory]
    final_health: float
    final_band: RiskBand
    final_remaining_useful_life: float
    peaks: dict[str, float] = Field(description="highest reading of each sensor, median of the samples")
    energy_kWh: float | None = Field(  # noqa: N815
        description="None where nothing tells the machine's power"
    )
    stops: tuple[Stop, ...] = ()
    trip_probability: Probability
    failure_probability: Probability = Field(description="share of samples that failed within the scenario")
    notes: tuple[str, ...] = ()

    @property
    def first_stop_h(self) -> float | None:
        """Hours until the first sample tripped or failed; None where none did."""
        return min((stop.earliest_h for stop in self.stops), default=None)


class ScenarioComparison(Frozen):
    """Scenarios of one machine side by side, on the same samples of parameters and noise."""

    machine_id: MachineId
    physics: Literal["composition", "state_model"]
    start: TwinHealth
    life_unit: LifeUnit
    samples: int
    seed: int
    results: tuple[ScenarioResult, ...]

    def result(self, name: str) -> ScenarioResult:
        """Return the result of the scenario called ``name``; raises ``KeyError``."""
        for one in self.results:
            if one.scenario.name == name:
                return one
        raise KeyError(name)
