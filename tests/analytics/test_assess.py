"""The analytics package as a whole: recommendations, inspection of unknown causes, identity."""

import pytest

from workbench.analytics import assess
from workbench.domain.base import stable_id
from workbench.domain.equipment import Economics

ANOMALY = {
    "score": 0.8,
    "threshold": 0.6,
    "is_anomaly": True,
    "contributions": [
        {"sensor": "vibration_rms_mm_s", "deviation": 4.2, "value": 3.1, "baseline": 1.2, "unit": "mm/s"}
    ],
}
UNKNOWN = {"modes": [{"mode": "unknown", "probability": 1.0}], "method": "unknown"}


@pytest.fixture
def package(profile, parts, technicians, no_events):
    def build(prediction, profile=profile, parts=parts, technicians=technicians, events=no_events):
        return assess(
            prediction,
            profile,
            parts=parts,
            technicians=technicians,
            events=events,
            planning_horizon_h=168,
            currency="EUR",
        )

    return build


def test_package_is_fixed_by_its_prediction(package, predict):
    first, again = package(predict()), package(predict())
    assert first == again
    assert first.package_id == stable_id("package", first.prediction_id)


def test_repair_is_recommended_first_with_its_saving_and_last_start(package, predict):
    prediction = predict(0.925, life_h=72)
    found = package(prediction)
    first = found.recommendations[0]
    assert first.action == "Order the repair of bearing wear now"
    assert first.expected_saving == 1_184_925 - 546_875
    assert first.act_before < prediction.remaining_useful_life.expected_failure_at[0]
    assert [entry.rank for entry in found.recommendations] == list(range(1, len(found.recommendations) + 1))


def test_missing_part_is_recommended_with_the_cost_of_waiting_for_it(package, predict, parts):
    none_left = {"bearing_kit": parts["bearing_kit"].model_copy(update={"stock": 0})}
    found = package(predict(0.925), parts=none_left)
    order = next(entry for entry in found.recommendations if "Bearing kit" in entry.action)
    assert order.action == "Order 1 x Bearing kit now"
    assert order.expected_saving == 6_937_500  # 0.925 x 120 h x 625.00
    assert "5 days" in order.reason


def test_healthy_machine_is_left_alone(package, predict):
    (only,) = package(predict(0.01)).recommendations
    assert only.action == "Go on as planned"
    assert only.expected_saving == 0


def test_signs_that_order_no_work_are_watched(package, predict, crossing):
    found = package(predict(0.1, limit_crossings=[crossing("WARNING")], anomaly=ANOMALY))
    assert not found.decision.act
    assert found.recommendations[0].action == "Watch more closely: vibration_rms_mm_s"
    assert "anomaly score 0.80" in found.recommendations[0].reason


def test_without_evidence_the_way_to_get_it_is_recommended(package, predict):
    found = package(predict(None, anomaly=ANOMALY, diagnosis=UNKNOWN))
    actions = [entry.action for entry in found.recommendations]
    assert actions == [
        "Inspect at the next planned stop and watch vibration_rms_mm_s",
        "Record failures, replacements and maintenance of this machine",
    ]
    assert found.confidence["failure_probability"] is None
    assert found.confidence["health_evidence"] == "not enough evidence: 0 of 5 failures needed"


def test_unknown_cause_orders_an_inspection_by_the_skill_needed_most(package, predict):
    found = package(predict(0.9, diagnosis=UNKNOWN))
    assert found.failure_mode == "unknown"
    assert found.resources.skill == "pumps"
    assert found.resources.parts == ()
    assert found.planned_impact.repair_cost == 12_000  # 2 h x 60.00
    assert found.recommendations[0].action == "Order an inspection now"
    assert "mean over bearing_wear, seal_leak, dry_run" in found.failure_impact.items[0].inputs
    assert found.failure_impact.total == sum(item.amount for item in found.failure_impact.items)
    assert found.decision.planned_cost > found.planned_impact.total
    assert "the repair it leads to" in found.decision.reason


