"""Peers that predict failures of the Azure fleet: logistic regression, a count of errors, a threshold on signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.domain.observations import EventKind, MachineData
from workbench.ml.metrics import best_threshold, scores_at
from workbench.ml.splits import grouped_folds

from .azure_data import HORIZON_H, NS_PER_H, Fleet, Floats

INNER_FOLDS = 4
SIGNAL_WINDOWS_H = (3, 6, 12, 24, 48)


class Warner(Protocol):
    """Something that learns from some machines and answers for others."""

    threshold: float

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Warner:
        """Learn from the machine-hours ``rows``, and fix the alarm threshold on them by inner folds."""

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:
        """Return P(failure in the next 24 h) of each row, or a score that rises with it."""


def plain_table(fleet: Fleet) -> Floats:
    """Return, for each machine-hour, the last 24 h's mean of each signal and count of each error code."""
    codes = sorted({c for m in fleet.machines for c in _errors(m)["cause"]})
    blocks = []
    for machine in fleet.machines:
        at, errors = _ns(machine.telemetry["time"]), _errors(machine)
        counts = [_recent(_ns(errors["time"][errors["cause"] == code]), at) for code in codes]
        mine = fleet.row[fleet.machine == machine.profile.machine_id]
        blocks.append(np.column_stack(counts)[mine])
    return np.hstack([_rolling(fleet, int(HORIZON_H)), np.concatenate(blocks)])


def _errors(machine: MachineData) -> pd.DataFrame:
    return machine.events[machine.events["kind"] == str(EventKind.ERROR)]


def _ns(times: pd.Series[Any]) -> npt.NDArray[np.int64]:
    return np.asarray(times.dt.as_unit("ns").astype("int64").to_numpy(dtype=np.int64))


def _recent(events: npt.NDArray[np.int64], at: npt.NDArray[np.int64]) -> Floats:
    since = np.searchsorted(events, at - int(HORIZON_H * NS_PER_H), side="right")
    return (np.searchsorted(events, at, side="right") - since).astype(np.float64)


class LogisticPeer:
    """Logistic regression on last-24 h means and error counts; threshold by inner folds."""

    def __init__(self, table: Floats) -> None:
        self.table = table
        self.threshold = 0.5

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> LogisticPeer:
        """Learn from the machine-hours ``rows``."""
        y, units = fleet.positive[rows], fleet.machine[rows].astype(str)
        held_out = np.full(len(rows), np.nan)
        folds: Sequence[Any] = grouped_folds(units, min(INNER_FOLDS, len(set(units))), balance=y)
        for fold in folds:
            if y[fold.train].any():
                held_out[fold.test] = self._fitted(rows[fold.train], y[fold.train]).predict_proba(
                    self.table[rows[fold.test]]
                )[:, 1]
        seen = ~np.isnan(held_out)
        self.threshold = best_threshold(y[seen], held_out[seen])
        self.model_ = self._fitted(rows, y)
        return self

    def _fitted(self, rows: npt.NDArray[np.intp], y: Floats) -> Any:
        return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(self.table[rows], y)

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:  # noqa: ARG002 - the table knows the fleet
        """Return P(failure within 24 h)."""
        probability: Floats = self.model_.predict_proba(self.table[rows])[:, 1]
        return probability


class ErrorRule:
    """Alarm when at least k errors came in the last 24 h; k is F1's best on the training machines."""

    def __init__(self, table: Floats, signals: int) -> None:
        self.errors = table[:, signals:].sum(axis=1)
        self.threshold = 1.0

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> ErrorRule:
        """Choose k on the machine-hours ``rows``."""
        y = fleet.positive[rows]
        self.threshold = max((1.0, 2.0, 3.0), key=lambda k: scores_at(y, self.errors[rows], k).f1)
        return self

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:  # noqa: ARG002 - the count knows the fleet
        """Return the error count."""
        return np.asarray(self.errors[rows])


class SignalThreshold:
    """Alarm where the rolling mean of any signal is too far from what training machines read.

    The window and the threshold (in deviations of that mean) are F1's best on the training machines.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.threshold = 3.0
        self.means = {window: _rolling(fleet, window) for window in SIGNAL_WINDOWS_H}

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> SignalThreshold:
        """Choose window and threshold on the machine-hours ``rows``."""
        y = fleet.positive[rows]
        found = []
        for window, means in self.means.items():
            level, spread = means[rows].mean(axis=0), np.maximum(means[rows].std(axis=0), 1e-9)
            score = (np.abs(means[rows] - level) / spread).max(axis=1)
            threshold = best_threshold(y, score)
            found.append((scores_at(y, score, threshold).f1, window, threshold, level, spread))
        _, self.window_, self.threshold, self.level_, self.spread_ = max(found, key=lambda one: one[0])
        return self

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:  # noqa: ARG002 - the means know the fleet
        """Return the largest deviation among the signals."""
        return np.asarray((np.abs(self.means[self.window_][rows] - self.level_) / self.spread_).max(axis=1))


def _rolling(fleet: Fleet, window: int) -> Floats:
    """Trailing mean of each signal over ``window`` readings at each machine-hour."""
    blocks = []
    for machine in fleet.machines:
        signals = machine.telemetry[[sensor.name for sensor in machine.profile.sensors]]
        means = signals.rolling(window, min_periods=1).mean().ffill().to_numpy(dtype=float)
        blocks.append(means[fleet.row[fleet.machine == machine.profile.machine_id]])
    return np.concatenate(blocks)
