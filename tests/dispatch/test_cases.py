"""Cases: one per machine and cause."""

from datetime import UTC, datetime

from workbench.dispatch import cases_from
from workbench.domain.cases import Case, CaseKind
from workbench.domain.predictions import Severity

MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

ANOMALY = {
    "score": 0.8,
    "threshold": 0.6,
    "is_anomaly": True,
    "contributions": [
        {"sensor": "vibration_rms_mm_s", "deviation": 4.2, "value": 3.1, "baseline": 1.2, "unit": "mm/s"}
    ],
}


def test_quiet_machine_has_no_case(predict):
    assert cases_from(predict(0.9)) == []


def test_one_case_per_sensor_as_severe_as_its_worst_crossing(predict, crossing):
    prediction = predict(
        limit_crossings=[crossing("WARNING", hours=9), crossing("CRITICAL"), crossing("WARNING", "bearing_temp_C")],
        anomaly=ANOMALY,
    )
    first, second = cases_from(prediction)
    assert (first.cause, first.severity) == ("limit:vibration_rms_mm_s", Severity.CRITICAL)
    assert len(first.evidence) == 2
    assert first.opened_at < first.last_seen_at == prediction.as_of
    assert "critical limit" in first.summary
    assert (second.cause, second.severity) == ("limit:bearing_temp_C", Severity.WARNING)


def test_anomaly_alone_is_a_warning_case_that_names_the_sensors(predict):
    (case,) = cases_from(predict(anomaly=ANOMALY))
    assert (case.cause, case.severity) == ("anomaly", Severity.WARNING)
    assert (
        "vibration_rms_mm_s is far above what is usual for it (lately 3.10 mm/s, usually 1.20 mm/s; 4.2 times"
        in case.summary
    )


def test_score_below_the_threshold_is_no_case(predict):
    assert cases_from(predict(anomaly={**ANOMALY, "is_anomaly": False})) == []


def test_same_prediction_makes_the_same_case(predict, crossing):
    prediction = predict(limit_crossings=[crossing()])
    assert cases_from(prediction) == cases_from(prediction)


def test_sensors_near_their_baseline_are_not_said_to_stand_out(predict):
    near = {"sensor": "current_A", "deviation": -1.9, "value": 9.0, "baseline": 10.0, "unit": "A"}
    anomaly = {"score": 0.8, "threshold": 0.6, "is_anomaly": True, "contributions": [near]}
    (case,) = cases_from(predict(None, anomaly=anomaly))
    assert case.summary.endswith("threshold 0.60; no single sensor stands out")
    far = {**near, "sensor": "flow", "deviation": -2.1}
    (case,) = cases_from(predict(None, anomaly={**anomaly, "contributions": [near, far]}))
    assert "flow" in case.summary
    assert "current_A" not in case.summary


FAULT = {
    "sensor": "bearing_temp_C",
    "kind": "stuck",
    "since": MONDAY,
    "until": MONDAY,
    "ongoing": True,
    "value": 50.0,
    "unit": "degC",
    "readings": 14,
}


def test_a_faulty_sensor_is_a_sensor_case_that_orders_no_work(predict, analyse):
    prediction = predict(None, sensor_faults=[FAULT])
    (case,) = cases_from(prediction)
    assert (case.cause, case.kind, case.about_sensor) == ("sensor:bearing_temp_C", CaseKind.SENSOR, True)
    assert "stuck at 50.0 degC" in case.summary
    assert "instrument bearing_temp_C checked" in case.recommendation
    assert not analyse(prediction).decision.act


def test_a_silent_machine_is_an_inactivity_case_alone(predict, crossing):
    silent = predict(None, status="OFFLINE", silent_since=MONDAY, limit_crossings=[crossing()])
    (case,) = cases_from(silent)
    assert (case.cause, case.kind, case.opened_at) == ("inactivity", CaseKind.INACTIVITY, MONDAY)
    assert cases_from(predict(None, status="OFFLINE", limit_crossings=[crossing()])) == []


def test_critical_health_with_nothing_else_to_see_is_a_health_case(predict, crossing):
    (case,) = cases_from(predict(0.9, health_state=3))
    assert (case.cause, case.kind) == ("health", CaseKind.HEALTH)
    (limit,) = cases_from(predict(0.9, health_state=3, limit_crossings=[crossing()]))
    assert limit.kind is CaseKind.LIMIT


def test_cases_of_before_there_were_kinds_tell_theirs_by_their_cause(predict):
    (case,) = cases_from(predict(anomaly=ANOMALY))
    old = case.model_dump(exclude={"kind"})
    assert Case.model_validate(old).kind is CaseKind.ANOMALY
