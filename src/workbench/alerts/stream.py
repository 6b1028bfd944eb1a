"""Watches one reading after the other, in well under a millisecond each, and finds what ``record.watch`` finds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.domain.alerts import AlertEpisode, AlertRule
from workbench.domain.predictions import SensorFault, SensorFaultKind
from workbench.errors import InputError

from .arrays import NS_PER_MIN
from .plan import DROPOUT_NEEDED, DROPOUT_OF, GOOD_AGAIN, Check, Plan, fault, moment

Ended = Literal["cleared", "repair", "sensor fault"]


@dataclass
class _Latch:
    """Set by ``needed`` bad readings of the last ``of``, cleared by ``clear_after`` good ones in a row."""

    needed: int
    of: int
    clear_after: int
    window: deque[tuple[bool, int, float]] = field(default_factory=deque)
    good: int = 0
    active: bool = False
    since: int = 0
    start: int = 0
    bad: int = 0
    last: float = 0.0
    high: float = 0.0
    low: float = 0.0

    def forget(self) -> None:
        """Begin all counts anew; what is set stays set."""
        self.window.clear()
        self.good = 0

    def step(self, time: int, bad: bool, good: bool, evidence: tuple[int, float]) -> Literal["", "set", "cleared"]:
        """Take one reading; ``evidence``: time and value of the reading that shows it."""
        self.window.append((bad, *evidence))
        if len(self.window) > self.of:
            self.window.popleft()
        self.good = self.good + 1 if good else 0
        on = sum(one[0] for one in self.window) >= self.needed
        if on and not self.active:
            self.active, self.start, self.bad = True, time, 0
            for was_bad, stamp, value in self.window:
                if was_bad:
                    self._count(stamp, value)
            return "set"
        if self.active and bad:
            self._count(*evidence)
        if self.active and not on and self.good >= self.clear_after:
            self.active = False
            return "cleared"
        return ""

    def _count(self, stamp: int, value: float) -> None:
        if self.bad == 0:
            self.since, self.high, self.low = stamp, value, value
        self.bad += 1
        self.last, self.high, self.low = value, max(self.high, value), min(self.low, value)


class _RuleState:
    """One rule as it runs."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self.settle = int(rule.settle_min * NS_PER_MIN)
        self.latch = _Latch(rule.needed, rule.of, rule.clear_after)
        self.gap: int | None = None

    def step(self, time: int, value: float, gap: int) -> AlertEpisode | None:
        """Judge a reading; returns the episode that it ends."""
        rule, latch = self.rule, self.latch
        if gap != self.gap:
            latch.forget()
            self.gap = gap
        above = rule.direction == "above"
        bad = value >= rule.limit if above else value <= rule.limit
        good = value < rule.clears_at if above else value > rule.clears_at
        return self.episode(time, "cleared") if latch.step(time, bad, good, (time, value)) == "cleared" else None

    def end(self, time: int, by: Ended) -> AlertEpisode | None:
        """Forget all counts; returns the episode that this ends."""
        self.latch.forget()
        if not self.latch.active:
            return None
        self.latch.active = False
        return self.episode(time, by)

    def episode(self, time: int, by: Ended | None) -> AlertEpisode:
        latch = self.latch
        return AlertEpisode(
            rule=self.rule,
            since=moment(latch.since),
            start=moment(latch.start),
            end=moment(time),
            ongoing=by is None,
            ended_by=by or "",
            readings=latch.bad,
            peak=latch.high if self.rule.direction == "above" else latch.low,
            last=latch.last,
        )


