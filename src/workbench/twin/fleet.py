"""Simulate a fleet of machines hour by hour from their profiles: telemetry and events, with the truth kept apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.equipment import MachineProfile, MachineStatus, Site
from workbench.errors import InputError

from .environment import RUNNING, STATES, Duty, Place, duty_cycle, outdoor_temperature
from .faults import FaultHistory, ModeLaw, damage_of, live_through
from .operations import Happening, arriving, counts, errors, repairs, stops, upkeep
from .sensors import Disturbance, draw_disturbances, read_sensors, surroundings
from .streams import Floats, stream

SOURCE = "simulated by the digital twin"


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
class _Machine:
    telemetry: pd.DataFrame
    happenings: list[Happening]
    history: FaultHistory
    damage: dict[str, Floats]
    disturbances: list[Disturbance]


def _laws(profile: MachineProfile, duty: Duty) -> dict[str, ModeLaw]:
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


def _simulate_machine(profile: MachineProfile, place: Place, times: pd.DatetimeIndex, seed: int) -> _Machine:
    if profile.twin is None:
        raise InputError(
            f"Machine {profile.machine_id!r} has no twin section, so it cannot be simulated.",
            "Add `twin:` with `sensors` and `faults` to its profile; the type templates show how.",
        )
    name, steps = profile.machine_id, len(times)
    outdoor, waves = outdoor_temperature(times, place, seed=seed)
    duty = duty_cycle(
        times, place, duty=profile.twin.duty, load_mean=profile.twin.load_mean, machine_id=name, seed=seed
    )
    laws = _laws(profile, duty)
    history = live_through(duty.states, laws, stream(seed, name, "faults"))
    running = history.states == RUNNING
    damage = damage_of(history, laws, shown=False)
    disturbances = draw_disturbances(profile, steps, stream(seed, name, "disturbances"))
    readings = read_sensors(
        profile,
        load=duty.load,
        ambient=surroundings(profile, outdoor),
        running=running,
        shown=damage_of(history, laws, shown=True),
        disturbances=disturbances,
        seed=seed,
    )
    records = stream(seed, name, "records")
    worst = np.max(np.stack(list(damage.values())), axis=0) if damage else np.zeros(steps)
    total, good = counts(profile.twin.duty, duty.load, running, worst, records)
    states = np.array([state.value for state in STATES], dtype=object)[history.states]
    frame = pd.DataFrame({"time": times, **readings, "state": states, "total_count": total, "good_count": good})
    happenings = [
        *repairs(history),
        *stops(history),
        *errors(profile, damage, running, records),
        *upkeep(steps, disturbances, records),
    ]
    seen = [*disturbances, *(Disturbance("load_surge", *span) for span in duty.surges)]
    seen += [Disturbance("heat_wave", *span) for span in waves]
    kept = frame[arriving(steps, records)].reset_index(drop=True)
    return _Machine(kept, happenings, history, damage, seen)


def _place_of(profile: MachineProfile, sites: dict[str, Site]) -> Place:
    site = sites.get(profile.site_id)
    if site is None:
        return Place(site_id=profile.site_id)
    return Place(site.site_id, site.latitude, site.longitude, site.time_zone)


def _when(times: pd.DatetimeIndex, step: int | None) -> datetime | None:
    return None if step is None else times[step].to_pydatetime()


def _utc(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column, utc=True).dt.as_unit("us")


def _event_table(machines: dict[str, _Machine], times: pd.DatetimeIndex) -> pd.DataFrame:
    rows = [
        (name, times[step], kind.value, cause, SOURCE)
        for name, machine in machines.items()
        for step, kind, cause in machine.happenings
    ]
    events = pd.DataFrame(rows, columns=["machine_id", "time", "kind", "cause", "source"])
    events["time"] = _utc(events["time"])
    unique = events.drop_duplicates(["machine_id", "time", "kind", "cause"])
    return unique.sort_values(["time", "machine_id", "kind", "cause"], ignore_index=True)


def _truth_table(machines: dict[str, _Machine], times: pd.DatetimeIndex) -> pd.DataFrame:
    rows = [
        (name, e.mode, _when(times, e.onset_step), _when(times, e.end_step), e.outcome, e.strength)
        for name, machine in machines.items()
        for e in machine.history.episodes
    ]
    truth = pd.DataFrame(rows, columns=["machine_id", "mode", "onset", "ended_at", "outcome", "strength"])
    return truth.assign(onset=_utc(truth["onset"]), ended_at=_utc(truth["ended_at"]))


def _disturbance_table(machines: dict[str, _Machine], times: pd.DatetimeIndex) -> pd.DataFrame:
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
    machines: dict[str, _Machine] = {}
    for number, profile in enumerate(sorted(profiles, key=lambda p: p.machine_id)):
        if should_stop is not None and should_stop():
            break
        if progress is not None:
            progress(number / len(profiles), profile.machine_id)
        machines[profile.machine_id] = _simulate_machine(profile, _place_of(profile, places), times, seed)
    if progress is not None:
        progress(1.0, "simulated")
    return SimulatedFleet(
        telemetry={name: machine.telemetry for name, machine in machines.items()},
        events=_event_table(machines, times),
        truth=_truth_table(machines, times),
        damage={name: pd.DataFrame({"time": times, **machine.damage}) for name, machine in machines.items()},
        disturbances=_disturbance_table(machines, times),
        statuses={name: _status_at_end(machine.history) for name, machine in machines.items()},
    )
