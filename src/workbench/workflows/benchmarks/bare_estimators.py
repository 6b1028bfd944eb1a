"""The scikit-learn estimators inside ours, called on plain matrices: what our estimators' overhead is measured against."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest

from workbench.errors import WorkbenchError
from workbench.ml.anomaly import IsolationAnomaly
from workbench.ml.contract import Estimator
from workbench.ml.diagnosis import BoostedDiagnoser
from workbench.ml.health import BoostedHealth
from workbench.ml.rul import BoostedRul


def bare_calls(estimator: Estimator, table: pd.DataFrame, seed: int) -> list[Callable[[], Any]]:
    """Return the calls of scikit-learn that answer the same question for the rows of ``table``.

    An Isolation Forest is not kept inside ours (its trees are packed into arrays): one of the same size is fitted
    here on the same rows.
    """
    matrix = table.to_numpy(dtype=np.float64)
    if isinstance(estimator, IsolationAnomaly):
        filled = np.nan_to_num(matrix)
        forest = IsolationForest(n_estimators=estimator.trees, max_samples=estimator.sample, random_state=seed)
        forest.fit(filled)
        return [partial(forest.score_samples, filled)]
    if isinstance(estimator, BoostedHealth):
        used = matrix[:, estimator.used_]
        return [partial(b.predict_proba, used) for b in estimator.boosters_ if b is not None]
    if isinstance(estimator, BoostedRul):
        used = matrix[:, estimator.used_]
        calls: list[Callable[[], Any]] = [partial(estimator.booster_.predict, used)]
        if estimator.spread_ is not None:
            calls.append(partial(estimator.spread_.predict, np.column_stack([used, estimator.booster_.predict(used)])))
        return calls
    if isinstance(estimator, BoostedDiagnoser):
        used = matrix[:, estimator.used_]
        return [partial(estimator.booster_.predict_proba, used)]
    raise WorkbenchError(f"There is no bare form of {type(estimator).__name__}.", "Add it to bare_estimators.py.")
