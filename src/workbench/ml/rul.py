"""Remaining useful life by boosted trees, with an interval that is conformal and as wide as the level needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from .arrays import FloatArray, ObjectArray
from .columns import varying_columns, without_empty
from .contract import Refeature, RulEstimator, folds_with_features

LEVELS = 12
DRAWS = 50
COVERAGE = 0.9
HEALTHY_SHARE = 0.15


class BoostedRul(RulEstimator):
    """HistGradientBoosting on the capped life left.

    The interval starts from the held-out residuals' 5 % and 95 % quantiles near the predicted level, and is widened
    by one factor such that 90 % of random cuts, one per held-out unit, are covered (split conformal prediction,
    averaged over draws of the cuts; Lei et al., JASA 2018; Romano, Patterson, Candes, NeurIPS 2019).

    Attributes after ``fit``: ``booster_``, ``levels_``, ``below_``, ``above_``, ``held_out_`` (point predictions of
    rows when their unit was held out; not kept in artefacts).
    """

    def __init__(
        self,
        *,
        cap: float,
        seed: int = 0,
        iterations: int = 150,
        learning_rate: float = 0.06,
        leaves: int = 15,
        least_leaf: int = 40,
        column_share: float = 0.3,
        n_splits: int = 5,
    ) -> None:
        super().__init__(seed=seed)
        self.cap = cap
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.least_leaf = least_leaf
        self.column_share = column_share
        self.n_splits = n_splits

    def _booster(self) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_leaf,
            max_features=self.column_share,
            max_bins=63,
            early_stopping=False,
            random_state=self.seed,
        )

    def _fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        groups: ObjectArray,
        weight: FloatArray | None,
        refeature: Refeature | None,
    ) -> None:
        held_out = np.full(len(y), np.nan)
        self.used_ = varying_columns(self._matrix(X))
        if len(set(groups)) > 1:
            ends = (y <= np.min(y) + 1e-9).astype(np.float64)
            for table, train, test in folds_with_features(
                X, groups, refeature, n_splits=self.n_splits, seed=self.seed, balance=ends
            ):
                matrix = self._matrix(table[list(self.feature_names_)])[:, self.used_]
                # No weights rather than equal ones: with weights scikit-learn bins by a far slower way.
                own = None if weight is None else weight[train]
                booster = self._booster().fit(without_empty(matrix[train]), y[train], sample_weight=own)
                held_out[test] = np.clip(booster.predict(matrix[test]), 0.0, self.cap)
        self.booster_ = self._booster().fit(self._matrix(X)[:, self.used_], y, sample_weight=weight)
        self.held_out_ = held_out
        self.calibrate(y, held_out, groups)

    def calibrate(self, y: FloatArray, held_out: FloatArray, groups: ObjectArray) -> None:
        """Fit the interval from held-out point predictions, one random cut per unit."""
        # Units of which only "more than the cap" is known are easy and say nothing of what happens below it.
        names = np.asarray(groups).astype(str)
        ended = np.isin(names, np.unique(names[y < self.cap]))
        known = ~np.isnan(held_out) & ended
        if known.sum() < 10 * LEVELS:
            self.levels_, self.below_, self.above_ = np.array([0.0]), np.array([self.cap]), np.array([self.cap])
            return
        self.levels_, self.below_, self.above_ = residual_bands(y[known], held_out[known])
        factor = self._factor(y[known], held_out[known], names[known])
        self.below_, self.above_ = self.below_ * factor, self.above_ * factor

    def _factor(self, y: FloatArray, held_out: FloatArray, groups: ObjectArray) -> float:
        residual = y - held_out
        below, above = self._bands(held_out)
        strangeness = np.where(residual < 0, -residual / below, residual / above)
        # An upper end at the cap is open: nothing above it is missed.
        strangeness = np.where((residual > 0) & (held_out + above >= self.cap), 0.0, strangeness)
        units = [np.flatnonzero(groups == unit) for unit in np.unique(groups)]
        level = min(1.0, COVERAGE * (1 + 1 / len(units)))
        rng = np.random.default_rng(self.seed)
        cuts = np.column_stack([rng.choice(rows, DRAWS, p=self._cut_weights(y[rows])) for rows in units])
        return float(np.mean(np.quantile(strangeness[cuts], level, axis=1)))

    def _cut_weights(self, y: FloatArray) -> FloatArray:
        """Where a cut falls within one unit: evenly below the cap, and seldom in the long time when all is well."""
        capped = y >= self.cap
        weight = np.ones(len(y))
        if capped.any() and not capped.all():
            weight[capped] = HEALTHY_SHARE / (1 - HEALTHY_SHARE) * (~capped).sum() / capped.sum()
        return np.asarray(weight / weight.sum())

    def _bands(self, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.interp(point, self.levels_, self.below_), np.interp(point, self.levels_, self.above_)

    def _predict(self, matrix: FloatArray) -> FloatArray:
        return self.with_interval(np.clip(self.booster_.predict(matrix[:, self.used_]), 0.0, self.cap))

    def with_interval(self, point: FloatArray) -> FloatArray:
        """Return median, lower, upper for given point predictions."""
        below, above = self._bands(point)
        return np.column_stack([point, np.maximum(point - below, 0.0), np.minimum(point + above, self.cap)])


def residual_bands(y: FloatArray, point: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return predicted levels and, near each, how far the truth lies below and above in nine of ten cases."""
    order = np.argsort(point, kind="stable")
    parts = [part for part in np.array_split(order, LEVELS) if len(part)]
    levels = np.array([float(np.mean(point[part])) for part in parts])
    residual = y - point
    smallest = 0.02 * max(float(np.ptp(y)), 1e-9)
    below = np.array([max(-float(np.quantile(residual[part], 0.05)), smallest) for part in parts])
    above = np.array([max(float(np.quantile(residual[part], 0.95)), smallest) for part in parts])
    return levels, below, above
