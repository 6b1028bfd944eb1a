"""How long a machine may still run, in calendar hours: one distribution from all that a prediction tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from workbench.domain.predictions import Prediction

from .timing import LivesLeft

# Quantiles between two known points, and beyond the last of them.
_BETWEEN = 12
_BEYOND = 60
_FURTHEST = 0.999
_APART = 1e-10
# What is less likely than this within all that a prediction looks at tells nothing of when it fails.
_NEVER = 1e-9
# Apart by which two likelihoods of the same instant are kept.
_INSTANT_H = 0.01
# Likelihoods of the three times of ``expected_failure_at``: a median and a two-sided 90 % interval.
_LEVELS = (0.05, 0.5, 0.95)


@dataclass(frozen=True)
class LifeLeft:
    """P(failed by then) at some calendar hours from as-of, and the same as lives; ``own``: the machine's, not its kind's.

    ``points`` ascend and begin at (0, 0); between them the probability rises linearly, beyond the last one at a
    constant hazard, the mean one until there.
    """

    points: tuple[tuple[float, float], ...]
    own: bool
    basis: str

    def within(self, hours: float) -> float:
        """Return P(failure within ``hours``)."""
        at, probability = np.array(self.points).T
        if hours <= at[-1]:
            return float(np.interp(hours, at, probability))
        return float(1.0 - (1.0 - probability[-1]) * np.exp(-self._hazard() * (hours - at[-1])))

    def lives(self) -> LivesLeft:
        """Return the distribution as lives in calendar hours, one machine."""
        levels, hours = [], []
        for (h0, p0), (h1, p1) in pairwise(self.points):
            if p1 > p0:
                share = np.linspace(0.0, 1.0, _BETWEEN + 1)
                levels.append(p0 + share * (p1 - p0))
                hours.append(h0 + share * (h1 - h0))
        last_h, last_p = self.points[-1]
        share = np.linspace(0.0, _FURTHEST, _BEYOND)
        levels.append(last_p + share * (1.0 - last_p))
        hours.append(last_h - np.log1p(-share) / self._hazard())
        level = np.concatenate(levels)
        # Two times of the same probability stay apart: nobody fails between them.
        apart = np.maximum.accumulate(level) * (1.0 - len(level) * _APART) + _APART * np.arange(len(level))
        return LivesLeft.from_quantiles(apart, np.maximum.accumulate(np.concatenate(hours)))

    def _hazard(self) -> float:
        hours, probability = self.points[-1]
        return float(-np.log1p(-min(probability, _FURTHEST)) / hours)


def life_left(prediction: Prediction) -> LifeLeft | None:
    """Return how long the machine may still run; None when nothing tells.

    The failure probabilities within calendar horizons count where there is evidence behind them, and beyond the last
    horizon the remaining useful life, by the recent utilisation; without them the remaining useful life alone. A machine
    without evidence of its own gets the life of its kind at its age.
    """
    supported = prediction.supported_probability_within(1.0) is not None
    curve = [(one.hours, one.probability) for one in prediction.failure_probability] if supported else []
    answer = prediction.remaining_useful_life
    own = answer.evidence.enough and answer.basis == "model"
    lasting = _life_points(prediction)
    if curve:
        return _made([*curve, *(lasting if own else ())], own=True, basis=_words(curve=True, life=own))
    if own:
        return _made(lasting, own=True, basis=_words(curve=False, life=True))
    words = "life of machines of its kind at its age, not of its own condition"
    return _made(lasting, own=False, basis=words) if answer.basis == "population" else None


def probability_within(prediction: Prediction, hours: float) -> float | None:
    """Return the machine's own P(failure within calendar ``hours``), None without evidence for one.

    Without failure probabilities by horizon it follows from the remaining useful life.
    """
    told = prediction.supported_probability_within(hours)
    if told is not None:
        return told
    life = life_left(prediction)
    return life.within(hours) if life is not None and life.own else None


def _life_points(prediction: Prediction) -> list[tuple[float, float]]:
    """Return the remaining useful life as ascending points; an open end says only that the life is longer."""
    answer = prediction.remaining_useful_life
    if answer.expected_failure_at is None or answer.life is None:
        return []
    open_ends = (False, answer.life.median_open, answer.life.upper_open)
    points: list[tuple[float, float]] = []
    for at, level, is_open in zip(answer.expected_failure_at, _LEVELS, open_ends, strict=True):
        hours = (at - prediction.as_of).total_seconds() / 3600
        if not is_open:
            points.append((max(hours, (points[-1][0] if points else 0.0) + _INSTANT_H), level))
    return points


def _made(points: list[tuple[float, float]], *, own: bool, basis: str) -> LifeLeft | None:
    """Return the distribution through those of the points that lie later and not lower than all before them."""
    kept = [(0.0, 0.0)]
    for hours, probability in points:
        if hours > kept[-1][0] and probability >= kept[-1][1]:
            kept.append((hours, probability))
    return LifeLeft(tuple(kept), own, basis) if kept[-1][1] > _NEVER else None


def _words(*, curve: bool, life: bool) -> str:
    parts = [
        words for words, told in (("failure probabilities by horizon", curve), ("remaining useful life", life)) if told
    ]
    return " and ".join(parts)
