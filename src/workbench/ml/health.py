"""Health state by boosted trees: one calibrated classifier per horizon, and the state that follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from workbench.domain.predictions import HEALTH_WEIGHTS, HealthState
from workbench.errors import InputError

from .arrays import FloatArray, ObjectArray
from .columns import varying_columns, without_empty
from .contract import HealthEstimator, Refeature, folds_with_features
from .trees import raw_predictions

FALLS_AFTER = 3
TINY = 1e-4


class BoostedHealth(HealthEstimator):
    """HistGradientBoosting per horizon, calibrated once by a logistic curve on the log-odds of held-out units.

    The curve of a longer horizon takes the log-odds of the shorter ones too: what shows already, they know better.

    Attributes after ``fit``: ``boosters_`` (one per horizon, or None where only one outcome was seen), ``curves_``
    (for each horizon the slopes of its log-odds, its own last, and the intercept), ``rates_`` (base rates), ``used_``
    (columns that vary), ``held_out_`` (uncalibrated log-odds of rows when their unit was held out, shape (rows,
    horizons); not kept in artefacts).
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        iterations: int = 60,
        learning_rate: float = 0.06,
        leaves: int = 6,
        least_leaf: int = 15,
        l2: float = 1.0,
        column_share: float = 0.3,
        n_splits: int = 5,
    ) -> None:
        super().__init__(seed=seed)
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.least_leaf = least_leaf
        self.l2 = l2
        self.column_share = column_share
        self.n_splits = n_splits

    def _booster(self) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.least_leaf,
            l2_regularization=self.l2,
            max_features=self.column_share,
            max_bins=63,
            early_stopping=False,
            random_state=self.seed,
        )

    def _fit(self, X: pd.DataFrame, y: FloatArray, groups: ObjectArray, refeature: Refeature | None) -> None:
        held_out = np.full(y.shape, np.nan)
        self.used_ = varying_columns(self._matrix(X))
        positive = (np.nan_to_num(y) == 1).any(axis=1).astype(np.float64)
        if len(set(groups)) > 1:
            for table, train, test in folds_with_features(
                X, groups, refeature, n_splits=self.n_splits, seed=self.seed, balance=positive
            ):
                matrix = self._matrix(table[list(self.feature_names_)])[:, self.used_]
                for column in range(y.shape[1]):
                    booster = self._fit_one(matrix[train], y[train, column])
                    if booster is not None:
                        held_out[test, column] = booster.decision_function(matrix[test])
        matrix = self._matrix(X)[:, self.used_]
        self.boosters_ = [self._fit_one(matrix, y[:, column]) for column in range(y.shape[1])]
        self.rates_ = [_rate(y[:, column]) for column in range(y.shape[1])]
        self.held_out_ = held_out
        self.curves_ = [fit_curve(self.margins_of(k), y[:, k]) for k in range(y.shape[1])]

    def margins_of(self, column: int) -> FloatArray:
        """Return the held-out log-odds that a horizon is calibrated on, its own last; NaN those that it has to do without."""
        seen = self.held_out_[:, : column + 1].copy()
        mine = ~np.isnan(seen[:, column])
        for k in range(column):
            if self.boosters_[k] is None or np.isnan(seen[mine, k]).any():
                seen[:, k] = np.nan
        return seen

    def silence(self, column: int, rate: float, y: FloatArray) -> None:
        """Answer one horizon by ``rate`` from now on, and calibrate the longer ones on ``y`` without it."""
        self.boosters_[column], self.rates_[column] = None, rate
        for k in range(column + 1, y.shape[1]):
            self.curves_[k] = fit_curve(self.margins_of(k), y[:, k])

    def _fit_one(self, matrix: FloatArray, y: FloatArray) -> HistGradientBoostingClassifier | None:
        known = ~np.isnan(y)
        if len(np.unique(y[known])) < 2 or known.sum() < 2 * self.least_leaf:
            return None
        return self._booster().fit(without_empty(matrix[known]), y[known])

    def _predict(self, matrix: FloatArray) -> FloatArray:
        out = np.empty((len(matrix), len(self.boosters_)))
        out[:] = self.rates_
        skilled = [column for column, booster in enumerate(self.boosters_) if booster is not None]
        if skilled:
            log_odds = np.full(out.shape, np.nan)
            log_odds[:, skilled] = raw_predictions(
                [self.boosters_[column] for column in skilled], matrix[:, self.used_]
            )
            for column in skilled:
                out[:, column] = apply_curve(log_odds[:, : column + 1], self.curves_[column])
        # A rate that is answered nearer than the three horizons of the states must not raise these.
        for column in reversed(range(out.shape[1] - 3)):
            if self.boosters_[column] is None:
                out[:, column] = np.minimum(out[:, column], out[:, column + 1])
        return out


