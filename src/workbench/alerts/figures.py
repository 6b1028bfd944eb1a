"""Figures of a plant's alarms after ISA-18.2: rates, shares, what chatters, what stays on, and the worst offenders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from workbench.domain.alerts import AlarmFigures, AlertEpisode, AlertHistory, Offender, Rate
from workbench.domain.cases import Case
from workbench.domain.predictions import Severity

CHATTERS, WITHIN_READINGS = 3, 60
STALE = timedelta(hours=24)
TOP = 10
_CONFIDENCE = 0.95


def figures(
    histories: Sequence[AlertHistory],
    cases: Sequence[Case],
    orders: Sequence[tuple[str, datetime]],
    *,
    start: datetime,
    end: datetime,
    operators: int = 1,
    simulated: bool = False,
) -> AlarmFigures:
    """Return the figures of the machines of ``histories`` between ``start`` and ``end``.

    Counted are alerts that fired and cases that opened in that time; a machine's weeks are those of its history. A case was actioned when somebody acknowledged or
    resolved it, or when work was ordered on its machine while it was open (``orders``: machine and time). An alarm chatters
    that fires 3 times within a minute of a second's scans (ISA-18.2), here within 60 sampling periods of its machine.
    """
    fired = {history.machine_id: _fired(history, start) for history in histories}
    alerts = [one for found in fired.values() for one in found]
    opened = [case for case in cases if start <= case.opened_at <= end]
    hours = (end - start).total_seconds() / 3600
    machine_weeks = sum((end - max(start, one.start)) / timedelta(weeks=1) for one in histories)
    rules = Counter((machine, *one.rule.key) for machine, found in fired.items() for one in found)
    chattering = sum(_chatters(fired[h.machine_id], h.sampling_min, key) for h in histories for key in _keys(fired, h))
    actioned = sum(_actioned(case, orders, end) for case in opened)
    stale = sum(one.end - max(one.start, start) > STALE for one in alerts)
    return AlarmFigures(
        start=start,
        end=end,
        machines=len(histories),
        operators=operators,
        alerts=len(alerts),
        cases=len(opened),
        alerts_per_machine_week=poisson_rate(len(alerts), machine_weeks),
        cases_per_machine_week=poisson_rate(len(opened), machine_weeks),
        cases_per_operator_hour=poisson_rate(len(opened), operators * hours),
        share_actioned=binomial_share(actioned, len(opened)),
        share_chattering=binomial_share(chattering, len(rules)),
        share_stale=binomial_share(stale, len(alerts)),
        top_offenders=tuple(
            Offender(machine_id=machine, sensor=sensor, severity=Severity(severity), episodes=n, share=n / len(alerts))
            for (machine, sensor, _, severity), n in rules.most_common(TOP)
        ),
        sensor_cases=sum(case.about_sensor for case in opened),
        simulated=simulated,
        notes=tuple(dict.fromkeys(note for history in histories for note in history.notes)),
    )


def poisson_rate(count: int, exposure: float) -> Rate:
    """Return events per unit of exposure with the exact 95 % interval of a Poisson count.

    >>> rate = poisson_rate(3, 2.0)
    >>> rate.value, round(rate.lower, 3), round(rate.upper, 3)
    (1.5, 0.309, 4.384)
    """
    from scipy.stats import chi2

    if exposure <= 0:
        return Rate(value=None, lower=None, upper=None, count=count)
    tail = (1 - _CONFIDENCE) / 2
    lower = 0.0 if count == 0 else float(chi2.ppf(tail, 2 * count)) / 2
    upper = float(chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return Rate(value=count / exposure, lower=lower / exposure, upper=upper / exposure, count=count)


def binomial_share(count: int, of: int) -> Rate:
    """Return a share with its exact 95 % interval (Clopper-Pearson); no value of nothing.

    >>> share = binomial_share(0, 10)
    >>> share.value, share.lower, round(share.upper, 3)
    (0.0, 0.0, 0.308)
    """
    from scipy.stats import beta

    if of == 0:
        return Rate(value=None, lower=None, upper=None, count=0)
    tail = (1 - _CONFIDENCE) / 2
    lower = 0.0 if count == 0 else float(beta.ppf(tail, count, of - count + 1))
    upper = 1.0 if count == of else float(beta.ppf(1 - tail, count + 1, of - count))
    return Rate(value=count / of, lower=lower, upper=upper, count=count)


def _fired(history: AlertHistory, start: datetime) -> list[AlertEpisode]:
    return [one for one in history.episodes if one.start >= start]


def _keys(fired: dict[str, list[AlertEpisode]], history: AlertHistory) -> set[tuple[str, str, str]]:
    return {one.rule.key for one in fired[history.machine_id]}


def _chatters(found: Sequence[AlertEpisode], sampling_min: float | None, key: tuple[str, str, str]) -> bool:
    times = sorted(one.start for one in found if one.rule.key == key)
    reach = timedelta(minutes=WITHIN_READINGS * (sampling_min or 0.0))
    return any(last - first <= reach for first, last in zip(times, times[CHATTERS - 1 :], strict=False))


def _actioned(case: Case, orders: Sequence[tuple[str, datetime]], end: datetime) -> bool:
    if case.acknowledged_at is not None or case.resolved_by:
        return True
    over = case.resolved_at or end
    return any(machine == case.machine_id and case.opened_at <= at <= over for machine, at in orders)
