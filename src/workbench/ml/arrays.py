"""Array types and small numeric conversions that every module of the engine shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]

NS_PER_H = 3_600_000_000_000


def nanoseconds(times: pd.Series[Any] | pd.DatetimeIndex) -> IntArray:
    """Return times as integer nanoseconds since 1970 (UTC), whatever unit they are stored in."""
    if len(times) == 0:
        return np.empty(0, dtype=np.int64)
    index = pd.DatetimeIndex(times)
    if index.tz is None:
        index = index.tz_localize("UTC")
    return np.asarray(index.as_unit("ns").asi8, dtype=np.int64)


def sensor_matrix(frame: pd.DataFrame, names: tuple[str, ...]) -> FloatArray:
    """Return one float column per name; a sensor the frame lacks is all NaN."""
    matrix = np.full((len(frame), len(names)), np.nan)
    for position, name in enumerate(names):
        if name in frame.columns:
            matrix[:, position] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return matrix


def carry_forward(matrix: FloatArray) -> FloatArray:
    """Fill gaps with the last value before them; gaps at the start stay NaN."""
    if not np.isnan(matrix).any():
        return matrix
    rows = np.where(np.isnan(matrix), 0, np.arange(len(matrix))[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return matrix[rows, np.arange(matrix.shape[1])[None, :]]
