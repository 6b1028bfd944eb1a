"""Which failure mode: a classifier where enough episodes are labelled, else the profile's symptom table, else unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import UNKNOWN_MODE, Anomaly, Diagnosis, ModeProbability
from workbench.errors import NotEnoughData

from .anomaly.calibration import decades_of
from .arrays import FloatArray, IntArray, ObjectArray
from .columns import varying_columns, without_empty
from .contract import Diagnoser, Refeature, folds_with_features
from .trees import raw_predictions

EPISODES_PER_MODE = 5
STANDS_OUT = 2.0
# A mode that explains less than this share of what stands out is not the name of it.
LEAST_EXPLAINED = 0.5


class BoostedDiagnoser(Diagnoser):
    """HistGradientBoosting over the modes with at least five labelled episodes; all others are ``unknown``.

    The share of held-out episodes that it names wrongly is given to ``unknown`` in every answer.

    Attributes after ``fit``: ``booster_``, ``modes_`` (``unknown`` last), ``doubt_``, ``episodes_`` (per mode),
    and, not kept in artefacts, of each row when its unit was held out: ``held_out_`` (named mode, "" where none),
    ``held_probability_`` (of ``modes_``; the doubt is that of the units of other folds) and ``held_base_`` (rates in
    the training rows).
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        iterations: int = 30,
        learning_rate: float = 0.15,
        leaves: int = 8,
        n_splits: int = 5,
    ) -> None:
        super().__init__(seed=seed)
        self.iterations = iterations
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.n_splits = n_splits

    def _booster(self) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=self.iterations,
            learning_rate=self.learning_rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=10,
            l2_regularization=1.0,
            max_features=0.3,
            max_bins=63,
            early_stopping=False,
            random_state=self.seed,
        )

    def _fit(
        self, X: pd.DataFrame, y: ObjectArray, groups: ObjectArray, episodes: ObjectArray, refeature: Refeature | None
    ) -> None:
        counts = {str(mode): len(set(episodes[y == mode])) for mode in set(y)}
        known = sorted(m for m, n in counts.items() if n >= EPISODES_PER_MODE and m != UNKNOWN_MODE)
        if len(known) < 2:
            raise NotEnoughData(
                f"{len(known)} of 2 failure modes needed with at least {EPISODES_PER_MODE} labelled episodes each.",
                "Record the cause of failures, or rely on the symptom table.",
            )
        target = np.array([mode if mode in known else UNKNOWN_MODE for mode in y])
        # Every episode weighs the same, however long its window of readings is.
        sizes = {e: int((episodes == e).sum()) for e in set(episodes)}
        weight = np.array([1.0 / sizes[e] for e in episodes]) * len(y) / len(sizes)
        matrix = self._matrix(X)
        self.used_ = varying_columns(matrix)
        self.modes_ = [*known, UNKNOWN_MODE]
        self._cross_validate(X, target, groups, episodes, weight, refeature)
        self.booster_ = self._booster().fit(matrix[:, self.used_], target, sample_weight=weight)
        self.episodes_ = {mode: counts[mode] for mode in known}
        self.doubt_ = self._doubt(target, episodes, np.arange(len(target)))

    def _cross_validate(
        self,
        X: pd.DataFrame,
        target: ObjectArray,
        groups: ObjectArray,
        episodes: ObjectArray,
        weight: FloatArray,
        refeature: Refeature | None,
    ) -> None:
        self.held_out_ = np.full(len(target), "", dtype=object)
        self.held_probability_ = np.full((len(target), len(self.modes_)), np.nan)
        self.held_base_ = self.held_probability_.copy()
        if len(set(groups)) < 2:
            return
        sides = []
        for table, train, test in folds_with_features(X, groups, refeature, n_splits=self.n_splits, seed=self.seed):
            if len(set(target[train])) < 2:
                continue
            matrix = self._matrix(table[list(self.feature_names_)])[:, self.used_]
            fitted = self._booster().fit(without_empty(matrix[train]), target[train], sample_weight=weight[train])
            self.held_out_[test] = fitted.predict(matrix[test])
            self.held_probability_[test] = self._by_mode(fitted, fitted.predict_proba(matrix[test]))
            self.held_base_[test] = [float((target[train] == mode).mean()) for mode in self.modes_]
            sides.append((train, test))
        for train, test in sides:
            doubt = self._doubt(target, episodes, train)
            self.held_probability_[test] = _doubtful(self.held_probability_[test], doubt)

    def _doubt(self, target: ObjectArray, episodes: ObjectArray, rows: IntArray) -> float:
        """Share of the episodes of ``rows`` that were named wrongly when held out, by most of their rows."""
        wrong, asked = 0, set(episodes[rows])
        for episode in asked:
            mine = episodes == episode
            named, counts = np.unique(self.held_out_[mine].astype(str), return_counts=True)
            wrong += int(named[np.argmax(counts)] != target[mine][0])
        return (wrong + 1.0) / (len(asked) + 2.0)

    def _transient(self) -> tuple[str, ...]:
        return ("held_out_", "held_probability_", "held_base_")

    def _predict(self, matrix: FloatArray) -> FloatArray:
        # The classifier's own link (softmax, or a logistic curve for two classes) gives the very same numbers.
        raw = self.booster_._loss.predict_proba(raw_predictions([self.booster_], matrix[:, self.used_]))
        return _doubtful(self._by_mode(self.booster_, raw), self.doubt_)

    def _by_mode(self, booster: HistGradientBoostingClassifier, raw: FloatArray) -> FloatArray:
        out = np.zeros((len(raw), len(self.modes_)))
        out[:, [self.modes_.index(str(mode)) for mode in booster.classes_]] = raw
        return out


