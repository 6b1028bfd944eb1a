"""Honest figures from held-out answers: calibration and thresholds for a unit come from the other units."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray, ObjectArray
from .health import apply_curve, fit_curve
from .metrics import best_threshold, brier_skill, coverage, expected_calibration_error, pr_auc, rmse, scores_at
from .rul import BoostedRul
from .splits import grouped_folds

FOLDS = 5


def cross_calibrated(log_odds: FloatArray, y: FloatArray, groups: ObjectArray, seed: int) -> FloatArray:
    """Calibrate each unit's held-out log-odds by a curve fitted on the other units."""
    out = np.full(len(y), np.nan)
    names = np.asarray(groups).astype(str)
    for split in grouped_folds(names, min(FOLDS, len(np.unique(names))), seed + 1):
        curve = fit_curve(log_odds[split.train], y[split.train])
        out[split.test] = apply_curve(log_odds[split.test], curve)
    return out


def health_metrics(log_odds: FloatArray, y: FloatArray, groups: ObjectArray, seed: int) -> dict[str, float | None]:
    """Return base rate, pr_auc, Brier skill, ECE and F1 (threshold of the other units) of one horizon."""
    known = ~np.isnan(log_odds) & ~np.isnan(y)
    truth, names = y[known], np.asarray(groups)[known].astype(str)
    if len(np.unique(truth)) < 2 or len(np.unique(names)) < 2:
        return {"base_rate": float(truth.mean()) if len(truth) else None}
    probability = cross_calibrated(log_odds[known], truth, names, seed)
    hits = np.zeros(len(truth), dtype=bool)
    for split in grouped_folds(names, min(FOLDS, len(np.unique(names))), seed + 1):
        if (truth[split.train] == 1).any():
            hits[split.test] = probability[split.test] >= best_threshold(truth[split.train], probability[split.train])
    chosen = scores_at(truth, hits.astype(float), 0.5)
    return {
        "base_rate": float(truth.mean()),
        "pr_auc": pr_auc(truth, probability),
        "brier_skill": brier_skill(truth, probability),
        "ece": expected_calibration_error(truth, probability, bins=15),
        "f1": chosen.f1,
        "precision": chosen.precision,
        "recall": chosen.recall,
        "threshold": best_threshold(truth, probability),
    }


def life_metrics(model: BoostedRul, y: FloatArray, groups: ObjectArray, seed: int) -> dict[str, float | None]:
    """Return RMSE, MAE, skill over the mean, coverage and width of the 90 % interval, all on held-out units."""
    known = ~np.isnan(model.held_out_)
    truth, point, names = y[known], model.held_out_[known], np.asarray(groups)[known].astype(str)
    if len(truth) == 0:
        return {}
    bands = np.empty((len(truth), 3))
    for split in grouped_folds(names, min(FOLDS, len(np.unique(names))), seed + 1):
        probe = BoostedRul(cap=model.cap, seed=seed)
        probe.calibrate(truth[split.train], point[split.train], names[split.train])
        bands[split.test] = probe.with_interval(point[split.test])
    error = rmse(truth, point)
    spread = float(np.std(truth))
    return {
        "rmse": error,
        "mae": float(np.mean(np.abs(truth - point))),
        "skill": 1.0 - (error / spread) ** 2 if spread > 0 else None,
        "coverage_90": coverage(truth, bands[:, 1], bands[:, 2], bands[:, 2] >= model.cap),
        "median_width_90": float(np.median(bands[:, 2] - bands[:, 1])),
    }
