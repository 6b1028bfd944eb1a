"""Whether a model of remaining life learns from synthetic sequences what it would learn from real ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MEANS = (15, 30)


class LifeModel:
    """HistGradientBoostingRegressor on rolling means over 15 and 30 rows of every column; target min(life, ``cap``)."""

    def __init__(self, cap: float, seed: int) -> None:
        self.cap, self.seed = cap, seed

    def fit(self, parts: list[tuple[Floats, Integers, Floats]]) -> LifeModel:
        """Learn from parts of (rows, lengths of units, remaining life)."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        self._model: Any = HistGradientBoostingRegressor(random_state=self.seed)
        features = np.vstack([rolling_means(rows, lengths) for rows, lengths, _ in parts])
        self._model.fit(features, np.minimum(np.concatenate([life for _, _, life in parts]), self.cap))
        return self

    def squared_errors(self, rows: Floats, lengths: Integers, life: Floats) -> Floats:
        """Return the sum of squared errors of every unit, shape (units,)."""
        errors = self._model.predict(rolling_means(rows, lengths)) - np.minimum(life, self.cap)
        return np.asarray(np.bincount(np.repeat(np.arange(len(lengths)), lengths), errors**2), dtype=np.float64)


def rolling_means(rows: Floats, lengths: Integers) -> Floats:
    """Return means over the last 15 and 30 rows of each unit, over as many as there are at its beginning."""
    grouped = pd.DataFrame(rows).groupby(np.repeat(np.arange(len(lengths)), lengths), sort=False)
    return np.hstack([grouped.rolling(n, min_periods=1).mean().to_numpy() for n in MEANS])


def rmse(squares: Floats, lengths: Integers, weights: Floats) -> float:
    """Return the root mean squared error over rows from ``squared_errors``, by weights of units."""
    return float(np.sqrt((squares * weights).sum() / (lengths * weights).sum()))
