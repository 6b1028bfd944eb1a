"""What it is worth to look before repairing: the value of an inspection where the cause is not sure."""

from __future__ import annotations

from workbench.domain.analysis import ActionDecision, Recommendation
from workbench.domain.base import Minor
from workbench.domain.money import money_text, times
from workbench.domain.predictions import Prediction

from .remedy import INSPECTION_LABOUR_H, Remedy


def inspect_first(
    prediction: Prediction,
    decision: ActionDecision,
    remedy: Remedy,
    *,
    failure_cost: Minor,
    planned_cost: Minor,
    repair_cost: Minor,
    currency: str,
) -> list[Recommendation]:
    """Recommend an inspection where what it tells is worth more than it costs; it is taken to find the cause.

    With an unknown cause and no work ordered, it turns a failure into a planned repair: P(failure) x (failure cost -
    planned repair) - inspection, and is recommended when it saves at least once more what it costs. With a likely but
    unsure cause and work ordered, it spares the repair of what is not broken: P(another cause) x repair - inspection;
    the inspection is then two hours' share of the planned work.

    Without a probability or a cost there is nothing to recommend.
    """
    probability = decision.failure_probability
    if probability is None or decision.expected_failure_cost is None:
        return []
    if remedy.inspection:
        return [] if decision.act else _unknown_cause(probability, failure_cost, planned_cost, repair_cost, currency)
    if not decision.act or remedy.resources.labour_h <= INSPECTION_LABOUR_H:
        return []
    wrong = 1.0 - max(one.probability for one in prediction.diagnosis.modes)
    look = times(planned_cost, INSPECTION_LABOUR_H / remedy.resources.labour_h)
    saved = times(planned_cost, wrong) - look
    if saved <= 0:
        return []
    reason = (
        f"The cause is another one with {100 * wrong:.0f} %, and the repair of {remedy.named} would then be for nothing: "
        f"{100 * wrong:.0f} % x {money_text(planned_cost, currency)}, less {money_text(look, currency)} for looking first."
    )
    return [
        Recommendation(
            rank=1, action=f"Confirm {remedy.named} before taking it apart", reason=reason, expected_saving=saved
        )
    ]


def _unknown_cause(
    probability: float, failure_cost: Minor, inspection: Minor, repair: Minor, currency: str
) -> list[Recommendation]:
    saved = times(max(0, failure_cost - repair), probability) - inspection
    if repair <= 0 or saved < inspection:
        return []
    reason = (
        f"The cause is not known. Finding it in time makes a planned repair of a failure: {100 * probability:.1f} % x "
        f"({money_text(failure_cost, currency)} - {money_text(repair, currency)}), less {money_text(inspection, currency)} "
        "for the inspection."
    )
    return [Recommendation(rank=1, action="Inspect to find the cause", reason=reason, expected_saving=saved)]
