"""Remaining useful life by boosted trees."""

from __future__ import annotations

from sklearn.ensemble import HistGradientBoostingRegressor

from .arrays import FloatArray, ObjectArray
from .columns import without_empty
from .intervals import CrossFittedRul
from .trees import raw_predictions


class BoostedRul(CrossFittedRul):
    """HistGradientBoosting on the capped life left; interval and distribution as ``CalibratedRul`` has them.

    Attributes after ``fit``: ``booster_``, and those of ``CalibratedRul``.
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
        super().__init__(cap=cap, seed=seed, n_splits=n_splits)
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.least_leaf = least_leaf
        self.column_share = column_share

    def _learn(
        self,
        matrix: FloatArray,
        y: FloatArray,
        groups: ObjectArray,  # noqa: ARG002 - trees stop after a set number of iterations
        weight: FloatArray | None,
    ) -> None:
        # No weights rather than equal ones: with weights scikit-learn bins by a far slower way.
        self.booster_ = HistGradientBoostingRegressor(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_leaf,
            max_features=self.column_share,
            max_bins=63,
            early_stopping=False,
            random_state=self.seed,
        ).fit(without_empty(matrix), y, sample_weight=weight)

    def _point(self, matrix: FloatArray) -> FloatArray:
        return raw_predictions([self.booster_], matrix)[:, 0]
