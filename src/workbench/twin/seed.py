"""Run-to-failure sequences of one machine, drawn from its twin: what a synthesizer is taught with (S1).

Each unit is one life that ended in a failure, as means over even steps of operating hours; the hours that the machine
stands are left out, because remaining life does not count them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.progress import Progress, untold
from workbench.domain.synthesis import SequenceColumns
from workbench.errors import InputError, Stopped

from .seed_lives import Lived
from .seed_physics import physical_lives
from .seed_records import recorded_lives
from .state_model import physics_of

UNIT, ORDER, LIFE, MODE, STATE = "unit", "operating_h", "remaining_life_h", "failure_mode", "operating_state"
# Rows of one life: few enough that there are many lives (what is learned from few is copied), many enough to show how a
# fault grows.
ROWS_A_LIFE = (40, 250)
LIVES = 100
# A life is watched this many times the longest P-F interval before its end, at least this share of it.
WATCHED, SHORTEST = 1.5, 0.7
# A step is light or heavy where its load is this far from the machine's usual one.
LIGHT, HEAVY = 0.85, 1.15
LOAD_STATES = ("light_load", "normal_load", "heavy_load")


def seed_columns(profile: MachineProfile) -> SequenceColumns:
    """Return what the columns of ``seed_sequences`` mean."""
    return SequenceColumns(
        unit=UNIT,
        order=ORDER,
        remaining_life=LIFE,
        continuous=_sensors(profile),
        categorical=(MODE, STATE),
        conditions=(MODE,),
    )


def seed_modes(profile: MachineProfile) -> dict[str, float]:
    """Return the modes that may end a life, with how often they do in a plant, in proportion; empty without a twin section.

    Those of the composition where there is one, else those of the twin's ``faults``.
    """
    if profile.twin is None:
        return {}
    composition, faults = profile.twin.composition, profile.twin.faults
    known = faults if composition is None else composition.modes
    return {mode: 1.0 / (faults[mode].life_h if mode in faults else profile.rated_life) for mode in sorted(known)}


def seed_notes(profile: MachineProfile) -> tuple[str, ...]:
    """Return what people should know of where the lives of a machine come from; empty where its own physics gives them."""
    if physics_of(profile) == "composition":
        return ()
    return ("lives are those of the simulator of hourly records: the profile composes no physical twin",)


def seed_sequences(
    profile: MachineProfile,
    *,
    rows: int,
    seed: int,
    failure_mode: str | None = None,
    site: Site | None = None,
    progress: Progress = untold,
    should_stop: Callable[[], bool] | None = None,
) -> pd.DataFrame:
    """Return lives of the machine that end in failure, ``rows`` rows in all, the same for the same arguments.

    Each life is a machine of this profile of its own, its parameters drawn by their spread (as a Latin hypercube, so that a
    hundred lives cover it), its duty and weather its own. It runs in its physical twin from new parts to the failure, and
    is given from 1.5 times the longest P-F interval before it on (0.7 to 1 of that, drawn; a shorter life whole). Readings
    have the noise, spikes and gaps of sensors. A profile without a composition has lives of the simulator of hourly
    records: see ``seed_notes``.

    Columns: ``unit`` (text), ``operating_h`` since the life is watched, ``remaining_life_h`` (operating hours, 0 at the
    failure), the profile's sensors (mean over a step, in their units), ``failure_mode``, ``operating_state`` (light,
    normal or heavy load). One mode befalls each life: ``failure_mode``, or without it one drawn as often as in a plant;
    parts of other modes are renewed as they show.

    Raises:
        InputError: the profile has no twin section, the twin does not know the mode, or it never ends a life.
        Stopped: ``should_stop``, asked now and then, said so.
    """
    often = _modes(profile, failure_mode)
    step_h, watched_h = _resolution(profile, often, rows)
    made: list[pd.DataFrame] = []
    missing = rows
    progress(0.0, "running lives to their failure")
    for life in _lives(profile, often, rows, seed, site, (step_h, watched_h), should_stop):
        table = _life(life, step_h)
        if len(table) < 2:
            continue
        made.append(table)
        missing -= len(table)
        progress(1.0 - max(missing, 0) / rows, f"{len(made)} lives")
        if missing <= 0:
            break
    if should_stop is not None and should_stop():
        raise Stopped("Making seed data was stopped.", "Nothing is kept of it; ask again.")
    return _exactly(rows, made, profile)


def _sensors(profile: MachineProfile) -> tuple[str, ...]:
    """Return the sensors that the source of the lives gives."""
    composition = profile.twin.composition if profile.twin is not None else None
    return tuple(s.name for s in profile.sensors if composition is None or s.name in composition.sensors)


def _modes(profile: MachineProfile, failure_mode: str | None) -> dict[str, float]:
    """Return the modes that may end a life, and how often."""
    if profile.twin is None:
        raise InputError(
            f"Machine {profile.machine_id!r} has no twin section, so no seed data can be made of it.",
            "Add `twin:` with `sensors` and `faults` to its profile; the type templates show how.",
        )
    known = seed_modes(profile)
    chosen = {name: often for name, often in known.items() if failure_mode in (None, name)}
    if not chosen:
        raise InputError(
            f"The twin of {profile.machine_id!r} does not know the failure mode {failure_mode!r}.",
            f"Choose one of: {', '.join(sorted(known)) or 'none; add `faults` to its twin'}.",
        )
    return chosen


def _resolution(profile: MachineProfile, modes: dict[str, float], rows: int) -> tuple[int, float]:
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
    often: dict[str, float],
    rows: int,
    seed: int,
    site: Site | None,
    resolution: tuple[int, float],
    should_stop: Callable[[], bool] | None,
) -> Iterator[Lived]:
    """Return the lives of the machine's physical twin, or of the simulator of records where it has none."""
    step_h, watched_h = resolution
    watched = (SHORTEST * watched_h, watched_h)
    if physics_of(profile) != "composition":
        return recorded_lives(
            profile, often, seed=seed, site=site, step_h=step_h, watched_h=watched, should_stop=should_stop
        )
    enough = int(np.ceil(rows / (0.5 * (1.0 + SHORTEST) * watched_h / step_h))) + 4
    return physical_lives(
        profile, often, seed=seed, site=site, step_h=step_h, watched_h=watched, lives=enough, should_stop=should_stop
    )


def _life(lived: Lived, step_h: int) -> pd.DataFrame:
    """Return one life in even steps, the last of which ends with the failure."""
    steps = len(lived.hours) // step_h
    number = np.repeat(np.arange(steps), step_h)
    hours, load = lived.hours.iloc[len(lived.hours) - steps * step_h :], lived.load[len(lived.load) - steps * step_h :]
    means = hours.groupby(number).mean().interpolate(limit_direction="both")
    ends = (np.arange(steps) + 1.0) * step_h
    share = load.reshape(steps, step_h).mean(axis=1)
    state = np.array(LOAD_STATES, dtype=object)[np.digitize(share, (LIGHT, HEAVY))]
    before = pd.DataFrame({ORDER: ends, LIFE: ends[::-1] - step_h}, index=means.index)
    after = pd.DataFrame({MODE: lived.mode, STATE: state}, index=means.index)
    return pd.concat([before, means, after], axis=1)


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
