"""How health, remaining life and diagnosis are trained, scored on held-out units, and gated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.domain.predictions import Task
from workbench.errors import NotEnoughData

from .arrays import FloatArray, IntArray, ObjectArray
from .contract import Estimator
from .degradation import DegradationLife
from .diagnosis import BoostedDiagnoser
from .evaluation import Judgement, judge_diagnosis, judge_health, judge_life, state_confusion
from .evidence import failures_reason
from .families import choose_family, degradation_features, ended_lives, family_facts, supervised_life
from .features import every_nth
from .guards import guard_sensors
from .health import BoostedHealth
from .intervals import CalibratedRul
from .metrics import macro_f1
from .models import Bundle
from .spec import FLEET
from .training_data import TrainingData
from .tuning import Tuning, tuned
from .validation import cross_calibrated, health_metrics, held_out_answers, held_out_bands, life_metrics
from .wear import ways_of_wear

HORIZON_NAMES = ("critical", "warning", "degrading")
LIFE_ROWS = 12_000
LEAST_SKILL = 0.05
SHIPPED = Tuning()


@dataclass(frozen=True)
class Outcome:
    """What training one task gave."""

    bundle: Bundle | None
    metrics: dict[str, float | None]
    parameters: dict[str, float | int | str | bool | None]
    refused: tuple[str, ...] = ()
    judgement: Judgement | None = None


def bundle_of(data: TrainingData, estimator: Estimator, rows: IntArray, facts: dict[str, float]) -> Bundle:
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
        facts=facts,
    )


def _enough_failures(data: TrainingData) -> None:
    reason = failures_reason(data.failures)
    if reason:
        raise NotEnoughData(reason, "Record failures as asset events.")


def _general(data: TrainingData) -> list[str]:
    """Features for health and life: all but those of single failure modes."""
    return [name for name in data.samples.X.columns if not name.startswith("mode_")]


def train_health(data: TrainingData, seed: int, _budget: float, tuning: Tuning = SHIPPED) -> Outcome:
    """Train the health classifiers; a horizon without skill answers with the population's rate."""
    _enough_failures(data)
    lives = (data.horizons.critical, data.horizons.warning, data.horizons.degrading)
    y = np.column_stack([data.samples.within(life) for life in lives])
    rows = np.flatnonzero(~np.isnan(y).all(axis=1))
    y, groups = y[rows], data.samples.groups[rows]
    columns, refeature = _general(data), data.refeature(rows)
    guard_sensors(data, rows, y)
    X = data.samples.X[columns].iloc[rows]
    chosen = tuned(
        BoostedHealth(seed=seed),
        lambda model: model.fit(X, y, groups=groups, refeature=refeature),
        lambda model: _row_means((_probability(model, y, groups, seed) - y) ** 2),
        groups,
        tuning,
    )
    model = chosen.estimator
    metrics: dict[str, float | None] = {}
    skills: list[float] = []
    answers = {}
    for column, name in enumerate(HORIZON_NAMES):
        held = held_out_answers(model.margins_of(column), y[:, column], groups, seed)
        figures = health_metrics(held) if held is not None else {"base_rate": float(np.nanmean(y[:, column]))}
        if held is not None:
            answers[name] = held
        metrics |= {f"{key}_{name}": value for key, value in figures.items()}
        skills.append(_number(figures.get("brier_skill")) - chosen.flattery / max(float(np.nanvar(y[:, column])), 1e-9))
        if skills[-1] <= 0:
            model.silence(column, _population_rate(data, lives[column]), y)
    refused = () if max(skills[:2]) > 0 else ("no skill over the base rate on held-out machines",)
    facts = {k: v for k, v in metrics.items() if v is not None and k.startswith("threshold")}
    main = HORIZON_NAMES[int(np.argmax(skills[:2]))]
    metrics |= {key: metrics.get(f"{key}_{main}") for key in ("f1", "pr_auc", "brier_skill", "ece")}
    states = state_confusion(y, _probability(model, y, groups, seed)) if len(answers) == len(HORIZON_NAMES) else None
    silent = [name for column, name in enumerate(HORIZON_NAMES) if model.boosters_[column] is None]
    judgement = judge_health(answers, states, seed, silent)
    parameters = {**plain_parameters(model), **chosen.parameters()}
    return Outcome(bundle_of(data, model, rows, facts), metrics, parameters, refused, judgement)


