"""Which condition a sample shows: several families of classifiers, combined and calibrated by held-out groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.domain.predictions import Task
from workbench.errors import InputError, NotEnoughData

from .arrays import FloatArray, IntArray, ObjectArray
from .columns import varying_columns
from .contract import Estimator
from .metrics import best_threshold, cheapest_threshold
from .mixture import best_temperature, brier, mixture_shares, tempered
from .splits import grouped_folds
from .state_discriminant import StateDiscriminant

LEAST_PER_CLASS = 5
SHRINKAGE = 1e-4


def _discriminant(_seed: int, _trees: int) -> Any:
    return make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())


def _boosting(seed: int, trees: int) -> Any:
    return HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=0.08,
        max_leaf_nodes=15,
        l2_regularization=1.0,
        max_features=0.6,
        random_state=seed,
    )


def _forest(seed: int, trees: int) -> Any:
    return RandomForestClassifier(trees, max_features=0.6, min_samples_leaf=2, random_state=seed, n_jobs=-1)


def _extra_trees(seed: int, trees: int) -> Any:
    return ExtraTreesClassifier(trees, max_features=1.0, random_state=seed, n_jobs=-1)


FAMILIES: dict[str, Callable[[int, int], Any]] = {
    "discriminant": _discriminant,
    "boosting": _boosting,
    "forest": _forest,
    "extra_trees": _extra_trees,
}
# Trees cut along axes, so they gain from axes along which groups differ; the discriminant finds its own.
SEES_WHITENED = frozenset({"boosting", "extra_trees"})
# These count groups by weights; boosting finds its bins many times slower with them.
FORESTS = frozenset({"forest", "extra_trees"})
BENEATH_STATES = "beneath_states"


@dataclass(frozen=True)
class _Rows:
    """Training rows: features, class, and group and other states of each where they are known."""

    matrix: FloatArray
    code: IntArray
    groups: ObjectArray | None
    states: ObjectArray | None

    def taken(self, rows: npt.NDArray[np.intp]) -> _Rows:
        """Return these rows."""
        groups = None if self.groups is None else self.groups[rows]
        return _Rows(self.matrix[rows], self.code[rows], groups, None if self.states is None else self.states[rows])


class ConditionClassifier(Estimator):
    """Linear discriminant, boosting and two kinds of forest, mixed in the shares that held-out groups ask for.

    Each family answers for groups that it did not learn from. The mixture is built greedily from those answers (a
    family is added while the Brier score falls by 1 %; Caruana et al., ICML 2004) and sharpened or softened by one
    temperature (Guo et al., ICML 2017), for which each group counts once: rows of one group are right or wrong together,
    and a long group would else set how sure all others may be. Where the states of other components are given for
    training, a fifth family looks beneath their effects (``StateDiscriminant``). With two classes the threshold is that
    of best F1 on the same answers, or of least cost where ``miss_cost`` says how many false alarms a miss is worth;
    with more the likeliest class is named.

    Attributes after ``fit``: ``classes_``, ``shares_`` (family: share), ``held_out_brier_`` (of each family),
    ``temperature_``, ``threshold_`` (two classes), ``members_``, ``medians_`` (which fill gaps), ``whitening_``, ``held_out_`` (calibrated answers for the training
    rows when their group was held out; not kept in artefacts).
    """

    task = Task.DIAGNOSIS

    def __init__(self, *, seed: int = 0, n_splits: int = 4, trees: int = 100, miss_cost: float | None = None) -> None:
        super().__init__(seed=seed)
        if miss_cost is not None and miss_cost <= 0:
            raise InputError(f"miss_cost is {miss_cost}.", "Give how many false alarms a miss is worth, above 0.")
        self.n_splits = n_splits
        self.trees = trees
        self.miss_cost = miss_cost

    def fit(
        self,
        X: pd.DataFrame,
        y: npt.ArrayLike,
        *,
        groups: npt.ArrayLike | None = None,
        states: pd.DataFrame | None = None,
    ) -> Self:
        """Fit on labelled rows. Returns self.

        Args:
            X: numeric features, NaN allowed.
            y: class of each row; with two classes the larger one is positive.
            groups: rows that belong together (a machine, a run of constant condition); they stay on one side of
                every inner fold. None: rows are independent.
            states: states of other components in each row, one column each, none missing. They are known in training
                only: for an answer they are estimated from ``X``.

        Raises ``NotEnoughData`` below 50 rows, with one class, or with a class in fewer than five rows.
        """
        matrix = self._check_training(X)
        labels = np.asarray(y)
        names = None if groups is None else np.asarray(groups).astype(str)
        if labels.shape != (len(matrix),) or (names is not None and names.shape != labels.shape):
            raise InputError("y and groups must hold one value per row.", "Label every row.")
        others = None if states is None else _checked_states(states, len(matrix))
        classes, code = np.unique(labels, return_inverse=True)
        if len(classes) < 2 or np.bincount(code).min() < LEAST_PER_CLASS:
            raise NotEnoughData(
                f"The labels hold {len(classes)} classes, the rarest in {np.bincount(code).min()} rows.",
                f"Give at least two classes of {LEAST_PER_CLASS} rows each.",
            )
        self.classes_ = classes
        self.used_ = varying_columns(matrix)
        self._combine(_Rows(matrix[:, self.used_], code, names, others))
        return self

    def _combine(self, rows: _Rows) -> None:
        families = list(FAMILIES) if rows.states is None else [*FAMILIES, BENEATH_STATES]
        held_out = {family: np.zeros((len(rows.code), len(self.classes_))) for family in families}
        for train, test in _folds(rows.code, rows.groups, self.n_splits, self.seed):
            models, medians, whitening = self._fit_all(families, rows.taken(train))
            for family, answers in held_out.items():
                answers[test] = self._ask(family, models[family], _filled(rows.matrix[test], medians), whitening)
        truth = np.eye(len(self.classes_))[rows.code]
        self.held_out_brier_ = {family: brier(truth, answer) for family, answer in held_out.items()}
        self.shares_ = mixture_shares(truth, held_out)
        mixed = np.sum([share * held_out[family] for family, share in self.shares_.items()], axis=0)
        self.temperature_ = best_temperature(truth, mixed, None if rows.groups is None else _weight(rows.groups) ** 2)
        self.held_out_ = tempered(mixed, self.temperature_)
        self.threshold_ = self._threshold(rows.code, self.held_out_[:, 1]) if len(self.classes_) == 2 else None
        self.members_, self.medians_, self.whitening_ = self._fit_all(self.shares_, rows)

    def _fit_all(self, families: Iterable[str], rows: _Rows) -> tuple[dict[str, Any], FloatArray, FloatArray | None]:
        """Return the fitted families, and the medians and the whitening map of these rows."""
        medians = pd.DataFrame(rows.matrix).median().fillna(0.0).to_numpy(dtype=np.float64)
        matrix, groups = _filled(rows.matrix, medians), rows.groups
        whitening, weight = (None, None) if groups is None else (_whitening(matrix, groups), _weight(groups))
        models: dict[str, Any] = {}
        for family in families:
            if family == BENEATH_STATES and rows.states is not None:
                once = np.ones(len(matrix)) if weight is None else weight**2
                models[family] = StateDiscriminant(self.seed).fit(matrix, rows.code, rows.states, once)
                continue
            seen, model = _seen(family, matrix, whitening), FAMILIES[family](self.seed, self.trees)
            if family in FORESTS:
                # Trees grow on all cores; for answers, waking others costs more than they bring.
                models[family] = model.fit(seen, rows.code, weight).set_params(n_jobs=None)
            else:
                models[family] = model.fit(seen, rows.code)
        return models, medians, whitening

    def _ask(self, family: str, model: Any, matrix: FloatArray, whitening: FloatArray | None) -> FloatArray:
        answer = np.zeros((len(matrix), len(self.classes_)))
        answer[:, model.classes_] = model.predict_proba(_seen(family, matrix, whitening))
        return answer

    def _threshold(self, code: IntArray, probability: FloatArray) -> float:
        if self.miss_cost is None:
            return best_threshold(code, probability)
        return cheapest_threshold(code, probability, missed=self.miss_cost, false_alarm=1.0)

    def predict_proba(self, X: pd.DataFrame) -> FloatArray:
        """Return the calibrated probability of each of ``classes_``, shape (rows, classes)."""
        matrix = _filled(self._check(X)[:, self.used_], self.medians_)
        answers = [
            share * self._ask(family, self.members_[family], matrix, self.whitening_)
            for family, share in self.shares_.items()
        ]
        return tempered(np.sum(answers, axis=0), self.temperature_)

    def predict(self, X: pd.DataFrame) -> npt.NDArray[Any]:
        """Return the class of each row: by ``threshold_`` with two classes, the likeliest with more."""
        return self.decide(self.predict_proba(X))

    def state(self) -> dict[str, Any]:
        """Return parameters and fitted values as plain values, arrays and scikit-learn estimators."""
        kept = super().state()
        plain = {
            family: model.state() if isinstance(model, StateDiscriminant) else model
            for family, model in self.members_.items()
        }
        return kept | {"fitted": kept["fitted"] | {"members_": plain}}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Rebuild from ``state()``; raises ``CorruptArtifact`` for the state of another estimator."""
        made = super().restore(state)
        if BENEATH_STATES in made.members_:
            made.members_ = made.members_ | {BENEATH_STATES: StateDiscriminant.restore(made.members_[BENEATH_STATES])}
        return made

    def decide(self, probability: FloatArray) -> npt.NDArray[Any]:
        """Return the class that ``predict`` names at these probabilities."""
        named = probability.argmax(axis=1)
        if self.threshold_ is not None:
            named = (probability[:, 1] >= self.threshold_).astype(np.intp)
        return np.asarray(self.classes_[named])


