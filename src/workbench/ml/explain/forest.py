"""What an isolation forest with its largest deviation rests on, each part on a scale where it adds up.

The score of ``IsolationAnomaly`` is the higher of two. *Isolation*: s = 2^(-E(h)/c) (Liu et al., ICDM 2008, equation 2), so
log2(s) = -E(h)/c is a mean over trees, and TreeSHAP takes it apart exactly; it is 0 at the shortest path that could be and
rises with strangeness. *Largest deviation*: the margin is that deviation in robust standard deviations, and all of it is
the feature's that is furthest off.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.ml.anomaly import IsolationAnomaly
from workbench.ml.anomaly.calibration import score_of
from workbench.ml.anomaly.forest import average_path, depths
from workbench.ml.arrays import FloatArray, IntArray

from .margin import Margin
from .trees import explainer_of, tree_shap

ISOLATION = "log2 of the isolation score"
DEVIATION = "sd of the feature's normal spread"
_HIGHER = "; the score is the higher of isolation and largest deviation, and {} counts here"
_RARITY = "score 0 to 1 by how rare the margin is among normal rows"


def isolation(detector: IsolationAnomaly, matrix: FloatArray) -> list[Margin]:
    """Return both parts as margins; ``decides`` tells for each row which of them gave the score."""
    filled = np.nan_to_num(matrix)
    # scikit-learn's trees compare in single precision.
    base, values = tree_shap(explainer_of(detector, _trees), filled.astype(np.float32).astype(float))
    raw, reach = detector._raw(filled), detector._reach(filled)
    by_deviation = score_of(reach, detector.reach_tail_) > score_of(raw, detector.tail_)
    score = detector._predict(matrix)
    off = np.abs(filled - detector.centre_) / detector.spread_
    alone = np.zeros_like(off)
    rows = np.arange(len(off))
    alone[rows, off.argmax(axis=1)] = off.max(axis=1)
    return [
        Margin(
            output="anomaly, isolation",
            units=ISOLATION,
            method="tree_shap",
            base=np.full(len(filled), base[0]),
            contributions=values[:, :, 0],
            margin=np.log2(raw),
            answer=score,
            decides=~by_deviation,
            to_answer=_RARITY + _HIGHER.format("isolation"),
        ),
        Margin(
            output="anomaly, largest deviation",
            units=DEVIATION,
            method="largest_deviation",
            base=np.zeros(len(filled)),
            contributions=alone,
            margin=reach,
            answer=score,
            decides=by_deviation,
            to_answer=_RARITY + _HIGHER.format("the largest deviation"),
        ),
    ]


def _trees(detector: IsolationAnomaly) -> dict[str, Any]:
    """Return the forest as shap takes trees: leaf values sum to -E(h)/c over all trees."""
    ends = [*detector.roots_[1:], len(detector.feature_)]
    scale = -1.0 / (detector.normaliser_ * len(detector.roots_))
    return {
        "trees": [_tree(detector, int(a), int(b), scale) for a, b in zip(detector.roots_, ends, strict=True)],
        "base_offset": 0.0,
    }


def _tree(detector: IsolationAnomaly, start: int, end: int, scale: float) -> dict[str, Any]:
    own = np.arange(start, end)
    leaf = detector.left_[start:end] == own
    left = np.where(leaf, -1, detector.left_[start:end] - start)
    right = np.where(leaf, -1, detector.right_[start:end] - start)
    path = detector.path_[start:end]
    return {
        "children_left": left,
        "children_right": right,
        "children_default": left,
        "features": np.where(leaf, -2, detector.feature_[start:end]),
        "thresholds": np.where(leaf, -2.0, detector.cut_[start:end]),
        "values": np.where(leaf, path, 0.0)[:, None] * scale,
        "node_sample_weight": _weights(left, right, path),
    }


def _weights(left: IntArray, right: IntArray, path: FloatArray) -> FloatArray:
    """Return the training rows of each node: a leaf's from its path, which is its depth plus c(rows); others sum up.

    Children have higher numbers than their parents in scikit-learn's trees.
    """
    leaf = left < 0
    beyond = (path - depths(left, right))[leaf]
    # c(n) > 2 ln(n) - 1 beyond two rows, so that the largest leaf is among these.
    sizes = np.arange(1, int(np.exp((beyond.max() + 1.0) / 2.0)) + 3)
    weight = np.zeros(len(left))
    weight[leaf] = sizes[np.searchsorted(average_path(sizes), beyond - 1e-6)]
    for node in np.flatnonzero(~leaf)[::-1]:
        weight[node] = weight[left[node]] + weight[right[node]]
    return weight
