"""Assembles the analytics package of one prediction: impact, decision, history, recommendations, resources (A1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from workbench.domain.analysis import ActionDecision, AnalyticsPackage, Impact, WhenToAct, cost_text
from workbench.domain.base import Minor, stable_id
from workbench.domain.calendar import PlannedStop
from workbench.domain.equipment import MachineProfile, MachineStatus, Part, Technician
from workbench.domain.money import money_text
from workbench.domain.predictions import UNKNOWN_MODE, Prediction

from .decide import decide, lack_of_evidence
from .expected import expected_loss
from .impact import cost_to_failure, cost_when_planned, labour_rate, typical_failure
from .life import life_left
from .recommend import recommend
from .remedy import remedy_for
from .renewal import long_run_rate, recorded_lives
from .similar import SimilarCases, similar_cases
from .timing import Costs
from .when import Start, earliest_start, when_to_act


def assess(
    prediction: Prediction,
    profile: MachineProfile,
    *,
    parts: Mapping[str, Part],
    technicians: Sequence[Technician],
    events: pd.DataFrame,
    planning_horizon_h: float,
    currency: str,
    machine_types: Mapping[str, str] | None = None,
    free: Mapping[str, int] | None = None,
    coming: Mapping[str, Sequence[tuple[datetime, int]]] | None = None,
    people_from: datetime | None = None,
    nobody: str = "",
    stops: Sequence[PlannedStop] = (),
    similar: SimilarCases | None = None,
) -> AnalyticsPackage:
    """Return what ``prediction`` means for ``profile``'s machine.

    The likeliest failure mode is costed. When it is unknown, the planned work is an inspection, the
    failure costs the mean over the profile's modes, and the decision also counts the planned repair
    that the inspection is to lead to, so that not every doubt sends somebody.

    Args:
        prediction: What the models say.
        profile: The machine.
        parts: Parts by id, with price and stock.
        technicians: Everybody in the records; their rates price the labour.
        events: The fleet's events until as-of: ``machine_id``, ``time`` (aware UTC), ``kind``, ``cause``.
        planning_horizon_h: Calendar hours over which P(failure) is weighed.
        currency: ISO 4217 code of the workspace's currency.
        machine_types: Type of each machine, so that failures of the same type come first in the history.
        free: Pieces of each part that no other order holds; default: the stock.
        coming: Pieces of each part on order that no other order waits for, as they come.
        people_from: When those who can do the work are free first; None: nobody's time is known.
        nobody: Why nobody can do it in the weeks ahead, in words.
        stops: Times in which the machine stands anyway.
        similar: Cases of the past; default: those that ``events`` alone tell.
    """
    mode = prediction.diagnosis.likeliest
    remedy = remedy_for(profile, mode, technicians)
    rate = labour_rate(remedy.resources.skill, profile.site_id, technicians)
    planned = cost_when_planned(remedy, profile.economics, parts=parts, rate=rate, currency=currency)
    if remedy.inspection:
        failure, later = typical_failure(profile, remedy, parts=parts, technicians=technicians, currency=currency)
    else:
        failure, later = cost_to_failure(remedy, profile.economics, parts=parts, rate=rate, currency=currency), 0
    nothing_known = failure.total == 0 and not failure.complete
    start = earliest_start(
        remedy, prediction.as_of, parts=parts, free=free, coming=coming, people_from=people_from, nobody=nobody
    )
    when = _when(
        prediction,
        profile,
        start,
        failure_cost=None if nothing_known else failure.total,
        planned=planned,
        later=later,
        events=events,
        machine_types=machine_types,
        stops=stops,
        horizon_h=planning_horizon_h,
        currency=currency,
    )
    decision = decide(
        prediction,
        failure_cost=None if nothing_known else failure.total,
        planned_cost=planned.total + later,
        horizon_h=planning_horizon_h,
        currency=currency,
        lacks=failure.lacks,
        start=start.at,
        when=when,
    )
    note = ""
    if not profile.failure_modes and profile.economics.production_loss_per_h == 0 and not nothing_known:
        note = " The profile gives neither failure modes nor production loss: a failure costs more than this sum says."
    if later:
        note = (
            f" Planned work is an inspection, {cost_text(planned.total, planned.lacks, currency)}, and the repair it leads to, "
            f"{money_text(later, currency)} on average."
        )
    decision = decision.model_copy(update={"reason": decision.reason + note})
    similar = similar or similar_cases(
        profile, mode, until=prediction.as_of, events=events, machine_types=machine_types, currency=currency
    )
    expected = None
    if decision.failure_probability is not None and decision.expected_failure_cost is not None:
        expected = expected_loss(
            failure,
            decision.failure_probability,
            planning_horizon_h,
            others=[] if remedy.inspection else _other_modes(prediction, profile, mode, parts, technicians, currency),
            currency=currency,
        )
    return AnalyticsPackage(
        package_id=stable_id("package", prediction.prediction_id),
        prediction_id=prediction.prediction_id,
        machine_id=profile.machine_id,
        as_of=prediction.as_of,
        failure_mode=mode,
        failure_impact=failure,
        planned_impact=planned,
        expected=expected,
        decision=decision,
        history=similar.cases,
        history_summary=similar.summary,
        recommendations=recommend(
            prediction,
            profile,
            decision,
            remedy=remedy,
            parts=parts,
            free=free,
            coming=coming,
            history=similar.cases,
            failure_cost=failure.total,
            planned_cost=planned.total,
            repair_cost=later,
            currency=currency,
            complete=failure.complete,
        ),
        resources=remedy.resources,
        confidence=_confidence(prediction, decision),
    )


def _when(
    prediction: Prediction,
    profile: MachineProfile,
    start: Start,
    *,
    failure_cost: Minor | None,
    planned: Impact,
    later: Minor,
    events: pd.DataFrame,
    machine_types: Mapping[str, str] | None,
    stops: Sequence[PlannedStop],
    horizon_h: float,
    currency: str,
) -> WhenToAct | str:
    """Return the best time to act, or why none can be told."""
    planned_cost = planned.total + later
    if prediction.status is MachineStatus.OFFLINE:
        return "the machine is offline and its last readings are of the past"
    life = life_left(prediction)
    if life is None:
        return f"nothing tells how long the machine may run: {lack_of_evidence(prediction)}"
    if failure_cost is None or planned_cost <= 0:
        return "no cost is known to weigh times against each other"
    lives = recorded_lives(events, profile, machine_types, prediction.as_of)
    costs = Costs(float(planned_cost), float(failure_cost))
    return when_to_act(
        life,
        start,
        as_of=prediction.as_of,
        failure_cost=failure_cost,
        planned_cost=planned_cost,
        planned=planned,
        economics=profile.economics,
        stops=[stop for stop in stops if stop.site_id == profile.site_id and stop.concerns(profile.machine_id)],
        rate=long_run_rate(lives, profile, prediction, costs),
        horizon_h=horizon_h,
        currency=currency,
    )


def _other_modes(
    prediction: Prediction,
    profile: MachineProfile,
    mode: str,
    parts: Mapping[str, Part],
    technicians: Sequence[Technician],
    currency: str,
) -> list[tuple[float, Impact]]:
    """Return how likely each further mode is the cause, and what its failure costs."""
    found = []
    for one in prediction.diagnosis.modes:
        if one.mode == mode or one.probability <= 0:
            continue
        remedy = remedy_for(profile, one.mode, technicians)
        if one.mode == UNKNOWN_MODE or remedy.inspection:
            impact, _ = typical_failure(profile, remedy, parts=parts, technicians=technicians, currency=currency)
        else:
            rate = labour_rate(remedy.resources.skill, profile.site_id, technicians)
            impact = cost_to_failure(remedy, profile.economics, parts=parts, rate=rate, currency=currency)
        found.append((one.probability, impact))
    return found


def _confidence(prediction: Prediction, decision: ActionDecision) -> dict[str, float | str | None]:
    """Return how sure the figures are, each under the name of what it qualifies."""
    life = prediction.remaining_useful_life
    state = None
    if prediction.health_evidence.enough and prediction.health_state is not None and prediction.health_probabilities:
        state = prediction.health_probabilities[prediction.health_state]
    likeliest = max(prediction.diagnosis.modes, key=lambda pair: pair.probability)
    return {
        "health_evidence": prediction.health_evidence.in_words(),
        "health_state_probability": state,
        "life_evidence": life.evidence.in_words(),
        "life_basis": life.basis,
        "life_interval_width": None if life.life is None else life.life.upper - life.life.lower,
        "diagnosis_probability": likeliest.probability,
        "diagnosis_method": prediction.diagnosis.method,
        "failure_probability": decision.failure_probability,
    }
