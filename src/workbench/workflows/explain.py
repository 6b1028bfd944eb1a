"""Explains predictions and models (ML8): what each feature and sensor adds to the raw margin, kept in the records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Actor
from workbench.domain.explanations import Explanation, GlobalExplanation
from workbench.domain.predictions import ModelVersion, Prediction, Task
from workbench.errors import InputError, NotEnoughData
from workbench.workflows.models import known_task
from workbench.workflows.onboard import chosen_machines
from workbench.workflows.score import bundle_of, load_models, predict_one

if TYPE_CHECKING:
    from workbench.workspace import Workspace

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class ExplainedFleet:
    """What was explained of several machines, and why nothing could be of the others (by machine id)."""

    explanations: tuple[Explanation, ...]
    skipped: dict[str, str]


def explain(
    ws: Workspace,
    machine_id: str,
    *,
    task: Task | str | None = None,
    as_of: datetime | None = None,
    actor: Actor | None = None,
) -> list[Explanation]:
    """Explain the prediction of a machine at ``as_of`` (default: the workspace's), and record it with the prediction.

    One explanation for each raw output of the models in use: each horizon of the health model, the life left, the anomaly
    score, each failure mode; ``task`` keeps one kind. The same data and models give the same explanations.

    Raises:
        NotFound: there is no such machine.
        NotEnoughData: no model gave an answer that could be taken apart; the reasons are named.
        InputError: ``task`` is none of health, rul, anomaly, diagnosis.
        EnvironmentFailure: shap is not installed (extra ``explain``).
    """
    prediction, found = _explained(ws, machine_id, _tasks(task), as_of)
    _record(ws, [prediction], found, actor)
    return found


def explain_fleet(
    ws: Workspace,
    machine_ids: Sequence[str] | None = None,
    *,
    task: Task | str | None = None,
    as_of: datetime | None = None,
    actor: Actor | None = None,
    progress: Progress | None = None,
) -> ExplainedFleet:
    """Explain the predictions of several machines (default: all), as ``explain`` does; none is recorded if one fails.

    A machine of which no model gave an answer is skipped, with the reason. Raises as ``explain`` does otherwise.
    """
    tasks, ids = _tasks(task), chosen_machines(ws, machine_ids)
    predictions: list[Prediction] = []
    found: list[Explanation] = []
    skipped: dict[str, str] = {}
    for number, machine_id in enumerate(ids, 1):
        try:
            prediction, explanations = _explained(ws, machine_id, tasks, as_of)
        except NotEnoughData as lack:
            skipped[machine_id] = lack.what
        else:
            predictions.append(prediction)
            found += explanations
        if progress is not None:
            progress(number / len(ids), f"explained {machine_id}")
    _record(ws, predictions, found, actor)
    return ExplainedFleet(tuple(found), skipped)


def explain_global(
    ws: Workspace,
    task: Task | str,
    *,
    scope: str | None = None,
    as_of: datetime | None = None,
    rows: int = 200,
    actor: Actor | None = None,
) -> list[GlobalExplanation]:
    """Explain what the model in use for ``task`` rests on, over about ``rows`` readings of the fleet, and record it.

    ``scope``: ``fleet`` or ``type:<machine_type>``; default: the fleet's model, else the first of a type.

    Raises:
        InputError: no such model is in use, it cannot be taken apart, or ``rows`` is not positive.
        NotEnoughData: no machine that the model is for ever ran.
        EnvironmentFailure: shap is not installed (extra ``explain``).
    """
    from workbench.ml.explain import explain_model

    if rows < 1:
        raise InputError(f"rows = {rows} cannot be used.", "Give at least 1; 200 is the default.")
    at = as_of or ws.as_of()
    version = _version(ws, _tasks(task)[0], scope, at)
    found = explain_model(
        ws.fleet_data(at), bundle_of(ws, version), as_of=at, rows=rows, simulated=ws.settings.simulated
    )
    with ws.transaction() as tx:
        change = tx.change("explained a model", actor)
        for one in found:
            tx.model_explanations.add(one, change)
    return found


def _explained(
    ws: Workspace, machine_id: str, tasks: Sequence[Task], as_of: datetime | None
) -> tuple[Prediction, list[Explanation]]:
    from workbench.ml.explain import explain_machine

    at = as_of or ws.as_of()
    prediction = predict_one(ws, machine_id, as_of=at)
    found = explain_machine(
        ws.machine_data(machine_id, at),
        load_models(ws, machine_id, at),
        prediction,
        tasks=tasks,
        tracking_window_days=ws.settings.tracking_window_days,
    )
    return prediction, found


def _record(
    ws: Workspace, predictions: Sequence[Prediction], explanations: Sequence[Explanation], actor: Actor | None
) -> None:
    with ws.transaction() as tx:
        change = tx.change("explained", actor)
        for prediction in predictions:
            tx.predictions.add(prediction, change)
        for explanation in explanations:
            tx.explanations.add(explanation, change)


def _tasks(task: Task | str | None) -> tuple[Task, ...]:
    return tuple(Task) if task is None else (known_task(task),)


def _version(ws: Workspace, task: Task, scope: str | None, at: datetime) -> ModelVersion:
    known = {one.scope: one for one in ws.models.active() if one.task is task and one.as_of <= at}
    if scope is None and known:
        return known.get("fleet") or known[min(known)]
    if scope is None or scope not in known:
        wanted = f"{task} model" if scope is None else f"{task} model for {scope!r}"
        have = f"In use: {', '.join(sorted(known))}." if known else "Train one: workbench train"
        raise InputError(f"No {wanted} is in use at {at:%Y-%m-%d %H:%M} UTC.", have)
    return known[scope]
