"""A condition indicator on its way to a known threshold: its rate updated with every reading, and when it gets there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from workbench.errors import InputError, NotEnoughData

from .arrays import FloatArray

LEVELS = (0.5, 0.05, 0.95)
FURTHEST = 1e6
STEPS = 400


@dataclass(frozen=True)
class DegradationPath:
    """Brownian motion with drift towards ``threshold``; the drift is learned from a population, then from the machine.

    Increments of the indicator over a time d are normal with mean rate x d and variance ``diffusion``^2 x d; the rate of
    a machine is normal with mean ``rate`` and deviation ``rate_sd`` before its first reading. Each reading updates
    that rate in closed form (Gebraeel, Lawley, Li, Ryan, "Residual-life distributions from component degradation
    signals: a Bayesian approach", IIE Transactions 2005). Readings older than some ``memory`` (in the unit of time)
    are forgotten exponentially, since wear sets in late. An indicator that grows exponentially is given as its logarithm.

    >>> path = DegradationPath(threshold=10.0, rate=0.1, rate_sd=0.02, diffusion=0.05)
    >>> tracked = path.track(np.array([0.0, 10.0, 20.0]), np.array([1.0, 2.0, 3.0]))
    >>> path.remaining(tracked)[-1].round(0).tolist()
    [70.0, 58.0, 86.0]
    """

    threshold: float
    rate: float
    rate_sd: float
    diffusion: float
    memory: float = np.inf

    @classmethod
    def learn(cls, units: Sequence[tuple[FloatArray, FloatArray]], threshold: float, *, memory: float = np.inf) -> Self:
        """Learn rate, its spread and the diffusion from the (time, indicator) histories of units.

        Raises ``NotEnoughData`` with fewer than two units of two readings each.
        """
        known = [(t, level) for t, level in units if len(t) > 1 and t[-1] > t[0]]
        if len(known) < 2:
            raise NotEnoughData(f"{len(known)} of 2 histories needed.", "Give machines with two readings at least.")
        rates = np.array([(level[-1] - level[0]) / (t[-1] - t[0]) for t, level in known])
        noise = [np.diff(level) - r * np.diff(t) for (t, level), r in zip(known, rates, strict=True)]
        variance = np.concatenate(noise) ** 2 / np.concatenate([np.maximum(np.diff(t), 1e-12) for t, _ in known])
        spread = max(float(rates.std(ddof=1)), 1e-12)
        return cls(threshold, float(rates.mean()), spread, max(float(np.sqrt(variance.mean())), 1e-12), memory)

    def track(self, time: FloatArray, indicator: FloatArray) -> FloatArray:
        """Return level, rate and its deviation after each reading, shape (rows, 3); row t is made of rows up to t.

        Raises ``InputError`` when times are not ascending or a reading is missing.
        """
        if not (np.diff(time) > 0).all() or not np.isfinite(indicator).all():
            raise InputError("Times are not ascending, or a reading is missing.", "Sort the readings, drop the gaps.")
        sums = np.zeros((len(time), 2))
        risen = watched = 0.0
        steps = np.diff(time)
        kept = np.exp(-steps / self.memory)
        for row, (keep, rise, step) in enumerate(
            zip(kept.tolist(), np.diff(indicator).tolist(), steps.tolist(), strict=True), 1
        ):
            risen, watched = keep * risen + rise, keep * watched + step
            sums[row] = risen, watched
        weight = self.rate_sd**2 * sums[:, 1] + self.diffusion**2
        rate = (self.rate_sd**2 * sums[:, 0] + self.diffusion**2 * self.rate) / weight
        return np.column_stack([indicator, rate, self.rate_sd * self.diffusion / np.sqrt(weight)])

    def fails_within(self, tracked: FloatArray, horizon: FloatArray) -> FloatArray:
        """Return P(threshold reached within ``horizon``) for rows of ``track``, given that it is not reached yet.

        ``horizon``: one time for each row, or of shape (rows, times).
        """
        from scipy.special import ndtr

        ahead = np.atleast_2d(np.asarray(horizon, dtype=np.float64).T).T
        level, rate, deviation = (tracked[:, [column]] for column in range(3))
        spread = np.sqrt(self.diffusion**2 * ahead + deviation**2 * ahead**2)
        reached = ndtr((level + rate * ahead - self.threshold) / np.maximum(spread, 1e-300))
        return np.where(level >= self.threshold, 1.0, np.where(ahead > 0, reached, 0.0))

    def remaining(self, tracked: FloatArray) -> FloatArray:
        """Return median, lower and upper end (90 %) of the time to the threshold, shape (rows, 3).

        An end that is not reached within a million units of time stands there: the indicator may never get there.
        """
        ahead = np.concatenate([[0.0], np.geomspace(1e-3, FURTHEST, STEPS)])
        chance = np.maximum.accumulate(self.fails_within(tracked, np.tile(ahead, (len(tracked), 1))), axis=1)
        out = np.empty((len(tracked), 3))
        for row, curve in enumerate(chance):
            rising, first = np.unique(curve, return_index=True)
            out[row] = np.interp(LEVELS, rising, ahead[first], right=FURTHEST)
        return out
