"""Causal features of one machine, aligned to its telemetry rows.

A row's features depend on readings and events up to that row only. Calendar time, identity and total life are never
among them. ``build`` gives the table that estimators take; ``compute`` also returns what explains it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.equipment import LifeUnit, SensorRole
from workbench.domain.observations import MachineData
from workbench.errors import NotEnoughData

from .arrays import FloatArray, IntArray, ObjectArray, refuse_infinite, sensor_matrix
from .baseline import fit_baseline, floors, fresh_positions, indicator_names
from .features_canonical import canonical_features, crossings, mode_features, symptom_matrix, symptom_scores
from .features_events import event_features
from .labels import label
from .life import Timeline, timeline
from .rolling import TrailingWindows
from .running import running_rows
from .spec import FLEET, FeatureSpec

LAG_H = 6.0


@dataclass(frozen=True)
class FeatureTable:
    """Features of the last rows of one machine, and the residuals they were made of.

    ``rows``: telemetry rows described, ``index``: theirs; ``matrix``: their features ``names``, which ``frame`` gives as a
    table; ``recent``: positions (among all rows) of the running rows whose residuals ``z``, ``expected`` and ``sd`` (one column per ``indicators``) are kept;
    ``symptoms``: ``symptom_matrix`` of the indicators.
    """

    matrix: npt.NDArray[np.float32]
    index: pd.Index[Any]
    rows: IntArray
    clock: Timeline
    indicators: tuple[str, ...]
    recent: IntArray
    z: FloatArray
    expected: FloatArray
    sd: FloatArray
    names: tuple[str, ...]
    symptoms: FloatArray

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The features with their names, aligned to the telemetry."""
        return pd.DataFrame(self.matrix, columns=pd.Index(self.names), index=self.index[self.rows], copy=False)

    def values(self, names: tuple[str, ...], rows: IntArray | None = None) -> FloatArray:
        """Return the features ``names`` of some rows (default all), in that order; raises ``InputError`` for infinite ones.

        A table of them would take longer to make than what estimators do with a single row.
        """
        described = self.matrix if rows is None else self.matrix[rows]
        values = described[:, _places(self.names, names)].astype(np.float64)
        refuse_infinite(values)
        return values


