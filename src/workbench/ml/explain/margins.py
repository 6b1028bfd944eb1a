"""The raw outputs of each kind of model, taken apart: base value, contributions of the features, and the margin itself."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
import pandas as pd

from workbench.domain.explanations import LOG_ODDS
from workbench.errors import InputError
from workbench.ml.anomaly import IsolationAnomaly
from workbench.ml.anomaly.index import IndexDetector
from workbench.ml.arrays import FloatArray
from workbench.ml.contract import Estimator
from workbench.ml.degradation import DegradationLife
from workbench.ml.diagnosis import BoostedDiagnoser
from workbench.ml.ensemble import BlendedRul
from workbench.ml.health import BoostedHealth, apply_curve
from workbench.ml.network import NetworkRul
from workbench.ml.reasons import unit_words
from workbench.ml.rul import BoostedRul
from workbench.ml.spec import horizon_spans

from .forest import isolation
from .index import index_parts
from .lives import Life, boosted_life, degradation_life, near_end_life, network_life
from .margin import Margin, Meaning
from .trees import explainer_of, spread, tree_shap


def margins(estimator: Estimator, X: pd.DataFrame, meaning: Meaning) -> list[Margin]:
    """Return the raw outputs of ``estimator`` for the rows of ``X``, each taken apart (trees by exact TreeSHAP).

    - ``BoostedHealth``: for each horizon with a booster, its log-odds before calibration;
    - ``BoostedRul``, ``NetworkRul``, ``BlendedRul``: life left, in life units, before it is held within 0 and the cap; the
      network by integrated gradients from the mean of its training rows, the form near the end over its inputs;
    - ``DegradationLife``: the same, its line on the root of life by integrated gradients in closed form;
    - ``BoostedDiagnoser``: for each mode, its log-odds margin before softmax (of two modes, that of the one over the other);
    - ``IsolationAnomaly``: see ``workbench.ml.explain.forest``;
    - ``SubspaceAnomaly``, ``AutoencoderAnomaly``: their index, as the sum of its parts, see ``workbench.ml.explain.index``.

    Raises:
        InputError: no way to take this kind of model apart is known, or ``X`` lacks columns.
        EnvironmentFailure: shap is not installed, and the model is one of trees.
    """
    matrix = X[list(estimator.feature_names_)].to_numpy(dtype=np.float64)
    return _margins(estimator, matrix, meaning)


@singledispatch
def _margins(estimator: Estimator, matrix: FloatArray, meaning: Meaning) -> list[Margin]:  # noqa: ARG001 - the signature of all
    raise InputError(
        f"{type(estimator).__name__} cannot be explained: no way to take its answer apart is known.",
        "Explain another task, or look at the sensors that the prediction names.",
    )


def explainable(estimator: Estimator) -> bool:
    """Say whether ``margins`` can take this kind of model apart."""
    return _margins.dispatch(type(estimator)) is not _margins.dispatch(object)


@_margins.register
def _health(estimator: BoostedHealth, matrix: FloatArray, meaning: Meaning) -> list[Margin]:
    used = matrix[:, estimator.used_]
    found = []
    spans = horizon_spans(meaning.horizons, meaning.life_unit)[-len(estimator.boosters_) :]
    log_odds = np.full((len(used), len(estimator.boosters_)), np.nan)
    for column, booster in enumerate(estimator.boosters_):
        if booster is None:
            continue
        base, values = tree_shap(explainer_of(booster), used)
        log_odds[:, column] = margin = booster.decision_function(used)
        *slopes, intercept = estimator.curves_[column]
        shorter = zip(slopes[:-1], spans[column + 1 - len(slopes) :], strict=False)
        terms = [f"{slopes[-1]:.3g} × margin"] + [f"{w:.3g} × margin within {h:g}" for w, h in shorter if w > 0]
        curve = f"1 / (1 + exp(-({' + '.join(terms)} {intercept:+.3g})))".replace("-", "−")
        found.append(
            Margin(
                output=f"failure within {spans[column]:g} {unit_words(meaning.life_unit)}",
                units=LOG_ODDS,
                method="tree_shap",
                base=np.full(len(used), base[0]),
                contributions=spread(values[:, :, 0], estimator.used_, matrix.shape[1]),
                margin=margin,
                answer=apply_curve(log_odds[:, : column + 1], estimator.curves_[column]),
                to_answer=f"calibrated probability = {curve}, a curve fitted on held-out units; "
                "a longer horizon is never given less than a shorter one",
                decides=np.ones(len(used), dtype=bool),
            )
        )
    return found


@_margins.register
def _life(estimator: BoostedRul, matrix: FloatArray, meaning: Meaning) -> list[Margin]:
    return [_of_life(boosted_life(estimator, matrix), estimator.cap, meaning)]


@_margins.register
def _network_life(estimator: NetworkRul, matrix: FloatArray, meaning: Meaning) -> list[Margin]:
    return [_of_life(network_life(estimator, matrix), estimator.cap, meaning)]


@_margins.register
def _blended_life(estimator: BlendedRul, matrix: FloatArray, meaning: Meaning) -> list[Margin]:
    life, how = boosted_life(estimator.boosted_, matrix), []
    if estimator.network_ is not None:
        life = life.blend(network_life(estimator.network_, matrix), estimator.share_)
        how.append(
            "trees and network are each held within these limits before they are blended, "
            f"{100 * estimator.share_:.0f} % network"
        )
    if estimator.near_end_ is not None:
        life = near_end_life(estimator.near_end_, life, matrix, estimator.used_)
        how.append("near the end told again from that, the age and the ways of wear")
    return [_of_life(life, estimator.cap, meaning, estimator._predict(matrix)[:, 0], "; ".join(how))]


@_margins.register
def _degradation_life(estimator: DegradationLife, matrix: FloatArray, meaning: Meaning) -> list[Margin]:
    return [_of_life(degradation_life(estimator, matrix), estimator.cap, meaning)]


@_margins.register
def _modes(estimator: BoostedDiagnoser, matrix: FloatArray, meaning: Meaning) -> list[Margin]:  # noqa: ARG001 - the signature of all
    used = matrix[:, estimator.used_]
    base, values = tree_shap(explainer_of(estimator.booster_), used)
    margin = np.asarray(estimator.booster_.decision_function(used)).reshape(len(used), -1)
    told = estimator._predict(matrix)
    names = [str(name) for name in estimator.booster_.classes_]
    if len(names) == 2:
        # One margin for both: the second mode's over the first's.
        base, values, margin = _both(base), _both(values), _both(margin)
    return [
        Margin(
            output=f"failure mode {name}",
            units=LOG_ODDS,
            method="tree_shap",
            base=np.full(len(used), base[place]),
            contributions=spread(values[:, :, place], estimator.used_, matrix.shape[1]),
            margin=margin[:, place],
            answer=told[:, estimator.modes_.index(name)],
            to_answer=f"softmax over the margins of all modes; {100 * estimator.doubt_:.0f} % of it goes to 'unknown', as many held-out "
            "episodes were named wrongly; then scaled by the chance that any failure is near",
            decides=np.ones(len(used), dtype=bool),
        )
        for place, name in enumerate(names)
    ]


@_margins.register
def _anomaly(estimator: IsolationAnomaly, matrix: FloatArray, meaning: Meaning) -> list[Margin]:  # noqa: ARG001 - the signature of all
    return isolation(estimator, matrix)


@_margins.register
def _index(estimator: IndexDetector, matrix: FloatArray, meaning: Meaning) -> list[Margin]:  # noqa: ARG001 - the signature of all
    return [index_parts(estimator, matrix)]


def _of_life(life: Life, cap: float, meaning: Meaning, answer: FloatArray | None = None, how: str = "") -> Margin:
    unit = unit_words(meaning.life_unit)
    limits = f"median = margin held within 0 to {cap:g} {unit}{f' ({how})' if how else ''}"
    return Margin(
        output="remaining useful life",
        units=unit,
        method=life.method,
        base=life.base,
        contributions=life.contributions,
        margin=life.margin,
        answer=np.clip(life.margin, 0.0, cap) if answer is None else answer,
        to_answer=f"{limits}; the 90 % interval around it is conformal, from held-out units",
        decides=np.ones(len(life.margin), dtype=bool),
    )


def _both(values: FloatArray) -> FloatArray:
    return np.concatenate([-values, values], axis=-1)
