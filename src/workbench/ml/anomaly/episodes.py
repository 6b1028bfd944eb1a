"""Alarms over a past record as episodes: when, how strange, and which sensors caused them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.domain.anomalies import AnomalyEpisode
from workbench.domain.predictions import Contribution, Severity
from workbench.ml.arrays import NS_PER_H, FloatArray, IntArray

from .budget import MERGE_H, episode_starts
from .calibration import decades_of

# How many times rarer than the threshold, in decades.
WARNING_DECADES = 1.0
CRITICAL_DECADES = 3.0

# Given the positions of an episode's alarms, returns the sensors that caused it, strongest first.
Causes = Callable[[IntArray], tuple[Contribution, ...]]


def severity_of(peak: float, threshold: float) -> Severity:
    """Return how bad an episode is: ten times rarer than its threshold WARNING, a thousand times CRITICAL, else INFO."""
    rarer = float(decades_of(peak) - decades_of(threshold))
    if rarer >= CRITICAL_DECADES:
        return Severity.CRITICAL
    return Severity.WARNING if rarer >= WARNING_DECADES else Severity.INFO


def find_episodes(
    time: IntArray, score: FloatArray, threshold: float, causes: Causes, *, merge_h: float = MERGE_H
) -> tuple[AnomalyEpisode, ...]:
    """Return the episodes of scores above ``threshold``; ``time`` in ns, ascending; NaN scores raise no alarm."""
    with np.errstate(invalid="ignore"):
        alarms = np.flatnonzero(score > threshold)
    starts = episode_starts(time[alarms] / NS_PER_H, merge_h)
    found = []
    for mine in np.split(alarms, starts[1:]) if len(alarms) else []:
        peak = mine[np.argmax(score[mine])]
        found.append(
            AnomalyEpisode(
                start=moment(time[mine[0]]),
                end=moment(time[mine[-1]]),
                severity=severity_of(float(score[peak]), threshold),
                peak_score=float(score[peak]),
                peak_at=moment(time[peak]),
                alarms=len(mine),
                ongoing=bool((time[-1] - time[mine[-1]]) / NS_PER_H < merge_h),
                sensors=causes(mine),
            )
        )
    return tuple(found)


def moment(stamp: int) -> datetime:
    """Return nanoseconds since 1970 as an aware time."""
    return pd.Timestamp(int(stamp), unit="ns", tz="UTC").to_pydatetime(warn=False)
