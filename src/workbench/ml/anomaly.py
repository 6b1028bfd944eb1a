"""Anomalies by an isolation forest, scored by how rare a reading is among normal ones, alarmed by a budget."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import genpareto
from sklearn.ensemble import IsolationForest

from .arrays import FloatArray, IntArray, ObjectArray
from .contract import AnomalyDetector
from .splits import grouped_folds

DECADES = 4.0
TAIL_SHARE = 0.05
MERGE_H = 24.0
HOURS_PER_MONTH = 730.5
CHUNK = 4096
SMALLEST_SPREAD = 0.1


class IsolationAnomaly(AnomalyDetector):
    """Isolation forest; score 0 at the median of normal readings and 1 where one in twenty thousand is that strange.

    A forest isolates what lies outside, but cannot tell far from very far; so the largest deviation of a single
    feature is scored in the same way, and the higher of the two scores counts.

    The score is -log10 of the tail probability among held-out normal rows (doubled), over four; beyond the rows seen the tail is
    a generalised Pareto distribution. The threshold is the smallest score that keeps normal rows within ``budget``
    alarm episodes per unit and month (alarms under 24 h apart are one). Missing features count as normal (0).
    Sources: Liu, Ting, Zhou, "Isolation forest", ICDM 2008; Pickands, Annals of Statistics 1975.

    Attributes after ``fit``: the forest as arrays (``feature_``, ``cut_``, ``left_``, ``right_``, ``path_``,
    ``depth_``, ``normaliser_``), ``centre_``, ``spread_``, ``tail_``, ``reach_tail_`` and ``threshold_``.
    """

    def __init__(self, *, seed: int = 0, trees: int = 100, sample: int = 256, budget: float = 1.0) -> None:
        super().__init__(seed=seed)
        self.trees = trees
        self.sample = sample
        self.budget = budget

    def _fit(self, matrix: FloatArray, groups: ObjectArray, hours: FloatArray) -> None:
        filled = np.nan_to_num(matrix)
        names = np.asarray(groups).astype(str)
        self.centre_ = np.median(filled, axis=0)
        self.spread_ = np.maximum(1.4826 * np.median(np.abs(filled - self.centre_), axis=0), SMALLEST_SPREAD)
        raw = np.full(len(filled), np.nan)
        if len(np.unique(names)) > 1:
            for split in grouped_folds(names, min(3, len(np.unique(names))), self.seed):
                self._pack(self._forest(filled[split.train]))
                raw[split.test] = self._raw(filled[split.test])
        self._pack(self._forest(filled))
        raw = np.where(np.isnan(raw), self._raw(filled), raw)
        self.tail_, self.reach_tail_ = fit_tail(raw), fit_tail(self._reach(filled))
        score = np.maximum(score_of(raw, self.tail_), score_of(self._reach(filled), self.reach_tail_))
        self.threshold_ = budget_threshold(score, names, hours, self.budget)

    def _reach(self, filled: FloatArray) -> FloatArray:
        """Largest deviation of any feature, in robust standard deviations."""
        return np.asarray((np.abs(filled - self.centre_) / self.spread_).max(axis=1))

    def _forest(self, filled: FloatArray) -> IsolationForest:
        return IsolationForest(
            n_estimators=self.trees, max_samples=min(self.sample, len(filled)), random_state=self.seed
        ).fit(filled)

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
            path.append(_depths(tree.children_left, tree.children_right) + _average_path(tree.n_node_samples))
            depth = max(depth, int(tree.max_depth))
            offset += nodes
        self.feature_, self.cut_ = np.concatenate(feature).astype(np.int64), np.concatenate(cut)
        self.left_, self.right_ = np.concatenate(left).astype(np.int64), np.concatenate(right).astype(np.int64)
        self.path_, self.roots_, self.depth_ = np.concatenate(path), np.asarray(roots, dtype=np.int64), depth
        self.normaliser_ = float(_average_path(np.array([forest.max_samples_]))[0])

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
        return self.score(matrix)

    def score(self, matrix: FloatArray) -> FloatArray:
        """Score rows already in the fitted order of columns."""
        filled = np.nan_to_num(matrix)
        isolated = score_of(self._raw(filled), self.tail_)
        return np.maximum(isolated, score_of(self._reach(filled), self.reach_tail_))


def _average_path(samples: IntArray) -> FloatArray:
    """Average path length of an unsuccessful search in a binary tree of ``samples`` (Liu et al., equation 1)."""
    n = np.asarray(samples, dtype=np.float64)
    harmonic = np.log(np.maximum(n - 1, 1)) + np.euler_gamma
    return np.where(n > 2, 2 * harmonic - 2 * (n - 1) / np.maximum(n, 1), np.where(n == 2, 1.0, 0.0))


def _depths(left: IntArray, right: IntArray) -> FloatArray:
    depth = np.zeros(len(left))
    for node in range(len(left)):
        if left[node] >= 0:
            depth[left[node]] = depth[right[node]] = depth[node] + 1
    return depth


def fit_tail(raw: FloatArray) -> dict[str, object]:
    """Describe the upper tail of normal raw scores: quantiles within, generalised Pareto beyond the top 5 %."""
    ordered = np.sort(raw)
    start = float(np.quantile(ordered, 1 - TAIL_SHARE))
    excess = ordered[ordered > start] - start
    shape, scale = 0.0, max(float(np.std(ordered)) * 0.3, 1e-6)
    if len(excess) >= 10:
        shape, _, scale = (float(v) for v in genpareto.fit(excess, floc=0.0))
        # A bounded tail (negative shape) would call everything beyond it impossible.
        shape, scale = float(np.clip(shape, 0.0, 0.5)), max(scale, 1e-6)
    levels = np.linspace(0.0, 1 - TAIL_SHARE, 96)
    return {"levels": levels, "quantiles": np.quantile(ordered, levels), "start": start, "shape": shape, "scale": scale}


def score_of(raw: FloatArray, tail: dict[str, object]) -> FloatArray:
    """Return -log10 of the doubled tail probability (at most 1) over four, clipped to 0..1."""
    start, shape, scale = (float(np.asarray(tail[name])) for name in ("start", "shape", "scale"))
    within = 1.0 - np.interp(raw, np.asarray(tail["quantiles"]), np.asarray(tail["levels"]))
    excess = np.maximum(raw - start, 0.0)
    log_beyond = np.log(TAIL_SHARE) + (-excess / scale if shape < 1e-9 else -np.log1p(shape * excess / scale) / shape)
    log_p = np.where(raw > start, log_beyond, np.log(np.maximum(within, 1e-12)))
    return np.asarray(np.clip(-(log_p + np.log(2.0)) / np.log(10.0) / DECADES, 0.0, 1.0))


def episodes(times_h: FloatArray, merge_h: float = MERGE_H) -> int:
    """Count alarm episodes: alarms under ``merge_h`` apart are one.

    >>> import numpy as np
    >>> episodes(np.array([0.0, 1.0, 30.0]))
    2
    """
    return 0 if len(times_h) == 0 else 1 + int((np.diff(np.sort(times_h)) >= merge_h).sum())


def budget_threshold(score: FloatArray, units: Sequence[str] | ObjectArray, hours: FloatArray, budget: float) -> float:
    """Return the smallest threshold that keeps alarm episodes per unit-month within ``budget``."""
    names = np.asarray(units).astype(str)
    rows = [np.flatnonzero(names == unit) for unit in np.unique(names)]
    months = sum(float(np.ptp(hours[r])) for r in rows if len(r)) / HOURS_PER_MONTH
    allowed = budget * max(months, 1e-6)
    candidates = np.unique(np.concatenate([np.quantile(score, np.linspace(0.8, 1.0, 201)), [1.0]]))
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        count = sum(episodes(hours[r][score[r] > candidates[middle]]) for r in rows)
        low, high = (low, middle) if count <= allowed else (middle + 1, high)
    return float(np.clip(candidates[low], 0.05, 1.0))
