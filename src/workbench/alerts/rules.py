"""Which alert rules a machine has: the plant's own, else its profile's limits, else defaults, else its own baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Literal

from workbench.domain.alerts import (
    BASELINE_SD,
    CLEAR_AFTER,
    CRITICAL_DELAY,
    DEADBAND,
    SETTLE_MIN,
    WARNING_DELAY,
    AlertRule,
    CustomRule,
    RuleOrigin,
)
from workbench.domain.equipment import NO_STANDARD, MachineProfile, Sensor, SensorRole
from workbench.domain.predictions import Severity
from workbench.domain.units import Quantity, conversion, convertible, number_text

from .baseline import Baseline

# Standard of vibration that covers a machine type (T6); a type that is not named has none.
STANDARDS = {
    "fan": "ISO 20816-3",
    "pump": "ISO 10816-7",
    "solar_pump": "ISO 10816-7",
    "gearbox": "ISO 20816-9",
    "compressor": "ISO 20816-8",
    "cnc_machine": "ISO/TR 17243",
}
LARGE_MOTOR, SMALL_MOTOR, LARGE_MOTOR_KW = "ISO 20816-3", "IEC 60034-14", 15.0
TEMPERATURE_C, VIBRATION_MM_S = (75.0, 85.0), (2.5, 4.0)
SPIKE, SPIKE_SHARE = "SPIKE", 1.2
_BASE_UNITS = {Quantity.TEMPERATURE: "degC", Quantity.VIBRATION_VELOCITY: "mm/s"}
# What is usual for a sensor of the machine; looked up only where a rule needs it.
Usual = Callable[[str], Baseline | None]
Side = tuple[Severity, Literal["above", "below"], float]


def vibration_standard(profile: MachineProfile) -> str:
    """Return the standard of machine vibration that covers the machine's type, or ``no standard``."""
    if profile.machine_type == "motor":
        power = profile.rated.get("power")
        if power is None:
            return LARGE_MOTOR
        factor, offset = conversion(power.unit, "kW")
        return LARGE_MOTOR if power.value * factor + offset > LARGE_MOTOR_KW else SMALL_MOTOR
    return STANDARDS.get(profile.machine_type, NO_STANDARD)


def rules_for(profile: MachineProfile, usual: Usual, custom: Sequence[CustomRule] = ()) -> tuple[AlertRule, ...]:
    """Return the rules of a machine, by sensor in the profile's order, critical ones first.

    ``usual`` gives a sensor's baseline by its name; where there is none, a rule that needs it is left out. A rule
    of the plant replaces all others of its sensor, the one meant most narrowly wins, of equals the last.
    """
    chosen: dict[str, CustomRule] = {}
    for own in sorted(custom, key=lambda rule: rule.reach):
        if own.machine in (None, profile.machine_id) and own.type in (None, profile.machine_type):
            chosen[own.sensor] = own
    rules: list[AlertRule] = []
    for sensor in profile.sensors:
        if sensor.name in chosen:
            rules += _of_plant(sensor, chosen[sensor.name], usual)
        elif sensor.limits is not None:
            rules += _of_profile(profile, sensor, usual)
        elif sensor.role is SensorRole.INDICATOR:
            rules += _by_default(profile, sensor, usual)
    return tuple(rules)


def baseline_rules(sensor: Sensor, usual: Baseline | None, *, sd: float = BASELINE_SD) -> list[AlertRule]:
    """Return the rule that warns above mean + ``sd`` standard deviations of the own baseline; none without a baseline."""
    if usual is None or usual.sd <= 0:
        return []
    source = f"own baseline, mean {number_text(usual.mean)} + {sd:g} sd of {usual.readings:,} readings"
    side: Side = (Severity.WARNING, "above", usual.mean + sd * usual.sd)
    return [_rule(sensor, side, source=source, origin=RuleOrigin.BASELINE, centre=usual.mean)]


def _rule(
    sensor: Sensor,
    side: Side,
    *,
    source: str,
    origin: RuleOrigin,
    centre: float,
    standard: str = NO_STANDARD,
    label: str = "",
    delay: tuple[int, int] | None = None,
    deadband: float = DEADBAND,
    clear_after: int = CLEAR_AFTER,
    settle_min: float = SETTLE_MIN,
) -> AlertRule:
    severity, direction, limit = side
    needed, of = delay or (CRITICAL_DELAY if severity is Severity.CRITICAL else WARNING_DELAY)
    # A limit near the usual readings would never be left by 5 % of its value: halfway back is enough.
    room = limit - centre if direction == "above" else centre - limit
    back = min(deadband * abs(limit), room / 2) if room > 0 else deadband * abs(limit)
    return _made(
        sensor=sensor.name,
        unit=sensor.unit,
        direction=direction,
        severity=severity,
        limit=limit,
        clears_at=limit - back if direction == "above" else limit + back,
        needed=needed,
        of=of,
        clear_after=clear_after,
        settle_min=settle_min,
        label=label,
        standard=standard,
        source=source,
        origin=origin,
    )


