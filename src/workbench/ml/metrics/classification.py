"""How well classes are told: thresholds, ranking, and F1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, NotEnoughData

from .arguments import pair


@dataclass(frozen=True)
class ThresholdScores:
    """Precision, recall and F1 of the positive class at one threshold."""

    threshold: float
    precision: float
    recall: float
    f1: float


def scores_at(truth: npt.ArrayLike, probability: npt.ArrayLike, threshold: float) -> ThresholdScores:
    """Return precision, recall and F1 where a sample is called positive at ``probability >= threshold``.

    A ratio without a denominator counts as 0.

    >>> scores_at([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], 0.5)
    ThresholdScores(threshold=0.5, precision=0.5, recall=0.5, f1=0.5)
    """
    a, b = pair(truth, probability)
    called, positive = b >= threshold, a > 0
    hits = float(np.sum(called & positive))
    precision = hits / max(float(called.sum()), 1.0)
    recall = hits / max(float(positive.sum()), 1.0)
    f1 = 2 * hits / max(float(called.sum() + positive.sum()), 1.0)
    return ThresholdScores(float(threshold), precision, recall, f1)


def best_threshold(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Return the threshold of highest F1; give it out-of-fold probabilities of inner folds, never of the test.

    It lies midway between two neighbouring probabilities, so that it does not hang on one sample's last digit.
    Raises ``NotEnoughData`` without any positive.

    >>> best_threshold([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9])
    0.5
    """
    a, b = pair(truth, probability)
    if not (a > 0).any():
        raise NotEnoughData("A threshold cannot be chosen without any positive sample.", "Give labelled failures.")
    order = np.argsort(-b, kind="stable")
    ranked, hits = b[order], np.cumsum(a[order] > 0)
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))  # tied probabilities are called together
    f1 = 2 * hits[ends] / (ends + 1 + hits[-1])
    best = int(ends[np.argmax(f1)])
    return float((ranked[best] + ranked[best + 1]) / 2) if best + 1 < len(ranked) else float(ranked[best])


def cheapest_threshold(truth: npt.ArrayLike, probability: npt.ArrayLike, *, missed: float, false_alarm: float) -> float:
    """Return the threshold of least cost, where a missed positive costs ``missed`` and a false one ``false_alarm``.

    Give it out-of-fold probabilities. Of calibrated ones it comes near false_alarm / (false_alarm + missed) (Elkan,
    "The foundations of cost-sensitive learning", IJCAI 2001); above 1 it means that no alarm is worth its cost.
    Raises ``InputError`` for costs that are not positive.

    >>> cheapest_threshold([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], missed=10, false_alarm=1)
    0.2
    """
    a, b = pair(truth, probability)
    if missed <= 0 or false_alarm <= 0:
        raise InputError(f"The costs are {missed:g} and {false_alarm:g}.", "Give costs above 0.")
    order = np.argsort(-b, kind="stable")
    ranked, hits = b[order], np.cumsum(a[order] > 0)
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))
    cost = missed * (hits[-1] - hits[ends]) + false_alarm * (ends + 1 - hits[ends])
    if missed * hits[-1] <= cost.min():
        return float(np.nextafter(max(1.0, ranked[0]), 2.0))
    best = int(ends[np.argmin(cost)])
    return float((ranked[best] + ranked[best + 1]) / 2) if best + 1 < len(ranked) else float(ranked[best])


def pr_auc(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Area under the precision-recall curve as average precision (no interpolation); NaN without positives.

    >>> pr_auc([1, 0, 1], [0.9, 0.5, 0.4])
    0.8333333333333333
    """
    a, b = pair(truth, probability)
    order = np.argsort(-b, kind="stable")
    ranked, hits = b[order], np.cumsum(a[order] > 0)
    if hits[-1] == 0:
        return float("nan")
    ends = np.flatnonzero(np.append(np.diff(ranked) < 0, True))
    recall = hits[ends] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * hits[ends] / (ends + 1)))


def roc_auc(truth: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties by half; NaN without both.

    >>> roc_auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.9])
    0.875
    """
    a, b = pair(truth, score)
    positives = float((a > 0).sum())
    negatives = len(a) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(b, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks[a > 0].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def macro_f1(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    """Mean over the classes that occur (in truth or prediction) of each class's F1.

    >>> macro_f1(["a", "a", "b"], ["a", "b", "b"])
    0.6666666666666666
    """
    a, b = np.asarray(truth).astype(str), np.asarray(prediction).astype(str)
    if a.shape != b.shape or a.size == 0:
        raise InputError(f"truth has shape {a.shape}, prediction {b.shape}.", "Give one prediction per truth.")
    each = [2 * np.sum((a == c) & (b == c)) / (np.sum(a == c) + np.sum(b == c)) for c in np.union1d(a, b)]
    return float(np.mean(each))