def _doubtful(probability: FloatArray, doubt: float) -> FloatArray:
    """Give the share ``doubt`` of every answer to the last mode, ``unknown``."""
    out = probability * (1.0 - doubt)
    out[:, -1] += doubt
    return np.asarray(out / out.sum(axis=1, keepdims=True))


def as_diagnosis(modes: Sequence[str], probabilities: FloatArray, profile: MachineProfile) -> Diagnosis:
    """Turn classifier probabilities into a diagnosis; modes that the machine cannot have go to ``unknown``."""
    possible = {mode.name for mode in profile.failure_modes}
    pairs: dict[str, float] = {UNKNOWN_MODE: 0.0}
    for mode, probability in zip(modes, probabilities, strict=True):
        name = mode if mode in possible or not possible else UNKNOWN_MODE
        pairs[name] = pairs.get(name, 0.0) + float(probability)
    return Diagnosis(modes=_ordered(pairs), method="classifier")


def _ordered(pairs: dict[str, float]) -> tuple[ModeProbability, ...]:
    total = sum(pairs.values()) or 1.0
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ModeProbability(mode=m, probability=min(max(p / total, 0.0), 1.0)) for m, p in ranked)


def symptom_diagnosis(profile: MachineProfile, symptoms: FloatArray, z: FloatArray) -> Diagnosis:
    """Diagnose by the profile's symptom table (ISO 13379-1) from recent residuals ``z``; ``symptoms``: their ``symptom_matrix``.

    A mode weighs exp(weighted mean deviation in its direction); ``unknown`` weighs as much as a mode whose symptoms
    stand out by ``STANDS_OUT`` standard deviations.
    """
    known = ~np.isnan(z)
    if not profile.failure_modes or not known.any():
        return unknown_diagnosis()
    seen = np.abs(symptoms) @ known.astype(np.float64)
    bounded = np.minimum(np.maximum(np.where(known, z, 0.0), -6.0), 12.0)
    strength = (symptoms @ bounded) / np.maximum(seen, 1e-9)
    weights = np.where(seen > 0, np.exp(strength), 0.0)
    pairs = {mode.name: float(w) for mode, w in zip(profile.failure_modes, weights, strict=True)}
    pairs[UNKNOWN_MODE] = float(np.exp(STANDS_OUT))
    return Diagnosis(modes=_ordered(pairs), method="symptom_table")


def doubted(diagnosis: Diagnosis, profile: MachineProfile, symptoms: FloatArray, z: FloatArray) -> Diagnosis:
    """Give to ``unknown`` what modes got that explain less than half of what stands out in residuals ``z``.

    A classifier names one of the faults that it learned, also when it looks at one it never saw. What stands out is
    how far residuals lie beyond ``STANDS_OUT``; a mode explains those of its symptoms (ISO 13379-1 table of the profile)
    that go in their direction (``symptoms``: the ``symptom_matrix`` of the residuals). Where nothing stands out, nothing
    is doubted.
    """
    shown = np.where(np.isnan(z), 0.0, z)
    beyond = np.maximum(np.abs(shown) - STANDS_OUT, 0.0)
    if not beyond.sum() > 0:
        return diagnosis
    shares = ((symptoms * shown) > 0) @ beyond / beyond.sum()
    explains = {mode.name: share >= LEAST_EXPLAINED for mode, share in zip(profile.failure_modes, shares, strict=True)}
    pairs = {one.mode: one.probability for one in diagnosis.modes if explains.get(one.mode, False)}
    pairs[UNKNOWN_MODE] = max(1.0 - sum(pairs.values()), 0.0)
    return Diagnosis(modes=_ordered(pairs), method=diagnosis.method)


def chance_of_a_mode(within: FloatArray, anomaly: Anomaly | None) -> float:
    """How sure it is that some failure mode is at work: the larger of two kinds of evidence.

    One is P(failure within the degrading horizon), the time in which wear shows itself; the warning horizon would
    leave a fifth of the machines that get work orders without a cause. The other is an alarm of the anomaly detector:
    one minus the share of normal readings (doubled, as in the score) that are as unusual.
    """
    alarm = 1.0 - float(10.0 ** -decades_of(anomaly.score)) if anomaly is not None and anomaly.is_anomaly else 0.0
    return float(np.clip(max(float(np.max(within)), alarm), 0.0, 1.0))


def scaled(diagnosis: Diagnosis, chance: float) -> Diagnosis:
    """Scale the named modes by ``chance`` that any of them is at work, and give the rest to ``unknown``."""
    pairs = {one.mode: one.probability * chance for one in diagnosis.modes if one.mode != UNKNOWN_MODE}
    pairs[UNKNOWN_MODE] = max(1.0 - sum(pairs.values()), 0.0)
    return Diagnosis(modes=_ordered(pairs), method=diagnosis.method)


def unknown_diagnosis() -> Diagnosis:
    """Say honestly that nothing tells the cause."""
    return Diagnosis(modes=(ModeProbability(mode=UNKNOWN_MODE, probability=1.0),), method="unknown")
