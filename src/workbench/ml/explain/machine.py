"""Takes apart what the models said of one machine: each raw output, by features and by sensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineProfile
from workbench.domain.explanations import Explanation, FeatureContribution, SourceContribution
from workbench.domain.observations import MachineData
from workbench.domain.predictions import UNKNOWN_MODE, Prediction, Task
from workbench.errors import NotEnoughData
from workbench.ml.context import Context
from workbench.ml.models import Bundle, Models
from workbench.ml.record import known_until
from workbench.ml.threads import on_one_thread

from .margin import Margin, Meaning
from .margins import explainable, margins
from .names import read_feature, tell
from .sources import named, shares, statistics_of

LISTED = 20
MODES = 3


def lacking(task: Task, models: Models, machine: MachineData, prediction: Prediction) -> str:
    """Say why there is nothing to explain: no model, or no answer of it; empty where there is."""
    bundle = models.pick(task, machine.profile)
    if bundle is None:
        return f"no {task} model is active for this machine"
    if not explainable(bundle.estimator):
        return f"no way to take {type(bundle.estimator).__name__} apart is known"
    answers = {
        Task.HEALTH: (prediction.health_probabilities, prediction.health_evidence.in_words()),
        Task.RUL: (
            prediction.remaining_useful_life.model_life,
            prediction.remaining_useful_life.evidence.in_words(),
        ),
        Task.ANOMALY: (prediction.anomaly, prediction.anomaly_evidence.in_words()),
        # The classifier is asked only where the health model was.
        Task.DIAGNOSIS: (prediction.health_probabilities, prediction.health_evidence.in_words()),
    }
    answer, why = answers[task]
    return why if answer is None else ""


@on_one_thread
def explain_machine(
    machine: MachineData,
    models: Models,
    prediction: Prediction,
    *,
    tasks: Sequence[Task] = tuple(Task),
    tracking_window_days: float = 30.0,
) -> list[Explanation]:
    """Return one explanation for each raw output behind ``prediction``, made from the same record and models.

    In the order of ``tasks``; horizons from the shortest; of failure modes the three
    likeliest that the machine can have. Tasks without a model or
    an answer, or whose model cannot be taken apart, are left out.

    Raises:
        NotEnoughData: none of the tasks has anything to explain; the reasons are named.
        EnvironmentFailure: shap is not installed.
    """
    machine = known_until(machine, prediction.as_of)
    context = Context.of(machine, models, prediction.as_of, tracking_window_days)
    found: list[Explanation] = []
    why, absent = [], []
    for task in tasks:
        bundle, lack = models.pick(task, machine.profile), lacking(task, models, machine, prediction)
        if bundle is None:
            absent.append(str(task))
            continue
        if lack:
            why.append(f"{task}: {lack}")
            continue
        found += _of_task(context, bundle, prediction)
    if not found:
        if absent:
            why.append(f"no {' or '.join(absent)} model is active for this machine")
        name = machine.profile.machine_id
        raise NotEnoughData(
            f"Nothing to explain of {name}: {'; '.join(why)}.",
            "Train the models, which says what the data lack: workbench train",
        )
    return found


def _of_task(context: Context, bundle: Bundle, prediction: Prediction) -> list[Explanation]:
    table = context.table(bundle.spec)
    known = statistics_of(table, bundle.spec, context.profile)
    row = table.frame[list(bundle.estimator.feature_names_)]
    features = [read_feature(name, bundle.spec) for name in row.columns]
    values = row.to_numpy(dtype=np.float64)[0]
    meaning = Meaning(bundle.horizons, bundle.spec.life_unit)
    parts = [part for part in margins(bundle.estimator, row, meaning) if part.decides[0]]
    if bundle.task is Task.DIAGNOSIS:
        parts = _likeliest(parts, context.profile)
    whose = [shares(feature, known) for feature in features]
    out = []
    for rank, part in enumerate(parts):
        added = part.contributions[0]
        order = [int(k) for k in np.argsort(-np.abs(added), kind="stable") if added[k] != 0.0]
        listed, others = order[:LISTED], order[LISTED:]
        out.append(
            Explanation(
                explanation_id=stable_id(prediction.prediction_id, bundle.task, bundle.version_id, part.output),
                prediction_id=prediction.prediction_id,
                machine_id=prediction.machine_id,
                as_of=prediction.as_of,
                task=bundle.task,
                version_id=bundle.version_id,
                scope=bundle.scope,
                output=part.output,
                rank=rank,
                method=part.method,
                units=part.units,
                base_value=float(part.base[0]),
                margin=float(part.margin[0]),
                features=tuple(
                    FeatureContribution(
                        feature=features[k].name,
                        words=named(features[k], known),
                        value=None if np.isnan(values[k]) else float(values[k]),
                        told=tell(features[k], float(values[k]), bundle.spec),
                        contribution=float(added[k]),
                    )
                    for k in listed
                ),
                rest=float(added[others].sum()),
                rest_count=len(others),
                sources=_by_source(part, whose, known.sensors),
                answer=float(part.answer[0]),
                to_answer=part.to_answer,
                note=_note(bundle, prediction),
                simulated=prediction.simulated,
            )
        )
    return out


def _likeliest(parts: list[Margin], profile: MachineProfile) -> list[Margin]:
    """Keep the likeliest modes of those that the machine can have, ``unknown`` among them."""
    possible = {f"failure mode {name}" for name in (*(mode.name for mode in profile.failure_modes), UNKNOWN_MODE)}
    own = [part for part in parts if part.output in possible or not profile.failure_modes]
    return sorted(own, key=lambda part: -float(part.margin[0]))[:MODES]


def _by_source(
    part: Margin, whose: Sequence[dict[str, float]], sensors: Sequence[str]
) -> tuple[SourceContribution, ...]:
    """Sum the contributions of a row by sensor; every sensor is there, also one that adds nothing."""
    totals = dict.fromkeys(sensors, 0.0)
    for feature_share, added in zip(whose, part.contributions[0], strict=True):
        if added != 0.0:
            for source, share in feature_share.items():
                totals[source] = totals.get(source, 0.0) + share * float(added)
    ranked = sorted(totals.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    return tuple(
        SourceContribution(source=source, is_sensor=source in sensors, contribution=total) for source, total in ranked
    )


def _note(bundle: Bundle, prediction: Prediction) -> str:
    """Say that an answer is not shown, and why: its explanation must not be taken for more than it is."""
    life = prediction.remaining_useful_life
    if bundle.task is Task.RUL and not life.evidence.enough:
        return f"the model's own answer, which is not shown: {life.evidence.in_words()}"
    if bundle.task is Task.DIAGNOSIS and prediction.diagnosis.method != "classifier":
        return f"the classifier's own answer; the diagnosis shown is by {prediction.diagnosis.method.replace('_', ' ')}"
    return ""
