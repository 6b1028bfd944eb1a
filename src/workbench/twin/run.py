"""Twins run through time: load and surroundings in, readings, damage and protective trips out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.progress import Progress, untold
from workbench.errors import InputError

from .model import Part, Samples, TwinModel, part_inputs, part_parameters
from .streams import Flags, Floats

FAILED = 1.0
TELL_EVERY = 64

# Called before each step with the step's number, the states and the parameters, both of which it may change.
Intervention = Callable[[int, Floats, Samples], None]


@dataclass(frozen=True)
class Trajectories:
    """What a run gave; ``step_s`` seconds a step, all arrays of shape (steps, samples).

    ``signals`` holds those asked for, ``sensors`` the readings without measurement noise, ``damage`` each mode's.
    ``stopped_at`` is the step in which a sample tripped or failed (``steps`` where it did neither), ``stopped_by`` the
    name of the trip or mode ('' where none); from then on its values stand still.
    """

    step_s: float
    sensors: dict[str, Floats]
    damage: dict[str, Floats]
    signals: dict[str, Floats]
    stopped_at: Floats
    stopped_by: tuple[str, ...]
    state: Floats


def run_twin(
    model: TwinModel,
    outside: Mapping[str, Floats | float],
    *,
    steps: int,
    step_s: float,
    parameters: Samples,
    state: Floats | None = None,
    samples: int = 1,
    rng: np.random.Generator | None = None,
    record: Collection[str] = (),
    protection: bool = True,
    stop_at_failure: bool = True,
    intervene: Intervention | None = None,
    progress: Progress = untold,
    should_stop: Callable[[], bool] | None = None,
) -> Trajectories:
    """Run ``samples`` machines for ``steps`` steps of ``step_s`` seconds.

    ``outside`` maps load, ambient_C, running, cooling, wear (or an input that nothing is wired to) to a number, an array
    of shape (steps,) or (steps, samples); what is left out has its usual value. ``state`` continues an earlier run (not changed).
    ``rng`` adds process noise at the end of each step: damage is what holds after it, readings feel it from the next step on.
    ``record`` names further signals to keep. Without ``protection`` no trip stops a machine. ``should_stop`` ends the run
    early: the rest stays NaN.

    Raises:
        InputError: every fault of the arguments at once: steps or step not positive, unknown outside signals, arrays of
            another length, a load or cooling outside its range.
    """
    _check(model, outside, steps, step_s, record)
    now = (
        model.initial(parameters, {k: _at(v, 0) for k, v in outside.items()}, samples=samples)
        if state is None
        else state.copy(order="F")
    )
    count = now.shape[0]
    kept = {name: np.full((steps, count), np.nan) for name in record}
    readings = {name: np.full((steps, count), np.nan) for name in model.composition.sensors}
    damage = {name: np.full((steps, count), np.nan) for name in model.composition.modes}
    alive = np.ones(count, dtype=bool)
    stopped_at = np.full(count, float(steps))
    stopped_by = np.full(count, "", dtype=object)
    signals: Samples = {}
    computed = _computed_damages(model)
    for step in range(steps):
        if step % TELL_EVERY == 0:
            if should_stop is not None and should_stop():
                break
            progress(step / steps, f"step {step:,} of {steps:,}")
        if intervene is not None:
            intervene(step, now, parameters)
        frozen = None if alive.all() else now[~alive].copy()
        before = now.copy(order="F") if rng is not None else now
        signals = model.step(
            now, {**OUTSIDE, **signals, **{k: _at(v, step) for k, v in outside.items()}}, parameters, step_s=step_s
        )
        if rng is not None:
            model.disturb(now, before, step_s=step_s, rng=rng)
            signals.update(_told_again(computed, now, signals, parameters))
        if frozen is not None:
            now[~alive] = frozen
        for target, values in (
            (kept, {name: signals[name] for name in record}),
            (readings, model.sensors(signals)),
            (damage, model.damage(signals)),
        ):
            for name, value in values.items():
                target[name][step] = value
                if frozen is not None and step:
                    target[name][step, ~alive] = target[name][step - 1, ~alive]
        for name, hit in _stops(model, signals, protection=protection, failure=stop_at_failure):
            new = alive & hit
            stopped_at[new], stopped_by[new] = step, name
            alive &= ~new
        if not alive.any():
            _hold([*kept.values(), *readings.values(), *damage.values()], step)
            break
    progress(1.0, "done")
    return Trajectories(step_s, readings, damage, kept, stopped_at, tuple(stopped_by.tolist()), now)


def _hold(series: Sequence[Floats], step: int) -> None:
    """Keep what was at ``step``, for nothing moves any more."""
    for values in series:
        values[step + 1 :] = values[step]


def _computed_damages(model: TwinModel) -> tuple[Part, ...]:
    """Return the parts that compute a mode's damage from a state, rather than keep it as one."""
    owners = {physics.damage for physics in model.composition.modes.values()} - set(model.state_names)
    return tuple(part for part in model.parts if any(full in owners for _, full in part.told))


