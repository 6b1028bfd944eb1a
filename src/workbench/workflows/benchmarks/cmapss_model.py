"""The product's own remaining-life model on C-MAPSS engines: features and training exactly as ``train_fleet`` does them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import LeakFound, NotEnoughData
from workbench.ml.answers import answer_health, answer_life
from workbench.ml.context import Context
from workbench.ml.features import build
from workbench.ml.intervals import CalibratedRul
from workbench.ml.models import Bundle, Models
from workbench.ml.spec import default_horizons
from workbench.ml.training_data import TrainingData, gather
from workbench.ml.training_health import train_health
from workbench.ml.training_tasks import life_sample, train_life

from .cmapss_cuts import Floats, Rows
from .cmapss_data import Subset

ALARM_BUDGET = 1.0
TRACKING_DAYS = 30.0


class ProductRul:
    """What ``train_fleet`` trains for remaining life in the scope of the engines' type, cap 125 cycles.

    Attributes after ``fit``: ``held_out_``, its points on rows of the training engines as learned without the engine:
    columns machine_id, cycle and point, engines one after the other, cycles ascending.
    """

    def __init__(self, subset: Subset, *, seed: int) -> None:
        self.subset, self.seed = subset, seed

    def fit(self, rows: pd.DataFrame) -> ProductRul:
        """Learn from whole run-to-failure records; raises ``NotEnoughData`` where the product would not train."""
        data = self._gathered(rows)
        bundle = train_life(data, self.seed, ALARM_BUDGET).bundle
        if bundle is None or not isinstance(bundle.estimator, CalibratedRul):
            raise NotEnoughData("The product trains no remaining-life model on these engines.", "Give more of them.")
        self.bundle_, self.spec_, self.model_ = bundle, bundle.spec, bundle.estimator
        learned, _ = life_sample(data)
        self.held_out_ = pd.DataFrame(
            {
                "machine_id": data.samples.groups[learned],
                "cycle": data.samples.age[learned],
                "point": bundle.estimator.held_out_,
            }
        ).sort_values(["machine_id", "cycle"], ignore_index=True)
        return self

    def fit_health(self, rows: pd.DataFrame) -> ProductRul:
        """Learn the health state too; where the product refuses to, it has no health model either."""
        self.health_: Bundle | None = None
        try:
            outcome = train_health(self._gathered(rows), self.seed, ALARM_BUDGET)
        except (LeakFound, NotEnoughData):
            return self
        self.health_ = None if outcome.refused else outcome.bundle
        return self

    def _gathered(self, rows: pd.DataFrame) -> TrainingData:
        fleet = self.subset.engines(rows, ended=True)
        profile = fleet[0].profile
        return gather(f"type:{profile.machine_type}", fleet, default_horizons(profile.life_unit))

    def abstains(self, rows: pd.DataFrame, at: Rows) -> npt.NDArray[np.bool_]:
        """Say where the product would answer "not enough evidence" (ML2) if the record ended at the rows ``at``."""
        return np.array([self._life_lacks(context) for context in self._contexts(rows, at, [self.bundle_])], dtype=bool)

    def undecided(self, rows: pd.DataFrame, at: Rows) -> npt.NDArray[np.bool_]:
        """Say where a decision would rest on nothing: neither life nor health has enough evidence.

        That is when ``Prediction.supported_probability_within`` tells nothing. Health needs a model (``fit_health``) and a
        record, but no trend: a machine that does not wear yet is known to be healthy.
        """
        models = [self.bundle_] if self.health_ is None else [self.bundle_, self.health_]
        return np.array(
            [
                not answer_health(context, self.bundle_.failures)[0].enough and self._life_lacks(context)
                for context in self._contexts(rows, at, models)
            ],
            dtype=bool,
        )

    def _life_lacks(self, context: Context) -> bool:
        return not answer_life(context, self.bundle_.failures).evidence.enough

    def _contexts(self, rows: pd.DataFrame, at: Rows, bundles: Sequence[Bundle]) -> Iterator[Context]:
        """Yield what the product knows when a record ends at each of the rows ``at``."""
        fleet = {machine.profile.machine_id: machine for machine in self.subset.engines(rows, ended=False)}
        names = rows["machine_id"].to_numpy(dtype=str)
        first = {name: int(np.argmax(names == name)) for name in fleet}
        models = Models(tuple(bundles))
        for row in at:
            whole = fleet[names[row]]
            cut = replace(whole, telemetry=whole.telemetry.iloc[: row - first[names[row]] + 1])
            yield Context.of(cut, models, cut.telemetry["time"].iloc[-1].to_pydatetime(), TRACKING_DAYS)

    def predict(self, rows: pd.DataFrame, at: Rows) -> tuple[Floats, Floats | None, Floats | None]:
        """Return point, lower and upper end at the rows ``at`` of records ordered by unit and cycle."""
        engines = self.subset.engines(rows, ended=False)
        features = pd.concat([build(machine, self.spec_) for machine in engines], ignore_index=True)
        answer = self.model_.predict(features.iloc[at])
        return answer[:, 0], answer[:, 1], np.asarray(answer[:, 2])
