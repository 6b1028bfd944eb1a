"""How work was planned and kept to plan, and how much of it lies ahead: planned share, schedule compliance, backlog (A2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from scipy.special import ndtri

from workbench.domain.closeout import AsFound, CloseOut
from workbench.domain.equipment import MachineProfile, Technician
from workbench.domain.kpis import ENOUGH_FOR_INTERVAL, LEVEL, Kpi, SkillBacklog
from workbench.domain.work import OPEN_ORDER_STATES, OrderState, WorkOrder

from .kpis_reliability import bootstrap_ratios


def wilson(successes: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the score interval of a share (Wilson 1927).

    >>> low, high = wilson(8, 10)
    >>> round(low, 3), round(high, 3)
    (0.49, 0.943)
    """
    z = float(ndtri(0.5 + level / 2))
    share, weight = successes / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * float(np.sqrt(share * (1 - share) / n + weight / (4 * n)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _share(name: str, title: str, successes: int, n: int, source: str, nothing: str) -> Kpi:
    enough = n >= ENOUGH_FOR_INTERVAL
    few = f"not enough evidence for an interval: {n} of {ENOUGH_FOR_INTERVAL} needed"
    return Kpi(
        name=name,
        title=title,
        value=successes / n if n else None,
        unit="share",
        interval=wilson(successes, n) if enough else None,
        n=n,
        n_of="orders",
        source=source,
        lacks=nothing if not n else "" if enough else few,
    )


def is_planned(order: WorkOrder, close_out: CloseOut | None) -> bool:
    """Say whether done work was planned: it had a date before it began, and the machine had not failed before it."""
    failed = close_out is not None and close_out.findings.as_found is AsFound.FAILED
    dated = order.scheduled_at is not None and order.created_at < (order.started_at or order.scheduled_at)
    return dated and not failed


def planned_shares(
    orders: Sequence[WorkOrder], close_outs: Mapping[str, CloseOut], start: datetime, end: datetime, seed: int
) -> tuple[Kpi, Kpi]:
    """Return which share of the work done after ``start`` until ``end`` was planned, in orders and in hours worked.

    Planned work had a date before it began on a machine that had not failed (EN 15341: planned over all maintenance work).
    """
    done = [o for o in orders if o.state is OrderState.DONE and o.closed_at is not None and start < o.closed_at <= end]
    words = "orders closed in the period that had a date before they began, on machines that had not failed"
    planned = [is_planned(order, close_outs.get(order.order_id)) for order in done]
    nothing = "no order was closed in the period"
    by_order = _share("planned_share_orders", "Planned share of orders", sum(planned), len(done), words, nothing)
    told = [
        (close_outs[o.order_id].findings.hours_worked, p)
        for o, p in zip(done, planned, strict=True)
        if o.order_id in close_outs
    ]
    hours = np.array([worked for worked, _ in told], dtype=np.float64)
    kept = np.array([worked * p for worked, p in told], dtype=np.float64)
    total = float(hours.sum())
    interval, lacks = bootstrap_ratios([(kept, hours)], seed) if total else (None, "no close-out tells hours worked")
    by_hours = Kpi(
        name="planned_share_hours",
        title="Planned share of hours worked",
        value=float(kept.sum()) / total if total else None,
        unit="share",
        interval=interval,
        n=len(told),
        n_of="orders",
        source=f"{total:,.1f} hours worked by close-outs; planned as for orders",
        lacks=lacks if done else nothing,
    )
    return by_order, by_hours


def planned_window(order: WorkOrder, planned_end: datetime | None) -> tuple[datetime, datetime] | None:
    """Return when an order was to be done: from its date until ``planned_end`` of its plan, else its own hours later."""
    if order.scheduled_at is None:
        return None
    own = order.scheduled_at + timedelta(hours=order.repair_h or order.labour_h / order.people)
    return order.scheduled_at, max(planned_end or own, order.scheduled_at)


def schedule_compliance(
    orders: Sequence[WorkOrder],
    planned_ends: Mapping[str, datetime],
    zones: Mapping[str, ZoneInfo],
    start: datetime,
    end: datetime,
) -> Kpi:
    """Return the share of orders with a planned window that ended in the period which were begun and closed within it.

    A window is kept by the days of the site that it touches. An order that still waits, or was begun before, has not kept it;
    a cancelled one does not count (EN 15341: work done as scheduled over work scheduled).

    Args:
        orders: In whatever state.
        planned_ends: When the published plan wanted an order to be done, by order.
        zones: Time zone of each machine's site.
        start: The period's begin.
        end: Its end; what was closed later was not closed yet.
    """
    kept = n = 0
    for order in orders:
        window = planned_window(order, planned_ends.get(order.order_id))
        if window is None or order.state is OrderState.CANCELLED or not start < window[1] <= end:
            continue
        n += 1
        zone = zones[order.machine_id]
        first, last = (at.astimezone(zone).date() for at in window)
        closed = order.closed_at if order.state is OrderState.DONE else None
        if closed is not None and closed.astimezone(zone).date() <= last:
            kept += (order.started_at or closed).astimezone(zone).date() >= first
    return _share(
        "schedule_compliance",
        "Schedule compliance",
        kept,
        n,
        "orders whose planned days ended in the period and which were begun and closed on these days",
        "no order had a planned time that ended in the period",
    )


def _weekly_hours(person: Technician) -> float:
    length = (person.shift.end_h - person.shift.start_h) % 24 or 24.0
    return length * len(person.shift.weekdays)


def backlog(
    orders: Sequence[WorkOrder],
    profiles: Mapping[str, MachineProfile],
    technicians: Sequence[Technician],
    at: datetime,
) -> tuple[SkillBacklog, ...]:
    """Return the work that was open at ``at``, by skill, the longest first.

    A technician week is what one with that skill works in a week by the shift; ``weeks`` is how long all with the skill take. Work that takes
    no skill is everybody's.
    """
    hours: defaultdict[str, float] = defaultdict(float)
    count: defaultdict[str, int] = defaultdict(int)
    for order in orders:
        ended = order.closed_at <= at if order.closed_at is not None else order.state not in OPEN_ORDER_STATES
        if order.created_at > at or ended:
            continue
        profile = profiles.get(order.machine_id)
        mode = profile.failure_mode(order.failure_mode) if profile else None
        skill = order.skill or (mode.repair.skill if mode else "")
        hours[skill] += order.labour_h
        count[skill] += 1
    found = []
    for skill, total in sorted(hours.items(), key=lambda pair: (-pair[1], pair[0])):
        people = [person for person in technicians if not skill or skill in person.skills]
        capacity = sum(_weekly_hours(person) for person in people)
        found.append(
            SkillBacklog(
                skill=skill,
                orders=count[skill],
                hours=total,
                technicians=len(people),
                technician_weeks=total / (capacity / len(people)) if capacity else None,
                weeks=total / capacity if capacity else None,
            )
        )
    return tuple(found)


def backlog_hours(lines: Sequence[SkillBacklog], at: datetime) -> Kpi:
    """Return the labour of all open orders."""
    return Kpi(
        name="backlog_h",
        title="Backlog",
        value=sum(line.hours for line in lines),
        unit="h",
        n=sum(line.orders for line in lines),
        n_of="open orders",
        source=f"estimated labour of the orders open at {at:%Y-%m-%d %H:%M} UTC",
    )
