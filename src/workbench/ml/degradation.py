"""Remaining life from a degradation indicator: a shrunken line on the root of life, conformal over held-out units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .arrays import FloatArray, ObjectArray
from .contract import Refeature, RulEstimator
from .metrics import interval_score

SHRINKAGES = (0.5, 3.0, 1e6)


class DegradationLife(RulEstimator):
    """Life left by ridge regression, with an interval that held the life of units it did not learn from.

    Each unit is left out in turn; the 5 % and 95 % quantiles of its errors, widened for the number of units, make the
    interval (split conformal by unit; Vovk et al. 2005). The shrinkage is the one of least interval score on those
    units; the largest one means that indicators tell nothing and the interval is that of the population. Errors are
    taken on the square root of life, since they grow with it.

    Attributes after ``fit``: ``shrinkage_``, ``centre_``, ``scale_``, ``weights_``, ``errors_`` (lower, upper).
    """

    min_rows = 20

    def __init__(self, *, cap: float = 1e9, seed: int = 0, level: float = 0.9) -> None:
        super().__init__(seed=seed)
        self.cap = cap
        self.level = level

    def _fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        groups: ObjectArray,
        weight: FloatArray | None,  # noqa: ARG002 - every unit brings as many rows as it was cut
        refeature: Refeature | None,  # noqa: ARG002 - features of a unit know no other unit
    ) -> None:
        matrix, target = self._matrix(X), np.sqrt(y)
        self.centre_ = np.nan_to_num(np.nanmean(matrix, axis=0))
        spread = np.nan_to_num(np.nanstd(matrix, axis=0))
        self.scale_ = np.where(spread > 0, spread, 1.0)
        design = self._design(matrix)
        found = []
        for shrinkage in SHRINKAGES:
            held_out = np.zeros(len(y))
            for unit in np.unique(groups):
                rest = groups != unit
                held_out[~rest] = design[~rest] @ _ridge(design[rest], target[rest], shrinkage)
            errors = self._quantiles(target - held_out, len(np.unique(groups)))
            ends = [np.maximum(held_out + error, 0.0) ** 2 for error in errors]
            found.append((interval_score(y, ends[0], ends[1], 1 - self.level), shrinkage, errors))
        _, self.shrinkage_, self.errors_ = min(found, key=lambda one: one[0])
        self.weights_ = _ridge(design, target, self.shrinkage_)

    def _quantiles(self, errors: FloatArray, units: int) -> tuple[float, float]:
        tail = (1 - self.level) / 2
        low = max(tail * (units + 1) / units - 1 / units, 0.0)
        return float(np.quantile(errors, low)), float(np.quantile(errors, 1 - low))

    def _design(self, matrix: FloatArray) -> FloatArray:
        standard = np.nan_to_num((matrix - self.centre_) / self.scale_)
        return np.column_stack([np.ones(len(matrix)), standard])

    def _predict(self, matrix: FloatArray) -> FloatArray:
        root = self._design(matrix) @ self.weights_
        ends = [root, root + self.errors_[0], root + self.errors_[1]]
        return np.asarray(np.minimum(np.column_stack([np.maximum(end, 0.0) ** 2 for end in ends]), self.cap))


def _ridge(design: FloatArray, target: FloatArray, shrinkage: float) -> FloatArray:
    penalty = shrinkage * len(design) * np.diag([0.0] + [1.0] * (design.shape[1] - 1))
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ target))
