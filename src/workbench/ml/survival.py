"""How long lives last given what is known of them: a hazard by age and covariates, with censoring and late entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import PoissonRegressor

from workbench.domain.predictions import Task
from workbench.errors import InputError, NotEnoughData

from .arrays import FloatArray, ObjectArray
from .columns import without_empty
from .contract import Estimator
from .splits import grouped_folds

LEVEL = 0.9
CUTS = 8
INTERVALS = 12
LEAST_FAILURES = 5
FORMS = ("population", "linear", "boosted")
# A form must gain this much held-out log-likelihood per failure over the plainer one before it.
LEAST_GAIN = 0.01
LEAST_RATE = 1e-6
LONGEST_SPANS = 12.0


class HazardSurvival(Estimator):
    """Piecewise exponential hazard: constant within intervals of age, a function of age and covariates across them.

    Each life is cut into the intervals it was seen in; failures over exposure are a Poisson rate (Friedman, Annals of
    Statistics 1982), so that censoring and late entry need nothing further. Three forms of that rate are tried on
    units left out: of age alone, log-linear in the covariates, and boosted trees on age and covariates; a richer one
    is taken only if it raises their likelihood. The held-out ratio of failures seen to failures expected scales the
    hazard, and median and 90 % interval are quantiles of held-out Cox-Snell residuals from
    random moments on, by Kaplan-Meier, widened for the number of failures (Qi, Yu, Greiner, "Conformalized survival distributions",
    ICML 2024).

    Attributes after ``fit``: ``edges_`` (ages that bound the intervals), ``form_``, ``gains_`` (held-out
    log-likelihood per failure of each form), ``base_`` (hazard of age alone), ``model_``, ``scale_``, ``ends_``
    (cumulative hazard still to come at the median, the lower and the upper end), ``longest_`` (the longest life seen).
    """

    task = Task.RUL
    min_rows = 20

    def __init__(self, *, seed: int = 0, n_splits: int = 5, penalty: float = 1e-3) -> None:
        super().__init__(seed=seed)
        self.n_splits = n_splits
        self.penalty = penalty

    def fit(
        self,
        X: pd.DataFrame,
        duration: FloatArray,
        event: FloatArray,
        *,
        groups: ObjectArray,
        entry: FloatArray | None = None,
    ) -> Self:
        """Fit on one row per life. Returns self.

        Args:
            X: covariates known when the life began.
            duration: age at which each life ended or was last seen.
            event: 1 where it ended in failure, 0 where it was censored.
            groups: the unit that each life belongs to; no unit is on both sides of a fold.
            entry: age from which on each life was watched (default 0).

        Raises:
            InputError: lengths differ, or a duration is not above its entry.
            NotEnoughData: fewer than 20 lives or 5 failures.
        """
        lives = Lives.checked(X, duration, event, groups, entry)
        matrix = without_empty(self._check_training(X))
        if lives.failed.sum() < LEAST_FAILURES:
            raise NotEnoughData(
                f"{int(lives.failed.sum())} of {LEAST_FAILURES} failures needed", "Record failures as asset events."
            )
        self.longest_ = float(lives.duration.max())
        inner = np.quantile(lives.duration[lives.failed > 0], np.linspace(0, 1, INTERVALS + 1)[1:-1])
        self.edges_ = np.concatenate([[0.0], np.unique(inner)])
        self._choose(matrix, lives)
        return self

    def _choose(self, matrix: FloatArray, lives: Lives) -> None:
        folds = list(self._folds(lives))
        varies = bool((np.nanstd(np.nan_to_num(matrix), axis=0) > 0).any())
        hazards = {}
        for form in FORMS if varies and folds else FORMS[:1]:
            held_out = np.zeros((len(matrix), len(self.edges_)))
            for train, test in folds:
                self._fit_form(form, matrix[train], lives.take(train))
                held_out[test] = self._hazard(matrix[test])
            hazards[form] = held_out
        self.gains_ = {form: self._likelihood(rate, lives) for form, rate in hazards.items()} if folds else {}
        chosen = FORMS[0]
        for form in list(hazards)[1:]:
            if self.gains_[form] > self.gains_[chosen] + LEAST_GAIN:
                chosen = form
        self._fit_form(chosen, matrix, lives)
        self._calibrate(hazards[chosen] if folds else self._hazard(matrix), lives)

    def _folds(self, lives: Lives) -> Iterator[tuple[Any, Any]]:
        found = len(np.unique(lives.groups))
        if found > 1:
            for split in grouped_folds(lives.groups, min(self.n_splits, found), self.seed, balance=lives.failed):
                if lives.failed[split.train].sum() > 0:
                    yield split.train, split.test

    def _fit_form(self, form: str, matrix: FloatArray, lives: Lives) -> None:
        self.form_, self.model_ = form, None
        time, failed = self._periods(lives)
        # Half a failure more, spread by exposure: an interval in which nothing failed has a small hazard, not none.
        spread = failed.sum(axis=0) + 0.5 * time.sum(axis=0) / max(float(time.sum()), 1e-9)
        self.base_ = np.maximum(spread, LEAST_RATE) / np.maximum(time.sum(axis=0), 1e-9)
        if form == "population":
            return
        life, interval = np.nonzero(time > 0)
        # Exposure in units of the population's hazard, so that the model learns a factor near 1.
        exposure = np.maximum(time[life, interval] * self.base_[interval], 1e-9)
        self.middle_ = np.nan_to_num(np.nanmean(np.where(np.isnan(matrix), 0.0, matrix), axis=0))
        deviation = np.nan_to_num(np.std(np.nan_to_num(matrix), axis=0))
        self.width_ = np.where(deviation > 0, deviation, 1.0)
        model = (
            PoissonRegressor(alpha=self.penalty, max_iter=300)
            if form == "linear"
            else HistGradientBoostingRegressor(
                loss="poisson",
                max_iter=60,
                learning_rate=0.08,
                max_leaf_nodes=6,
                min_samples_leaf=30,
                l2_regularization=1.0,
                early_stopping=False,
                random_state=self.seed,
            )
        )
        target = failed[life, interval] / exposure
        self.model_ = model.fit(self._design(matrix[life], interval), target, sample_weight=exposure)

    def _design(self, matrix: FloatArray, interval: Any) -> FloatArray:
        if self.form_ == "linear":
            return np.asarray(np.nan_to_num((matrix - self.middle_) / self.width_))
        return np.column_stack([matrix, interval])

    def _periods(self, lives: Lives) -> tuple[FloatArray, FloatArray]:
        """Return time at risk and failures, each of shape (lives, intervals)."""
        starts, ends = self.edges_, np.append(self.edges_[1:], np.inf)
        time = np.minimum(lives.duration[:, None], ends) - np.maximum(lives.entry[:, None], starts)
        inside = (lives.duration[:, None] > starts) & (lives.duration[:, None] <= ends)
        return np.maximum(time, 0.0), inside * lives.failed[:, None]

    def _hazard(self, matrix: FloatArray) -> FloatArray:
        """Failures per unit of age, shape (rows, intervals), before the scale."""
        rows, width = len(matrix), len(self.edges_)
        base = np.tile(self.base_, (rows, 1))
        if self.model_ is None or not rows:
            return base
        if self.form_ == "linear":
            # What ``predict`` of a Poisson regression gives, without its checks, which take a hundred times as long for a row.
            factor = np.exp(self._design(matrix, None) @ self.model_.coef_ + self.model_.intercept_)[:, None]
        else:
            design = self._design(np.repeat(matrix, width, axis=0), np.tile(np.arange(width), rows))
            factor = self.model_.predict(design).reshape(rows, width)
        return np.asarray(base * np.maximum(factor, LEAST_RATE))

    def _likelihood(self, hazard: FloatArray, lives: Lives) -> float:
        time, failed = self._periods(lives)
        total = (failed * np.log(np.maximum(hazard, 1e-300)) - hazard * time).sum()
        return float(total / lives.failed.sum())

    def _calibrate(self, hazard: FloatArray, lives: Lives) -> None:
        time, _ = self._periods(lives)
        failures = float(lives.failed.sum())
        self.scale_ = failures / max(float((hazard * time).sum()), 1e-9)
        # A machine met at a random moment is in the midst of a long life more often than of a short one.
        rng = np.random.default_rng(self.seed)
        watched = lives.duration - lives.entry
        drawn = rng.choice(len(watched), CUTS * len(watched), p=watched / watched.sum())
        cut = rng.uniform(lives.entry[drawn], lives.duration[drawn])
        scaled = hazard[drawn] * self.scale_
        residual = self._cumulative(scaled, lives.duration[drawn]) - self._cumulative(scaled, cut)
        times, survival = kaplan_meier(residual, lives.failed[drawn])
        tail = (1 - LEVEL) / 2 * (1 - 1 / failures)
        ends = []
        for level in (0.5, 1 - tail, tail):
            reached = int(np.count_nonzero(survival > level))
            # Where nobody was watched for so long, the model's own end stands, or the longest watch if that was longer.
            open_end = max(float(residual.max()), -np.log(level))
            ends.append(float(times[reached]) if reached < len(times) else open_end)
        self.ends_ = np.array(ends)

    def _cumulative(self, hazard: FloatArray, age: FloatArray) -> FloatArray:
        ends = np.append(self.edges_[1:], np.inf)
        spent = np.minimum(np.maximum(age[:, None] - self.edges_, 0.0), ends - self.edges_)
        return np.asarray((hazard * spent).sum(axis=1))

    def predict(self, X: pd.DataFrame, *, age: FloatArray | None = None) -> FloatArray:
        """Return median, lower and upper end of the life left at ``age`` (default 0), shape (rows, 3).

        An end beyond twelve times the longest life seen stands there.
        """
        return self.answer(self._check(X), age=age)

    def answer(self, matrix: FloatArray, *, age: FloatArray | None = None) -> FloatArray:
        """Return what ``predict`` does, for rows whose columns are known to be ``feature_names_`` in their order."""
        hazard = self._hazard(matrix) * self.scale_
        ages = np.zeros(len(matrix)) if age is None else np.asarray(age, dtype=np.float64)
        spent = self._cumulative(hazard, ages)
        known = np.zeros(hazard.shape)
        np.cumsum(hazard[:, :-1] * (self.edges_[1:] - self.edges_[:-1]), axis=1, out=known[:, 1:])
        aim = spent[:, None] + self.ends_
        place = (known[:, None, :] <= aim[:, :, None]).sum(axis=2) - 1
        rows = np.arange(len(matrix))[:, None]
        at = self.edges_[place] + (aim - known[rows, place]) / np.maximum(hazard[rows, place], 1e-300)
        return np.asarray(np.clip(at - ages[:, None], 0.0, LONGEST_SPANS * self.longest_))

    def survival(self, X: pd.DataFrame, at: FloatArray, *, age: FloatArray | None = None) -> FloatArray:
        """Return P(life > age + t | life > age) for each t of ``at``, shape (rows, len(at))."""
        hazard = self._hazard(self._check(X)) * self.scale_
        ages = np.zeros(len(X)) if age is None else np.asarray(age, dtype=np.float64)
        spent = self._cumulative(hazard, ages)
        return np.column_stack([np.exp(spent - self._cumulative(hazard, ages + t)) for t in np.asarray(at)])

    def probability_within(self, X: pd.DataFrame, horizon: float, *, age: FloatArray | None = None) -> FloatArray:
        """Return P(life <= age + horizon | life > age), one per row."""
        return np.asarray(1.0 - self.survival(X, np.array([horizon]), age=age)[:, 0])


class Lives:
    """Lives as they were watched: ages of entry and end, whether they failed, and whose they were."""

    def __init__(self, duration: FloatArray, failed: FloatArray, groups: ObjectArray, entry: FloatArray) -> None:
        self.duration, self.failed, self.groups, self.entry = duration, failed, groups, entry

    @classmethod
    def checked(
        cls, X: pd.DataFrame, duration: FloatArray, event: FloatArray, groups: ObjectArray, entry: FloatArray | None
    ) -> Lives:
        """Check and convert what ``fit`` was given."""
        ended, failed = np.asarray(duration, dtype=np.float64), np.asarray(event, dtype=np.float64)
        began = np.zeros(len(ended)) if entry is None else np.asarray(entry, dtype=np.float64)
        if {len(ended), len(failed), len(groups), len(began)} != {len(X)}:
            raise InputError("duration, event, groups and entry must hold one value per row.", "Give one row per life.")
        if not (np.isfinite(ended) & (began >= 0) & (ended > began)).all():
            raise InputError("A life does not last beyond its entry.", "Leave out lives that nobody watched.")
        if not np.isin(failed, (0.0, 1.0)).all():
            raise InputError("event holds something else than 0 and 1.", "Give 1 for failure and 0 for censored.")
        return cls(ended, failed, np.asarray(groups).astype(str).astype(object), began)

    def take(self, rows: Any) -> Lives:
        """Return these lives."""
        return Lives(self.duration[rows], self.failed[rows], self.groups[rows], self.entry[rows])


def kaplan_meier(
    duration: FloatArray, failed: FloatArray, entry: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return times of failure and the survival just after each (Kaplan and Meier, JASA 1958); late entry is heeded.

    >>> kaplan_meier(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0]))[1].round(3).tolist()
    [0.667, 0.0]
    """
    times = np.unique(duration[failed > 0])
    at_risk = len(duration) - np.searchsorted(np.sort(duration), times, side="left")
    if entry is not None:
        at_risk = at_risk - (len(entry) - np.searchsorted(np.sort(entry), times, side="left"))
    ends = np.sort(duration[failed > 0])
    died = np.searchsorted(ends, times, side="right") - np.searchsorted(ends, times, side="left")
    return times, np.asarray(np.cumprod(1.0 - died / np.maximum(at_risk, 1)), dtype=np.float64)
