"""Which features a model sees: windows, sensors, codes and statistics, fixed on training units and kept with the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from workbench.domain.base import stable_id
from workbench.domain.equipment import LifeUnit
from workbench.domain.observations import EventKind, MachineData
from workbench.domain.predictions import Horizons
from workbench.errors import InputError, NotEnoughData

from .arrays import sensor_matrix
from .baseline import indicator_names, operating_names
from .population import Population, fit_population
from .running import running_rows

FLEET = "fleet"
UNITS_FOR_TYPE = 10
FAILURES_FOR_TYPE = 10


@dataclass(frozen=True)
class Windows:
    """Window lengths in life units (hours or cycles); events are counted over ``events_h`` calendar hours."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    maximum: tuple[float, ...]
    slope: tuple[float, ...]
    ewma: tuple[float, ...]
    events_h: tuple[float, ...] = (24.0, 72.0, 168.0)

    def rows(self, length: float, cadence: float) -> int:
        """Rows that a window of ``length`` holds at ``cadence`` life units per row."""
        return min(max(round(length / cadence), 2), 2016)

    @property
    def by_quantity(self) -> tuple[str, ...]:
        """Statistics kept per quantity in the fleet's features: short, medium and long mean, long slope."""
        means = (self.mean[0], self.mean[1], self.mean[-1])
        return (*(f"mean{n:g}" for n in means), f"slope{self.slope[-1]:g}")

    @property
    def longest(self) -> float:
        """The longest of all windows over readings."""
        return max(*self.mean, *self.std, *self.maximum, *self.slope, *self.ewma)


HOURLY = Windows(mean=(6, 24, 72, 168), std=(72,), maximum=(24,), slope=(72, 168), ewma=(168,))
# Long slopes matter most on run-to-failure cycles: how fast a unit wears tells how long it will go on.
CYCLES = Windows(mean=(5, 20, 60), std=(30,), maximum=(5,), slope=(30, 60, 120, 200), ewma=(30,))


def windows_for(life_unit: LifeUnit) -> Windows:
    """Windows suited to machines whose life counts in ``life_unit``."""
    return CYCLES if life_unit is LifeUnit.CYCLE else HOURLY


def default_horizons(life_unit: LifeUnit, lead_time_h: float = 0.0) -> Horizons:
    """Return the horizons of ML1: 24 h, 7 d, 30 d, each long enough for what must be ordered; 15, 50, 125 cycles.

    ``lead_time_h``: the longest lead time of a critical part. Each horizon is at least twice the one below, the first at
    least the lead time. Hours of delivery count as operating hours, which is early for a machine that often stands. Cycles
    cannot be told in hours, so horizons in cycles stay.

    >>> default_horizons(LifeUnit.OPERATING_H, lead_time_h=5 * 24.0)
    Horizons(critical=120.0, warning=240.0, degrading=720.0)
    >>> default_horizons(LifeUnit.OPERATING_H, lead_time_h=21 * 24.0)
    Horizons(critical=504.0, warning=1008.0, degrading=2016.0)
    >>> default_horizons(LifeUnit.CYCLE, lead_time_h=21 * 24.0).critical
    15.0
    """
    if life_unit is LifeUnit.CYCLE:
        return Horizons(critical=15, warning=50, degrading=125)
    critical = max(24.0, lead_time_h)
    warning = max(168.0, 2 * critical)
    return Horizons(critical=critical, warning=warning, degrading=max(720.0, 2 * warning))


def horizon_spans(horizons: Horizons, life_unit: LifeUnit) -> tuple[float, ...]:
    """Return how far ahead a health model answers: over the horizons of its states, and before them ML1's that are nearer.

    Without these the chance of a failure tomorrow would be told as a share of that within weeks of delivery.

    >>> horizon_spans(default_horizons(LifeUnit.OPERATING_H), LifeUnit.OPERATING_H)
    (24.0, 168.0, 720.0)
    >>> horizon_spans(default_horizons(LifeUnit.OPERATING_H, lead_time_h=504.0), LifeUnit.OPERATING_H)
    (24.0, 168.0, 504.0, 1008.0, 2016.0)
    """
    usual = default_horizons(life_unit)
    nearer = [span for span in (usual.critical, usual.warning, usual.degrading) if span < horizons.critical]
    return (*nearer, horizons.critical, horizons.warning, horizons.degrading)


