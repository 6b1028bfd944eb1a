"""The contract of anomaly detectors: a score with a threshold, and what each feature has to do with it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from workbench.domain.predictions import Task
from workbench.errors import InputError

from .arrays import FloatArray, ObjectArray
from .contract import RowEstimator
from .splits import grouped_folds


class AnomalyDetector(RowEstimator):
    """Anomaly score from 0 (normal) towards 1, with a threshold from an alarm budget.

    ``fit(X, groups=..., hours=...)`` on normal rows; ``hours`` is each row's time in hours, ascending within each
    group. ``budget``: alarm episodes allowed per group's unit and month of normal rows; alarms under ``merge_h`` apart are one.
    A subclass writes ``_learn`` and ``_raw`` (an index that rises with strangeness) beside ``_fit``. ``steps``: how many
    rows in sequence it looks at; each feature then has that many columns, oldest first.

    Attributes after ``fit``: ``threshold_``, and each feature's normal level and deviation ``centre_`` and ``spread_``.
    """

    task = Task.ANOMALY
    folds: ClassVar[int] = 3
    steps: int = 1
    threshold_: float
    centre_: FloatArray
    spread_: FloatArray

    def __init__(self, *, seed: int = 0, budget: float = 1.0, merge_h: float = 24.0) -> None:
        super().__init__(seed=seed)
        self.budget = budget
        self.merge_h = merge_h

    def fit(self, X: pd.DataFrame, *, groups: ObjectArray, hours: FloatArray) -> Self:
        """Fit on rows taken as normal. Returns self; raises ``NotEnoughData`` below 50 samples."""
        matrix = self._check_training(X)
        if len(groups) != len(matrix) or len(hours) != len(matrix):
            raise InputError("groups and hours must hold one value per row.", "Give each row its unit and time.")
        names, moments = np.asarray(groups).astype(str), np.asarray(hours, dtype=np.float64)
        for name in np.unique(names):
            if not (np.diff(moments[names == name]) >= 0).all():
                raise InputError(f"The times of {str(name)!r} are not in ascending order.", "Sort the rows by time.")
        self._fit(matrix, names.astype(object), moments)
        return self

    @abstractmethod
    def _fit(self, matrix: FloatArray, groups: ObjectArray, hours: FloatArray) -> None: ...

    @abstractmethod
    def _learn(self, matrix: FloatArray) -> None: ...

    @abstractmethod
    def _raw(self, matrix: FloatArray) -> FloatArray: ...

    def _learn_held_out(self, matrix: FloatArray, groups: ObjectArray) -> FloatArray:
        """Learn all rows; return the raw index of each by what was learned without its group (if there are several)."""
        names = np.asarray(groups).astype(str)
        found = len(np.unique(names))
        raw = np.full(len(matrix), np.nan)
        if found > 1:
            for split in grouped_folds(names, min(self.folds, found), self.seed):
                self._learn(matrix[split.train])
                raw[split.test] = self._raw(matrix[split.test])
        self._learn(matrix)
        return np.where(np.isnan(raw), self._raw(matrix), raw)

    def score(self, X: pd.DataFrame) -> FloatArray:
        """Return one score per row, from 0 to 1; above ``threshold_`` it is an alarm."""
        return self.answer(self._check(X))

    def predict(self, X: pd.DataFrame) -> FloatArray:
        """Return the score, under the name that estimators of all tasks share."""
        return self.score(X)

    def blame(self, X: pd.DataFrame) -> FloatArray:
        """Return how much each feature has made a row strange, shape (rows, features), none negative."""
        return self._blame(self._check(X))

    @abstractmethod
    def _blame(self, matrix: FloatArray) -> FloatArray: ...
