"""Readings at or beyond the limits of the profile: warning after 3 of 5 readings, critical after 2 in a row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.domain.equipment import Limits, MachineProfile, Sensor
from workbench.domain.predictions import LimitCrossing, Severity

from .arrays import BoolArray, FloatArray, IntArray

OF_LAST, NEEDED, IN_A_ROW = 5, 3, 2


def _sides(limits: Limits) -> list[tuple[Severity, str, float]]:
    """Limits that are set, critical first."""
    named = [
        (Severity.CRITICAL, "above", limits.critical_high),
        (Severity.CRITICAL, "below", limits.critical_low),
        (Severity.WARNING, "above", limits.warning_high),
        (Severity.WARNING, "below", limits.warning_low),
    ]
    return [(severity, side, limit) for severity, side, limit in named if limit is not None]


def _fires(beyond: BoolArray, severity: Severity) -> bool:
    if severity is Severity.CRITICAL:
        return len(beyond) >= IN_A_ROW and bool(beyond[-IN_A_ROW:].all())
    return int(beyond[-OF_LAST:].sum()) >= NEEDED


def _streak(beyond: BoolArray) -> int:
    """First row of the present excursion: it ends where fewer than 3 of the last 5 readings are beyond."""
    count = np.convolve(beyond.astype(np.int64), np.ones(OF_LAST, dtype=np.int64))[: len(beyond)]
    calm = np.flatnonzero(count < min(NEEDED, OF_LAST))
    start = int(calm[-1]) + 1 if len(calm) else 0
    window = beyond[max(0, start - OF_LAST + 1) :]
    return max(0, start - OF_LAST + 1) + int(np.argmax(window))


def _crossing(sensor: Sensor, values: FloatArray, time: IntArray) -> LimitCrossing | None:
    known = ~np.isnan(values)
    values, time = values[known], time[known]
    if len(values) < IN_A_ROW or sensor.limits is None:
        return None
    for severity, side, limit in _sides(sensor.limits):
        beyond = values >= limit if side == "above" else values <= limit
        if not _fires(beyond, severity):
            continue
        first = _streak(beyond) if severity is Severity.WARNING else _run_start(beyond)
        return LimitCrossing(
            sensor=sensor.name,
            severity=severity,
            value=float(values[beyond][-1]),
            limit=limit,
            direction="above" if side == "above" else "below",
            unit=sensor.unit,
            standard=sensor.limits.standard,
            since=pd.Timestamp(int(time[first]), unit="ns", tz="UTC").to_pydatetime(warn=False),
            readings=int(beyond[first:].sum()),
        )
    return None


def _run_start(beyond: BoolArray) -> int:
    calm = np.flatnonzero(~beyond)
    return int(calm[-1]) + 1 if len(calm) else 0


def find_crossings(profile: MachineProfile, values: FloatArray, time: IntArray) -> list[LimitCrossing]:
    """Find the limits that the last running readings cross, critical ones first.

    ``values``: (rows, sensors of the profile in their order), running rows only; ``time`` in ns.
    """
    found = [_crossing(s, values[:, k], time) for k, s in enumerate(profile.sensors) if s.limits is not None]
    crossings = [crossing for crossing in found if crossing is not None]
    return sorted(crossings, key=lambda c: (c.severity is not Severity.CRITICAL, c.sensor))
