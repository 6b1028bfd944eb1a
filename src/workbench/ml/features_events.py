"""Features from asset events: error counts in trailing windows, and time since components were replaced."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.domain.observations import EventKind

from .arrays import NS_PER_H, FloatArray, IntArray, nanoseconds
from .spec import FeatureSpec


def _counts(events: IntArray, at: IntArray, windows_h: tuple[float, ...]) -> dict[str, FloatArray]:
    """Events in ``(t - window, t]`` for each window."""
    until = np.searchsorted(events, at, side="right")
    lengths = np.array([int(hours * NS_PER_H) for hours in windows_h], dtype=np.int64)
    since = np.searchsorted(events, at - lengths[:, None], side="right")
    return {f"{hours:g}h": (until - before).astype(np.float64) for hours, before in zip(windows_h, since, strict=True)}


def _since(events: IntArray, at: IntArray) -> FloatArray:
    """Hours since the last event up to each time, NaN before the first."""
    index = np.searchsorted(events, at, side="right")
    last = np.concatenate([[0], events])[index]
    return np.where(index > 0, (at - last) / NS_PER_H, np.nan)


def event_features(events: pd.DataFrame, at: IntArray, spec: FeatureSpec) -> dict[str, FloatArray]:
    """Count errors and time replacements at each time of ``at`` (ns), by the codes that ``spec`` knows."""
    stamps = nanoseconds(events["time"])
    kinds, causes = events["kind"].to_numpy(dtype=object), events["cause"].to_numpy(dtype=object)
    errors = kinds == str(EventKind.ERROR)
    renewed = kinds == str(EventKind.REPLACEMENT)
    out = {f"errors_{h}": count for h, count in _counts(stamps[errors], at, spec.windows.events_h).items()}
    out["since_error_h"] = _since(stamps[errors], at)
    out["since_maintenance_h"] = _since(stamps[renewed | (kinds == str(EventKind.MAINTENANCE))], at)
    for code in spec.error_codes:
        mine = stamps[errors & (causes == code)]
        out |= {f"error_{code}_{h}": count for h, count in _counts(mine, at, spec.windows.events_h).items()}
        out[f"since_error_{code}_h"] = _since(mine, at)
    ages = []
    for cause in spec.causes:
        ages.append(_since(stamps[renewed & (causes == cause)], at))
        out[f"since_replacement_{cause}_h"] = ages[-1]
    if ages:
        out["oldest_component_h"] = np.fmax.reduce(np.column_stack(ages), axis=1)
    return out