def _told_again(parts: tuple[Part, ...], state: Floats, signals: Samples, parameters: Samples) -> Samples:
    """Return what ``parts`` tell of their states as they are now: noise moved them after they had spoken."""
    told: Samples = {}
    for part in parts:
        x = {s.name: state[:, column] for s, column in zip(part.component.states, part.columns, strict=True)}
        again = part.component.tell(x, part_inputs(part, signals), part_parameters(part, parameters))
        told |= {full: again[name] for name, full in part.told if name in again}
    return told


def _at(value: Floats | float, step: int) -> Floats | float:
    return value[step] if isinstance(value, np.ndarray) and value.ndim else value


def _stops(model: TwinModel, signals: Samples, *, protection: bool, failure: bool) -> list[tuple[str, Flags]]:
    """Return each trip and failed mode with the samples that it stops."""
    found: list[tuple[str, Flags]] = []
    if failure:
        found += [(mode, np.asarray(value >= FAILED)) for mode, value in model.damage(signals).items()]
    if protection:
        found += [
            (name, np.asarray(signals[trip.signal] >= trip.above)) for name, trip in model.composition.trips.items()
        ]
    return found


def _check(
    model: TwinModel, outside: Mapping[str, Floats | float], steps: int, step_s: float, record: Collection[str]
) -> None:
    faults = []
    ranges = signal_ranges(model)
    if steps < 1:
        faults.append(f"steps is {steps}, not at least 1")
    if not step_s > 0:
        faults.append(f"step_s is {step_s:g} s, not above 0")
    for name, value in outside.items():
        if name not in ranges:
            faults.append(f"there is no outside signal {name!r}; use {', '.join(OUTSIDE)}")
            continue
        values = np.asarray(value, dtype=float)
        if values.ndim and values.shape[0] != steps:
            faults.append(f"{name} has {values.shape[0]} values for {steps} steps")
        low, high = ranges[name]
        if not np.all((values >= low) & (values <= high)):
            faults.append(f"{name} lies outside {low:g} to {high:g}")
    known = {told for part in model.parts for _, told in part.told}
    faults += [f"there is no signal {name!r} to record" for name in record if name not in known]
    if faults:
        raise InputError(f"The twin of {model.machine_id} cannot run: {'; '.join(faults)}.", "Correct each of them.")


# What a scenario may ask of a machine: load and rates in units of rated, ambient in degC.
LIMITS = {
    "load": (0.0, 3.0),
    "ambient_C": (-60.0, 90.0),
    "running": (0.0, 1.0),
    "cooling": (0.0, 2.0),
    "wear": (0.0, 1000.0),
}


def signal_ranges(model: TwinModel) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value of every signal that a run of this machine may drive from outside."""
    return {**model.free_ranges, **LIMITS}
