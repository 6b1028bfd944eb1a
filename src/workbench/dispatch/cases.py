"""Cases that a prediction opens: one per machine and cause, about the machine or about one of its sensors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbench.domain.analysis import standing_out
from workbench.domain.base import stable_id
from workbench.domain.cases import Case, CaseKind
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import Anomaly, HealthState, LimitCrossing, Prediction, SensorFault, Severity

ANOMALY, HEALTH, INACTIVITY = "anomaly", "health", "inactivity"


def cases_from(prediction: Prediction) -> list[Case]:
    """Return the cases that ``prediction`` gives evidence for.

    Each sensor at or beyond a limit makes one case, ``limit:<sensor>``, as severe as its worst crossing. An anomaly with
    no limit crossed makes a WARNING case, ``anomaly``; so does a critical state of health with neither, ``health``. A
    faulty sensor makes ``sensor:<sensor>`` beside them. A machine that has gone silent makes ``inactivity`` alone, and
    one that is OFFLINE for another reason none: its readings are of the past.
    """
    if prediction.status is MachineStatus.OFFLINE:
        return [_inactivity_case(prediction)] if prediction.silent_since is not None else []
    by_sensor: dict[str, list[LimitCrossing]] = {}
    for crossing in prediction.limit_crossings:
        by_sensor.setdefault(crossing.sensor, []).append(crossing)
    cases = [_limit_case(prediction, sensor, crossings) for sensor, crossings in by_sensor.items()]
    if not cases and prediction.anomaly is not None and prediction.anomaly.is_anomaly:
        cases.append(_anomaly_case(prediction, prediction.anomaly))
    if not cases and prediction.health_state is HealthState.CRITICAL and prediction.health_evidence.enough:
        cases.append(_health_case(prediction))
    faulty: dict[str, list[SensorFault]] = {}
    for fault in prediction.sensor_faults:
        faulty.setdefault(fault.sensor, []).append(fault)
    return cases + [_sensor_case(prediction, sensor, faults) for sensor, faults in faulty.items()]


def _case(
    prediction: Prediction,
    kind: CaseKind,
    cause: str,
    summary: str,
    *,
    since: datetime | None = None,
    severity: Severity = Severity.WARNING,
    evidence: Sequence[LimitCrossing] = (),
    faults: Sequence[SensorFault] = (),
    recommendation: str = "",
) -> Case:
    """Return the case that a prediction opens for ``cause``, open ``since`` then or as of the prediction."""
    return Case(
        case_id=stable_id("case", prediction.machine_id, cause, prediction.as_of.isoformat()),
        machine_id=prediction.machine_id,
        cause=cause,
        kind=kind,
        severity=severity,
        opened_at=since or prediction.as_of,
        last_seen_at=prediction.as_of,
        summary=summary,
        evidence=tuple(evidence),
        sensor_faults=tuple(faults),
        recommendation=recommendation,
    )


def _limit_case(prediction: Prediction, sensor: str, crossings: list[LimitCrossing]) -> Case:
    order = list(Severity)
    worst = max(crossings, key=lambda crossing: order.index(crossing.severity))
    since = min(crossing.since for crossing in crossings)
    cause, words = f"limit:{sensor}", worst.in_words()
    return _case(prediction, CaseKind.LIMIT, cause, words, since=since, severity=worst.severity, evidence=crossings)


def _anomaly_case(prediction: Prediction, anomaly: Anomaly) -> Case:
    signs = "; ".join(part.in_words() for part in standing_out(anomaly))
    summary = f"readings are unusual: {anomaly.in_words()}"
    words = f"{summary}; {signs}" if signs else f"{summary}; no single sensor stands out"
    return _case(prediction, CaseKind.ANOMALY, ANOMALY, words)


def _health_case(prediction: Prediction) -> Case:
    score = "" if prediction.health_score is None else f", health score {prediction.health_score:.0f} of 100"
    words = f"health is critical by the models{score}, though no limit is crossed and no reading is unusual"
    return _case(prediction, CaseKind.HEALTH, HEALTH, words)


def _sensor_case(prediction: Prediction, sensor: str, faults: list[SensorFault]) -> Case:
    return _case(
        prediction,
        CaseKind.SENSOR,
        f"sensor:{sensor}",
        "; ".join(fault.in_words() for fault in faults),
        since=min(fault.since for fault in faults),
        faults=faults,
        recommendation=f"Have the instrument {sensor} checked: sensor, cable, input. Its limits are not watched meanwhile.",
    )


def _inactivity_case(prediction: Prediction) -> Case:
    since = prediction.silent_since or prediction.as_of
    return _case(
        prediction,
        CaseKind.INACTIVITY,
        INACTIVITY,
        f"no reading since {since:%Y-%m-%d %H:%M} UTC",
        since=since,
        recommendation="Find out whether the machine stands or its connection is down.",
    )
