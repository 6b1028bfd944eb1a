"""Policies that say after which cycle an engine's replacement is ordered: ours by expected cost rate, and the peers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from workbench.analytics.timing import Costs, LivesLeft, best_time, fixed_interval

Floats = npt.NDArray[np.float64]
# Beyond this predicted life left nothing is decided, whatever a failure costs here.
REACH = 80
# How far ahead a later stop is considered, in cycles.
AHEAD = 60
# Rows this near to the end choose the smoothing.
NEAR = 40
SPANS = (0.0, 2.0, 4.0, 8.0, 16.0)
BANDWIDTH = 6.0
LEAST_SPREAD = 0.5
# Few tens of lives cannot tell how heavy the tail beyond the worst of them is; 4 is the customary robust choice (Lange,
# Little, Taylor, "Robust statistical modeling using the t distribution", JASA 1989).
DEGREES_OF_FREEDOM = 4
LEVELS = np.concatenate([np.geomspace(1e-5, 0.02, 40), np.linspace(0.03, 0.97, 48), 1 - np.geomspace(0.02, 1e-3, 10)])
ROUNDS = 3
THRESHOLDS = np.arange(0.0, 60.0, 0.5)


@dataclass(frozen=True)
class Terms:
    """What a failure costs, in planned replacements, and how many cycles after its order a replacement is done."""

    ratio: float
    lead: int

    @property
    def costs(self) -> Costs:
        """The costs with a planned replacement as unit."""
        return Costs(1.0, self.ratio)


@dataclass(frozen=True)
class Answers:
    """Points of the cycles left over engines' rows: engines one after the other, cycles ascending."""

    unit: npt.NDArray[Any]
    cycle: Floats
    point: Floats

    def engines(self) -> Iterator[npt.NDArray[np.intp]]:
        """Yield the rows of each engine."""
        yield from np.split(np.arange(len(self.unit)), np.flatnonzero(self.unit[1:] != self.unit[:-1]) + 1)

    def first_at_or_below(self, levels: Floats) -> Floats:
        """Return the cycle at which each engine's point first was at or below each level, infinite where it never was."""
        found = []
        for rows in self.engines():
            lowest = np.minimum.accumulate(self.point[rows])
            found.append(np.append(self.cycle[rows], np.inf)[np.searchsorted(-lowest, -levels, side="left")])
        return np.array(found)

    def smoothed(self, span: float) -> Answers:
        """Return points whose implied end of life is an exponentially weighted mean over past rows; 0: as they are."""
        if span <= 0:
            return self
        point = np.empty_like(self.point)
        for rows in self.engines():
            total = weight = 0.0
            before = self.cycle[rows[0]]
            for row in rows:
                decay = np.exp((before - self.cycle[row]) / span)
                total, weight = total * decay + self.cycle[row] + self.point[row], weight * decay + 1.0
                before = self.cycle[row]
                point[row] = total / weight - before
        return replace(self, point=point)


def outcome(orders: Floats, lives: Floats, terms: Terms) -> tuple[Floats, Floats]:
    """Return cost and length of each renewal cycle; ``orders`` and ``lives`` may have levels along a second axis."""
    done = orders + terms.lead
    planned = done < lives
    return np.where(planned, 1.0, terms.ratio), np.where(planned, done, lives)


def cost_rate(orders: Floats, lives: Floats, terms: Terms) -> Floats:
    """Return the sum of costs over the sum of lengths, over the first axis."""
    cost, length = outcome(orders, lives, terms)
    return np.asarray(cost.sum(axis=0) / length.sum(axis=0))


def fixed_order(lives: Floats, terms: Terms) -> float:
    """Return the cycle after which to order so that replacement happens at the best fixed interval of ``lives``."""
    return max(fixed_interval(LivesLeft.equally_likely(lives), terms.costs).after - terms.lead, 1.0)


def tuned_threshold(answers: Answers, lives: Floats, terms: Terms) -> float:
    """Return the point at or below which ordering costed the least on ``answers`` (a peer)."""
    levels = terms.lead + THRESHOLDS
    rates = cost_rate(answers.first_at_or_below(levels), lives[:, None], terms)
    return float(levels[np.argmin(rates)])


