"""The future of machines of a twin: run on under load of their own past until they fail, each at a pace of damage of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile
from workbench.domain.prognosis import Alternative

from .calibration import silent_parameters
from .injection import renew
from .model import Samples, TwinModel
from .observed import Observed
from .particle_filter import Synchronised
from .run import Intervention, Trajectories, run_twin, signal_ranges
from .streams import Floats, stream

# The future repeats weeks of the machine's own past.
BLOCK_H = 168.0
FINE_H, MOST_STEPS, LONGEST_STEP_H = 168.0, 400, 24.0
# How far the equations of a class are off the pace of one machine's damage beyond that, as a logarithmic spread where the
# twin explains the readings: chosen so that 90 % intervals hold on two fleets that other equations made.
EQUATIONS_OFF = 0.4
_LEAST_UTILISATION = 0.02
_NORMAL_90 = 1.6448536269514722


@dataclass(frozen=True)
class Future:
    """What became of each sample, arrays of shape (samples,): operating hours to its stop, and the mode ('' beyond the horizon).

    ``power_kW``: mean of each sample while it ran; None where no sensor reads power.
    """

    life_h: Floats
    stopped_by: tuple[str, ...]
    power_kW: Floats | None  # noqa: N815 - units are spelt as they are everywhere

    def share(self, mode: str) -> float:
        """Return the share of samples that this mode stopped."""
        return sum(one == mode for one in self.stopped_by) / len(self.stopped_by)


def simulate_future(
    model: TwinModel,
    profile: MachineProfile,
    now: Synchronised,
    past: Observed,
    *,
    horizon_h: float,
    seed: int,
    alternative: Alternative | None = None,
) -> Future:
    """Run every sample of ``now`` on until it fails or has run ``horizon_h`` operating hours.

    The same ``seed`` gives each sample the same weeks of load, noise and pace of damage under any ``alternative``.
    """
    parameters, state = dict(now.parameters), now.state.copy(order="F")
    if alternative is not None:
        _renew_parts(model, alternative, state, parameters, seed)
        for name, factor in alternative.parameters.items():
            declared = model.declared[name]
            parameters[name] = np.clip(np.asarray(parameters[name]) * factor, declared.low, declared.high)
    samples = state.shape[0]
    weeks = stream(seed, model.machine_id, "future load")
    noise = stream(seed, model.machine_id, "future noise")
    paces = drawn_paces(
        model, profile, samples, stream(seed, model.machine_id, "future pace"), off=equations_off(now.misfit)
    )
    utilisation = max(float(past.running.mean()), _LEAST_UTILISATION)
    calendar_h = horizon_h / utilisation * 1.15 + BLOCK_H
    fine_h = min(FINE_H, calendar_h)
    rest_h = max(calendar_h - fine_h, 0.0)
    step_h = min(max(np.ceil(rest_h / MOST_STEPS), 1.0), LONGEST_STEP_H)
    total = np.zeros(samples)
    life, by = np.full(samples, np.inf), np.full(samples, "", dtype=object)
    energy, ran = np.zeros(samples), np.zeros(samples)
    power_known = False
    for step, length in ((1.0, fine_h), (step_h, rest_h)):
        steps = int(np.ceil(length / step))
        if steps < 1 or (total >= np.minimum(life, horizon_h)).all():
            continue
        outside = resampled(past, weeks, samples=samples, steps=steps, step_h=step)
        outside = _changed(model, outside, alternative)
        went = run_twin(
            model, outside, steps=steps, step_s=3600.0 * step, parameters=parameters, state=state, rng=noise,
            protection=False, intervene=_paced(model, paces),
        )  # fmt: skip
        hours = total + np.cumsum(np.broadcast_to(outside["running"], (steps, samples)) * step, axis=0)
        new = (np.array(went.stopped_by) != "") & np.isinf(life)
        at = np.minimum(went.stopped_at, steps - 1).astype(int)
        life[new] = hours[at[new], np.flatnonzero(new)]
        by[new] = np.array(went.stopped_by, dtype=object)[new]
        going = (np.arange(steps)[:, None] <= went.stopped_at[None, :]) & (hours <= horizon_h + step) & ~(total >= life)
        power = _power(went)
        if power is not None:
            power_known = True
            energy += step * np.where(going, power, 0.0).sum(axis=0)
            ran += step * np.where(going, outside["running"], 0.0).sum(axis=0)
        total, state = hours[-1], went.state
    by[life > horizon_h] = ""
    life = np.where(life > horizon_h, horizon_h, life)
    mean = energy / np.maximum(ran, 1e-9) if power_known else None
    return Future(life, tuple(by.tolist()), mean)


def equations_off(misfit: float) -> float:
    """Return the logarithmic spread of the twin's own error: scaled as the errors of a fit are by its reduced chi-square.

    ``misfit``: mean square of the innovations; 1 or less, or none known: the twin explains the readings.
    """
    return EQUATIONS_OFF * float(np.sqrt(np.fmax(misfit, 1.0)))


def drawn_paces(
    model: TwinModel, profile: MachineProfile, samples: int, rng: np.random.Generator, *, off: float = EQUATIONS_OFF
) -> dict[int, Floats]:
    """Return how fast each sample's damage grows, in units of the twin's own pace, shape (samples,) by column of the state.

    This is the twin's own error: equations of a class do not know how one part goes. Per mode the pace is log-normal about
    1. Its spread is that of the P-F intervals of the profile, whose two ends are taken for their 5 % and 95 % quantiles,
    and independently ``off`` (``equations_off``).
    """
    paces: dict[int, Floats] = {}
    for mode, physics in model.composition.modes.items():
        known = profile.failure_mode(mode)
        shortest, longest = (1.0, 1.0) if known is None else known.pf_interval_h
        spread = np.hypot(np.log(longest / shortest) / (2.0 * _NORMAL_90), off)
        pace: Floats = np.exp(spread * rng.standard_normal(samples))
        owner, _, _ = physics.damage.partition(".")
        for column, (name, declared) in enumerate(zip(model.state_names, model.states, strict=True)):
            grows = name == physics.damage if physics.damage in model.state_names else name.startswith(f"{owner}.")
            if declared.monotone and grows:
                paces.setdefault(column, pace)
    return paces


def _paced(model: TwinModel, paces: dict[int, Floats]) -> Intervention:
    """Return what makes states grow at their sample's pace: it stretches what each step added before the next one."""
    last: dict[int, Floats] = {}

    def stretch(_step: int, state: Floats, _parameters: Samples) -> None:
        for column, pace in paces.items():
            if column in last:
                later = last[column] + pace * (state[:, column] - last[column])
                state[:, column] = np.minimum(later, model.states[column].high)
            last[column] = state[:, column].copy()

    return stretch


