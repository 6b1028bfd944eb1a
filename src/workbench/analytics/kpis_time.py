"""How a machine used its time: hours by state, items made, energy and down spells, from its readings (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import MachineState
from workbench.domain.units import Quantity, conversion

Floats = npt.NDArray[np.float64]

# A reading stands for the time since the one before; after a longer pause than this many typical ones, for a typical one.
_LONGEST_STEPS = 1.5
# Of fewer of the running hours, counts or power readings say nothing of the whole.
MOST_COUNTED = 0.9
# Output that a machine has shown to reach: this share of its running hours made no more.
DEMONSTRATED = 0.95
RATED_OUTPUT = "output_per_h"
_WEEK_US = 7 * 24 * 3_600_000_000
PARTS = ("running", "idle", "planned_stop", "down", "standing", "counted", "total", "good", "kWh", "powered")


@dataclass(frozen=True)
class DownSpell:
    """A time in which a machine was DOWN without interruption; ``open``: it still was at the last reading."""

    start: datetime
    end: datetime
    open: bool

    @property
    def hours(self) -> float:
        """How long it lasted, or had lasted."""
        return (self.end - self.start) / timedelta(hours=1)


@dataclass(frozen=True)
class TimeUse:
    """What the readings of one machine in a period say of its time.

    ``weeks`` has a row for each week with readings, all in hours unless said: ``running``, ``idle``, ``planned_stop``, ``down``;
    ``standing`` (not known to run, where no states are recorded), ``counted`` (running, with a count), ``total`` and ``good`` (items
    made in these), ``kWh`` and ``powered`` (running, with a power reading).
    """

    machine_id: str
    weeks: pd.DataFrame
    spells: tuple[DownSpell, ...] = ()
    span: tuple[datetime, datetime] | None = None
    has_states: bool = False
    running_known: bool = False
    output_per_h: float | None = None
    output_basis: str = ""
    power_sensor: str = ""

    @property
    def exposure_h(self) -> float:
        """Hours in which it could fail: running, or all that are recorded where nothing tells when it runs."""
        return self.hours("running") if self.running_known else self.hours("standing")

    def hours(self, part: str) -> float:
        """Return the sum of one column of ``weeks``."""
        return float(self.weeks[part].sum())

    @property
    def counted(self) -> bool:
        """Whether items are counted in at least 90 % of the running hours."""
        running = self.hours("running")
        return self.output_per_h is not None and running > 0 and self.hours("counted") >= MOST_COUNTED * running

    @property
    def judged(self) -> bool:
        """Whether good items are counted where items are."""
        return self.counted and bool(self.weeks["good"].notna().all())


def columns_of(profile: MachineProfile) -> list[str]:
    """Return the columns of telemetry that ``time_use`` reads, without the running rule's sensor."""
    return ["state", "total_count", "good_count", *_power_sensors(profile)]


def _power_sensors(profile: MachineProfile) -> list[str]:
    return [sensor.name for sensor in profile.sensors if sensor.quantity is Quantity.POWER]