def test_machine_without_failure_modes_is_still_assessed(package, predict, profile, crossing):
    bare = profile.model_copy(update={"failure_modes": ()})
    quiet = package(predict(None, diagnosis=UNKNOWN), profile=bare, technicians=[])
    assert not quiet.decision.act
    assert quiet.resources.skill == "inspection"
    loud = package(predict(None, diagnosis=UNKNOWN, limit_crossings=[crossing()]), profile=bare)
    assert loud.decision.act
    assert loud.resources.skill == "pumps"
    assert loud.recommendations[0].expected_saving == 0
    assert "cannot be computed" in loud.recommendations[0].reason


def test_diagnosed_mode_that_the_profile_does_not_know_is_kept_by_name(package, predict):
    found = package(predict(0.9, mode="comp3"))
    assert found.failure_mode == "comp3"
    assert found.resources.parts == ()
    assert found.recommendations[0].action == "Order an inspection now"


def test_health_state_confidence_is_the_probability_of_the_state_shown(package, predict):
    assert package(predict(0.5)).confidence["health_state_probability"] == 0.7


def test_part_that_is_dearer_than_the_wait_is_not_ordered_ahead(package, predict, parts):
    dear = {"bearing_kit": parts["bearing_kit"].model_copy(update={"stock": 0})}
    actions = [entry.action for entry in package(predict(0.01), parts=dear).recommendations]
    assert actions == ["Go on as planned"]


def test_degrading_machine_is_watched_at_the_sensor_that_shows_it_first(package, predict):
    found = package(predict(0.1, health_state=1))
    assert found.recommendations[0].action == "Watch more closely: vibration_rms_mm_s"
    assert found.recommendations[0].reason == "Health state is degrading."


def test_profile_without_costs_is_said_to_understate_them(package, predict, profile):
    economics = profile.economics.model_copy(update={"production_loss_per_h": 0})
    bare = profile.model_copy(update={"failure_modes": (), "economics": economics})
    found = package(predict(0.9, diagnosis=UNKNOWN), profile=bare)
    assert not found.decision.act
    assert "neither failure modes nor production loss" in found.decision.reason


def test_costs_not_known_are_said_in_the_reason_and_the_saving(package, predict):
    found = package(predict(0.925), parts={}, technicians=[])
    assert not found.failure_impact.complete
    assert found.failure_impact.lacks == "price of 1 part and labour"
    assert "Both sums rest on incomplete costs: price of 1 part and labour not known." in found.decision.reason
    assert found.recommendations[0].expected_saving > 0
    assert not found.recommendations[0].complete
    assert package(predict(0.925)).recommendations[0].complete


def test_no_cost_known_weighs_nothing(package, predict, profile):
    bare = profile.model_copy(update={"failure_modes": (), "economics": Economics(production_loss_per_h=0)})
    found = package(predict(0.9, diagnosis=UNKNOWN), profile=bare, technicians=[])
    assert not found.decision.act
    assert found.decision.expected_failure_cost is None
    assert "no cost is known to weigh it" in found.decision.reason
    assert "0.00 EUR" not in found.decision.reason


def test_mean_over_causes_is_incomplete_when_a_repair_is(package, predict):
    found = package(predict(0.9, diagnosis=UNKNOWN), parts={})
    assert found.failure_impact.lacks == "part of the repair"
    assert "at least" in found.failure_impact.items[0].inputs


def test_loss_of_zero_counts_only_with_a_source_of_its_own(package, predict, profile):
    given = Economics(production_loss_per_h=0, source="plant controller")
    known = package(predict(0.9), profile=profile.model_copy(update={"economics": given}))
    assert known.failure_impact.complete
    typical = package(
        predict(0.9), profile=profile.model_copy(update={"economics": Economics(production_loss_per_h=0)})
    )
    assert typical.failure_impact.lacks == "production loss"


def test_only_sensors_two_deviations_off_are_watched(package, predict):
    near = [{"sensor": "vibration_rms_mm_s", "deviation": 1.9}]
    found = package(predict(None, anomaly={**ANOMALY, "contributions": near}, diagnosis=UNKNOWN))
    assert found.recommendations[0].action == "Watch more closely: all sensors"
