"""Continue a machine's own record with one failure mode that is made to begin: from sound over detectable to failed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.equipment import MachineProfile, Site
from workbench.errors import InputError

from .environment import DOWN, RUNNING, duty_cycle, outdoor_temperature
from .faults import FAILURE, Episode, FaultHistory, ModeLaw, draw_pf_interval
from .fleet import event_table, mode_laws, place_of, record_machine, simulated_twin
from .responses import own_responses, recorded_load, running_hours
from .streams import stream

RECENT_H = 720
# A machine that stands often takes longer in calendar time than its utilisation says.
SLACK = 1.6


@dataclass(frozen=True)
class Continuation:
    """What comes after a record. ``telemetry`` and ``events`` are what a plant would have, as those of a fleet.

    damage: ``time`` and ``damage`` (0 sound, 1 failed) of the mode, hour by hour. ``onset`` is the first hour in which
    there is anything to detect, ``failure`` that in which the machine fails.
    """

    telemetry: pd.DataFrame
    events: pd.DataFrame
    damage: pd.DataFrame
    onset: datetime
    failure: datetime


def continue_record(
    profile: MachineProfile,
    record: pd.DataFrame,
    events: pd.DataFrame,
    *,
    mode: str,
    start: datetime,
    seed: int,
    site: Site | None = None,
    quiet_h: float = 168.0,
) -> Continuation:
    """Return hourly readings after ``start`` in which ``mode`` begins after ``quiet_h`` hours and ends in failure.

    The machine stays itself: sensor responses and usual load are fitted to ``record`` (its telemetry up to ``start``) and
    ``events`` (its asset events).
    Weather, duty, noise, disturbances and the length of the P-F interval are drawn with ``seed``; no other mode is at
    work. The last row is that of the failure.

    Raises:
        InputError: the profile has no twin section, its twin does not describe ``mode``, ``quiet_h`` is negative, or the
            machine would not run long enough to fail.
    """
    law_faults = check_mode(profile, mode, quiet_h)
    if law_faults:
        raise InputError("; ".join(law_faults) + ".", "Choose another mode or another time.")
    own_seed = int(stream(seed, profile.machine_id, "continuation", mode, start.isoformat()).integers(2**31))
    rng = stream(own_seed, profile.machine_id, "onset")
    hours = math.ceil(quiet_h + SLACK * _longest_pf(profile, mode)) + 240
    times = pd.date_range(pd.Timestamp(start), periods=hours + 1, freq="h", inclusive="right", unit="us")
    place = place_of(profile, site)
    twin = simulated_twin(profile)
    outdoor, _ = outdoor_temperature(times, place, seed=own_seed)
    duty = duty_cycle(
        times, place, duty=twin.duty, load_mean=_usual_load(profile, record), machine_id=profile.machine_id,
        seed=own_seed,
    )  # fmt: skip
    laws = mode_laws(profile, duty)
    history = _forced(duty.states, laws[mode], math.ceil(quiet_h), rng)
    failed = history.episodes[0].end_step
    if failed is None:
        raise InputError(
            f"{profile.machine_id} does not run long enough within {hours} hours to fail of {mode}.",
            "Choose a machine that runs more, or a shorter P-F interval in its profile.",
        )
    machine = record_machine(
        profile, times, outdoor=outdoor, load=duty.load, history=history, laws=laws, seed=own_seed,
        responses=own_responses(profile, record, events),
    )  # fmt: skip
    onset, failure = times[history.episodes[0].onset_step or 0], times[failed]
    happened = event_table({profile.machine_id: machine}, times)
    return Continuation(
        telemetry=machine.telemetry[machine.telemetry["time"] <= failure].reset_index(drop=True),
        events=happened[happened["time"] <= failure].reset_index(drop=True),
        damage=pd.DataFrame({"time": times, "damage": machine.damage[mode]}).iloc[: failed + 1],
        onset=onset.to_pydatetime(),
        failure=failure.to_pydatetime(),
    )


def check_mode(profile: MachineProfile, mode: str, quiet_h: float) -> list[str]:
    """Return why ``mode`` cannot be made to begin on this machine, each reason in words; empty when it can."""
    described = sorted(simulated_twin(profile).faults)
    faults = []
    if mode not in described:
        faults.append(
            f"{profile.machine_id} has no failure mode {mode!r} that its twin describes, only {', '.join(described)}"
        )
    if not 0 <= quiet_h <= 10_000:
        faults.append(f"{quiet_h:g} quiet hours before the onset are not between 0 and 10,000")
    return faults


def _longest_pf(profile: MachineProfile, mode: str) -> float:
    described = profile.failure_mode(mode)
    return described.pf_interval_h[1] if described is not None else 0.0


def _usual_load(profile: MachineProfile, record: pd.DataFrame) -> float:
    """Return the mean load of the last 30 days in which the machine ran, or the template's."""
    recent = record.tail(RECENT_H)
    load = recorded_load(profile, recent)
    ran = load[running_hours(recent, load)].dropna() if len(recent) else load
    usual = simulated_twin(profile).load_mean
    return (
        float(np.clip(ran.mean(), 0.5 * usual, 1.2))
        if len(ran) >= 48 and simulated_twin(profile).duty != "solar"
        else usual
    )


def _forced(states: np.ndarray, law: ModeLaw, quiet: int, rng: np.random.Generator) -> FaultHistory:
    """Let one mode begin after ``quiet`` hours and run to failure; the machine is down from then on."""
    clock = np.cumsum(states == RUNNING, dtype=float)
    onset = float(clock[min(quiet, clock.size - 1)])
    end = onset + draw_pf_interval(law, rng)
    strength = float(np.exp(rng.normal(0.0, 0.10)))
    first, last = (int(np.searchsorted(clock, hour - 1e-9)) for hour in (onset + 1.0, end))
    if last >= clock.size:
        return FaultHistory(states, clock, (Episode(law.name, onset, end, None, strength, onset_step=first),))
    lived = states.copy()
    lived[last:] = DOWN
    clock = np.cumsum(lived == RUNNING, dtype=float)
    episode = Episode(
        law.name, onset, end, None, strength, outcome=FAILURE, onset_step=first, end_step=last,
        swap_step=clock.size, back_step=clock.size,
    )  # fmt: skip
    return FaultHistory(lived, clock, (episode,))
