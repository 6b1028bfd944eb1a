"""Scores machines with the active models (ML9): loads models once, keeps five in memory, logs every prediction."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.observations import EventKind
from workbench.domain.prediction_lists import Predictions
from workbench.domain.predictions import HealthState, ModelVersion, Prediction
from workbench.domain.work import OrderState
from workbench.errors import WorkbenchError
from workbench.workflows.alerts import present_alerts, read_rules, rules_text
from workbench.workflows.model_cache import ModelCache
from workbench.workflows.onboard import chosen_machines
from workbench.workflows.shadow import log_shadows

if TYPE_CHECKING:
    from workbench.domain.equipment import MachineProfile
    from workbench.ml import Bundle, Models
    from workbench.workspace import Workspace


DISTRIBUTION = "predictive-maintenance-workbench"

# More than the readings that the hysteresis looks at, since several predictions may rest on one reading.
HISTORY = 20

_cache = ModelCache()


def active_versions(ws: Workspace, machine_id: str, as_of: datetime | None = None) -> list[ModelVersion]:
    """Return the active model of each task for this machine: its type's where there is one, else the fleet's.

    A model that was trained on data later than ``as_of`` would know the future and is left out; so is one that was
    trained on simulated machines, in a workspace of real ones.
    """
    at = as_of or ws.as_of()
    own = f"type:{ws.machines.get(machine_id).machine_type}"
    chosen: dict[str, ModelVersion] = {}
    for version in ws.models.active():
        if version.as_of > at or not fits_origin(ws, version):
            continue
        if version.scope == own or (version.scope == "fleet" and version.task.value not in chosen):
            chosen[version.task.value] = version
    return [chosen[task] for task in sorted(chosen)]


def versions_for(ws: Workspace, machine_id: str, as_of: datetime | None = None) -> dict[str, str]:
    """Return task and version id of the models that would score this machine at ``as_of``."""
    return {version.task.value: version.version_id for version in active_versions(ws, machine_id, as_of)}


def load_models(ws: Workspace, machine_id: str, as_of: datetime | None = None) -> Models:
    """Return the models for this machine; each file is read, verified and parsed once while it stays in memory."""
    from workbench import ml

    _cache.size = ws.settings.model_cache_size
    return ml.Models(tuple(bundle_of(ws, version) for version in active_versions(ws, machine_id, as_of)))


def fits_origin(ws: Workspace, version: ModelVersion) -> bool:
    """Say whether a model may answer here: what was learned from simulated machines is never said of real ones."""
    return ws.settings.simulated or not version.simulated


def check_release(version: ModelVersion) -> None:
    """Raise ``WorkbenchError`` for a model that another release made: its features may not be those of this one."""
    made, here = version.libraries.get(DISTRIBUTION), importlib.metadata.version(DISTRIBUTION)
    if made != here:
        raise WorkbenchError(
            f"Model {version.version_id} ({version.task.value}) was trained by workbench {made}, this is {here}.",
            "Train again: workbench train",
        )


def bundle_of(ws: Workspace, version: ModelVersion) -> Bundle:
    """Return one registered model; its file is read, verified and parsed once while it stays in memory."""
    check_release(version)
    return _cache.bundle(version, lambda: ws.models.payload(version.version_id))


def basis_of(ws: Workspace, machine_id: str, as_of: datetime) -> str:
    """Return a hash of all that a prediction and a decision rest on beside models: data, profile, settings."""
    return _basis(ws, ws.machines.get(machine_id), ws.data_hash(machine_id, as_of))


def _basis(ws: Workspace, profile: MachineProfile, data_hash: str) -> str:
    known = ws.settings
    settings = (known.tracking_window_days, known.planning_horizon_h, known.alarm_budget_per_machine_month)
    return stable_id(data_hash, profile.model_dump_json(), *settings, rules_text(ws))


def predict_one(ws: Workspace, machine_id: str, *, as_of: datetime | None = None) -> Prediction:
    """Predict for one machine from what was known at ``as_of``; writes nothing."""
    from workbench import ml

    at = as_of or ws.as_of()
    machine, data_hash = ws.machine_data(machine_id, at), ws.data_hash(machine_id, at)
    found = present_alerts(machine, read_rules(ws), ws.settings.tracking_window_days)
    prediction = ml.predict_machine(
        machine,
        load_models(ws, machine_id, at),
        as_of=at,
        limit_crossings=found.crossings,
        sensor_faults=found.faults,
        status=ws.machines.status(machine_id),
        data_hash=data_hash,
        tracking_window_days=ws.settings.tracking_window_days,
        alarm_budget_per_machine_month=ws.settings.alarm_budget_per_machine_month,
        simulated=ws.settings.simulated,
        failures=ws.events.count(EventKind.FAILURE, until=at),
    )
    identity = stable_id(prediction.prediction_id, _basis(ws, machine.profile, data_hash))
    shown = _shown_state(ws, prediction)
    return prediction.model_copy(
        update={"prediction_id": identity, "observed_state": prediction.health_state, "health_state": shown}
    )


def _shown_state(ws: Workspace, prediction: Prediction) -> HealthState | None:
    """Return the state to show (ML1): the readings before it count, back to the last repair or closed order."""
    from workbench import ml

    if prediction.health_state is None or prediction.data_until is None:
        return prediction.health_state
    since = _last_repair(ws, prediction)
    earlier: dict[datetime, HealthState] = {}
    for known in ws.predictions.history(prediction.machine_id, limit=HISTORY):
        until, state = known.data_until, known.observed_state
        if state is None or until is None or until >= prediction.data_until or known.as_of > prediction.as_of:
            continue
        if since is None or known.as_of > since:
            earlier.setdefault(until, state)
    return ml.shown_state([*(earlier[time] for time in sorted(earlier)), prediction.health_state])


def _last_repair(ws: Workspace, prediction: Prediction) -> datetime | None:
    """Return when the machine last failed, got a new part, or had an order closed; None when never."""
    events = ws.events.frame(prediction.machine_id, prediction.as_of, kinds=(EventKind.FAILURE, EventKind.REPLACEMENT))
    times = [events["time"].max().to_pydatetime()] if len(events) else []
    for order in ws.orders.of_machine(prediction.machine_id):
        if order.state is OrderState.DONE:
            # Closed after the last finding that spoke for it.
            times += [ws.predictions.get(evidence).as_of for evidence in order.evidence]
            if order.closed_at is not None and order.closed_at <= prediction.as_of:
                times.append(order.closed_at)
    return max(times, default=None)


def predict(
    ws: Workspace,
    machine_ids: Sequence[str] | None = None,
    *,
    as_of: datetime | None = None,
    actor: Actor | None = None,
) -> Predictions:
    """Predict for each machine (default: the fleet) and log every prediction with its input and versions.

    Returns a list that a notebook shows as a table (``frame()``). Challengers answer beside the active models; their
    answers are logged apart and are not among those returned.
    """
    ids = chosen_machines(ws, machine_ids)
    predictions = Predictions(predict_one(ws, machine_id, as_of=as_of) for machine_id in ids)
    with ws.transaction() as tx:
        change = tx.change("predicted", actor)
        for prediction in predictions:
            tx.predictions.add(prediction, change)
    log_shadows(ws, predictions, actor)
    return predictions
