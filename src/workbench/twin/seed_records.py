"""Lives from the simulator of hourly records: the source of seed data for profiles that compose no physical twin (S1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pandas as pd

from workbench.domain.equipment import MachineProfile, SensorRole, Site
from workbench.domain.observations import MachineState

from .fleet import simulate_fleet
from .seed_lives import Lived, steps_of
from .streams import Floats, stream

YEARS, IDLE_RUNS = 2, 80
START = datetime(2023, 1, 1, tzinfo=UTC)


def recorded_lives(
    profile: MachineProfile,
    often: Mapping[str, float],
    *,
    seed: int,
    site: Site | None,
    step_h: int,
    watched_h: tuple[float, float],
    should_stop: Callable[[], bool] | None,
) -> Iterator[Lived]:
    """Yield lives for as long as the simulator makes some; it runs a few years at a time, each time with other numbers.

    Arguments as ``seed_physics.physical_lives``.
    """
    names, chance = list(often), np.array(list(often.values()))
    idle = 0
    for run in count():
        if should_stop is not None and should_stop():
            return
        rng = stream(seed, profile.machine_id, "seed data", str(run))
        single = _alone(profile, names[int(rng.choice(len(names), p=chance / chance.sum()))])
        own = int(rng.integers(2**31 - 1))
        life = _first_life(single, own, site, step_h * steps_of(rng.uniform(*watched_h), step_h))
        idle = 0 if life is not None else idle + 1
        if life is not None:
            yield life
        if idle == IDLE_RUNS:
            return


def _alone(profile: MachineProfile, mode: str) -> MachineProfile:
    """Return the machine with this one mode: others would cut nearly every life short of its own end."""
    twin = profile.twin
    single = twin.model_copy(update={"faults": {mode: twin.faults[mode]}}) if twin else None
    return profile.model_copy(update={"twin": single})


def _first_life(profile: MachineProfile, seed: int, site: Site | None, wanted: int) -> Lived | None:
    """Return the first life of a run that has the hours wanted and ends in a failure; None where there is none.

    No more than one: lives of one run share the machine's own parameters, and are no independent witnesses.
    """
    fleet = simulate_fleet(
        [profile], start=START, end=START + timedelta(days=365 * YEARS), seed=seed, sites=[site] if site else []
    )
    readings = fleet.telemetry[profile.machine_id]
    running = readings[readings["state"] == MachineState.RUNNING.value]
    ended = fleet.truth.dropna(subset="ended_at").sort_values("ended_at")
    since = pd.Timestamp(START)
    for time, mode, outcome in zip(ended["ended_at"], ended["mode"], ended["outcome"], strict=True):
        # The hours of the stop that this one follows are not RUNNING: a life begins where the last ended.
        lived = running[(running["time"] > since) & (running["time"] < time)]
        since = time
        if outcome == "failure" and len(lived) >= wanted:
            hours = lived.iloc[-wanted:][[sensor.name for sensor in profile.sensors]]
            return Lived(str(mode), hours, _load(profile, hours))
    return None


def _load(profile: MachineProfile, hours: pd.DataFrame) -> Floats:
    """Return the load of each hour, 1 = the usual one, as the first operating sensor shows it; 1 where none does."""
    sensor = next((sensor.name for sensor in profile.sensors if sensor.role is SensorRole.OPERATING), None)
    usual = profile.twin.sensors.get(sensor) if profile.twin and sensor else None
    if sensor is None or usual is None or profile.twin is None:
        return np.ones(len(hours))
    middle = usual.base + usual.load_gain * profile.twin.load_mean
    return hours[sensor].to_numpy(dtype=float) / (middle or 1.0)
