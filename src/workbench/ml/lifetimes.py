"""How long machines of a population live, and the life left at a given age: by Kaplan-Meier, or by what machines are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Interval

from .arrays import NS_PER_H, FloatArray, nanoseconds
from .life import timeline
from .survival import LONGEST_SPANS, HazardSurvival, kaplan_meier

# Below these the population's curve stands: covariates would only repeat single machines.
LIVES_NEEDED, FAILURES_NEEDED, MACHINES_NEEDED = 30, 10, 6
LEAST_SHARERS = 3
Facts = tuple[tuple[str, float | str], ...]


@dataclass(frozen=True)
class Lifetimes:
    """Lives seen so far: durations at which they ended or were last seen, and whether they ended in failure.

    Source of the estimator: Kaplan and Meier, "Nonparametric estimation from incomplete observations", JASA 1958.
    Beyond the longest life seen the hazard is taken as constant (failures over exposure). ``model``: the hazard by
    what a machine is (type, model, attributes), where that told more of machines left out than age alone did.
    """

    duration: FloatArray
    failed: FloatArray
    model: HazardSurvival | None = None

    @property
    def failures(self) -> int:
        """Lives that ended in failure."""
        return int(self.failed.sum())

    def curve(self) -> tuple[FloatArray, FloatArray]:
        """Return times of failure and the survival just after each."""
        return kaplan_meier(self.duration, self.failed)

    def survival(self, at: FloatArray) -> FloatArray:
        """P(life > at)."""
        times, survival = self.curve()
        if len(times) == 0:
            return np.ones(len(at))
        steps = np.concatenate([[1.0], survival])
        value = steps[np.searchsorted(times, at, side="right")]
        last = times[-1]
        floor = survival[-2] / 2 if survival[-1] <= 0 and len(survival) > 1 else survival[-1]
        floor = max(float(floor), 1e-3)
        rate = self.failures / max(float(self.duration.sum()), 1e-9)
        return np.asarray(np.where(at >= last, floor * np.exp(-rate * np.maximum(at - last, 0.0)), value))

    def fails_within(self, age: float, horizon: float) -> float:
        """P(life <= age + horizon | life > age)."""
        now, then = self.survival(np.array([age, age + horizon]))
        return float(np.clip(1.0 - then / now, 0.0, 1.0)) if now > 0 else 1.0

    def remaining(self, age: float, *, profile: MachineProfile | None = None) -> Interval | None:
        """Median and 90 % interval of the life left at ``age``; None when no life ended in failure.

        With ``profile``, of machines like this one, where the population's lives differ by what a machine is.

        An end that survival does not fall to within twelve times the longest life seen is open and stands at that
        furthest point: the life is longer, nobody knows by how much.
        """
        if self.failures == 0:
            return None
        span = max(float(self.duration.max()), 1e-9)
        if self.model is not None and profile is not None:
            covariates = _own_covariates(_facts(profile), tuple(self.model.feature_names_))
            median, lower, upper = (float(end) for end in self.model.answer(covariates, age=np.array([age]))[0])
            median_open, upper_open = median >= LONGEST_SPANS * span, upper >= LONGEST_SPANS * span
        else:
            lower, median, upper, median_open, upper_open = self._quantiles(age, span)
        return Interval(median=median, lower=lower, upper=upper, upper_open=upper_open, median_open=median_open)

    def _quantiles(self, age: float, span: float) -> tuple[float, float, float, bool, bool]:
        """Return lower end, median, upper end of the life left, and whether median and upper end are open."""
        grid = np.concatenate([np.linspace(0.0, span, 2001), span * np.linspace(1.002, LONGEST_SPANS, 1500)])
        survival = self.survival(age + grid)
        share = survival / max(float(survival[0]), 1e-12)
        # ``share`` never rises, so what lies above a level comes first; ``argmax`` would say 0 for a level not reached.
        lower, median, upper = (
            float(grid[min(int(np.count_nonzero(share > level)), len(grid) - 1)]) for level in (0.95, 0.5, 0.05)
        )
        return lower, median, upper, bool(share[-1] > 0.5), bool(share[-1] > 0.05)

    def state(self) -> dict[str, Any]:
        """Return the lives as arrays, and the model of them, for the artefact."""
        model = None if self.model is None else self.model.state()
        return {"duration": self.duration, "failed": self.failed, "model": model}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Lifetimes:
        """Rebuild from ``state()``."""
        held = state.get("model")
        model = None if held is None else HazardSurvival.restore(held)
        return cls(np.asarray(state["duration"]), np.asarray(state["failed"]), model)


def collect_lifetimes(fleet: Sequence[MachineData]) -> Lifetimes:
    """Collect the lives of ``fleet``: from new or a failure to the next failure, or to a replacement or the record's end.

    A first life whose beginning nobody saw counts from the first reading or event on (so it is rather too short). Of a
    machine without readings the calendar counts.
    """
    durations: list[float] = []
    failed: list[float] = []
    owners: list[MachineProfile] = []
    for machine in fleet:
        start, failures, end = _span(machine)
        for moment in failures:
            if moment > start:
                durations.append(moment - start)
                failed.append(1.0)
            start = max(start, moment)
        if end > start:
            durations.append(end - start)
            failed.append(0.0)
        owners += [machine.profile] * (len(durations) - len(owners))
    duration, ended = np.asarray(durations), np.asarray(failed)
    return Lifetimes(duration, ended, _fit_by_covariates(duration, ended, owners))


def _span(machine: MachineData) -> tuple[float, list[float], float]:
    """Return the life at which a record starts, at its failures, and at which it ends."""
    clock = timeline(machine)
    if len(clock.time):
        started = clock.age[0] if np.isfinite(clock.age[0]) else 0.0
        return float(clock.life[0] - started), clock.failures.life.tolist(), float(clock.life[-1])
    if machine.profile.life_unit is LifeUnit.CYCLE or machine.events.empty:
        return 0.0, [], 0.0
    moments = nanoseconds(machine.events["time"]) / NS_PER_H
    return float(moments.min()), (clock.failures.time / NS_PER_H).tolist(), float(moments.max())


def _fit_by_covariates(
    duration: FloatArray, failed: FloatArray, owners: Sequence[MachineProfile]
) -> HazardSurvival | None:
    """Return the hazard by what machines are; None where lives are few or age alone tells as much."""
    machines = {profile.machine_id for profile in owners}
    if len(duration) < LIVES_NEEDED or failed.sum() < FAILURES_NEEDED or len(machines) < MACHINES_NEEDED:
        return None
    X = life_covariates(owners)
    if X.empty:
        return None
    names = np.array([profile.machine_id for profile in owners], dtype=object)
    model = HazardSurvival().fit(X, duration, failed, groups=names)
    return None if model.form_ == "population" else model


def _facts(profile: MachineProfile) -> Facts:
    """Return what is known of a machine from the start, each fact with its name."""
    facts: dict[str, float | str] = {**profile.attributes, "machine_type": profile.machine_type}
    if profile.model:
        facts["model"] = profile.model
    return tuple(facts.items())


def _coded(facts: Facts) -> dict[str, float]:
    return {k if isinstance(v, float) else f"{k}={v}": v if isinstance(v, float) else 1.0 for k, v in facts}


@lru_cache(maxsize=1024)
def _own_covariates(facts: Facts, names: tuple[str, ...]) -> FloatArray:
    """Return the covariates ``names`` (those that a model learned) of one machine; remembered, for they seldom change."""
    row = _coded(facts)
    return np.array([[row.get(name, _gap(name)) for name in names]], dtype=np.float64)


def life_covariates(profiles: Sequence[MachineProfile]) -> pd.DataFrame:
    """Return what is known of machines from the start and differs: a column per number, and per ``fact=value`` that several share."""
    table = pd.DataFrame([_coded(_facts(profile)) for profile in profiles])
    table = table.fillna({str(name): _gap(str(name)) for name in table})
    of = np.array([profile.machine_id for profile in profiles], dtype=object)
    columns = [str(name) for name in table]
    sharers = {name: len(set(of[(table[name] != 0).to_numpy()])) for name in columns}
    total = len(set(of))
    kept = [
        name
        for name in sorted(columns)
        if table[name].nunique() > 1 and ("=" not in name or LEAST_SHARERS <= sharers[name] <= total - 1)
    ]
    return table[kept]


def _gap(name: str) -> float:
    """A value that a machine has not got counts as 0; a number that it does not know stays unknown."""
    return 0.0 if "=" in name else float("nan")
