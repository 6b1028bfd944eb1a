"""How health is trained, scored on held-out units at the rule that orders work, and gated."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from workbench.domain.equipment import LifeUnit

from .arrays import FloatArray, ObjectArray
from .evaluation import Judgement, judge_health, state_confusion
from .guards import guard_sensors
from .health import BoostedHealth
from .reasons import unit_words
from .spec import horizon_spans
from .training_data import TrainingData
from .training_tasks import (
    SHIPPED,
    Outcome,
    bundle_of,
    enough_failures,
    finite,
    folds_of,
    general_features,
    plain_parameters,
    split_checks,
)
from .tuning import Tuning, tuned
from .validation import cross_calibrated, held_out_answers

HORIZON_NAMES = ("critical", "warning", "degrading")
# Farther ahead most failures have not begun to show: a model is not to be used for that alone.
GATE_HORIZONS = HORIZON_NAMES[:2]


def train_health(data: TrainingData, seed: int, _budget: float, tuning: Tuning = SHIPPED) -> Outcome:
    """Train the health classifiers; a horizon without skill answers with the population's rate.

    Refused unless the skill of the critical or the warning horizon is above 0 beyond chance (95 % interval over units).
    """
    enough_failures(data)
    lives = horizon_spans(data.horizons, data.spec.life_unit)
    near = len(lives) - len(HORIZON_NAMES)
    y = np.column_stack([data.samples.within(life) for life in lives])
    rows = np.flatnonzero(~np.isnan(y).all(axis=1))
    y, groups = y[rows], data.samples.groups[rows]
    columns, refeature = general_features(data), data.refeature(rows)
    guarded = guard_sensors(data, rows, list(y.T))
    X = data.samples.X[columns].iloc[rows]
    chosen = tuned(
        BoostedHealth(seed=seed),
        lambda model: model.fit(X, y, groups=groups, refeature=refeature),
        lambda model: _row_means((_probability(model, y, groups, seed) - y) ** 2),
        groups,
        tuning,
    )
    model = chosen.estimator
    act_from = data.act_from_of(groups)
    # What the choice among settings makes the skill look better than it is.
    flattery = chosen.flattery / np.maximum(np.nanvar(y, axis=0), 1e-9)
    answers = {}
    beside = []
    for column, life in enumerate(lives):
        held = held_out_answers(model.margins_of(column), y[:, column], groups, seed, act_from=act_from)
        skill = -1.0 if held is None else finite(held.figures()["brier_skill"]) - float(flattery[column])
        if skill <= 0:
            rate = _population_rate(data, life)
            model.silence(column, rate, y)
            held = None if held is None else held.answering(rate)
        if column < near:
            beside.append(_beside_words(life, data.spec.life_unit, skill))
        elif held is not None:
            answers[HORIZON_NAMES[column - near]] = held
    judged = y[:, near:]
    states = (
        state_confusion(judged, _probability(model, y, groups, seed)[:, near:])
        if len(answers) == len(HORIZON_NAMES)
        else None
    )
    silent = [name for name, booster in zip(HORIZON_NAMES, model.boosters_[near:], strict=True) if booster is None]
    judgement = judge_health(answers, states, seed, silent, alarms=_alarm_words(data))
    judgement = replace(judgement, limits=(*judgement.limits, *beside))
    refused = gate(judgement, silent, flattery[near:])
    metrics: dict[str, float | None] = {
        f"base_rate_{name}": float(np.nanmean(judged[:, column])) for column, name in enumerate(HORIZON_NAMES)
    }
    metrics |= {one.name: one.value for one in judgement.figures}
    main = max(GATE_HORIZONS, key=lambda name: finite(metrics.get(f"brier_skill_{name}")))
    metrics |= {key: metrics.get(f"{key}_{main}") for key in ("f1", "pr_auc", "brier_skill", "ece")}
    return Outcome(
        bundle_of(data, model, rows),
        metrics,
        {**plain_parameters(model), **chosen.parameters()},
        refused,
        judgement,
        checks=split_checks(groups) + guarded,
        folds=folds_of(model.n_splits, groups),
    )


def gate(judgement: Judgement, silent: Collection[str], flattery: FloatArray) -> tuple[str, ...]:
    """Return why a model must not be used; nothing where its skill on one of the gate's horizons is above 0 beyond chance.

    ``flattery``: how much better than it is each horizon's skill looks by the choice among settings.
    """
    told = []
    for name, less in zip(GATE_HORIZONS, flattery.tolist(), strict=False):
        skill = judgement.figure(f"brier_skill_{name}")
        if name in silent or skill is None or skill.value is None or skill.lower is None or skill.upper is None:
            continue
        value, low, high = (part - less for part in (skill.value, skill.lower, skill.upper))
        if low > 0:
            return ()
        told.append(f"{name} horizon {value:.2f}, 95 % interval {low:.2f} to {high:.2f}")
    words = "no skill over the base rate is shown on held-out machines"
    return (f"{words}: {'; '.join(told)}" if told else words,)


def _beside_words(life: float, unit: LifeUnit, skill: float) -> str:
    """Say how good the answer is over a horizon that is nearer than those of the states."""
    within = f"within {life:g} {unit_words(unit)}"
    if skill <= 0:
        return f"No skill {within}: the population's rate is answered there."
    return f"Beside its states it tells the probability of failure {within}: skill {skill:.2f} over the base rate."


def _alarm_words(data: TrainingData) -> str:
    """Say when an alarm is counted."""
    names = np.array([machine.profile.machine_id for machine in data.members], dtype=object)
    act_from, assumed = data.act_from_of(names), sum(name not in data.act_from for name in names)
    low, high = (
        f"{100 * end:.0f} %" if end >= 0.01 else f"{100 * end:.1g} %" for end in (act_from.min(), act_from.max())
    )
    words = (
        "An alarm is counted by the rule of orders, with the mean costs of each machine's failure modes: where the "
        "probability of failure within the horizon times the cost of a failure exceeds the cost of planned work, above "
        f"{low}" + ("." if low == high else f" to {high} by machine.")
    )
    if not assumed:
        return words
    known = len(names) - assumed
    return (
        f"{words} Costs are known of {known} of {len(names)} machines; elsewhere a failure is taken to cost three times "
        "planned work."
    )


def _probability(model: BoostedHealth, y: FloatArray, groups: ObjectArray, seed: int) -> FloatArray:
    """Held-out probabilities of all horizons, calibrated on other units; NaN where a label is not known.

    A horizon that answers with a rate has it everywhere.
    """
    out = np.full(y.shape, np.nan)
    for column in range(y.shape[1]):
        if model.boosters_[column] is None:
            out[~np.isnan(y[:, column]), column] = model.rates_[column]
            continue
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
