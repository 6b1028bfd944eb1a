"""The twin's health of a machine (D2): weighted factors, the worst-factor rule, life left against the rated life, risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from workbench.domain.equipment import FaultResponse, MachineProfile
from workbench.domain.twin import Factor, RiskBand, TwinHealth

from .faults import damage as grown
from .model import TwinModel
from .state_model import hours_per_life_unit, physics_of, rated_life_h
from .streams import Floats

WEIGHTS: Mapping[Factor, float] = {
    Factor.THERMAL: 0.4,
    Factor.WEAR: 0.3,
    Factor.ELECTRICAL: 0.2,
    Factor.RUNNING_TIME: 0.1,
}
HEALTHY_ABOVE, WARNING_ABOVE = 80.0, 60.0
# The worst factor's damage: from here on the machine is no better than WARNING, and than CRITICAL.
WARNING_DAMAGE, CRITICAL_DAMAGE = 0.5, 0.8
# Lives of worn machines spread like this (Weibull slope): class value, between 1.5 (fatigue) and 4 (wear of one cause).
LIFE_SLOPE = 2.0
# Damage from which on a fault counts as detected, so that its P-F interval runs.
DETECTABLE = 0.05
_HORIZON_H = 168.0


@dataclass(frozen=True)
class HealthReading:
    """Health of many samples (or steps of them), arrays of one shape: score, factors, and operating hours left."""

    factors: dict[Factor, Floats]
    score: Floats
    remaining_h: Floats


def read_health(
    model: TwinModel, profile: MachineProfile, damage: Mapping[str, Floats], running_h: Floats
) -> HealthReading:
    """Return the health of samples with this ``damage`` of each mode (0 to 1) after ``running_h`` operating hours.

    All arrays have one shape, e.g. (steps, samples).
    """
    factors = factors_of(model, damage, np.asarray(running_h) / rated_life_h(profile))
    return HealthReading(factors, health_score(factors), remaining_life_h(profile, damage, running_h))


def factors_of(model: TwinModel, damage: Mapping[str, Floats], running_share: Floats) -> dict[Factor, Floats]:
    """Return each factor, 0 to 1: the worst damage of its modes, and the share of the rated life that was run."""
    factors: dict[Factor, Floats] = {factor: np.zeros_like(running_share) for factor in WEIGHTS}
    for mode, physics in model.composition.modes.items():
        factor = Factor(physics.factor)
        factors[factor] = np.maximum(factors[factor], np.clip(damage[mode], 0.0, 1.0))
    factors[Factor.RUNNING_TIME] = np.clip(running_share, 0.0, 1.0)
    return factors


def weighted_score(factors: Mapping[Factor, Floats]) -> Floats:
    """Return 100 less the weighted factors (D2: thermal 0.4, wear 0.3, electrical 0.2, running time 0.1).

    >>> weighted_score({Factor.THERMAL: 0.5, Factor.WEAR: 0.0, Factor.ELECTRICAL: 0.0, Factor.RUNNING_TIME: 1.0}).item()
    70.0
    """
    used: Floats = np.sum([weight * np.asarray(factors[factor]) for factor, weight in WEIGHTS.items()], axis=0)
    return 100.0 * (1.0 - used)


def best_allowed(factor: Factor, value: Floats) -> Floats:
    """Return the best score that one factor allows: any below 0.5, then WARNING, from 0.8 CRITICAL, and 0 at 1.

    Running time alone allows no better than WARNING and never less than that: hours are no damage. It warns from the
    same 0.5 as every factor (D2), an age at which to plan; what weighs most is told beside it.

    >>> best_allowed(Factor.WEAR, np.array([0.4, 0.5, 0.8, 1.0])).tolist()
    [100.0, 80.0, 60.0, 0.0]
    >>> best_allowed(Factor.RUNNING_TIME, np.array([0.4, 0.5, 1.0])).tolist()
    [100.0, 80.0, 80.0]
    """
    value = np.asarray(value, dtype=float)
    if factor is Factor.RUNNING_TIME:
        return np.where(value < WARNING_DAMAGE, 100.0, HEALTHY_ABOVE)
    held = np.interp(value, [WARNING_DAMAGE, CRITICAL_DAMAGE, 1.0], [HEALTHY_ABOVE, WARNING_ABOVE, 0.0])
    return np.where(value < WARNING_DAMAGE, 100.0, held)


def health_score(factors: Mapping[Factor, Floats]) -> Floats:
    """Return the twin's health, 0 to 100: the weighted score, but never better than the worst factor allows."""
    score = np.clip(weighted_score(factors), 0.0, 100.0)
    for factor, value in factors.items():
        score = np.minimum(score, best_allowed(factor, value))
    return score


def risk_band(score: float) -> RiskBand:
    """Return HEALTHY above 80, WARNING above 60, else CRITICAL.

    >>> risk_band(80.1).value, risk_band(80).value, risk_band(60).value
    ('HEALTHY', 'WARNING', 'CRITICAL')
    """
    if score > HEALTHY_ABOVE:
        return RiskBand.HEALTHY
    return RiskBand.WARNING if score > WARNING_ABOVE else RiskBand.CRITICAL


