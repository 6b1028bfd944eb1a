"""After an inspection that found nothing: what is the same evidence, and what is more."""

import pytest

from workbench.dispatch import what_is_new

HORIZON_H = 168.0
ANOMALY = {"score": 0.8, "threshold": 0.6, "is_anomaly": True}


def test_the_same_or_less_is_not_new(predict, crossing):
    then = predict(0.6, limit_crossings=[crossing("CRITICAL")], health_state=2, anomaly=ANOMALY)
    for now in (
        then,
        predict(0.65, limit_crossings=[crossing("WARNING", hours=20)], health_state=1),
        predict(None, limit_crossings=[crossing("CRITICAL")]),
        predict(0.6, anomaly=ANOMALY, sensor_faults=[]),
    ):
        assert what_is_new(now, then, HORIZON_H) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_versions": {"health": "v2"}}, "another model"),
        ({"health_state": 3}, "health state is critical now"),
        ({"anomaly": ANOMALY}, "readings are unusual now"),
        (
            {"failure_probability": [{"hours": 168, "probability": 0.72}]},
            "72 % probability of failure within 168 h now",
        ),
    ],
)
def test_more_than_before_is_new_and_said(predict, crossing, changes, said):
    then = predict(0.6, limit_crossings=[crossing("WARNING")])
    assert said in what_is_new(predict(0.6, limit_crossings=[crossing("WARNING")], **changes), then, HORIZON_H)


def test_another_limit_or_a_more_severe_one_is_new(predict, crossing):
    then = predict(limit_crossings=[crossing("WARNING")])
    for worse in (crossing("CRITICAL"), crossing("WARNING", "bearing_temp_C")):
        assert "limit" in what_is_new(predict(limit_crossings=[crossing("WARNING"), worse]), then, HORIZON_H)


def test_a_failure_that_is_expected_clearly_sooner_is_new_though_its_probability_cannot_rise(predict):
    then = predict(0.95, life_h=160)
    assert what_is_new(predict(0.97, life_h=100), then, HORIZON_H) == ""
    assert "fail sooner" in what_is_new(predict(0.97, life_h=60), then, HORIZON_H)


def test_a_probability_where_none_was_known_counts_from_zero(predict):
    assert what_is_new(predict(0.4), predict(None, health_state=None), HORIZON_H)
