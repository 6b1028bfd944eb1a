"""Honest figures from held-out answers: calibration for a unit comes from the other units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arrays import BoolArray, FloatArray, ObjectArray
from .health import apply_curve, fit_curve
from .intervals import CalibratedRul
from .metrics import (
    bootstrap_intervals,
    brier_skill,
    coverage,
    equal_mass_ece,
    pr_auc,
    rmse,
    roc_auc,
    scores_at,
)
from .splits import grouped_folds

FOLDS = 5
# Intervals come from this many draws of units, over at most this many rows.
DRAWS, MOST_ROWS = 200, 3000

Rows = npt.NDArray[np.intp]
Intervals = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class HeldOutAnswers:
    """Probabilities of one horizon, each calibrated on the other units, and the alarms that costs make of them."""

    truth: FloatArray
    probability: FloatArray
    alarm: BoolArray
    groups: ObjectArray

    def figures(self) -> dict[str, float]:
        """Return the figures that ML7 asks of a classifier; the alarm is the positive answer."""
        chosen = scores_at(self.truth, self.alarm.astype(float), 0.5)
        return {
            "pr_auc": pr_auc(self.truth, self.probability),
            "roc_auc": roc_auc(self.truth, self.probability),
            "brier_skill": brier_skill(self.truth, self.probability),
            "ece": equal_mass_ece(self.truth, self.probability),
            "accuracy": float((self.alarm == (self.truth > 0)).mean()),
            "f1": chosen.f1,
            "precision": chosen.precision,
            "recall": chosen.recall,
        }

    def answering(self, rate: float) -> HeldOutAnswers:
        """Return what is judged where every row is answered by ``rate``, which tells no row from another: no alarms."""
        return HeldOutAnswers(self.truth, np.full(len(self.truth), rate), np.zeros_like(self.alarm), self.groups)

    def take(self, rows: Rows) -> HeldOutAnswers:
        """Return some of the rows."""
        return HeldOutAnswers(self.truth[rows], self.probability[rows], self.alarm[rows], self.groups[rows])


def cross_calibrated(log_odds: FloatArray, y: FloatArray, groups: ObjectArray, seed: int) -> FloatArray:
    """Calibrate each unit's held-out log-odds, shape (rows, margins), by a curve fitted on the other units."""
    out = np.full(len(y), np.nan)
    names = np.asarray(groups).astype(str)
    for split in grouped_folds(names, min(FOLDS, len(np.unique(names))), seed + 1):
        curve = fit_curve(log_odds[split.train], y[split.train])
        out[split.test] = apply_curve(log_odds[split.test], curve)
    return out


def held_out_answers(
    log_odds: FloatArray, y: FloatArray, groups: ObjectArray, seed: int, *, act_from: float | FloatArray
) -> HeldOutAnswers | None:
    """Return the held-out answers of one horizon; None where one outcome or one unit alone is known.

    ``log_odds``: shape (rows, margins), the horizon's own last (``BoostedHealth.margins_of``). ``act_from``: the
    probability (of each row) from which planned work costs less than the risk, cost of planned work over that of a
    failure (Elkan, "The foundations of cost-sensitive learning", IJCAI 2001). Above it the answer is an alarm.
    """
    known = ~np.isnan(log_odds[:, -1]) & ~np.isnan(y)
    truth, names = y[known], np.asarray(groups)[known].astype(str)
    if len(np.unique(truth)) < 2 or len(np.unique(names)) < 2:
        return None
    probability = cross_calibrated(log_odds[known], truth, names, seed)
    alarm = probability > np.broadcast_to(act_from, known.shape)[known]
    return HeldOutAnswers(truth, probability, alarm, names.astype(object))


def held_out_bands(model: CalibratedRul, y: FloatArray, groups: ObjectArray, seed: int) -> FloatArray:
    """Return median, lower and upper of rows, each unit's interval calibrated on the other units; NaN where not held out."""
    known = np.flatnonzero(~np.isnan(model.held_out_))
    truth, point, names = y[known], model.held_out_[known], np.asarray(groups)[known].astype(str)
    spread = model.held_spread_[known]
    bands = np.full((len(y), 3), np.nan)
    folds = min(FOLDS, len(np.unique(names)))
    bands[known] = model.cross_bands(truth, point, names, spread, n_splits=folds, seed=seed + 1)
    return bands


def life_metrics(truth: FloatArray, bands: FloatArray, cap: float) -> dict[str, float | None]:
    """Return RMSE, MAE, skill over the mean, coverage and width of the 90 % interval of held-out answers."""
    error = rmse(truth, bands[:, 0])
    spread = float(np.std(truth))
    return {
        "rmse": error,
        "mae": float(np.mean(np.abs(truth - bands[:, 0]))),
        "skill": 1.0 - (error / spread) ** 2 if spread > 0 else None,
        "coverage_90": coverage(truth, bands[:, 1], bands[:, 2], bands[:, 2] >= cap),
        "median_width_90": float(np.median(bands[:, 2] - bands[:, 1])),
    }


def unit_intervals(figures: Callable[[Rows], dict[str, float]], groups: ObjectArray, seed: int) -> Intervals:
    """Return the 95 % interval of each figure of rows, by bootstrap of whole units.

    Long records are thinned for it, and the interval is moved to where the figure of all rows lies.
    """
    rows = np.arange(len(groups))
    thin = rows[:: max(1, int(np.ceil(len(rows) / MOST_ROWS)))]
    drawn = bootstrap_intervals(lambda picked: figures(thin[picked]), groups[thin].astype(str), draws=DRAWS, seed=seed)
    whole, part = figures(rows), figures(thin)
    return {
        name: (low + whole[name] - part[name], high + whole[name] - part[name]) for name, (low, high) in drawn.items()
    }
