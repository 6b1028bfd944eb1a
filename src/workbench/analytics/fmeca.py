"""FMECA of one machine (IEC 60812): severity from money and hazards, occurrence, detection, and the strategy that follows (Z2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import floor

from workbench.domain.analysis import Impact
from workbench.domain.criticality import FailureModeEffect
from workbench.domain.equipment import FailureMode, MachineProfile
from workbench.domain.money import minor_units, money_text

from .fmeca_hazards import Hazard, hazards_of
from .fmeca_rates import OCCURRENCE_PER_YEAR, Experience, Rate, failure_rate, rank_of
from .fmeca_strategy import ModeCase, Supply, choose_strategy
from .impact import cost_to_failure, cost_when_planned, labour_rate
from .remedy import remedy_for

# Cost of one failure from which on the severity is 2, 3, ... 8, in whole units of the currency; 9 and 10 are for harm to people.
SEVERITY_COST = (500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 25_000.0, 100_000.0)
# Without a twin: the rank less the weight, 1 to 3, of the strongest symptom; and the rank of what nothing shows.
WEAKEST_SHOWN, UNSEEN = 7, 10


@dataclass(frozen=True)
class Monitoring:
    """How a machine is watched: hours between readings (None: it is not), and the sensors that have readings."""

    step_h: float | None = None
    reporting: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Judged:
    """A line of the FMECA with the rate that it rests on."""

    effect: FailureModeEffect
    rate: Rate


def judge_modes(
    profile: MachineProfile,
    experience: Experience,
    monitoring: Monitoring,
    supply: Supply,
    *,
    operating_h_per_year: float,
) -> tuple[Judged, ...]:
    """Return the failure modes of a machine, the one with the highest expected cost a year first.

    * Severity: the cost of one failure (``cost_to_failure``) on a geometric scale up to 8; a hazard to people makes it at least 9,
      to the environment at least 7.
    * Occurrence: failures a year, from ``failure_rate`` and how much the machine runs.
    * Detection: the twin's rank (without one, 4 to 6 by its strongest symptom); worse where sensors of the symptoms have no readings; 10 where nothing is
      read, or there are not two readings within the shortest P-F interval.
    * Criticality number: failures a year x cost of one. The risk priority number only orders ranks.
    """
    found = [
        _judged(mode, profile, experience, monitoring, supply, operating_h_per_year) for mode in profile.failure_modes
    ]
    return tuple(sorted(found, key=lambda one: (-one.effect.cost_per_year, one.effect.mode)))


def _judged(
    mode: FailureMode,
    profile: MachineProfile,
    experience: Experience,
    monitoring: Monitoring,
    supply: Supply,
    hours: float,
) -> Judged:
    failure, planned = _costs(mode, profile, supply)
    hazards = hazards_of(mode, profile)
    severity, severity_basis = _severity(failure, hazards, supply.currency)
    rate = failure_rate(profile, mode.name, experience)
    yearly, (low, high) = rate.mean * hours, (end * hours for end in rate.interval())
    detection, detection_basis = _detection(mode, profile, monitoring)
    case = ModeCase(mode, rate, severity, detection, bool(hazards), failure, planned, monitoring.step_h)
    choice = choose_strategy(case, supply)
    effect = FailureModeEffect(
        mode=mode.name,
        title=mode.title,
        iso14224_code=mode.iso14224_code,
        mechanism=mode.mechanism,
        severity=severity,
        severity_basis=severity_basis,
        hazards=tuple(hazard.words for hazard in hazards),
        occurrence=rank_of(yearly, OCCURRENCE_PER_YEAR),
        occurrence_basis=rate.basis,
        detection=detection,
        detection_basis=detection_basis,
        failures_per_year=yearly,
        failures_per_year_95=(low, high),
        failures_seen=experience.seen(mode.name),
        cost_per_failure=failure.total,
        planned_cost=planned.total,
        cost_lacks=failure.lacks,
        cost_per_year=round(yearly * failure.total),
        cost_per_year_95=(round(low * failure.total), round(high * failure.total)),
        strategy=choice.strategy,
        reason=choice.reason,
        interval_h=choice.interval_h,
    )
    return Judged(effect, rate)


def _shown(mode: FailureMode) -> tuple[int, list[str]]:
    """Return the rank by the mode's strongest symptom, for machines without a twin that knows it."""
    strongest = max(mode.symptoms, key=lambda symptom: symptom.weight)
    rank = WEAKEST_SHOWN - floor(strongest.weight)
    return rank, [f"no twin tells, so by its strongest symptom, {strongest.sensor} (weight {strongest.weight:g} of 3)"]


def _costs(mode: FailureMode, profile: MachineProfile, supply: Supply) -> tuple[Impact, Impact]:
    remedy = remedy_for(profile, mode.name, supply.technicians)
    rate = labour_rate(remedy.resources.skill, profile.site_id, supply.technicians)
    economics, parts, currency = profile.economics, supply.parts, supply.currency
    return (
        cost_to_failure(remedy, economics, parts=parts, rate=rate, currency=currency),
        cost_when_planned(remedy, economics, parts=parts, rate=rate, currency=currency),
    )


def _severity(failure: Impact, hazards: Sequence[Hazard], currency: str) -> tuple[int, str]:
    by_cost = rank_of(failure.total, [minor_units(bound, currency) for bound in SEVERITY_COST])
    lacks = f", {failure.lacks} not known" if failure.lacks else ""
    words = f"{money_text(failure.total, currency)} and {failure.downtime_h:g} h down for one failure{lacks}"
    worst = max((hazard.rank for hazard in hazards), default=0)
    if worst > by_cost:
        return worst, f"{'; '.join(h.words for h in hazards)}; {words} alone would be {by_cost}"
    return by_cost, words


def _detection(mode: FailureMode, profile: MachineProfile, monitoring: Monitoring) -> tuple[int, str]:
    """Return the detection rank and why."""
    composition = profile.twin.composition if profile.twin else None
    physics = composition.modes.get(mode.name) if composition else None
    weights = {mode.indicator: 0, **{symptom.sensor: symptom.weight for symptom in mode.symptoms}}
    seen = {sensor for sensor in weights if sensor in monitoring.reporting}
    if monitoring.step_h is None or not seen:
        return UNSEEN, "none of the sensors of its symptoms has readings: " + ", ".join(sorted(weights))
    rank, said = (physics.detectability, ["rank of the twin"]) if physics else _shown(mode)
    share = sum(weights[sensor] for sensor in seen) / max(sum(weights.values()), 1)
    if share < 1:
        rank = min(UNSEEN, rank + round(3 * (1 - share)))
        said.append(f"no readings of {', '.join(sorted(set(weights) - seen))}")
    shortest = mode.pf_interval_h[0]
    if 2 * monitoring.step_h > shortest:
        return UNSEEN, f"read every {monitoring.step_h:g} h, the P-F interval may be {shortest:g} h"
    said.append(f"read every {monitoring.step_h:.2g} h, P-F interval {shortest:g} to {mode.pf_interval_h[1]:g} h")
    return rank, "; ".join(said)


def lacking_sensors(profile: MachineProfile, reporting: Collection[str]) -> tuple[str, ...]:
    """Return the sensors of symptoms that have no readings."""
    wanted = {symptom.sensor for mode in profile.failure_modes for symptom in mode.symptoms}
    return tuple(sorted(wanted - set(reporting)))