@dataclass(frozen=True)
class FeatureSpec:
    """Everything that turns a machine's record into features.

    ``scope`` is ``fleet`` (canonical features per quantity, against the machine's own baseline) or
    ``type:<machine_type>`` (features per sensor, against ``population``, fitted on training units only). ``modes``
    are the failure modes whose symptoms make the columns ``mode_...``, which only diagnosis looks at.
    """

    scope: str
    life_unit: LifeUnit
    windows: Windows
    sensors: tuple[str, ...] = ()
    operating: tuple[str, ...] = ()
    error_codes: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    population: Population | None = field(default=None, compare=False)

    @cached_property
    def key(self) -> str:
        """Identity of the features: equal keys give equal features for the same machine."""
        numbers = "" if self.population is None else _fingerprint(self.population)
        parts = (
            self.scope,
            self.life_unit,
            self.windows,
            self.sensors,
            self.operating,
            self.error_codes,
            self.causes,
            self.modes,
        )
        return stable_id(*parts, numbers)

    def state(self) -> dict[str, Any]:
        """Return the specification as plain values, for the artefact."""
        windows = {name: list(getattr(self.windows, name)) for name in self.windows.__dataclass_fields__}
        return {
            "scope": self.scope,
            "life_unit": str(self.life_unit),
            "windows": windows,
            "sensors": list(self.sensors),
            "operating": list(self.operating),
            "error_codes": list(self.error_codes),
            "causes": list(self.causes),
            "modes": list(self.modes),
            "population": None if self.population is None else self.population.state(),
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> FeatureSpec:
        """Rebuild from ``state()``."""
        lists = {name: tuple(state[name]) for name in ("sensors", "operating", "error_codes", "causes", "modes")}
        return cls(
            scope=state["scope"],
            life_unit=LifeUnit(state["life_unit"]),
            windows=Windows(**{name: tuple(values) for name, values in state["windows"].items()}),
            population=None if state["population"] is None else Population.restore(state["population"]),
            **lists,
        )


def _fingerprint(population: Population) -> str:
    return stable_id(population.kind, population.level.tobytes().hex(), population.spread.tobytes().hex())


def _shared_codes(fleet: Sequence[MachineData]) -> tuple[str, ...]:
    """Error codes that at least half of the machines use; a code of few machines would tell which machine it is."""
    counts: dict[str, int] = {}
    for machine in fleet:
        for code in set(machine.events["cause"][machine.events["kind"] == str(EventKind.ERROR)]):
            counts[str(code)] = counts.get(str(code), 0) + 1
    return tuple(sorted(code for code, n in counts.items() if n >= max(3, len(fleet) / 2)))


def _causes(fleet: Sequence[MachineData], kind: EventKind) -> tuple[str, ...]:
    found: set[str] = set()
    for machine in fleet:
        found |= set(machine.events["cause"][machine.events["kind"] == str(kind)])
    return tuple(sorted(found))


def fit_spec(fleet: Sequence[MachineData], *, scope: str = FLEET) -> FeatureSpec:
    """Fix the features for ``scope`` on training machines.

    Raises ``NotEnoughData`` without any machine and ``InputError`` when life units are mixed.
    """
    if not fleet:
        raise NotEnoughData("There is no machine to fix features on.", "Ingest telemetry first.")
    units = {machine.profile.life_unit for machine in fleet}
    if len(units) > 1:
        raise InputError("Machines with operating hours and with cycles cannot share a model.", "Train them apart.")
    life_unit = units.pop()
    if scope == FLEET:
        modes = {mode.name for machine in fleet for mode in machine.profile.failure_modes}
        return FeatureSpec(
            FLEET, life_unit, windows_for(life_unit), error_codes=_shared_codes(fleet), modes=tuple(sorted(modes))
        )
    with_rows = [machine for machine in fleet if len(machine.telemetry)]
    if not with_rows:
        raise NotEnoughData(f"No machine of {scope} has readings.", "Ingest their telemetry first.")
    profile = with_rows[0].profile
    sensors, operating = indicator_names(profile), operating_names(profile)
    values, worked = [], []
    for machine in with_rows:
        running = running_rows(machine)
        values.append(sensor_matrix(machine.telemetry, sensors)[running])
        worked.append(sensor_matrix(machine.telemetry, operating)[running])
    indicators = np.concatenate(values)
    varies = _varying(indicators)
    return FeatureSpec(
        scope=scope,
        life_unit=life_unit,
        windows=windows_for(life_unit),
        sensors=tuple(np.asarray(sensors, dtype=object)[varies]),
        operating=operating,
        error_codes=_causes(fleet, EventKind.ERROR),
        causes=_causes(fleet, EventKind.REPLACEMENT),
        population=fit_population(indicators[:, varies], np.concatenate(worked)),
    )


def _varying(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    known = (
        np.where(np.isnan(values), -np.inf, values).max(axis=0),
        np.where(np.isnan(values), np.inf, values).min(axis=0),
    )
    return np.asarray(known[0] - known[1] > 1e-9 * np.maximum(np.abs(known[0]), 1e-9))


def type_scopes(fleet: Sequence[MachineData]) -> list[str]:
    """Machine types with at least ten units with telemetry and ten failures, as scopes."""
    units: dict[str, int] = {}
    failures: dict[str, int] = {}
    for machine in fleet:
        kind = machine.profile.machine_type
        if len(machine.telemetry):
            units[kind] = units.get(kind, 0) + 1
            start = machine.telemetry["time"].iloc[0]
            failed = (machine.events["kind"] == str(EventKind.FAILURE)) & (machine.events["time"] >= start)
            failures[kind] = failures.get(kind, 0) + int(failed.sum())
    return [
        f"type:{kind}"
        for kind in sorted(units)
        if units[kind] >= UNITS_FOR_TYPE and failures.get(kind, 0) >= FAILURES_FOR_TYPE
    ]
