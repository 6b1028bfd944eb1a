"""Prognosis: how long machines that explain the readings go on, by Monte Carlo over parameters, load and process noise."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Evidence, Interval
from workbench.domain.prognosis import ModeRisk, Prognosis, TwinCalibration
from workbench.errors import InputError

from .future import Future, simulate_future
from .injection import set_damage
from .model import Samples, TwinModel
from .observed import Observed
from .particle_filter import Synchronised
from .state_model import physics_of

SAMPLES = (50, 20_000)
LONGEST_H = 50_000.0
LEAST_READINGS = 24
# Mean square of the innovations from which on the twin does not explain the readings.
MISFIT = 4.0
# A mode is seen where half of its damage moves a sensor by this many standard deviations.
_SEEN_AT, _SEEN = 0.5, 2.0
_POINTS = 61
_BAND = (0.05, 0.5, 0.95)


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
