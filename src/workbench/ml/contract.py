"""The contract of every estimator: ``fit`` checks and converts, a subclass writes ``_fit``; fitted state ends in ``_``.

One base class per task says what ``predict`` returns. Column order does not matter, missing and unknown columns are
refused, a column that is all NaN is tolerated (it says nothing), and too few rows raise ``NotEnoughData``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from workbench.domain.predictions import Task
from workbench.errors import CorruptArtifact, InputError, NotEnoughData

from .arrays import FloatArray, IntArray, ObjectArray, refuse_infinite
from .serialize import pack, unpack
from .splits import grouped_folds

# Given the training units of a fold, returns the feature table as those units alone define it.
Refeature = Callable[[Sequence[str]], pd.DataFrame]


class Estimator(ABC):
    """What all estimators share: checking, feature names, bytes.

    Attributes after ``fit``: ``feature_names_``, ``rows_``.
    """

    task: ClassVar[Task]
    min_rows: ClassVar[int] = 50

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def params(self) -> dict[str, Any]:
        """Constructor arguments; ``type(self)(**params())`` is an unfitted twin."""
        return {k: v for k, v in vars(self).items() if not k.endswith("_") and not k.startswith("_")}

    @property
    def is_fitted(self) -> bool:
        """Whether ``fit`` has been called."""
        return hasattr(self, "feature_names_")

    def _check_training(self, X: pd.DataFrame) -> FloatArray:
        names = [str(c) for c in X.columns]
        if len(set(names)) < len(names):
            raise InputError("Feature columns are not unique.", "Give each feature one column.")
        matrix = self._matrix(X)
        if len(matrix) < self.min_rows:
            raise NotEnoughData(
                f"{type(self).__name__} needs at least {self.min_rows} samples, got {len(matrix)}.",
                "Collect more readings.",
            )
        if np.isnan(matrix).all():
            raise NotEnoughData("Every feature is empty in every row.", "Check that the sensors deliver readings.")
        self.feature_names_: tuple[str, ...] = tuple(names)
        self.rows_: int = len(matrix)
        return matrix

    @staticmethod
    def _matrix(X: pd.DataFrame) -> FloatArray:
        matrix = X.to_numpy()
        if matrix.dtype.kind == "f":
            # Of floats pandas need not look for gaps, which takes most of the time of a single row.
            matrix = matrix.astype(np.float64)
        else:
            try:
                matrix = X.to_numpy(dtype=np.float64, na_value=np.nan)
            except (TypeError, ValueError) as error:
                raise InputError(f"A feature is not a number: {error}", "Give numeric columns only.") from error
        refuse_infinite(matrix)
        return np.asarray(matrix)

    def _check(self, X: pd.DataFrame) -> FloatArray:
        """Return ``X`` as a matrix in the fitted order of columns."""
        if not self.is_fitted:
            raise NotEnoughData(f"{type(self).__name__} is not fitted.", "Call fit first.")
        columns = list(X.columns)
        if columns != list(self.feature_names_):
            missing = sorted(set(self.feature_names_) - set(columns))
            unknown = sorted(set(map(str, columns)) - set(self.feature_names_))
            if missing or unknown:
                told = [f"missing: {', '.join(missing)}"] if missing else []
                told += [f"unknown: {', '.join(unknown)}"] if unknown else []
                raise InputError(
                    f"The features are not those of training ({'; '.join(told)}).",
                    "Build them with the model's own specification.",
                )
            X = X[list(self.feature_names_)]
        return self._matrix(X)

    def state(self) -> dict[str, Any]:
        """Return parameters and fitted values as plain values, arrays and scikit-learn estimators."""
        fitted = {k: v for k, v in vars(self).items() if k.endswith("_") and k not in self._transient()}
        return {"kind": type(self).__name__, "params": self.params(), "fitted": fitted}

    def _transient(self) -> tuple[str, ...]:
        """Fitted attributes that training looks at and artefacts leave out."""
        return ("held_out_",)

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Rebuild from ``state()``; raises ``CorruptArtifact`` for the state of another estimator."""
        if state.get("kind") != cls.__name__:
            raise CorruptArtifact(
                f"The bytes hold {state.get('kind')!r}, not a {cls.__name__}.",
                "Load them with the estimator they name.",
            )
        made = cls(**state["params"])
        for name, value in state["fitted"].items():
            setattr(made, name, value)
        return made

    def to_bytes(self) -> bytes:
        """Return the fitted estimator as bytes (no pickle)."""
        return pack(self.state())

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Rebuild from ``to_bytes``; raises ``CorruptArtifact`` for changed or foreign content."""
        return cls.restore(unpack(payload))


class RowEstimator(Estimator):
    """An estimator that answers rows of features; a subclass writes ``_predict``."""

    def answer(self, matrix: FloatArray) -> FloatArray:
        """Return what ``predict`` does, for rows whose columns are known to be ``feature_names_`` in their order."""
        return self._predict(matrix)

    @abstractmethod
    def _predict(self, matrix: FloatArray) -> FloatArray: ...


def folds_with_features(
    X: pd.DataFrame,
    groups: ObjectArray,
    refeature: Refeature | None,
    *,
    n_splits: int,
    seed: int,
    balance: FloatArray | None = None,
) -> Iterator[tuple[pd.DataFrame, IntArray, IntArray]]:
    """Yield ``(features, train rows, test rows)``; no unit is on both sides and features know training units only."""
    names = np.asarray(groups).astype(str)
    found = len(np.unique(names))
    for split in grouped_folds(names, min(n_splits, found), seed, balance=balance):
        split.check(groups=names)
        table = X if refeature is None else refeature(sorted(set(names[split.train])))
        yield table, np.asarray(split.train, dtype=np.int64), np.asarray(split.test, dtype=np.int64)


class HealthEstimator(RowEstimator):
    """Probability of failure within each horizon, calibrated on held-out units.

    ``fit(X, y, groups=...)``: ``y`` has one column per horizon, ascending, with 1, 0 or NaN (unknown).
    """

    task = Task.HEALTH

    def fit(self, X: pd.DataFrame, y: FloatArray, *, groups: ObjectArray, refeature: Refeature | None = None) -> Self:
        """Fit on labelled rows; ``groups`` names each row's unit. Returns self."""
        matrix = self._check_training(X)
        target = np.asarray(y, dtype=np.float64)
        if target.ndim != 2 or len(target) != len(matrix) or len(groups) != len(matrix):
            raise InputError("y must be (rows, horizons) and groups one per row.", "Label every row or use NaN.")
        if not (np.nan_to_num(target) == 1).any() or not (target == 0).any():
            raise NotEnoughData("The labels hold only one outcome.", "Train on machines with and without failures.")
        self._fit(X, target, np.asarray(groups, dtype=object), refeature)
        return self

    @abstractmethod
    def _fit(self, X: pd.DataFrame, y: FloatArray, groups: ObjectArray, refeature: Refeature | None) -> None: ...

    def predict(self, X: pd.DataFrame) -> FloatArray:
        """Return P(failure within each horizon), shape (rows, horizons), not decreasing along horizons."""
        return self.answer(self._check(X))

    def answer(self, matrix: FloatArray) -> FloatArray:
        """Return what ``predict`` does, of known columns."""
        return np.maximum.accumulate(self._predict(matrix), axis=1)

    def states(self, X: pd.DataFrame) -> FloatArray:
        """Return probabilities of the states 0 (healthy) to 3 (critical), shape (rows, 4), by the last three horizons."""
        return state_probabilities(self.predict(X))


