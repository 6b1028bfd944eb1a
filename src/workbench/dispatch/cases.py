"""Cases that a prediction opens: one per machine and cause, from limit crossings, or from an anomaly alone."""

from __future__ import annotations

from workbench.domain.analysis import standing_out
from workbench.domain.base import stable_id
from workbench.domain.cases import Case
from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import Anomaly, LimitCrossing, Prediction, Severity

from .wording import contribution_in_words

ANOMALY = "anomaly"


def cases_from(prediction: Prediction) -> list[Case]:
    """Return the cases that ``prediction`` gives evidence for.

    Each sensor at or beyond a limit makes one case, ``limit:<sensor>``, as severe as its worst
    crossing. An anomaly with no limit crossed makes a WARNING case, ``anomaly``. A machine that is OFFLINE
    makes none: its readings are of the past.
    """
    if prediction.status is MachineStatus.OFFLINE:
        return []
    by_sensor: dict[str, list[LimitCrossing]] = {}
    for crossing in prediction.limit_crossings:
        by_sensor.setdefault(crossing.sensor, []).append(crossing)
    cases = [_limit_case(prediction, sensor, crossings) for sensor, crossings in by_sensor.items()]
    if not cases and prediction.anomaly is not None and prediction.anomaly.is_anomaly:
        cases.append(_anomaly_case(prediction, prediction.anomaly))
    return cases


def _limit_case(prediction: Prediction, sensor: str, crossings: list[LimitCrossing]) -> Case:
    order = list(Severity)
    worst = max(crossings, key=lambda crossing: order.index(crossing.severity))
    cause = f"limit:{sensor}"
    return Case(
        case_id=stable_id("case", prediction.machine_id, cause, prediction.as_of.isoformat()),
        machine_id=prediction.machine_id,
        cause=cause,
        severity=worst.severity,
        opened_at=min(crossing.since for crossing in crossings),
        last_seen_at=prediction.as_of,
        summary=worst.in_words(),
        evidence=tuple(crossings),
    )


def _anomaly_case(prediction: Prediction, anomaly: Anomaly) -> Case:
    signs = "; ".join(contribution_in_words(part) for part in standing_out(anomaly))
    summary = f"readings are unusual: anomaly score {anomaly.score:.2f}, threshold {anomaly.threshold:.2f}"
    return Case(
        case_id=stable_id("case", prediction.machine_id, ANOMALY, prediction.as_of.isoformat()),
        machine_id=prediction.machine_id,
        cause=ANOMALY,
        severity=Severity.WARNING,
        opened_at=prediction.as_of,
        last_seen_at=prediction.as_of,
        summary=f"{summary}; {signs}" if signs else f"{summary}; no single sensor stands out",
    )
