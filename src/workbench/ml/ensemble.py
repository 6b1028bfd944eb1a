"""Remaining useful life by boosted trees and a network together, each with the share that held-out units give it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from .arrays import FloatArray, ObjectArray
from .contract import Refeature
from .intervals import CalibratedRul
from .near_end import NearEnd, fit_near_end
from .network import NetworkRul
from .rul import BoostedRul

GRID = np.linspace(0.0, 1.0, 11)
# A gain counts from two standard errors over units: about where its 95 % interval excludes none.
SURE = 2.0


class BlendedRul(CalibratedRul):
    """Weighted mean of ``BoostedRul`` and ``NetworkRul``, calibrated on the blend of their held-out answers.

    The network's share is the one of least squared error on held-out training units (stacking with one convex weight;
    Breiman, Machine Learning 1996), and nought where that gain is within two standard errors over units: then trees
    answer alone. Where that surely gains on held-out units too, the last part of a life is told again from the
    blend, the age and the ways of wear (``NearEnd``). The parameters are those of the trees, and ``epochs`` of the network.

    Attributes after ``fit``: ``boosted_``, ``network_`` (points only; None without a share), ``share_``, ``gain_`` (mean squared error
    that the blend saves on held-out units, in squared life units), ``near_end_`` (None without a gain), and those of
    ``CalibratedRul``.
    """

    # As artefacts have it that were written before there was one.
    near_end_: NearEnd | None = None

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
        epochs: int = 25,
        n_splits: int = 5,
    ) -> None:
        super().__init__(cap=cap, seed=seed, n_splits=n_splits)
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.least_leaf = least_leaf
        self.column_share = column_share
        self.epochs = epochs

    def _members(self) -> tuple[BoostedRul, NetworkRul]:
        params = self.params()
        epochs = params.pop("epochs")
        network = NetworkRul(cap=self.cap, seed=self.seed, epochs=epochs, n_splits=self.n_splits)
        return BoostedRul(**params), network

    def _fit(
        self,
        X: pd.DataFrame,
        y: FloatArray,
        groups: ObjectArray,
        weight: FloatArray | None,
        refeature: Refeature | None,
    ) -> None:
        boosted, network = self._members()
        by_trees, rows = boosted.cross_fit(X, y, groups, weight, refeature)
        by_network, _ = network.cross_fit(X, y, groups, weight, refeature)
        self.used_ = boosted.used_
        self.share_, self.gain_ = best_share(y, by_trees, by_network, groups)
        self.boosted_: BoostedRul = boosted
        self.network_: NetworkRul | None = network if self.share_ > 0 else None
        blend = (1 - self.share_) * by_trees + self.share_ * by_network
        names = [self.feature_names_[at] for at in self.used_]
        self.near_end_, told = fit_near_end(
            names, rows, blend, y, groups, cap=self.cap, n_splits=self.n_splits, seed=self.seed + 3
        )
        self._settle(y, told, rows, groups)

    def _point(self, matrix: FloatArray) -> FloatArray:
        blend = self.blend(matrix)
        return blend if self.near_end_ is None else self.near_end_.refined(blend, matrix)

    def blend(self, matrix: FloatArray) -> FloatArray:
        """Return what trees and network say together of the columns ``used_``."""
        point = np.clip(self.boosted_._point(matrix), 0.0, self.cap)
        if self.network_ is None:
            return point
        return (1 - self.share_) * point + self.share_ * np.clip(self.network_._point(matrix), 0.0, self.cap)

    def state(self) -> dict[str, Any]:
        """Return parameters and fitted values, the members as their own states."""
        state = super().state()
        for name in ("boosted_", "network_", "near_end_"):
            member = state["fitted"].get(name)
            state["fitted"][name] = None if member is None else member.state()
        return state

    @classmethod
    def restore(cls, state: dict[str, Any]) -> Self:
        """Rebuild from ``state()``; raises ``CorruptArtifact`` for the state of another estimator."""
        made = super().restore(state)
        members = (("boosted_", BoostedRul.restore), ("network_", NetworkRul.restore), ("near_end_", NearEnd.restore))
        for name, restore in members:
            member = getattr(made, name)
            setattr(made, name, None if member is None else restore(member))
        return made


def best_share(y: FloatArray, boosted: FloatArray, network: FloatArray, groups: ObjectArray) -> tuple[float, float]:
    """Return the network's share of least mean squared error over held-out units, and what it saves; (0, 0) if unsure.

    Units count alike, however long their records; rows whose life left is capped count as far as they are answered.
    """
    known = ~np.isnan(boosted) & ~np.isnan(network)
    if not known.any():
        return 0.0, 0.0
    _, unit = np.unique(np.asarray(groups)[known].astype(str), return_inverse=True)
    rows = np.bincount(unit)
    answers = [(1 - share) * boosted[known] + share * network[known] for share in GRID]
    errors = np.array([np.bincount(unit, (answer - y[known]) ** 2) / rows for answer in answers])
    best = int(np.argmin(errors.mean(axis=1)))
    saved = errors[0] - errors[best]
    if best == 0 or len(rows) < 2 or saved.mean() <= SURE * saved.std(ddof=1) / np.sqrt(len(rows)):
        return 0.0, 0.0
    return float(GRID[best]), float(saved.mean())
