"""Training of all tasks on a fleet: scopes, features, guard, held-out figures, gates, and models ready to be registered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from workbench.domain.equipment import LifeUnit
from workbench.domain.models import ModelEvaluation
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Horizons, Task
from workbench.errors import InputError, LeakFound, NotEnoughData, Stopped

from .contract import Estimator
from .drift import references, watched_features
from .evaluation import Judgement
from .guards import guard_features
from .limits import limits_of_use
from .reasons import unit_words
from .record import known_until
from .spec import FLEET, default_horizons, type_scopes
from .threads import on_one_thread
from .training_anomaly import train_anomaly
from .training_data import TrainingData, gather
from .training_health import train_health
from .training_tasks import SHIPPED, Outcome, train_diagnosis, train_life
from .tuning import Tuning

Progress = Callable[[float, str], None]
Clock = Callable[[], float]
TIMED_ANSWERS = 5
TASKS: tuple[tuple[Task, Callable[[TrainingData, int, float, Tuning], Outcome]], ...] = (
    (Task.HEALTH, train_health),
    (Task.RUL, train_life),
    (Task.ANOMALY, train_anomaly),
    (Task.DIAGNOSIS, train_diagnosis),
)


@dataclass(frozen=True)
class TrainedModel:
    """One trained model, or the reasons why there is none.

    ``payload`` is empty when nothing could be trained; ``refused`` then (or when a gate was not met) says why, and
    the model must not be activated. ``evaluation`` goes with a payload.
    """

    task: Task
    scope: str
    payload: bytes
    metrics: dict[str, float | None]
    parameters: dict[str, float | int | str | bool | None]
    features: tuple[str, ...]
    split: str
    units: int
    failures: int
    refused: tuple[str, ...] = ()
    horizons: Horizons | None = None
    evaluation: ModelEvaluation | None = None


@dataclass(frozen=True)
class Plan:
    """What to train and how: ``tasks`` and ``scopes`` (empty: all), tuning, and a clock where times are to be told."""

    tasks: Collection[Task] = ()
    scopes: Collection[str] = ()
    tuning: Tuning = SHIPPED
    clock: Clock | None = None


def scopes_of(fleet: Sequence[MachineData]) -> list[tuple[str, list[MachineData]]]:
    """Return scopes and their machines: types with enough units and failures, the rest as the fleet.

    The fleet scope takes machines of one life unit, that of most of them.
    """
    found = type_scopes(fleet)
    out = [(scope, [m for m in fleet if f"type:{m.profile.machine_type}" == scope]) for scope in found]
    rest = [m for m in fleet if f"type:{m.profile.machine_type}" not in found]
    if any(len(machine.telemetry) for machine in rest):
        units = [m.profile.life_unit for m in rest if len(m.telemetry)]
        common = max((LifeUnit.OPERATING_H, LifeUnit.CYCLE), key=units.count)
        out.append((FLEET, [m for m in rest if m.profile.life_unit is common]))
    return out


def train_fleet(
    fleet: Sequence[MachineData],
    *,
    as_of: datetime,
    seed: int = 0,
    plan: Plan | None = None,
    horizons: Horizons | None = None,
    alarm_budget_per_machine_month: float = 1.0,
    act_from: Mapping[str, float] | None = None,
    lead_time_h: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[TrainedModel]:
    """Train health, life, anomaly and diagnosis for every scope of ``fleet``, or what ``plan`` says of them.

    Records must end at ``as_of``. ``horizons`` (life units) default to ML1's, for the longest lead time of a critical part
    (``lead_time_h``, by machine) of the scope. Figures are from units held out, those of alarms by ``act_from``: by machine,
    the probability of failure from which planned work costs less than the risk. A leak that the guard finds refuses what
    it touches, with its reason. Raises ``NotEnoughData`` when no machine has telemetry, ``InputError`` for a scope that the
    fleet does not have, and ``Stopped`` when ``should_stop``, which is asked between tasks, says so.
    """
    plan = plan or Plan()
    # By name, so that the same machines give the same models in whatever order they come.
    known = sorted((known_until(machine, as_of) for machine in fleet), key=lambda machine: machine.profile.machine_id)
    scopes = scopes_of(known)
    if not scopes:
        raise NotEnoughData("No machine has telemetry to train on.", "Ingest telemetry first.")
    scopes = _chosen(scopes, plan.scopes)
    out: list[TrainedModel] = []
    steps = len(scopes) * len(plan.tasks or TASKS)
    for scope, members in scopes:
        _go_on(should_stop)
        if progress is not None:
            progress(len(out) / steps, f"features of {scope}")
        longest = max((lead_time_h or {}).get(machine.profile.machine_id, 0.0) for machine in members)
        chosen = horizons or default_horizons(members[0].profile.life_unit, longest)
        data = gather(scope, members, chosen, act_from=act_from)
        for model in _train_scope(data, seed, alarm_budget_per_machine_month, plan, should_stop):
            out.append(model)
            if progress is not None:
                progress(len(out) / steps, f"trained {model.task} for {scope}")
    return out


def _go_on(should_stop: Callable[[], bool] | None) -> None:
    if should_stop is not None and should_stop():
        raise Stopped("The training was stopped.", "Nothing of it is kept; start it again.")


def _chosen(
    scopes: list[tuple[str, list[MachineData]]], wanted: Collection[str]
) -> list[tuple[str, list[MachineData]]]:
    names = [scope for scope, _ in scopes]
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        raise InputError(
            f"There is nothing to train for scope {', '.join(unknown)}.",
            f"Scopes of this fleet: {', '.join(names)}. A type needs ten units and ten failures of its own.",
        )
    return [pair for pair in scopes if not wanted or pair[0] in wanted]


def _train_scope(
    data: TrainingData,
    seed: int,
    budget: float,
    plan: Plan,
    should_stop: Callable[[], bool] | None,
) -> Iterator[TrainedModel]:
    leak: tuple[str, ...] = ()
    guarded: tuple[str, ...] = ()
    try:
        guarded = guard_features(data)
    except LeakFound as found:
        leak = (found.what,)
    for task, trainer in TASKS:
        if plan.tasks and task not in plan.tasks:
            continue
        _go_on(should_stop)
        start = plan.clock() if plan.clock else 0.0
        outcome = Outcome(None, {}, {}, leak)
        if not leak:
            try:
                # Samples are thinned to tens of thousands of rows, on which more threads mostly wait for each other.
                outcome = on_one_thread(trainer)(data, seed, budget, plan.tuning)
            except (NotEnoughData, LeakFound) as lack:
                outcome = Outcome(None, {}, {}, (lack.what,))
        took = plan.clock() - start if plan.clock else None
        bundle = outcome.bundle
        outcome = replace(outcome, checks=outcome.checks + guarded)
        yield TrainedModel(
            task=task,
            scope=data.scope,
            payload=b"" if bundle is None else bundle.to_bytes(),
            metrics=outcome.metrics,
            parameters={**outcome.parameters, "seed": seed, "every": data.every},
            features=() if bundle is None else bundle.estimator.feature_names_,
            split=outcome.split,
            units=data.units,
            failures=data.failures,
            refused=outcome.refused,
            horizons=data.horizons,
            evaluation=None if bundle is None else _evaluation(data, task, bundle.estimator, outcome, plan.clock, took),
        )


def _evaluation(
    data: TrainingData, task: Task, estimator: Estimator, outcome: Outcome, clock: Clock | None, took: float | None
) -> ModelEvaluation:
    """Put together what is known of one model."""
    judged = outcome.judgement or Judgement(len(data.samples.time), (), {})
    types = dict(Counter(machine.profile.machine_type for machine in data.members))
    h, unit = data.horizons, data.spec.life_unit
    return ModelEvaluation(
        task=task,
        scope=data.scope,
        split=outcome.split,
        folds=outcome.folds,
        rows=judged.rows,
        figures=judged.figures,
        base_rates=dict(judged.base_rates),
        calibration=judged.calibration,
        confusion=judged.confusion,
        error_by_life=judged.error_by_life,
        machine_types=types,
        life_unit=str(unit),
        horizons=h,
        training_s=took,
        inference_ms=None if clock is None else _answer_ms(data, estimator, clock),
        checks=outcome.checks,
        alarms=judged.alarms,
        limits=judged.limits
        + limits_of_use(
            task,
            machines=data.units,
            failures=data.failures,
            types=types,
            scope=data.scope,
            horizons=f"{h.critical:g}, {h.warning:g} and {h.degrading:g} {unit_words(unit)}",
            split=outcome.split,
            refused=outcome.refused,
        ),
        reference=references(
            data.samples.X,
            watched_features(data.spec, estimator.feature_names_),
            data.samples.groups,
            data.samples.time,
        ),
    )


def _answer_ms(data: TrainingData, estimator: Estimator, clock: Clock) -> float | None:
    """Return the median time of an answer for one row, its features given; None for estimators of whole sequences."""
    names = list(estimator.feature_names_)
    if not set(names) <= set(data.samples.X.columns):
        return None
    row = data.samples.X[names].iloc[-1:]
    predict = on_one_thread(estimator.predict)  # type: ignore[attr-defined]
    took = []
    for _ in range(TIMED_ANSWERS):
        start = clock()
        predict(row)
        took.append(clock() - start)
    return 1000.0 * sorted(took)[TIMED_ANSWERS // 2]
