"""How far predictions of a quantity are off, and how well their intervals hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arguments import pair


def rmse(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    """Root mean squared error, in the unit of the truth.

    >>> rmse([0, 0], [3, 4])
    3.5355339059327378
    """
    a, b = pair(truth, prediction)
    return float(np.sqrt(np.mean((b - a) ** 2)))


def nasa_score(truth: npt.ArrayLike, prediction: npt.ArrayLike) -> float:
    """Asymmetric sum score of the PHM08 challenge; late predictions (d > 0) cost more (lower is better, 0 perfect).

    d = prediction - truth; exp(-d/13) - 1 if d < 0, else exp(d/10) - 1. Source: Saxena, Goebel, Simon, Eklund,
    "Damage propagation modeling for aircraft engine run-to-failure simulation", PHM 2008.

    >>> round(nasa_score([100, 100], [90, 110]), 4)
    2.8764
    """
    a, b = pair(truth, prediction)
    d = b - a
    return float(np.sum(np.expm1(np.where(d < 0, -d / 13.0, d / 10.0))))


def coverage(
    truth: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, upper_open: npt.ArrayLike | None = None
) -> float:
    """Share of truths inside their interval; where ``upper_open`` the interval has no upper end.

    >>> coverage([1, 5, 300], [0, 6, 90], [2, 9, 125], upper_open=[False, False, True])
    0.6666666666666666
    """
    a, low = pair(truth, lower)
    high = np.asarray(upper, dtype=float)
    if upper_open is not None:
        high = np.where(np.asarray(upper_open, dtype=bool), np.inf, high)
    return float(np.mean((low <= a) & (a <= high)))


def interval_score(truth: npt.ArrayLike, lower: npt.ArrayLike, upper: npt.ArrayLike, alpha: float = 0.1) -> float:
    """Mean Winkler score of central (1 - alpha) intervals: width plus 2/alpha times what is missed (lower is better).

    Source: Winkler 1972; Gneiting and Raftery, "Strictly proper scoring rules", JASA 2007, equation 43.

    >>> interval_score([5], [0], [4], alpha=0.1)
    24.0
    """
    a, low = pair(truth, lower)
    _, high = pair(truth, upper)
    missed = np.maximum(low - a, 0) + np.maximum(a - high, 0)
    return float(np.mean(high - low + 2.0 / alpha * missed))
