"""Life left with an interval and a full distribution that rest on held-out residuals, whatever gives the point."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from .arrays import FloatArray, IntArray, ObjectArray
from .bands import LEVELS, SHARES, Bands, residual_bands, residual_quantiles
from .columns import varying_columns, without_empty
from .contract import Refeature, RulEstimator, folds_with_features
from .metrics import interval_score
from .splits import grouped_folds
from .trees import raw_predictions

DRAWS = 50
COVERAGE = 0.9
# Cuts fall evenly over the last one and a half caps of a life, as far as it lived: more would teach mostly how well all was.
REACH = 1.5
# With fewer lives than this a model of the spread would follow single units.
LIVES_FOR_SPREAD = 30
LEAST_SPREAD = 0.25
# How far a predicted spread is trusted, as its power: 0 is one width for all rows of a level.
TRUSTS = (0.0, 0.25, 0.5, 0.75, 1.0)


class CalibratedRul(RulEstimator):
    """A point prediction of the capped life left, calibrated on units that were held out.

    The interval starts from the held-out residuals' 5 % and 95 % quantiles near the predicted level, in units of the
    spread that the row's features let expect, as far as that is trusted (``trust_``: the power of the spread by which
    held-out intervals score best). Units count alike in these quantiles, and their rows as cuts fall (``REACH``). One factor
    then widens it such that 90 % of random cuts, one per held-out unit, would be covered by quantiles of other units (split conformal
    prediction with normalised residuals, averaged over draws of the cuts; Lei et al., JASA
    2018; Romano, Patterson, Candes, NeurIPS 2019). With fewer than ten units, such that 90 % of each unit's rows are.

    A subclass writes ``_fit``, which sets ``used_`` and calls ``_settle``, and ``_point`` on the columns ``used_``.

    Attributes after ``fit``: ``used_``, ``levels_``, ``below_``, ``above_``, ``residuals_`` (quantiles ``SHARES`` of the
    residuals at each level), ``spread_``, ``trust_``; and, not kept in artefacts, of rows when their unit was held out,
    ``held_out_`` (points), ``held_spread_`` and ``held_rows_`` (features).
    """

    used_: IntArray
    # As artefacts have it that were written before it was chosen.
    trust_ = 1.0

    def __init__(self, *, cap: float, seed: int = 0, n_splits: int = 5) -> None:
        super().__init__(seed=seed)
        self.cap = cap
        self.n_splits = n_splits

    @abstractmethod
    def _point(self, matrix: FloatArray) -> FloatArray: ...

    def _transient(self) -> tuple[str, ...]:
        return ("held_out_", "held_spread_", "held_rows_")

    def _settle(self, y: FloatArray, held_out: FloatArray, held_rows: FloatArray, groups: ObjectArray) -> None:
        """Learn spread, interval and distribution from what was answered of units held out."""
        self.held_out_, self.held_rows_ = held_out, held_rows
        ended = np.unique(np.asarray(groups)[y < self.cap].astype(str))
        self.spread_: HistGradientBoostingRegressor | None = None
        self.usual_, self.trust_, self.held_spread_ = 1.0, 1.0, np.ones(len(y))
        known = np.flatnonzero(~np.isnan(held_out))
        if len(ended) >= LIVES_FOR_SPREAD and len(known):
            size = np.abs(y - held_out)[known]
            rows = np.column_stack([held_rows, held_out])[known]
            names = np.asarray(groups)[known].astype(str)
            told = np.empty(len(known))
            for split in grouped_folds(names, self.n_splits, self.seed + 1):
                told[split.test] = self._spread_model(rows[split.train], size[split.train]).predict(rows[split.test])
            self.spread_, self.usual_ = self._spread_model(rows, size), float(np.median(told))
            full = self._scaled(told)
            self.trust_ = self._trust(y[known], held_out[known], names, full)
            self.held_spread_[known] = full**self.trust_
        self.calibrate(y, held_out, groups, self.held_spread_)

    def _spread_model(self, rows: FloatArray, size: FloatArray) -> HistGradientBoostingRegressor:
        """Fit how far off the point lies, from a row's features and the point itself."""
        return HistGradientBoostingRegressor(
            max_iter=60,
            learning_rate=0.06,
            max_leaf_nodes=7,
            min_samples_leaf=100,
            max_features=0.3,
            max_bins=63,
            early_stopping=False,
            random_state=self.seed,
        ).fit(without_empty(rows), size)

    def _scaled(self, told: FloatArray) -> FloatArray:
        return np.asarray(np.maximum(told / max(self.usual_, 1e-9), LEAST_SPREAD) ** self.trust_)

    def _trust(self, y: FloatArray, held_out: FloatArray, groups: ObjectArray, spread: FloatArray) -> float:
        """Return the power of the spread by which intervals calibrated on other units score best (Winkler score).

        A model of the spread learned from few units is noisy, and its noise makes intervals worse than no model would.
        """
        ended = np.isin(groups, np.unique(groups[y < self.cap]))
        truth, point, names = y[ended], held_out[ended], groups[ended]
        cuts = self._cuts(truth, names)

        def score(trust: float) -> float:
            bands = self.cross_bands(
                truth, point, names, spread[ended] ** trust, n_splits=self.n_splits, seed=self.seed + 1
            )
            return interval_score(truth[cuts], bands[cuts, 1], bands[cuts, 2], 1 - COVERAGE)

        return min(TRUSTS, key=score)

    def cross_bands(
        self, y: FloatArray, point: FloatArray, groups: ObjectArray, spread: FloatArray, *, n_splits: int, seed: int
    ) -> FloatArray:
        """Return median, lower and upper of held-out points, each unit's interval calibrated on other units."""
        bands = np.empty((len(y), 3))
        for split in grouped_folds(groups, n_splits, seed):
            probe = type(self)(**self.params())
            probe.calibrate(y[split.train], point[split.train], groups[split.train], spread[split.train])
            bands[split.test] = probe.with_interval(point[split.test], spread[split.test])
        return bands

    def _spreads(self, matrix: FloatArray, point: FloatArray) -> FloatArray:
        """Return how wide the interval of each row is beside the usual one at its level."""
        if self.spread_ is None:
            return np.ones(len(point))
        return self._scaled(raw_predictions([self.spread_], np.column_stack([matrix, point]))[:, 0])

    def calibrate(self, y: FloatArray, held_out: FloatArray, groups: ObjectArray, spread: FloatArray) -> None:
        """Fit interval and distribution from held-out points and their spreads, one random cut per unit."""
        # Units of which only "more than the cap" is known are easy and say nothing of what happens below it.
        names = np.asarray(groups).astype(str)
        ended = np.isin(names, np.unique(names[y < self.cap]))
        known = ~np.isnan(held_out) & ended
        if known.sum() < 10 * LEVELS:
            self.levels_, self.below_, self.above_ = np.array([0.0]), np.array([self.cap]), np.array([self.cap])
            self.residuals_ = self.cap * np.linspace(-1.0, 1.0, len(SHARES))[None, :]
            return
        y, names, spread, point = y[known], names[known], spread[known], held_out[known]
        residual, weight = (y - point) / spread, self._cut_weights(y, names)
        bands = residual_bands(residual, point, weight, smallest=0.02 * np.ptp(y))
        factor = self._factor(y, point, residual, spread, names, bands)
        self.levels_, self.below_, self.above_ = bands[0], bands[1] * factor, bands[2] * factor
        self.residuals_ = self._between_ends(factor * residual_quantiles(residual, point, weight))

    def _factor(
        self,
        y: FloatArray,
        point: FloatArray,
        residual: FloatArray,
        spread: FloatArray,
        groups: ObjectArray,
        bands: Bands,
    ) -> float:
        units = [np.flatnonzero(groups == unit) for unit in np.unique(groups)]
        level = COVERAGE * (1 + 1 / len(units))
        if level >= 1:
            # No quantile of so few cuts promises 90 %: as wide as the unit that is hardest to tell needs it.
            strangeness = self._strangeness(point, residual, spread, bands)
            return max(float(np.quantile(strangeness[rows], COVERAGE)) for rows in units)
        strangeness, weight = np.empty(len(y)), self._cut_weights(y, groups)
        for split in grouped_folds(groups, min(self.n_splits, len(units)), self.seed + 2):
            near = residual_bands(
                residual[split.train], point[split.train], weight[split.train], smallest=0.02 * np.ptp(y)
            )
            strangeness[split.test] = self._strangeness(
                point[split.test], residual[split.test], spread[split.test], near
            )
        return float(np.mean(np.quantile(strangeness[self._cuts(y, groups)], level, axis=1)))

    def _strangeness(self, point: FloatArray, residual: FloatArray, spread: FloatArray, bands: Bands) -> FloatArray:
        """Return how far each residual reaches, as a share of its band."""
        levels, below, above = bands
        upper = np.interp(point, levels, above)
        share = np.where(residual < 0, -residual / np.interp(point, levels, below), residual / upper)
        # An upper end at the cap is open: nothing above it is missed.
        return np.where((residual > 0) & (point + spread * upper >= self.cap), 0.0, share)

    def _cuts(self, y: FloatArray, groups: ObjectArray) -> IntArray:
        """Return row positions of random cuts, shape (draws, units): one of each unit in a draw."""
        rng, weight = np.random.default_rng(self.seed), self._cut_weights(y, groups)
        units = [np.flatnonzero(groups == unit) for unit in np.unique(groups)]
        return np.column_stack([rng.choice(rows, DRAWS, p=weight[rows]) for rows in units])

    def _cut_weights(self, y: FloatArray, groups: ObjectArray) -> FloatArray:
        """Return how likely a cut of each row's unit is to fall on the row: evenly within ``REACH``."""
        weight = np.ones(len(y))
        for unit in np.unique(groups):
            rows = np.flatnonzero(groups == unit)
            capped = y[rows] >= self.cap
            if capped.any() and not capped.all():
                weight[rows[capped]] = min(1.0, (REACH - 1) * (~capped).sum() / capped.sum())
            weight[rows] /= weight[rows].sum()
        return weight

    def _between_ends(self, residuals: FloatArray) -> FloatArray:
        """Put the ends of the interval at 5 % and 95 % and keep all other quantiles on their sides of them."""
        low, high = SHARES.index(0.05), SHARES.index(0.95)
        ends = np.column_stack([-self.below_, self.above_])
        inner = np.clip(residuals, ends[:, :1], ends[:, 1:])
        inner[:, :low], inner[:, high + 1 :] = (
            np.minimum(residuals[:, :low], ends[:, :1]),
            np.maximum(residuals[:, high + 1 :], ends[:, 1:]),
        )
        inner[:, low], inner[:, high] = ends[:, 0], ends[:, 1]
        return np.maximum.accumulate(inner, axis=1)

    def _bands(self, point: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.interp(point, self.levels_, self.below_), np.interp(point, self.levels_, self.above_)

    def _predict(self, matrix: FloatArray) -> FloatArray:
        point = np.clip(self._point(matrix[:, self.used_]), 0.0, self.cap)
        return self.with_interval(point, self._spreads(matrix[:, self.used_], point))

    def with_interval(self, point: FloatArray, spread: FloatArray) -> FloatArray:
        """Return median, lower, upper for given points and spreads."""
        below, above = (spread * side for side in self._bands(point))
        return np.column_stack([point, np.maximum(point - below, 0.0), np.minimum(point + above, self.cap)])

    def _within(self, matrix: FloatArray, horizon: float) -> FloatArray:
        """Read P(life left <= horizon) off the quantiles of the residuals near each point, linearly between them."""
        point = np.clip(self._point(matrix[:, self.used_]), 0.0, self.cap)
        spread = self._spreads(matrix[:, self.used_], point)
        lives = np.column_stack([point + spread * np.interp(point, self.levels_, one) for one in self.residuals_.T])
        # All lives beyond the cap were learned as the cap itself: at it, only what lies truly below counts.
        at = min(horizon, self.cap * (1 - 1e-9))
        return np.array([np.interp(at, own, SHARES) for own in lives])


class CrossFittedRul(CalibratedRul):
    """A ``CalibratedRul`` of one model, which answers each unit once as learned without it.

    A subclass writes ``_learn`` beside ``_point``, on the columns ``used_`` alone.
    """

    @abstractmethod
    def _learn(self, matrix: FloatArray, y: FloatArray, groups: ObjectArray, weight: FloatArray | None) -> None: ...

    def _fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        groups: ObjectArray,
        weight: FloatArray | None,
        refeature: Refeature | None,
    ) -> None:
        held_out, held_rows = self.cross_fit(X, y, groups, weight, refeature)
        self._settle(y, held_out, held_rows, groups)

    def cross_fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        groups: ObjectArray,
        weight: FloatArray | None,
        refeature: Refeature | None,
    ) -> tuple[FloatArray, FloatArray]:
        """Learn from all rows; return points and features (``used_``) of each row as learned without its unit, NaN if alone.

        This fits the point alone: ``fit`` adds spread and interval.
        """
        held_out = np.full(len(y), np.nan)
        self.used_ = varying_columns(self._check_training(X))
        held_rows = np.full((len(y), len(self.used_)), np.nan)
        if len(set(groups)) > 1:
            ends = (y <= np.min(y) + 1e-9).astype(np.float64)
            for table, train, test in folds_with_features(
                X, groups, refeature, n_splits=self.n_splits, seed=self.seed, balance=ends
            ):
                matrix = self._matrix(table[list(self.feature_names_)])[:, self.used_]
                twin = type(self)(**self.params())
                twin._learn(matrix[train], y[train], groups[train], None if weight is None else weight[train])
                held_out[test], held_rows[test] = np.clip(twin._point(matrix[test]), 0.0, self.cap), matrix[test]
        self._learn(self._matrix(X)[:, self.used_], y, groups, weight)
        return held_out, held_rows
