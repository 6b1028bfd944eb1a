"""The C-MAPSS peer: boosted trees on rolling features of per-condition z-scores, as BENCHMARKS.md fixes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

Floats = npt.NDArray[np.float64]
SETTINGS = ("setting_1", "setting_2", "setting_3")
MEANS = (5, 15, 30)
STD, SLOPE = 30, 20


@dataclass(frozen=True)
class ConditionScaler:
    """Mean and spread of each sensor in each operating condition of the training units."""

    sensors: tuple[str, ...]
    mean: pd.DataFrame
    spread: pd.DataFrame

    @classmethod
    def fit(cls, rows: pd.DataFrame) -> ConditionScaler:
        """Learn from all rows of the training units; sensors that never vary within a condition are left out."""
        sensors = [name for name in rows.columns if name.startswith("s") and name[1:].isdigit()]
        grouped = rows.groupby(condition(rows))[sensors]
        spread = grouped.std().fillna(0.0)
        varying = tuple(name for name in sensors if (spread[name] > 1e-6).any())
        return cls(varying, grouped.mean()[list(varying)], spread[list(varying)].clip(lower=1e-6))

    def transform(self, rows: pd.DataFrame) -> Floats:
        """Return the z-scores of ``rows``; a condition not seen in training takes the first one's scale."""
        at = self.mean.index.get_indexer(pd.Index(condition(rows))).clip(min=0)
        raw = rows[list(self.sensors)].to_numpy(dtype=float)
        scaled: Floats = (raw - self.mean.to_numpy()[at]) / self.spread.to_numpy()[at]
        return scaled


def condition(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the operating condition of each row: altitude and throttle, rounded to the simulator's six points."""
    altitude = rows["setting_1"].round().to_numpy(dtype=float)
    throttle = rows["setting_3"].round().to_numpy(dtype=float)
    codes: npt.NDArray[np.int64] = (np.maximum(altitude, 0) * 1000 + throttle).astype(np.int64)
    return codes


def rolling_features(z: Floats, units: npt.ArrayLike) -> Floats:
    """Return rolling means 5/15/30, std 30 and slope 20 of each column, by unit and from the past only."""
    frame = pd.DataFrame(z)
    grouped = frame.groupby(np.asarray(units), sort=False)
    parts = [grouped.rolling(n, min_periods=1).mean() for n in MEANS]
    parts.append(grouped.rolling(STD, min_periods=1).std().fillna(0.0))
    blocks = [part.droplevel(0).sort_index().to_numpy() for part in parts]
    slopes = np.concatenate([_slopes(z[rows]) for rows in _rows_by_unit(units)])
    order = np.concatenate(_rows_by_unit(units))
    ordered = np.empty_like(slopes)
    ordered[order] = slopes
    return np.hstack([*blocks, ordered])


def _rows_by_unit(units: npt.ArrayLike) -> list[npt.NDArray[np.intp]]:
    codes, _ = pd.factorize(np.asarray(units))
    return [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]


def _slopes(z: Floats) -> Floats:
    """Least-squares slope per row over the last ``SLOPE`` rows, over as many as there are at the start."""
    t = np.arange(len(z), dtype=float)[:, None]
    sums = [np.cumsum(np.vstack([np.zeros(v.shape[1]), v]), axis=0) for v in (t, z, t * t, t * z)]
    end = np.arange(1, len(z) + 1)
    start = np.maximum(end - SLOPE, 0)
    n = (end - start)[:, None].astype(float)
    st, sz, stt, stz = (total[end] - total[start] for total in sums)
    spread = n * stt - st * st
    slope: Floats = np.where(n > 1, (n * stz - st * sz) / np.where(spread > 0, spread, 1.0), 0.0)
    return slope


class RollingPeer:
    """HistGradientBoostingRegressor(max_iter=200, learning_rate=0.06, max_leaf_nodes=15) on those features."""

    def __init__(self, cap: float = 125.0, seed: int = 0) -> None:
        self.cap = cap
        self.model: Any = HistGradientBoostingRegressor(
            max_iter=200, learning_rate=0.06, max_leaf_nodes=15, random_state=seed
        )

    def fit(self, rows: pd.DataFrame) -> RollingPeer:
        """Learn from whole run-to-failure records: columns unit, cycle, settings, sensors; target min(RUL, cap)."""
        life = rows.groupby("unit")["cycle"].transform("max")
        self.scaler_ = ConditionScaler.fit(rows)
        features = rolling_features(self.scaler_.transform(rows), rows["unit"])
        self.model.fit(features, np.minimum(life - rows["cycle"], self.cap))
        return self

    def predict(self, rows: pd.DataFrame) -> Floats:
        """Return the remaining cycles at each row, from that row and those before it of the same unit."""
        features = rolling_features(self.scaler_.transform(rows), rows["unit"])
        remaining: Floats = np.clip(self.model.predict(features), 0.0, self.cap)
        return remaining
