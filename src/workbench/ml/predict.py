"""From one machine's record to a prediction with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineStatus
from workbench.domain.observations import MachineData
from workbench.domain.predictions import HealthState, LimitCrossing, Prediction, SensorFault, Task

from .anomaly_answers import answer_anomaly
from .answers import answer_diagnosis, answer_health, answer_life, failure_curve
from .arrays import FloatArray
from .context import Context
from .contract import state_probabilities
from .diagnosis import unknown_diagnosis
from .evidence import weigh
from .health import health_score, likeliest_state
from .models import Models
from .reasons import Findings, explain
from .record import known_until
from .threads import on_one_thread
from .trends import find_trends


@on_one_thread
def predict_machine(
    machine: MachineData,
    models: Models,
    *,
    as_of: datetime,
    status: MachineStatus = MachineStatus.ONLINE,
    data_hash: str = "",
    tracking_window_days: float = 30.0,
    alarm_budget_per_machine_month: float = 1.0,
    simulated: bool = False,
    failures: int | None = None,
    limit_crossings: Sequence[LimitCrossing] = (),
    sensor_faults: Sequence[SensorFault] = (),
) -> Prediction:
    """Predict health, life, anomaly and diagnosis of one machine from its record up to ``as_of``; later rows are cut.

    ``failures``: failures known in the whole fleet (default: in this machine's record); it tells how many are lacking
    when there is no model. ``alarm_budget_per_machine_month``: alarm episodes of normal readings that a detector of the
    machine's own may cause. A machine that failed and was silent since, or that is silent for three days, is OFFLINE
    and gets no state, cause or date of failure. ``limit_crossings`` and ``sensor_faults``: what the alert engine found on.
    Raises ``InputError`` when readings are not in ascending order of time.
    """
    machine = known_until(machine, as_of)
    context = Context.of(machine, models, as_of, tracking_window_days)
    known = failures if failures is not None else len(context.clock.failures.time)
    bundle = models.pick(Task.HEALTH, machine.profile)
    offline = context.offline_reason()
    health, told = answer_health(context, known)
    if offline is not None:
        health, told = weigh(f"offline: {offline}"), None
    within = None if told is None else told[-3:]
    life = answer_life(context, known)
    anomaly_evidence, anomaly = answer_anomaly(context, alarm_budget_per_machine_month)
    values, time = context.recent_running(tracking_window_days)
    trends = find_trends(machine.profile, tuple(s.name for s in machine.profile.sensors), values, time)
    found = Findings(offline, health, within, context.horizons, life, anomaly, limit_crossings, sensor_faults, trends)
    versions = _versions(context)
    return Prediction(
        prediction_id=stable_id(machine.profile.machine_id, as_of.isoformat(), sorted(versions.items()), data_hash),
        machine_id=machine.profile.machine_id,
        as_of=as_of,
        data_until=context.data_until,
        status=MachineStatus.OFFLINE if offline is not None and status is MachineStatus.ONLINE else status,
        readings=context.clock.rows_since_reset(),
        horizons=context.horizons,
        health_evidence=health,
        **_state_fields(within),
        remaining_useful_life=life,
        failure_probability=failure_curve(context, told, bundle),
        anomaly_evidence=anomaly_evidence,
        anomaly=anomaly,
        diagnosis=answer_diagnosis(context, within, anomaly) if offline is None else unknown_diagnosis(),
        limit_crossings=tuple(limit_crossings),
        sensor_faults=tuple(sensor_faults),
        silent_since=context.silent_since(),
        trends=tuple(trends),
        reasons=explain(context, found),
        model_versions=versions,
        data_hash=data_hash,
        simulated=simulated,
    )


def _state_fields(within: FloatArray | None) -> dict[str, object]:
    if within is None:
        return {}
    probabilities = np.clip(state_probabilities(within[None, :])[0], 0.0, 1.0)
    state: HealthState = likeliest_state([float(p) for p in within])
    return {
        "health_state": state,
        "health_probabilities": tuple(float(p) for p in probabilities),
        "health_score": health_score([float(p) for p in probabilities]),
    }


def _versions(context: Context) -> dict[str, str]:
    """Version of the model used per task; registered ones only."""
    found = {str(task): context.models.pick(task, context.profile) for task in Task}
    return {task: bundle.version_id for task, bundle in found.items() if bundle is not None and bundle.version_id}
