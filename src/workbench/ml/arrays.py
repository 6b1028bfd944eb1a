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
    if times.dtype.kind != "M":
        times = pd.DatetimeIndex(times)
    # Times with a zone convert to UTC, those without count as UTC; by numpy, ten times as fast as pandas' ``as_unit``.
    return times.to_numpy(dtype="datetime64[ns]").view(np.int64)


def sensor_matrix(frame: pd.DataFrame, names: tuple[str, ...], *, first: int = 0) -> FloatArray:
    """Return one float column per name, from row ``first`` on; a sensor the frame lacks is all NaN."""
    matrix = np.full((len(frame) - first, len(names)), np.nan)
    for position, name in enumerate(names):
        if name in frame.columns:
            column = frame[name]
            # Of floats numpy gives a view; with ``na_value`` pandas would look for gaps first.
            is_float = column.dtype == np.float64
            values = column.to_numpy() if is_float else column.to_numpy(dtype=np.float64, na_value=np.nan)
            matrix[:, position] = values[first:]
    return matrix


def carry_forward(matrix: FloatArray) -> FloatArray:
    """Fill gaps with the last value before them; gaps at the start stay NaN."""
    if not np.isnan(matrix).any():
        return matrix
    rows = np.where(np.isnan(matrix), 0, np.arange(len(matrix))[:, None])
    np.maximum.accumulate(rows, axis=0, out=rows)
    return matrix[rows, np.arange(matrix.shape[1])[None, :]]
