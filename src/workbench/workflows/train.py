"""Trains the models of a fleet (ML6): reads the data, fits, evaluates by machine, registers, activates or refuses."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from workbench.domain.base import Actor, stable_id
from workbench.domain.predictions import ModelVersion, Task
from workbench.errors import InputError
from workbench.workflows.score import DISTRIBUTION

if TYPE_CHECKING:
    from workbench.ml import TrainedModel
    from workbench.workspace import Workspace

E = TypeVar("E", bound=StrEnum)
LIBRARIES = (DISTRIBUTION, "numpy", "pandas", "scikit-learn", "skops")
MOST_TRIALS = 200
# The figure that a new version must not be clearly worse in than the active one; higher is better.
HEADLINES = {
    Task.HEALTH: ("brier_skill_critical", "brier_skill_warning"),
    Task.RUL: ("skill",),
    Task.DIAGNOSIS: ("macro_f1",),
}


class TrainMode(StrEnum):
    """What becomes of a new version that meets its gates."""

    ACTIVATE = "activate"
    SHADOW = "shadow"
    REGISTER = "register"


@dataclass(frozen=True)
class TrainingReport:
    """What a training made: the registered versions and, in words, what was not trained or not activated and why."""

    as_of: datetime
    machines: int
    versions: tuple[ModelVersion, ...]
    refused: tuple[str, ...]
    kept: tuple[str, ...] = ()


def train(
    ws: Workspace,
    task: Task | str | None = None,
    *,
    scope: str | None = None,
    seed: int | None = None,
    trials: int = 1,
    seconds: float | None = None,
    mode: TrainMode | str = TrainMode.ACTIVATE,
    as_of: datetime | None = None,
    actor: Actor | None = None,
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainingReport:
    """Train every task the fleet's data allow, and activate each model that meets its gates.

    Args:
        ws: the workspace.
        task: ``health``, ``rul``, ``anomaly`` or ``diagnosis``; None: all.
        scope: ``fleet`` or ``type:<machine type>``; None: all that the data allow.
        seed: default the workspace's. The same data, seed and trials give the same version ids.
        trials: settings to try for health and life; 1 takes the shipped ones.
        seconds: no further setting is tried after this time; only a cap, since then a seed does not repeat.
        mode: ``activate`` what meets its gates, let it answer in the ``shadow`` of the active one, or only ``register``.
        as_of: data and events up to here; default the workspace's instant.
        actor: who trains.
        progress: told the fraction done and what is going on.
        should_stop: asked between tasks.

    A model that is refused is registered with its reasons and never activated; a task without enough failures is not
    trained at all and reported in ``refused``. A model that meets its gates but is clearly worse than the active one
    (whose figure lies above the new one's 95 % interval) is registered, and the active one stays: see ``kept``.

    Raises ``InputError`` for an unknown task, mode or scope, and ``NotEnoughData`` without telemetry.
    """
    from workbench import ml
    from workbench.ml.train import Plan
    from workbench.ml.tuning import Tuning

    tasks = () if task is None else (_one_of(Task, task, "task"),)
    chosen_mode = _one_of(TrainMode, mode, "mode")
    if not 1 <= trials <= MOST_TRIALS:
        raise InputError(f"{trials} trials cannot be made.", f"Give 1 to {MOST_TRIALS}.")
    at = as_of or ws.as_of()
    used_seed = ws.settings.seed if seed is None else seed
    if progress:
        progress(0.0, "reading telemetry and events")
    # Machines without readings still tell how long machines live.
    fleet = ws.fleet_data(at)
    deadline = None if seconds is None else time.monotonic() + seconds
    trained = ml.train_fleet(
        fleet,
        as_of=at,
        seed=used_seed,
        plan=Plan(
            tasks=tasks,
            scopes=() if scope is None else (scope,),
            tuning=Tuning(trials, lambda: deadline is not None and time.monotonic() > deadline),
            clock=time.perf_counter,
        ),
        alarm_budget_per_machine_month=ws.settings.alarm_budget_per_machine_month,
        progress=progress,
        should_stop=should_stop,
    )
    data_hash = ws.data_hash(as_of=at)
    # All or none: a training that is killed here must not leave one task's model new and another's old.
    with ws.transaction() as tx:
        identity = (data_hash, at.isoformat(), used_seed, *_basis(ws), *((trials,) if trials > 1 else ()))
        settled = [_register(tx, model, identity, chosen_mode, actor, _version(ws, model, data_hash, at, used_seed))
                   for model in trained]  # fmt: skip
    versions = tuple(version for version, _ in settled)
    refused = tuple(f"{v.task.value} ({v.scope}): {reason}" for v in versions for reason in v.refused)
    kept = tuple(f"{v.task.value} ({v.scope}): {words}" for v, words in settled if words)
    return TrainingReport(at, sum(len(machine.telemetry) > 0 for machine in fleet), versions, refused, kept)


def _one_of(kind: type[E], name: E | str, noun: str) -> E:
    try:
        return kind(name)
    except ValueError as error:
        raise InputError(f"There is no {noun} {str(name)!r}.", f"Use one of: {', '.join(kind)}.") from error


def _version(ws: Workspace, model: TrainedModel, data_hash: str, at: datetime, seed: int) -> ModelVersion:
    return ModelVersion(
        version_id="",
        task=model.task,
        scope=model.scope,
        created_at=datetime.now(UTC),
        as_of=at,
        data_hash=data_hash,
        seed=seed,
        split=model.split,
        units=model.units,
        failures=model.failures,
        metrics=model.metrics,
        parameters=model.parameters,
        features=model.features,
        refused=model.refused,
        libraries=_made_with(),
        simulated=ws.settings.simulated,
    )


def _register(
    tx: Workspace,
    model: TrainedModel,
    identity: tuple[object, ...],
    mode: TrainMode,
    actor: Actor | None,
    version: ModelVersion,
) -> tuple[ModelVersion, str]:
    """Record one trained model and do with it what ``mode`` says; returns it and, in words, why it is not in use."""
    named = version.model_copy(update={"version_id": stable_id("model", model.task.value, model.scope, *identity)})
    if not model.payload:
        return named, ""
    trained = tx.change("trained", actor)
    stored = tx.models.register(named, model.payload, trained)
    if model.evaluation is not None:
        tx.evaluations.add(model.evaluation.model_copy(update={"version_id": stored.version_id}), trained)
    if stored.refused:
        return stored, ""
    if mode is TrainMode.REGISTER:
        return stored, "registered only"
    champion = next((v for v in tx.models.active() if (v.task, v.scope) == (stored.task, stored.scope)), None)
    if mode is TrainMode.SHADOW:
        if champion is None or champion.version_id == stored.version_id:
            return stored, "there is no other active version whose challenger it could be; registered only"
        tx.models.cast_shadow(stored.version_id, tx.change("trained as a challenger", actor))
        return tx.models.get(stored.version_id), f"answers in the shadow of {champion.version_id}"
    worse = _clearly_worse(tx, champion, stored) if champion is not None else ""
    if worse:
        return stored, worse
    tx.models.activate(stored.version_id, tx.change("meets its gates", actor))
    return tx.models.get(stored.version_id), ""


def _clearly_worse(ws: Workspace, champion: ModelVersion, challenger: ModelVersion) -> str:
    """Say that the champion's held-out figure lies above the challenger's whole 95 % interval; empty otherwise.

    Both figures are of units held out, each in its own data. The newer data may be harder, so a lower figure within
    the interval says nothing; one beyond it is for a person to look at.
    """
    evaluation = ws.evaluations.find(challenger.version_id)
    names = HEADLINES.get(challenger.task, ())
    if evaluation is None or champion.version_id == challenger.version_id or not names:
        return ""
    verdicts = []
    for name in names:
        figure, before = evaluation.figure(name), champion.metrics.get(name)
        if figure is None or figure.value is None or figure.upper is None or before is None:
            continue
        worse = before > figure.upper
        verdicts.append(
            f"{name} {figure.value:.3g} (95 % interval up to {figure.upper:.3g}) against {before:.3g}" if worse else ""
        )
    if not verdicts or not all(verdicts):
        return ""
    return (
        f"clearly worse on held-out machines than the active version: {'; '.join(verdicts)}. The active one stays; "
        f"compare them with: workbench models shadow {challenger.version_id}"
    )


def _basis(ws: Workspace) -> tuple[object, ...]:
    """Return what a model rests on beside its data: the libraries, the profiles, the alarm budget."""
    profiles = stable_id(*(profile.model_dump_json() for profile in ws.machines.all()))
    return (*sorted(_made_with().items()), profiles, ws.settings.alarm_budget_per_machine_month)


def _made_with() -> dict[str, str]:
    """Return the versions of what makes a model; another version makes another model of the same data."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def is_trained(ws: Workspace, *, as_of: datetime | None = None) -> bool:
    """Say whether a version of the question of every active model was trained on the very data that the workspace holds now."""
    at = as_of or ws.as_of()
    data_hash, made_with = ws.data_hash(as_of=at), _made_with()
    questions = {(version.task, version.scope) for version in ws.models.active()}
    fresh = {
        (version.task, version.scope)
        for version in ws.models.all()
        if version.data_hash == data_hash and version.as_of == at and version.libraries == made_with
    }
    return bool(questions) and questions <= fresh
