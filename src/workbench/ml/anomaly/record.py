"""Anomalies in raw readings, in one piece or one by one: trailing means over a short window, and a detector on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd

from workbench.domain.anomalies import AnomalyEpisode
from workbench.domain.predictions import Contribution
from workbench.errors import CorruptArtifact, InputError, NotEnoughData
from workbench.ml.arrays import NS_PER_H, FloatArray, IntArray, nanoseconds
from workbench.ml.detector import AnomalyDetector
from workbench.ml.serialize import pack, unpack

from .autoencoder import AutoencoderAnomaly
from .episodes import find_episodes
from .forest import IsolationAnomaly
from .subspace import SubspaceAnomaly

DETECTORS: dict[str, type[AnomalyDetector]] = {
    cls.__name__: cls for cls in (IsolationAnomaly, SubspaceAnomaly, AutoencoderAnomaly)
}
WINDOW = 10
BLOCKS = 5
MOST_SENSORS = 3
LEAST_SHARE = 0.1


class RecordDetector:
    """Anomalies of one machine, or of machines that are alike, from readings as they come.

    Each sensor is described by its mean over the last ``window`` readings: single readings scatter, and a fault shifts
    levels for longer. A gap longer than the window starts it anew, and nothing is said (NaN) until half of it has come.
    ``detector`` learns these means, or the last ``steps`` of them where it looks along time; it is calibrated on consecutive fifths of the record, each judged by what the
    others taught. When a reading came never counts.

    ``fit``, ``score`` and ``episodes`` take a table with column ``time`` (ascending) and one column per sensor.
    Attributes after ``fit``: ``sensors_``, ``cadence_ns_``, ``detector_``.
    """

    def __init__(self, detector: AnomalyDetector | None = None, *, window: int = WINDOW) -> None:
        if window < 1:
            raise InputError(f"window is {window}.", "Give a number of readings, 1 or more.")
        self.detector = detector or SubspaceAnomaly()
        self.window = window

    @property
    def threshold(self) -> float:
        """Scores above it are alarms."""
        self._check_fitted()
        return self.detector_.threshold_

    def _check_fitted(self) -> None:
        if not hasattr(self, "detector_"):
            raise NotEnoughData("The detector is not fitted.", "Call fit first.")

    def fit(self, readings: pd.DataFrame) -> Self:
        """Learn what is normal from readings taken as normal; needs 50 rows that can be described. Returns self."""
        time = _times(readings)
        sensors = tuple(str(name) for name in readings.columns if name != "time")
        if not sensors:
            raise InputError("There is no sensor in the readings.", "Give a column per sensor beside 'time'.")
        if len(time) < 2:
            raise NotEnoughData(
                f"{len(time)} readings given, at least {SubspaceAnomaly.min_rows} are needed.", "Collect more."
            )
        self.sensors_ = sensors
        self.cadence_ns_ = int(np.median(np.diff(time)))
        described = self._describe(time, _values(readings, sensors))
        usable = np.flatnonzero(described.notna().any(axis=1))
        blocks = np.array([f"block{k}" for k in np.arange(len(usable)) * BLOCKS // max(len(usable), 1)], dtype=object)
        twin = type(self.detector)(**self.detector.params())
        self.detector_ = twin.fit(described.iloc[usable], groups=blocks, hours=time[usable] / NS_PER_H)
        return self

    def _describe(self, time: IntArray, values: FloatArray) -> pd.DataFrame:
        """Return the trailing means, a column per sensor; all NaN while a window has hardly begun."""
        first = np.diff(time, prepend=time[:1]) > self.cadence_ns_ * self.window
        fresh = np.maximum.accumulate(np.where(first, np.arange(len(time)), 0))
        table = _trailing_mean(values, fresh, self.window)
        age = np.arange(len(time)) - fresh
        table[age + 1 < self._fewest] = np.nan
        return self._table(_stacked(table, age, self.detector.steps))

    def _table(self, rows: FloatArray) -> pd.DataFrame:
        """Return described readings, shape (rows, sensors, steps), as the table that the detector takes."""
        steps = self.detector.steps
        names = (
            list(self.sensors_)
            if steps == 1
            else [f"{s}[{k - steps + 1}]" for s in self.sensors_ for k in range(steps)]
        )
        return pd.DataFrame(rows.reshape(len(rows), -1), columns=names)

    @property
    def _fewest(self) -> int:
        return max(self.window // 2, 1)

    def score(self, readings: pd.DataFrame) -> FloatArray:
        """Return a score from 0 to 1 per reading, NaN where nothing can be said of it."""
        return self._judge(readings)[2]

    def _judge(self, readings: pd.DataFrame) -> tuple[IntArray, pd.DataFrame, FloatArray]:
        self._check_fitted()
        given = [str(name) for name in readings.columns if name != "time"]
        missing, unknown = sorted(set(self.sensors_) - set(given)), sorted(set(given) - set(self.sensors_))
        if missing or unknown:
            told = [f"missing: {', '.join(missing)}"] if missing else []
            told += [f"unknown: {', '.join(unknown)}"] if unknown else []
            raise InputError(f"The sensors are not those of training ({'; '.join(told)}).", "Give the same columns.")
        time = _times(readings)
        described = self._describe(time, _values(readings, self.sensors_))
        score = np.full(len(time), np.nan)
        seen = described.notna().any(axis=1).to_numpy()
        if seen.any():
            score[seen] = self.detector_.score(described[seen])
        return time, described, score

    def episodes(self, readings: pd.DataFrame) -> tuple[AnomalyEpisode, ...]:
        """Return the episodes of alarms in ``readings``, each with the sensors that caused it."""
        time, described, score = self._judge(readings)

        def causes(rows: IntArray) -> tuple[Contribution, ...]:
            return self._causes(described.iloc[rows])

        return find_episodes(time, score, self.threshold, causes, merge_h=self.detector_.merge_h)

    def _causes(self, described: pd.DataFrame) -> tuple[Contribution, ...]:
        """Return the sensors with at least a tenth of the blame, with their mean over the alarms."""
        steps = self.detector.steps
        blame = self.detector_.blame(described).mean(axis=0).reshape(-1, steps).sum(axis=1)
        share = blame / max(float(blame.sum()), 1e-12)
        strongest = [k for k in np.argsort(-share, kind="stable")[:MOST_SENSORS] if share[k] >= LEAST_SHARE]
        found = []
        for k in strongest:
            newest = k * steps + steps - 1
            known = described.iloc[:, newest].dropna()
            value = float(known.mean()) if len(known) else None
            centre, spread = float(self.detector_.centre_[newest]), float(self.detector_.spread_[newest])
            deviation = 0.0 if value is None else (value - centre) / spread
            found.append(Contribution(sensor=self.sensors_[k], deviation=deviation, value=value, baseline=centre))
        return tuple(found)

    def stream(self) -> Stream:
        """Return a stream that judges readings one by one, with the scores that ``score`` gives to the whole record."""
        self._check_fitted()
        return Stream(self)

    def to_bytes(self) -> bytes:
        """Return the fitted detector as bytes (no pickle)."""
        self._check_fitted()
        return pack(
            {
                "kind": type(self).__name__,
                "window": self.window,
                "sensors": list(self.sensors_),
                "cadence_ns": self.cadence_ns_,
                "detector": self.detector_.state(),
            }
        )

    @classmethod
    def from_bytes(cls, payload: bytes) -> Self:
        """Rebuild from ``to_bytes``; raises ``CorruptArtifact`` for changed or foreign content."""
        state: dict[str, Any] = unpack(payload)
        try:
            if state["kind"] != cls.__name__:
                raise CorruptArtifact(f"The bytes hold {state['kind']!r}, not a {cls.__name__}.", "Load it as that.")
            detector = DETECTORS[state["detector"]["kind"]].restore(state["detector"])
            made = cls(type(detector)(**detector.params()), window=int(state["window"]))
            made.detector_, made.sensors_ = detector, tuple(state["sensors"])
            made.cadence_ns_ = int(state["cadence_ns"])
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtifact(f"The detector's content is incomplete: {error}", "Fit it again.") from error
        return made


@dataclass(frozen=True)
class StreamAnswer:
    """What a stream says of one reading; ``begins``: it is the first alarm of a new episode. ``score`` may be NaN."""

    time: datetime
    score: float
    is_anomaly: bool
    begins: bool


class Stream:
    """Judges readings as they come; keeps no more of them than the window."""

    def __init__(self, fitted: RecordDetector) -> None:
        self._fitted = fitted
        self._kept: deque[FloatArray] = deque(maxlen=fitted.window)
        self._means: deque[FloatArray] = deque(maxlen=fitted.detector.steps)
        self._last: int | None = None
        self._last_alarm: int | None = None

    def update(self, time: datetime, reading: Mapping[str, float]) -> StreamAnswer:
        """Judge one reading (a value per sensor; a sensor that is not there or None is a gap).

        Raises ``InputError`` for an unknown sensor, or a time not after the last one.
        """
        fitted = self._fitted
        unknown = sorted(set(reading) - set(fitted.sensors_))
        if unknown:
            raise InputError(f"Unknown sensors: {', '.join(unknown)}.", f"Known: {', '.join(fitted.sensors_)}.")
        now = pd.Timestamp(time).value
        if self._last is not None and now <= self._last:
            raise InputError(f"The reading of {time} is not later than the one before it.", "Send readings in order.")
        if self._last is not None and now - self._last > fitted.cadence_ns_ * fitted.window:
            self._kept.clear()
            self._means.clear()
        self._last = now
        values = [reading.get(name) for name in fitted.sensors_]
        self._kept.append(np.array([np.nan if value is None else float(value) for value in values]))
        score = self._score()
        alarm = score > fitted.threshold
        merge_ns = fitted.detector_.merge_h * NS_PER_H
        begins = alarm and (self._last_alarm is None or now - self._last_alarm >= merge_ns)
        if alarm:
            self._last_alarm = now
        return StreamAnswer(time, score, alarm, begins)

    def _score(self) -> float:
        fitted = self._fitted
        if len(self._kept) < fitted._fewest:
            return float("nan")
        self._means.append(_mean(np.array(self._kept)))
        row = np.full((1, len(fitted.sensors_), fitted.detector.steps), np.nan)
        row[0, :, -len(self._means) :] = np.array(self._means).T
        if np.isnan(row).all():
            return float("nan")
        return float(fitted.detector_.score(fitted._table(row))[0])


def _mean(rows: FloatArray) -> FloatArray:
    """Return the mean per column, NaN where there is no value."""
    known = ~np.isnan(rows)
    count = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(rows.shape[1], np.nan), where=count > 0))


def _stacked(table: FloatArray, age: IntArray, steps: int) -> FloatArray:
    """Return each row with the ``steps - 1`` before it, oldest first, shape (rows, columns, steps); NaN beyond ``age`` rows back."""
    rows = np.arange(len(table))
    out = np.full((*table.shape, steps), np.nan)
    for back in range(steps):
        reached = age >= back
        out[reached, :, steps - 1 - back] = table[rows[reached] - back]
    return out


def _trailing_mean(values: FloatArray, fresh: IntArray, window: int) -> FloatArray:
    """Return ``_mean`` of the last ``window`` rows from ``fresh`` on, to the last bit: a stream must score as the record does."""
    rows = np.arange(len(values))
    total, count = np.zeros(values.shape), np.zeros(values.shape)
    for back in range(min(window, len(values)) - 1, -1, -1):
        reached = values[np.maximum(rows - back, 0)]
        usable = (rows - back >= fresh)[:, None] & ~np.isnan(reached)
        total += np.where(usable, reached, 0.0)
        count += usable
    return np.asarray(np.divide(total, count, out=np.full(values.shape, np.nan), where=count > 0))


def _times(readings: pd.DataFrame) -> IntArray:
    if "time" not in readings.columns:
        raise InputError("The readings have no column 'time'.", "Name the column of times 'time'.")
    time = nanoseconds(pd.DatetimeIndex(readings["time"]))
    if not (np.diff(time) > 0).all():
        raise InputError("The readings are not in ascending order of time.", "Sort them and drop repeated times.")
    return time


def _values(readings: pd.DataFrame, sensors: tuple[str, ...]) -> FloatArray:
    try:
        return readings[list(sensors)].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"A reading is not a number: {error}", "Give numeric columns only.") from error
