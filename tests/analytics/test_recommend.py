"""Recommendations: evidence, the value of looking first, and the order of rank."""

import pytest

from workbench.analytics import assess

UNKNOWN = {"modes": [{"mode": "unknown", "probability": 1.0}], "method": "unknown"}


@pytest.fixture
def package(profile, parts, technicians, no_events):
    def build(prediction, **changes):
        given = {"parts": parts, "technicians": technicians, "events": no_events, **changes}
        return assess(prediction, profile, planning_horizon_h=168, currency="EUR", **given)

    return build


def test_evidence_names_limits_sensors_trends_diagnosis_and_past_cases(package, predict, crossing, no_events):
    import pandas as pd

    past = pd.DataFrame(
        [("solar_pump_001", pd.Timestamp("2025-06-01", tz="UTC"), "failure", "bearing_wear", "test")],
        columns=["machine_id", "time", "kind", "cause", "source"],
    )
    trend = {"sensor": "vibration_rms_mm_s", "per_day": 0.2, "p_value": 0.001, "unit": "mm/s"}
    found = package(predict(0.9, limit_crossings=[crossing("WARNING")], trends=[trend]), events=past)
    said = "\n".join(found.recommendations[0].evidence)
    assert "4.60 mm/s is above the warning limit 4 mm/s" in said
    assert "vibration_rms_mm_s rises by 0.20 mm/s a day" in said
    assert "bearing_wear is the cause with 90 %, as learned from past failures" in said
    assert "1 similar failure in the records, the last on solar_pump_001, 2025-06-01" in said


def test_unknown_cause_is_inspected_where_that_is_worth_more_than_it_costs(package, predict):
    found = package(predict(0.3, diagnosis=UNKNOWN))
    assert not found.decision.act
    look = next(one for one in found.recommendations if one.action == "Inspect to find the cause")
    later = found.decision.planned_cost - found.planned_impact.total
    exact = 0.3 * (found.failure_impact.total - later) - found.planned_impact.total
    assert look.expected_saving == pytest.approx(exact, abs=1)
    assert not [one for one in package(predict(0.02, diagnosis=UNKNOWN)).recommendations if "Inspect to" in one.action]


def test_doubtful_cause_is_confirmed_before_the_repair(package, predict):
    doubtful = {
        "modes": [{"mode": "bearing_wear", "probability": 0.6}, {"mode": "seal_leak", "probability": 0.4}],
        "method": "symptom_table",
    }
    found = package(predict(0.9, diagnosis=doubtful))
    confirm = next(one for one in found.recommendations if one.action.startswith("Confirm"))
    # 40 % of a planned repair of 5,468.75 less 2 of its 16 hours.
    assert confirm.expected_saving == pytest.approx(0.4 * 546_875 - 546_875 / 8, abs=2)
    sure = {"modes": [{"mode": "bearing_wear", "probability": 0.99}, {"mode": "unknown", "probability": 0.01}]}
    certain = package(predict(0.9, diagnosis={**sure, "method": "classifier"}))
    assert not [one for one in certain.recommendations if one.action.startswith("Confirm")]


def test_part_held_by_another_order_is_recommended_for_purchase(package, predict):
    found = package(predict(0.925), free={"bearing_kit": 0})
    order = next(one for one in found.recommendations if "Bearing kit" in one.action)
    assert "0 free in stock" in order.reason
    assert order.evidence
    assert [one.rank for one in found.recommendations] == list(range(1, len(found.recommendations) + 1))
    savings = [one.expected_saving for one in found.recommendations[1:]]
    assert savings == sorted(savings, reverse=True)
