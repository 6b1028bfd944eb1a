"""Simulate a fleet of machines hour by hour from their profiles: telemetry and events, with the truth kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.equipment import MachineProfile, MachineStatus, SensorResponse, Site, TwinParameters
from workbench.domain.simulation import TWIN_SOURCE
from workbench.errors import InputError

from .environment import RUNNING, STATES, Duty, Place, duty_cycle, outdoor_temperature
from .faults import FaultHistory, ModeLaw, damage_of, live_through
from .operations import Happening, arriving, counts, errors, repairs, stops, upkeep
from .sensors import Disturbance, draw_disturbances, read_sensors, surroundings
from .streams import Floats, stream


@dataclass(frozen=True)
class SimulatedFleet:
    """A fleet's history. ``telemetry`` and ``events`` are what a plant would have; the rest is ground truth.

    telemetry: per machine, columns ``time`` (aware UTC, the end of the hour described), one float column per
    sensor in the profile's unit, ``state``, ``total_count`` and ``good_count`` (units in the hour, NaN where nothing is counted).
    events: ``machine_id, time, kind, cause, source``. truth: one row per component life, ``machine_id, mode,
    onset, ended_at, outcome (failure, replaced, open), strength``; times are NaT where they lie outside.
    damage: per machine, ``time`` and one column per mode, 0..1. disturbances: what looks like a fault and is none.
    """

    telemetry: dict[str, pd.DataFrame]
    events: pd.DataFrame
    truth: pd.DataFrame
    damage: dict[str, pd.DataFrame]
    disturbances: pd.DataFrame
    statuses: dict[str, MachineStatus]


@dataclass(frozen=True)
class SimulatedMachine:
    """One machine's history in hours: rows that arrived, happenings by hour, and the truth behind them."""

    telemetry: pd.DataFrame
    happenings: list[Happening]
    history: FaultHistory
    damage: dict[str, Floats]
    disturbances: list[Disturbance]


def mode_laws(profile: MachineProfile, duty: Duty) -> dict[str, ModeLaw]:
    """Return the laws of the modes that the profile's twin describes."""
    if profile.twin is None:
        return {}
    laws = {}
    for name, fault in profile.twin.faults.items():
        mode = profile.failure_mode(name)
        if mode is None:
            continue
        laws[name] = ModeLaw(
            name=name,
            growth=fault.growth,
            exponent=fault.exponent,
            life_h=fault.life_h,
            shape=fault.shape,
            pf_interval_h=mode.pf_interval_h,
            utilisation=max(float(np.mean(duty.states == RUNNING)), 0.02),
            repair_h=mode.repair.repair_h,
            logistics_h=profile.economics.logistics_h,
            planned_logistics_h=profile.economics.planned_logistics_h,
        )
    return laws


def simulated_twin(profile: MachineProfile) -> TwinParameters:
    """Return the profile's twin section; raises ``InputError`` when it has none."""
    if profile.twin is None:
        raise InputError(
            f"Machine {profile.machine_id!r} has no twin section, so it cannot be simulated.",
            "Add `twin:` with `sensors` and `faults` to its profile; the type templates show how.",
        )
    return profile.twin


def _simulate_machine(profile: MachineProfile, place: Place, times: pd.DatetimeIndex, seed: int) -> SimulatedMachine:
    twin, name = simulated_twin(profile), profile.machine_id
    outdoor, waves = outdoor_temperature(times, place, seed=seed)
    duty = duty_cycle(times, place, duty=twin.duty, load_mean=twin.load_mean, machine_id=name, seed=seed)
    laws = mode_laws(profile, duty)
    history = live_through(duty.states, laws, stream(seed, name, "faults"))
    machine = record_machine(profile, times, outdoor=outdoor, load=duty.load, history=history, laws=laws, seed=seed)
    seen = [Disturbance("load_surge", *span) for span in duty.surges]
    seen += [Disturbance("heat_wave", *span) for span in waves]
    return replace(machine, disturbances=[*machine.disturbances, *seen])


def record_machine(
    profile: MachineProfile,
    times: pd.DatetimeIndex,
    *,
    outdoor: Floats,
    load: Floats,
    history: FaultHistory,
    laws: Mapping[str, ModeLaw],
    seed: int,
    responses: Mapping[str, SensorResponse] | None = None,
) -> SimulatedMachine:
    """Return what sensors and people record of a machine that lives through ``history``.

    ``outdoor`` (degC) and ``load`` (1 = rated) have one value per hour of ``times``. ``responses`` are the machine's own
    where they are known; otherwise they are drawn with ``seed``.
    """
    twin, name, steps = simulated_twin(profile), profile.machine_id, len(times)
    running = history.states == RUNNING
    damage = damage_of(history, laws, shown=False)
    disturbances = draw_disturbances(profile, steps, stream(seed, name, "disturbances"))
    readings = read_sensors(
        profile,
        load=load,
        ambient=surroundings(profile, outdoor),
        running=running,
        shown=damage_of(history, laws, shown=True),
        disturbances=disturbances,
        seed=seed,
        responses=responses,
    )
    records = stream(seed, name, "records")
    worst = np.max(np.stack(list(damage.values())), axis=0) if damage else np.zeros(steps)
    total, good = counts(twin.duty, load, running, worst, records)
    states = np.array([state.value for state in STATES], dtype=object)[history.states]
    frame = pd.DataFrame({"time": times, **readings, "state": states, "total_count": total, "good_count": good})
    happenings = [
        *repairs(history),
        *stops(history),
        *errors(profile, damage, running, records),
        *upkeep(steps, disturbances, records),
    ]
    kept = frame[arriving(steps, records)].reset_index(drop=True)
    return SimulatedMachine(kept, happenings, history, damage, disturbances)


