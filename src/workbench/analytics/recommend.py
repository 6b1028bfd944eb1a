"""Ranked recommendations: what to do, why, by when, and what it is expected to save."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from workbench.domain.analysis import ActionDecision, Recommendation, standing_out
from workbench.domain.base import Minor
from workbench.domain.equipment import MachineProfile, Part
from workbench.domain.money import money_text, times
from workbench.domain.predictions import HealthState, Prediction

from .decide import lack_of_evidence
from .remedy import Remedy


def recommend(
    prediction: Prediction,
    profile: MachineProfile,
    decision: ActionDecision,
    *,
    remedy: Remedy,
    parts: Mapping[str, Part],
    currency: str,
    complete: bool = True,
) -> tuple[Recommendation, ...]:
    """Return recommendations, the ordered work first and the rest by expected saving.

    The saving of ordering work now is P(failure) x failure cost - planned cost; that of ordering a
    missing part is P(failure) x the loss while the machine would wait for it. A saving that cannot be
    computed is 0, and the reason says so; one that rests on costs not all known (``complete`` false)
    is marked as such.
    """
    found = [
        *_work(prediction, decision, remedy),
        *_parts(prediction, profile, decision, remedy=remedy, parts=parts, currency=currency),
        *_watch(prediction, profile, decision, remedy),
        *_evidence(prediction, decision),
    ]
    if not found:
        found.append(_entry("Go on as planned", decision.reason, 0))
    ordered = found[:1] if decision.act else []
    rest = sorted(found[len(ordered) :], key=lambda entry: -entry.expected_saving)
    return tuple(
        entry.model_copy(update={"rank": rank, "complete": complete or entry.expected_saving == 0})
        for rank, entry in enumerate([*ordered, *rest], start=1)
    )


def latest_start(prediction: Prediction, stop_h: float) -> datetime | None:
    """Return when work of ``stop_h`` must start to end before the machine may fail, None when that is not known.

    The lower bound of the expected failure counts; if it leaves no time, as soon as possible, which is as-of.
    """
    life = prediction.remaining_useful_life
    if life.expected_failure_at is None or not life.evidence.enough:
        return None
    return max(prediction.as_of, life.expected_failure_at[0] - timedelta(hours=stop_h))


def _entry(action: str, reason: str, saving: Minor, before: datetime | None = None) -> Recommendation:
    return Recommendation(rank=1, action=action, reason=reason, expected_saving=saving, act_before=before)


def _work(prediction: Prediction, decision: ActionDecision, remedy: Remedy) -> list[Recommendation]:
    if not decision.act:
        return []
    action = "Order an inspection now" if remedy.inspection else f"Order the repair of {remedy.title} now"
    saving = 0
    reason = decision.reason
    if decision.expected_failure_cost is None:
        missing = "a failure probability" if decision.failure_probability is None else "known costs"
        reason += f" The saving cannot be computed without {missing}."
    else:
        saving = max(0, decision.expected_failure_cost - decision.planned_cost)
    return [_entry(action, reason, saving, latest_start(prediction, remedy.resources.repair_h))]


def _parts(
    prediction: Prediction,
    profile: MachineProfile,
    decision: ActionDecision,
    *,
    remedy: Remedy,
    parts: Mapping[str, Part],
    currency: str,
) -> list[Recommendation]:
    probability = decision.failure_probability or 0.0
    loss = profile.economics.production_loss_per_h
    found = []
    for part_id, quantity in remedy.resources.parts:
        part = parts.get(part_id)
        if part is None or part.stock >= quantity:
            continue
        missing = quantity - part.stock
        saving = times(loss, part.lead_time_days, 24.0, probability)
        # A part that may never be used is worth its price only when waiting for it is expected to cost more.
        if not decision.act and saving <= part.unit_cost * missing:
            continue
        reason = (
            f"{quantity} needed for {remedy.title}, {part.stock} in stock; waiting {part.lead_time_days:g} days for it "
            f"with the machine down is expected to cost {100 * probability:.1f} % x {part.lead_time_days * 24:g} h x "
            f"{money_text(loss, currency)}/h = {money_text(saving, currency)}."
        )
        before = latest_start(prediction, remedy.resources.repair_h + 24 * part.lead_time_days)
        found.append(_entry(f"Order {missing} x {part.title} now", reason, saving, before))
    return found


def _watch(
    prediction: Prediction, profile: MachineProfile, decision: ActionDecision, remedy: Remedy
) -> list[Recommendation]:
    if decision.act:
        return []
    signs = [f"{crossing.in_words()}" for crossing in prediction.limit_crossings]
    sensors = [crossing.sensor for crossing in prediction.limit_crossings]
    if prediction.anomaly is not None and prediction.anomaly.is_anomaly:
        found = prediction.anomaly
        signs.append(f"readings are unusual: anomaly score {found.score:.2f}, threshold {found.threshold:.2f}")
        sensors += [part.sensor for part in standing_out(found)]
    if prediction.health_state is not None and prediction.health_state >= HealthState.DEGRADING:
        signs.append(f"health state is {prediction.health_state.name.lower()}")
        known = profile.failure_mode(remedy.mode)
        sensors += [known.indicator] if known else []
    if not signs:
        return []
    where = ", ".join(dict.fromkeys(sensors)) or "all sensors"
    if remedy.inspection and sensors:
        return [_entry(f"Inspect at the next planned stop and watch {where}", f"{_sentence(signs)} Cause unknown.", 0)]
    return [_entry(f"Watch more closely: {where}", _sentence(signs), 0)]


def _sentence(signs: list[str]) -> str:
    text = "; ".join(signs)
    return f"{text[:1].upper()}{text[1:]}."


def _evidence(prediction: Prediction, decision: ActionDecision) -> list[Recommendation]:
    if decision.failure_probability is not None:
        return []
    reason = f"Health state and remaining useful life cannot be given yet: {lack_of_evidence(prediction)}."
    return [_entry("Record failures, replacements and maintenance of this machine", reason, 0)]
