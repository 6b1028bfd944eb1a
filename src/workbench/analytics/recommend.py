"""Ranked recommendations: what to do, why, by when, and what it is expected to save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from workbench.domain.analysis import ActionDecision, Occasion, PastCase, Recommendation, WhenToAct
from workbench.domain.base import Minor
from workbench.domain.equipment import MachineProfile, Part
from workbench.domain.money import money_text, times
from workbench.domain.predictions import HealthState, Prediction

from .decide import lack_of_evidence
from .evidence import facts, signs_of_wear
from .information import inspect_first
from .remedy import Remedy
from .when_words import moment


def recommend(
    prediction: Prediction,
    profile: MachineProfile,
    decision: ActionDecision,
    *,
    remedy: Remedy,
    parts: Mapping[str, Part],
    free: Mapping[str, int] | None = None,
    coming: Mapping[str, Sequence[tuple[datetime, int]]] | None = None,
    history: Sequence[PastCase] = (),
    failure_cost: Minor,
    planned_cost: Minor,
    repair_cost: Minor = 0,
    currency: str,
    complete: bool = True,
) -> tuple[Recommendation, ...]:
    """Return recommendations, the ordered work first and the rest by expected saving, each with its evidence.

    The saving of ordering work now is P(failure) x failure cost - planned cost; that of waiting for a
    better time is what the earliest time costs more; that of ordering a missing part is P(failure) x the loss
    while the machine would wait for it; that of inspecting first is the value of what it tells less its cost. A saving
    that cannot be computed is 0, and the reason says so; one that rests on costs not all known
    (``complete`` false) is marked as such.

    Args:
        prediction: What the models say.
        profile: The machine.
        decision: What was decided.
        remedy: The work; an inspection when the cause is not known.
        parts: Parts by id.
        free: Pieces of each part that no other order holds; default: the stock.
        coming: Pieces of each part on order that no other order waits for, as they come.
        history: Similar failures of the past.
        failure_cost: Of running to failure.
        planned_cost: Of the remedy when it is planned.
        repair_cost: Of the planned repair that an inspection leads to.
        currency: ISO 4217 code.
        complete: Whether all costs are known.
    """
    known = facts(prediction, history)
    weighed = [
        *_work(prediction, decision, remedy),
        *_occasion(prediction, decision, remedy, currency),
        *_parts(prediction, profile, decision, remedy=remedy, parts=parts, free=free, coming=coming, currency=currency),
        *inspect_first(
            prediction,
            decision,
            remedy,
            failure_cost=failure_cost,
            planned_cost=planned_cost,
            repair_cost=repair_cost,
            currency=currency,
        ),
    ]
    found = [
        *(entry.model_copy(update={"evidence": known}) for entry in weighed),
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
    action = "Order an inspection now" if remedy.inspection else f"Order the repair of {remedy.named} now"
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
    free: Mapping[str, int] | None,
    coming: Mapping[str, Sequence[tuple[datetime, int]]] | None,
    currency: str,
) -> list[Recommendation]:
    probability = decision.failure_probability or 0.0
    loss = profile.economics.production_loss_per_h
    found = []
    for part_id, quantity in remedy.resources.parts:
        part = parts.get(part_id)
        at_hand = 0 if part is None else part.stock if free is None else free.get(part_id, 0)
        bought = sum(pieces for _, pieces in (coming or {}).get(part_id, ()))
        missing = quantity - at_hand - bought
        if part is None or missing <= 0:
            continue
        there = f"{at_hand} free in stock{f', {bought} on order' if bought else ''}"
        saving = times(loss, part.lead_time_days, 24.0, probability)
        # A part that may never be used is worth its price only when waiting for it is expected to cost more.
        if not decision.act and saving <= part.unit_cost * missing:
            continue
        reason = (
            f"{quantity} needed for {remedy.named}, {there}; waiting {part.lead_time_days:g} days for it "
            f"with the machine down is expected to cost {100 * probability:.1f} % x {part.lead_time_days * 24:g} h x "
            f"{money_text(loss, currency)}/h = {money_text(saving, currency)}."
        )
        before = latest_start(prediction, remedy.resources.repair_h + 24 * part.lead_time_days)
        found.append(_entry(f"Order {missing} x {part.title} now", reason, saving, before))
    return found


def _occasion(prediction: Prediction, decision: ActionDecision, remedy: Remedy, currency: str) -> list[Recommendation]:
    """Recommend the better time within the horizon where there is one, with what it saves against the others.

    Where no work is ordered though no later time costs less, it is to be made ready and confirmed, not yet done.
    """
    when = decision.when
    if when is None or not when.own or decision.rule == "critical_limit" or when.best.kind == "later":
        return []
    what = "the inspection" if remedy.inspection else f"the repair of {remedy.named}"
    dearer = (
        f"Acting at the earliest, {moment(when.earliest_at)}, costs {money_text(when.earliest.excess, currency)} more, "
        f"running to failure {money_text(when.failing_excess, currency)} more."
    )
    if decision.act and not when.now:
        stop = f"{when.best.stop_in_words}, " if when.best.kind == "planned_stop" else ""
        reason = f"{100 * when.best.failure_probability:.1f} % chance that it fails before. {dearer}"
        action = f"Wait with {what} until {stop}{moment(when.best.at)}"
        return [_entry(action, reason, when.earliest.excess, when.best.at)]
    # With an assumed value of running, a near best time is too weak a reason to make anything ready.
    if decision.act or not when.rate_known:
        return []
    end = prediction.as_of + timedelta(hours=decision.horizon_h)
    within = [one for one in when.occasions if one.at <= end]
    if not within or within[-1].excess == 0:
        return []
    reason = (
        f"Least expected cost at {moment(when.best.at)}, but a failure is not likely enough yet to order work. Another day "
        f"costs {money_text(_a_day_later(when).excess, currency)} and tells more; waiting until {moment(within[-1].at)} "
        f"costs {money_text(within[-1].excess, currency)}."
    )
    return [_entry(f"Make {what} ready and look again tomorrow", reason, within[-1].excess)]


def _a_day_later(when: WhenToAct) -> Occasion:
    """Return the first occasion a day or more after the best one, else the last."""
    later = [one for one in when.occasions if one.at >= when.best.at + timedelta(days=1)]
    return later[0] if later else when.occasions[-1]


def _watch(
    prediction: Prediction, profile: MachineProfile, decision: ActionDecision, remedy: Remedy
) -> list[Recommendation]:
    if decision.act:
        return []
    signs, sensors = signs_of_wear(prediction)
    if prediction.health_state is not None and prediction.health_state >= HealthState.DEGRADING:
        signs.append(f"health state is {prediction.health_state.name.lower()}")
        known = profile.failure_mode(remedy.mode)
        sensors += [known.indicator] if known else []
    if not signs:
        return []
    where = ", ".join(dict.fromkeys(sensors)) or "all sensors"
    if remedy.inspection and sensors:
        entry = _entry(f"Inspect at the next planned stop and watch {where}", f"{_sentence(signs)} Cause unknown.", 0)
    else:
        entry = _entry(f"Watch more closely: {where}", _sentence(signs), 0)
    return [entry.model_copy(update={"evidence": tuple(signs)})]


def _sentence(signs: list[str]) -> str:
    text = "; ".join(signs)
    return f"{text[:1].upper()}{text[1:]}."


def _evidence(prediction: Prediction, decision: ActionDecision) -> list[Recommendation]:
    if decision.failure_probability is not None:
        return []
    reason = f"Health state and remaining useful life cannot be given yet: {lack_of_evidence(prediction)}."
    return [_entry("Record failures, replacements and maintenance of this machine", reason, 0)]
