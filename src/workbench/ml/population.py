"""What the units of one machine type read when all of them are taken together, per operating condition.

Conditions are found in the data, and so is their number. Each operating sensor is cut into levels where no reading lies
for 5 % of its range (single linkage); the combinations of levels that hold at least 30 readings are the conditions. Two to
24 of them become a table if they explain at least a fifth of the variance of the median sensor; a continuous dependence
that explains as much becomes a regression; where operation explains less there is one condition for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import FloatArray, IntArray

GAP_SHARE = 0.05
MOST_CONDITIONS = 24
LEAST_ROWS = 30
EXPLAINED = 0.2
LARGEST_Z = 50.0


def _cluster_edges(values: FloatArray) -> list[float]:
    """Middles of the gaps that split one operating sensor into separate levels."""
    known = np.unique(values[~np.isnan(values)])
    if len(known) < 2:
        return []
    gaps = np.diff(known)
    wide = gaps > GAP_SHARE * (known[-1] - known[0])
    return [float(v) for v in ((known[1:] + known[:-1]) / 2)[wide]]


def _codes(operating: FloatArray, edges: tuple[tuple[float, ...], ...]) -> IntArray:
    code = np.zeros(len(operating), dtype=np.int64)
    for column, cuts in enumerate(edges):
        code = code * (len(cuts) + 1) + np.searchsorted(np.asarray(cuts), operating[:, column])
    return code


@dataclass(frozen=True)
class Population:
    """Expected level and spread of each indicator, by operating condition; made of plain numbers only."""

    kind: str
    edges: tuple[tuple[float, ...], ...]
    codes: tuple[int, ...]
    level: FloatArray
    spread: FloatArray
    middle: FloatArray
    scale: FloatArray

    def z(self, indicators: FloatArray, operating: FloatArray) -> FloatArray:
        """Standardise readings; an unseen condition takes the pooled statistics (the last row of the table)."""
        expected, spread = self.expected(operating)
        with np.errstate(invalid="ignore"):
            return np.clip((indicators - expected) / spread, -LARGEST_Z, LARGEST_Z)

    def expected(self, operating: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expected reading and its spread for each row."""
        rows = len(operating)
        if self.kind == "regression":
            return _terms(operating, self.middle, self.scale) @ self.level, np.tile(self.spread[0], (rows, 1))
        if self.kind == "table":
            code = _codes(operating, self.edges)
            table = np.asarray(self.codes)
            index = np.minimum(np.searchsorted(table, code), len(table) - 1)
            index = np.where(table[index] == code, index, len(table))
        else:
            index = np.zeros(rows, dtype=np.int64)
        return self.level[index], self.spread[index]

    def state(self) -> dict[str, Any]:
        """Return the statistics as plain values and arrays, for the artefact."""
        return {
            "kind": self.kind,
            "edges": [list(cuts) for cuts in self.edges],
            "codes": list(self.codes),
            "level": self.level,
            "spread": self.spread,
            "middle": self.middle,
            "scale": self.scale,
        }

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Population:
        """Rebuild from ``state()``."""
        edges = tuple(tuple(cuts) for cuts in state["edges"])
        return cls(**{**state, "edges": edges, "codes": tuple(state["codes"])})


def _terms(operating: FloatArray, middle: FloatArray, scale: FloatArray) -> FloatArray:
    u = np.clip(np.nan_to_num((operating - middle) / scale), -LARGEST_Z, LARGEST_Z)
    return np.hstack([np.ones((len(u), 1)), u, u**2])


def _spread(residual: FloatArray) -> FloatArray:
    with np.errstate(all="ignore"):
        spread = np.nan_to_num(np.nanstd(residual, axis=0))
    return np.asarray(np.where(np.isnan(residual).all(axis=0), 1.0, spread), dtype=np.float64)


def _mean(values: FloatArray) -> FloatArray:
    counts = np.maximum((~np.isnan(values)).sum(axis=0), 1)
    return np.asarray(np.nansum(values, axis=0) / counts, dtype=np.float64)


def _explained(residual: FloatArray, total: FloatArray) -> float:
    varies = total > 1e-12
    return float(np.median(1 - np.square(_spread(residual)[varies] / total[varies]))) if varies.any() else 0.0


def fit_population(indicators: FloatArray, operating: FloatArray) -> Population:
    """Fit the population statistics on pooled running rows of the training units of one type."""
    pooled_level, pooled_spread = _mean(indicators), _spread(indicators)
    floor = np.maximum(1e-6 * np.abs(pooled_level), 1e-12)
    width = operating.shape[1]
    middle = _mean(operating) if width else np.zeros(0)
    scale = np.maximum(_spread(operating), 1e-9) if width else np.ones(0)
    table = _fit_table(indicators, operating, pooled_level, pooled_spread, floor) if width else None
    if table is not None:
        return Population("table", *table, middle, scale)
    if width:
        terms = _terms(operating, middle, scale)
        filled = np.where(np.isnan(indicators), pooled_level, indicators)
        normal = terms.T @ terms + 1e-3 * np.eye(terms.shape[1])
        solution = np.asarray(np.linalg.solve(normal, terms.T @ filled), dtype=np.float64)
        residual = indicators - terms @ solution
        if _explained(residual, pooled_spread) >= EXPLAINED:
            return Population(
                "regression", (), (), solution, np.maximum(_spread(residual), floor)[None, :], middle, scale
            )
    return Population("pooled", (), (), pooled_level[None, :], np.maximum(pooled_spread, floor)[None, :], middle, scale)


def _fit_table(
    indicators: FloatArray, operating: FloatArray, level: FloatArray, spread: FloatArray, floor: FloatArray
) -> tuple[tuple[tuple[float, ...], ...], tuple[int, ...], FloatArray, FloatArray] | None:
    edges = tuple(tuple(_cluster_edges(operating[:, column])) for column in range(operating.shape[1]))
    code = _codes(operating, edges)
    found, counts = np.unique(code, return_counts=True)
    found = found[counts >= LEAST_ROWS]
    if not 2 <= len(found) <= MOST_CONDITIONS:
        return None
    members = [code == one for one in found]
    levels = np.array([_mean(indicators[rows]) for rows in members])
    residual = indicators - level
    for rows, own in zip(members, levels, strict=True):
        residual[rows] = indicators[rows] - own
    if _explained(residual, spread) < EXPLAINED:
        return None
    spreads = np.array([np.maximum(_spread(indicators[rows]), floor) for rows in members])
    return (
        edges,
        tuple(int(c) for c in found),
        np.vstack([levels, level]),
        np.vstack([spreads, np.maximum(spread, floor)]),
    )
