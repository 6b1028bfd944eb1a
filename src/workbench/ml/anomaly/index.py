"""Detectors whose score says how rare one index is among normal rows of groups that they had not seen."""

from __future__ import annotations

from workbench.ml.arrays import FloatArray, ObjectArray
from workbench.ml.detector import AnomalyDetector

from .budget import budget_threshold
from .calibration import fit_tail, score_of


class IndexDetector(AnomalyDetector):
    """Calibrates what ``_learn`` and ``_raw`` of a subclass say; sets ``tail_`` and ``threshold_``.

    A row's ``_blame`` sums to its ``_raw``: explanations rest on it.
    """

    def _fit(self, matrix: FloatArray, groups: ObjectArray, hours: FloatArray) -> None:
        raw = self._learn_held_out(matrix, groups)
        self.tail_ = fit_tail(raw)
        self.threshold_ = budget_threshold(score_of(raw, self.tail_), groups, hours, self.budget, merge_h=self.merge_h)

    def _predict(self, matrix: FloatArray) -> FloatArray:
        return score_of(self._raw(matrix), self.tail_)
