"""Lives from a machine's physical twin: new parts run through its duty and weather until one mode fails (S1).

Ageing goes in steps of a day until each failure is known. From a state well before it the life is run again by the hour,
as sensors see it. Parts of all other modes are renewed as their damage shows, so that each life has one cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile, Sensor, Site

from .environment import RUNNING, duty_cycle, outdoor_temperature
from .fleet import place_of, simulated_twin
from .health import DETECTABLE
from .injection import renew
from .model import Samples, TwinModel, compile_twin
from .run import run_twin
from .seed_lives import Lived, steps_of
from .sensors import measure, surroundings
from .state_model import usual_load
from .streams import Floats, stream

Modes = npt.NDArray[np.object_]

# Each life has a year of duty and weather of its own, whole weeks, which it lives through again and again.
YEAR_D = 364
START = pd.Timestamp(datetime(2023, 1, 2, tzinfo=UTC))
# Lives that run side by side, at least and at most.
MOST_YEARS, BATCH = 30, (8, 128)
# States are kept, and other modes looked for, every so many days of ageing; by the hour they are looked for daily.
KEEP_D = 7
# Room before and after the hours that are watched: seasons differ in how long a machine runs, an hour's steps from a day's.
BEFORE, AFTER = 1.3, 0.3
AFTER_H = 240
# Noise of a sensor of which the profile does not say: this share of its normal range.
UNSTATED_NOISE = 0.01


@dataclass(frozen=True)
class _Batch:
    """Lives that run side by side: hourly ``drive`` of shape (hours of a year, lives), parameters, the mode of each."""

    drive: dict[str, Floats]
    parameters: Samples
    modes: Modes
    # Hours to be watched, one per life.
    wanted: Floats

    @property
    def daily(self) -> dict[str, Floats]:
        """The same by days: share of the day it ran, load while it ran."""
        days = {name: values.reshape(YEAR_D, 24, -1) for name, values in self.drive.items()}
        running = days["running"]
        weight = np.where(running.any(axis=1, keepdims=True), running, 1.0)
        load = (days["load"] * weight).sum(axis=1) / weight.sum(axis=1)
        return {"load": load, "running": running.mean(axis=1), "ambient_C": days["ambient_C"].mean(axis=1)}


def physical_lives(
    profile: MachineProfile,
    often: Mapping[str, float],
    *,
    seed: int,
    site: Site | None,
    step_h: int,
    watched_h: tuple[float, float],
    lives: int,
    should_stop: Callable[[], bool] | None,
) -> Iterator[Lived]:
    """Yield the last running hours of machines of this profile, parameters drawn by their spread, up to each one's failure.

    ``often``: how often each mode ends a life, in proportion. ``watched_h``: bounds of the hours that a life is watched;
    one that failed sooner is told from its beginning. ``lives``: how many will do, about. Ends when a batch has given none.
    """
    model = compile_twin(profile)
    given = 0
    for number in count():
        rng = stream(seed, profile.machine_id, "seed lives", str(number))
        together = int(np.clip(lives - given, *BATCH))
        batch = _draw(model, profile, often, together, site, (step_h, *watched_h), rng)
        found = list(_run(model, profile, batch, rng, should_stop))
        given += len(found)
        yield from found
        if not found:
            return


def _draw(
    model: TwinModel,
    profile: MachineProfile,
    often: Mapping[str, float],
    lives: int,
    site: Site | None,
    watched: tuple[int, float, float],
    rng: np.random.Generator,
) -> _Batch:
    upto = np.cumsum(list(often.values()))
    modes = np.array(list(often), dtype=object)[np.searchsorted(upto / upto[-1], _evenly(lives, rng))]
    step_h, shortest, longest = watched
    hours = shortest + (longest - shortest) * _evenly(lives, rng)
    wanted = np.array([steps_of(h, step_h) * step_h for h in hours], dtype=float)
    times = pd.date_range(START, periods=24 * YEAR_D, freq="h", unit="us")
    place, duty = place_of(profile, site), simulated_twin(profile).duty
    drives = []
    begins = (YEAR_D * _evenly(lives, rng)).astype(int)
    for own, first in zip(rng.integers(2**31 - 1, size=lives), begins, strict=True):
        outdoor, _ = outdoor_temperature(times, place, seed=int(own))
        work = duty_cycle(
            times, place, duty=duty, load_mean=usual_load(profile), machine_id=profile.machine_id, seed=int(own)
        )
        year = (work.load, work.states == RUNNING, surroundings(profile, outdoor))
        drives.append([np.roll(values.astype(float), -24 * int(first)) for values in year])
    drive = dict(zip(("load", "running", "ambient_C"), np.array(drives).transpose(1, 2, 0), strict=True))
    return _Batch(drive, model.parameters(lives, known=_spread(model, lives, rng)), modes, wanted)


def _spread(model: TwinModel, lives: int, rng: np.random.Generator) -> Samples:
    """Return the parameters in which machines of the class differ, drawn by their spread."""
    differ = {name: one for name, one in model.declared.items() if one.spread > 0 and model.defaults[name] > 0}
    return {
        name: np.clip(model.defaults[name] * np.exp(one.spread * ndtri(_evenly(lives, rng))), one.low, one.high)
        for name, one in differ.items()
    }


def _evenly(lives: int, rng: np.random.Generator) -> Floats:
    """Return uniform numbers in (0, 1), one per life, one in each of as many equal parts, in any order.

    So do a hundred lives cover what differs between machines (Latin hypercube; McKay, Beckman and Conover,
    Technometrics 1979), rather than leave gaps that a synthesizer would learn.
    """
    drawn: Floats = (rng.permutation(lives) + rng.uniform(1e-9, 1.0 - 1e-9, lives)) / lives
    return drawn


def _run(
    model: TwinModel,
    profile: MachineProfile,
    batch: _Batch,
    rng: np.random.Generator,
    should_stop: Callable[[], bool] | None,
) -> Iterator[Lived]:
    """Yield the lives of a batch that ended; none once ``should_stop`` says so."""
    failed_d, kept = _aged(model, batch, rng, should_stop)
    ended = np.flatnonzero(np.isfinite(failed_d))
    if not len(ended):
        return
    running = batch.drive["running"]
    needed = BEFORE * batch.wanted / np.maximum(running.mean(axis=0), 0.02)
    first = np.maximum((24.0 * failed_d[ended] - needed[ended]) // (24 * KEEP_D), 0).astype(int)
    state = np.asfortranarray(np.stack([kept[at][life] for at, life in zip(first, ended, strict=True)]))
    begins = 24 * KEEP_D * first
    steps = int(np.max((24.0 * failed_d[ended] - begins) + AFTER * needed[ended])) + AFTER_H
    rows = (begins + np.arange(steps)[:, None]) % len(running)
    drive = {name: np.take_along_axis(values[:, ended], rows, axis=0) for name, values in batch.drive.items()}
    own = _of(batch.parameters, ended)
    upkeep = _Upkeep(model, batch.modes[ended], every=24)
    went = run_twin(
        model, drive, steps=steps, step_s=3600.0, parameters=own, state=state, rng=rng, protection=False,
        stop_at_failure=False, intervene=upkeep, should_stop=lambda: upkeep.done() or _asked(should_stop),
    )  # fmt: skip
    usual = usual_load(profile)
    for life, mode in enumerate(batch.modes[ended]):
        over = went.damage[mode][:, life] >= 1.0
        if not over.any():
            continue
        lived = slice(0, int(over.argmax()) + 1)
        ran = drive["running"][lived, life] > 0
        readings = {
            sensor.name: _measured(profile, sensor, went.sensors[sensor.name][lived, life], ran, rng)
            for sensor in profile.sensors
            if sensor.name in went.sensors
        }
        most = int(batch.wanted[ended[life]])
        yield Lived(mode, pd.DataFrame(readings)[ran].iloc[-most:], (drive["load"][lived, life] / usual)[ran][-most:])


def _aged(
    model: TwinModel, batch: _Batch, rng: np.random.Generator, should_stop: Callable[[], bool] | None
) -> tuple[Floats, list[Floats]]:
    """Return the day on which each life ends (inf: beyond the longest), and the states every ``KEEP_D`` days."""
    daily = batch.daily
    lives = len(batch.modes)
    state = model.initial(batch.parameters, {name: values[0] for name, values in daily.items()}, samples=lives)
    upkeep = _Upkeep(model, batch.modes, every=KEEP_D)
    failed_d = np.full(lives, np.inf)
    for year in range(MOST_YEARS):
        if _asked(should_stop):
            break
        went = run_twin(
            model, daily, steps=YEAR_D, step_s=86_400.0, parameters=batch.parameters, state=state, rng=rng,
            protection=False, stop_at_failure=False, intervene=upkeep, should_stop=upkeep.done,
        )  # fmt: skip
        over = np.stack([went.damage[mode][:, life] for life, mode in enumerate(batch.modes)], axis=1) >= 1.0
        failed_d = np.minimum(failed_d, np.where(over.any(axis=0), year * YEAR_D + over.argmax(axis=0), np.inf))
        state = went.state
        if np.isfinite(failed_d).all():
            break
    return failed_d, upkeep.kept


class _Upkeep:
    """What is done between steps: parts of modes that are not a life's own are renewed as they show; states are kept."""

    def __init__(self, model: TwinModel, modes: Modes, *, every: int) -> None:
        self._model, self._modes, self._every = model, modes, every
        self.failed = np.zeros(len(modes), dtype=bool)
        self.kept: list[Floats] = []

    def done(self) -> bool:
        """Say whether every life has failed by its own mode."""
        return bool(self.failed.all())

    def __call__(self, step: int, state: Floats, parameters: Samples) -> None:
        """Look at ``state``, shape (lives, states), every so many steps; changed in place."""
        if step % self._every:
            return
        signals = self._model.step(state.copy(order="F"), dict(OUTSIDE), parameters, step_s=1e-9)
        for mode, damage in self._model.damage(signals).items():
            own = self._modes == mode
            self.failed |= own & (damage >= 1.0)
            shown = np.flatnonzero(~own & (damage >= DETECTABLE))
            if len(shown):
                part = np.asfortranarray(state[shown])
                renew(self._model, mode, part, _of(parameters, shown))
                state[shown] = part
        self.kept.append(state.copy())


def _of(parameters: Samples, lives: npt.NDArray[np.intp]) -> Samples:
    return {name: v[lives] if isinstance(v, np.ndarray) and v.ndim else v for name, v in parameters.items()}


def _asked(should_stop: Callable[[], bool] | None) -> bool:
    return should_stop is not None and should_stop()


def _measured(
    profile: MachineProfile, sensor: Sensor, signal: Floats, ran: npt.NDArray[np.bool_], rng: np.random.Generator
) -> Floats:
    """Return what the sensor says of a signal: noise as the profile states it, spikes, and gaps as NaN."""
    response = simulated_twin(profile).sensors.get(sensor.name)
    noise_sd = UNSTATED_NOISE * (sensor.normal_high - sensor.normal_low) if response is None else response.noise_sd
    return measure(signal, sensor, noise_sd=noise_sd, running=ran, disturbed=np.zeros(len(signal)), rng=rng)
