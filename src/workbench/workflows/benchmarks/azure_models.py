"""What the product makes of the Azure fleet: its features, health classifier and a classifier for each component."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.predictions import UNKNOWN_MODE, Horizons
from workbench.errors import NotEnoughData
from workbench.ml.features import build
from workbench.ml.health import BoostedHealth, apply_curve
from workbench.ml.metrics import best_threshold, brier_score
from workbench.ml.training_data import TrainingData, gather

from .azure_data import HORIZON_H, NS_PER_H, Fleet, Floats

HORIZONS = Horizons(critical=HORIZON_H, warning=168, degrading=720)
# Failures and repairs of this simulated fleet lie on a 15-day grid at 06:00, and so does more than a quarter of its
# errors. Hours since a repair or an error give away the hour of the day, and repairs also the place on that grid.
FORBIDDEN = ("since_replacement", "since_maintenance", "since_error", "oldest_component", "age")


class ProductWarner:
    """The product's feature builder and health classifier (critical horizon 24 h), whole and once per component.

    A component's classifier learns its own failures only. That any component fails is told by the classifier of all
    failures or by all components together (1 less the product of their survivals), whichever has the lower Brier
    score on the machines that inner folds held out.

    Attributes after ``fit``: ``threshold`` (F1's best on those machines), ``together_`` (whether components tell).
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.threshold = 0.5

    def fit(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> ProductWarner:
        """Learn from whole machines."""
        machines = fleet.pick(fleet.machine[rows])
        data = gather(f"type:{machines[0].profile.machine_type}", machines, HORIZONS)
        table = data.samples.X
        self.columns_ = [name for name in table.columns if not name.startswith(FORBIDDEN)]
        y = data.samples.within(HORIZON_H)
        known = np.flatnonzero(~np.isnan(y))
        self.spec_, self.names_ = data.spec, list(fleet.components)
        self.whole_, whole = self._classifier(data, known, y[known])
        failing = _failing(data, fleet)[known]
        self.parts_: list[BoostedHealth | None] = []
        healthy = np.ones(len(known))
        for column in range(len(self.names_)):
            try:
                part, chance = self._classifier(data, known, failing[:, column])
            except NotEnoughData:  # never failed on these machines
                part, chance = None, np.zeros(len(known))
            self.parts_.append(part)
            # Where a fold's training machines never had this failure, it counts as impossible.
            healthy *= 1.0 - np.nan_to_num(chance)
        seen = ~np.isnan(whole)
        truth = y[known][seen]
        answers = {False: whole[seen], True: 1.0 - healthy[seen]}
        self.together_ = brier_score(truth, answers[True]) < brier_score(truth, answers[False])
        self.threshold = best_threshold(truth, answers[self.together_])
        return self

    def _classifier(self, data: TrainingData, known: npt.NDArray[np.intp], y: Floats) -> tuple[BoostedHealth, Floats]:
        """Return a fitted classifier and its calibrated answers on held-out machines."""
        model = BoostedHealth(seed=self.seed).fit(
            data.samples.X[self.columns_].iloc[known],
            y[:, None],
            groups=data.samples.groups[known],
            refeature=data.refeature(known),
        )
        return model, apply_curve(model.held_out_[:, :1], model.curves_[0])

    def _table(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> pd.DataFrame:
        """Return the features of ``rows``, in their order."""
        parts = []
        for machine in fleet.pick(fleet.machine[rows]):
            mine = rows[fleet.machine[rows] == machine.profile.machine_id]
            parts.append(build(machine, self.spec_).iloc[fleet.row[mine]].set_axis(mine))
        table: pd.DataFrame = pd.concat(parts).loc[rows, self.columns_]
        return table

    def predict(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> Floats:
        """Return the calibrated P(failure within 24 h)."""
        table = self._table(fleet, rows)
        if not self.together_:
            return self.whole_.predict(table)[:, 0]
        return np.asarray(1.0 - np.prod(1.0 - self._components(table), axis=1))

    def _components(self, table: pd.DataFrame) -> Floats:
        none = np.zeros(len(table))
        return np.column_stack([none if part is None else part.predict(table)[:, 0] for part in self.parts_])

    def component(self, fleet: Fleet, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.object_]:
        """Return the likeliest component of each row, ``unknown`` where none ever failed in training."""
        chance = self._components(self._table(fleet, rows))
        named = np.array(self.names_, dtype=object)[chance.argmax(axis=1)]
        return np.where(chance.max(axis=1) > 0, named, UNKNOWN_MODE)


def _failing(data: TrainingData, fleet: Fleet) -> Floats:
    """Return which component fails within the horizon of each sample, shape (rows, components); two may at once."""
    scored = pd.MultiIndex.from_arrays([fleet.machine.astype(str), fleet.hour])
    asked = pd.MultiIndex.from_arrays([data.samples.groups.astype(str), data.samples.time / NS_PER_H])
    place = scored.get_indexer(asked)
    return np.where((place >= 0)[:, None], fleet.failing[place], False).astype(np.float64)
