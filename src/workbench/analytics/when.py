"""When the work is best done (A3): the possible occasions compared, why none is earlier, what would change the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, isfinite

import numpy as np

from workbench.domain.analysis import Impact, Occasion, WhenToAct
from workbench.domain.base import Minor
from workbench.domain.calendar import PlannedStop
from workbench.domain.equipment import Economics, Part
from workbench.domain.money import times

from .life import LifeLeft
from .remedy import Remedy
from .renewal import LongRunRate
from .timing import Costs, LivesLeft, best_time
from .when_words import moment, reason_of

LOOK_AHEAD_WEEKS = 12
_DAY_H = 24.0
_WEEK_H = 168.0


@dataclass(frozen=True)
class Start:
    """The earliest time at which the work can begin, and what it waits for, in words."""

    at: datetime
    waits: tuple[str, ...] = ()


def earliest_start(
    remedy: Remedy,
    as_of: datetime,
    *,
    parts: Mapping[str, Part],
    free: Mapping[str, int] | None = None,
    coming: Mapping[str, Sequence[tuple[datetime, int]]] | None = None,
    people_from: datetime | None = None,
    nobody: str = "",
) -> Start:
    """Return when parts and people can be there, and what is late.

    Args:
        remedy: The work.
        as_of: Nothing begins before.
        parts: Parts by id, with delivery times; ordered at ``as_of`` where there are too few.
        free: Pieces that no other order holds, by part id; default: the stock.
        coming: Pieces on order that no other order waits for, by part id, as they come.
        people_from: When those who can do the work are free first; None: it is not waited for.
        nobody: Why nobody can do it in the weeks ahead; empty: somebody can, or nobody's time is known.
    """
    at, waits = as_of, []
    for part_id, quantity in remedy.resources.parts:
        part = parts.get(part_id)
        if part is None:
            waits.append(f"delivery of {part_id.replace('_', ' ')} is not known: ask for it")
            continue
        missing = quantity - (part.stock if free is None else free.get(part_id, 0))
        for when, pieces in (coming or {}).get(part_id, ()):
            if missing > 0:
                verb = "is" if min(pieces, missing) == 1 else "are"
                waits.append(
                    f"{min(pieces, missing)} x {part.title} {verb} on order and can be there on {moment(when)}"
                )
                missing, at = missing - pieces, max(at, when)
        if missing > 0:
            arrival = as_of + timedelta(days=part.lead_time_days)
            waits.append(f"{missing} x {part.title} must be ordered and can be there on {moment(arrival)}")
            at = max(at, arrival)
    if nobody:
        waits.append(nobody)
    elif people_from is not None and people_from > as_of:
        skill = remedy.resources.skill.replace("_", " ")
        number = remedy.resources.technicians
        who = f"somebody with {skill} skill" if number == 1 else f"{number} people of whom one has {skill} skill"
        waits.append(f"{who} can be there on {moment(people_from)}")
    at = max(at, people_from or at)
    return Start(at, tuple(waits))


def when_to_act(
    life: LifeLeft,
    start: Start,
    *,
    as_of: datetime,
    failure_cost: Minor,
    planned_cost: Minor,
    planned: Impact,
    economics: Economics,
    stops: Sequence[PlannedStop] = (),
    rate: LongRunRate,
    horizon_h: float,
    currency: str,
) -> WhenToAct:
    """Return the occasion of least expected cost among the earliest start, each day after, and the planned stops.

    Days are compared up to the horizon, weeks beyond it up to twelve. In a planned stop production stands anyway: only
    the hours of work that outlast it lose output.

    Args:
        life: How long the machine may run.
        start: The earliest start.
        as_of: Time of the prediction.
        failure_cost: Of running to failure.
        planned_cost: Of the work at a time made for it, with what follows from it.
        planned: The same without what follows, item by item.
        economics: What standing costs.
        stops: Times in which the machine stands anyway.
        rate: What running is worth.
        horizon_h: Planning horizon in calendar hours.
        currency: ISO 4217 code.
    """
    found = sorted(
        _candidates(start, as_of, planned_cost, planned, economics, stops=stops, horizon_h=horizon_h),
        key=lambda one: (one.at, one.planned_cost),
    )
    single = [one for n, one in enumerate(found) if n == 0 or one.at > found[n - 1].at]
    hours = [(one.at - as_of).total_seconds() / 3600 for one in single]
    costs = Costs(float(max(planned_cost, 1)), float(failure_cost))
    surcharge = [one.planned_cost - costs.planned for one in single]
    lives = life.lives()
    timing = best_time(lives, hours, costs, rate=rate.per_h, surcharge=surcharge)
    failed, _ = lives.until(np.array(hours))
    occasions = tuple(
        one.model_copy(update={"failure_probability": min(1.0, float(chance)), "excess": round(float(excess))})
        for one, chance, excess in zip(single, failed[0], timing.excess[0], strict=True)
    )
    at_best, later = hours.index(float(timing.at[0])), float(timing.later[0])
    value = _value(lives, costs, rate.per_h, hours[at_best], surcharge[at_best])
    answer = WhenToAct(
        best=occasions[at_best],
        earliest_at=start.at,
        not_earlier=start.waits,
        occasions=occasions,
        failing_excess=max(0, round(_value(lives, costs, rate.per_h, inf) - value)),
        break_even_failure_cost=_minor(float(timing.break_even_cost[0])),
        break_even_probability=min(1.0, float(failed[0, 0] + (1 - failed[0, 0]) * timing.break_even_probability[0])),
        compared_at=occasions[hours.index(later)].at if isfinite(later) else None,
        rate_per_day=round(_DAY_H * rate.per_h),
        rate_basis=rate.basis,
        rate_known=rate.known,
        own=life.own,
        life_basis=life.basis,
        reason="",
    )
    return answer.model_copy(update={"reason": reason_of(answer, as_of, horizon_h, failure_cost, currency)})


def _value(lives: LivesLeft, costs: Costs, rate: float, at: float, surcharge: float = 0.0) -> float:
    """Return the expected cost of a stop at ``at`` beyond the planned one, less what the time until then is worth."""
    failed, length = (float(found[0, 0]) for found in lives.until(np.array([at])))
    return surcharge * (1 - failed) + costs.extra * failed - rate * length


def _candidates(
    start: Start,
    as_of: datetime,
    planned_cost: Minor,
    planned: Impact,
    economics: Economics,
    *,
    stops: Sequence[PlannedStop],
    horizon_h: float,
) -> Iterator[Occasion]:
    def made(at: datetime, kind: str, title: str, cost: Minor) -> Occasion:
        return Occasion.model_validate(
            {"at": at, "kind": kind, "title": title, "planned_cost": cost, "failure_probability": 0.0, "excess": 0}
        )

    yield made(
        start.at, "earliest", "as soon as parts and people are there" if start.waits else "at once", planned_cost
    )
    end = as_of + timedelta(hours=horizon_h)
    last = as_of + timedelta(weeks=LOOK_AHEAD_WEEKS)
    at = start.at + timedelta(hours=_DAY_H)
    while at <= end:
        yield made(at, "day", "a stop for it", planned_cost)
        at += timedelta(hours=_DAY_H)
    at = max(at, end)
    while at <= last:
        yield made(at, "later", "beyond the planning horizon", planned_cost)
        at += timedelta(hours=_WEEK_H)
    for stop in stops:
        begin = max(stop.starts_at, start.at)
        if begin >= stop.ends_at or begin > last:
            continue
        left_h = (stop.ends_at - begin).total_seconds() / 3600
        over_h = max(0.0, planned.downtime_h - left_h)
        loss = times(economics.production_loss_per_h, over_h, economics.planned_loss_share)
        yield made(begin, "planned_stop", stop.title, max(0, planned_cost - planned.production_loss + loss))


def _minor(amount: float) -> Minor | None:
    return round(amount) if isfinite(amount) else None
