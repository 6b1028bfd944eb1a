"""The single answers about one machine: health, remaining useful life, diagnosis."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from workbench.domain.predictions import (
    UNKNOWN_MODE,
    Anomaly,
    Diagnosis,
    Evidence,
    HorizonProbability,
    Interval,
    RemainingUsefulLife,
    Task,
)

from .arrays import BoolArray, FloatArray
from .context import Context, recent_mean
from .contract import Diagnoser, HealthEstimator, RulEstimator
from .diagnosis import as_diagnosis, chance_of_a_mode, doubted, scaled, symptom_diagnosis, unknown_diagnosis
from .evidence import NO_READINGS, failures_reason, readings_reason, support_reason, trend_reason, weigh, width_reason
from .models import Bundle
from .spec import horizon_spans

LONGEST_H = 50 * 8766.0


def _features(context: Context, bundle: Bundle) -> FloatArray:
    """The last row's features that the model takes, in its order."""
    return context.table(bundle.spec).values(bundle.estimator.feature_names_)


def answer_health(context: Context, failures: int) -> tuple[Evidence, FloatArray | None]:
    """Return the evidence and P(failure within each horizon); the last three are critical, warning and degrading.

    A machine is judged from at least 30 running readings in its record, though not since its last repair: one that
    was just repaired is judged by what is known. At least one running reading must lie behind the last failure or
    replacement, and some sensor must have been read in the last 24 running readings; see ``Context.gaps``.
    """
    bundle = context.models.pick(Task.HEALTH, context.profile)
    lacking = failures_reason(failures) if bundle is None else None
    gaps = context.gaps(context.spec_of(Task.HEALTH))
    if gaps or lacking:
        return weigh(lacking, *gaps), None
    if bundle is None:
        return weigh("no health model is active for this machine"), None
    assert isinstance(bundle.estimator, HealthEstimator)  # noqa: S101 - load_models restores by task
    return weigh(), np.asarray(bundle.estimator.answer(_features(context, bundle))[0])


def failure_curve(context: Context, within: FloatArray | None, bundle: Bundle | None) -> tuple[HorizonProbability, ...]:
    """Return P(failure) within calendar hours, by the utilisation of the tracking window; it never falls."""
    if within is None or bundle is None:
        return ()
    # A model of before it answered over nearer horizons too has three answers.
    lives = horizon_spans(bundle.horizons, bundle.spec.life_unit)[-len(within) :]
    probabilities = np.clip(np.maximum.accumulate(within), 0.0, 1.0)
    return tuple(
        HorizonProbability(hours=life / context.utilisation, probability=float(p))
        for life, p in zip(lives, probabilities, strict=True)
    )


def condition_series(context: Context, bundle: Bundle) -> FloatArray:
    """Condition indicators since the last reset, a column each, which rise with wear.

    Those that the model learned to weigh, or else the symptoms of each mode: not of the worst alone, for to choose it
    by the readings that are then tested would find trends where there are none.
    """
    table = context.table(bundle.spec)
    z = table.z[table.recent >= table.clock.fresh[-1]]
    if bundle.indicator:
        ways = len(next(iter(bundle.indicator.values())))
        weights = np.array([bundle.indicator.get(name, (0.0,) * ways) for name in table.indicators])
        return np.asarray(np.nan_to_num(z) @ weights)
    symptoms = table.symptoms[table.symptoms.any(axis=1)]
    if not symptoms.size:
        return np.sqrt(np.nanmean(z**2, axis=1))[:, None] if z.size else np.zeros((0, 1))
    return np.asarray(np.where(np.isnan(z), 0.0, z) @ symptoms.T)


