"""Machines as the catalogue describes them: profile, sensors, limits, failure modes, and what a repair takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator, model_validator

from .base import PHONE_PATTERN, Frozen, MachineId, Minor, Name, SensorName, Text
from .composition import TwinComposition
from .holidays import HOLIDAY_CALENDARS
from .mapping import ColumnMapping
from .units import UNITS, Quantity, quantity_of

TYPICAL = "typical for the class, not from the maker"
NO_STANDARD = "no standard"


class SensorRole(StrEnum):
    """Whether a sensor shows the health of the machine or only how hard it is worked."""

    INDICATOR = "indicator"
    OPERATING = "operating"


class LifeUnit(StrEnum):
    """What remaining useful life is counted in."""

    OPERATING_H = "operating_h"
    CYCLE = "cycle"


class Limits(Frozen):
    """Warning and critical limits of one sensor, in the sensor's unit."""

    warning_low: float | None = None
    warning_high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    standard: Text = Field(default=NO_STANDARD, description="standard that covers the type, or 'no standard'")
    source: Text = TYPICAL

    @model_validator(mode="after")
    def _ordered(self) -> Limits:
        chain = [
            v for v in (self.critical_low, self.warning_low, self.warning_high, self.critical_high) if v is not None
        ]
        if chain != sorted(chain):
            raise ValueError("limits must satisfy critical_low <= warning_low <= warning_high <= critical_high")
        return self


class Sensor(Frozen):
    """One measured channel."""

    name: SensorName
    quantity: Quantity
    unit: str
    role: SensorRole = SensorRole.INDICATOR
    title: str = Field(default="", max_length=200)
    normal_low: float
    normal_high: float
    physical_low: float = Field(description="readings below cannot be true and are quarantined")
    physical_high: float = Field(description="readings above cannot be true and are quarantined")
    limits: Limits | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Sensor:
        if self.unit not in UNITS:
            raise ValueError(f"unit {self.unit!r} is not declared; known units: {', '.join(sorted(UNITS))}")
        natural = quantity_of(self.unit)
        if natural is not Quantity.OTHER and self.quantity not in (natural, Quantity.OTHER):
            raise ValueError(f"unit {self.unit!r} measures {natural}, not {self.quantity}")
        if not self.physical_low <= self.normal_low <= self.normal_high <= self.physical_high:
            raise ValueError("ranges must satisfy physical_low <= normal_low <= normal_high <= physical_high")
        return self


class Symptom(Frozen):
    """How one condition indicator moves in a failure mode (ISO 13379-1 symptom table)."""

    sensor: SensorName
    direction: Literal["rises", "falls"]
    weight: float = Field(default=1.0, gt=0.0, le=3.0, description="1 seen, 2 typical, 3 decisive")


class PartNeed(Frozen):
    """A part that a repair consumes."""

    part_id: Name
    quantity: int = Field(ge=1, le=1000)


class Repair(Frozen):
    """What it takes to remedy a failure mode."""

    skill: Name
    labour_h: float = Field(gt=0, le=1000, description="technician hours, all people together")
    repair_h: float = Field(gt=0, le=1000, description="hours the machine stands while it is repaired")
    technicians: int = Field(default=1, ge=1, le=10)
    parts: tuple[PartNeed, ...] = ()
    tools: tuple[str, ...] = ()
    tool_cost: Minor = Field(default=0, ge=0)
    steps: tuple[str, ...] = Field(min_length=1)
    safety: tuple[str, ...] = ()


class FailureMode(Frozen):
    """One way in which the machine fails."""

    name: Name
    title: Text
    iso14224_code: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 14224 failure mode code, e.g. VIB, OHE, ELP")
    mechanism: Text
    indicator: SensorName = Field(description="sensor that shows the mode first")
    pf_interval_h: tuple[float, float] = Field(description="shortest and longest time from detectable to failure")
    symptoms: tuple[Symptom, ...] = Field(min_length=1)
    repair: Repair
    secondary_damage: Minor = Field(default=0, ge=0, description="cost of damage done when run to failure")
    source: Text = TYPICAL


class Rating(Frozen):
    """One rated value of the name plate."""

    value: float
    unit: str
    source: Text = TYPICAL


