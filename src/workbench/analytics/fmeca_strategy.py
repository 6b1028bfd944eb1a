"""Which strategy suits a failure mode, by the decision logic of reliability-centred maintenance, and after what age to replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import gamma

import numpy as np

from workbench.domain.analysis import Impact
from workbench.domain.criticality import Strategy
from workbench.domain.equipment import FailureMode, Part, Technician
from workbench.domain.money import money_text

from .fmeca_rates import Rate

CHEAP, SEVERE = 2, 7
# A rank up to this one means that the mode is usually seen before it fails.
DETECTABLE = 6
# From a warning until somebody has looked at it and decided.
REACTION_H = 24.0
# A time-based replacement has to save at least this share of the cost of running to failure.
WORTH = 0.05


@dataclass(frozen=True)
class Supply:
    """What repairs take: prices and delivery of parts, how many are free, and people's rates."""

    parts: Mapping[str, Part]
    free: Mapping[str, int]
    technicians: Sequence[Technician]
    currency: str


@dataclass(frozen=True)
class ModeCase:
    """What is known of a failure mode when its strategy is chosen."""

    mode: FailureMode
    rate: Rate
    severity: int
    detection: int
    hazardous: bool
    failure: Impact
    planned: Impact
    step_h: float | None


@dataclass(frozen=True)
class Choice:
    """A strategy, why, and after how many operating hours to replace when it is by time."""

    strategy: Strategy
    reason: str
    interval_h: float | None = None


def choose_strategy(case: ModeCase, supply: Supply) -> Choice:
    """Return how the mode is best dealt with (logic of SAE JA1011 and IEC 60300-3-11).

    * Run to failure: a failure is cheap, or a planned repair costs no less, by costs that are all known, and nobody may be harmed.
    * Condition based: it is detectable, and the shortest P-F interval covers the next reading, a day to decide, delivery of the parts
      that are not in stock, and the work.
    * Time based: it is not seen early enough, wears out (shape above 1), and replacing by age saves at least 5 %.
    * Redesign or spare: neither works and a failure is severe (7 or more); a spare, where only the part comes too late.
    * Else run to failure.
    """
    saving = case.failure.total - case.planned.total
    # What is not known of a cost may be most of it, so an incomplete one is never called cheap.
    if case.failure.complete and not case.hazardous and (case.severity <= CHEAP or saving <= 0):
        why = "a planned repair costs no less than a failure" if saving <= 0 else "a failure costs little"
        return Choice(Strategy.RUN_TO_FAILURE, f"{why} ({money_text(case.failure.total, supply.currency)})")
    seen, shortest = case.detection <= DETECTABLE, case.mode.pf_interval_h[0]
    needed = (case.step_h or 0.0) + REACTION_H + case.planned.downtime_h
    wait_h, missing = _delivery(case.mode, supply)
    step = f"{case.step_h:.2g} h to the next reading, " if case.step_h else ""
    takes = f"{step}{REACTION_H:g} h to decide and {case.planned.downtime_h:g} h of work"
    if seen and shortest >= needed + wait_h:
        parts = f" and {wait_h / 24:g} days for {missing}" if wait_h else ""
        return Choice(Strategy.CONDITION_BASED, f"it shows at least {shortest:g} h before, acting takes {takes}{parts}")
    if seen and shortest >= needed:
        late = f"it shows {shortest:g} h before, but {missing} takes {wait_h / 24:g} days"
        if case.severity >= SEVERE:
            return Choice(Strategy.REDESIGN_OR_SPARE, f"{late}: with one in stock it can be condition based")
    elif seen:
        late = f"it shows only {shortest:g} h before, acting takes {takes}"
    else:
        late = f"it is not seen in time (detection {case.detection})"
    choice = _without_warning(case, late)
    lacks = case.failure.lacks
    return replace(choice, reason=f"{choice.reason}, as far as costs are known ({lacks} is not)") if lacks else choice


def _without_warning(case: ModeCase, late: str) -> Choice:
    wear_out = case.rate.wear_out
    age, gain = best_age(case.rate, case.planned.total, case.failure.total)
    if age is not None and gain >= WORTH:
        words = f"{late}; it wears out (shape {wear_out:g}), and replacing after {age:,.0f} h saves {100 * gain:.0f} %"
        return Choice(Strategy.TIME_BASED, words, age)
    wears = "age does not tell when it fails" if (wear_out or 1) <= 1 else "replacing by age saves too little"
    if case.severity >= SEVERE:
        return Choice(Strategy.REDESIGN_OR_SPARE, f"{late}; {wears}, and a failure is severe")
    return Choice(Strategy.RUN_TO_FAILURE, f"{late}; {wears}, and a failure is not severe")


def _delivery(mode: FailureMode, supply: Supply) -> tuple[float, str]:
    """Return the hours until the parts that are not free are there, and which takes longest."""
    waits = [
        (supply.parts[need.part_id].lead_time_days * 24, need.part_id.replace("_", " "))
        for need in mode.repair.parts
        if need.part_id in supply.parts and supply.free.get(need.part_id, 0) < need.quantity
    ]
    return max(waits, default=(0.0, ""))


def best_age(rate: Rate, planned: int, failure: int) -> tuple[float | None, float]:
    """Return the age of least cost rate at which to replace (Barlow and Hunter 1960), and the share saved; None: never.

    Lives are Weibull with the shape of the mode and the mean of its rate. Without wear-out (shape at most 1) it never pays.

    >>> from dataclasses import replace
    >>> worn = Rate(1.0, 1_000.0, "", 3.0)
    >>> age, gain = best_age(worn, 100, 1_000)
    >>> 300 < age < 600 and 0.4 < gain < 0.8
    True
    >>> best_age(replace(worn, wear_out=1.0), 100, 1_000)
    (None, 0.0)
    """
    if rate.wear_out is None or rate.wear_out <= 1 or planned >= failure:
        return None, 0.0
    life = 1 / rate.mean
    scale = life / gamma(1 + 1 / rate.wear_out)
    ages = np.linspace(0, 3 * life, 601)[1:]
    survival = np.exp(-((ages / scale) ** rate.wear_out))
    lived = np.cumsum((np.concatenate(([1.0], survival[:-1])) + survival) / 2) * (ages[1] - ages[0])
    cost_rate = (planned * survival + failure * (1 - survival)) / lived
    best = int(np.argmin(cost_rate))
    gain = 1 - float(cost_rate[best]) * life / failure
    return (float(ages[best]), gain) if gain > 0 else (None, 0.0)
