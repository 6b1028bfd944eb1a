"""TreeSHAP over fitted trees: what each column adds to the raw output of a booster, exactly and for single rows.

Source: Lundberg et al., "From local explanations to global understanding with explainable AI for trees", Nature Machine
Intelligence 2020 (path-dependent: a column that is left out is averaged over the training rows of each node).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np

from workbench.errors import EnvironmentFailure
from workbench.ml.arrays import FloatArray, IntArray

INSTALL = "pip install 'predictive-maintenance-workbench[explain]'"


def shap_module() -> ModuleType:
    """Return shap; raises ``EnvironmentFailure`` where the extra ``explain`` is not installed."""
    try:
        return importlib.import_module("shap")
    except ImportError as error:
        raise EnvironmentFailure("Explanations need SHAP.", f"Run: {INSTALL}") from error


# Making one takes longer than using it; an explainer holds its model, so only as many as a process uses are kept.
@lru_cache(maxsize=64)
def explainer_of(model: Any, trees: Callable[[Any], Any] | None = None) -> Any:
    """Return the TreeExplainer of a fitted ``model``; ``trees`` lays out models that shap does not know."""
    laid_out = model if trees is None else trees(model)
    return shap_module().TreeExplainer(laid_out, feature_perturbation="tree_path_dependent")


def tree_shap(explainer: Any, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return base values, shape (outputs,), and contributions, shape (rows, columns, outputs).

    NaN goes the way that the trees learned for missing values.
    """
    values = np.asarray(explainer.shap_values(matrix, check_additivity=False), dtype=np.float64)
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    return base, values[:, :, None] if values.ndim == 2 else values


def spread(values: FloatArray, used: IntArray, columns: int) -> FloatArray:
    """Put the contributions of the columns that a model uses into their places among all; the others add nothing."""
    out = np.zeros((len(values), columns))
    out[:, used] = values
    return out
