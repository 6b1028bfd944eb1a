"""Remaining life from a degradation indicator: a shrunken line on the root of life, conformal over held-out units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.errors import NotEnoughData

from .arrays import FloatArray, ObjectArray
from .contract import Refeature, RulEstimator
from .intervals import CalibratedRul
from .metrics import interval_score
from .splits import grouped_folds

SHRINKAGES = (0.5, 3.0, 1e6)


class DegradationLife(CalibratedRul):
    """Life left by ridge regression on a condition indicator, with an interval that held the life of other units.

    Features are few: age, the indicator as a share of its threshold, and the time that it needs to get there at the rate of
    its last readings (``features_canonical.log_passage``; ``DegradationPath`` for one that is tracked from its beginning).
    Both move on with every reading. That time alone is only as good as the threshold; what units really lived on when it
    said so is learned here.

    Units are left out in turn (one by one up to ``n_splits`` of them); the 5 % and 95 % quantiles of their errors,
    widened for the number of units, make the interval (split conformal by unit; Vovk et al. 2005). The shrinkage is the
    one of least interval score on those units; the largest one means that indicators tell nothing and the interval is
    that of the population. Errors are taken on the square root of life, since they grow with it.

    Attributes after ``fit``: ``shrinkage_``, ``centre_``, ``scale_``, ``weights_``, ``errors_`` (lower, upper),
    ``held_out_`` (life left of rows when their unit was left out; not kept in artefacts).
    """

    min_rows = 20

    def __init__(self, *, cap: float = 1e9, seed: int = 0, n_splits: int = 20, level: float = 0.9) -> None:
        super().__init__(cap=cap, seed=seed, n_splits=n_splits)
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
        self.used_ = np.arange(matrix.shape[1])
        # The root of life makes errors of like size everywhere: no row needs a spread of its own.
        self.spread_, self.held_spread_ = None, np.ones(len(y))
        self.centre_, self.scale_ = _moments(matrix)
        names = np.asarray(groups).astype(str)
        if len(np.unique(names)) < 2:
            raise NotEnoughData("1 of 2 units needed to tell how far the line errs.", "Add a unit.")
        folds = grouped_folds(names, min(self.n_splits, len(np.unique(names))), self.seed)
        for fold in folds:
            fold.check(names)
        designs = [_standard(matrix, *_moments(matrix[fold.train])) for fold in folds]
        found = []
        for shrinkage in SHRINKAGES:
            root = np.zeros(len(y))
            for fold, design in zip(folds, designs, strict=True):
                root[fold.test] = design[fold.test] @ _ridge(design[fold.train], target[fold.train], shrinkage)
            held_out = np.minimum(np.maximum(root, 0.0) ** 2, self.cap)
            self.calibrate(y, held_out, groups, self.held_spread_)
            ends = self.with_interval(held_out, self.held_spread_)
            found.append((interval_score(y, ends[:, 1], ends[:, 2], 1 - self.level), shrinkage, held_out))
        _, self.shrinkage_, self.held_out_ = min(found, key=lambda one: one[0])
        self.calibrate(y, self.held_out_, groups, self.held_spread_)
        self.weights_ = _ridge(self._design(matrix), target, self.shrinkage_)

    def calibrate(
        self,
        y: FloatArray,
        held_out: FloatArray,
        groups: ObjectArray,
        spread: FloatArray,  # noqa: ARG002 - all rows are of one spread on the root of life
    ) -> None:
        """Fit the ends of the interval from held-out lives."""
        units, tail = len(np.unique(np.asarray(groups).astype(str))), (1 - self.level) / 2
        errors = np.sqrt(y) - np.sqrt(held_out)
        low = max(tail * (units + 1) / units - 1 / units, 0.0)
        self.errors_ = (float(np.quantile(errors, low)), float(np.quantile(errors, 1 - low)))

    def with_interval(self, point: FloatArray, spread: FloatArray) -> FloatArray:  # noqa: ARG002 - as in calibrate
        """Return median, lower, upper for given point predictions."""
        root = np.sqrt(point)
        ends = [np.minimum(np.maximum(root + error, 0.0) ** 2, self.cap) for error in self.errors_]
        return np.column_stack([point, np.minimum(ends[0], point), np.maximum(ends[1], point)])

    def _design(self, matrix: FloatArray) -> FloatArray:
        return _standard(matrix, self.centre_, self.scale_)

    def _point(self, matrix: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(self._design(matrix) @ self.weights_, 0.0) ** 2)

    def _within(self, matrix: FloatArray, horizon: float) -> FloatArray:
        return RulEstimator._within(self, matrix, horizon)


def _moments(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and spread of each feature, 0 and 1 where there is none."""
    known = pd.DataFrame(matrix)
    spread = known.std(ddof=0).fillna(0.0).to_numpy(dtype=np.float64)
    return known.mean().fillna(0.0).to_numpy(dtype=np.float64), np.where(spread > 0, spread, 1.0)


def _standard(matrix: FloatArray, centre: FloatArray, scale: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(matrix)), np.nan_to_num((matrix - centre) / scale)])


def _ridge(design: FloatArray, target: FloatArray, shrinkage: float) -> FloatArray:
    penalty = shrinkage * len(design) * np.diag([0.0] + [1.0] * (design.shape[1] - 1))
    return np.asarray(np.linalg.solve(design.T @ design + penalty, design.T @ target))
