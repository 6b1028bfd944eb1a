"""Prognosis: how long machines that explain the readings go on, by Monte Carlo over parameters, load and process noise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Evidence, Interval
from workbench.domain.prognosis import Alternative, ModeRisk, Prognosis, TwinCalibration
from workbench.errors import InputError

from .calibration import silent_parameters
from .injection import renew, set_damage
from .model import Samples, TwinModel
from .observed import Observed
from .run import LIMITS, Intervention, Trajectories, run_twin
from .state_model import physics_of
from .streams import Floats, stream
from .synchronisation import Synchronised

SAMPLES = (50, 20_000)
LONGEST_H = 50_000.0
# The future repeats weeks of the machine's own past.
BLOCK_H = 168.0
FINE_H, MOST_STEPS, LONGEST_STEP_H = 168.0, 400, 24.0
LEAST_READINGS = 24
# Mean square of the innovations from which on the twin does not explain the readings.
MISFIT = 4.0
# A mode is seen where half of its damage moves a sensor by this many standard deviations.
_SEEN_AT, _SEEN = 0.5, 2.0
_POINTS = 61
_LEAST_UTILISATION = 0.02
_NORMAL_90 = 1.6448536269514722
_BAND = (0.05, 0.5, 0.95)


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


def question_faults(horizon_h: float, samples: int) -> list[str]:
    """List what is wrong with a horizon and a number of samples."""
    faults = []
    if not 0 < horizon_h <= LONGEST_H:
        faults.append(f"horizon_h is {horizon_h:g}; give more than 0 operating hours, at most {LONGEST_H:,.0f}")
    if not SAMPLES[0] <= samples <= SAMPLES[1]:
        faults.append(f"samples is {samples:,}; give {SAMPLES[0]} to {SAMPLES[1]:,}")
    return faults


def predict_life(
    model: TwinModel,
    profile: MachineProfile,
    now: Synchronised,
    past: Observed,
    *,
    as_of: datetime,
    horizon_h: float,
    seed: int,
    calibration: TwinCalibration | None = None,
) -> Prognosis:
    """Return the distribution of the life left, and each mode's probability within ``horizon_h`` operating hours.

    ``now``: machines that explain the last readings. ``past``: the record whose weeks of load and surroundings the
    future repeats, each sample its own draw, as is the pace of its damage. No trip stops a sample: a trip is no
    failure. Where the twin says nothing of this machine the answer holds no life and says why.

    Raises:
        InputError: horizon or number of samples out of range; all faults at once.
    """
    samples = now.state.shape[0]
    faults = question_faults(horizon_h, samples)
    if faults:
        raise InputError(f"The twin of {profile.machine_id} cannot look ahead: {'; '.join(faults)}.", "Correct each.")
    seen = modes_seen(model, past)
    reasons = lacking_evidence(profile, now, seen)
    said = Prognosis(
        machine_id=profile.machine_id,
        as_of=as_of,
        horizon_h=horizon_h,
        samples=samples,
        seed=seed,
        evidence=Evidence(enough=not reasons, reasons=reasons),
        calibration_id="" if calibration is None else calibration.calibration_id,
    )
    if reasons:
        return said
    future = simulate_future(model, profile, now, past, horizon_h=horizon_h, seed=seed)
    at = np.linspace(0.0, horizon_h, _POINTS)
    lived = np.where(np.array(future.stopped_by) == "", np.inf, future.life_h)
    return said.model_copy(
        update={
            "remaining_useful_life_h": life_interval(future, horizon_h),
            "beyond_horizon": future.share(""),
            "modes": tuple(_risk(profile, mode, future, now, seen) for mode in model.composition.modes),
            "at_h": tuple(at.tolist()),
            "survival": tuple((lived[None, :] > at[:, None]).mean(axis=1).tolist()),
            "notes": caveats(seen, calibration),
        }
    )


def caveats(seen: dict[str, bool], calibration: TwinCalibration | None) -> tuple[str, ...]:
    """Return what whoever reads a prognosis should know of its ground."""
    notes = []
    if calibration is None or not calibration.parameters:
        notes.append("the twin is not calibrated to this machine: its parameters are those of the class")
    unseen = [mode.replace("_", " ") for mode, known in seen.items() if not known]
    if unseen:
        notes.append(f"no sensor shows {', '.join(unseen)} before failure: its probability rests on hours alone")
    return tuple(notes)


def lacking_evidence(profile: MachineProfile, now: Synchronised, seen: dict[str, bool]) -> tuple[str, ...]:
    """Return why nothing can be said of this machine's own future; empty where something can."""
    if physics_of(profile) != "composition":
        return ("the profile composes no physical twin, and the state model knows hours and load only",)
    reasons = []
    if now.steps < LEAST_READINGS:
        reasons.append(
            f"{now.steps} running hours with readings in the last days, at least {LEAST_READINGS} are needed"
        )
    elif now.misfit > MISFIT:
        reasons.append(
            f"no state of the twin explains the last readings: they differ by {np.sqrt(now.misfit):.1f} times what they should"
        )
    if not any(seen.values()):
        reasons.append("no sensor on record shows any of its failure modes")
    return tuple(reasons)


