"""The rule that says whether work is ordered now, with its reason in words and numbers."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.analysis import ActionDecision, WhenToAct
from workbench.domain.base import Minor
from workbench.domain.equipment import MachineStatus
from workbench.domain.money import money_text, times
from workbench.domain.predictions import LimitCrossing, Prediction, Severity
from workbench.domain.units import span_text

from .life import probability_within


def lack_of_evidence(prediction: Prediction) -> str:
    """Say why there is no failure probability.

    Reasons that health state and remaining useful life share are given once.
    """
    reasons = dict.fromkeys((*prediction.health_evidence.reasons, *prediction.remaining_useful_life.evidence.reasons))
    return "; ".join(reasons) or "the models give no failure probability"


def decide(
    prediction: Prediction,
    *,
    failure_cost: Minor | None,
    planned_cost: Minor,
    horizon_h: float,
    currency: str,
    lacks: str = "",
    start: datetime | None = None,
    when: WhenToAct | str = "",
) -> ActionDecision:
    """Decide whether to order work now, and when it is best done.

    It is ordered when a critical limit is crossed, or when P(failure within ``horizon_h``) x
    ``failure_cost`` exceeds ``planned_cost``. Without enough evidence for a probability, or with
    nothing known of the costs (``failure_cost`` None), only a critical limit orders work; that of a machine
    which is OFFLINE was crossed in the past and does not. ``lacks``
    names in words what both costs leave out; the reason then says that it rests on incomplete costs.

    The best time says when ordered work is done; it orders none. Where it is near but a failure is not yet likely enough,
    another day costs little and tells more: the machine is looked at again, and may turn out to be sound.

    Args:
        prediction: What the models say.
        failure_cost: Of running to failure; None: nothing is known of it.
        planned_cost: Of planned work.
        horizon_h: Planning horizon in calendar hours.
        currency: ISO 4217 code.
        lacks: What the costs leave out.
        start: When the work can begin; a critical limit does not wait for a cheaper time.
        when: The occasions compared, or why they cannot be.
    """
    probability = probability_within(prediction, horizon_h)
    expected = None if probability is None or failure_cost is None else times(failure_cost, probability)
    worth_it = expected is not None and expected > planned_cost
    sum_words = _sum_in_words(prediction, probability, failure_cost, planned_cost, horizon_h, currency)
    if expected is not None and lacks:
        sum_words += f" Both sums rest on incomplete costs: {lacks} not known."
    offline = prediction.status is MachineStatus.OFFLINE
    found = when if isinstance(when, WhenToAct) else None
    crossing = None if offline else worst_crossing(prediction)
    if crossing is not None and crossing.severity is Severity.CRITICAL:
        reason = f"Act: a critical limit is crossed: {crossing.in_words()}. {sum_words}"
    elif worth_it:
        reason = f"Act: {sum_words}"
    elif offline:
        reason = f"Do not act: the machine is offline and its last readings are of the past. {sum_words}"
    else:
        reason = f"Do not act: no critical limit is crossed. {sum_words}"
    critical = crossing is not None and crossing.severity is Severity.CRITICAL
    return ActionDecision(
        act=critical or worth_it,
        rule="critical_limit" if critical else "expected_cost" if worth_it else "none",
        reason=reason,
        horizon_h=horizon_h,
        failure_probability=probability,
        expected_failure_cost=expected,
        planned_cost=planned_cost,
        best_at=start if critical else found.best.at if found is not None else None,
        when=found,
        when_lacks=when if isinstance(when, str) else "",
    )


def worst_crossing(prediction: Prediction) -> LimitCrossing | None:
    """Return the most severe limit crossing, the longest standing of those; None without any."""
    order = list(Severity)
    return min(prediction.limit_crossings, key=lambda one: (-order.index(one.severity), one.since), default=None)


def _sum_in_words(
    prediction: Prediction,
    probability: float | None,
    failure_cost: Minor | None,
    planned_cost: Minor,
    horizon_h: float,
    currency: str,
) -> str:
    if probability is None:
        return f"Not enough evidence to weigh costs: {lack_of_evidence(prediction)}."
    if failure_cost is None:
        return (
            f"The probability of failing within {span_text(horizon_h)} is {100 * probability:.1f} %, but no cost is "
            "known to weigh it."
        )
    expected = times(failure_cost, probability)
    worth_it = expected > planned_cost
    relation = "exceeds" if worth_it else "does not exceed"
    needed = planned_cost / failure_cost if failure_cost else 1.0
    other = "" if worth_it or needed >= 1 else f" From a probability of {100 * needed:.1f} % on it would."
    return (
        f"The expected cost of failing within {span_text(horizon_h)}, {100 * probability:.1f} % x "
        f"{money_text(failure_cost, currency)} = {money_text(expected, currency)}, {relation} "
        f"the cost of planned work, {money_text(planned_cost, currency)}.{other}"
    )