def _probability(model: BoostedHealth, y: FloatArray, groups: ObjectArray, seed: int) -> FloatArray:
    """Held-out probabilities of all horizons, calibrated on other units; NaN where a label is not known."""
    out = np.full(y.shape, np.nan)
    for column in range(y.shape[1]):
        known = np.flatnonzero(~np.isnan(model.held_out_[:, column]) & ~np.isnan(y[:, column]))
        if len(known) and len(np.unique(groups[known].astype(str))) > 1:
            margins = model.margins_of(column)[known]
            out[known, column] = cross_calibrated(margins, y[known, column], groups[known], seed)
    return out


def _row_means(matrix: FloatArray) -> FloatArray:
    """Return the mean of what is known in each row, NaN where nothing is."""
    known = (~np.isnan(matrix)).sum(axis=1)
    return np.asarray(np.where(known > 0, np.nansum(matrix, axis=1) / np.maximum(known, 1), np.nan))


def _population_rate(data: TrainingData, horizon: float) -> float:
    """P(failure within ``horizon``) by the lives of the population, averaged over ages.

    The share among labelled rows would be too high: a row before a planned replacement is labelled only if it fails.
    """
    ages = data.samples.age[np.isfinite(data.samples.age)]
    picked = np.quantile(ages, np.linspace(0.05, 0.95, 19)) if len(ages) else np.zeros(1)
    return float(np.mean([data.lifetimes.fails_within(float(age), horizon) for age in picked]))


def _number(value: float | None) -> float:
    return value if value is not None and np.isfinite(value) else -1.0


def plain_parameters(model: Estimator) -> dict[str, float | int | str | bool | None]:
    """Return the constructor arguments that are plain values."""
    return {k: v for k, v in model.params().items() if isinstance(v, (int, float, str, bool)) or v is None}


def train_life(data: TrainingData, seed: int, _budget: float, tuning: Tuning = SHIPPED) -> Outcome:
    """Train remaining useful life; refused below 5 % skill over the mean."""
    _enough_failures(data)
    cap = data.horizons.degrading
    rows, y = life_sample(data)
    lives = ended_lives(y, data.samples.life[rows], cap)
    groups = data.samples.groups[rows]
    columns, refeature = _general(data), data.refeature(rows)
    family, why = choose_family(lives=lives, failures=data.lifetimes.failures, features=columns)
    if family == "survival":
        raise NotEnoughData(f"{why}: the population's lives answer", "Record readings up to more failures.")
    shipped: CalibratedRul = supervised_life(cap=cap, seed=seed, lives=lives, scope=data.scope)
    if family == "degradation":
        shipped, columns = DegradationLife(cap=cap, seed=seed), degradation_features(columns)
    guard_sensors(data, rows, y[:, None])
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
    skill = _number(metrics.get("skill")) - chosen.flattery / max(float(np.var(y)), 1e-9)
    refused = (
        () if skill >= LEAST_SKILL else (f"hardly any skill over the mean life on held-out machines ({skill:.3f})",)
    )
    parameters = {
        **plain_parameters(model),
        **family_facts(model, lives=lives, scope=data.scope),
        **chosen.parameters(),
    }
    return Outcome(bundle_of(data, model, rows, {}), metrics, parameters, refused, judgement)


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
    _enough_failures(data)
    s = data.samples
    rows = np.flatnonzero(s.remaining <= data.horizons.warning)
    model = BoostedDiagnoser(seed=seed)
    modal = [name for name in s.X.columns if name.startswith("mode_")]
    model.fit(s.X[modal or list(s.X.columns)].iloc[rows], s.cause[rows], groups=s.groups[rows], episodes=s.life[rows])
    truth = np.array([c if c in model.episodes_ else "unknown" for c in s.cause[rows]])
    named = model.held_out_.astype(str)
    tested = named != ""
    metrics: dict[str, float | None] = {
        "macro_f1": macro_f1(truth[tested], named[tested]) if tested.any() else None,
        "accuracy": float((truth[tested] == named[tested]).mean()) if tested.any() else None,
        "modes": float(len(model.episodes_)),
        "doubt": model.doubt_,
    }
    counts = [float((truth == mode).mean()) for mode in set(truth)]
    accuracy = _number(metrics["accuracy"])
    refused = () if accuracy > max(counts) else ("no better than always naming the commonest mode",)
    judgement = None
    if tested.any():
        judgement = judge_diagnosis(
            truth[tested],
            named[tested],
            s.groups[rows][tested],
            seed,
            modes=model.modes_,
            probability=model.held_probability_[tested],
            base=model.held_base_[tested],
        )
        metrics |= {one.name: one.value for one in judgement.figures if one.name in ("brier_skill", "ece")}
    return Outcome(bundle_of(data, model, rows, {}), metrics, plain_parameters(model), refused, judgement)
