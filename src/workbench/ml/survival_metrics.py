"""How good predicted lives are where some lives were censored: concordance, and Brier score by inverse weights."""

from __future__ import annotations

import numpy as np

from .arrays import FloatArray
from .survival import kaplan_meier


def concordance(duration: FloatArray, failed: FloatArray, risk: FloatArray, entry: FloatArray | None = None) -> float:
    """Share of comparable pairs in which the life of higher ``risk`` ended first; ties of risk count half.

    A pair is comparable where one life failed while the other was watched at that age (``entry`` < age) and lasted
    longer. NaN without such a pair. Source: Harrell, Califf, Pryor, Lee, Rosati, JAMA 1982.

    >>> concordance(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 0.0]), np.array([3.0, 2.0, 1.0]))
    1.0
    """
    began = np.zeros(len(duration)) if entry is None else entry
    better = pairs = 0.0
    for one in np.flatnonzero(failed > 0):
        at = duration[one]
        others = (began < at) & ((duration > at) | ((duration == at) & (failed == 0)))
        others[one] = False
        pairs += float(others.sum())
        better += float((risk[one] > risk[others]).sum() + 0.5 * (risk[one] == risk[others]).sum())
    return better / pairs if pairs else float("nan")


def censored_brier(left: FloatArray, failed: FloatArray, survival: FloatArray, at: FloatArray) -> float:
    """Mean over the times ``at`` of the Brier score of ``survival`` (rows, times), weighted for censoring.

    ``left``: life watched from the moment of the prediction. Failures before t weigh 1/G(their time), lives beyond t
    1/G(t), censored ones before t nothing; G is the Kaplan-Meier curve of censoring. Source: Graf, Schmoor,
    Sauerbrei, Schumacher, Statistics in Medicine 1999.

    >>> perfect = np.array([[0.0], [1.0]])
    >>> censored_brier(np.array([1.0, 9.0]), np.array([1.0, 0.0]), perfect, np.array([5.0]))
    0.0
    """
    times, curve = kaplan_meier(left, 1.0 - failed)
    steps = np.concatenate([[1.0], curve])
    least = steps[steps > 0].min()
    scores = []
    for column, t in enumerate(at):
        # A life censored at its very time of failure was still watched then: the curve just before counts.
        before = np.maximum(steps[np.searchsorted(times, left, side="left")], least)
        beyond = max(float(steps[np.searchsorted(times, t, side="right")]), least)
        died, lived = (left <= t) & (failed > 0), left > t
        chance = survival[:, column]
        scores.append(np.mean(np.where(died, chance**2 / before, np.where(lived, (1 - chance) ** 2 / beyond, 0.0))))
    return float(np.mean(scores))
