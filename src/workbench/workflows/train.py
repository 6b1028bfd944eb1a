"""Trains the models of a fleet (ML6): reads the data, fits, evaluates by machine, registers, activates or refuses."""

from __future__ import annotations

import importlib.metadata
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, Frozen, stable_id
from workbench.domain.predictions import ModelVersion, Task
from workbench.domain.simulation import TWIN_SOURCE
from workbench.errors import InputError
from workbench.workflows.models import known_task, one_of, standing
from workbench.workflows.score import DISTRIBUTION
from workbench.workflows.train_costs import act_from
from workbench.workflows.train_horizons import critical_lead_times, looks_far_enough

if TYPE_CHECKING:
    from workbench.ml import TrainedModel
    from workbench.workspace import Workspace

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


class TrainingReport(Frozen):
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
        should_stop: asked between tasks; a training that is stopped leaves nothing.

    A model that is refused is registered with its reasons and never activated; a task without enough failures is not
    trained at all and reported in ``refused``. The active one stays, as ``kept`` says, where the new model is clearly
    worse on held-out machines (by more than both 95 % intervals allow), or is the very one that was rolled back.

    Health states and lives look as far ahead as ML1 says, and far enough to order the critical parts (``Part.critical``) of
    the machines of a scope; of machines that count cycles, always 15, 50 and 125 cycles.

    Raises ``InputError`` for an unknown task, mode or scope, ``NotEnoughData`` without telemetry, and ``Stopped``.
    """
    from workbench import ml
    from workbench.ml.train import Plan
    from workbench.ml.tuning import Tuning

    tasks = () if task is None else (known_task(task),)
    chosen_mode = one_of(TrainMode, mode, "mode")
    if not 1 <= trials <= MOST_TRIALS:
        raise InputError(f"{trials} trials cannot be made.", f"Give 1 to {MOST_TRIALS}.")
    at = as_of or ws.as_of()
    used_seed = ws.settings.seed if seed is None else seed
    if progress:
        progress(0.0, "reading telemetry and events")
    # Before the data, so that readings that come meanwhile are never thought to be learned.
    data_hash = ws.data_hash(as_of=at)
    # Machines without readings still tell how long machines live.
    fleet = ws.fleet_data(at)
    lead_time_h = critical_lead_times(ws)
    costs = act_from(ws)
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
        lead_time_h=lead_time_h,
        act_from=costs,
        progress=progress,
        should_stop=should_stop,
    )
    simulated = _simulated_machines(ws, at)
    # All or none: a training that is killed here must not leave one task's model new and another's old.
    with ws.transaction() as tx:
        identity = (data_hash, at.isoformat(), used_seed, *_basis(ws, costs), *((trials,) if trials > 1 else ()),
                    *((f"horizons for {sorted(lead_time_h.items())}",) if lead_time_h else ()),
                    *(("of simulated machines",) if simulated and not ws.settings.simulated else ()))  # fmt: skip
        versions_of = [_version(ws, model, data_hash, at, used_seed, simulated) for model in trained]
        settled = [_register(tx, model, identity, chosen_mode, actor, version)
                   for model, version in zip(trained, versions_of, strict=True)]  # fmt: skip
    versions = tuple(version for version, _ in settled)
    refused = tuple(f"{v.task.value} ({v.scope}): {reason}" for v in versions for reason in v.refused)
    kept = tuple(f"{v.task.value} ({v.scope}): {words}" for v, words in settled if words)
    machines = sum(len(machine.telemetry) > 0 for machine in fleet)
    return TrainingReport(as_of=at, machines=machines, versions=versions, refused=refused, kept=kept)


def _simulated_machines(ws: Workspace, at: datetime) -> list[str]:
    """Return the machines whose events the digital twin made."""
    events = ws.events.frame(until=at)
    return sorted(set(events.loc[events["source"] == TWIN_SOURCE, "machine_id"]))


def _refused(ws: Workspace, model: TrainedModel, simulated: list[str]) -> tuple[str, ...]:
    """Return why a model must not be used: the gates that it fails, and that it learned from simulated machines."""
    if ws.settings.simulated or not simulated:
        return model.refused
    named = ", ".join(simulated[:3]) + (f" and {len(simulated) - 3} more" if len(simulated) > 3 else "")
    reason = f"trained on simulated machines ({named}): no gate for real machines is passed on simulated data"
    return (*model.refused, reason)


def _version(
    ws: Workspace, model: TrainedModel, data_hash: str, at: datetime, seed: int, simulated: list[str]
) -> ModelVersion:
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
        refused=_refused(ws, model, simulated),
        libraries=_made_with(),
        simulated=ws.settings.simulated or bool(simulated),
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
    kept = _why_kept(tx, champion, stored)
    if kept:
        return stored, kept
    tx.models.activate(stored.version_id, tx.change("meets its gates", actor))
    return tx.models.get(stored.version_id), ""


def _why_kept(ws: Workspace, champion: ModelVersion | None, challenger: ModelVersion) -> str:
    """Say why the champion stays, empty where the challenger takes its place."""
    if champion is None or champion.version_id == challenger.version_id or not _answers(ws, champion):
        return ""
    activated = ws.models.activations(challenger.task, challenger.scope)
    if challenger.version_id in activated and challenger.version_id not in standing(activated):
        again = f"workbench models activate {challenger.version_id}"
        return f"the same data gave {challenger.version_id} again, which was rolled back; to use it: {again}"
    worse = _clearly_worse(ws, champion, challenger)
    return worse and (
        f"clearly worse on held-out machines than the active version: {worse}. The active one stays; "
        f"compare them with: workbench models shadow {challenger.version_id}"
    )


def _answers(ws: Workspace, version: ModelVersion) -> bool:
    """Say whether a version can be used at all: its file is sound, and this very workbench made it."""
    return version.libraries.get(DISTRIBUTION) == _made_with()[DISTRIBUTION] and ws.models.intact(version.version_id)


def _clearly_worse(ws: Workspace, champion: ModelVersion, challenger: ModelVersion) -> str:
    """Name the headline figures if all of them are worse by more than chance allows; empty otherwise.

    Both figures are of units held out, each in its own data, with intervals of their own: the root of the summed
    squares of their half widths is the room that the difference of two independent figures has. Figures of other
    horizons are of another question.
    """
    before, after = ws.evaluations.find(champion.version_id), ws.evaluations.find(challenger.version_id)
    if before is None or after is None or before.horizons != after.horizons:
        return ""
    verdicts = []
    for name in HEADLINES.get(challenger.task, ()):
        old, new = before.figure(name), after.figure(name)
        if old is None or new is None or old.value is None or new.value is None:
            continue
        if old.lower is None or new.upper is None:
            continue
        room = math.hypot(old.value - old.lower, new.upper - new.value)
        worse = old.value - new.value > room
        verdicts.append(
            f"{name} {new.value:.3g} (95 % interval up to {new.upper:.3g}) against {old.value:.3g} (from {old.lower:.3g})"
            if worse
            else ""
        )
    return "; ".join(verdicts) if all(verdicts) else ""


def _basis(ws: Workspace, costs: dict[str, float]) -> tuple[object, ...]:
    """Return what a model and its figures rest on beside data: the libraries, the profiles, the alarm budget, costs."""
    profiles = stable_id(*(profile.model_dump_json() for profile in ws.machines.all()))
    budget = ws.settings.alarm_budget_per_machine_month
    return (*sorted(_made_with().items()), profiles, budget, stable_id(*sorted(costs.items())))


def _made_with() -> dict[str, str]:
    """Return the versions of what makes a model; another version makes another model of the same data."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def is_trained(ws: Workspace, *, as_of: datetime | None = None) -> bool:
    """Say whether a version of the question of every active model was trained on the very data that the workspace holds now.

    One that looks less far ahead than the parts that are critical now ask for is of another question.
    """
    at = as_of or ws.as_of()
    data_hash, made_with = ws.data_hash(as_of=at), _made_with()
    questions = {(version.task, version.scope) for version in ws.models.active()}
    fresh = {
        (version.task, version.scope)
        for version in ws.models.all()
        if version.data_hash == data_hash
        and version.as_of == at
        and version.libraries == made_with
        and looks_far_enough(ws, version)
    }
    return bool(questions) and questions <= fresh
