"""Features from asset events: error counts in trailing windows, and time since components were replaced."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.domain.observations import EventKind

from .arrays import NS_PER_H, FloatArray, IntArray, nanoseconds
from .spec import FeatureSpec


def _counts(events: IntArray, at: IntArray, starts: IntArray) -> FloatArray:
    """Events in ``(start, t]`` for each window, shape (windows, times) as ``starts`` has it."""
    if not len(events):
        return np.zeros(starts.shape)
    until = np.searchsorted(events, at, side="right")
    return np.asarray(until - np.searchsorted(events, starts, side="right"), dtype=np.float64)


def _since(events: IntArray, at: IntArray) -> FloatArray:
    """Hours since the last event up to each time, NaN before the first."""
    if not len(events):
        return np.full(len(at), np.nan)
    index = np.searchsorted(events, at, side="right")
    return np.where(index > 0, (at - events[index - 1]) / NS_PER_H, np.nan)


def event_features(events: pd.DataFrame, at: IntArray, spec: FeatureSpec) -> dict[str, FloatArray]:
    """Count errors and time replacements at each time of ``at`` (ns), by the codes that ``spec`` knows."""
    stamps = nanoseconds(events["time"])
    kinds, causes = events["kind"].to_numpy(dtype=object), events["cause"].to_numpy(dtype=object)
    errors = kinds == str(EventKind.ERROR)
    renewed = kinds == str(EventKind.REPLACEMENT)
    windows = [f"{hours:g}h" for hours in spec.windows.events_h]
    lengths = np.array([int(hours * NS_PER_H) for hours in spec.windows.events_h], dtype=np.int64)
    starts = at - lengths[:, None]
    out = {f"errors_{h}": count for h, count in zip(windows, _counts(stamps[errors], at, starts), strict=True)}
    out["since_error_h"] = _since(stamps[errors], at)
    out["since_maintenance_h"] = _since(stamps[renewed | (kinds == str(EventKind.MAINTENANCE))], at)
    error_times, error_causes = stamps[errors], causes[errors]
    for code in spec.error_codes:
        mine = error_times[error_causes == code]
        counts = _counts(mine, at, starts)
        out |= {f"error_{code}_{h}": count for h, count in zip(windows, counts, strict=True)}
        out[f"since_error_{code}_h"] = _since(mine, at)
    ages = []
    for cause in spec.causes:
        ages.append(_since(stamps[renewed & (causes == cause)], at))
        out[f"since_replacement_{cause}_h"] = ages[-1]
    if ages:
        out["oldest_component_h"] = np.fmax.reduce(np.column_stack(ages), axis=1)
    return out
