"""Work orders: priority, due date, assignment, estimate."""

from datetime import timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics import assess
from workbench.dispatch import (
    check_inventory,
    draft_order,
    due_date,
    judge_priority,
    raise_ticket,
    write_dispatch_report,
    write_notices,
)
from workbench.domain.work import OrderState, Priority


def priority(prediction, profile, criticality="B"):
    return judge_priority(prediction, profile.model_copy(update={"criticality": criticality}), 168)[0]


def test_priority_follows_probability(predict, profile):
    found = [priority(predict(p), profile) for p in (0.1, 0.4, 0.8)]
    assert found == [Priority.ROUTINE, Priority.HIGH, Priority.URGENT]


def test_failure_within_a_day_is_an_emergency(predict, profile):
    soon = predict(failure_probability=[{"hours": 24, "probability": 0.6}, {"hours": 168, "probability": 0.7}])
    assert priority(soon, profile) is Priority.EMERGENCY


def test_critical_limit_is_urgent_and_criticality_moves_it(predict, profile, crossing):
    found = predict(None, limit_crossings=[crossing()])
    assert [priority(found, profile, letter) for letter in "ABC"] == [
        Priority.EMERGENCY,
        Priority.URGENT,
        Priority.URGENT,
    ]
    warned = predict(None, limit_crossings=[crossing("WARNING")])
    assert [priority(warned, profile, letter) for letter in "ABC"] == [
        Priority.URGENT,
        Priority.HIGH,
        Priority.ROUTINE,
    ]


def test_priority_says_its_facts(predict, profile, crossing):
    words = judge_priority(predict(0.6, limit_crossings=[crossing()]), profile, 168)[1]
    assert words == "urgent: 60 % probability of failure within 168 h, critical limit crossed, criticality B"


def test_due_before_the_expected_failure_where_possible(predict):
    def hours(prediction, level, repair_h=4.0):
        return (due_date(prediction, level, repair_h) - prediction.as_of) / timedelta(hours=1)

    assert hours(predict(life_h=100), Priority.HIGH) == 50  # lower bound of the expected failure
    assert hours(predict(life_h=200), Priority.URGENT) == 24
    assert hours(predict(life_h=200), Priority.EMERGENCY) == 8
    assert hours(predict(life_h=12), Priority.EMERGENCY) == 6  # the earliest likely failure
    assert hours(predict(life_h=200), Priority.EMERGENCY, repair_h=20) == 20  # cannot be done before
    assert hours(predict(life_h=6), Priority.HIGH) == 6  # lower bound too early for the repair: median
    assert hours(predict(life_h=3), Priority.HIGH) == 24  # both too early: within a day
    assert hours(predict(None), Priority.ROUTINE) == 720


@settings(max_examples=60, deadline=None)
@given(life_h=st.floats(0.1, 5_000), repair_h=st.floats(0.1, 200))
def test_more_urgent_work_is_never_due_later_for_the_same_failure(predict, life_h, repair_h):
    dues = [due_date(predict(life_h=life_h), level, repair_h) for level in Priority]
    assert dues == sorted(dues)


def test_order_with_unknown_parts_says_so_and_is_not_scheduled(profile, analyse, predict, rank, person, site):
    prediction = predict(0.9)
    package = assess_without_records(prediction, profile)
    inventory = check_inventory(package.resources.parts, {}, {})
    order = draft_order(
        prediction, package, profile, inventory, number="WO-1", order_id="1", matches=rank([person("one")])
    )
    assert (order.state, order.scheduled_at) == (OrderState.OPEN, None)
    assert order.estimate_lacks == "price of 1 part and labour"
    report = write_dispatch_report(order, prediction, package, profile, currency="EUR", site=site)
    assert "estimated cost at least 50.00 EUR (price of 1 part and labour not known)" in report.summary
    assert "2 x bearing kit (delivery not known)" in report.summary
    assert "2 x bearing kit: ask for price and delivery" in [words for _, words in report.timeline]
    notice = write_notices(order, profile, site=site, currency="EUR", at=prediction.as_of)[-1]
    assert "2 x bearing kit (price and delivery not known)" in notice.body
    assert "Estimated cost at least 50.00 EUR" in notice.body