def resampled(
    past: Observed, rng: np.random.Generator, *, samples: int, steps: int, step_h: float
) -> dict[str, Floats]:
    """Return signals of shape (steps, samples) made of weeks of the past drawn at random (moving blocks; Kuensch, 1989).

    Blocks begin at the same hour of the day as what they follow. Within a step, load is that of the running hours.
    """
    per_block = max(round(BLOCK_H / past.step_h), 1)
    day = max(round(24.0 / past.step_h), 1)
    length = len(past.time)
    each = max(round(step_h / past.step_h), 1)
    needed = steps * each
    blocks = int(np.ceil(needed / per_block))
    starts = rng.integers(0, max((length - per_block) // day, 0) + 1, (blocks, samples)) * day
    rows = (starts[:, None, :] + np.arange(per_block)[None, :, None]).reshape(-1, samples)[:needed] % length
    drawn = {name: values[rows].reshape(steps, each, samples) for name, values in past.outside.items()}
    running = drawn["running"]
    share = running.mean(axis=1)
    weight = np.where(share[:, None] > 0, running, 1.0)
    weight = weight / weight.sum(axis=1, keepdims=True)
    return {
        name: share if name == "running" else (weight * values).sum(axis=1) if name == "load" else values.mean(axis=1)
        for name, values in drawn.items()
    }


def _renew_parts(model: TwinModel, alternative: Alternative, state: Floats, parameters: Samples, seed: int) -> None:
    """Put new parts in: their lives begin again, and how long they last is drawn anew from their class."""
    fresh = model.parameters(state.shape[0], rng=stream(seed, model.machine_id, "new parts"))
    silent = silent_parameters(model) if alternative.repair else frozenset()
    for mode in alternative.repair:
        renew(model, mode, state, parameters)
        owner, _, _ = model.composition.modes[mode].damage.partition(".")
        parameters.update({name: fresh[name] for name in silent if name.startswith(f"{owner}.")})


def _changed(model: TwinModel, outside: dict[str, Floats], alternative: Alternative | None) -> dict[str, Floats]:
    if alternative is None:
        return outside
    changed = dict(outside)
    usual, ranges = {**OUTSIDE, **model.free_inputs}, signal_ranges(model)
    for name, factor in alternative.signals.items():
        values = np.asarray(outside.get(name, np.float64(usual[name]))) * factor
        changed[name] = np.clip(values, *ranges[name])
    return changed


def _power(went: Trajectories) -> Floats | None:
    """Return the electrical power in kW, shape (steps, samples), from the sensors of it."""
    known = [values for name, values in went.sensors.items() if name.endswith("_kW") and "power" in name]
    total: Floats | None = np.sum(known, axis=0) if known else None
    return total
