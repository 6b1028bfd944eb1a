"""What the decoder leaves: noise of each column with its own distribution, correlated along time and between columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter
from scipy.special import ndtri

from .scales import KNOTS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

ORDER = 3
BURN_IN = 40


@dataclass(frozen=True)
class Noise:
    """Autoregression per column of normal scores, with innovations that are correlated between columns.

    ``quantiles`` (columns, knots) of the noise; ``coefficients`` (columns, order) by Yule and Walker; ``root``: Cholesky
    factor (columns, columns) of the innovations' covariance.
    """

    quantiles: Floats
    coefficients: Floats
    root: Floats

    def draw(self, lengths: Integers, rng: np.random.Generator) -> Floats:
        """Return noise for units of these lengths, shape (rows, columns), independent from unit to unit."""
        whole = lengths + BURN_IN
        shocks = rng.standard_normal((int(whole.sum()), len(self.root))) @ self.root.T
        along = np.empty_like(shocks)
        for k, coefficients in enumerate(self.coefficients):
            along[:, k] = lfilter([1.0], np.concatenate([[1.0], -coefficients]), shocks[:, k])
        place = np.arange(len(along)) - np.repeat(np.cumsum(whole) - whole, whole)
        scores = along[place >= BURN_IN]
        at = ndtri(np.clip(KNOTS, 1e-4, 1 - 1e-4))
        return np.stack([np.interp(scores[:, k], at, self.quantiles[k]) for k in range(scores.shape[1])], axis=1)

    def arrays(self) -> dict[str, Floats]:
        """Return its arrays by name."""
        return {f"noise.{name}": getattr(self, name) for name in ("quantiles", "coefficients", "root")}

    @classmethod
    def restore(cls, arrays: dict[str, npt.NDArray[Any]]) -> Noise:
        """Return the noise that ``arrays`` came from."""
        return cls(**{name[6:]: value for name, value in arrays.items() if name.startswith("noise.")})


def fit_noise(left: Floats, lengths: Integers) -> Noise:
    """Learn from what is left of each row, shape (rows, columns), unit after unit."""
    count, width = left.shape
    scores = ndtri((left.argsort(axis=0).argsort(axis=0) + 0.5) / count)
    unit = np.repeat(np.arange(len(lengths)), lengths)
    lagged = [_lagged(scores, unit, lag) for lag in range(ORDER + 1)]
    own = np.stack([np.diagonal(one) for one in lagged], axis=1)
    coefficients = np.zeros((width, ORDER))
    for k in range(width):
        coefficients[k] = _stable(solve_toeplitz(own[k, :ORDER], own[k, 1:]))
    shocks = scores[ORDER:].copy()
    for lag in range(1, ORDER + 1):
        shocks -= coefficients[:, lag - 1] * scores[ORDER - lag : -lag]
    shocks = shocks[unit[ORDER:] == unit[:-ORDER]]
    # Yule-Walker's innovation variance keeps each column at unit variance; the shocks give the correlation.
    deviation = np.sqrt(np.maximum(1.0 - (coefficients * own[:, 1:] / own[:, :1]).sum(axis=1), 1e-4))
    correlation = np.nan_to_num(np.corrcoef(shocks, rowvar=False).reshape(width, width))
    np.fill_diagonal(correlation, 1.0)
    root = np.linalg.cholesky(0.999 * correlation + 0.001 * np.eye(width))
    return Noise(np.quantile(left, KNOTS, axis=0).T, coefficients, deviation[:, None] * root)


def _lagged(scores: Floats, unit: Integers, lag: int) -> Floats:
    """Return the covariance of rows with those ``lag`` rows later in the same unit."""
    together = unit[lag:] == unit[: len(unit) - lag]
    early, late = scores[: len(scores) - lag][together], scores[lag:][together]
    return np.atleast_2d(early.T @ late / max(len(early), 1))


def _stable(coefficients: Floats) -> Floats:
    """Return an autoregression that dies out: coefficients shrunk until every root lies within 0.98."""
    for _ in range(200):
        largest = np.abs(np.roots(np.concatenate([[1.0], -coefficients]))).max(initial=0.0)
        if largest <= 0.98:
            return coefficients
        coefficients = coefficients * 0.98 ** np.arange(1, len(coefficients) + 1)
    return np.zeros_like(coefficients)