class RunningRule(Frozen):
    """When a machine counts as running: ``sensor`` above ``above`` (in the sensor's unit)."""

    sensor: SensorName
    above: float


class Economics(Frozen):
    """What standing still costs; money in minor units of the workspace's currency."""

    production_loss_per_h: Minor = Field(ge=0)
    logistics_h: float = Field(default=4.0, ge=0, le=1000, description="hours until an unplanned repair can start")
    planned_logistics_h: float = Field(default=0.5, ge=0, le=1000, description="the same for a planned repair")
    planned_loss_share: float = Field(
        default=0.3, ge=0, le=1, description="share of the loss that a planned stop causes"
    )
    source: Text = TYPICAL


class SensorResponse(Frozen):
    """How the twin makes one sensor: base + load_gain * load + ambient_gain * (ambient - 20 degC) + noise."""

    base: float
    load_gain: float = 0.0
    ambient_gain: float = 0.0
    noise_sd: float = Field(ge=0)
    lag_h: float = Field(default=0.0, ge=0, description="thermal time constant")
    off_value: float | None = Field(default=None, description="reading when the machine stands; default ambient or 0")


class FaultResponse(Frozen):
    """How the twin's damage of one mode grows and what it adds to each sensor at failure (damage 1)."""

    growth: Literal["exponential", "power", "step"] = "exponential"
    exponent: float = Field(default=3.0, gt=0)
    life_h: float = Field(gt=0, description="characteristic operating hours between failures (Weibull scale)")
    shape: float = Field(default=2.0, gt=0, description="Weibull shape")
    effects: dict[SensorName, float] = Field(min_length=1, description="change at failure, in the sensor's unit")


class TwinParameters(Frozen):
    """Parameters of the machine's digital twin."""

    duty: Literal["continuous", "two_shift", "day_shift", "batch", "solar"] = "continuous"
    load_mean: float = Field(default=0.7, ge=0, le=1.5)
    sensors: dict[SensorName, SensorResponse]
    faults: dict[Name, FaultResponse]
    composition: TwinComposition | None = Field(default=None, description="the machine as physical components")
    source: Text = TYPICAL


