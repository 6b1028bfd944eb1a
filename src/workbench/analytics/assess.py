"""Assembles the analytics package of one prediction: impact, decision, history, recommendations, resources (A1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from workbench.domain.analysis import ActionDecision, AnalyticsPackage, cost_text
from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineProfile, Part, Technician
from workbench.domain.money import money_text
from workbench.domain.predictions import Prediction

from .decide import decide
from .history import similar_failures
from .impact import cost_to_failure, cost_when_planned, labour_rate, typical_failure
from .recommend import recommend
from .remedy import remedy_for


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
    decision = decide(
        prediction,
        failure_cost=None if nothing_known else failure.total,
        planned_cost=planned.total + later,
        horizon_h=planning_horizon_h,
        currency=currency,
        lacks=failure.lacks,
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
    return AnalyticsPackage(
        package_id=stable_id("package", prediction.prediction_id),
        prediction_id=prediction.prediction_id,
        machine_id=profile.machine_id,
        as_of=prediction.as_of,
        failure_mode=mode,
        failure_impact=failure,
        planned_impact=planned,
        decision=decision,
        history=similar_failures(events, profile, mode, until=prediction.as_of, machine_types=machine_types),
        recommendations=recommend(
            prediction, profile, decision, remedy=remedy, parts=parts, currency=currency, complete=failure.complete
        ),
        resources=remedy.resources,
        confidence=_confidence(prediction, decision),
    )


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
