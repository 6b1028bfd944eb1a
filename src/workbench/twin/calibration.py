"""Calibration of a twin to a machine's own readings: robust least squares, and what the readings cannot tell.

Parameters are sought as z = ln(value / class value) / spread: before any reading each is a standard normal. The estimate
is the maximum a posteriori one under a soft-L1 loss of the residuals, so that a combination of parameters that no sensor
tells keeps what was known of it before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from workbench.domain.base import stable_id
from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Evidence
from workbench.domain.prognosis import TwinCalibration
from workbench.errors import InputError

from .calibration_fit import Fit
from .model import Samples, TwinModel
from .observed import Observed
from .pieces import LEAST_HOURS, cut_pieces
from .streams import Flags


def twin_hash(model: TwinModel) -> str:
    """Return a hash of what a calibration rests on: the composition and all values of parameters."""
    text = model.composition.model_dump_json() + repr(sorted(model.defaults.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def calibratable(model: TwinModel) -> tuple[str, ...]:
    """Return the parameters in which machines of the class differ."""
    return tuple(name for name, declared in model.declared.items() if declared.spread > 0 and model.defaults[name] > 0)


def silent_parameters(model: TwinModel) -> frozenset[str]:
    """Return the parameters in which machines differ and to which no sensor of a sound machine answers: those of lives."""
    names = calibratable(model)
    parameters: Samples = model.parameters()
    for place, name in enumerate(names, start=1):
        declared = model.declared[name]
        value = model.defaults[name]
        factor = 1.1 if value * 1.1 <= declared.high else 0.9
        parameters[name] = value * np.where(np.arange(len(names) + 1) == place, factor, 1.0)
    state = model.initial(parameters, samples=len(names) + 1)
    signals = model.step(state, dict(OUTSIDE), parameters, step_s=3600.0)
    silent = np.ones(len(names), dtype=bool)
    for reading in model.sensors(signals).values():
        read = np.broadcast_to(np.asarray(reading, dtype=float), len(names) + 1)
        silent &= np.abs(read[1:] - read[0]) <= 1e-9 * max(abs(float(read[0])), 1e-3)
    return frozenset(name for name, quiet in zip(names, silent, strict=True) if quiet)


def calibrate(
    model: TwinModel,
    profile: MachineProfile,
    observed: Observed,
    sound: Flags,
    *,
    as_of: datetime,
    data_hash: str = "",
    parameters: Sequence[str] | None = None,
) -> TwinCalibration:
    """Return the parameters of the machine after its readings in the steps that are ``sound``, shape (steps,).

    Only steps in which it ran throughout count. ``parameters``: which to seek (default: those in which machines of the
    class differ). Covariance is that of a robust M-estimate with each sensor's readings counted by their effective number
    (Huber, Robust Statistics, 1981, chapter 7; Bayley and Hammersley, J. R. Stat. Soc. Suppl. 8, 1946). Where there is too
    little to compare, the answer holds no parameter and says why.

    Raises:
        InputError: parameters that the twin does not have, or that are 0 or negative; all at once.
    """
    names = _chosen(model, parameters)
    basis = (profile.machine_id, as_of.isoformat(), data_hash, twin_hash(model), ",".join(names))
    empty = TwinCalibration(
        calibration_id=stable_id("twin calibration", *basis),
        machine_id=profile.machine_id,
        as_of=as_of,
        twin_hash=twin_hash(model),
        data_hash=data_hash,
        evidence=Evidence(enough=False),
    )
    pieces = cut_pieces(observed, sound & (observed.running >= 1.0))
    hours = (
        0.0 if pieces is None else max((float(s.sum()) for s in pieces.scored.values()), default=0.0) * observed.step_h
    )
    lacking = _lacking(observed, hours)
    if lacking or pieces is None:
        return empty.model_copy(update={"evidence": Evidence(enough=False, reasons=lacking), "hours": hours})
    fit = Fit(model, pieces, names, observed.noise_sd)
    z, weights = fit.solve()
    units = {sensor.name: sensor.unit for sensor in profile.sensors}
    told, weak = fit.judged(z, weights)
    sensors = fit.sensor_fits(z, observed, units)
    return empty.model_copy(
        update={
            "evidence": Evidence(enough=True),
            "hours": hours,
            "parameters": told,
            "covariance": tuple(map(tuple, fit.log_covariance(z, weights).tolist())),
            "sensors": sensors,
            "weak_directions": weak,
            "notes": tuple(
                f"{one.sensor}: the twin is off by {one.bias:+.3g} {one.unit}, {abs(one.bias) / one.noise_sd:.1f} times the noise"
                for one in sensors
                if abs(one.bias) > one.noise_sd
            ),
        }
    )


def drawn_parameters(
    model: TwinModel, calibration: TwinCalibration | None, samples: int, rng: np.random.Generator
) -> Samples:
    """Return parameters of ``samples`` machines: as the calibration leaves them open, the others by the class's spread.

    Raises ``InputError`` for a calibration of another twin.
    """
    drawn = model.parameters(samples, rng=rng)
    if calibration is None or not calibration.parameters:
        return drawn
    if calibration.twin_hash != twin_hash(model):
        raise InputError(
            f"The calibration of {calibration.machine_id} is of another composition or other parameters.",
            "Calibrate the twin again.",
        )
    values, vectors = np.linalg.eigh(np.array(calibration.covariance))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    log = np.log([one.estimate for one in calibration.parameters])
    moved = log[:, None] + root @ rng.standard_normal((len(log), samples))
    for one, row in zip(calibration.parameters, moved, strict=True):
        declared = model.declared[one.name]
        drawn[one.name] = np.clip(np.exp(row), declared.low, declared.high)
    return drawn


def best_parameters(model: TwinModel, calibration: TwinCalibration | None) -> Samples:
    """Return the likeliest parameters of the machine; raises as ``drawn_parameters`` does."""
    if calibration is not None and calibration.parameters and calibration.twin_hash != twin_hash(model):
        drawn_parameters(model, calibration, 1, np.random.default_rng(0))
    found = {} if calibration is None else {one.name: one.estimate for one in calibration.parameters}
    return model.parameters(known=found)


def _chosen(model: TwinModel, parameters: Sequence[str] | None) -> tuple[str, ...]:
    if parameters is None:
        return calibratable(model)
    faults = [f"there is no parameter {name!r}" for name in parameters if name not in model.defaults]
    faults += [
        f"{name} is {model.defaults[name]:g}: only what is above 0 can be sought by its ratio"
        for name in parameters
        if name in model.defaults and model.defaults[name] <= 0
    ]
    faults += [f"{name} is named twice" for name in sorted({n for n in parameters if list(parameters).count(n) > 1})]
    if not parameters:
        faults.append("no parameter is named")
    if faults:
        raise InputError(
            f"The twin of {model.machine_id} cannot be calibrated so: {'; '.join(faults)}.",
            f"It differs between machines in: {', '.join(calibratable(model))}.",
        )
    return tuple(parameters)


def _lacking(observed: Observed, hours: float) -> tuple[str, ...]:
    if not observed.readings:
        return ("no sensor on record that the twin can read",)
    if hours < LEAST_HOURS:
        return (f"{hours:,.0f} h of sound running with readings, at least {LEAST_HOURS:,.0f} are needed",)
    return ()
