"""Features from asset events: error counts in trailing windows, and time since components were replaced."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from workbench.domain.observations import EventKind

from .arrays import NS_PER_H, BoolArray, FloatArray, IntArray, nanoseconds
from .spec import FeatureSpec


def _counts(stamps: IntArray, shown: BoolArray, at: IntArray, starts: IntArray) -> FloatArray:
    """Events in ``(start, t]`` of each column of ``shown``, for ``starts`` (windows, times): (windows, times, columns)."""
    number = np.zeros((len(stamps) + 1, shown.shape[1]))
    np.cumsum(shown, axis=0, out=number[1:])
    return np.asarray(
        number[np.searchsorted(stamps, at, side="right")] - number[np.searchsorted(stamps, starts, side="right")]
    )


def _since(stamps: IntArray, shown: BoolArray, at: IntArray) -> FloatArray:
    """Hours since the last event of each column of ``shown`` up to each time, NaN before the first: (times, columns)."""
    place = np.zeros((len(stamps) + 1, shown.shape[1]), dtype=np.int64)
    np.maximum.accumulate(np.where(shown, np.arange(1, len(stamps) + 1)[:, None], 0), axis=0, out=place[1:])
    last = place[np.searchsorted(stamps, at, side="right")]
    return np.where(last > 0, (at[:, None] - np.append(0, stamps)[last]) / NS_PER_H, np.nan)


def event_features(events: pd.DataFrame, at: IntArray, spec: FeatureSpec) -> dict[str, FloatArray]:
    """Count errors and time replacements at each time of ``at`` (ns), by the codes that ``spec`` knows."""
    stamps = nanoseconds(events["time"])
    kinds, causes = events["kind"].to_numpy(dtype=object), events["cause"].to_numpy(dtype=object)
    error, renewed = kinds == str(EventKind.ERROR), kinds == str(EventKind.REPLACEMENT)
    served = renewed | (kinds == str(EventKind.MAINTENANCE))
    coded = error[:, None] & (causes[:, None] == np.array(spec.error_codes, dtype=object))
    replaced = renewed[:, None] & (causes[:, None] == np.array(spec.causes, dtype=object))
    errors = np.concatenate([error[:, None], coded], axis=1)
    lengths = np.array([int(hours * NS_PER_H) for hours in spec.windows.events_h], dtype=np.int64)
    counts = _counts(stamps, errors, at, at - lengths[:, None])
    since = _since(stamps, np.concatenate([errors, served[:, None], replaced], axis=1), at)
    since_error, since_served, ages = np.split(since, [errors.shape[1], errors.shape[1] + 1], axis=1)
    # Of all errors, then of each code: the counts, and the hours since the last.
    by_code = np.concatenate([counts, since_error[None]]).transpose(2, 0, 1)
    parts = [by_code[0], since_served.T, by_code[1:].reshape(-1, len(at)), ages.T]
    if spec.causes:
        parts.append(np.fmax.reduce(ages, axis=1)[None])
    return dict(zip(_names(spec.windows.events_h, spec.error_codes, spec.causes), np.concatenate(parts), strict=True))


@lru_cache(maxsize=64)
def _names(events_h: tuple[float, ...], codes: tuple[str, ...], causes: tuple[str, ...]) -> tuple[str, ...]:
    windows = [f"{hours:g}h" for hours in events_h]
    names = [f"errors_{window}" for window in windows] + ["since_error_h", "since_maintenance_h"]
    for code in codes:
        names += [f"error_{code}_{window}" for window in windows] + [f"since_error_{code}_h"]
    names += [f"since_replacement_{cause}_h" for cause in causes]
    return (*names, "oldest_component_h") if causes else tuple(names)