class _SensorState:
    """One sensor as it runs: what is wrong with it, and whether a reading may be judged by limits."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.latches = {
            SensorFaultKind.DROPOUT: _Latch(DROPOUT_NEEDED, DROPOUT_OF, GOOD_AGAIN),
            SensorFaultKind.STUCK: _Latch(1, 1, 1),
            SensorFaultKind.OUT_OF_RANGE: _Latch(1, 1, GOOD_AGAIN),
            SensorFaultKind.SPIKE: _Latch(1, 1, GOOD_AGAIN),
        }
        self.seen = dict.fromkeys(self.latches, 0)
        self.known: deque[tuple[int, float]] = deque(maxlen=3)
        self.run, self.run_since = 0, 0
        self.stuck_after, self.repeat_counts_until = check.stuck_after, check.repeat_counts_until

    def step(self, time: int, value: float) -> tuple[list[SensorFault], bool]:
        """Take a reading (NaN: none); returns the faults that it ends, and whether one begins."""
        missing = math.isnan(value)
        if missing and not self.known:
            return [], False
        outcomes = {SensorFaultKind.DROPOUT: self._feed(SensorFaultKind.DROPOUT, time, missing, (time, value))}
        if missing:
            # A reading after a gap is a new one, whatever its value.
            self.run = 0
        else:
            sensor = self.check.sensor
            same = self.run > 0 and value == self.known[-1][1]
            self.run, self.run_since = (self.run + 1, self.run_since) if same else (1, time)
            self.known.append((time, value))
            if self.stuck_after is not None:
                stuck, evidence = self.run >= self.stuck_after, (self.run_since, value)
                outcomes[SensorFaultKind.STUCK] = self._feed(SensorFaultKind.STUCK, time, stuck, evidence)
            outside = value < sensor.physical_low or value > sensor.physical_high
            outcomes[SensorFaultKind.OUT_OF_RANGE] = self._feed(
                SensorFaultKind.OUT_OF_RANGE, time, outside, (time, value)
            )
            evidence = self.known[-2] if len(self.known) > 1 else self.known[-1]
            outcomes[SensorFaultKind.SPIKE] = self._feed(SensorFaultKind.SPIKE, time, self._is_back(), evidence)
        ended = [self.fault(kind, time, ongoing=False) for kind, outcome in outcomes.items() if outcome == "cleared"]
        return ended, "set" in outcomes.values()

    def _feed(self, kind: SensorFaultKind, time: int, bad: bool, evidence: tuple[int, float]) -> str:
        self.seen[kind] = time
        return self.latches[kind].step(time, bad, not bad, evidence)

    def _is_back(self) -> bool:
        if len(self.known) < 3:
            return False
        (_, first), (_, middle), (_, last) = self.known
        low, high = self.check.sensor.normal_low, self.check.sensor.normal_high
        left = middle > self.check.spike_high or middle < self.check.spike_low
        return left and low <= first <= high and low <= last <= high

    def fault(self, kind: SensorFaultKind, time: int, *, ongoing: bool) -> SensorFault:
        latch = self.latches[kind]
        value = None if math.isnan(latch.last) else latch.last
        return fault(self.check, kind, latch.since, time, ongoing=ongoing, value=value, bad=latch.bad)

    @property
    def faulty(self) -> bool:
        return any(latch.active for latch in self.latches.values())

    @property
    def only_repeats(self) -> bool:
        """Whether the last reading says nothing new: a sensor that normally varies gave the same value again."""
        most = self.repeat_counts_until
        return most is not None and self.run > most


class Watcher:
    """Watches one machine, reading by reading.

    ``step`` and ``renew`` return the alert episodes and sensor faults that end; ``active`` and ``faults`` are what is on.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._sensors = [_SensorState(check) for check in plan.checks]
        place = plan.place
        self._rules: list[list[_RuleState]] = [[] for _ in plan.checks]
        for rule in plan.rules:
            self._rules[place[rule.sensor]].append(_RuleState(rule))
        self._time: int | None = None
        self._ran = False
        self._started: int | None = None
        self._gap = 0

    def step(self, time: int, values: Sequence[float], running: bool) -> list[AlertEpisode | SensorFault]:
        """Take the readings of ``time`` (ns since 1970), one value per sensor (NaN: none); raises ``InputError``.

        ``InputError``: the time does not lie after that of the reading before.
        """
        if self._time is not None and time <= self._time:
            raise InputError(
                f"A reading of {self.plan.machine_id} at {moment(time):%Y-%m-%d %H:%M:%S} UTC came after a later one.",
                "Give readings in order of time.",
            )
        gap = self._time is not None and time - self._time > self.plan.longest_gap
        self._gap += gap
        if running and (gap or (self._time is not None and not self._ran)):
            self._started = time
        self._time, self._ran = time, running
        # A record that begins with a running machine tells of no start.
        ran = None if self._started is None else time - self._started
        if not running or (ran is not None and ran < self.plan.settle):
            return []
        ended: list[AlertEpisode | SensorFault] = []
        for state, rules, value in zip(self._sensors, self._rules, values, strict=True):
            faults, begins = state.step(time, value)
            ended += faults
            if begins:
                ended += _present(rule.end(time, "sensor fault") for rule in rules)
            if math.isnan(value) or state.faulty or state.only_repeats:
                continue
            ended += _present(rule.step(time, value, self._gap) for rule in rules if ran is None or ran >= rule.settle)
        return ended

    def renew(self, time: int) -> list[AlertEpisode]:
        """Say that the machine failed or was repaired at ``time``: what was counted before says nothing of it now."""
        return _present(rule.end(time, "repair") for rules in self._rules for rule in rules)

    @property
    def active(self) -> list[AlertEpisode]:
        """Alerts that are on."""
        now = self._time or 0
        return [one.episode(now, None) for rules in self._rules for one in rules if one.latch.active]

    @property
    def faults(self) -> list[SensorFault]:
        """Sensor faults that are on."""
        return [
            state.fault(kind, state.seen[kind], ongoing=True)
            for state in self._sensors
            for kind, latch in state.latches.items()
            if latch.active
        ]


def _present(found: Iterable[AlertEpisode | None]) -> list[AlertEpisode]:
    return [one for one in found if one is not None]