@lru_cache(maxsize=4096)
def _made(**facts: Any) -> AlertRule:
    """Return the rule of these facts; remembered, for machines have the same rules whenever they are looked at."""
    return AlertRule(**facts)


def _sides(
    critical_high: float | None, critical_low: float | None, warning_high: float | None, warning_low: float | None
) -> list[Side]:
    named: list[tuple[Severity, Literal["above", "below"], float | None]] = [
        (Severity.CRITICAL, "above", critical_high),
        (Severity.CRITICAL, "below", critical_low),
        (Severity.WARNING, "above", warning_high),
        (Severity.WARNING, "below", warning_low),
    ]
    return [(severity, side, limit) for severity, side, limit in named if limit is not None]


def _centre(sensor: Sensor) -> float:
    return (sensor.normal_low + sensor.normal_high) / 2


def _of_profile(profile: MachineProfile, sensor: Sensor, usual: Usual) -> list[AlertRule]:
    limits = sensor.limits
    if limits is None:
        return []
    sides = _sides(limits.critical_high, limits.critical_low, limits.warning_high, limits.warning_low)
    rules = [
        _rule(
            sensor,
            side,
            source=limits.source,
            origin=RuleOrigin.PROFILE,
            centre=_centre(sensor),
            standard=limits.standard,
        )
        for side in sides
    ]
    if sensor.quantity is Quantity.VIBRATION_VELOCITY and vibration_standard(profile) == SMALL_MOTOR:
        # IEC 60034-14 is about the acceptance of a new motor: in service its own baseline is watched as well.
        rules += [
            one for one in baseline_rules(sensor, usual(sensor.name)) if all(one.limit < rule.limit for rule in rules)
        ]
    return rules


def _by_default(profile: MachineProfile, sensor: Sensor, usual: Usual) -> list[AlertRule]:
    if sensor.quantity is Quantity.POWER:
        return _power_spike(sensor, usual(sensor.name))
    if sensor.quantity is Quantity.TEMPERATURE:
        warning, critical = TEMPERATURE_C
        standard, source = NO_STANDARD, "workbench casing default of 75 and 85 degC"
    elif sensor.quantity is Quantity.VIBRATION_VELOCITY:
        standard = vibration_standard(profile)
        if standard == NO_STANDARD and usual(sensor.name) is not None:
            return baseline_rules(sensor, usual(sensor.name))
        warning, critical = VIBRATION_MM_S
        source = "workbench default of 2.5 and 4.0 mm/s, not a figure of a standard"
    else:
        return []
    if not convertible(_BASE_UNITS[sensor.quantity], sensor.unit):
        # A plain number, e.g. of a data set that tells no unit: no default is about it.
        return baseline_rules(sensor, usual(sensor.name))
    factor, offset = conversion(_BASE_UNITS[sensor.quantity], sensor.unit)
    warning, critical = warning * factor + offset, critical * factor + offset
    if sensor.normal_high >= warning:
        # The profile calls readings beyond the default normal: it is not about this point of the machine.
        return baseline_rules(sensor, usual(sensor.name))
    return [
        _rule(sensor, side, source=source, origin=RuleOrigin.DEFAULT, centre=_centre(sensor), standard=standard)
        for side in _sides(critical, None, warning, None)
    ]


def _power_spike(sensor: Sensor, usual: Baseline | None) -> list[AlertRule]:
    if usual is None or usual.mean <= 0:
        return []
    share, spread = SPIKE_SHARE * usual.mean, usual.mean + BASELINE_SD * usual.sd
    # A load that swings by more than a fifth would spike all day.
    words = f"120 % of own baseline, mean {number_text(usual.mean)}"
    if spread > share:
        words = f"own baseline, mean {number_text(usual.mean)} + 3 sd, which is more than 120 % of it"
    side: Side = (Severity.WARNING, "above", max(share, spread))
    return [_rule(sensor, side, source=words, origin=RuleOrigin.BASELINE, centre=usual.mean, label=SPIKE)]


def _of_plant(sensor: Sensor, own: CustomRule, usual: Usual) -> list[AlertRule]:
    if not own.enabled:
        return []
    sides = _sides(own.critical_high, own.critical_low, own.warning_high, own.warning_low)
    learned = None if own.baseline_sd is None else usual(sensor.name)
    centre = _centre(sensor) if learned is None else learned.mean
    if own.baseline_sd is not None and learned is not None and learned.sd > 0:
        reach = own.baseline_sd * learned.sd
        sides = [side for side in sides if side[0] is Severity.CRITICAL]
        sides += [(Severity.WARNING, "above", learned.mean + reach), (Severity.WARNING, "below", learned.mean - reach)]
    return [
        _rule(
            sensor,
            side,
            source=f"rule {own.name}: {own.source}",
            origin=RuleOrigin.WORKSPACE,
            centre=centre,
            standard=own.standard,
            delay=own.critical_delay if side[0] is Severity.CRITICAL else own.warning_delay,
            deadband=own.deadband,
            clear_after=own.clear_after,
            settle_min=own.settle_min,
        )
        for side in sides
    ]