def answer_life(context: Context, failures: int) -> RemainingUsefulLife:
    """Return the life left: the model's, or the population's at this age where evidence is lacking (ML2).

    A machine that is down after a failure has no life left to tell; one not seen since a replacement gets the
    population's, because the model knows only readings from before the work.
    """
    profile = context.profile
    bundle = context.models.pick(Task.RUL, profile)
    lives = context.models.lifetimes(profile)
    unseen, offline = context.reset_reason(), context.offline_reason()
    if offline is not None and unseen is None:
        offline = f"offline: {offline}"
    if context.failed_reason() is not None:
        return _abstain(context, weigh(unseen), None, None)
    if bundle is None or not context.has_run or unseen is not None:
        lacking = failures_reason(failures if bundle is None else bundle.failures)
        missing = unseen if context.has_run else NO_READINGS
        if lacking is None and missing is None:
            lacking = "no life model is active for this machine"
        prior = None if lives is None else lives.remaining(context.age, profile=profile)
        return _abstain(context, weigh(offline if unseen is None else None, lacking, missing), prior, None)
    assert isinstance(bundle.estimator, RulEstimator)  # noqa: S101 - load_models restores by task
    row = _features(context, bundle)
    median, lower, upper = (float(v) for v in bundle.estimator.answer(row)[0])
    cap = bundle.estimator.cap
    own = Interval(median=median, lower=lower, upper=upper, upper_open=upper >= cap, median_open=median >= cap)
    prior = bundle.lifetimes.remaining(context.age, profile=profile)
    evidence = weigh(
        offline,
        failures_reason(bundle.failures),
        context.sensors_reason(bundle.spec),
        readings_reason(context.clock.rows_since_reset()),
        trend_reason(condition_series(context, bundle)),
        support_reason(row[0], bundle.low, bundle.high),
        width_reason(own, prior),
    )
    if not evidence.enough:
        return _abstain(context, evidence, prior, own)
    return RemainingUsefulLife(
        life_unit=profile.life_unit,
        evidence=evidence,
        basis="model",
        life=own,
        model_life=own,
        expected_failure_at=expected_at(context, own),
    )


def _abstain(context: Context, evidence: Evidence, prior: Interval | None, own: Interval | None) -> RemainingUsefulLife:
    return RemainingUsefulLife(
        life_unit=context.profile.life_unit,
        evidence=evidence,
        basis="none" if prior is None else "population",
        life=prior,
        model_life=own,
        expected_failure_at=None if prior is None else expected_at(context, prior),
    )


def expected_at(context: Context, life: Interval) -> tuple[datetime, datetime, datetime] | None:
    """Turn life left into calendar times (lower, median, upper) by recent utilisation.

    None of them lies before ``as_of``: the machine still ran then. None for a machine out of service, whose life
    does not go on.
    """
    if context.offline_reason() is not None:
        return None
    start = context.data_until or context.as_of
    hours = [min(value / context.utilisation, LONGEST_H) for value in (life.lower, life.median, life.upper)]
    lower, median, upper = (max(start + timedelta(hours=h), context.as_of) for h in hours)
    return lower, median, upper


def answer_diagnosis(context: Context, within: FloatArray | None, anomaly: Anomaly | None) -> Diagnosis:
    """Return the failure modes by the classifier, else the symptom table, else unknown (ML10).

    ``within``: P(failure within critical, warning, degrading), where a health model told it. The classifier learned
    from failing machines only, so it answers "which mode, if any"; the named modes are scaled by how sure it is that
    there is one (``chance_of_a_mode``), and the rest is ``unknown``.
    """
    if context.gaps(context.spec_of(Task.HEALTH)):
        return unknown_diagnosis()
    table = context.table(context.spec_of(Task.HEALTH))
    shown = recent_mean(table)
    # Without a health model nothing tells that a failure is near: the symptom table weighs "unknown" by itself.
    if within is None:
        return symptom_diagnosis(context.profile, table.symptoms, shown)
    chance = chance_of_a_mode(within, anomaly)
    bundle = context.models.pick(Task.DIAGNOSIS, context.profile)
    if bundle is None:
        return scaled(symptom_diagnosis(context.profile, table.symptoms, shown), chance)
    assert isinstance(bundle.estimator, Diagnoser)  # noqa: S101 - load_models restores by task
    row = _features(context, bundle)
    if not _says_something(row[0], bundle.estimator.feature_names_):
        return unknown_diagnosis()
    named = as_diagnosis(bundle.estimator.modes_, bundle.estimator.answer(row)[0], context.profile)
    if context.profile.failure_modes:
        named = doubted(named, context.profile, table.symptoms, shown)
        if named.likeliest == UNKNOWN_MODE:
            # Modes with too few episodes are unknown to the classifier; the symptom table may know them.
            by_symptoms = symptom_diagnosis(context.profile, table.symptoms, shown)
            named = doubted(by_symptoms, context.profile, table.symptoms, shown)
    return scaled(named, chance)


def _says_something(row: FloatArray, names: tuple[str, ...]) -> bool:
    """Whether any symptom among the features ``names`` of a row is there and not nought, age and events aside."""
    modal = _modal(names)
    values = row[modal] if modal.any() else row
    return bool((values[~np.isnan(values)] != 0).any())


@lru_cache(maxsize=64)
def _modal(names: tuple[str, ...]) -> BoolArray:
    return np.array([name.startswith("mode_") for name in names], dtype=bool)
