"""Alert rules, what they found, faults of sensors, and the figures by which a plant judges its alarms (T6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, model_validator

from .base import Frozen, MachineId, Name, SensorName, Text, UtcTime
from .equipment import NO_STANDARD
from .predictions import LimitCrossing, SensorFault, Severity
from .units import limit_text, unit_text

# A rule fires after so many of the last so many readings; a critical one after two in a row.
WARNING_DELAY, CRITICAL_DELAY = (3, 5), (2, 2)
DEADBAND = 0.05
CLEAR_AFTER = 10
SETTLE_MIN = 15.0
BASELINE_SD = 3.0


class RuleOrigin(StrEnum):
    """Where a rule comes from, the strongest first: it replaces those below for its sensor."""

    WORKSPACE = "workspace"
    PROFILE = "profile"
    DEFAULT = "default"
    BASELINE = "baseline"


class AlertRule(Frozen):
    """One limit of one sensor of one machine, and when crossing it counts.

    It fires when ``needed`` of the last ``of`` readings lie at or beyond ``limit``, and clears when ``clear_after``
    readings in a row lie beyond ``clears_at`` on the good side. Only readings count that were taken while the machine
    runs and has run for ``settle_min``.
    """

    sensor: SensorName
    unit: str
    direction: Literal["above", "below"]
    severity: Severity
    limit: float
    clears_at: float
    needed: int = Field(ge=1)
    of: int = Field(ge=1)
    clear_after: int = Field(default=CLEAR_AFTER, ge=1)
    settle_min: float = Field(default=SETTLE_MIN, ge=0, description="minutes of running before a reading counts")
    label: str = Field(default="", description="name of the alert where it has one, e.g. SPIKE")
    standard: Text = NO_STANDARD
    source: Text
    origin: RuleOrigin

    @property
    def key(self) -> tuple[str, str, str]:
        """Sensor, direction and severity, which no two rules of a machine share."""
        return self.sensor, self.direction, self.severity.value

    def in_words(self) -> str:
        """Say the rule in a line.

        >>> AlertRule(sensor="oil_C", unit="degC", direction="above", severity="WARNING", limit=75, clears_at=71.25,
        ...           needed=3, of=5, source="casing default", origin="default").in_words()
        'oil_C above 75 degC in 3 of 5 readings; clears below 71.25 degC for 10 readings'
        """
        unit = unit_text(self.unit)
        back = "below" if self.direction == "above" else "above"
        delay = f"{self.needed} readings in a row" if self.needed == self.of else f"{self.needed} of {self.of} readings"
        return (
            f"{self.sensor} {self.direction} {limit_text(self.limit)}{unit} in {delay}; clears {back} {limit_text(self.clears_at)}{unit} "
            f"for {self.clear_after} readings"
        )


class CustomRule(Frozen):
    """Limits that a plant sets itself for one sensor: of a machine, of a machine type, or of every machine that has it.

    They replace all others of that sensor. ``baseline_sd`` puts the warning limits that many standard deviations from
    the mean of the machine's own baseline. ``enabled: false`` switches the alerts of the sensor off.
    """

    name: Name = Field(description="what the plant calls it; no two share one")
    sensor: SensorName
    machine: MachineId | None = None
    type: Name | None = None
    enabled: bool = True
    warning_low: float | None = None
    warning_high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    baseline_sd: float | None = Field(default=None, gt=0, le=20)
    warning_delay: tuple[int, int] = Field(default=WARNING_DELAY, description="fires after n of the last m readings")
    critical_delay: tuple[int, int] = CRITICAL_DELAY
    deadband: float = Field(default=DEADBAND, ge=0, lt=1, description="share of the limit by which it must be left")
    clear_after: int = Field(default=CLEAR_AFTER, ge=1, le=1000)
    settle_min: float = Field(default=SETTLE_MIN, ge=0, le=10_000)
    standard: Text = NO_STANDARD
    source: Text = "set in this workspace"

    @model_validator(mode="after")
    def _sensible(self) -> CustomRule:
        faults = []
        chain = [
            v for v in (self.critical_low, self.warning_low, self.warning_high, self.critical_high) if v is not None
        ]
        if self.machine is not None and self.type is not None:
            faults.append("give machine or type, not both")
        if self.enabled and not chain and self.baseline_sd is None:
            faults.append("give a limit or baseline_sd, or enabled: false")
        if chain != sorted(chain):
            faults.append("limits must satisfy critical_low <= warning_low <= warning_high <= critical_high")
        for name in ("warning_delay", "critical_delay"):
            needed, of = getattr(self, name)
            if not 1 <= needed <= of <= 1000:
                faults.append(f"{name} must be [n, m] with 1 <= n <= m <= 1000")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def reach(self) -> int:
        """How narrowly it is meant: 2 for one machine, 1 for a type, 0 for all."""
        return 2 if self.machine else 1 if self.type else 0


class AlertEpisode(Frozen):
    """One alert from firing to clearing, with what was measured.

    ``since``: the first reading at or beyond the limit of those that made it fire; ``end``: when it cleared, or the last
    reading looked at while it is ``ongoing``.
    """

    rule: AlertRule
    since: UtcTime
    start: UtcTime = Field(description="time of the reading that made it fire")
    end: UtcTime
    ongoing: bool
    ended_by: Literal["", "cleared", "repair", "sensor fault"] = Field(default="", description="empty: ongoing")
    readings: int = Field(ge=1, description="readings at or beyond the limit, from ``since`` on")
    peak: float = Field(description="the reading furthest beyond the limit")
    last: float = Field(description="the last reading at or beyond the limit")

    @property
    def hours(self) -> float:
        """How long it was on."""
        return (self.end - self.start).total_seconds() / 3600

    def crossing(self) -> LimitCrossing:
        """Return it as the evidence of a case."""
        rule = self.rule
        return LimitCrossing(
            sensor=rule.sensor,
            severity=rule.severity,
            value=self.last,
            limit=rule.limit,
            direction=rule.direction,
            unit=rule.unit,
            standard=rule.standard,
            since=self.since,
            readings=self.readings,
        )


class AlertHistory(Frozen):
    """The alerts and sensor faults of one machine between two instants."""

    machine_id: MachineId
    start: UtcTime
    end: UtcTime
    rules: tuple[AlertRule, ...]
    judged: int = Field(description="readings taken while the machine ran and had settled")
    sampling_min: float | None = Field(default=None, description="usual minutes between readings")
    episodes: tuple[AlertEpisode, ...] = ()
    faults: tuple[SensorFault, ...] = ()
    notes: tuple[str, ...] = ()


class Rate(Frozen):
    """A figure with its 95 % interval and the count that it rests on."""

    value: float | None
    lower: float | None
    upper: float | None
    count: int


class Offender(Frozen):
    """One rule of one machine and its share of all alerts."""

    machine_id: MachineId
    sensor: SensorName
    severity: Severity
    episodes: int
    share: float


class AlarmFigures(Frozen):
    """How a plant's alarms do, after ISA-18.2, between two instants; alerts are episodes of rules, cases what people see."""

    start: UtcTime
    end: UtcTime
    machines: int
    operators: int
    alerts: int
    cases: int
    alerts_per_machine_week: Rate
    cases_per_machine_week: Rate
    cases_per_operator_hour: Rate
    share_actioned: Rate
    share_chattering: Rate = Field(
        description="rules that fired 3 times within 60 sampling periods, of those that fired"
    )
    share_stale: Rate = Field(description="alerts on for more than 24 h, of all")
    top_offenders: tuple[Offender, ...] = ()
    sensor_cases: int = 0
    simulated: bool = False
    notes: tuple[str, ...] = ()
