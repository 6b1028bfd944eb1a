"""Anomalies by principal components: how far a row lies within the normal subspace (T2) and how far off it (Q)."""

from __future__ import annotations

import numpy as np

from workbench.ml.arrays import FloatArray

from .index import IndexDetector

LIMIT_LEVEL = 0.99
LARGEST_Z = 50.0
CONSTANT_SHARE = 1e-6
SMALLEST_SHARE = 0.01
NOTHING = 1e-9


class SubspaceAnomaly(IndexDetector):
    """Principal components of standardised features; index T2 / limit + Q / limit, each limit the 99 % point of training.

    The components that hold ``variance`` of the training variance span the normal subspace. A feature that never
    moved counts as moving by a hundredth of its level, so that it may tremble but not jump.
    Missing values count as the training mean. The score says how rare the index is among rows of groups that the
    components had not seen. Sources: Jackson and Mudholkar, Technometrics 1979; Yue and Qin, "Reconstruction-based fault
    identification using a combined index", Industrial & Engineering Chemistry Research 2001.

    Attributes after ``fit``: ``centre_``, ``spread_``, ``components_`` (components, features), ``variances_``,
    ``t2_limit_``, ``q_limit_``, ``metric_`` (features, features; the index is z' metric z), ``tail_``, ``threshold_``.
    """

    folds = 5

    def __init__(self, *, seed: int = 0, variance: float = 0.95, budget: float = 1.0, merge_h: float = 24.0) -> None:
        super().__init__(seed=seed, budget=budget, merge_h=merge_h)
        self.variance = variance

    def _learn(self, matrix: FloatArray) -> None:
        known = ~np.isnan(matrix)
        count = np.maximum(known.sum(axis=0), 1)
        self.centre_ = np.where(known, matrix, 0.0).sum(axis=0) / count
        deviation = np.sqrt(np.where(known, (matrix - self.centre_) ** 2, 0.0).sum(axis=0) / count)
        level = np.maximum(np.abs(self.centre_), NOTHING)
        self.spread_ = np.where(deviation > CONSTANT_SHARE * level, deviation, SMALLEST_SHARE * level)
        z = self._standardised(matrix)
        _, singular, axes = np.linalg.svd(z, full_matrices=False)
        variances = singular**2 / max(len(z) - 1, 1)
        share = np.cumsum(variances) / max(float(variances.sum()), NOTHING)
        kept = min(int(np.searchsorted(share, self.variance)) + 1, int((variances > NOTHING).sum()))
        self.components_, self.variances_ = axes[:kept], variances[:kept]
        t2, q = self._parts(z)
        self.t2_limit_, self.q_limit_ = (max(float(np.quantile(part, LIMIT_LEVEL)), NOTHING) for part in (t2, q))
        within = (self.components_.T / self.variances_) @ self.components_ / self.t2_limit_
        # Where the components hold everything, what is left is rounding.
        off = np.eye(z.shape[1]) - self.components_.T @ self.components_
        self.metric_ = within + (off / self.q_limit_ if self.q_limit_ > 1e-6 else 0.0)

    def _standardised(self, matrix: FloatArray) -> FloatArray:
        return np.nan_to_num(np.clip((matrix - self.centre_) / self.spread_, -LARGEST_Z, LARGEST_Z))

    def _parts(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return T2 and Q of standardised rows."""
        inside = z @ self.components_.T
        t2 = (inside**2 / self.variances_).sum(axis=1)
        return t2, np.maximum((z**2).sum(axis=1) - (inside**2).sum(axis=1), 0.0)

    def _raw(self, matrix: FloatArray) -> FloatArray:
        z = self._standardised(matrix)
        return np.asarray(np.einsum("ij,jk,ik->i", z, self.metric_, z))

    def _blame(self, matrix: FloatArray) -> FloatArray:
        # Complete decomposition: the squares of metric^(1/2) z sum to the index (Alcala and Qin, Automatica 2009).
        values, vectors = np.linalg.eigh(self.metric_)
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return np.asarray((self._standardised(matrix) @ root) ** 2)
