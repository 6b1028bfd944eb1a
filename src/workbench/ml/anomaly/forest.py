"""Anomalies by an isolation forest, laid out as arrays so that a single reading is scored in microseconds."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import IsolationForest

from workbench.ml.arrays import FloatArray, IntArray, ObjectArray
from workbench.ml.detector import AnomalyDetector

from .budget import budget_threshold
from .calibration import fit_tail, score_of

CHUNK = 4096
SMALLEST_SPREAD = 0.1


class IsolationAnomaly(AnomalyDetector):
    """Isolation forest, and beside it the largest deviation of a single feature; the higher of the two scores counts.

    A forest isolates what lies outside, but cannot tell far from very far; hence the deviation. Each is scored by how
    rare it is among normal rows, the forest's among rows whose unit it had not seen. Missing features count as normal (0),
    so features are to be given as deviations. Source: Liu, Ting, Zhou, "Isolation forest", ICDM 2008.

    Attributes after ``fit``: the forest as arrays (``feature_``, ``cut_``, ``left_``, ``right_``, ``path_``,
    ``depth_``, ``normaliser_``), ``centre_``, ``spread_``, ``tail_``, ``reach_tail_`` and ``threshold_``.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        trees: int = 100,
        sample: int = 256,
        budget: float = 1.0,
        merge_h: float = 24.0,
        smallest_spread: float = SMALLEST_SPREAD,
    ) -> None:
        super().__init__(seed=seed, budget=budget, merge_h=merge_h)
        self.trees = trees
        self.sample = sample
        self.smallest_spread = smallest_spread

    def _fit(self, matrix: FloatArray, groups: ObjectArray, hours: FloatArray) -> None:
        filled = np.nan_to_num(matrix)
        self.centre_ = np.median(filled, axis=0)
        self.spread_ = np.maximum(1.4826 * np.median(np.abs(filled - self.centre_), axis=0), self.smallest_spread)
        raw = self._learn_held_out(filled, groups)
        self.tail_, self.reach_tail_ = fit_tail(raw), fit_tail(self._reach(filled))
        score = np.maximum(score_of(raw, self.tail_), score_of(self._reach(filled), self.reach_tail_))
        self.threshold_ = budget_threshold(score, groups, hours, self.budget, merge_h=self.merge_h)

    def _learn(self, filled: FloatArray) -> None:
        self._pack(
            IsolationForest(
                n_estimators=self.trees, max_samples=min(self.sample, len(filled)), random_state=self.seed
            ).fit(filled)
        )

    def _reach(self, filled: FloatArray) -> FloatArray:
        """Largest deviation of any feature, in robust standard deviations."""
        return np.asarray((np.abs(filled - self.centre_) / self.spread_).max(axis=1))

    def _pack(self, forest: IsolationForest) -> None:
        """Lay the trees out as flat arrays: one row is then scored in microseconds, and only data is stored."""
        feature, cut, left, right, path, roots, depth = [], [], [], [], [], [], 0
        offset = 0
        for estimator, used in zip(forest.estimators_, forest.estimators_features_, strict=True):
            tree = estimator.tree_
            nodes = tree.node_count
            leaf = tree.children_left < 0
            own = np.arange(nodes)
            roots.append(offset)
            feature.append(np.where(leaf, 0, np.asarray(used)[np.maximum(tree.feature, 0)]))
            cut.append(np.where(leaf, np.inf, tree.threshold))
            left.append(np.where(leaf, own, tree.children_left) + offset)
            right.append(np.where(leaf, own, tree.children_right) + offset)
            path.append(depths(tree.children_left, tree.children_right) + average_path(tree.n_node_samples))
            depth = max(depth, int(tree.max_depth))
            offset += nodes
        self.feature_, self.cut_ = np.concatenate(feature).astype(np.int64), np.concatenate(cut)
        self.left_, self.right_ = np.concatenate(left).astype(np.int64), np.concatenate(right).astype(np.int64)
        self.path_, self.roots_, self.depth_ = np.concatenate(path), np.asarray(roots, dtype=np.int64), depth
        self.normaliser_ = float(average_path(np.array([forest.max_samples_]))[0])

    def _raw(self, filled: FloatArray) -> FloatArray:
        """Isolation score of Liu et al., 0.5 for average isolation, towards 1 for isolated rows."""
        out = np.empty(len(filled))
        for start in range(0, len(filled), CHUNK):
            part = filled[start : start + CHUNK]
            node = np.tile(self.roots_, (len(part), 1))
            rows = np.arange(len(part))[:, None]
            for _ in range(self.depth_):
                # scikit-learn's trees compare in single precision
                goes_left = part[rows, self.feature_[node]].astype(np.float32) <= self.cut_[node]
                node = np.where(goes_left, self.left_[node], self.right_[node])
            out[start : start + CHUNK] = 2.0 ** (-self.path_[node].mean(axis=1) / self.normaliser_)
        return out

    def _predict(self, matrix: FloatArray) -> FloatArray:
        filled = np.nan_to_num(matrix)
        isolated = score_of(self._raw(filled), self.tail_)
        return np.maximum(isolated, score_of(self._reach(filled), self.reach_tail_))

    def _blame(self, matrix: FloatArray) -> FloatArray:
        return np.asarray(((np.nan_to_num(matrix) - self.centre_) / self.spread_) ** 2)


def average_path(samples: IntArray) -> FloatArray:
    """Average path length of an unsuccessful search in a binary tree of ``samples`` (Liu et al., equation 1)."""
    n = np.asarray(samples, dtype=np.float64)
    harmonic = np.log(np.maximum(n - 1, 1)) + np.euler_gamma
    return np.where(n > 2, 2 * harmonic - 2 * (n - 1) / np.maximum(n, 1), np.where(n == 2, 1.0, 0.0))


def depths(left: IntArray, right: IntArray) -> FloatArray:
    """Return how deep each node of a tree lies; a leaf's children are negative, and children come after their parents."""
    depth = np.zeros(len(left))
    for node in range(len(left)):
        if left[node] >= 0:
            depth[left[node]] = depth[right[node]] = depth[node] + 1
    return depth