def time_use(profile: MachineProfile, readings: pd.DataFrame) -> TimeUse:
    """Return how the machine used the time that ``readings`` cover.

    Args:
        profile: The machine.
        readings: Column ``time`` (aware UTC, ascending) and those of ``columns_of``; where ``state`` holds nothing, the sensor of
            the running rule tells when the machine ran.
    """
    nothing = TimeUse(profile.machine_id, pd.DataFrame({part: pd.Series(dtype=float) for part in PARTS}))
    if len(readings) < 2:
        # How long a single reading stands for is not known.
        return nothing
    ends = _micros(readings["time"])
    hours = _hours(ends)
    states = readings["state"] if "state" in readings else pd.Series([None] * len(readings))
    has_states = bool(states.notna().any())
    running, known = _running(profile, readings, states)
    counts = {name: _numbers(readings, f"{name}_count") for name in ("total", "good")}
    made = running & np.isfinite(counts["total"])
    power, sensor = _power(profile, readings, running, hours)
    powered = running & np.isfinite(power)
    judged = bool(np.isfinite(counts["good"][made]).all())
    columns = {
        "running": hours * running,
        **{
            s.value.lower(): hours * (states == s.value).to_numpy()
            for s in MachineState
            if s is not MachineState.RUNNING
        },
        "standing": hours * ~running if not has_states else np.zeros(len(hours)),
        "counted": hours * made,
        "total": np.where(made, counts["total"], 0.0),
        "good": np.where(made, counts["good"], 0.0) if judged else np.full(len(hours), np.nan),
        "kWh": np.where(powered, power, 0.0) * hours,
        "powered": hours * powered,
    }
    weeks = pd.DataFrame(columns).groupby(ends // _WEEK_US).sum(min_count=1)
    rate, basis = _output(profile, counts["total"][made] / hours[made])
    return TimeUse(
        machine_id=profile.machine_id,
        weeks=weeks[list(PARTS)],
        spells=_spells((states == MachineState.DOWN.value).to_numpy(), ends, hours),
        span=(_instant(ends[0] - round(hours[0] * 3.6e9)), _instant(ends[-1])),
        has_states=has_states,
        running_known=known,
        output_per_h=rate,
        output_basis=basis,
        power_sensor=sensor,
    )


def _micros(times: pd.Series) -> npt.NDArray[np.int64]:
    """Return times as microseconds since 1970."""
    micros: npt.NDArray[np.int64] = times.dt.as_unit("us").astype("int64").to_numpy()
    return micros


def _hours(ends: npt.NDArray[np.int64]) -> Floats:
    steps = np.diff(ends) / 3.6e9
    typical = float(np.median(steps)) if len(steps) else 0.0
    full = np.concatenate(([typical], steps))
    return np.where(full > _LONGEST_STEPS * typical, typical, full)


def _running(profile: MachineProfile, readings: pd.DataFrame, states: pd.Series) -> tuple[npt.NDArray[np.bool_], bool]:
    if states.notna().any():
        return (states == MachineState.RUNNING.value).to_numpy(), True
    rule = profile.running_rule
    if rule is None or rule.sensor not in readings or readings[rule.sensor].isna().all():
        return np.zeros(len(readings), dtype=bool), False
    return (readings[rule.sensor] > rule.above).to_numpy(), True


def _numbers(readings: pd.DataFrame, column: str) -> Floats:
    if column not in readings:
        return np.full(len(readings), np.nan)
    return readings[column].to_numpy(dtype=np.float64)


def _power(
    profile: MachineProfile, readings: pd.DataFrame, running: npt.NDArray[np.bool_], hours: Floats
) -> tuple[Floats, str]:
    """Return the power in kW; of several sensors the one that shows most energy, for a total holds the others."""
    best, chosen, most = np.full(len(readings), np.nan), "", 0.0
    for name in _power_sensors(profile):
        factor, offset = conversion(profile.sensor(name).unit, "kW")
        power = _numbers(readings, name) * factor + offset
        energy = float(np.nansum(power[running] * hours[running]))
        if energy > most:
            best, chosen, most = power, name, energy
    return best, chosen


def _output(profile: MachineProfile, per_h: Floats) -> tuple[float | None, str]:
    """Return the output that performance is measured by: the name plate's, else what the machine has shown to reach."""
    if not len(per_h):
        return None, ""
    rated = profile.rated.get(RATED_OUTPUT)
    if rated is not None and rated.value > 0:
        return rated.value, f"rated output of {rated.value:g} an hour ({rated.source})"
    shown = float(np.quantile(per_h, DEMONSTRATED))
    if shown <= 0:
        return None, ""
    words = f"best demonstrated output, {shown:.0f} an hour, which {100 * (1 - DEMONSTRATED):.0f} % of the running hours reach"
    return shown, f"{words} (the profile has no rated {RATED_OUTPUT})"


def _spells(down: npt.NDArray[np.bool_], ends: npt.NDArray[np.int64], hours: Floats) -> tuple[DownSpell, ...]:
    edges = np.diff(np.concatenate(([0], down.astype(np.int8), [0])))
    firsts, lasts = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return tuple(
        DownSpell(_instant(ends[i] - round(hours[i] * 3.6e9)), _instant(ends[j]), open=bool(j == len(down) - 1))
        for i, j in zip(firsts, lasts, strict=True)
    )


def _instant(micros: int) -> datetime:
    return pd.Timestamp(int(micros), unit="us", tz="UTC").to_pydatetime()


def together(uses: Sequence[TimeUse]) -> pd.DataFrame:
    """Return the sums of each machine that has readings, one row a machine."""
    return pd.DataFrame({use.machine_id: use.weeks.sum(min_count=1) for use in uses if use.running_known}).T
