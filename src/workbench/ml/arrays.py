"""Array types and small numeric conversions that every module of the engine shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.errors import InputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]

NS_PER_H = 3_600_000_000_000
_FLOAT = np.dtype(np.float64)
_NS_PER = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def nanoseconds(times: pd.Series[Any] | pd.DatetimeIndex) -> IntArray:
    """Return times as integer nanoseconds since 1970 (UTC), whatever unit they are stored in."""
    if len(times) == 0:
        return np.empty(0, dtype=np.int64)
    if times.dtype.kind != "M":
        times = pd.DatetimeIndex(times)
    # Times with a zone convert to UTC, those without count as UTC; pandas' ``as_unit`` takes many times as long.
    stored: Any = times.array
    stamps, factor = np.asarray(stored.asi8), _NS_PER[stored.unit]
    if factor == 1:
        return stamps
    furthest = np.iinfo(np.int64).max // factor
    if stamps.min() < -furthest or stamps.max() > furthest:
        # A gap, or a time that nanoseconds cannot tell, which pandas refuses.
        return times.to_numpy(dtype="datetime64[ns]").view(np.int64)
    return stamps * factor


def sensor_matrix(frame: pd.DataFrame, names: tuple[str, ...], *, first: int = 0) -> FloatArray:
    """Return one float column per name, from row ``first`` on; a sensor the frame lacks is all NaN."""
    # Each column in one piece: most of what is asked of readings goes down the columns.
    matrix = np.full((len(names), len(frame) - first), np.nan)
    columns = frame.columns
    for position, name in enumerate(names):
        if name in columns:
            column = frame[name]
            # Of floats numpy gives a view; with ``na_value`` pandas would look for gaps first.
            values = column.to_numpy() if column.dtype is _FLOAT else column.to_numpy(dtype=np.float64, na_value=np.nan)
            matrix[position] = values[first:]
    return matrix.T


def refuse_infinite(matrix: FloatArray) -> None:
    """Raise ``InputError`` where a feature is infinite."""
    if np.isinf(matrix).any():
        raise InputError("A feature is infinite.", "Replace infinite values by NaN.")


def known_mean(values: FloatArray, *, axis: int) -> FloatArray:
    """Return the mean of what is known, NaN where nothing is: ``np.nanmean``, which takes several times as long."""
    known = ~np.isnan(values)
    if known.all():
        return np.asarray(values.mean(axis=axis))
    count, total = known.sum(axis=axis), np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def medians(values: FloatArray) -> FloatArray:
    """Return the median along the last axis, of values without gaps: ``np.median``, which takes twice as long."""
    middle = ((values.shape[-1] - 1) // 2, values.shape[-1] // 2)
    parted = np.partition(values, middle, axis=-1)
    return np.asarray((parted[..., middle[0]] + parted[..., middle[1]]) / 2)


def carry_forward(matrix: FloatArray) -> FloatArray:
    """Fill gaps with the last value before them; gaps at the start stay NaN."""
    missing = np.isnan(matrix)
    if not missing.any():
        return matrix
    filled = matrix.copy()
    for column in np.flatnonzero(missing.any(axis=0)):
        gaps = np.flatnonzero(missing[:, column])
        # Neighbouring gaps share what is left of their row when those before them are taken off.
        stretch = gaps - np.arange(len(gaps))
        before = gaps[np.searchsorted(stretch, stretch)] - 1
        filled[gaps, column] = np.where(before < 0, np.nan, matrix[before, column])
    return filled