def state_probabilities(within: FloatArray) -> FloatArray:
    """Turn P(failure within critical, warning, degrading), the last three columns, into probabilities of the states 0 to 3.

    >>> import numpy as np
    >>> state_probabilities(np.array([[0.1, 0.4, 0.5]])).round(2).tolist()
    [[0.5, 0.1, 0.3, 0.1]]
    """
    critical, warning, degrading = within[:, -3], within[:, -2], within[:, -1]
    return np.column_stack([1 - degrading, degrading - warning, warning - critical, critical])


class RulEstimator(RowEstimator):
    """Remaining useful life with a 90 % interval, in life units.

    ``fit(X, y, groups=...)``: ``y`` is the life left, capped inside the estimator. ``predict`` returns columns
    median, lower, upper; an upper end at ``cap`` means 'more than lower'.
    """

    task = Task.RUL
    cap: float

    def fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        *,
        groups: ObjectArray,
        weight: FloatArray | None = None,
        refeature: Refeature | None = None,
    ) -> Self:
        """Fit on rows whose life left is known (or known to exceed the cap). Returns self."""
        matrix = self._check_training(X)
        target = np.minimum(np.asarray(y, dtype=np.float64), self.cap)
        if target.shape != (len(matrix),) or len(groups) != len(matrix):
            raise InputError("y and groups must hold one value per row.", "Drop rows whose life left is unknown.")
        if np.isnan(target).any() or (target < 0).any():
            raise InputError("Life left must be known and not negative.", "Drop censored rows before fitting.")
        weights = None if weight is None else np.asarray(weight, dtype=np.float64)
        self._fit(X, target, np.asarray(groups, dtype=object), weights, refeature)
        return self

    @abstractmethod
    def _fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        groups: ObjectArray,
        weight: FloatArray | None,
        refeature: Refeature | None,
    ) -> None: ...

    def predict(self, X: pd.DataFrame) -> FloatArray:
        """Return median, lower and upper end of the 90 % interval, shape (rows, 3)."""
        return self.answer(self._check(X))

    def probability_within(self, X: pd.DataFrame, horizon: float) -> FloatArray:
        """Return P(failure within ``horizon`` life units) per row: 5 % at the interval's lower end, 95 % at its upper.

        It does not fall as ``horizon`` grows. Raises ``InputError`` for a horizon below 0 or beyond ``cap``, of which
        the model knows nothing.
        """
        if not 0 <= horizon <= self.cap:
            raise InputError(f"The horizon is {horizon:g}.", f"Give 0 to {self.cap:g}, the model's cap.")
        return self._within(self._check(X), horizon)

    def _within(self, matrix: FloatArray, horizon: float) -> FloatArray:
        """P(life left <= horizon) by a normal distribution on each side of the median (Fechner's), through both ends."""
        median, lower, upper = self._predict(matrix).T
        side = np.maximum(np.where(horizon < median, median - lower, upper - median), 1e-9)
        return np.asarray(ndtr(ndtri(0.95) * (horizon - median) / side), dtype=np.float64)


