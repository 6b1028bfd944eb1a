"""When work is ordered: the rule, its reason, and what happens without evidence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics import decide


def decision(prediction, failure_cost=1_281_000, planned_cost=546_875):
    return decide(prediction, failure_cost=failure_cost, planned_cost=planned_cost, horizon_h=168, currency="EUR")


def test_likely_costly_failure_orders_work_with_the_sum_in_the_reason(predict):
    found = decision(predict(0.925))
    assert found.act
    assert found.rule == "expected_cost"
    assert found.expected_failure_cost == 1_184_925
    assert "92.5 % x 12,810.00 EUR = 11,849.25 EUR, exceeds" in found.reason
    assert "5,468.75 EUR" in found.reason


def test_unlikely_failure_orders_nothing_and_says_why(predict):
    found = decision(predict(0.1))
    assert not found.act
    assert found.rule == "none"
    assert "10.0 % x 12,810.00 EUR = 1,281.00 EUR, does not exceed" in found.reason


def test_equal_costs_do_not_order_work(predict):
    assert not decision(predict(0.5), failure_cost=1000, planned_cost=500).act
    assert decision(predict(0.5), failure_cost=1000, planned_cost=499).act


def test_without_evidence_nothing_is_ordered_and_the_reason_is_given_once(predict):
    found = decision(predict(None))
    assert not found.act
    assert found.failure_probability is None
    assert found.expected_failure_cost is None
    assert found.reason.count("0 of 5 failures needed") == 1


def test_probability_without_evidence_behind_it_does_not_count(predict):
    sure = predict(None, failure_probability=[{"hours": 168, "probability": 1.0}])
    assert not decision(sure).act


def test_critical_limit_orders_work_even_without_evidence(predict, crossing):
    found = decision(predict(None, limit_crossings=[crossing("WARNING"), crossing("CRITICAL")]))
    assert found.act
    assert found.rule == "critical_limit"
    assert "4.60 mm/s is above the critical limit 4 mm/s (ISO 10816-7)" in found.reason
    assert "Not enough evidence" in found.reason


def test_warning_limit_alone_orders_nothing(predict, crossing):
    assert not decision(predict(0.1, limit_crossings=[crossing("WARNING")])).act


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(0, 1), high=st.floats(0, 1), failure_cost=st.integers(0, 10**9), planned_cost=st.integers(0, 10**9)
)
def test_more_probable_failure_never_turns_work_off(predict, low, high, failure_cost, planned_cost):
    low, high = sorted((low, high))
    if decision(predict(low), failure_cost, planned_cost).act:
        assert decision(predict(high), failure_cost, planned_cost).act


def test_limit_that_a_silent_machine_crossed_in_the_past_orders_nothing(predict, crossing):
    silent = predict(None, limit_crossings=(crossing("CRITICAL"),), status="OFFLINE")
    found = decision(silent)
    assert not found.act
    assert "offline" in found.reason
