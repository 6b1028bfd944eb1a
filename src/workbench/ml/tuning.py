"""Tuning within a number of trials: seeded settings, judged on held-out units, with what the choice itself flatters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from .arrays import FloatArray, ObjectArray
from .contract import Estimator

E = TypeVar("E", bound=Estimator)
DRAWS = 200
# By the name of the parameter; an estimator is tuned in those that it has.
SPACE: Mapping[str, tuple[float, ...]] = {
    "iterations": (40, 60, 100, 150, 250),
    "learning_rate": (0.03, 0.06, 0.1),
    "leaves": (4, 6, 10, 15, 31),
    "least_leaf": (10, 15, 25, 40, 80),
    "l2": (0.0, 1.0, 5.0),
    "column_share": (0.2, 0.3, 0.5, 1.0),
}


@dataclass(frozen=True)
class Tuning:
    """How long to tune: ``trials`` settings, the shipped one first; ``enough`` may end it before, as a cap on time."""

    trials: int = 1
    enough: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Tuned(Generic[E]):
    """The chosen estimator, fitted; ``flattery`` is how much better the choice makes its loss look than it is."""

    estimator: E
    tried: int
    loss: float
    shipped_loss: float
    flattery: float

    def parameters(self) -> dict[str, float | int]:
        """Return what the registry keeps of the tuning."""
        if self.tried <= 1:
            return {"trials": self.tried}
        return {
            "trials": self.tried,
            "tuned_loss": self.loss,
            "shipped_loss": self.shipped_loss,
            "flattery": self.flattery,
        }


def tuned(
    shipped: E, fit: Callable[[E], object], losses: Callable[[E], FloatArray], groups: ObjectArray, tuning: Tuning
) -> Tuned[E]:
    """Fit settings of ``shipped`` and keep the best; the shipped one unless another is better by a standard error.

    Args:
        shipped: the estimator with its shipped settings, not fitted; its seed seeds the trials.
        fit: fits an estimator on the training units.
        losses: loss of each row when its unit was held out; NaN where it was not.
        groups: unit of each row.
        tuning: how many settings.

    A difference is judged over units, not rows (one-standard-error rule; Hastie et al. 2009, section 7.10), and must be
    more than the choice flatters. The flattery is estimated by bootstrap of the units: the choice on those drawn, its loss on those left out (Tsamardinos
    et al., "Bootstrapping the out-of-sample predictions", Machine Learning 2018).
    """
    settings = candidates(shipped, tuning.trials)
    if len(settings) == 1:
        fit(shipped)
        return Tuned(shipped, 1, float("nan"), float("nan"), 0.0)
    made: list[E] = []
    by_unit: list[FloatArray] = []
    for setting in settings:
        if made and tuning.enough():
            break
        model = type(shipped)(**setting)
        fit(model)
        made.append(model)
        by_unit.append(_unit_losses(losses(model), groups))
    table = np.array(by_unit)
    best, flattery = _chosen(table), _flattery(table, shipped.seed)
    if _mean(table[0]) - _mean(table[best]) <= flattery:
        best, flattery = 0, 0.0
    return Tuned(made[best], len(made), _mean(table[best]), _mean(table[0]), flattery)


def candidates(shipped: Estimator, trials: int) -> list[dict[str, Any]]:
    """Return ``trials`` different settings, the shipped one first; the same seed gives the same."""
    own = shipped.params()
    names = [name for name in SPACE if name in own]
    rng = np.random.default_rng(shipped.seed)
    found = [own]
    most = int(np.prod([len(SPACE[name]) for name in names])) if names else 1
    while len(found) < min(trials, most):
        drawn = {name: type(own[name])(SPACE[name][int(rng.integers(len(SPACE[name])))]) for name in names}
        if (setting := {**own, **drawn}) not in found:
            found.append(setting)
    return found


def _unit_losses(losses: FloatArray, groups: ObjectArray) -> FloatArray:
    """Return the mean loss of each unit, in order of the units' names."""
    names = np.asarray(groups).astype(str)
    known = ~np.isnan(losses)
    _, inverse = np.unique(names, return_inverse=True)
    counts = np.bincount(inverse[known], minlength=inverse.max() + 1)
    sums = np.bincount(inverse[known], weights=losses[known], minlength=inverse.max() + 1)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), dtype=np.float64)


def _mean(losses: FloatArray) -> float:
    known = losses[~np.isnan(losses)]
    return float(known.mean()) if len(known) else float("nan")


def _chosen(table: FloatArray) -> int:
    """Return the row of least mean loss; row 0 unless that row beats it by one standard error over units."""
    if np.isnan(table).all():
        return 0
    best = int(np.argmin([_mean(row) if not np.isnan(row).all() else np.inf for row in table]))
    gain = table[0] - table[best]
    gain = gain[~np.isnan(gain)]
    if best == 0 or len(gain) < 2:
        return 0
    return best if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)) else 0


def _flattery(table: FloatArray, seed: int) -> float:
    complete = table[:, ~np.isnan(table).any(axis=0)]
    units = complete.shape[1]
    if len(complete) < 2 or units < 2:
        return 0.0
    rng = np.random.default_rng(seed)
    inside, outside = [], []
    for _ in range(DRAWS):
        drawn = rng.integers(0, units, units)
        left = np.setdiff1d(np.arange(units), drawn)
        if len(left):
            best = _chosen(complete[:, drawn])
            inside.append(float(complete[best, drawn].mean()))
            outside.append(float(complete[best, left].mean()))
    return max(float(np.mean(outside) - np.mean(inside)), 0.0) if inside else 0.0
