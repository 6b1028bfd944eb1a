"""Anomaly detectors behind one contract, their alarm budget, and episodes over a record.

``IsolationAnomaly``, ``SubspaceAnomaly`` and ``AutoencoderAnomaly`` (extra ``deep``) take plain feature tables;
``RecordDetector`` takes raw readings with their times, in one piece or one by one. Scores run from 0 (normal) to 1, and a
threshold comes from an alarm budget. The subspace is the default by evidence: the autoencoder raises more false alarms
on public records (benchmarks ``skab``, ``nab``, ``metropt3``).

A further detector subclasses ``IndexDetector`` (``_learn``, ``_raw``, ``_blame``), keeps its fitted state as plain values
and arrays, and joins ``DETECTORS``; artefacts, episodes, streams and the test suite then hold for it too.
"""

from __future__ import annotations

from .autoencoder import AutoencoderAnomaly
from .budget import HOURS_PER_MONTH, MERGE_H, alarm_threshold, budget_threshold, count_episodes
from .calibration import decades_of
from .episodes import find_episodes
from .forest import IsolationAnomaly
from .record import DETECTORS, RecordDetector, Stream, StreamAnswer
from .subspace import SubspaceAnomaly

__all__ = [
    "DETECTORS",
    "HOURS_PER_MONTH",
    "MERGE_H",
    "AutoencoderAnomaly",
    "IsolationAnomaly",
    "RecordDetector",
    "Stream",
    "StreamAnswer",
    "SubspaceAnomaly",
    "alarm_threshold",
    "budget_threshold",
    "count_episodes",
    "decades_of",
    "find_episodes",
]
