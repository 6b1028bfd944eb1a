"""How good predictions are: of quantities, of classes and their probabilities, and of alarms counted as episodes."""

from __future__ import annotations

from .calibration import (
    brier_score,
    brier_skill,
    equal_mass_ece,
    equal_mass_parts,
    multiclass_brier_skill,
)
from .classification import ThresholdScores, best_threshold, cheapest_threshold, macro_f1, pr_auc, roc_auc, scores_at
from .episodes import EpisodeScores, episode_scores
from .regression import coverage, interval_score, nasa_score, rmse
from .uncertainty import bootstrap_interval, bootstrap_intervals, clopper_pearson

__all__ = [
    "EpisodeScores",
    "ThresholdScores",
    "best_threshold",
    "bootstrap_interval",
    "bootstrap_intervals",
    "brier_score",
    "brier_skill",
    "cheapest_threshold",
    "clopper_pearson",
    "coverage",
    "episode_scores",
    "equal_mass_ece",
    "equal_mass_parts",
    "interval_score",
    "macro_f1",
    "multiclass_brier_skill",
    "nasa_score",
    "pr_auc",
    "rmse",
    "roc_auc",
    "scores_at",
]
