"""Who predicts failures of the Azure fleet: the product's features and estimators, and two plain peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workbench.domain.observations import EventKind, MachineData
from workbench.domain.predictions import UNKNOWN_MODE, Horizons
from workbench.errors import NotEnoughData
from workbench.ml.diagnosis import BoostedDiagnoser
from workbench.ml.features import build
from workbench.ml.health import BoostedHealth, apply_curve
from workbench.ml.metrics import best_threshold, scores_at
from workbench.ml.splits import grouped_folds
from workbench.ml.training_data import TrainingData, gather

from .azure_data import HORIZON_H, NS_PER_H, Fleet, Floats

HORIZONS = Horizons(critical=HORIZON_H, warning=168, degrading=720)
INNER_FOLDS = 4
# Failures and repairs of this simulated fleet lie on a 15-day grid at 06:00, and so does more than a quarter of its
# errors. Hours since a repair or an error give away the hour of the day, and repairs also the place on that grid.
FORBIDDEN = ("since_replacement", "since_maintenance", "since_error", "oldest_component", "age")


class Warner(Protocol):
    """Something that learns from some machines and answers for others."""

    threshold: float

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Warner:
        """Learn from the machine-hours ``rows``, and fix the alarm threshold on them by inner folds."""

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:
        """Return P(failure in the next 24 h) of each row, or a score that rises with it."""


class ProductWarner:
    """The product's feature builder, health classifier (critical horizon 24 h) and diagnosis, in type scope."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.threshold = 0.5

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> ProductWarner:
        """Learn from whole machines; the threshold is F1's best on the machines that inner folds held out."""
        machines = fleet.pick(fleet.machine[rows])
        data = gather(f"type:{machines[0].profile.machine_type}", machines, HORIZONS)
        table = data.samples.X
        allowed = [name for name in table.columns if not name.startswith(FORBIDDEN)]
        data.samples = replace(data.samples, X=table[allowed])
        y = data.samples.within(HORIZON_H)
        known = np.flatnonzero(~np.isnan(y))
        self.spec_ = data.spec
        self.health_ = BoostedHealth(seed=self.seed).fit(
            data.samples.X.iloc[known],
            y[known, None],
            groups=data.samples.groups[known],
            refeature=data.refeature(known),
        )
        held_out = self.health_.held_out_[:, 0]
        seen = ~np.isnan(held_out)
        self.threshold = best_threshold(y[known][seen], apply_curve(held_out[seen], self.health_.curves_[0]))
        self.diagnoser_ = self._diagnoser(data)
        return self

    def _diagnoser(self, data: TrainingData) -> BoostedDiagnoser | None:
        s = data.samples
        rows = np.flatnonzero(s.remaining <= HORIZONS.warning)
        try:
            return BoostedDiagnoser(seed=self.seed).fit(
                s.X.iloc[rows], s.cause[rows], groups=s.groups[rows], episodes=s.life[rows]
            )
        except NotEnoughData:
            return None

    def _table(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> pd.DataFrame:
        """Return the features of ``rows``, in their order."""
        parts = []
        for machine in fleet.pick(fleet.machine[rows]):
            mine = rows[fleet.machine[rows] == machine.profile.machine_id]
            parts.append(build(machine, self.spec_).iloc[fleet.row[mine]].set_axis(mine))
        table: pd.DataFrame = pd.concat(parts).loc[rows, list(self.health_.feature_names_)]
        return table

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:
        """Return the calibrated P(failure within 24 h)."""
        return self.health_.predict(self._table(fleet, rows))[:, 0]

    def component(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
        """Return the likeliest named component of each row, ``unknown`` where there is no diagnosis."""
        if self.diagnoser_ is None:
            return np.full(len(rows), UNKNOWN_MODE, dtype=object)
        probability = self.diagnoser_.predict(self._table(fleet, rows))[:, :-1]
        return np.asarray(np.array(self.diagnoser_.modes_[:-1], dtype=object)[probability.argmax(axis=1)])


def plain_table(fleet: Fleet) -> Floats:
    """Return, for each machine-hour, the last 24 h's mean of each signal and count of each error code."""
    codes = sorted({c for m in fleet.machines for c in _errors(m)["cause"]})
    blocks = []
    for machine in fleet.machines:
        signals = machine.telemetry[[sensor.name for sensor in machine.profile.sensors]]
        means = signals.rolling(int(HORIZON_H), min_periods=1).mean().ffill().to_numpy(dtype=float)
        at, errors = _ns(machine.telemetry["time"]), _errors(machine)
        counts = [_recent(_ns(errors["time"][errors["cause"] == code]), at) for code in codes]
        mine = fleet.row[fleet.machine == machine.profile.machine_id]
        blocks.append(np.column_stack([means, *counts])[mine])
    return np.concatenate(blocks)


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