class Diagnoser(RowEstimator):
    """Which failure mode it is: probabilities that sum to 1, ``unknown`` among them.

    ``fit(X, y, groups=...)``: ``y`` names the cause of the failure that each row leads to.
    """

    task = Task.DIAGNOSIS
    modes_: list[str]

    def fit(
        self,
        X: pd.DataFrame,
        y: ObjectArray,
        *,
        groups: ObjectArray,
        episodes: ObjectArray,
        refeature: Refeature | None = None,
    ) -> Self:
        """Fit on rows before failures; ``episodes`` names each row's failure. Returns self."""
        rows = len(self._check_training(X))
        if len(y) != rows or len(groups) != rows or len(episodes) != rows:
            raise InputError("y, groups and episodes must hold one value per row.", "Name each row's failure.")
        self._fit(X, np.asarray(y, dtype=object), np.asarray(groups, dtype=object), np.asarray(episodes), refeature)
        return self

    @abstractmethod
    def _fit(
        self, X: pd.DataFrame, y: ObjectArray, groups: ObjectArray, episodes: ObjectArray, refeature: Refeature | None
    ) -> None: ...

    def predict(self, X: pd.DataFrame) -> FloatArray:
        """Return probabilities, shape (rows, len(modes_)); rows sum to 1 and the last mode is ``unknown``."""
        return self.answer(self._check(X))
