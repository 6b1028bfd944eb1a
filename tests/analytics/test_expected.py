"""What leaving a machine alone is expected to cost: sums, ranges, what they rest on."""

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics import assess, cost_to_failure, labour_rate, remedy_for
from workbench.analytics.expected import expected_loss


def package_of(prediction, profile, parts, technicians, events):
    given = {"parts": parts, "technicians": technicians, "events": events}
    return assess(prediction, profile, planning_horizon_h=168, currency="EUR", **given)


def test_expected_loss_of_the_worked_example_is_traced_to_its_inputs(profile, parts, technicians, no_events, predict):
    package = package_of(predict(0.925), profile, parts, technicians, no_events)
    expected = package.expected
    assert expected.cost == package.decision.expected_failure_cost == 1_184_925
    assert {item.name: item.amount for item in expected.items} == {
        "repair": 323_750,
        "production loss": 832_500,
        "secondary damage": 28_675,
    }
    assert "92.5 % x 9,000.00 EUR" in next(item.inputs for item in expected.items if item.name == "production loss")
    # 7.5 % outlive the week; a failure costs at most that of the diagnosed mode.
    assert expected.cost_90 == (0, 1_281_000)
    assert expected.downtime_h == 0.925 * 14.4
    assert expected.downtime_90_h == (0, 14.4)
    assert "which of 2 causes" in expected.range_basis
    assert expected.comes_to("0 EUR", "12,810 EUR") == "0 EUR to 12,810 EUR"
    rare = package_of(predict(0.01), profile, parts, technicians, no_events).expected
    assert rare.cost > 0
    assert rare.comes_to("0 EUR", "0 EUR") == "nothing"


def test_twice_the_hours_to_failure_leave_repair_and_downtime_but_halve_the_risk(
    profile, parts, technicians, no_events, predict
):
    near, far = (
        package_of(predict(0.9, life_h=hours, failure_probability=[]), profile, parts, technicians, no_events)
        for hours in (144, 288)
    )
    assert far.failure_impact == near.failure_impact
    assert far.planned_impact == near.planned_impact
    assert far.expected.failure_probability < near.expected.failure_probability
    assert far.expected.cost < near.expected.cost
    assert far.expected.downtime_h < near.expected.downtime_h


@settings(max_examples=60, deadline=None)
@given(probability=st.floats(0, 1), other=st.floats(0, 1))
def test_parts_sum_and_ranges_hold_what_can_happen(profile, parts, technicians, probability, other):
    rate = labour_rate("pumps", "farm_one", technicians)
    costly, cheap = (
        cost_to_failure(remedy_for(profile, mode), profile.economics, parts=parts, rate=rate, currency="EUR")
        for mode in ("bearing_wear", "dry_run")
    )
    found = expected_loss(costly, probability, 168, others=[(other, cheap)], currency="EUR")
    assert sum(item.amount for item in found.items) == found.cost
    low, high = found.cost_90
    assert low in (0, cheap.total, costly.total)
    assert low <= high <= costly.total
    assert (high == 0) == (probability <= 0.05 or high == 0)
    if probability > 0.96:
        assert low > 0


def test_nothing_is_expected_without_a_probability(profile, parts, technicians, no_events, predict):
    assert package_of(predict(None), profile, parts, technicians, no_events).expected is None
