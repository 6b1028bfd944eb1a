"""Shadow mode (Z6): a challenger answers beside the champion, is logged, and is never shown nor acted on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.models import ShadowPrediction
from workbench.domain.predictions import ModelVersion, Prediction, Task
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

Answer = Mapping[str, float | str | None]


def log_shadows(ws: Workspace, predictions: list[Prediction], actor: Actor | None = None) -> list[ShadowPrediction]:
    """Let the challengers answer what the champions were asked, and record both answers; nothing else changes.

    A challenger that fails is recorded with its error: it must never stop the champion.
    """
    challengers = ws.models.challengers()
    found = [
        _ask(ws, challenger, prediction)
        for challenger in challengers
        for prediction in predictions
        if challenger.as_of <= prediction.as_of and _champion(ws, challenger, prediction)
    ]
    if found:
        with ws.transaction() as tx:
            change = tx.change("answered in the shadow", actor)
            for one in found:
                tx.shadow_predictions.add(one, change)
    return found


def _champion(ws: Workspace, challenger: ModelVersion, prediction: Prediction) -> bool:
    """Say whether the challenger stands beside the model that answered."""
    champion_id = prediction.model_versions.get(challenger.task.value)
    champion = ws.models.find(champion_id) if champion_id else None
    return champion is not None and champion.scope == challenger.scope


def _ask(ws: Workspace, challenger: ModelVersion, prediction: Prediction) -> ShadowPrediction:
    champion_id = prediction.model_versions[challenger.task.value]
    answer: Answer = {}
    error = ""
    try:
        answer = answer_of(_predicted(ws, challenger, prediction.machine_id, prediction.as_of), challenger.task)
    except WorkbenchError as failure:
        error = str(failure)
    except Exception as failure:  # noqa: BLE001 - whatever stops a challenger is recorded; the champion has answered
        error = f"{type(failure).__name__}: {failure}"
    return ShadowPrediction(
        shadow_id=stable_id("shadow", challenger.version_id, prediction.prediction_id),
        version_id=challenger.version_id,
        champion_id=champion_id,
        task=challenger.task,
        machine_id=prediction.machine_id,
        as_of=prediction.as_of,
        prediction_id=prediction.prediction_id,
        champion=answer_of(prediction, challenger.task),
        challenger=answer,
        error=error,
    )


def _predicted(ws: Workspace, challenger: ModelVersion, machine_id: str, at: datetime) -> Prediction:
    """Predict with the challenger in its champion's place."""
    from workbench import ml
    from workbench.workflows.score import bundle_of, load_models

    others = tuple(b for b in load_models(ws, machine_id, at).bundles if b.task is not challenger.task)
    return ml.predict_machine(
        ws.machine_data(machine_id, at),
        ml.Models((*others, bundle_of(ws, challenger))),
        as_of=at,
        status=ws.machines.status(machine_id),
        tracking_window_days=ws.settings.tracking_window_days,
        alarm_budget_per_machine_month=ws.settings.alarm_budget_per_machine_month,
    )


def answer_of(prediction: Prediction, task: Task) -> Answer:
    """Return what a prediction says of one task, in plain values; ``says`` is the answer in a word.

    Health: ``critical``, ``warning`` and ``degrading`` are the probabilities of a failure within those horizons.
    """
    if task is Task.HEALTH:
        state, chances = prediction.observed_state, prediction.health_probabilities
        # The shadow's own prediction knows no history, so that its state is as observed.
        state = prediction.health_state if state is None else state
        if chances is None or state is None:
            return {"says": None}
        _, degrading, warning, critical = chances
        return {
            "says": state.name,
            "critical": critical,
            "warning": critical + warning,
            "degrading": min(critical + warning + degrading, 1.0),
        }
    if task is Task.RUL:
        life = prediction.remaining_useful_life.model_life
        if life is None:
            return {"says": None}
        says = "more than" if life.upper_open else "about"
        return {
            "says": says,
            "median": life.median,
            "lower": life.lower,
            "upper": None if life.upper_open else life.upper,
        }
    if task is Task.ANOMALY:
        anomaly = prediction.anomaly
        return (
            {"says": None}
            if anomaly is None
            else {"says": "alarm" if anomaly.is_anomaly else "normal", "score": anomaly.score}
        )
    best = max(prediction.diagnosis.modes, key=lambda pair: pair.probability)
    return {"says": best.mode, "probability": best.probability}
