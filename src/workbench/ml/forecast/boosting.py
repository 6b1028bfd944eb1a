"""Boosted trees on lags and calendar: one model for all horizons, which is a feature, and medians by absolute error."""

from __future__ import annotations

import numpy as np

from workbench.errors import NotEnoughData
from workbench.ml.arrays import FloatArray, IntArray

from .contract import Forecaster
from .lags import YEAR_DAYS, LagTable
from .naive import SeasonalNaive
from .series import RegularSeries

FEWEST_ROWS = 200


class BoostedForecaster(Forecaster):
    """Direct forecasts of every horizon, learned from pairs of an origin and a horizon.

    A forecast never feeds on another. ``trees``, ``learning_rate`` and ``leaves`` as in scikit-learn; at most ``rows``
    pairs are learned from, spread evenly over the past by ``seed``.
    """

    name = "boosting"

    def __init__(
        self, *, seed: int = 0, trees: int = 150, learning_rate: float = 0.08, leaves: int = 31, rows: int = 30_000
    ) -> None:
        super().__init__(seed=seed)
        self.trees, self.learning_rate, self.leaves, self.rows = trees, learning_rate, leaves, rows

    def _learn(self, series: RegularSeries, horizon: int, origins: IntArray | None) -> None:
        from sklearn.ensemble import HistGradientBoostingRegressor

        self.yearly_ = len(series) >= 2 * YEAR_DAYS * series.per_day
        origin, ahead = self._pairs(series, horizon, origins)
        table = LagTable(series, horizon, yearly=self.yearly_)
        target = series.values[origin + ahead - 1] - table.level(origin)
        known = np.isfinite(target)
        if known.sum() < FEWEST_ROWS:
            raise NotEnoughData(
                f"{int(known.sum())} of {FEWEST_ROWS} known pairs of past and future needed.", "Collect more readings."
            )
        matrix = table.matrix(origin[known], ahead[known])
        # A lag that reaches back beyond a short record says nothing.
        self.kept_ = np.isfinite(matrix).any(axis=0)
        self.model_ = HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=self.trees,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=30,
            max_features=0.4,
            early_stopping=False,
            random_state=self.seed,
        ).fit(matrix[:, self.kept_], target[known])

    def _pairs(self, series: RegularSeries, horizon: int, origins: IntArray | None) -> tuple[IntArray, IntArray]:
        """Pairs to learn from: origins as given, or at the end's time of day and as many between as ``rows`` allow."""
        first, last = series.per_day, len(series) - horizon
        if origins is None:
            stride = series.per_day
            while stride > 1 and (last - first) // stride * horizon < self.rows:
                stride = stride // 2
            origins = np.arange(len(series) - horizon, first, -stride)[::-1]
        # Toward the end only the horizons that have passed can be learned from; they are dropped as unknown.
        chosen = origins[(origins >= first) & (origins <= last)]
        pairs = len(chosen) * horizon
        picked = np.arange(pairs)
        if pairs > self.rows:
            picked = np.sort(np.random.default_rng(self.seed).choice(pairs, self.rows, replace=False))
        if not pairs:
            raise NotEnoughData(
                f"{len(series)} steps hold no past and future of {horizon} steps.", "Collect more readings."
            )
        return chosen[picked // horizon], picked % horizon + 1

    def _paths(self, series: RegularSeries, origins: IntArray, horizon: int) -> FloatArray:
        table = LagTable(series, horizon, yearly=self.yearly_)
        origin, ahead = np.repeat(origins, horizon), np.tile(np.arange(1, horizon + 1), len(origins))
        level = table.level(origin)
        median = (self.model_.predict(table.matrix(origin, ahead)[:, self.kept_]) + level).reshape(
            len(origins), horizon
        )
        # Where the last week holds nothing at all there is no level to stand on.
        return np.where(np.isfinite(median), median, SeasonalNaive().paths(series, origins, horizon))