def assess_without_records(prediction, profile):
    none = pd.DataFrame({"machine_id": [], "time": pd.to_datetime([], utc=True), "kind": [], "cause": []})
    return assess(prediction, profile, parts={}, technicians=[], events=none, planning_horizon_h=168, currency="EUR")


@settings(max_examples=60, deadline=None)
@given(low=st.floats(0, 1), high=st.floats(0, 1), letter=st.sampled_from("ABC"))
def test_more_probable_failure_is_never_less_urgent(predict, profile, low, high, letter):
    low, high = sorted((low, high))
    assert priority(predict(high), profile, letter) <= priority(predict(low), profile, letter)


@settings(max_examples=60, deadline=None)
@given(life_h=st.floats(0.1, 5_000), level=st.sampled_from(Priority), repair_h=st.floats(0.1, 200))
def test_due_date_lies_after_as_of_and_within_the_priority(predict, life_h, level, repair_h):
    prediction = predict(life_h=life_h)
    due = due_date(prediction, level, repair_h)
    assert prediction.as_of < due <= prediction.as_of + timedelta(hours=720)


def test_order_carries_the_work_the_person_and_the_estimate(order_for, predict):
    prediction = predict(0.6)
    order = order_for(prediction)
    assert order.title == "Feed pump: bearing wear"
    assert order.state is OrderState.SCHEDULED
    assert order.scheduled_at == prediction.as_of
    assert order.technician_id == "tech_one"
    assert order.technician_reason.startswith("Alex One: qualified for pumps (level 4), free Mon 5 Jan 09:00")
    assert order.estimated_cost == 2 * 10_000 + 6 * 6_000 + 5_000
    assert order.evidence == (prediction.prediction_id,)
    assert order.steps[0] == "Pull the bearings."
    assert "0 to 2 mm/s" in order.steps[-2]


def test_same_inputs_make_the_same_order(order_for, predict):
    assert order_for(predict(0.6)) == order_for(predict(0.6))


def test_order_waits_for_parts_and_is_then_not_scheduled(order_for, predict):
    order = order_for(predict(0.6), available=0)
    assert order.state is OrderState.OPEN
    assert order.scheduled_at is None
    assert order.technician_id == "tech_one"


def test_order_says_that_nobody_has_the_skill(order_for, predict):
    order = order_for(predict(0.6), technicians=[])
    assert order.technician_id is None
    assert order.technician_reason.startswith("nobody in the records has pumps skill")


def test_simulated_prediction_makes_a_simulated_order(order_for, predict):
    assert order_for(predict(0.6, simulated=True)).simulated


def test_ticket_by_hand_has_lockout_but_no_prediction(profile, predict):
    at = predict().as_of
    order = raise_ticket(
        profile,
        order_id="order-2",
        number="WO-2026-0002",
        title="Oil <b>drips</b> under the pump",
        steps=["Find the leak."],
        priority=Priority.ROUTINE,
        labour_h=1.0,
        at=at,
    )
    assert (order.raised_by, order.prediction_id, order.state) == ("hand", None, OrderState.OPEN)
    assert order.failure_mode == "reported WO-2026-0002"
    assert any("electrical 400 V" in line for line in order.safety)
    assert order.title == "Oil <b>drips</b> under the pump"


def test_order_before_ranking_says_so_and_two_people_are_asked_for(profile, analyse, parts, predict, rank, person):
    prediction = predict(0.6)
    package = analyse(prediction)
    crew = package.model_copy(update={"resources": package.resources.model_copy(update={"technicians": 2})})
    inventory = check_inventory(package.resources.parts, parts, {"bearing_kit": 5})

    def reason(matches):
        return draft_order(
            prediction, crew, profile, inventory, number="WO-2026-0001", order_id="order-1", matches=matches
        ).technician_reason

    assert reason(None) == "technicians not ranked yet"
    both = rank([person("one"), person("two", experience_years=1)])
    assert reason(both).endswith("2 people are needed, next best: Alex Two")
    assert reason(both[:1]).endswith("2 people are needed, next best: nobody else has the skill")
