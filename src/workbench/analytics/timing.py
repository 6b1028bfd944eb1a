"""When to act (A3): the maintenance time of least expected cost rate, given how long machines may still last.

A machine that is renewed again and again costs, in the long run, the expected cost of a cycle over its expected length
(renewal-reward theorem; Barlow and Proschan, "Mathematical theory of reliability", 1965, chapter 4). A stop at ``a``
from now costs ``planned`` if the machine still runs then, else ``failure`` when it failed; the cycle ends after
``min(a, life left)``. The best stop is the one of least expected cost minus what the time until then is worth at the
long-run rate (Aven and Bergman, "Optimal replacement times: a general set-up", Journal of Applied Probability 1986).

Lives, times, rates and answers share any one unit of time, e.g. hours or cycles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError

Floats = npt.NDArray[np.float64]
# How many lives stand for what lies between two neighbouring quantiles.
LIVES_PER_GAP = 8


@dataclass(frozen=True)
class Costs:
    """What a planned stop costs, and what a failure costs in its place, in one currency.

    Raises ``InputError`` when the planned cost is not above zero or that of a failure is negative.
    """

    planned: float
    failure: float

    def __post_init__(self) -> None:
        faults = []
        if not (np.isfinite(self.planned) and self.planned > 0):
            faults.append(f"planned cost is {self.planned}, it must be more than 0")
        if not (np.isfinite(self.failure) and self.failure >= 0):
            faults.append(f"failure cost is {self.failure}, it must be 0 or more")
        if faults:
            raise InputError(f"Costs are not usable: {'; '.join(faults)}.", "Give both in the same currency.")

    @property
    def extra(self) -> float:
        """What a failure costs more than a planned stop."""
        return self.failure - self.planned


@dataclass(frozen=True)
class LivesLeft:
    """How long machines may last: ``lives`` of shape (machines, lives), and how likely each is, shape (lives,), sum 1."""

    lives: Floats
    share: Floats

    @classmethod
    def equally_likely(cls, lives: npt.ArrayLike) -> LivesLeft:
        """Return lives each of which is as likely as any other: shape (machines, lives), or (lives,) for one machine.

        Raises ``InputError`` when one is not finite or below zero, or there is none.
        """
        table = np.atleast_2d(np.asarray(lives, dtype=np.float64))
        if table.ndim != 2 or not table.size or not np.isfinite(table).all() or (table < 0).any():
            raise InputError(
                "Lives are not usable.", "Give a finite life of 0 or more for each, at least one a machine."
            )
        return cls(np.sort(table, axis=1), np.full(table.shape[1], 1.0 / table.shape[1]))

    @classmethod
    def from_quantiles(cls, levels: npt.ArrayLike, quantiles: npt.ArrayLike) -> LivesLeft:
        """Return the distribution whose quantiles are given; what they put below 0 counts as 0.

        Args:
            levels: ascending probabilities within 0 to 1; give them dense where failures are rare but dear.
            quantiles: lives left at those levels, shape (machines, levels): between them the distribution is taken as
                linear, and as ending at the outermost ones.

        Raises:
            InputError: levels or quantiles that do not ascend or do not fit each other; all faults at once.

        >>> made = LivesLeft.from_quantiles([0.1, 0.9], [[10.0, 20.0]])
        >>> float(made.lives[0, 0]), float(made.lives[0, -1]), round(float(made.share.sum()), 9)
        (10.0, 20.0, 1.0)
        """
        at, table = np.asarray(levels, dtype=np.float64), np.atleast_2d(np.asarray(quantiles, dtype=np.float64))
        faults = []
        if at.ndim != 1 or table.ndim != 2 or not at.size or at.size != table.shape[1]:
            faults.append(f"{table.shape[-1]} quantiles a row for {at.size} levels")
        if not ((at >= 0) & (at <= 1)).all() or not (np.diff(at) > 0).all():
            faults.append("levels do not ascend within 0 to 1")
        if not np.isfinite(table).all() or not (np.diff(table, axis=-1) >= 0).all():
            faults.append("quantiles are not finite or fall along a row")
        if faults:
            raise InputError(f"Quantiles of the life left are not usable: {'; '.join(faults)}.", "Give one per level.")
        gaps = np.diff(at)
        inner = at[:-1, None] + gaps[:, None] * (np.arange(LIVES_PER_GAP) + 0.5) / LIVES_PER_GAP
        middles = np.concatenate([at[:1], inner.ravel(), at[-1:]])
        share = np.concatenate([at[:1], np.repeat(gaps / LIVES_PER_GAP, LIVES_PER_GAP), 1.0 - at[-1:]])
        return cls(np.maximum(np.array([np.interp(middles, at, row) for row in table]), 0.0), share)

    def until(self, at: Floats) -> tuple[Floats, Floats]:
        """Return P(life left <= at) and the expected ``min(at, life left)``, each of shape (machines, times)."""
        gone = np.array([np.searchsorted(row, at, side="right") for row in self.lives])
        shares = np.concatenate([[0.0], np.cumsum(self.share)])
        shares /= shares[-1]
        nothing = np.zeros((len(self.lives), 1))
        lived = np.hstack([nothing, np.cumsum(self.lives * self.share, axis=1)])
        failed = shares[gone]
        still = np.where(failed < 1, (1 - failed) * np.where(np.isfinite(at), at, 0.0), 0.0)
        return failed, np.take_along_axis(lived, gone, axis=1) + still


@dataclass(frozen=True)
class FixedInterval:
    """The age at which replacing costs least, infinite when machines best run to failure, and the cost rate then."""

    after: float
    rate: float


@dataclass(frozen=True)
class Timing:
    """The best of the allowed times for each machine (arrays over machines), and what it would take to change it.

    ``at``: the best time from now. ``failure_probability``: of failing until then. ``excess``: expected cost of each
    allowed time above that of the best one, shape (machines, times). ``break_even_cost``: what a failure must cost at
    least for the earliest allowed time to be the best one; infinite where no cost makes it so. ``later``: the best of
    the times after the earliest, infinite where there is none. ``break_even_probability``: how likely a machine that
    reaches the earliest time must be to fail before ``later`` for waiting until then not to pay.
    """

    at: Floats
    failure_probability: Floats
    excess: Floats
    break_even_cost: Floats
    later: Floats
    break_even_probability: Floats

    @property
    def now(self) -> npt.NDArray[np.bool_]:
        """Whether the earliest allowed time is the best one."""
        return np.asarray(self.excess[:, 0] <= 0)


def fixed_interval(population: LivesLeft, costs: Costs, *, step: float = 1.0) -> FixedInterval:
    """Return the age of least cost rate at which to replace every machine of a ``population`` (one row of whole lives).

    Candidates are the multiples of ``step`` below the longest life, and running to failure.

    >>> fixed_interval(LivesLeft.equally_likely([100.0, 200.0]), Costs(1.0, 10.0)).after
    99.0
    """
    ages = np.append(step * np.arange(1, int(np.ceil(population.lives.max() / step))), np.inf)
    failed, length = population.until(ages)
    with np.errstate(divide="ignore"):
        rates = (costs.planned + costs.extra * failed[0]) / length[0]
    best = int(np.argmin(rates))
    return FixedInterval(float(ages[best]), float(rates[best]))


def best_time(
    left: LivesLeft, times: Sequence[float] | Floats, costs: Costs, *, rate: float, surcharge: npt.ArrayLike = 0.0
) -> Timing:
    """Return which of the allowed ``times`` is the best to stop each machine; of equally good ones the earliest.

    A machine whose life left is exactly ``a`` has failed when it is stopped at ``a``.

    Args:
        left: how long each machine may last.
        times: allowed times from now, ascending, 0 or later: planned stops, none before parts and people can be there.
        costs: of a planned stop and of a failure.
        rate: cost per unit of time that acting so reaches in the long run. The population's ``fixed_interval`` rate is where
            to begin: it is too high rather than too low, and the higher the rate, the later the stop.
        surcharge: what a stop at each of the times costs beyond the planned cost (below 0: less), one or one per time.

    Raises:
        InputError: times, rate or surcharge that are not usable; all faults at once.
    """
    at = np.asarray(times, dtype=np.float64)
    faults = []
    if at.ndim != 1 or not at.size or not np.isfinite(at).all() or (at < 0).any() or not (np.diff(at) > 0).all():
        faults.append("times must be finite, ascending and 0 or later, one at least")
    if not (np.isfinite(rate) and rate >= 0):
        faults.append(f"rate is {rate}, it must be 0 or more")
    more = np.asarray(surcharge, dtype=np.float64)
    if more.shape not in ((), at.shape) or not np.isfinite(more).all() or (costs.planned + more < 0).any():
        faults.append("surcharge must be finite, one or one per time, and leave no planned cost below 0")
    if faults:
        raise InputError(f"No time can be chosen: {'; '.join(faults)}.", "Name the times at which work may be done.")
    failed, length = left.until(at)
    more = np.broadcast_to(more, at.shape)
    value = more * (1 - failed) + costs.extra * failed - rate * length
    best = np.argmin(value, axis=1)[:, None]
    # What each later time saves against the first one when a failure costs no more than planned work.
    gain = rate * (length[:, 1:] - length[:, :1]) + more[0] * (1 - failed[:, :1]) - more[1:] * (1 - failed[:, 1:])
    later, needed = _risk_to_stop(value, failed, length, at, more, rate=rate, extra=costs.extra)
    return Timing(
        at=at[best[:, 0]],
        failure_probability=np.take_along_axis(failed, best, axis=1)[:, 0],
        excess=value - np.take_along_axis(value, best, axis=1),
        break_even_cost=costs.planned + _extra_to_stop(failed, gain),
        later=later,
        break_even_probability=needed,
    )


def _extra_to_stop(failed: Floats, gain: Floats) -> Floats:
    """Return the least extra cost of a failure at which no later time beats the first one."""
    risk = failed[:, 1:] - failed[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(gain > 0, gain / risk, 0.0)
    return np.asarray(np.max(needed, axis=1, initial=0.0))


def _risk_to_stop(
    value: Floats, failed: Floats, length: Floats, at: Floats, more: Floats, *, rate: float, extra: float
) -> tuple[Floats, Floats]:
    """Return the best later time, and the risk until it, for those that reach the first time, that makes both equal."""
    if at.size < 2:
        return np.full(len(value), np.inf), np.ones(len(value))
    best = 1 + np.argmin(value[:, 1:], axis=1)[:, None]
    running = 1.0 - failed[:, 0]
    lived = (np.take_along_axis(length, best, axis=1) - length[:, :1])[:, 0]
    later = best[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        risk = (rate * lived / running + more[0] - more[later]) / (extra - more[later])
    possible = (running > 0) & (extra > more[later])
    return at[later], np.where(possible, np.clip(risk, 0.0, 1.0), 1.0)
