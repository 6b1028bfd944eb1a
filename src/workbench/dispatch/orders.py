"""Work orders: how urgent, due when, estimated at what cost, with which steps (R4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from workbench.domain.analysis import AnalyticsPackage, Resources
from workbench.domain.base import Minor
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import UNKNOWN_MODE, HealthState, Prediction, Severity
from workbench.domain.work import InventoryCheck, OrderState, Priority, TechnicianMatch, WorkOrder

from .inventory import delivery_known, parts_arrival
from .procedure import safety_of, steps_of
from .wording import PRIORITY_WORDS, mode_title

# Time allowed from as-of to the due date.
DUE_WITHIN_H = {
    Priority.EMERGENCY: 8.0,
    Priority.URGENT: 24.0,
    Priority.HIGH: 72.0,
    Priority.ROUTINE: 720.0,
}
SOON_H = 24.0
_LOOK = ("Look at the machine and find the cause.",)


def judge_priority(prediction: Prediction, profile: MachineProfile, horizon_h: float) -> tuple[Priority, str]:
    """Return the priority and the facts that made it, in words.

    The base is P(failure): emergency when 50 % or more within 24 h, urgent from 80 % within
    ``horizon_h``, high from 40 %, else routine. A critical limit crossed or a critical health state
    makes it urgent at least, a warning high at least. Criticality A raises it one step; C lowers it
    one step, but not below urgent with a critical limit crossed.
    """
    within = prediction.supported_probability_within(horizon_h)
    soon = prediction.supported_probability_within(min(SOON_H, horizon_h))
    level, facts = Priority.ROUTINE, []
    if within is not None:
        facts.append(f"{100 * within:.0f} % probability of failure within {horizon_h:g} h")
        level = Priority.HIGH if within >= 0.4 else level
        level = Priority.URGENT if within >= 0.8 else level
    if soon is not None and soon >= 0.5:
        facts.append(f"{100 * soon:.0f} % within {min(SOON_H, horizon_h):g} h")
        level = Priority.EMERGENCY
    severities = {crossing.severity for crossing in prediction.limit_crossings}
    state = prediction.health_state if prediction.health_evidence.enough else None
    if Severity.CRITICAL in severities or state is HealthState.CRITICAL:
        facts.append("critical limit crossed" if Severity.CRITICAL in severities else "health state critical")
        level = min(level, Priority.URGENT)
    elif Severity.WARNING in severities or state is HealthState.WARNING:
        facts.append("warning limit crossed" if Severity.WARNING in severities else "health state warning")
        level = min(level, Priority.HIGH)
    step = {"A": -1, "B": 0, "C": 1}[profile.criticality]
    least = Priority.URGENT if Severity.CRITICAL in severities else Priority.ROUTINE
    moved = Priority(min(max(level + step, Priority.EMERGENCY), least))
    facts.append(f"criticality {profile.criticality}")
    return moved, f"{PRIORITY_WORDS[moved]}: {', '.join(facts)}"


def due_date(prediction: Prediction, priority: Priority, repair_h: float) -> datetime:
    """Return when the work must be done: the priority's time from as-of, and before the expected failure if possible.

    The earliest likely failure (lower bound) counts; if the repair cannot be done before it, the
    median; if it cannot be done before that either, 24 hours from as-of. It is never due before the
    repair can be done. So, with the same failure and repair, the more urgent is never due later.
    Only the machine's own life counts, not the population's.
    """
    as_of = prediction.as_of
    done = as_of + timedelta(hours=repair_h)
    due = as_of + timedelta(hours=DUE_WITHIN_H[priority])
    life = prediction.remaining_useful_life
    if life.expected_failure_at is not None and life.evidence.enough:
        reachable = [failure_at for failure_at in life.expected_failure_at[:2] if failure_at >= done]
        due = min(due, reachable[0] if reachable else as_of + timedelta(hours=SOON_H))
    return max(due, done)


def draft_order(
    prediction: Prediction,
    package: AnalyticsPackage,
    profile: MachineProfile,
    inventory: InventoryCheck,
    *,
    number: str,
    order_id: str,
    matches: Sequence[TechnicianMatch] | None = None,
    priority: Priority | None = None,
) -> WorkOrder:
    """Return the order for the work that ``package`` calls for.

    It is ``scheduled`` when the best technician is free once all parts are there, else ``open``; a part whose
    delivery is not known leaves it open.

    Args:
        prediction: What the order rests on.
        package: Its analytics.
        profile: The machine.
        inventory: What is reserved and what must be ordered.
        number: For people, e.g. WO-2026-0001.
        order_id: The caller makes it from the run's key, so that a repeated run makes the same order.
        matches: Technicians, best first (from ``rank_technicians``); empty: nobody has the skill; None: not
            ranked yet.
        priority: As judged before, or None to judge it over the decision's horizon.
    """
    urgency = priority or judge_priority(prediction, profile, package.decision.horizon_h)[0]
    resources = package.resources
    best = matches[0] if matches else None
    arrival = parts_arrival(inventory, prediction.as_of)
    in_time = best is not None and best.available_at >= arrival
    starts = best.available_at if best and in_time and delivery_known(inventory) else None
    known = profile.failure_mode(package.failure_mode)
    title = mode_title(profile, package.failure_mode)
    return WorkOrder(
        order_id=order_id,
        number=number,
        machine_id=profile.machine_id,
        failure_mode=package.failure_mode,
        title=f"{profile.title}: {'' if known else 'inspection, '}{title[:1].lower()}{title[1:]}",
        priority=urgency,
        state=OrderState.OPEN if starts is None else OrderState.SCHEDULED,
        created_at=prediction.as_of,
        due_at=due_date(prediction, urgency, resources.repair_h),
        scheduled_at=starts,
        technician_id=best.technician_id if best else None,
        technician_reason=_who_in_words(matches, resources),
        skill=resources.skill,
        people=resources.technicians,
        repair_h=resources.repair_h,
        parts_at=arrival if delivery_known(inventory) and not inventory.complete else None,
        steps=steps_of(profile, package.failure_mode, prediction),
        tools=resources.tools,
        safety=safety_of(profile, package.failure_mode),
        parts=inventory.lines,
        labour_h=resources.labour_h,
        estimated_cost=package.planned_impact.repair_cost,
        estimate_lacks=package.planned_impact.repair_lacks,
        prediction_id=prediction.prediction_id,
        raised_by="cycle",
        evidence=(prediction.prediction_id,),
        simulated=prediction.simulated,
    )


def minutes_each(order: WorkOrder) -> int:
    """Return how long each person is busy with an order, in minutes: its labour over its people."""
    return max(1, round(60 * order.labour_h / order.people))


def raise_ticket(
    profile: MachineProfile,
    *,
    order_id: str,
    number: str,
    title: str,
    steps: Sequence[str],
    priority: Priority,
    labour_h: float,
    at: datetime,
    failure_mode: str = "",
    symptom: str = "",
    skill: str = "",
    inventory: InventoryCheck | None = None,
    estimate: tuple[Minor, str] = (0, "cost of work raised by hand"),
    simulated: bool = False,
) -> WorkOrder:
    """Return an order that a person raises by hand: no prediction.

    Without a failure mode of the profile, its mode is ``reported <number>``, so that it stands beside orders of the
    cycle and other tickets instead of being merged with them, and safety text comes from the machine's energy
    sources. A known mode brings its steps (where none are given), tools, safety, people and hours at the machine.
    ``estimate``: the cost and what it leaves out, in words.
    """
    known = profile.failure_mode(failure_mode)
    cost, lacks = estimate
    return WorkOrder(
        order_id=order_id,
        number=number,
        machine_id=profile.machine_id,
        failure_mode=known.name if known else f"reported {number}",
        title=title,
        priority=priority,
        created_at=at,
        due_at=at + timedelta(hours=DUE_WITHIN_H[priority]),
        symptom=symptom,
        skill=skill,
        people=known.repair.technicians if known else 1,
        repair_h=known.repair.repair_h if known else None,
        parts_at=parts_arrival(inventory, at) if inventory and not inventory.complete else None,
        steps=tuple(steps) or (steps_of(profile, known.name) if known else _LOOK),
        tools=known.repair.tools if known else (),
        safety=safety_of(profile, known.name if known else UNKNOWN_MODE),
        parts=() if inventory is None else inventory.lines,
        labour_h=labour_h,
        estimated_cost=cost,
        estimate_lacks=lacks,
        raised_by="hand",
        simulated=simulated,
    )


def _who_in_words(matches: Sequence[TechnicianMatch] | None, resources: Resources) -> str:
    if matches is None:
        return "technicians not ranked yet"
    if not matches:
        skill = resources.skill.replace("_", " ")
        return f"nobody in the records has {skill} skill and a shift; assign somebody by hand or call in a contractor"
    reason = f"{matches[0].title}: {matches[0].reason}"
    others = resources.technicians - 1
    if others < 1:
        return reason
    nearest = ", ".join(match.title for match in matches[1 : 1 + others]) or "nobody else has the skill"
    return f"{reason}; {resources.technicians} people are needed, next best: {nearest}"
