"""Trains the models of a fleet (ML6): reads the data, fits, evaluates by machine, registers, activates or refuses."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.predictions import ModelVersion
from workbench.workflows.score import DISTRIBUTION

if TYPE_CHECKING:
    from workbench.ml import TrainedModel
    from workbench.workspace import Workspace

LIBRARIES = (DISTRIBUTION, "numpy", "pandas", "scikit-learn", "skops")


@dataclass(frozen=True)
class TrainingReport:
    """What a training made: the registered versions and, in words, what was not trained and why."""

    as_of: datetime
    machines: int
    versions: tuple[ModelVersion, ...]
    refused: tuple[str, ...]


def train(
    ws: Workspace,
    *,
    seed: int | None = None,
    as_of: datetime | None = None,
    actor: Actor | None = None,
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainingReport:
    """Train every task the fleet's data allow, and activate each model that meets its gates.

    The same data and seed give the same version ids. A model that is refused is registered with its reasons
    and never activated; a task without enough failures is not trained at all and reported in ``refused``.
    """
    from workbench import ml

    at = as_of or ws.as_of()
    used_seed = ws.settings.seed if seed is None else seed
    if progress:
        progress(0.0, "reading telemetry and events")
    fleet = [machine for machine in ws.fleet_data(at) if len(machine.telemetry)]
    trained = ml.train_fleet(
        fleet,
        as_of=at,
        seed=used_seed,
        alarm_budget_per_machine_month=ws.settings.alarm_budget_per_machine_month,
        progress=progress,
        should_stop=should_stop,
    )
    data_hash = ws.data_hash(as_of=at)
    # All or none: a training that is killed here must not leave one task's model new and another's old.
    with ws.transaction() as tx:
        versions = tuple(_register(tx, model, data_hash, at, used_seed, actor) for model in trained)
    refused = tuple(f"{v.task.value} ({v.scope}): {reason}" for v in versions for reason in v.refused)
    return TrainingReport(at, len(fleet), versions, refused)


def _register(
    ws: Workspace, model: TrainedModel, data_hash: str, at: datetime, seed: int, actor: Actor | None
) -> ModelVersion:
    version = ModelVersion(
        version_id=stable_id("model", model.task.value, model.scope, data_hash, at.isoformat(), seed, *_basis(ws)),
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
    if not model.payload:
        return version
    with ws.transaction() as tx:
        stored = tx.models.register(version, model.payload, tx.change("trained", actor))
        if not stored.refused:
            tx.models.activate(stored.version_id, tx.change("meets its gates", actor))
            stored = stored.model_copy(update={"active": True})
    return stored


def _basis(ws: Workspace) -> tuple[object, ...]:
    """Return what a model rests on beside its data: the libraries, the profiles, the alarm budget."""
    profiles = stable_id(*(profile.model_dump_json() for profile in ws.machines.all()))
    return (*sorted(_made_with().items()), profiles, ws.settings.alarm_budget_per_machine_month)


def _made_with() -> dict[str, str]:
    """Return the versions of what makes a model; another version makes another model of the same data."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def is_trained(ws: Workspace, *, as_of: datetime | None = None) -> bool:
    """Say whether the active models were trained on the very data that the workspace holds now."""
    at = as_of or ws.as_of()
    active = ws.models.active()
    data_hash = ws.data_hash(as_of=at)
    return bool(active) and all(
        version.data_hash == data_hash and version.as_of == at and version.libraries == _made_with()
        for version in active
    )
