"""The product's own remaining-life model on C-MAPSS engines: features and training exactly as ``train_fleet`` does them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import NotEnoughData
from workbench.ml.answers import answer_life
from workbench.ml.context import Context
from workbench.ml.contract import RulEstimator
from workbench.ml.features import build
from workbench.ml.models import Models
from workbench.ml.spec import default_horizons
from workbench.ml.training_data import gather
from workbench.ml.training_tasks import train_life

from .cmapss_cuts import Floats, Rows
from .cmapss_data import Subset

ALARM_BUDGET = 1.0
TRACKING_DAYS = 30.0


class ProductRul:
    """What ``train_fleet`` trains for remaining life in the scope of the engines' type, cap 125 cycles."""

    def __init__(self, subset: Subset, *, seed: int) -> None:
        self.subset, self.seed = subset, seed

    def fit(self, rows: pd.DataFrame) -> ProductRul:
        """Learn from whole run-to-failure records; raises ``NotEnoughData`` where the product would not train."""
        fleet = self.subset.engines(rows, ended=True)
        profile = fleet[0].profile
        data = gather(f"type:{profile.machine_type}", fleet, default_horizons(profile.life_unit))
        bundle = train_life(data, self.seed, ALARM_BUDGET).bundle
        if bundle is None or not isinstance(bundle.estimator, RulEstimator):
            raise NotEnoughData("The product trains no remaining-life model on these engines.", "Give more of them.")
        self.bundle_, self.spec_, self.model_ = bundle, bundle.spec, bundle.estimator
        return self

    def abstains(self, rows: pd.DataFrame, at: Rows) -> npt.NDArray[np.bool_]:
        """Say where the product would answer "not enough evidence" (ML2) if the record ended at the rows ``at``."""
        fleet = {machine.profile.machine_id: machine for machine in self.subset.engines(rows, ended=False)}
        names = rows["machine_id"].to_numpy(dtype=str)
        first = {name: int(np.argmax(names == name)) for name in fleet}
        models = Models((self.bundle_,))
        out = []
        for row in at:
            whole = fleet[names[row]]
            cut = replace(whole, telemetry=whole.telemetry.iloc[: row - first[names[row]] + 1])
            context = Context.of(cut, models, cut.telemetry["time"].iloc[-1].to_pydatetime(), TRACKING_DAYS)
            out.append(not answer_life(context, self.bundle_.failures).evidence.enough)
        return np.array(out, dtype=bool)

    def predict(self, rows: pd.DataFrame, at: Rows) -> tuple[Floats, Floats | None, Floats | None]:
        """Return point, lower and upper end at the rows ``at`` of records ordered by unit and cycle."""
        engines = self.subset.engines(rows, ended=False)
        features = pd.concat([build(machine, self.spec_) for machine in engines], ignore_index=True)
        answer = self.model_.predict(features.iloc[at])
        return answer[:, 0], answer[:, 1], np.asarray(answer[:, 2])
