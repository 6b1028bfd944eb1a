"""Which class a sample shows beneath the states of other components: a discriminant that takes their effects away."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Self

import numpy as np
from scipy.special import softmax
from sklearn.ensemble import ExtraTreesClassifier

from .arrays import FloatArray, IntArray, ObjectArray

DEGREES = 4.0
RIDGE = 5.0
CLASS_RIDGE = 0.01
SHRINKAGE = 0.01
ROUNDS = 10
UNSEEN = -1e3


class StateDiscriminant:
    """Linear discriminant on what is left of the features once the effects of other components' states are removed.

    Within a regime, features = effect of the class + effects of the other states and of their pairs + error, fitted by
    ridge regression. The regime is the state that moves the features most; each has its own effects and scatter. The
    errors are multivariate t (Lange, Little, Taylor, JASA 84, 1989): rows that fit nothing, since the machine has not
    settled or is wrongly labelled, count little in ``fit``, and a row far from all that was seen gets an unsure answer.
    States of other components are known in training only; for an answer they are estimated from the same features.

    A class that a regime never showed is not named there. Attributes after ``fit``:
    ``classes_``, ``regime_`` (position of that state), ``trees_`` (which tell the states), ``levels_``, ``parts_``.
    """

    def __init__(self, seed: int = 0, trees: int = 60) -> None:
        self.seed = seed
        self.trees = trees

    def fit(self, matrix: FloatArray, code: IntArray, states: ObjectArray, weight: FloatArray) -> Self:
        """Fit on rows without gaps; ``states`` (rows, components) are names, ``weight`` is each row's. Returns self."""
        self.classes_, code = np.unique(code, return_inverse=True)
        self.levels_ = [np.unique(column) for column in states.T]
        self.trees_ = [
            ExtraTreesClassifier(self.trees, random_state=self.seed, n_jobs=-1)
            .fit(matrix, column, weight)
            .set_params(n_jobs=None)
            for column in states.T
        ]
        told = [
            (column[:, None] == levels).astype(np.float64)
            for column, levels in zip(states.T, self.levels_, strict=True)
        ]
        self.regime_ = int(np.argmax([_moved(matrix, level) for level in told]))
        regimes = told[self.regime_].astype(bool).T
        design = _design(told, self.regime_)
        self.parts_ = [_part(matrix[own], code[own], design[own], weight[own], len(self.classes_)) for own in regimes]
        return self

    def predict_proba(self, matrix: FloatArray) -> FloatArray:
        """Return the probability of each of ``classes_``, shape (rows, classes)."""
        told = [trees.predict_proba(matrix) for trees in self.trees_]
        design, regime = _design(told, self.regime_), told[self.regime_].argmax(axis=1)
        likelihood = np.zeros((len(matrix), len(self.classes_)))
        for number, part in enumerate(self.parts_):
            own = regime == number
            left = (matrix[own] - part["centre"]) / part["scale"] - design[own] @ part["effects"]
            away = left[:, None, :] - part["levels"][None]
            distance = np.einsum("nci,ij,ncj->nc", away, part["precision"], away)
            likelihood[own] = -0.5 * (DEGREES + matrix.shape[1]) * np.log1p(distance / DEGREES) + part["unseen"]
        return np.asarray(softmax(likelihood, axis=1))

    def state(self) -> dict[str, Any]:
        """Return parameters and fitted values as plain values, arrays and scikit-learn estimators."""
        return dict(vars(self))

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Rebuild from ``state()``."""
        made = cls()
        vars(made).update(state)
        return made


def _design(told: list[FloatArray], regime: int) -> FloatArray:
    """Return the probabilities of all states but the regime's, and the products of each two components' states."""
    others = [column for number, column in enumerate(told) if number != regime]
    pairs = [(a[:, :, None] * b[:, None, :]).reshape(len(a), -1) for a, b in combinations(others, 2)]
    return np.column_stack([np.empty((len(told[0]), 0)), *others, *pairs])


def _moved(matrix: FloatArray, level: FloatArray) -> float:
    """Return the share of the features' variance between the levels of a state, averaged over the features."""
    share = level.sum(axis=0) / len(level)
    means = level.T @ matrix / level.sum(axis=0)[:, None]
    between = share @ (means - matrix.mean(axis=0)) ** 2
    return float(np.mean(between / np.maximum(matrix.var(axis=0), 1e-300)))


def _part(
    matrix: FloatArray, code: IntArray, design: FloatArray, weight: FloatArray, classes: int
) -> dict[str, FloatArray]:
    """Return the effects of classes and states in one regime, and the precision of what they leave over."""
    centre = np.median(matrix, axis=0)
    scale = 1.4826 * np.median(np.abs(matrix - centre), axis=0)
    spread = matrix.std(axis=0)
    scale = np.where(scale > 0, scale, np.where(spread > 0, spread, 1.0))
    scaled, truth = (matrix - centre) / scale, np.eye(classes)[code]
    known = np.column_stack([truth, design])
    ridge = np.diag(np.repeat([CLASS_RIDGE, RIDGE], [classes, design.shape[1]]))
    fits = np.ones(len(matrix))
    for _ in range(ROUNDS):
        counts = weight * fits
        effects = np.linalg.solve((known * counts[:, None]).T @ known + ridge, (known * counts[:, None]).T @ scaled)
        left = scaled - known @ effects
        scatter = (left * counts[:, None]).T @ left / weight.sum()
        scatter += SHRINKAGE * np.diag(np.maximum(np.diag(scatter), 1e-9))
        precision = np.linalg.inv(scatter)
        fits = (DEGREES + matrix.shape[1]) / (DEGREES + np.einsum("ni,ij,nj->n", left, precision, left))
    return {
        "centre": centre,
        "scale": scale,
        "levels": effects[:classes],
        "effects": effects[classes:],
        "precision": precision,
        "unseen": np.where(truth.any(axis=0), 0.0, UNSEEN),
    }
