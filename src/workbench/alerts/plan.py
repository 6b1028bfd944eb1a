"""What is watched on one machine: its rules, the checks of its sensors, and how long a gap breaks a count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np

from workbench.domain.alerts import SETTLE_MIN, AlertRule, CustomRule
from workbench.domain.equipment import MachineProfile, Sensor
from workbench.domain.predictions import SensorFault, SensorFaultKind
from workbench.errors import InputError

from .arrays import NS_PER_MIN, BoolArray, FloatArray, IntArray
from .baseline import Baseline, fit_baselines
from .rules import Usual, rules_for

# The own baseline is what the machine measured in its first month.
BASELINE_DAYS = 30
GAP_READINGS = 5
# A sensor that fell silent, left its range or jumped is believed again after ten good readings in a row.
DROPOUT_OF, DROPOUT_NEEDED, GOOD_AGAIN = 10, 5, 10
# A spike leaves the normal range by more than half its width, for one reading.
SPIKE_REACH = 0.5
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Readings:
    """A machine's record: ``time`` (ns since 1970, ascending), ``values`` (rows, sensors of the profile; NaN is a gap).

    ``running``: whether the machine runs in each row; ``renewed``: times (ns) of failures and replacements: what was
    seen up to one says nothing of the machine after it.
    """

    time: IntArray
    values: FloatArray
    running: BoolArray
    renewed: IntArray


@dataclass(frozen=True)
class Check:
    """How one sensor is known to be faulty."""

    sensor: Sensor
    spike_low: float
    spike_high: float
    usual: Usual

    @property
    def stuck_after(self) -> int | None:
        """Equal readings in a row that show it stuck; None where equal readings are usual or nothing is known."""
        known = self.usual(self.sensor.name)
        return None if known is None else known.stuck_after

    @property
    def repeat_counts_until(self) -> int | None:
        """Equal readings in a row that still count as measured anew; None: all do."""
        known = self.usual(self.sensor.name)
        return None if known is None else known.repeat_counts_until


@dataclass(frozen=True)
class Plan:
    """Rules and checks of one machine; ``checks``: one for each sensor of the profile, in its order."""

    machine_id: str
    checks: tuple[Check, ...]
    rules: tuple[AlertRule, ...]
    longest_gap: int
    sampling: int | None

    @property
    def settle(self) -> int:
        """Nanoseconds of running after which the first rule judges, and sensors are checked."""
        return int(min((rule.settle_min for rule in self.rules), default=SETTLE_MIN) * NS_PER_MIN)

    @cached_property
    def place(self) -> dict[str, int]:
        """Column of each sensor."""
        return {check.sensor.name: k for k, check in enumerate(self.checks)}


def plan_for(
    profile: MachineProfile,
    readings: Readings,
    custom: Sequence[CustomRule] = (),
    *,
    rules: Sequence[AlertRule] = (),
    learn: Callable[[], Readings] | None = None,
) -> Plan:
    """Return what to watch on a machine.

    ``rules`` replace the machine's own; ``learn`` gives the record whose first month is its baseline (default:
    ``readings``), and is called only when something depends on it. Raises ``InputError`` when times are not ascending
    and unique.
    """
    refuse_unsorted(profile.machine_id, readings.time)

    known: dict[str, Baseline | None] = {}

    def usual(name: str) -> Baseline | None:
        if not known:
            found = baselines_of(profile, readings if learn is None else learn())
            known.update({sensor.name: one for sensor, one in zip(profile.sensors, found, strict=True)})
        return known[name]

    # A hundred say it: how often a machine reports hardly changes.
    steps = np.sort(np.diff(readings.time[-100:]))
    sampling = int(steps[len(steps) // 2]) if len(steps) else None
    return Plan(
        machine_id=profile.machine_id,
        checks=tuple(_check(sensor, usual) for sensor in profile.sensors),
        rules=tuple(rules) or rules_for(profile, usual, custom),
        longest_gap=max(GAP_READINGS * (sampling or 0), int(SETTLE_MIN * NS_PER_MIN)),
        sampling=sampling,
    )


def baselines_of(profile: MachineProfile, readings: Readings) -> tuple[Baseline | None, ...]:
    """Return what is usual for each sensor in the first month in which the machine runs; impossible readings left out."""
    running = readings.running
    if not running.any():
        return (None,) * len(profile.sensors)
    first = int(running.argmax())
    end = int(np.searchsorted(readings.time, readings.time[first] + BASELINE_DAYS * 1440 * NS_PER_MIN))
    values = readings.values[first:end][running[first:end]]
    low = np.array([sensor.physical_low for sensor in profile.sensors])
    high = np.array([sensor.physical_high for sensor in profile.sensors])
    impossible = (values < low) | (values > high)
    return fit_baselines(np.where(impossible, np.nan, values) if impossible.any() else values)


def _check(sensor: Sensor, usual: Usual) -> Check:
    reach = SPIKE_REACH * (sensor.normal_high - sensor.normal_low)
    return Check(sensor, sensor.normal_low - reach, sensor.normal_high + reach, usual)


def refuse_unsorted(machine_id: str, time: IntArray) -> None:
    """Raise ``InputError`` unless times are ascending and unique."""
    if len(time) > 1 and not bool((time[1:] > time[:-1]).all()):
        raise InputError(
            f"The readings of {machine_id} are not in ascending, unique order of time.",
            "Sort them by time and drop repeated times.",
        )


def moment(stamp: int) -> datetime:
    """Return nanoseconds since 1970 as an aware time.

    >>> moment(3_600_000_000_000).isoformat()
    '1970-01-01T01:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=stamp // 1000)


def fault(
    check: Check, kind: SensorFaultKind, since: int, until: int, *, ongoing: bool, value: float | None, bad: int
) -> SensorFault:
    """Return a fault of a sensor of which ``bad`` readings were seen."""
    before = (check.stuck_after or 1) - 1 if kind is SensorFaultKind.STUCK else 0
    return SensorFault(
        sensor=check.sensor.name,
        kind=kind,
        since=moment(since),
        until=moment(until),
        ongoing=ongoing,
        value=value,
        unit=check.sensor.unit,
        readings=bad + before,
    )