@dataclass(frozen=True)
class ExpectedCostRate:
    """Orders once replacing after the lead time costs no more, by expected cost rate, than replacing later would.

    Points are smoothed over ``span`` cycles. Around each smoothed point the cycles left follow a two-piece Student t
    distribution whose median and spreads are those of held-out engines near that point, each engine counting alike.
    """

    span: float
    left: LivesLeft
    answers: Answers
    lives: Floats

    @classmethod
    def fit(cls, answers: Answers, lives: Floats) -> ExpectedCostRate:
        """Learn smoothing and distribution from held-out answers of engines that lived for ``lives``."""
        count = np.array([len(rows) for rows in answers.engines()])
        weight = 1.0 / np.repeat(count, count)
        truth = np.repeat(lives, count) - answers.cycle
        near = truth <= NEAR

        def error(span: float) -> float:
            return float(np.average((truth - answers.smoothed(span).point)[near] ** 2, weights=weight[near]))

        span = min(SPANS, key=error)
        smooth = answers.smoothed(span)
        return cls(span, _distribution(smooth.point, truth, weight), smooth, lives)

    def threshold(self, terms: Terms) -> float:
        """Return the smoothed point at or below which to order.

        The long-run rate starts at that of the fixed interval and becomes the one that the policy reaches on its own
        held-out answers.
        """
        rate, level = fixed_interval(LivesLeft.equally_likely(self.lives), terms.costs).rate, 0.0
        for _ in range(ROUNDS):
            now = best_time(self.left, terms.lead + np.arange(AHEAD + 1.0), terms.costs, rate=rate).now
            level = float(np.flatnonzero(now).max(initial=0))
            orders = self.answers.first_at_or_below(np.array([level]))[:, 0]
            rate = min(rate, float(cost_rate(orders, self.lives, terms)))
        return level

    def orders(self, answers: Answers, terms: Terms) -> Floats:
        """Return the cycle after which each engine's replacement is ordered, infinite where it never is."""
        level = self.threshold(terms)
        return answers.smoothed(self.span).first_at_or_below(np.array([level]))[:, 0]


def _distribution(point: Floats, truth: Floats, weight: Floats) -> LivesLeft:
    """Return the cycles left at each whole predicted point from 0 to ``REACH``, from rows near it.

    Both sides of the median have a spread of their own (two-piece distribution; Fernandez and Steel, "On Bayesian modeling
    of fat tails and skewness", JASA 1998): that some engines last far longer than told does not make failures likelier.
    """
    levels = np.arange(REACH + 1.0)
    reached = point <= REACH
    point, residual, share = point[reached], (truth - point)[reached], weight[reached]
    order = np.argsort(residual, kind="stable")
    point, residual, share = point[order], residual[order], share[order]
    kernel = np.exp(-0.5 * ((levels[:, None] - point) / BANDWIDTH) ** 2) * share + 1e-300
    kernel /= kernel.sum(axis=1, keepdims=True)
    median = residual[np.argmax(np.cumsum(kernel, axis=1) >= 0.5, axis=1)][:, None]
    below, above = (_spread(kernel, np.maximum(side * (residual - median), 0.0)) for side in (-1, 1))
    tails = stats.t.ppf(LEVELS, DEGREES_OF_FREEDOM) * np.sqrt(1 - 2 / DEGREES_OF_FREEDOM)
    quantiles = levels[:, None] + median + np.where(tails < 0, below, above) * tails
    left = LivesLeft.from_quantiles(LEVELS, quantiles)
    # Lives are whole cycles.
    return replace(left, lives=np.round(left.lives))


def _spread(kernel: Floats, beyond: Floats) -> Floats:
    """Return the standard deviation, were both sides like this one, by level (a column)."""
    squares = 2 * np.sum(kernel * beyond**2, axis=1, keepdims=True)
    return np.asarray(np.sqrt(np.maximum(squares, LEAST_SPREAD**2)))