@lru_cache(maxsize=64)
def _sensor_names(sensors: tuple[str, ...], stats: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{sensor}_{stat}" for stat in stats for sensor in sensors)


@lru_cache(maxsize=64)
def _places(names: tuple[str, ...], wanted: tuple[str, ...]) -> IntArray:
    """Where the ``wanted`` columns are; pandas would look them up anew for every row."""
    place = {name: k for k, name in enumerate(names)}
    return np.array([place[name] for name in wanted], dtype=np.int64)


@dataclass(frozen=True)
class _Residuals:
    z: FloatArray
    expected: FloatArray
    sd: FloatArray
    raw: FloatArray
    load: FloatArray


def cadence(spec: FeatureSpec, clock: Timeline) -> float:
    """Life units per row."""
    return 1.0 if spec.life_unit is LifeUnit.CYCLE else max(clock.cadence_h, 1e-3)


def _residuals(
    machine: MachineData,
    spec: FeatureSpec,
    clock: Timeline,
    readings: FloatArray | None,
    run: IntArray,
    fresh: IntArray,
    first: int,
) -> _Residuals:
    """Residuals of the running rows ``run`` from position ``first`` on; ``fresh``: where each may look back to."""
    if spec.scope != FLEET and spec.population is not None:
        raw = sensor_matrix(machine.telemetry, spec.sensors)[run[first:]]
        operating = sensor_matrix(machine.telemetry, spec.operating)[run[first:]]
        expected, sd = spec.population.expected(operating)
        z = spec.population.z(raw, operating)
        return _Residuals(z, expected, sd, raw, np.full(len(z), np.nan))
    sensors = machine.profile.sensors
    if readings is None:
        readings = sensor_matrix(machine.telemetry, tuple(sensor.name for sensor in sensors))
    raw, operating = (
        readings.T[[k for k, sensor in enumerate(sensors) if sensor.role is role]].take(run, axis=1).T
        for role in (SensorRole.INDICATOR, SensorRole.OPERATING)
    )
    based = fit_baseline(
        raw,
        operating,
        # They never fall, and sorting them would take longer than all that follows.
        np.append(fresh[:1], fresh[1:][fresh[1:] != fresh[:-1]]),
        smallest_sd=floors(machine.profile),
        lag_rows=max(LAG_H / cadence(spec, clock), 1.0),
        first=first,
    )
    return _Residuals(based.z, based.expected, based.sd, raw[first:], based.load)


def per_sensor(windows: TrailingWindows, spec: FeatureSpec, per_row: float) -> dict[str, FloatArray]:
    """Window statistics by name, each (rows, sensors)."""
    w = spec.windows

    def widths(lengths: tuple[float, ...]) -> IntArray:
        return np.array([w.rows(n, per_row) for n in lengths], dtype=np.int64)[:, None]

    stats: dict[str, tuple[tuple[float, ...], list[FloatArray]]] = {
        "mean": (w.mean, list(windows.mean(widths(w.mean)))),
        "std": (w.std, list(windows.std(widths(w.std)))),
        "max": (w.maximum, [windows.maximum(w.rows(n, per_row)) for n in w.maximum]),
        "slope": (w.slope, list(windows.slope(widths(w.slope)) * widths(w.slope)[:, None])),
        "ewma": (w.ewma, [windows.ewma(w.rows(n, per_row)) for n in w.ewma]),
    }
    return {
        f"{name}{n:g}": one for name, (lengths, found) in stats.items() for n, one in zip(lengths, found, strict=True)
    }


def compute(
    machine: MachineData,
    spec: FeatureSpec,
    *,
    last: int | None = None,
    history: float = 0.0,
    clock: Timeline | None = None,
    readings: FloatArray | None = None,
) -> FeatureTable:
    """Compute the features of the last ``last`` telemetry rows (default all).

    ``history``: life units of residuals to keep before them, at least; ``clock`` and ``readings`` (of the profile's
    sensors, a column each): the machine's, if already read.

    Rows in which the machine stands carry the features of its last running row. Raises ``NotEnoughData`` when the
    machine never ran, ``InputError`` when times are not ascending.
    """
    clock = clock or timeline(machine)
    run = np.flatnonzero(clock.running)
    if len(run) == 0:
        raise NotEnoughData(
            f"{machine.profile.machine_id} has no reading in which it runs.", "Ingest telemetry or check running_rule."
        )
    total = len(clock.time)
    rows = np.arange(max(0, total - last) if last is not None else 0, total)
    position = np.searchsorted(run, rows, side="right") - 1
    per_row = cadence(spec, clock)
    reach = spec.windows.rows(spec.windows.longest, per_row)
    first = max(0, int(position.min()) - reach - 1)
    since = max(0, min(first, int(position.min()) - int(history / per_row)))
    starts = fresh_positions(clock.fresh, clock.running)
    wide = _residuals(machine, spec, clock, readings, run, starts, since)
    residuals = _Residuals(*(getattr(wide, f.name)[first - since :] for f in fields(wide)))
    fresh = np.maximum(starts[first:] - first, 0)
    picked = np.maximum(position - first, 0)
    needed = int(picked[0])
    picked -= needed
    windows = TrailingWindows(residuals.z, fresh, since=needed)
    stats = per_sensor(windows, spec, per_row)
    indicators = indicator_names(machine.profile) if spec.scope == FLEET else spec.sensors
    symptoms = symptom_matrix(machine.profile, indicators)
    if spec.scope == FLEET:
        widths = (spec.windows.rows(spec.windows.mean[1], per_row), reach)
        kept = spec.windows.by_quantity
        names = tuple(stats)
        values = np.array(list(stats.values())).swapaxes(0, 1)
        scores = symptom_scores(values, symptoms)
        spans = [names.index(kept[1]), names.index(kept[2])]
        blocks = [
            canonical_features(machine.profile, names, values, kept, scores),
            crossings(machine.profile, windows, residuals.raw, residuals.expected, residuals.load, widths, per_row),
            mode_features(machine.profile, spec.modes, scores[:, spans]),
        ]
    else:
        blocks = [(_sensor_names(indicators, tuple(stats)), np.hstack(list(stats.values())))]
    own: dict[str, FloatArray] = {"age": clock.age[rows], **event_features(machine.events, clock.time[rows], spec)}
    width = sum(len(names) for names, _ in blocks)
    # One array filled block by block: a table from a dict of columns would take longer than the features.
    matrix = np.empty((len(rows), width + len(own)), dtype=np.float32)
    place = 0
    for names, block in blocks:
        matrix[:, place : place + len(names)] = block[picked]
        place += len(names)
    matrix[position < 0, :width] = np.nan
    matrix[:, width:] = np.array(list(own.values())).T
    described = tuple(chain(*(names for names, _ in blocks), own))
    index = machine.telemetry.index
    based = (wide.z, wide.expected, wide.sd)
    return FeatureTable(matrix, index, rows, clock, indicators, run[since:], *based, described, symptoms)


def build(machine: MachineData, spec: FeatureSpec, *, last: int | None = None) -> pd.DataFrame:
    """Return the features of ``machine`` as a table aligned to its telemetry rows (its last ``last`` rows)."""
    return compute(machine, spec, last=last).frame


@dataclass(frozen=True)
class Samples:
    """Feature rows of several machines, running rows only, with what is needed to label and group them."""

    X: pd.DataFrame
    remaining: FloatArray
    survives: FloatArray
    cause: ObjectArray
    groups: ObjectArray
    life: ObjectArray
    age: FloatArray
    time: IntArray

    def within(self, horizon: float) -> FloatArray:
        """1, 0 or NaN: does the machine fail within ``horizon`` life units."""
        answer = np.where(self.survives > horizon, 0.0, np.nan)
        return np.where(self.remaining <= horizon, 1.0, answer)

    def take(self, rows: IntArray, columns: list[str] | None = None) -> Samples:
        """Return some of the rows, with some of the features."""
        X = self.X if columns is None else self.X[columns]
        arrays = {f.name: getattr(self, f.name)[rows] for f in fields(Samples) if f.name != "X"}
        return Samples(X=X.iloc[rows], **arrays)

    @classmethod
    def stack(cls, parts: Sequence[Samples]) -> Samples:
        """Put the samples of several machines one below the other."""
        names = [f.name for f in fields(cls) if f.name != "X"]
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return cls(X=pd.concat([part.X for part in parts], ignore_index=True), **arrays)


def every_nth(rows: IntArray, every: int) -> IntArray:
    """Return every ``every``-th row, counted from the end, so that the last reading is always among them."""
    return rows[::-1][::every][::-1]


def samples(fleet: Sequence[MachineData], spec: FeatureSpec, *, every: int = 1) -> Samples:
    """Stack the features and labels of the running rows of ``fleet``, every ``every``-th row of each machine.

    Machines without a running reading are left out. Raises ``NotEnoughData`` when none is left.
    """
    parts: list[Samples] = []
    for machine in fleet:
        if len(machine.telemetry) == 0 or not running_rows(machine).any():
            continue
        parts.append(_samples_of(machine, spec, every))
    if not parts:
        raise NotEnoughData("No machine has readings in which it runs.", "Ingest telemetry first.")
    return Samples.stack(parts)


def _samples_of(machine: MachineData, spec: FeatureSpec, every: int) -> Samples:
    table = compute(machine, spec)
    clock, labels = table.clock, label(table.clock)
    keep = every_nth(np.flatnonzero(clock.running), every)
    name = machine.profile.machine_id
    return Samples(
        X=table.frame.iloc[keep],
        remaining=labels.remaining[keep],
        survives=labels.survives[keep],
        cause=labels.cause[keep],
        groups=np.full(len(keep), name, dtype=object),
        life=np.array([f"{name}#{k}" for k in clock.life_id[keep]], dtype=object),
        age=clock.age[keep],
        time=clock.time[keep],
    )
