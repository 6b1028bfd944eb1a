"""The last part of a life, told again from the predicted point, the age and how far each way of wear has gone.

Models that learn whole lives are held back near their end by all the rows in which nothing happens yet. A small
quadratic form fitted there alone, on points of units that were held out, answers more exactly (stacked
generalisation; Wolpert, Neural Networks 1992).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .arrays import FloatArray, ObjectArray, known_mean
from .splits import grouped_folds
from .wear import ways_of_wear

# Shares of the cap: points up to which the form answers, the stretch below it over which it fades in, the life left from
# which on more of it says nothing, and that at which a life counts as at its end.
REACH, FADE, FURTHEST, END = 0.64, 0.16, 0.8, 0.12
# Standard deviations beyond which an input bends the form no further.
BENT = 3.0
RIDGE = 10.0
# A gain counts from two standard errors over units.
SURE = 2.0
# Of how many window lengths means and slopes of the indicators are taken, the shortest first.
WINDOWS = 2
_STATISTIC = re.compile(r"(?P<sensor>.+)_(?P<kind>mean|slope)(?P<length>\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class NearEnd:
    """A fitted form: the inputs ``point`` and ``(features, gaps as usual_) @ mix``, standardised, their squares and products with the point.

    ``usual`` (features,), ``mix`` (features, inputs - 1), ``centre`` and ``scale`` (inputs,), ``weights`` (1 + terms,).
    """

    cap: float
    usual: FloatArray
    mix: FloatArray
    centre: FloatArray
    scale: FloatArray
    weights: FloatArray

    def inputs(self, point: FloatArray, matrix: FloatArray) -> FloatArray:
        """Return the form's inputs, shape (rows, inputs), from points and features."""
        return np.column_stack([point, np.where(np.isnan(matrix), self.usual, matrix) @ self.mix])

    def life(self, inputs: FloatArray) -> FloatArray:
        """Return life left by inputs: the form near the end, the point itself beyond, fading from one to the other."""
        point = inputs[:, 0]
        share = np.clip((REACH * self.cap - point) / (FADE * self.cap), 0.0, 1.0)
        told = _terms((inputs - self.centre) / self.scale) @ self.weights
        return np.asarray(share * np.clip(told, 0.0, self.cap) + (1 - share) * point)

    def refined(self, point: FloatArray, matrix: FloatArray) -> FloatArray:
        """Return points told again."""
        return self.life(self.inputs(point, matrix))

    def state(self) -> dict[str, Any]:
        """Return the form as plain values and arrays."""
        return asdict(self)

    @classmethod
    def restore(cls, state: dict[str, Any]) -> NearEnd:
        """Rebuild from ``state()``."""
        return cls(**state)


def fit_near_end(
    names: Sequence[str],
    matrix: FloatArray,
    point: FloatArray,
    y: FloatArray,
    groups: ObjectArray,
    *,
    cap: float,
    n_splits: int,
    seed: int,
) -> tuple[NearEnd | None, FloatArray]:
    """Return the form and the points told again by forms that did not learn from their unit; None where it surely gains nothing.

    Args:
        names: features, among them statistics ``<sensor>_mean<n>`` and ``<sensor>_slope<n>``.
        matrix: their values, shape (rows, features).
        point: life left as predicted when the row's unit was held out; without any it stays as it is.
        y: life left, ``cap`` where it is more.
        groups: the unit of each row; rows of a unit together, in order of time.
        cap: the largest life left that is told apart.
        n_splits: parts in which units are held out.
        seed: of these parts.
    """
    near = np.flatnonzero(point <= REACH * cap)
    unit = np.asarray(groups).astype(str)
    if len(np.unique(unit[near])) < 2 * n_splits:
        return None, point
    told = point.copy()
    for split in grouped_folds(unit, n_splits, seed):
        form = _fit(names, matrix[split.train], point[split.train], y[split.train], unit[split.train], cap)
        if form is None:
            return None, point
        told[split.test] = form.refined(point[split.test], matrix[split.test])
    _, own = np.unique(unit[near], return_inverse=True)
    saved = np.bincount(own, (point[near] - y[near]) ** 2 - (told[near] - y[near]) ** 2) / np.bincount(own)
    if saved.mean() <= SURE * saved.std(ddof=1) / np.sqrt(len(saved)):
        return None, point
    return _fit(names, matrix, point, y, unit, cap), told


def _fit(
    names: Sequence[str], matrix: FloatArray, point: FloatArray, y: FloatArray, unit: ObjectArray, cap: float
) -> NearEnd | None:
    """Fit the form to rows near the end, every unit counting alike; None where no way of wear was seen."""
    mix = _mix(names, matrix, y, unit, cap)
    near = np.flatnonzero(point <= REACH * cap)
    if mix is None or not len(near):
        return None
    usual: FloatArray = np.nan_to_num(known_mean(matrix[near], axis=0))
    blank = NearEnd(cap, usual, mix, np.zeros(1), np.ones(1), np.zeros(1))
    inputs = blank.inputs(point[near], matrix[near])
    centre, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-9)
    terms = _terms((inputs - centre) / scale)
    _, own = np.unique(unit[near], return_inverse=True)
    weight = (1.0 / np.bincount(own))[own]
    weight *= len(weight) / weight.sum()
    penalty = RIDGE * np.eye(terms.shape[1])
    penalty[0, 0] = 0.0
    moments = terms.T @ (weight * np.minimum(y[near], FURTHEST * cap))
    weights: FloatArray = np.asarray(
        np.linalg.solve((terms * weight[:, None]).T @ terms + penalty, moments), dtype=np.float64
    )
    return NearEnd(cap, usual, mix, centre, scale, weights)


def _terms(inputs: FloatArray) -> FloatArray:
    """Return one, the standardised inputs, their squares and the products of the others with the first."""
    bent = np.clip(inputs, -BENT, BENT)
    return np.column_stack([np.ones(len(inputs)), inputs, bent**2, bent[:, :1] * bent[:, 1:]])


def _mix(names: Sequence[str], matrix: FloatArray, y: FloatArray, unit: ObjectArray, cap: float) -> FloatArray | None:
    """Return what each feature adds to the age and to each statistic of each way of wear; None where none was seen."""
    place: dict[tuple[str, str, float], int] = {}
    for at, name in enumerate(names):
        if found := _STATISTIC.fullmatch(name):
            place[found["sensor"], found["kind"], float(found["length"])] = at
    lengths = {kind: sorted({one[2] for one in place if one[1] == kind})[:WINDOWS] for kind in ("mean", "slope")}
    wanted = [(kind, length) for kind, some in lengths.items() for length in some]
    sensors = [one for one in dict.fromkeys(one[0] for one in place) if all((one, *stat) in place for stat in wanted)]
    if not lengths["mean"] or not sensors:
        return None
    levels = matrix[:, [place[sensor, *wanted[0]] for sensor in sensors]]
    # A unit has several lives where it was renewed: life left rises.
    begins = (np.diff(y, prepend=y[0]) > 0) | (unit != np.roll(unit, 1))
    ways = ways_of_wear(levels, np.cumsum(begins), y, near=END * cap)
    if not len(ways):
        return None
    mix = np.zeros((len(names), len(wanted) * len(ways)))
    for column, (way, stat) in enumerate((way, stat) for way in ways for stat in wanted):
        mix[[place[sensor, *stat] for sensor in sensors], column] = way
    age = np.array([[float(name == "age")] for name in names])
    return np.hstack([age, mix]) if age.any() else mix
