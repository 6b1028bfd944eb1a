"""Fitted boosting trees laid out as flat arrays: few rows are answered in microseconds, with the very same numbers.

scikit-learn walks its trees fast but spends a millisecond per call on checks and threads, which is most of the time
that a single row takes. Many rows are left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from .arrays import BoolArray, FloatArray, IntArray

Booster: TypeAlias = HistGradientBoostingClassifier | HistGradientBoostingRegressor

FEW_ROWS = 32
KEPT = 32


@dataclass(frozen=True)
class FlatTrees:
    """The trees of some boosters below each other: one entry per node, leaves being their own children.

    ``child`` holds the left child at ``2 * node`` and the right one at ``2 * node + 1``; ``starts`` the first tree of
    each output, and the end; ``baseline`` what each output begins with.
    """

    feature: IntArray
    cut: FloatArray
    gaps_go_left: BoolArray
    child: IntArray
    value: FloatArray
    roots: IntArray
    depth: int
    starts: IntArray
    baseline: FloatArray

    def raw(self, matrix: FloatArray) -> FloatArray:
        """Return the raw predictions of ``matrix``, shape (rows, outputs)."""
        x = matrix[:, self.feature]
        left = (x <= self.cut) | (np.isnan(x) & self.gaps_go_left)
        # Where each node leads to: then a step down all trees is a single look-up.
        leads = self.child[np.arange(0, len(self.child), 2) + ~left]
        value = np.empty((len(matrix), len(self.roots)))
        for row, step in enumerate(leads):
            node = self.roots
            for _ in range(self.depth):
                node = step[node]
            value[row] = self.value[node]
        out = np.empty((len(matrix), len(self.baseline)))
        for k, baseline in enumerate(self.baseline):
            own = value[:, self.starts[k] : self.starts[k + 1]]
            own[:, 0] += baseline
            # Summed one after the other, as scikit-learn does, so that not even the last digit differs.
            out[:, k] = own.cumsum(axis=1)[:, -1]
        return out


@lru_cache(maxsize=KEPT)
def flat_trees(boosters: tuple[Booster, ...]) -> FlatTrees:
    """Lay out the trees of fitted ``boosters`` (numeric features only); remembered, as boosters are never refitted."""
    outputs = [
        [step[k] for step in booster._predictors] for booster in boosters for k in range(booster.n_trees_per_iteration_)
    ]
    trees = [tree.nodes for output in outputs for tree in output]
    sizes = np.array([len(nodes) for nodes in trees], dtype=np.int64)
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    nodes, offset = np.concatenate(trees), np.repeat(roots, sizes)
    leaf, own = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
    sides = [np.where(leaf, own, nodes[side] + offset) for side in ("left", "right")]
    return FlatTrees(
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        cut=nodes["num_threshold"].astype(np.float64),
        gaps_go_left=nodes["missing_go_to_left"].astype(bool),
        child=np.column_stack(sides).astype(np.int64).ravel(),
        value=nodes["value"].astype(np.float64),
        roots=roots,
        depth=int(nodes["depth"].max()),
        starts=np.concatenate([[0], np.cumsum([len(output) for output in outputs])]).astype(np.int64),
        baseline=np.concatenate([np.ravel(booster._baseline_prediction) for booster in boosters]),
    )


def raw_predictions(boosters: Sequence[Booster], matrix: FloatArray) -> FloatArray:
    """Return the raw predictions of ``boosters``, shape (rows, outputs): log-odds of classifiers, the regressor's value.

    A classifier of two classes has one output, one of more classes an output per class. ``matrix`` has the boosters'
    features, NaN being gaps.
    """
    if len(matrix) <= FEW_ROWS:
        return flat_trees(tuple(boosters)).raw(matrix)
    return np.hstack([np.asarray(booster._raw_predict(matrix)) for booster in boosters])
