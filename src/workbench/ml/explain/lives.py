"""Life left as its models compute it before any limit, taken apart: trees by TreeSHAP, networks by integrated gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.domain.explanations import Method
from workbench.ml.arrays import FloatArray
from workbench.ml.network import NetworkRul
from workbench.ml.rul import BoostedRul

from .gradients import integrated_gradients
from .trees import explainer_of, spread, tree_shap


@dataclass(frozen=True)
class Life:
    """Life left over rows: ``base`` + the sum of a row's ``contributions`` is its ``margin``."""

    method: Method
    base: FloatArray
    contributions: FloatArray
    margin: FloatArray

    def blend(self, other: Life, share: float) -> Life:
        """Return the weighted mean of two, ``share`` of it the other's; parts and sums blend alike."""
        return Life(
            "tree_shap+integrated_gradients",
            (1 - share) * self.base + share * other.base,
            (1 - share) * self.contributions + share * other.contributions,
            (1 - share) * self.margin + share * other.margin,
        )


def boosted_life(model: BoostedRul, matrix: FloatArray) -> Life:
    """Take boosted trees apart."""
    used = matrix[:, model.used_]
    base, values = tree_shap(explainer_of(model.booster_), used)
    contributions = spread(values[:, :, 0], model.used_, matrix.shape[1])
    return Life("tree_shap", np.full(len(used), base[0]), contributions, model.booster_.predict(used))


def network_life(model: NetworkRul, matrix: FloatArray) -> Life:
    """Take a network apart, from its answer at the mean of its training rows.

    Completeness holds to a thousandth of the answer's change; what is left is spread in proportion to the contributions' sizes.
    """
    used = matrix[:, model.used_]
    rows = model._standard(used)
    network = model._ready()

    def life(batch: Any) -> Any:
        return model.cap * network(batch)[:, 0]

    found = [integrated_gradients(life, row, np.zeros_like(row)) for row in rows]
    parts = np.array([one.contributions for one in found]).reshape(rows.shape)
    gaps = np.array([one.gap for one in found])
    size = np.abs(parts)
    parts = parts + gaps[:, None] * size / np.maximum(size.sum(axis=1, keepdims=True), 1e-300)
    base = np.array([one.base for one in found])
    contributions = spread(parts, model.used_, matrix.shape[1])
    return Life("integrated_gradients", base, contributions, model._point(used))