def modes_seen(model: TwinModel, past: Observed) -> dict[str, bool]:
    """Return for each mode whether half of its damage moves a sensor on record by twice its noise."""
    parameters = model.parameters()
    ran = past.running > 0.5
    drive = {name: float(np.median(values[ran])) for name, values in past.outside.items()} if ran.any() else {}

    def readings(mode: str) -> dict[str, float]:
        state = model.initial(parameters, drive)
        if mode:
            set_damage(model, mode, _SEEN_AT, state, parameters)
        signals: Samples = {**OUTSIDE, **drive}
        for _ in range(3):
            signals = model.step(state, {**signals, **drive}, parameters, step_s=3600.0)
        return {name: float(np.ravel(value)[0]) for name, value in model.sensors(signals).items()}

    sound = readings("")
    return {
        mode: any(
            abs(value - sound[name]) > _SEEN * past.noise_sd[name]
            for name, value in readings(mode).items()
            if name in past.readings
        )
        for mode in model.composition.modes
    }


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
    paces = drawn_paces(model, profile, samples, stream(seed, model.machine_id, "future pace"))
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


def drawn_paces(model: TwinModel, profile: MachineProfile, samples: int, rng: np.random.Generator) -> dict[int, Floats]:
    """Return how fast each sample's damage grows, in units of the twin's own pace, shape (samples,) by column of the state.

    This is the twin's own error: equations of a class do not know how one part goes. Per mode the pace is log-normal about
    1 with as much spread as the P-F intervals of the profile, whose two ends are taken for their 5 % and 95 % quantiles.
    """
    paces: dict[int, Floats] = {}
    for mode, physics in model.composition.modes.items():
        known = profile.failure_mode(mode)
        shortest, longest = (1.0, 1.0) if known is None else known.pf_interval_h
        pace: Floats = np.exp(np.log(longest / shortest) / (2.0 * _NORMAL_90) * rng.standard_normal(samples))
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


def life_interval(future: Future, horizon_h: float) -> Interval:
    """Return median and 90 % interval of the life left; ends beyond the horizon are open."""
    lived = np.where(np.array(future.stopped_by) == "", np.inf, future.life_h)
    lower, median, upper = np.quantile(lived, _BAND, method="inverted_cdf").tolist()
    shown = [min(value, horizon_h) for value in (lower, median, upper)]
    return Interval(
        lower=shown[0], median=shown[1], upper=shown[2], median_open=np.isinf(median), upper_open=np.isinf(upper)
    )


def _risk(profile: MachineProfile, mode: str, future: Future, now: Synchronised, seen: dict[str, bool]) -> ModeRisk:
    known = profile.failure_mode(mode)
    lower, median, upper = np.quantile(now.damage[mode], _BAND).tolist()
    return ModeRisk(
        mode=mode,
        title=known.title if known is not None else mode.replace("_", " "),
        probability=future.share(mode),
        damage=Interval(lower=lower, median=median, upper=upper),
        seen=seen[mode],
    )


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
    usual = {**OUTSIDE, **model.free_inputs}
    for name, factor in alternative.signals.items():
        values = np.asarray(outside.get(name, np.float64(usual[name]))) * factor
        low, high = LIMITS.get(name, (-np.inf, np.inf))
        changed[name] = np.clip(values, low, high)
    return changed


def _power(went: Trajectories) -> Floats | None:
    """Return the electrical power in kW, shape (steps, samples), from the sensors of it."""
    known = [values for name, values in went.sensors.items() if name.endswith("_kW") and "power" in name]
    total: Floats | None = np.sum(known, axis=0) if known else None
    return total
