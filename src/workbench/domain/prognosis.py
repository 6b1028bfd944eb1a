"""What the twin says of one machine's own future: calibration to its readings, life left, and what alternatives gain."""

from __future__ import annotations

from pydantic import Field

from .base import Frozen, MachineId, Minor, Name, Probability, Text, UtcTime
from .predictions import Evidence, Interval


class CalibratedParameter(Frozen):
    """A parameter of the twin before and after it met the machine's readings; spreads are of its logarithm.

    One that is not ``identified`` keeps what was known before, in the directions in which the readings say nothing.
    """

    name: str = Field(description="'component.parameter'")
    unit: str
    prior: float
    prior_spread: float = Field(gt=0, description="standard deviation of the logarithm between machines of the class")
    estimate: float
    spread: float = Field(ge=0, description="standard deviation of the estimate's logarithm")
    lower: float = Field(description="lower end of the 90 % interval")
    upper: float
    identified: bool
    reason: str = Field(default="", description="why it is not identified")


class SensorFit(Frozen):
    """How the calibrated twin reads one sensor, in the sensor's unit."""

    sensor: str
    unit: str
    noise_sd: float = Field(description="of the sensor, as stated or seen from reading to reading")
    residual_sd: float = Field(description="of reading minus twin about its bias, robust")
    bias: float = Field(description="median of reading minus twin")
    correlation_h: float = Field(ge=0, description="hours after which another residual tells something new")
    readings: int


class TwinCalibration(Frozen):
    """Parameters of a machine's twin estimated from its own sound running hours."""

    calibration_id: str
    machine_id: MachineId
    as_of: UtcTime
    twin_hash: str = Field(description="of the composition and its parameters: with another one it no longer holds")
    data_hash: str
    evidence: Evidence
    hours: float = Field(default=0.0, description="running hours that were compared")
    parameters: tuple[CalibratedParameter, ...] = ()
    covariance: tuple[tuple[float, ...], ...] = Field(default=(), description="of the logarithms, in this order")
    sensors: tuple[SensorFit, ...] = ()
    weak_directions: tuple[str, ...] = Field(default=(), description="combinations that the readings do not tell apart")
    notes: tuple[str, ...] = ()

    @property
    def unidentified(self) -> tuple[str, ...]:
        """Names of the parameters that the readings cannot tell."""
        return tuple(one.name for one in self.parameters if not one.identified)

    def parameter(self, name: str) -> CalibratedParameter:
        """Return one parameter; raises ``KeyError``."""
        for one in self.parameters:
            if one.name == name:
                return one
        raise KeyError(name)


class ModeRisk(Frozen):
    """What the twin expects of one failure mode."""

    mode: Name
    title: Text
    probability: Probability = Field(description="that the machine fails by it within the horizon")
    damage: Interval = Field(description="now, 0 none to 1 failed")
    seen: bool = Field(description="whether readings show its damage before it fails")


class Prognosis(Frozen):
    """Life left of one machine by Monte Carlo on its twin, in operating hours; None where there is not enough evidence."""

    machine_id: MachineId
    as_of: UtcTime
    horizon_h: float = Field(gt=0, description="operating hours that were looked ahead")
    samples: int
    seed: int
    evidence: Evidence
    calibration_id: str = Field(default="", description="'' where parameters are those of the class")
    remaining_useful_life_h: Interval | None = None
    beyond_horizon: Probability | None = Field(default=None, description="share of samples that outlive the horizon")
    modes: tuple[ModeRisk, ...] = ()
    at_h: tuple[float, ...] = Field(default=(), description="operating hours of the points of `survival`")
    survival: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Say the life left in a sentence."""
        life = self.remaining_useful_life_h
        if life is None:
            return self.evidence.in_words()
        median = f"{'more than ' if life.median_open else ''}{life.median:,.0f} h"
        upper = f"more than {life.upper:,.0f}" if life.upper_open else f"{life.upper:,.0f}"
        return f"{median} of operation left (90 %: {life.lower:,.0f} to {upper})"


class Alternative(Frozen):
    """Another way to treat a machine: factors on its signals and parameters, and parts that are renewed now."""

    name: Name
    title: Text
    signals: dict[str, float] = Field(default={}, description="signal: factor, e.g. load: 0.8")
    parameters: dict[str, float] = Field(default={}, description="'component.parameter': factor")
    repair: tuple[Name, ...] = Field(default=(), description="failure modes whose parts are new from now on")


class AlternativeResult(Frozen):
    """What one alternative comes to over the horizon; money in minor units, expected values over the samples.

    Gains are against the first alternative, sample by sample on the same random numbers, and count no life beyond the horizon.
    """

    alternative: Alternative
    remaining_useful_life_h: Interval
    failure_probability: Probability
    modes: dict[Name, Probability]
    gained_life_h: float = Field(description="mean, within the horizon")
    gained_life_90: tuple[float, float]
    power_kW: float | None = Field(  # noqa: N815 - units are spelt as they are everywhere
        description="mean while it runs; None where nothing tells the power"
    )
    energy_kWh: float | None = Field(description="over the horizon's running hours")  # noqa: N815
    energy_cost: Minor | None
    failure_cost: Minor = Field(description="expected cost of unplanned failures")
    repair_cost: Minor = Field(description="of the planned repairs that it begins with")
    lost_output_cost: Minor = Field(description="output that is not made because the load is lower")
    total_cost: Minor
    saved: Minor = Field(description="total cost of the first alternative less this one's")


class WhatIf(Frozen):
    """Alternatives for one machine side by side on the same random numbers; the first is the reference."""

    machine_id: MachineId
    as_of: UtcTime
    horizon_h: float
    samples: int
    seed: int
    evidence: Evidence
    calibration_id: str = ""
    results: tuple[AlternativeResult, ...] = ()
    notes: tuple[str, ...] = ()

    def result(self, name: str) -> AlternativeResult:
        """Return the result of the alternative called ``name``; raises ``KeyError``."""
        for one in self.results:
            if one.alternative.name == name:
                return one
        raise KeyError(name)