def _rate(y: FloatArray) -> float:
    known = y[~np.isnan(y)]
    return float(known.mean()) if len(known) else 0.0


def fit_curve(log_odds: FloatArray, y: FloatArray) -> list[float]:
    """Fit the calibration curve on held-out log-odds, shape (rows, margins): slopes, none negative, and the intercept.

    The last margin is the horizon's own; one that is unknown throughout gets no slope. Where nothing can be fitted the own
    margin stands as it is; where the outcome does not rise with it, hardly anything is left of it.
    """
    width = log_odds.shape[1]
    used = np.flatnonzero(~np.isnan(log_odds).all(axis=0))
    known = ~np.isnan(log_odds[:, used]).any(axis=1) & ~np.isnan(y)
    if len(np.unique(y[known])) < 2 or width - 1 not in used:
        return [0.0] * (width - 1) + [1.0, 0.0]
    while len(used):
        curve = LogisticRegression(C=1.0).fit(log_odds[np.ix_(known, used)], y[known])
        slopes = np.zeros(width)
        slopes[used] = curve.coef_[0]
        if slopes.min() >= 0 and slopes.max() > 0:
            return [*slopes.tolist(), float(curve.intercept_[0])]
        used = np.delete(used, int(np.argmin(curve.coef_[0])))
    rate = float(np.clip(_rate(y), TINY, 1 - TINY))
    return [0.0] * (width - 1) + [TINY, float(np.log(rate / (1 - rate)))]


def apply_curve(log_odds: FloatArray, curve: Sequence[float]) -> FloatArray:
    """Turn log-odds, shape (rows, margins), into calibrated probabilities; a curve of fewer slopes takes the last ones."""
    slopes, intercept = np.asarray(curve[:-1]), curve[-1]
    margins = np.where(slopes == 0, 0.0, log_odds[:, log_odds.shape[1] - len(slopes) :])
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(margins @ slopes + intercept, -30, 30))))


def health_score(probabilities: Sequence[float]) -> float:
    """Return 100 - sum of p(state) x (0, 33, 67, 100).

    >>> health_score((1.0, 0.0, 0.0, 0.0)), health_score((0.0, 0.0, 0.0, 1.0))
    (100.0, 0.0)
    """
    return float(np.clip(100.0 - np.dot(probabilities, HEALTH_WEIGHTS), 0.0, 100.0))


def likeliest_state(within: Sequence[float]) -> HealthState:
    """The worst state whose horizon holds the failure with at least even odds.

    >>> likeliest_state((0.2, 0.6, 0.9)).name
    'WARNING'
    """
    for state, probability in zip(
        (HealthState.CRITICAL, HealthState.WARNING, HealthState.DEGRADING), within, strict=True
    ):
        if probability >= 0.5:
            return state
    return HealthState.HEALTHY


def shown_state(observed: Sequence[HealthState]) -> HealthState:
    """Hysteresis of ML1: a state rises at once and falls only after three readings at or below the lower state.

    ``observed`` holds the states as predicted, oldest first and the newest last, since the last closed order of the
    machine (all of them where none was closed): after the work the history starts anew. What was shown before needs
    not be kept; it follows from them. Raises ``InputError`` when ``observed`` is empty.

    >>> shown_state([HealthState.CRITICAL, HealthState.HEALTHY]).name
    'CRITICAL'
    >>> shown_state([HealthState.CRITICAL, HealthState.WARNING, HealthState.HEALTHY, HealthState.HEALTHY]).name
    'WARNING'
    >>> shown_state([HealthState.HEALTHY, HealthState.CRITICAL]).name
    'CRITICAL'
    """
    if not observed:
        raise InputError("No health state was observed since the last closed order.", "Predict the machine first.")
    # The worst of the last three readings: a higher one counts at once, and holds until three in a row are lower.
    return HealthState(max(int(state) for state in observed[-FALLS_AFTER:]))