def place_of(profile: MachineProfile, site: Site | None) -> Place:
    """Return where a machine stands: at its site, or in a temperate place on UTC."""
    if site is None:
        return Place(site_id=profile.site_id)
    return Place(site.site_id, site.latitude, site.longitude, site.time_zone)


def _when(times: pd.DatetimeIndex, step: int | None) -> datetime | None:
    return None if step is None else times[step].to_pydatetime()


def _utc(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column, utc=True).dt.as_unit("us")


def event_table(machines: Mapping[str, SimulatedMachine], times: pd.DatetimeIndex) -> pd.DataFrame:
    """Return what was recorded as asset events, in order of time: ``machine_id, time, kind, cause, source``."""
    rows = [
        (name, times[step], kind.value, cause, TWIN_SOURCE)
        for name, machine in machines.items()
        for step, kind, cause in machine.happenings
    ]
    events = pd.DataFrame(rows, columns=["machine_id", "time", "kind", "cause", "source"])
    events["time"] = _utc(events["time"])
    unique = events.drop_duplicates(["machine_id", "time", "kind", "cause"])
    return unique.sort_values(["time", "machine_id", "kind", "cause"], ignore_index=True)


def _truth_table(machines: dict[str, SimulatedMachine], times: pd.DatetimeIndex) -> pd.DataFrame:
    rows = [
        (name, e.mode, _when(times, e.onset_step), _when(times, e.end_step), e.outcome, e.strength)
        for name, machine in machines.items()
        for e in machine.history.episodes
    ]
    truth = pd.DataFrame(rows, columns=["machine_id", "mode", "onset", "ended_at", "outcome", "strength"])
    return truth.assign(onset=_utc(truth["onset"]), ended_at=_utc(truth["ended_at"]))


def _disturbance_table(machines: dict[str, SimulatedMachine], times: pd.DatetimeIndex) -> pd.DataFrame:
    rows = [
        (name, item.kind, times[item.first], times[item.last], ", ".join(item.sensors), item.size)
        for name, machine in machines.items()
        for item in machine.disturbances
    ]
    table = pd.DataFrame(rows, columns=["machine_id", "kind", "start", "end", "sensors", "size"])
    return table.assign(start=_utc(table["start"]), end=_utc(table["end"]))


def _status_at_end(history: FaultHistory) -> MachineStatus:
    """Return MAINTENANCE while a component is being replaced at the end, else ONLINE."""
    at_work = any(e.back_step is not None and e.back_step >= history.states.size for e in history.episodes)
    return MachineStatus.MAINTENANCE if at_work else MachineStatus.ONLINE


def simulate_fleet(
    profiles: Sequence[MachineProfile],
    *,
    start: datetime,
    end: datetime,
    seed: int,
    sites: Iterable[Site] = (),
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SimulatedFleet:
    """Simulate ``profiles`` hourly over (``start``, ``end``]; each row describes the hour that ends at its time.

    The same profiles, times, sites and seed give the same values, whatever the order of the profiles: each machine
    draws from its own stream. A machine whose site is not in ``sites`` gets a temperate place on UTC.
    ``progress`` is told the fraction done and the machine; ``should_stop`` is asked before each machine and
    ends the work early with the machines done so far.

    Raises:
        InputError: a profile has no twin section, an id occurs twice, or ``end`` is not after ``start``.
    """
    ids = [profile.machine_id for profile in profiles]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InputError(f"Machine ids occur more than once: {', '.join(twice)}.", "Give each machine its own id.")
    if not end > start:
        raise InputError(f"The simulation would end at {end}, not after its start {start}.", "Choose a later end.")
    times = pd.date_range(pd.Timestamp(start), pd.Timestamp(end), freq="h", inclusive="right", unit="us")
    places = {site.site_id: site for site in sites}
    machines: dict[str, SimulatedMachine] = {}
    for number, profile in enumerate(sorted(profiles, key=lambda p: p.machine_id)):
        if should_stop is not None and should_stop():
            break
        if progress is not None:
            progress(number / len(profiles), profile.machine_id)
        machines[profile.machine_id] = _simulate_machine(
            profile, place_of(profile, places.get(profile.site_id)), times, seed
        )
    if progress is not None:
        progress(1.0, "simulated")
    return SimulatedFleet(
        telemetry={name: machine.telemetry for name, machine in machines.items()},
        events=event_table(machines, times),
        truth=_truth_table(machines, times),
        damage={name: pd.DataFrame({"time": times, **machine.damage}) for name, machine in machines.items()},
        disturbances=_disturbance_table(machines, times),
        statuses={name: _status_at_end(machine.history) for name, machine in machines.items()},
    )
