"""Training samples of one scope: features once for all tasks, and again per fold where the population is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Horizons

from .anomaly_answers import anomaly_columns
from .arrays import BoolArray, FloatArray, IntArray, ObjectArray, sensor_matrix
from .cadence import hourly
from .contract import Refeature
from .features import Samples, every_nth, samples
from .life import timeline
from .lifetimes import Lifetimes, collect_lifetimes
from .population import fit_population
from .running import running_rows
from .spec import FLEET, FeatureSpec, fit_spec

MOST_ROWS = {LifeUnit.OPERATING_H: 24_000, LifeUnit.CYCLE: 12_000}
NORMAL_SHARE = 0.2
# Where no cost is known a failure is taken to cost three times planned work, as in the median of the catalogue's machines.
USUAL_ACT_FROM = 1 / 3


@dataclass
class TrainingData:
    """Members of a scope with telemetry, their features and labels, every ``every``-th running row.

    ``unthinned`` has all running rows with the features of anomalies only; ``kept`` says which of them are ``samples``.
    ``act_from``: by machine, the probability of failure from which planned work costs less than the risk, where known.
    """

    scope: str
    members: tuple[MachineData, ...]
    horizons: Horizons
    spec: FeatureSpec
    samples: Samples
    unthinned: Samples
    kept: IntArray
    every: int
    failures: int
    lifetimes: Lifetimes
    act_from: Mapping[str, float] = field(default_factory=dict)
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
                self._refitted[key] = samples(self.members, self._spec_of(units), every=self.every).X
            return self._refitted[key].iloc[rows].reset_index(drop=True)

        return again

    def refeature_unthinned(self, columns: Sequence[str]) -> Refeature | None:
        """Return how to recompute these features of ``unthinned`` from a fold's training units; None as ``refeature``."""
        if self.scope == FLEET:
            return None

        def again(units: Sequence[str]) -> pd.DataFrame:
            spec = self._spec_of(units)
            # One machine at a time, as in ``gather``.
            parts = [samples([machine], spec).X[list(columns)] for machine in self.members]
            return pd.concat(parts, ignore_index=True)

        return again

    def _spec_of(self, units: Sequence[str]) -> FeatureSpec:
        return with_population(self.spec, [m for m in self.members if m.profile.machine_id in set(units)])

    def act_from_of(self, groups: ObjectArray) -> FloatArray:
        """Return ``act_from`` of the machine of each row; a third where its costs are not known."""
        return np.array([self.act_from.get(str(name), USUAL_ACT_FROM) for name in groups], dtype=np.float64)

    def life_rows(self, cap: float) -> tuple[IntArray, FloatArray]:
        """Rows whose life left is known, or known to be at least ``cap``, and that life."""
        known = np.where(np.isnan(self.samples.remaining), np.inf, self.samples.remaining)
        target = np.where(
            np.isfinite(known), np.minimum(known, cap), np.where(self.samples.survives >= cap, cap, np.nan)
        )
        rows = np.flatnonzero(~np.isnan(target))
        return rows, target[rows]

    def normal_rows(self) -> BoolArray:
        """Rows of ``unthinned`` after which the machine is known to have run on: past the degrading, else the warning horizon.

        Where too few are left (short records), all rows that are not known to precede a failure.
        """
        for horizon in (self.horizons.degrading, self.horizons.warning):
            rows = self.unthinned.survives > horizon
            if rows.mean() >= NORMAL_SHARE:
                return np.asarray(rows)
        return np.asarray(np.isnan(self.unthinned.remaining) | (self.unthinned.remaining > self.horizons.warning))


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
    scope: str,
    fleet: Sequence[MachineData],
    horizons: Horizons,
    *,
    most_rows: int | None = None,
    act_from: Mapping[str, float] | None = None,
) -> TrainingData:
    """Build the training data of ``scope``; ``fleet`` are its machines, with or without telemetry.

    Readings finer than hours are averaged to hours. Neighbouring rows say nearly the same, so every n-th is kept,
    ``most_rows`` in all at most.
    """
    fleet = [hourly(machine) for machine in fleet]
    members = tuple(machine for machine in fleet if len(machine.telemetry) and running_rows(machine).any())
    spec = fit_spec(members, scope=scope)
    rows = sum(int(running_rows(machine).sum()) for machine in members)
    every = max(1, int(np.ceil(rows / (most_rows or MOST_ROWS[spec.life_unit]))))
    thinned, unthinned, kept = _samples(members, spec, every)
    return TrainingData(
        scope=scope,
        members=members,
        horizons=horizons,
        spec=spec,
        samples=thinned,
        unthinned=unthinned,
        kept=kept,
        every=every,
        failures=count_failures(members),
        lifetimes=collect_lifetimes(fleet),
        act_from=act_from or {},
    )


def _samples(members: Sequence[MachineData], spec: FeatureSpec, every: int) -> tuple[Samples, Samples, IntArray]:
    """Return every ``every``-th row of each machine, all rows with few columns, and the places of the former."""
    thinned: list[Samples] = []
    unthinned: list[Samples] = []
    kept: list[IntArray] = []
    total = 0
    # One machine at a time: all rows of a fleet with all columns would need gigabytes.
    for machine in members:
        part = samples([machine], spec)
        rows = np.arange(len(part.time))
        mine = every_nth(rows, every)
        thinned.append(part.take(mine))
        unthinned.append(part.take(rows, anomaly_columns(list(part.X.columns))))
        kept.append(total + mine)
        total += len(rows)
    return Samples.stack(thinned), Samples.stack(unthinned), np.concatenate(kept)
