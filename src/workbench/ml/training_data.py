"""Training samples of one scope: features once for all tasks, and again per fold where the population is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Horizons

from .arrays import BoolArray, FloatArray, IntArray, sensor_matrix
from .contract import Refeature
from .features import Samples, samples
from .life import running_rows, timeline
from .lifetimes import Lifetimes, collect_lifetimes
from .population import fit_population
from .spec import FLEET, FeatureSpec, fit_spec

MOST_ROWS = {LifeUnit.OPERATING_H: 24_000, LifeUnit.CYCLE: 12_000}
NORMAL_SHARE = 0.2


@dataclass
class TrainingData:
    """Members of a scope with telemetry, their features and labels, every ``every``-th running row."""

    scope: str
    members: tuple[MachineData, ...]
    horizons: Horizons
    spec: FeatureSpec
    samples: Samples
    every: int
    failures: int
    lifetimes: Lifetimes
    _refitted: dict[tuple[str, ...], pd.DataFrame] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """Machines with telemetry."""
        return len(self.members)

    def refeature(self, rows: IntArray) -> Refeature | None:
        """Return how to recompute features of ``rows`` from a fold's training units; None where nothing is learned."""
        if self.scope == FLEET:
            return None

        def again(units: Sequence[str]) -> pd.DataFrame:
            key = tuple(units)
            if key not in self._refitted:
                spec = with_population(self.spec, [m for m in self.members if m.profile.machine_id in set(units)])
                self._refitted[key] = samples(self.members, spec, every=self.every).X
            return self._refitted[key].iloc[rows].reset_index(drop=True)

        return again

    def life_rows(self, cap: float) -> tuple[IntArray, FloatArray]:
        """Rows whose life left is known, or known to be at least ``cap``, and that life."""
        known = np.where(np.isnan(self.samples.remaining), np.inf, self.samples.remaining)
        target = np.where(
            np.isfinite(known), np.minimum(known, cap), np.where(self.samples.survives >= cap, cap, np.nan)
        )
        rows = np.flatnonzero(~np.isnan(target))
        return rows, target[rows]

    def normal_rows(self) -> BoolArray:
        """Rows after which the machine is known to have run on: past the degrading, else the warning horizon.

        Where too few are left (short records), all rows that are not known to precede a failure.
        """
        for horizon in (self.horizons.degrading, self.horizons.warning):
            rows = self.samples.survives > horizon
            if rows.mean() >= NORMAL_SHARE:
                return np.asarray(rows)
        return np.asarray(np.isnan(self.samples.remaining) | (self.samples.remaining > self.horizons.warning))


def with_population(spec: FeatureSpec, members: Sequence[MachineData]) -> FeatureSpec:
    """Return ``spec`` with population statistics of ``members`` only."""
    indicators, operating = [], []
    for machine in members:
        running = running_rows(machine)
        indicators.append(sensor_matrix(machine.telemetry, spec.sensors)[running])
        operating.append(sensor_matrix(machine.telemetry, spec.operating)[running])
    return replace(spec, population=fit_population(np.concatenate(indicators), np.concatenate(operating)))


def count_failures(members: Sequence[MachineData]) -> int:
    """Failures that happened while telemetry was recorded (or at its very end)."""
    total = 0
    for machine in members:
        clock = timeline(machine)
        total += int((clock.failures.time > clock.time[0]).sum()) if len(clock.time) else 0
    return total


def gather(
    scope: str, fleet: Sequence[MachineData], horizons: Horizons, *, most_rows: int | None = None
) -> TrainingData:
    """Build the training data of ``scope``; ``fleet`` are its machines, with or without telemetry.

    Neighbouring rows say nearly the same, so every n-th is kept, ``most_rows`` in all at most.
    """
    members = tuple(machine for machine in fleet if len(machine.telemetry) and running_rows(machine).any())
    spec = fit_spec(members, scope=scope)
    rows = sum(int(running_rows(machine).sum()) for machine in members)
    every = max(1, int(np.ceil(rows / (most_rows or MOST_ROWS[spec.life_unit]))))
    return TrainingData(
        scope=scope,
        members=members,
        horizons=horizons,
        spec=spec,
        samples=samples(members, spec, every=every),
        every=every,
        failures=count_failures(members),
        lifetimes=collect_lifetimes(fleet),
    )
