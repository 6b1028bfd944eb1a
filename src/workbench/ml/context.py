"""What a prediction needs of one machine, computed once: features per model, residuals, clock, recent readings."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Task

from .arrays import NS_PER_H, FloatArray, IntArray, sensor_matrix
from .features import FeatureTable, compute
from .life import Timeline, timeline
from .models import Models
from .spec import FeatureSpec, default_horizons, fit_spec

STALE_H = 72.0
LEAST_UTILISATION = 0.01
RECENT_ROWS = 24


@dataclass
class Context:
    """One machine at one time, with features computed lazily per specification."""

    machine: MachineData
    models: Models
    as_of: datetime
    window_days: float
    clock: Timeline
    own_spec: FeatureSpec
    _tables: dict[str, FeatureTable] = field(default_factory=dict)

    @classmethod
    def of(cls, machine: MachineData, models: Models, as_of: datetime, window_days: float) -> Context:
        """Read the clock of ``machine``."""
        return cls(machine, models, as_of, window_days, timeline(machine), fit_spec([machine]))

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
        return pd.Timestamp(int(self.clock.time[-1]), unit="ns", tz="UTC").to_pydatetime(warn=False)

    @property
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
        now = pd.Timestamp(self.as_of).value
        past = self.clock.failures.time[self.clock.failures.time <= now]
        return float(now - past[-1]) / NS_PER_H if len(past) else 0.0

    def spec_of(self, task: Task) -> FeatureSpec:
        """Specification of the model for ``task``, else the machine's own canonical one."""
        bundle = self.models.pick(task, self.profile)
        return self.own_spec if bundle is None else bundle.spec

    def table(self, spec: FeatureSpec) -> FeatureTable:
        """Features of the last row under ``spec``, with the residuals of the longest horizon behind it."""
        if spec.key not in self._tables:
            history = default_horizons(self.profile.life_unit).degrading
            self._tables[spec.key] = compute(self.machine, spec, last=1, history=history, clock=self.clock)
        return self._tables[spec.key]

    def offline_reason(self) -> str | None:
        """Why the machine is out of service by its data: failed and silent since, or silent for long."""
        clock = self.clock
        if not len(clock.time):
            return None
        now = pd.Timestamp(self.as_of).value
        failed = clock.failures.time[clock.failures.time <= now]
        if len(failed) and failed[-1] >= clock.time[-1]:
            cause = clock.failures.cause[len(failed) - 1]
            moment = pd.Timestamp(int(failed[-1]), unit="ns", tz="UTC")
            return f"failed ({cause}) at {moment:%Y-%m-%d %H:%M} UTC and no reading since"
        silent_h = (now - clock.time[-1]) / NS_PER_H
        if clock.life_unit is not LifeUnit.CYCLE and silent_h > max(STALE_H, 24 * clock.cadence_h):
            return f"no reading for {silent_h / 24:.1f} days"
        return None

    def recent_running(self, days: float) -> tuple[FloatArray, IntArray]:
        """Readings of the profile's sensors over the last ``days``, running rows only, and their times (ns)."""
        clock = self.clock
        if not len(clock.time):
            return np.empty((0, len(self.profile.sensors))), np.empty(0, dtype=np.int64)
        first = int(np.searchsorted(clock.time, clock.time[-1] - int(days * 24 * NS_PER_H)))
        rows = first + np.flatnonzero(clock.running[first:])
        names = tuple(sensor.name for sensor in self.profile.sensors)
        return sensor_matrix(self.machine.telemetry.iloc[first:], names)[rows - first], clock.time[rows]


def recent_mean(table: FeatureTable, rows: int = RECENT_ROWS) -> FloatArray:
    """Mean residual per indicator over the last rows since the last reset, NaN where there is none."""
    fresh = table.clock.fresh[-1]
    z = table.z[table.recent >= fresh][-rows:]
    known = ~np.isnan(z)
    count = known.sum(axis=0)
    total = np.where(known, z, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(z.shape[1], np.nan), where=count > 0))