def _checked_states(states: pd.DataFrame, rows: int) -> ObjectArray:
    if len(states) != rows or not states.shape[1] or states.isna().to_numpy().any():
        raise InputError("states must hold a value per row and component.", "Give every row's states, or none at all.")
    return np.asarray(states.astype(str).to_numpy(), dtype=object)


def _folds(
    code: IntArray, groups: ObjectArray | None, n_splits: int, seed: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    if groups is None:
        yield from StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(np.zeros(len(code)), code)
        return
    for split in grouped_folds(groups, min(n_splits, len(np.unique(groups))), seed):
        split.check(groups)
        yield split.train, split.test


def _filled(matrix: FloatArray, medians: FloatArray) -> FloatArray:
    return np.where(np.isnan(matrix), medians, matrix)


def _weight(groups: ObjectArray) -> FloatArray:
    """Return a weight per row with which a group counts by the root of its size: rows of a group resemble each other."""
    _, inverse, size = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / np.sqrt(size[inverse]))


def _whitening(matrix: FloatArray, groups: ObjectArray) -> FloatArray | None:
    """Return the map after which rows of one group scatter equally in every direction; None where nothing scatters.

    What moves while the condition stays is noise; the map makes small differences between groups stand out of it.
    Source: Hatch, Kajarekar, Stolcke, "Within-class covariance normalization", Interspeech 2006.
    """
    deviation = np.asarray(matrix.std(axis=0))
    scale = np.where(deviation > 0, deviation, 1.0)
    centre = pd.DataFrame(matrix).groupby(groups).transform("median").to_numpy()
    within = (matrix - centre) / scale * _weight(groups)[:, None]
    covariance = within.T @ within
    spread = float(np.trace(covariance)) / len(scale)
    if spread <= 0:
        return None
    root = np.linalg.cholesky(np.linalg.inv(covariance + SHRINKAGE * spread * np.eye(len(scale))))
    return np.asarray(root / scale[:, None])


def _seen(family: str, matrix: FloatArray, whitening: FloatArray | None) -> FloatArray:
    """Return what a family sees: the features, and for trees the whitened ones beside them."""
    if whitening is None or family not in SEES_WHITENED:
        return matrix
    return np.column_stack([matrix, matrix @ whitening])
