"""Life left as its models compute it before any limit, taken apart: trees by TreeSHAP, the rest by integrated gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.domain.explanations import Method
from workbench.ml.arrays import FloatArray, IntArray
from workbench.ml.degradation import DegradationLife
from workbench.ml.near_end import NearEnd
from workbench.ml.network import NetworkRul
from workbench.ml.rul import BoostedRul

from .gradients import integrated_gradients
from .trees import explainer_of, spread, tree_shap

# Points on the straight line along which the form near the end is taken apart, and the step of its numeric slopes.
POINTS, STEP = 64, 1e-4


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


def degradation_life(model: DegradationLife, matrix: FloatArray) -> Life:
    """Take the line on the root of life apart, from a unit whose indicators and age are those of the training mean.

    Life is the square of a sum; its integrated gradients along the straight line from that unit have a closed form: each
    term of the sum times the change of life over the change of the root. They sum to that change exactly. A root below
    nought is no life left, and counts as far as the line falls to it.
    """
    used = matrix[:, model.used_]
    terms = model._design(used)[:, 1:] * model.weights_[1:]
    root = float(model.weights_[0])
    base, margin, moved = max(root, 0.0) ** 2, model._point(used), terms.sum(axis=1)
    still = np.abs(moved) < 1e-9 * max(abs(root), 1.0)
    slope = np.divide(margin - base, moved, out=np.full(len(used), 2 * max(root, 0.0)), where=~still)
    contributions = spread(terms * slope[:, None], model.used_, matrix.shape[1])
    return Life("integrated_gradients", np.full(len(used), base), contributions, margin)


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
    parts = _whole(parts, gaps)
    base = np.array([one.base for one in found])
    contributions = spread(parts, model.used_, matrix.shape[1])
    return Life("integrated_gradients", base, contributions, model._point(used))


def near_end_life(form: NearEnd, life: Life, matrix: FloatArray, used: IntArray) -> Life:
    """Take the form near the end apart, from the base of ``life`` and features as they usually are near the end.

    By integrated gradients over its inputs. What the point brings is shared out as the point itself is; the other inputs
    are sums over features. What the numeric integral misses is spread in proportion to the contributions' sizes.
    """
    end = form.inputs(np.clip(life.margin, 0.0, form.cap), matrix[:, used])
    start = form.inputs(np.clip(life.base, 0.0, form.cap), np.tile(form.usual, (len(end), 1)))
    slopes = np.zeros_like(end)
    for share in (np.arange(POINTS) + 0.5) / POINTS:
        at = start + share * (end - start)
        for column, step in enumerate(STEP * form.scale):
            beside = np.zeros(end.shape[1])
            beside[column] = step
            slopes[:, column] += (form.life(at + beside) - form.life(at - beside)) / (2 * step * POINTS)
    features = np.where(np.isnan(matrix[:, used]), form.usual, matrix[:, used]) - form.usual
    own = spread(features * (slopes[:, 1:] @ form.mix.T), used, matrix.shape[1])
    parts = slopes[:, :1] * life.contributions + own
    base, margin = form.life(start), form.life(end)
    method: Method = "tree_shap+integrated_gradients"
    return Life(method, base, _whole(parts, margin - base - parts.sum(axis=1)), margin)


def _whole(parts: FloatArray, gaps: FloatArray) -> FloatArray:
    """Spread what is missing over the parts of a row, in proportion to their sizes."""
    size = np.abs(parts)
    return np.asarray(parts + gaps[:, None] * size / np.maximum(size.sum(axis=1, keepdims=True), 1e-300))
