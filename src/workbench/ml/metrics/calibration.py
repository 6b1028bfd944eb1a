"""How good probabilities are: skill over the base rate, and what was said against what came."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arguments import Floats, pair


def brier_score(truth: npt.ArrayLike, probability: npt.ArrayLike) -> float:
    """Mean squared difference of probability and outcome (Brier 1950)."""
    a, b = pair(truth, probability)
    return float(np.mean((b - a) ** 2))


def brier_skill(truth: npt.ArrayLike, probability: npt.ArrayLike, base_rate: float | None = None) -> float:
    """Brier skill score: 1 - Brier / Brier of always saying ``base_rate`` (default: the rate in ``truth``).

    1 is perfect, 0 no better than the base rate; NaN when the reference is itself perfect.

    >>> brier_skill([0, 1], [0.0, 1.0]), brier_skill([0, 1], [0.5, 0.5])
    (1.0, 0.0)
    """
    a, b = pair(truth, probability)
    reference = float(np.mean((a - (a.mean() if base_rate is None else base_rate)) ** 2))
    return 1.0 - brier_score(a, b) / reference if reference > 0 else float("nan")


def multiclass_brier_skill(truth: npt.NDArray[np.intp], probability: Floats, base: Floats) -> float:
    """Brier skill over the base rates ``base`` (rows, classes), summed over classes; NaN where those are perfect.

    >>> one = np.eye(2)[[0, 1]]
    >>> multiclass_brier_skill(np.array([0, 1]), one, np.full((2, 2), 0.5))
    1.0
    """
    hit = np.eye(probability.shape[1])[truth]
    reference = float(((base - hit) ** 2).sum())
    return 1.0 - float(((probability - hit) ** 2).sum()) / reference if reference > 0 else float("nan")


def equal_mass_parts(probability: Floats, bins: int = 15) -> list[npt.NDArray[np.intp]]:
    """Return the rows of each of ``bins`` bins that hold equally many of them, ranked by probability.

    >>> [part.tolist() for part in equal_mass_parts(np.array([0.9, 0.1, 0.4, 0.6]), 2)]
    [[1, 2], [3, 0]]
    """
    order = np.argsort(probability, kind="stable")
    return [part for part in np.array_split(order, bins) if len(part)]


def equal_mass_ece(truth: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 15) -> float:
    """Expected calibration error: mean gap of stated probability and observed rate over ``bins`` bins of equally many samples.

    ``probability`` of shape (n,): that of the positive class, ``truth`` 0 or 1. Of shape (n, classes): the top class is
    judged by its confidence, ``truth`` holds class positions. Samples are ranked by probability.
    Source: Nixon, Dusenberry, Zhang, Jerfel, Tran, "Measuring calibration in deep learning", CVPR workshops 2019.

    >>> equal_mass_ece([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], bins=2)
    0.0
    """
    p, outcome = np.asarray(probability, dtype=float), np.asarray(truth)
    if p.ndim == 2:
        outcome, p = p.argmax(axis=1) == outcome, p.max(axis=1)
    gaps = [np.abs((outcome[part] - p[part]).sum()) for part in equal_mass_parts(p, bins)]
    return float(np.sum(gaps) / len(p))
