"""What a prediction needs of one machine, computed once: features per model, residuals, clock, recent readings."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Horizons, Task

from .arrays import NS_PER_H, FloatArray, IntArray, nanoseconds, sensor_matrix
from .baseline import indicator_names
from .cadence import hourly
from .evidence import NO_READINGS, record_reason
from .features import FeatureTable, compute
from .life import Timeline, timeline
from .models import Models
from .running import running_rows
from .spec import FLEET, FeatureSpec, default_horizons, fit_spec

STALE_H = 72.0
MISSING_READINGS = 24
LEAST_UTILISATION = 0.01
RECENT_ROWS = 24
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Context:
    """One machine at one time, with features computed lazily per specification.

    ``machine`` is the record as training saw such records, averaged to hours where it is finer; ``raw`` as it came.
    """

    machine: MachineData
    raw: MachineData
    models: Models
    as_of: datetime
    window_days: float
    clock: Timeline
    _tables: dict[str, FeatureTable] = field(default_factory=dict)
    _blind: dict[tuple[str, ...], str | None] = field(default_factory=dict)

    @classmethod
    def of(cls, machine: MachineData, models: Models, as_of: datetime, window_days: float) -> Context:
        """Read the clock of ``machine``, whose record ends at ``as_of``."""
        # Models learned from hours: the spread and the slopes of single minutes would look like wear to them.
        averaged = hourly(machine)
        return cls(averaged, machine, models, as_of, window_days, timeline(averaged))

    @cached_property
    def own_spec(self) -> FeatureSpec:
        """Canonical features of this machine alone, where there is no model."""
        return fit_spec([self.machine])

    @cached_property
    def readings(self) -> FloatArray:
        """Readings of the profile's sensors, a column each."""
        return sensor_matrix(self.machine.telemetry, tuple(sensor.name for sensor in self.profile.sensors))

    @cached_property
    def now(self) -> int:
        """``as_of`` in nanoseconds since 1970."""
        return pd.Timestamp(self.as_of).value

    @cached_property
    def indicators(self) -> tuple[str, ...]:
        """Names of the machine's sensors that show its health."""
        return indicator_names(self.profile)

    @property
    def profile(self) -> MachineProfile:
        """The machine's profile."""
        return self.machine.profile

    @property
    def has_run(self) -> bool:
        """Whether there is any reading in which the machine runs."""
        return bool(self.clock.running.any())

    @property
    def data_until(self) -> datetime | None:
        """Time of the last reading."""
        if not len(self.clock.time):
            return None
        return _EPOCH + timedelta(microseconds=int(self.clock.time[-1]) // 1000)

    @cached_property
    def utilisation(self) -> float:
        """Life units per calendar hour over the tracking window, never quite nothing."""
        return max(self.clock.utilisation(self.window_days), LEAST_UTILISATION)

    @property
    def age(self) -> float:
        """Life since the last failure or, where unknown, since the first reading; calendar hours without readings."""
        if len(self.clock.age) and np.isfinite(self.clock.age[-1]):
            return float(self.clock.age[-1])
        if len(self.clock.life):
            return float(self.clock.life[-1] - self.clock.life[0])
        return self._calendar_age()

    def _calendar_age(self) -> float:
        past = self.clock.failures.time[self.clock.failures.time <= self.now]
        return float(self.now - past[-1]) / NS_PER_H if len(past) else 0.0

    def spec_of(self, task: Task) -> FeatureSpec:
        """Specification of the model for ``task``, else the machine's own canonical one."""
        bundle = self.models.pick(task, self.profile)
        return self.own_spec if bundle is None else bundle.spec

    @cached_property
    def horizons(self) -> Horizons:
        """How far the machine's models look ahead: that of its health, else of its life, else as ML1 says."""
        bundle = self.models.pick(Task.HEALTH, self.profile) or self.models.pick(Task.RUL, self.profile)
        return default_horizons(self.profile.life_unit) if bundle is None else bundle.horizons

    def table(self, spec: FeatureSpec) -> FeatureTable:
        """Features of the last row under ``spec``, with the residuals of the longest horizon behind it."""
        if spec.key not in self._tables:
            history = self.horizons.degrading
            self._tables[spec.key] = compute(
                self.machine, spec, last=1, history=history, clock=self.clock, readings=self.readings
            )
        return self._tables[spec.key]

    def offline_reason(self) -> str | None:
        """Why the machine is out of service by its data: failed and silent since, or silent for long."""
        return self.failed_reason() or self._silent_reason()

    def silent_since(self) -> datetime | None:
        """Time of the last reading of a machine that has gone silent; None for one that failed, of which it is expected."""
        return self.data_until if self.failed_reason() is None and self._silent_reason() is not None else None

    def failed_reason(self) -> str | None:
        """Say that the machine failed and gave no reading since."""
        failures = self.clock.failures
        if not len(self.clock.time) or not len(failures.time) or failures.time[-1] < self.clock.time[-1]:
            return None
        return f"failed ({failures.cause[-1]}) at {_moment(int(failures.time[-1]))} and no reading since"

    def _silent_reason(self) -> str | None:
        """Say that the last reading is old: more than 24 readings are missing, and more than three days have passed.

        How often a machine that counts cycles should report is known from two readings on.
        """
        clock = self.clock
        if len(clock.time) < (2 if clock.life_unit is LifeUnit.CYCLE else 1):
            return None
        silent_h = (self.now - clock.time[-1]) / NS_PER_H
        if silent_h <= max(STALE_H, MISSING_READINGS * clock.cadence_h):
            return None
        return f"no reading for {silent_h / 24:.1f} days"

    def reset_reason(self) -> str | None:
        """Say that nothing was seen of the machine since its last failure or replacement."""
        clock = self.clock
        if clock.reset_at is None or not len(clock.time) or clock.rows_since_reset():
            return None
        reading = "reading" if clock.reset_at >= clock.time[-1] else "running reading"
        return f"no {reading} since the {clock.reset_by} at {_moment(clock.reset_at)}"

    def sensors_reason(self, spec: FeatureSpec) -> str | None:
        """Say that no sensor that ``spec`` looks at was read lately: in 24 running readings, or a day of them."""
        names = spec.sensors if spec.scope != FLEET and spec.population is not None else self.indicators
        if names not in self._blind:
            self._blind[names] = self._blind_reason(names)
        return self._blind[names]

    def _blind_reason(self, names: tuple[str, ...]) -> str | None:
        rows = max(RECENT_ROWS, math.ceil(24.0 / max(self.clock.cadence_h, 1e-3)))
        if self.clock.life_unit is LifeUnit.CYCLE:
            rows = RECENT_ROWS
        last = np.flatnonzero(self.clock.running)[-rows:]
        first = int(last[0]) if len(last) else 0
        if np.isfinite(sensor_matrix(self.machine.telemetry, names, first=first)[last - first]).any():
            return None
        return f"no sensor reading in the last {rows} running readings"

    def gaps(self, spec: FeatureSpec) -> tuple[str, ...]:
        """Return what is missing to judge the machine at all, whatever the model; nothing when it can be judged.

        Thirty running readings must be in the record, though not since the last repair; one since it must be; and some
        sensor must have been read lately. Without them a model would answer from its defaults: mostly "healthy".
        """
        if not self.has_run:
            return (NO_READINGS,)
        running = int(np.count_nonzero(self.clock.running))
        found = (self.reset_reason(), record_reason(running), self.sensors_reason(spec))
        return tuple(reason for reason in found if reason)

    def recent_running(self, days: float) -> tuple[FloatArray, IntArray]:
        """Readings of the profile's sensors over the last ``days``, running rows only, and their times (ns).

        Single readings, not hours: a trend is of what was measured.
        """
        averaged = self.raw is not self.machine
        time = nanoseconds(self.raw.telemetry["time"]) if averaged else self.clock.time
        running = running_rows(self.raw) if averaged else self.clock.running
        if not len(time):
            return np.empty((0, len(self.profile.sensors))), np.empty(0, dtype=np.int64)
        first = int(np.searchsorted(time, time[-1] - int(days * 24 * NS_PER_H)))
        rows = first + np.flatnonzero(running[first:])
        if not averaged:
            return self.readings[rows], time[rows]
        names = tuple(sensor.name for sensor in self.profile.sensors)
        return sensor_matrix(self.raw.telemetry, names, first=first)[rows - first], time[rows]


def _moment(stamp: int) -> str:
    return f"{pd.Timestamp(stamp, unit='ns', tz='UTC'):%Y-%m-%d %H:%M} UTC"


def recent_mean(table: FeatureTable, rows: int = RECENT_ROWS) -> FloatArray:
    """Mean residual per indicator over the last rows since the last reset, NaN where there is none."""
    fresh = table.clock.fresh[-1]
    z = table.z[table.recent >= fresh][-rows:]
    known = ~np.isnan(z)
    count = known.sum(axis=0)
    total = np.where(known, z, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(z.shape[1], np.nan), where=count > 0))
