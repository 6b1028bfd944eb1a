"""What training a task gives, and how remaining life and diagnosis are trained, scored on held-out units, and gated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.domain.predictions import Task
from workbench.errors import NotEnoughData

from .arrays import FloatArray, IntArray, ObjectArray
from .contract import Estimator
from .degradation import DegradationLife
from .diagnosis import BoostedDiagnoser
from .evaluation import Judgement, judge_diagnosis, judge_life
from .evidence import failures_reason
from .families import choose_family, degradation_features, ended_lives, family_facts, supervised_life
from .features import every_nth
from .features_canonical import PASSAGE
from .guards import UNITS_APART, guard_sensors
from .intervals import CalibratedRul
from .metrics import macro_f1
from .models import Bundle
from .spec import FLEET
from .training_data import TrainingData
from .tuning import Tuning, tuned
from .validation import held_out_bands, life_metrics
from .wear import ways_of_wear

LIFE_ROWS = 12_000
LEAST_SKILL = 0.05
SHIPPED = Tuning()


@dataclass(frozen=True)
class Outcome:
    """What training one task gave.

    ``checks``: what was made sure of against leaks, in words; ``split``: how what was held out was kept apart (``units``,
    or ``blocks`` of the same units' records), in how many ``folds``.
    """

    bundle: Bundle | None
    metrics: dict[str, float | None]
    parameters: dict[str, float | int | str | bool | None]
    refused: tuple[str, ...] = ()
    judgement: Judgement | None = None
    checks: tuple[str, ...] = ()
    split: str = "units"
    folds: int = 0


def bundle_of(data: TrainingData, estimator: Estimator, rows: IntArray) -> Bundle:
    """Return the model of an estimator that learned from these rows, with the range of each feature in them."""
    matrix = data.samples.X[list(estimator.feature_names_)].to_numpy(dtype=np.float64)[rows]
    empty = np.isnan(matrix).all(axis=0)
    low = np.where(empty, np.nan, np.where(np.isnan(matrix), np.inf, matrix).min(axis=0))
    high = np.where(empty, np.nan, np.where(np.isnan(matrix), -np.inf, matrix).max(axis=0))
    return Bundle(
        task=estimator.task,
        scope=data.scope,
        spec=data.spec,
        estimator=estimator,
        horizons=data.horizons,
        failures=data.failures,
        lifetimes=data.lifetimes,
        low=low,
        high=high,
        indicator=_indicator(data) if estimator.task is Task.RUL else {},
    )


def enough_failures(data: TrainingData) -> None:
    """Raise ``NotEnoughData`` below five failures."""
    reason = failures_reason(data.failures)
    if reason:
        raise NotEnoughData(reason, "Record failures as asset events.")


def general_features(data: TrainingData) -> list[str]:
    """Features for health and life: all but those of single failure modes, and what trees see in other columns."""
    return [name for name in data.samples.X.columns if not name.startswith("mode_") and name != PASSAGE]


def folds_of(most: int, groups: ObjectArray) -> int:
    """How many folds hold out the units of these rows; one unit alone cannot be held out."""
    units = len(np.unique(groups.astype(str)))
    return min(most, units) if units > 1 else 0


def split_checks(groups: ObjectArray) -> tuple[str, ...]:
    """Return the check of folds that hold out units, where there are such."""
    return (UNITS_APART,) if folds_of(2, groups) else ()


def finite(value: float | None) -> float:
    """Return a skill, -1 where there is none."""
    return value if value is not None and np.isfinite(value) else -1.0


def plain_parameters(model: Estimator) -> dict[str, float | int | str | bool | None]:
    """Return the constructor arguments that are plain values."""
    return {k: v for k, v in model.params().items() if isinstance(v, (int, float, str, bool)) or v is None}


def train_life(data: TrainingData, seed: int, _budget: float, tuning: Tuning = SHIPPED) -> Outcome:
    """Train remaining useful life; refused below 5 % skill over the mean."""
    enough_failures(data)
    cap = data.horizons.degrading
    rows, y = life_sample(data)
    lives = ended_lives(y, data.samples.life[rows], cap)
    groups = data.samples.groups[rows]
    columns, refeature = general_features(data), data.refeature(rows)
    family, why = choose_family(lives=lives, failures=data.lifetimes.failures, features=columns)
    if family == "survival":
        raise NotEnoughData(f"{why}: the population's lives answer", "Record readings up to more failures.")
    shipped: CalibratedRul = supervised_life(cap=cap, seed=seed, lives=lives, scope=data.scope)
    if family == "degradation":
        shipped, columns = DegradationLife(cap=cap, seed=seed), degradation_features(list(data.samples.X.columns))
    guarded = guard_sensors(data, rows, [y])
    X = data.samples.X[columns].iloc[rows]
    chosen = tuned(
        shipped,
        lambda model: model.fit(X, y, groups=groups, refeature=refeature),
        lambda model: (model.held_out_ - y) ** 2,
        groups,
        tuning,
    )
    model = chosen.estimator
    known = ~np.isnan(model.held_out_)
    metrics: dict[str, float | None] = {}
    judgement = None
    if known.any():
        truth, names, bands = y[known], groups[known], held_out_bands(model, y, groups, seed)[known]
        metrics = life_metrics(truth, bands, cap)
        judgement = judge_life(truth, bands, cap, names, seed)
    skill = finite(metrics.get("skill")) - chosen.flattery / max(float(np.var(y)), 1e-9)
    refused = (
        () if skill >= LEAST_SKILL else (f"hardly any skill over the mean life on held-out machines ({skill:.3f})",)
    )
    parameters = {
        **plain_parameters(model),
        **family_facts(model, lives=lives, scope=data.scope),
        **chosen.parameters(),
    }
    return Outcome(
        bundle_of(data, model, rows),
        metrics,
        parameters,
        refused,
        judgement,
        checks=split_checks(groups) + guarded,
        folds=folds_of(model.n_splits, groups),
    )


def life_sample(data: TrainingData) -> tuple[IntArray, FloatArray]:
    """Return the rows that remaining life is learned from, about ``LIFE_ROWS`` at most, and their capped life left."""
    rows, y = data.life_rows(data.horizons.degrading)
    picked = _thinned(data.samples.groups[rows], int(np.ceil(len(rows) / LIFE_ROWS)))
    return rows[picked], y[picked]


def _thinned(groups: ObjectArray, every: int) -> IntArray:
    """Every ``every``-th row of each machine, so that no machine's rows depend on which machines stand before it."""
    if every <= 1:
        return np.arange(len(groups))
    return np.sort(np.concatenate([every_nth(np.flatnonzero(groups == unit), every) for unit in np.unique(groups)]))


def _indicator(data: TrainingData) -> dict[str, tuple[float, ...]]:
    """Weights of the sensors in the condition indicators, which rise with wear; none where nothing was seen to wear."""
    if data.scope == FLEET:
        return {}
    window = f"mean{data.spec.windows.mean[0]:g}"
    levels = data.samples.X[[f"{sensor}_{window}" for sensor in data.spec.sensors]].to_numpy(dtype=np.float64)
    weights = ways_of_wear(levels, data.samples.life, data.samples.remaining, near=data.horizons.critical)
    if not len(weights):
        return {}
    return {name: tuple(mine) for name, mine in zip(data.spec.sensors, weights.T.tolist(), strict=True)}


def train_diagnosis(data: TrainingData, seed: int, _budget: float, _tuning: Tuning = SHIPPED) -> Outcome:
    """Train the diagnosis on the rows within the warning horizon before failures of known cause."""
    enough_failures(data)
    s = data.samples
    rows = np.flatnonzero(s.remaining <= data.horizons.warning)
    cause, groups = s.cause[rows], s.groups[rows]
    guarded = guard_sensors(data, rows, [cause])
    model = BoostedDiagnoser(seed=seed)
    modal = [name for name in s.X.columns if name.startswith("mode_")]
    X = s.X[modal or list(s.X.columns)].iloc[rows]
    model.fit(X, cause, groups=groups, episodes=s.life[rows], refeature=data.refeature(rows))
    truth = np.array([c if c in model.episodes_ else "unknown" for c in cause])
    named = model.held_out_.astype(str)
    tested = named != ""
    metrics: dict[str, float | None] = {
        "macro_f1": macro_f1(truth[tested], named[tested]) if tested.any() else None,
        "accuracy": float((truth[tested] == named[tested]).mean()) if tested.any() else None,
        "modes": float(len(model.episodes_)),
        "doubt": model.doubt_,
    }
    counts = [float((truth == mode).mean()) for mode in set(truth)]
    accuracy = finite(metrics["accuracy"])
    refused = () if accuracy > max(counts) else ("no better than always naming the commonest mode",)
    judgement = None
    if tested.any():
        judgement = judge_diagnosis(
            truth[tested],
            named[tested],
            groups[tested],
            seed,
            modes=model.modes_,
            probability=model.held_probability_[tested],
            base=model.held_base_[tested],
        )
        metrics |= {one.name: one.value for one in judgement.figures if one.name in ("brier_skill", "ece")}
    return Outcome(
        bundle_of(data, model, rows),
        metrics,
        plain_parameters(model),
        refused,
        judgement,
        checks=split_checks(groups) + guarded,
        folds=folds_of(model.n_splits, groups),
    )
