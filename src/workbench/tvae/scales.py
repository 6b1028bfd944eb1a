"""Continuous columns on one scale for the network, by operating condition, and back with their own distribution."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FEW_LEVELS = 20
# A condition seen in fewer rows is scaled like all rows together.
FEWEST_ROWS = 50
BEND = 3.0
KNOTS = np.concatenate([[0.0, 0.001, 0.0025], np.linspace(0.005, 0.995, 199), [0.9975, 0.999, 1.0]])


@dataclass(frozen=True)
class Scales:
    """One scale per continuous column.

    A column of more than 20 values is standardised within its condition (mode-specific normalisation, Xu et al.,
    "Modeling tabular data using conditional GAN", NeurIPS 2019, with the conditions given instead of guessed) and bent
    by 3 asinh(z / 3), so that spikes do not rule the loss. One of 2 to 20 values becomes the normal score of its rank,
    spread within the rank, and comes back as one of those values. One of a single value is left out.

    ``levels``: the values of the columns that have few, by position; ``edges``: upper normal score of each but the last.
    ``centre``, ``spread``: (conditions, columns). ``low``, ``high``: range of training. ``made``, ``real``: (columns that
    vary, knots), the quantiles that the network's columns have and ought to have, once ``calibrated``.
    """

    levels: dict[int, Floats]
    edges: dict[int, Floats]
    centre: Floats
    spread: Floats
    low: Floats
    high: Floats
    made: Floats
    real: Floats

    @property
    def varying(self) -> list[int]:
        """Positions of the columns with more than one value."""
        return [k for k in range(self.centre.shape[1]) if self.low[k] < self.high[k]]

    def forward(self, numbers: Floats, condition: Integers, rng: np.random.Generator) -> Floats:
        """Return scaled columns that vary, shape (rows, varying)."""
        out = np.empty((len(numbers), len(self.varying)))
        for place, k in enumerate(self.varying):
            if k in self.levels:
                bounds = np.concatenate([[0.0], ndtr(self.edges[k]), [1.0]])
                rank = np.abs(numbers[:, k, None] - self.levels[k]).argmin(axis=1)
                within = bounds[rank] + rng.uniform(0.001, 0.999, len(numbers)) * np.diff(bounds)[rank]
                out[:, place] = ndtri(np.clip(within, 1e-4, 1 - 1e-4))
            else:
                z = (numbers[:, k] - self.centre[condition, k]) / self.spread[condition, k]
                out[:, place] = BEND * np.arcsinh(z / BEND)
        return out

    def backward(self, scaled: Floats, condition: Integers) -> Floats:
        """Return columns in their own units, shape (rows, columns), each with the distribution of training."""
        out = np.tile(self.low, (len(scaled), 1))
        for place, k in enumerate(self.varying):
            z = np.interp(scaled[:, place], self.made[place], self.real[place])
            if k in self.levels:
                out[:, k] = self.levels[k][np.searchsorted(self.edges[k], z)]
            else:
                value = BEND * np.sinh(z / BEND) * self.spread[condition, k] + self.centre[condition, k]
                out[:, k] = np.clip(value, self.low[k], self.high[k])
        return out

    def calibrated(self, made: Floats, real: Floats) -> Scales:
        """Return scales that give columns distributed like ``made`` the distribution of ``real`` (scaled, by column)."""
        quantiles = np.quantile(made, KNOTS, axis=0).T
        return replace(self, made=quantiles + 1e-9 * np.arange(len(KNOTS)), real=np.quantile(real, KNOTS, axis=0).T)

    def facts(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        return {
            "levels": {str(k): list(v) for k, v in self.levels.items()},
            "edges": {str(k): list(v) for k, v in self.edges.items()},
        }

    def arrays(self) -> dict[str, Floats]:
        """Return its arrays by name."""
        names = ("centre", "spread", "low", "high", "made", "real")
        return {f"scales.{name}": getattr(self, name) for name in names}

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Scales:
        """Return the scales that ``facts`` and ``arrays`` came from."""
        whole: dict[str, Any] = {name: {int(k): np.array(v) for k, v in facts[name].items()} for name in facts}
        whole |= {name[7:]: value for name, value in arrays.items() if name.startswith("scales.")}
        return cls(**whole)


def fit_scales(numbers: Floats, condition: Integers, conditions: int) -> Scales:
    """Return the scales of continuous columns (rows, columns) under each of so many conditions."""
    width = numbers.shape[1]
    centre, spread = np.tile(numbers.mean(axis=0), (conditions, 1)), np.tile(_spread(numbers), (conditions, 1))
    for one in range(conditions):
        mine = numbers[condition == one]
        if len(mine) >= FEWEST_ROWS:
            own = _spread(mine)
            centre[one], spread[one] = mine.mean(axis=0), np.where(own > 1e-6 * spread[one], own, spread[one])
    levels, edges = {}, {}
    for k in range(width):
        values, counts = np.unique(numbers[:, k], return_counts=True)
        if 2 <= len(values) <= FEW_LEVELS:
            levels[k], edges[k] = values, ndtri(np.cumsum(counts)[:-1] / counts.sum())
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    plain = np.tile([-1e3, 1e3], (int((low < high).sum()), 1))
    return Scales(levels, edges, centre, spread, low, high, made=plain, real=plain)


def _spread(numbers: Floats) -> Floats:
    spread = numbers.std(axis=0)
    return np.where(spread > 1e-12 * np.maximum(np.abs(numbers.mean(axis=0)), 1e-300), spread, 1.0)
