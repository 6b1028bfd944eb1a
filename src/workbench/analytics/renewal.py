"""What a day of running is worth: the cost rate that machines of a type reach in the long run, from recorded failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.equipment import LifeUnit, MachineProfile
from workbench.domain.observations import EventKind
from workbench.domain.predictions import Prediction

from .timing import Costs, LivesLeft, fixed_interval

FAILURES_NEEDED = 5
_DAY_H = 24.0
# A replacement so soon after a failure remedies it.
_REMEDY_WITHIN = pd.Timedelta(days=14)
_RENEWALS = (EventKind.FAILURE.value, EventKind.REPLACEMENT.value)
# Lives that stand for those which outlast the longest one seen.
_TAIL = 20


@dataclass(frozen=True)
class LongRunRate:
    """Cost per calendar hour in the long run, in minor units; ``known``: from enough recorded failures of the type."""

    per_h: float
    basis: str
    known: bool


@dataclass(frozen=True)
class Lives:
    """Recorded lives of a machine type in calendar hours: those that ended in failure and those still open or cut short."""

    failed: tuple[float, ...]
    censored: tuple[float, ...]

    @property
    def failure_rate(self) -> float:
        """Failures per calendar hour lived."""
        return len(self.failed) / (sum(self.failed) + sum(self.censored))

    def distribution(self) -> LivesLeft:
        """Return the product-limit distribution of a whole life (Kaplan and Meier 1958), with a tail of constant hazard."""
        lives = np.array([*self.failed, *self.censored])
        ended = np.array([True] * len(self.failed) + [False] * len(self.censored))
        # At the same age a failure comes before a life that was cut short.
        order = np.lexsort((~ended, lives))
        survival, ages, shares = 1.0, [], []
        for left, index in zip(range(len(lives), 0, -1), order, strict=True):
            if ended[index]:
                ages.append(lives[index])
                shares.append(survival / left)
                survival -= survival / left
        quantiles = (np.arange(_TAIL) + 0.5) / _TAIL
        ages += list(max(ages) - np.log1p(-quantiles) / self.failure_rate)
        shares += [survival / _TAIL] * _TAIL
        return LivesLeft(np.array([ages]), np.array(shares))


def recorded_lives(
    events: pd.DataFrame, profile: MachineProfile, machine_types: Mapping[str, str] | None, until: datetime
) -> Lives:
    """Return the lives of the type's machines between renewals, which are failures and replacements.

    A life whose begin was not recorded is left out. A replacement within 14 days of a failure remedies it; any other
    cuts the life short. The life that still goes on counts until ``until``.
    """
    types = {**(machine_types or {}), profile.machine_id: profile.machine_type}
    same = [machine for machine, machine_type in types.items() if machine_type == profile.machine_type]
    failed: list[float] = []
    censored: list[float] = []
    past = events[(events["time"] <= pd.Timestamp(until)) & events["machine_id"].isin(same)]
    past = past[past["kind"].astype(str).isin(_RENEWALS)].sort_values("time", kind="stable")
    for _, own in past.groupby("machine_id", observed=True):
        times, kinds = list(own["time"]), [str(kind) for kind in own["kind"]]
        for begin, end, before, kind in zip(times, times[1:], kinds, kinds[1:], strict=False):
            hours = (end - begin).total_seconds() / 3600
            if kind == EventKind.FAILURE.value:
                if hours > 0:
                    failed.append(hours)
            elif before != EventKind.FAILURE.value or end - begin > _REMEDY_WITHIN:
                censored.append(hours)
        censored.append((pd.Timestamp(until) - times[-1]).total_seconds() / 3600)
    return Lives(tuple(failed), tuple(censored))


def long_run_rate(lives: Lives, profile: MachineProfile, prediction: Prediction, costs: Costs) -> LongRunRate:
    """Return what running is worth: the rate of the best fixed interval of the type, where its records allow.

    With fewer than five recorded failures it is the rate of running to failure, which is higher and so makes nobody
    hurry; with none, that of one failure in the machine's rated life.
    """
    title, count = profile.machine_type.replace("_", " "), len(lives.failed)
    if count >= FAILURES_NEEDED:
        found = fixed_interval(lives.distribution(), costs, step=_DAY_H)
        after = f"after {found.after / _DAY_H:.0f} days" if np.isfinite(found.after) else "at failure"
        return LongRunRate(found.rate, f"{count} recorded failures of type {title}, best renewed {after}", known=True)
    if count:
        words = f"only {count} recorded failure{'' if count == 1 else 's'} of type {title}, as if run to failure"
        return LongRunRate(costs.failure * lives.failure_rate, words, known=False)
    unit = "operating hours" if profile.life_unit is LifeUnit.OPERATING_H else "cycles"
    words = (
        f"assumed: no failure of type {title} is recorded, so one in its rated life of {profile.rated_life:g} {unit}"
    )
    return LongRunRate(costs.failure / (profile.rated_life * _hours_per_unit(prediction)), words, known=False)


def _hours_per_unit(prediction: Prediction) -> float:
    """Return the calendar hours that a unit of life takes at recent utilisation, 1 where nothing tells."""
    answer = prediction.remaining_useful_life
    if answer.life is None or answer.expected_failure_at is None or answer.life.upper <= 0:
        return 1.0
    hours = (answer.expected_failure_at[2] - prediction.as_of).total_seconds() / 3600
    return hours / answer.life.upper if hours > 0 else 1.0
