"""Figures of a classifier's held-out answers, each with its interval over units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.ml import metrics

from .frame import Metrics, with_intervals

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class HeldOut:
    """One pass over the samples: ``named`` class, ``probability`` (rows, classes) and ``base``, the training rates.

    Every row was answered by a model that did not learn from it. A peer without probabilities has none.
    """

    truth: npt.NDArray[Any]
    named: npt.NDArray[Any]
    classes: npt.NDArray[Any]
    probability: Floats | None = None
    base: Floats | None = None

    def taken(self, rows: Rows) -> HeldOut:
        """Return these rows."""
        probability = None if self.probability is None else self.probability[rows]
        base = None if self.base is None else self.base[rows]
        return HeldOut(self.truth[rows], self.named[rows], self.classes, probability, base)


def binary_figures(answer: HeldOut) -> dict[str, float]:
    """Return F1, precision, recall of the larger class, and PR-AUC, Brier skill, ECE where probabilities are given."""
    truth = (answer.truth == answer.classes[-1]).astype(float)
    called = (answer.named == answer.classes[-1]).astype(float)
    scores = metrics.scores_at(truth, called, 0.5)
    table = {"f1": scores.f1, "precision": scores.precision, "recall": scores.recall}
    if answer.probability is not None and answer.base is not None:
        positive = answer.probability[:, -1]
        table |= {
            "pr_auc": metrics.pr_auc(truth, positive),
            "brier_skill": metrics.multiclass_brier_skill(truth.astype(np.intp), answer.probability, answer.base),
            "ece": metrics.equal_mass_ece(truth, positive),
        }
    return table


def multiclass_figures(answer: HeldOut) -> dict[str, float]:
    """Return macro F1, and ECE of the likeliest class and Brier skill where probabilities are given."""
    table = {"macro_f1": metrics.macro_f1(answer.truth, answer.named)}
    if answer.probability is not None and answer.base is not None:
        code = np.searchsorted(answer.classes, answer.truth)
        table |= {
            "ece": metrics.equal_mass_ece(code, answer.probability),
            "brier_skill": metrics.multiclass_brier_skill(code, answer.probability, answer.base),
        }
    return table


def mean_figures(tables: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each figure over repeats."""
    return {key: float(np.mean([table[key] for table in tables])) for key in tables[0]}


def figures_with_intervals(answers: Sequence[HeldOut], figures: Any, units: npt.ArrayLike, *, draws: int) -> Metrics:
    """Return ``figures`` averaged over repeats, each with its interval over ``units``."""
    return with_intervals(
        lambda rows: mean_figures([figures(answer.taken(rows)) for answer in answers]), units, draws=draws
    )


def base_rates(classes: npt.NDArray[Any], training: npt.NDArray[Any], rows: int) -> Floats:
    """Return the rate of each class in ``training``, repeated for ``rows`` rows."""
    rates = np.array([np.mean(training == one) for one in classes])
    return np.tile(rates, (rows, 1))
