"""When the work is best done, in plain words: the answer, what other occasions would cost, what would change it."""

from __future__ import annotations

from datetime import datetime, timedelta

from workbench.domain.analysis import Occasion, WhenToAct
from workbench.domain.base import Minor
from workbench.domain.money import money_text

# Break-even costs of a failure beyond so many times the present one are not worth saying.
_THINKABLE = 20


def moment(at: datetime) -> str:
    """Write a time as people say it.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 1, 9, 6, 0, tzinfo=UTC))
    'Fri 9 Jan 06:00 UTC'
    """
    return f"{at:%a} {at.day} {at:%b %H:%M} UTC"


def reason_of(answer: WhenToAct, as_of: datetime, horizon_h: float, failure_cost: Minor, currency: str) -> str:
    """Return why that occasion, what the others cost more, and the cost and chance of failure that would change it."""
    beyond = answer.best.at > as_of + timedelta(hours=horizon_h)
    never = f"Never stopping it is expected to cost {money_text(answer.failing_excess, currency)} more."
    lines = [
        _answer(answer, horizon_h, currency, beyond=beyond),
        _next_stop(answer, currency),
        never if answer.failing_excess and not beyond else "",
        _change(answer, failure_cost, currency),
        "" if answer.own else f"It rests on the {answer.life_basis}.",
    ]
    return " ".join(line for line in lines if line)


def _answer(answer: WhenToAct, horizon_h: float, currency: str, *, beyond: bool) -> str:
    best = answer.best
    if answer.now:
        return f"Least expected cost: {best.title}, {moment(best.at)}."
    dearer = (
        f"At the earliest, {moment(answer.earliest_at)}, it costs {money_text(answer.earliest.excess, currency)} more."
    )
    if best is answer.occasions[-1] and beyond:
        return f"Least expected cost: not within the weeks looked at, until {best.at.day} {best.at:%b %Y}. {dearer}"
    if beyond:
        return (
            f"Least expected cost: not within {horizon_h / 24:g} days but, as things stand, around "
            f"{best.at.day} {best.at:%b %Y}. {dearer}"
        )
    what = best.stop_in_words if best.kind == "planned_stop" else "a stop for it"
    chance = f"{100 * best.failure_probability:.1f} % chance that it fails before"
    return f"Least expected cost: {what}, {moment(best.at)}, with a {chance}. {dearer}"


def _next_stop(answer: WhenToAct, currency: str) -> str:
    stop = next((one for one in answer.occasions if one.kind == "planned_stop" and one.at > answer.best.at), None)
    if stop is None or answer.best.kind == "planned_stop":
        return ""
    return f"Planned stop '{stop.title}', {moment(stop.at)}, costs {money_text(stop.excess, currency)} more."


def _change(answer: WhenToAct, failure_cost: Minor, currency: str) -> str:
    """Say what would have to be otherwise for the answer to be another one."""
    if answer.compared_at is None:
        return ""
    other = next(one for one in answer.occasions if one.at == answer.compared_at)
    conditions = [*_by_cost(answer, failure_cost, currency), *_by_chance(answer, other)]
    if answer.now:
        waiting = f"Waiting until {moment(other.at)} costs {money_text(other.excess, currency)} more"
        return f"{waiting}; it would pay if {' or '.join(conditions)}." if conditions else f"{waiting}."
    return f"Acting at the earliest would pay if {' or '.join(conditions)}." if conditions else ""


def _by_cost(answer: WhenToAct, failure_cost: Minor, currency: str) -> list[str]:
    limit = answer.break_even_failure_cost
    if limit is None or limit <= 0 or limit > _THINKABLE * failure_cost:
        return []
    side = "less" if answer.now else "more"
    return [f"a failure cost {side} than {money_text(limit, currency)} (now {money_text(failure_cost, currency)})"]


def _by_chance(answer: WhenToAct, other: Occasion) -> list[str]:
    limit = answer.break_even_probability
    if limit is None or not 0 < limit < 1:
        return []
    side = "were below" if answer.now else "exceeded"
    now = f"now {100 * other.failure_probability:.1f} %"
    return [f"the chance of failing until {moment(other.at)} {side} {100 * limit:.1f} % ({now})"]
