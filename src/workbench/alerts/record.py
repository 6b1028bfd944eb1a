"""Watches a whole record at once: the alert episodes of its rules and the faults of its sensors.

``stream.Watcher`` finds the same from one reading at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.domain.alerts import AlertEpisode, AlertRule
from workbench.domain.predictions import LimitCrossing, SensorFault, Severity

from .arrays import NS_PER_MIN, BoolArray, FloatArray, IntArray
from .plan import Plan, Readings, moment, refuse_unsorted
from .sensors import LATELY, sensor_faults, suspects_now, suspects_of
from .spans import spans

_REPAIR: Literal["repair"] = "repair"
_FAULT: Literal["sensor fault"] = "sensor fault"
NEVER = np.iinfo(np.int64).min // 4


@dataclass(frozen=True)
class Watched:
    """What a record shows, ordered by start; ``judged``: readings taken while the machine ran and had settled."""

    episodes: tuple[AlertEpisode, ...]
    faults: tuple[SensorFault, ...]
    judged: int

    @property
    def crossings(self) -> tuple[LimitCrossing, ...]:
        """The alerts that are on as evidence: the worst of each sensor, critical ones first."""
        worst: dict[str, LimitCrossing] = {}
        for one in self.episodes:
            known = worst.get(one.rule.sensor)
            if one.ongoing and (known is None or known.severity is not Severity.CRITICAL):
                worst[one.rule.sensor] = one.crossing()
        return tuple(sorted(worst.values(), key=lambda one: (one.severity is not Severity.CRITICAL, one.sensor)))


def settled_for(readings: Readings, longest_gap: int) -> IntArray:
    """Return for how long (ns) the machine has run at each row; negative where it stands.

    A record that begins with a running machine tells of no start: it counts as having run for long. After a gap
    nobody knows, so that the first row counts as a start.
    """
    running, time = readings.running, readings.time
    if not len(time):
        return np.empty(0, dtype=np.int64)
    begun = running.copy()
    begun[1:] &= ~running[:-1] | (np.diff(time) > longest_gap)
    begun[0] = False
    places = np.maximum.accumulate(np.where(begun, np.arange(len(time)), -1))
    since = np.where(places < 0, time + NEVER, time[places])
    return np.where(running, time - since, -1)


def watch(readings: Readings, plan: Plan) -> Watched:
    """Return the alert episodes and sensor faults of ``readings``; raises ``InputError`` for times out of order."""
    ran, rows = _judged(readings, plan)
    return _watched(readings, plan, (ran, rows), suspects_of(readings.values[rows], plan), _crossing(readings, plan))


def present(readings: Readings, plan: Plan) -> Watched:
    """Return only the alerts and sensor faults that are on at the last reading; the same as ``watch``, but sooner."""
    ran, rows = _judged(readings, plan)
    if not len(rows):
        return Watched((), (), 0)
    # Of sensors without a fault now only those matter that cross a limit.
    odd = suspects_now(readings.values[rows[-LATELY:]], plan)
    crossing = [rule for rule in _crossing(readings, plan) if not _surely_off(rule, readings, rows, plan)]
    for rule in crossing:
        odd[plan.place[rule.sensor]] = True
    if odd.any():
        odd &= suspects_of(readings.values[rows], plan)
    found = _watched(readings, plan, (ran, rows), odd, crossing)
    episodes = tuple(one for one in found.episodes if one.ongoing)
    return Watched(episodes, tuple(one for one in found.faults if one.ongoing), found.judged)


def _surely_off(rule: AlertRule, readings: Readings, rows: IntArray, plan: Plan) -> bool:
    """Say whether the last readings clear the rule in any case; a fault of the sensor would have ended its alert too."""
    rows = rows[-rule.clear_after :]
    values, time = readings.values[rows, plan.place[rule.sensor]], readings.time[rows]
    good = values < rule.clears_at if rule.direction == "above" else values > rule.clears_at
    together = (time[1:] - time[:-1] <= plan.longest_gap) & (values[1:] != values[:-1])
    settled = int(rule.settle_min * NS_PER_MIN) == plan.settle
    return settled and len(rows) == rule.clear_after and bool(good.all() and together.all())


def _judged(readings: Readings, plan: Plan) -> tuple[IntArray, IntArray]:
    """Return for how long (ns) the machine has run at each row, and the rows at which that is long enough."""
    refuse_unsorted(plan.machine_id, readings.time)
    ran = settled_for(readings, plan.longest_gap)
    return ran, np.flatnonzero(ran >= plan.settle)


def _watched(
    readings: Readings,
    plan: Plan,
    judged: tuple[IntArray, IntArray],
    suspects: BoolArray,
    crossing: Sequence[AlertRule],
) -> Watched:
    """Look closely at the sensors ``suspects`` and the rules ``crossing``; the others show nothing."""
    ran, rows = judged
    faults: list[SensorFault] = []
    episodes: list[AlertEpisode] = []
    trust: dict[int, tuple[BoolArray, IntArray]] = {}
    for place in np.flatnonzero(suspects):
        k = int(place)
        found, usable, onsets = sensor_faults(readings.values[rows, k], readings.time[rows], plan.checks[k])
        faults += found
        trusted = np.zeros(len(readings.time), dtype=bool)
        trusted[rows] = usable
        trust[k] = trusted, onsets
    gaps = np.concatenate([[0], np.cumsum(np.diff(readings.time) > plan.longest_gap)]) if crossing else ran
    for rule in crossing:
        k = plan.place[rule.sensor]
        usable = ran >= int(rule.settle_min * NS_PER_MIN)
        usable &= ~np.isnan(readings.values[:, k])
        trusted, onsets = trust.get(k, (usable, np.empty(0, dtype=np.int64)))
        kept = np.flatnonzero(usable & trusted)
        if len(kept):
            series = _Series(
                readings.time[kept],
                readings.values[kept, k],
                gaps[kept],
                readings.renewed,
                onsets,
                int(readings.time[-1]),
            )
            episodes += _episodes(rule, series)
    episodes.sort(key=lambda one: (one.start, *one.rule.key))
    faults.sort(key=lambda one: (one.since, one.sensor, one.kind))
    return Watched(tuple(episodes), tuple(faults), len(rows))


def _crossing(readings: Readings, plan: Plan) -> list[AlertRule]:
    """Return the rules of which enough readings lie at or beyond the limit to make them fire, if they came together."""
    values = readings.values
    if not len(values):
        return []
    # NaN where a column has no reading at all; fmax and fmin pass over the others.
    highest, lowest = np.fmax.reduce(values, axis=0).tolist(), np.fmin.reduce(values, axis=0).tolist()
    found = []
    for rule in plan.rules:
        k = plan.place[rule.sensor]
        above = rule.direction == "above"
        if highest[k] >= rule.limit if above else lowest[k] <= rule.limit:
            beyond = values[:, k] >= rule.limit if above else values[:, k] <= rule.limit
            if np.count_nonzero(beyond) >= rule.needed:
                found.append(rule)
    return found


@dataclass(frozen=True)
class _Series:
    """The readings that one rule judges; ``until``: time of the last row of the record."""

    time: IntArray
    values: FloatArray
    gaps: IntArray
    renewed: IntArray
    onsets: IntArray
    until: int


def _episodes(rule: AlertRule, series: _Series) -> Iterator[AlertEpisode]:
    values, time = series.values, series.time
    if rule.direction == "above":
        bad, good = values >= rule.limit, values < rule.clears_at
    else:
        bad, good = values <= rule.limit, values > rule.clears_at
    # A reading taken at the very moment of a repair was still taken before it.
    past = np.searchsorted(series.renewed, time) + np.searchsorted(series.onsets, time)
    part = series.gaps + past
    changed = np.concatenate([[True], part[1:] != part[:-1]])
    first = np.maximum.accumulate(np.where(changed, np.arange(len(time)), 0))
    ends = np.concatenate([[False], past[1:] != past[:-1]])
    for span in spans(bad, good, (rule.needed, rule.of), rule.clear_after, first, ends):
        stop = len(time) if span.end is None else span.end
        after = _ended(series, int(time[stop - 1]), int(time[stop]) if span.end is not None else None)
        ended_by: Literal["", "cleared", "repair", "sensor fault"]
        if after is not None:
            end, ended_by = after
        elif span.end is not None:
            end, ended_by = int(time[span.end]), "cleared"
        else:
            end, ended_by = series.until, ""
        beyond = values[span.first : stop][bad[span.first : stop]]
        yield AlertEpisode(
            rule=rule,
            since=moment(int(time[span.first])),
            start=moment(int(time[span.start])),
            end=moment(end),
            ongoing=not ended_by,
            ended_by=ended_by,
            readings=len(beyond),
            peak=float(beyond.max() if rule.direction == "above" else beyond.min()),
            last=float(beyond[-1]),
        )


def _ended(series: _Series, last: int, following: int | None) -> tuple[int, Literal["repair", "sensor fault"]] | None:
    """Return the first sensor fault or repair between an alert's last reading and the one after it, if there is one."""
    found: list[tuple[int, Literal["repair", "sensor fault"]]] = []
    for stamps, word in ((series.onsets, _FAULT), (series.renewed, _REPAIR)):
        place = int(np.searchsorted(stamps, last))
        if place < len(stamps) and (following is None or stamps[place] < following):
            found.append((int(stamps[place]), word))
    return min(found, key=lambda pair: pair[0], default=None)