class MachineProfile(Frozen):
    """Everything the workbench knows of one machine before it sees a reading."""

    machine_id: MachineId
    machine_type: Name
    title: Text
    manufacturer: Text
    model: Text
    site_id: Name
    location: str = Field(default="", max_length=500)
    criticality: Literal["A", "B", "C"] = "B"
    life_unit: LifeUnit = LifeUnit.OPERATING_H
    rated_life: float = Field(default=20_000, gt=0)
    rated: dict[Name, Rating] = {}
    sensors: tuple[Sensor, ...] = Field(min_length=1, max_length=50)
    running_rule: RunningRule | None = None
    failure_modes: tuple[FailureMode, ...] = ()
    energy_sources: tuple[str, ...] = Field(
        default=(), description="to be locked out before work, e.g. electrical 400 V"
    )
    economics: Economics = Economics(production_loss_per_h=0)
    twin: TwinParameters | None = None
    file_mapping: ColumnMapping | None = Field(default=None, description="how this machine's data files are laid out")
    manual: str = Field(default="", max_length=500)
    attributes: dict[str, float | str] = Field(default={}, description="further facts, e.g. the age of the machine")

    @model_validator(mode="after")
    def _references(self) -> MachineProfile:
        faults = self.reference_faults()
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def reference_faults(self) -> list[str]:
        """List names that are used but not declared, and names declared twice."""
        names = [sensor.name for sensor in self.sensors]
        known = set(names)
        faults = [f"sensor {name!r} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
        modes = [mode.name for mode in self.failure_modes]
        faults += [f"failure mode {m!r} is declared twice" for m in sorted({m for m in modes if modes.count(m) > 1})]
        used = [("running_rule", self.running_rule.sensor)] if self.running_rule else []
        for mode in self.failure_modes:
            used.append((f"failure_modes.{mode.name}.indicator", mode.indicator))
            used += [(f"failure_modes.{mode.name}.symptoms", symptom.sensor) for symptom in mode.symptoms]
        if self.twin:
            used += [("twin.sensors", name) for name in self.twin.sensors]
            for fault, response in self.twin.faults.items():
                used += [(f"twin.faults.{fault}.effects", name) for name in response.effects]
                if fault not in modes:
                    faults.append(f"twin.faults.{fault} is not one of the failure modes")
        return faults + [
            f"{place} names sensor {name!r}, which is not declared" for place, name in used if name not in known
        ]

    def sensor(self, name: str) -> Sensor:
        """Return the sensor called ``name``; raises ``KeyError``."""
        for sensor in self.sensors:
            if sensor.name == name:
                return sensor
        raise KeyError(name)

    def failure_mode(self, name: str) -> FailureMode | None:
        """Return the failure mode called ``name``, or None."""
        return next((mode for mode in self.failure_modes if mode.name == name), None)


class MachineStatus(StrEnum):
    """Where a machine stands in its life with us (M3)."""

    PENDING = "PENDING"
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"
    MAINTENANCE = "MAINTENANCE"


class Site(Frozen):
    """A plant; shifts, quiet hours and planned stops are in its time zone."""

    site_id: Name
    title: Text
    time_zone: str
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    manager_email: str = ""
    manager_phone: str = Field(default="", pattern=PHONE_PATTERN, description="for SMS, e.g. +4930123456")
    quiet_hours: str = Field(
        default="",
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9])?$",
        description="every day, e.g. 22:00-06:00: then only CRITICAL notices are sent",
    )
    holidays: str = Field(
        default="",
        description=f"public holidays that are kept, one of {', '.join(HOLIDAY_CALENDARS)}; empty: none by rule",
    )

    @field_validator("holidays")
    @classmethod
    def _known_holidays(cls, value: str) -> str:
        if value and value not in HOLIDAY_CALENDARS:
            raise ValueError(
                f"there is no calendar {value!r}, only {', '.join(HOLIDAY_CALENDARS)}; leave it empty and record days of the "
                "site by hand"
            )
        return value

    @model_validator(mode="after")
    def _quiet_hours_end(self) -> Site:
        begin, _, end = self.quiet_hours.partition("-")
        if begin and begin == end:
            raise ValueError(f"quiet_hours {self.quiet_hours!r} begin and end at the same time")
        return self

    @model_validator(mode="after")
    def _zone_exists(self) -> Site:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"time zone {self.time_zone!r} is unknown; use a name such as Europe/Berlin") from error
        return self


class Shift(Frozen):
    """Daily working hours in site time, on the named weekdays (0 Monday to 6 Sunday)."""

    start_h: float = Field(ge=0, lt=24)
    end_h: float = Field(gt=0, le=24)
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


class Technician(Frozen):
    """A person who can be sent."""

    technician_id: Name
    title: Text
    site_id: Name
    skills: dict[Name, int] = Field(description="skill: level 1 (learning) to 5 (expert)")
    experience_years: float = Field(ge=0, le=60)
    cost_per_h: Minor = Field(ge=0)
    shift: Shift
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    email: str = ""
    phone: str = Field(default="", pattern=PHONE_PATTERN, description="for SMS, e.g. +4930123456")
    quiet_off_shift: bool = Field(default=False, description="outside the shift only CRITICAL notices are sent")
    on_call: bool = Field(
        default=False, description="on holidays of the site called in for emergencies, in the hours of the shift"
    )


class SupplierOffer(Frozen):
    """What a supplier asks for a part."""

    part_id: Name
    unit_price: Minor = Field(ge=0)
    delivery_days: float = Field(ge=0)


class Supplier(Frozen):
    """Who sells parts."""

    supplier_id: Name
    title: Text
    reliability: float = Field(ge=0, le=1, description="share of deliveries on time")
    offers: tuple[SupplierOffer, ...] = ()


class Part(Frozen):
    """A spare part and its stock.

    A ``critical`` part is one without which its machine cannot run again and that is not kept in stock: from their next
    training on, models of the machines whose repairs need it look ahead far enough to order it in time.
    """

    part_id: Name
    title: Text
    unit_cost: Minor = Field(ge=0)
    stock: int = Field(ge=0)
    reorder_level: int = Field(default=0, ge=0)
    lead_time_days: float = Field(ge=0)
    critical: bool = Field(
        default=False, description="its machine cannot run again without it, and none is kept in stock"
    )
    supplier_id: Name
    source: Text = TYPICAL