def remaining_life_h(profile: MachineProfile, damage: Mapping[str, Floats], running_h: Floats) -> Floats:
    """Return the operating hours left: the least of what age and each mode's damage leave.

    By age: the median life left of a machine that has survived ``running_h``, where the rated life is the median of
    lives with Weibull slope 2. By a mode: with a composition, what is left of its P-F interval (its middle) once damage is
    detectable; with the state model, whose damages are shares of a life, that share of the rated life. 0 at damage 1.
    """
    rated = rated_life_h(profile)
    age = np.asarray(running_h, dtype=float) / rated
    by_age = rated * ((age**LIFE_SLOPE + 1.0) ** (1.0 / LIFE_SLOPE) - age)
    return np.minimum(by_age, _left_by_damage(profile, damage, rated))


def failure_probability(
    profile: MachineProfile, damage: Mapping[str, Floats], running_h: Floats, horizon_h: float
) -> Floats:
    """Return the probability to fail within ``horizon_h``: the larger of what age and the worst damage say.

    Each is of Weibull lives of slope 2 that have ``remaining_life_h`` for their median: by age that of a machine that has
    survived ``running_h``, by damage that of a part whose life left begins now. So it is a half at the life left that is told.
    """
    rated = rated_life_h(profile)
    age, ahead = np.asarray(running_h, dtype=float) / rated, horizon_h / rated
    left = np.maximum(_left_by_damage(profile, damage, rated), 1e-9)
    by_age = (age + ahead) ** LIFE_SLOPE - age**LIFE_SLOPE
    hazard = np.log(2.0) * np.maximum(by_age, (horizon_h / left) ** LIFE_SLOPE)
    return np.asarray(-np.expm1(-hazard), dtype=np.float64)


def _left_by_damage(profile: MachineProfile, damage: Mapping[str, Floats], rated: float) -> Floats:
    """Return the hours that the worst damage leaves; infinite where none limits the life."""
    left: Floats = np.asarray(np.inf)
    for mode, raw in damage.items():
        value = np.clip(raw, 0.0, 1.0)
        known = profile.failure_mode(mode) if physics_of(profile) == "composition" else None
        if known is None:
            left = np.minimum(left, (1.0 - value) * rated)
            continue
        response = profile.twin.faults.get(mode) if profile.twin is not None else None
        interval = (1.0 - _progress(value, response)) * float(np.mean(known.pf_interval_h))
        left = np.where(value >= DETECTABLE, np.minimum(left, interval), left)
    return left


def _progress(value: Floats, response: FaultResponse | None) -> Floats:
    """Return how much of the P-F interval has passed at a damage, by the mode's law of growth in the profile."""
    if response is None:
        return np.sqrt(value)
    share = np.linspace(0.0, 1.0, 201)
    return np.interp(value, grown(share, response.growth, response.exponent), share)


def twin_health(
    model: TwinModel,
    profile: MachineProfile,
    damage: Mapping[str, Floats | float],
    *,
    running_h: float,
    horizon_h: float = _HORIZON_H,
    as_of: datetime | None = None,
    basis: str = "",
) -> TwinHealth:
    """Return the health of one machine from the damage of each mode (of its first sample) and its operating hours.

    ``basis`` says for people what the damage was computed from.
    """
    first = {mode: np.atleast_1d(np.asarray(value, dtype=float))[:1] for mode, value in damage.items()}
    read = read_health(model, profile, first, np.array([running_h]))
    score, left = float(read.score[0]), float(read.remaining_h[0])
    return TwinHealth(
        machine_id=profile.machine_id,
        as_of=as_of,
        physics=physics_of(profile),
        twin_health_score=score,
        risk_band=risk_band(score),
        factors={factor: float(value[0]) for factor, value in read.factors.items()},
        damage={mode: float(np.clip(value[0], 0.0, 1.0)) for mode, value in first.items()},
        limited_by=_limited_by(read, first, model),
        running_h=running_h,
        rated_life=profile.rated_life,
        life_unit=profile.life_unit,
        remaining_useful_life=left / hours_per_life_unit(profile),
        horizon_h=horizon_h,
        failure_probability=float(failure_probability(profile, first, np.array([running_h]), horizon_h)[0]),
        basis=basis,
    )


def _limited_by(read: HealthReading, damage: Mapping[str, Floats], model: TwinModel) -> str:
    """Name the mode (or running time) that holds the score below the weighted sum; '' where none does."""
    if read.score[0] >= weighted_score(read.factors)[0] - 1e-9:
        return ""
    worst = min(read.factors, key=lambda factor: float(best_allowed(factor, read.factors[factor])[0]))
    if worst is Factor.RUNNING_TIME:
        return worst.value
    modes = [mode for mode, physics in model.composition.modes.items() if physics.factor == worst.value]
    return max(modes, key=lambda mode: float(damage[mode][0]))
