"""Run-to-failure sequences of one machine, drawn from its twin: what a synthesizer is taught with (S1).

Each unit is one life that ended in a failure, as means over even steps of operating hours; the hours that the machine
stands are left out, because remaining life does not count them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pandas as pd

from workbench.domain.equipment import FaultResponse, MachineProfile, SensorRole, Site
from workbench.domain.observations import MachineState
from workbench.domain.progress import Progress, untold
from workbench.domain.synthesis import SequenceColumns
from workbench.errors import InputError

from .fleet import simulate_fleet
from .streams import stream

UNIT, ORDER, LIFE, MODE, STATE = "unit", "operating_h", "remaining_life_h", "failure_mode", "operating_state"
# Rows of one life: few enough that there are many lives (what is learned from few is copied), many enough to show how a
# fault grows.
ROWS_A_LIFE = (40, 250)
LIVES = 100
# A life is watched this many times the longest P-F interval before its end, at least this share of it healthy.
WATCHED, SHORTEST = 1.5, 0.7
YEARS, IDLE_RUNS = 2, 80
START = datetime(2023, 1, 1, tzinfo=UTC)
# A step is light or heavy where its load is this far from the machine's usual one.
LIGHT, HEAVY = 0.85, 1.15
LOAD_STATES = ("light_load", "normal_load", "heavy_load")


def seed_columns(profile: MachineProfile) -> SequenceColumns:
    """Return what the columns of ``seed_sequences`` mean."""
    return SequenceColumns(
        unit=UNIT,
        order=ORDER,
        remaining_life=LIFE,
        continuous=tuple(sensor.name for sensor in profile.sensors),
        categorical=(MODE, STATE),
        conditions=(MODE,),
    )


def seed_sequences(
    profile: MachineProfile,
    *,
    rows: int,
    seed: int,
    failure_mode: str | None = None,
    site: Site | None = None,
    progress: Progress = untold,
) -> pd.DataFrame:
    """Return lives of the machine that end in failure, ``rows`` rows in all, the same for the same arguments.

    Columns: ``unit`` (text), ``operating_h`` since the life is watched, ``remaining_life_h`` (operating hours, 0 at the
    failure), the profile's sensors (mean over a step, in their units), ``failure_mode``, ``operating_state`` (light,
    normal or heavy load). One mode befalls each life: ``failure_mode``, or without it one drawn as often as in a plant.

    Raises:
        InputError: the profile has no twin section, the twin does not know the mode, or it never ends a life.
    """
    modes = _modes(profile, failure_mode)
    step_h, watched_h = _resolution(profile, modes, rows)
    lives: list[pd.DataFrame] = []
    missing = rows
    for life in _lives(profile, modes, seed, site, step_h, watched_h):
        lives.append(life)
        missing -= len(life)
        progress(1.0 - max(missing, 0) / rows, f"{len(lives)} lives")
        if missing <= 0:
            break
    return _exactly(rows, lives, profile)


def _modes(profile: MachineProfile, failure_mode: str | None) -> dict[str, FaultResponse]:
    """Return the modes that may end a life, as the twin knows them."""
    if profile.twin is None:
        raise InputError(
            f"Machine {profile.machine_id!r} has no twin section, so no seed data can be made of it.",
            "Add `twin:` with `sensors` and `faults` to its profile; the type templates show how.",
        )
    known = profile.twin.faults
    chosen = {name: fault for name, fault in sorted(known.items()) if failure_mode in (None, name)}
    if not chosen:
        raise InputError(
            f"The twin of {profile.machine_id!r} does not know the failure mode {failure_mode!r}.",
            f"Choose one of: {', '.join(sorted(known)) or 'none; add `faults` to its twin'}.",
        )
    return chosen


def _alone(profile: MachineProfile, mode: str, fault: FaultResponse) -> MachineProfile:
    """Return the machine with this one mode: others would cut nearly every life short of its own end."""
    twin = profile.twin.model_copy(update={"faults": {mode: fault}}) if profile.twin else None
    return profile.model_copy(update={"twin": twin})


def _resolution(profile: MachineProfile, modes: Collection[str], rows: int) -> tuple[int, float]:
    """Return the hours of a step and the operating hours that a life is watched; no random number has a say in them."""
    longest = max(mode.pf_interval_h[1] for mode in profile.failure_modes if mode.name in modes)
    watched_h = WATCHED * longest * _utilisation(profile)
    a_life = min(max(rows / LIVES, ROWS_A_LIFE[0]), ROWS_A_LIFE[1])
    return max(round(watched_h / a_life), 1), watched_h


def _utilisation(profile: MachineProfile) -> float:
    """Return the usual share of hours in which a machine of this duty runs."""
    duty = profile.twin.duty if profile.twin else "continuous"
    return {"continuous": 1.0, "two_shift": 0.5, "day_shift": 0.35, "batch": 0.6, "solar": 0.35}[duty]


def _lives(
    profile: MachineProfile,
    modes: Mapping[str, FaultResponse],
    seed: int,
    site: Site | None,
    step_h: int,
    watched_h: float,
) -> Iterator[pd.DataFrame]:
    """Yield lives for as long as the twin makes some; it runs a few years at a time, each time with other numbers."""
    names = list(modes)
    often = np.array([1.0 / modes[name].life_h for name in names])
    idle = 0
    for run in count():
        rng = stream(seed, profile.machine_id, "seed data", str(run))
        mode = names[int(rng.choice(len(names), p=often / often.sum()))]
        single = _alone(profile, mode, modes[mode])
        life = _first_life(single, int(rng.integers(2**31 - 1)), site, step_h, watched_h * rng.uniform(SHORTEST, 1.0))
        idle = 0 if life is not None else idle + 1
        if life is not None:
            yield life
        if idle == IDLE_RUNS:
            return


def _first_life(
    profile: MachineProfile, seed: int, site: Site | None, step_h: int, watched_h: float
) -> pd.DataFrame | None:
    """Return the first life of a run that is long enough and ends in a failure; None where there is none.

    No more than one: lives of one run share the machine's own parameters, and are no independent witnesses.
    """
    fleet = simulate_fleet(
        [profile], start=START, end=START + timedelta(days=365 * YEARS), seed=seed, sites=[site] if site else []
    )
    readings = fleet.telemetry[profile.machine_id]
    running = readings[readings["state"] == MachineState.RUNNING.value]
    ended = fleet.truth.dropna(subset="ended_at").sort_values("ended_at")
    wanted, since = max(round(watched_h / step_h), 2) * step_h, pd.Timestamp(START)
    for time, mode, outcome in zip(ended["ended_at"], ended["mode"], ended["outcome"], strict=True):
        # The hours of the stop that this one follows are not RUNNING: a life begins where the last ended.
        lived = running[(running["time"] > since) & (running["time"] < time)]
        since = time
        if outcome == "failure" and len(lived) >= wanted:
            return _life(profile, lived.iloc[-wanted:], str(mode), step_h)
    return None


def _life(profile: MachineProfile, hours: pd.DataFrame, mode: str, step_h: int) -> pd.DataFrame:
    """Return one life in even steps, the last of which ends with the failure."""
    sensors = [sensor.name for sensor in profile.sensors]
    steps = len(hours) // step_h
    number = np.repeat(np.arange(steps), step_h)
    means = hours[sensors].groupby(number).mean().interpolate(limit_direction="both")
    ends = (np.arange(steps) + 1.0) * step_h
    before = pd.DataFrame({ORDER: ends, LIFE: ends[::-1] - step_h}, index=means.index)
    after = pd.DataFrame({MODE: mode, STATE: _load_state(profile, means)}, index=means.index)
    return pd.concat([before, means, after], axis=1)


def _load_state(profile: MachineProfile, means: pd.DataFrame) -> np.ndarray:
    """Return the load of each step, against the machine's usual one, in words."""
    load = next((sensor.name for sensor in profile.sensors if sensor.role is SensorRole.OPERATING), None)
    usual = profile.twin.sensors.get(load) if profile.twin and load else None
    if load is None or usual is None or profile.twin is None:
        return np.full(len(means), LOAD_STATES[1], dtype=object)
    middle = usual.base + usual.load_gain * profile.twin.load_mean
    share = means[load].to_numpy(dtype=float) / (middle or 1.0)
    return np.array(LOAD_STATES, dtype=object)[np.digitize(share, (LIGHT, HEAVY))]


def _exactly(rows: int, lives: list[pd.DataFrame], profile: MachineProfile) -> pd.DataFrame:
    """Return the lives as one table; what is too much is taken from the beginnings of the last ones, never from ends."""
    surplus = sum(map(len, lives)) - rows
    if surplus < 0:
        raise InputError(
            f"The twin of {profile.machine_id!r} made only {rows + surplus:,} of {rows:,} rows that end in a failure.",
            "Choose another failure mode, or shorten the lives (`life_h`) in its twin section.",
        )
    cut: list[pd.DataFrame] = []
    for number, life in reversed(list(enumerate(lives, start=1))):
        # Half of a life at least stays: less would not show how its fault grows.
        taken = min(surplus, len(life) // 2) if number > 1 else surplus
        surplus -= taken
        kept = life.iloc[taken:]
        first = kept[ORDER].iloc[0] - (life[ORDER].iloc[1] - life[ORDER].iloc[0])
        cut.append(kept.assign(**{UNIT: f"{profile.machine_id}_{number:04d}", ORDER: kept[ORDER] - first}))
    table = pd.concat(cut[::-1], ignore_index=True)
    return table[[UNIT, *(name for name in table.columns if name != UNIT)]]
