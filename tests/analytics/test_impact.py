"""Impact of a failure and of a planned repair: the worked example, traceable items, totals."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics import assess, cost_to_failure, cost_when_planned, labour_rate, remedy_for
from workbench.analytics.impact import LabourRate
from workbench.domain.analysis import Resources
from workbench.domain.equipment import Economics
from workbench.domain.money import money_text, times


def package_of(prediction, profile, parts, technicians, events):
    return assess(
        prediction,
        profile,
        parts=parts,
        technicians=technicians,
        events=events,
        planning_horizon_h=168,
        currency="EUR",
    )


def test_worked_example_of_the_solar_pump(profile, parts, technicians, no_events, predict):
    impact = package_of(predict(0.925, life_h=72), profile, parts, technicians, no_events).failure_impact
    assert impact.repair_cost == 350_000
    assert impact.downtime_h == 14.4
    assert impact.production_loss == 900_000
    assert impact.secondary_damage == 31_000
    assert impact.total == 1_281_000
    amounts = {item.name: item.amount for item in impact.items}
    assert amounts["Bearing kit"] == 230_000
    assert amounts["labour"] == 96_000
    assert amounts["tools"] == 24_000
    words = {item.name: item.inputs for item in impact.items}
    assert "16 h x 60.00 EUR/h" in words["labour"]
    assert "14.4 h (4.4 h logistics + 10 h at the machine) x 625.00 EUR/h" in words["production loss"]


def test_hours_to_failure_change_neither_repair_cost_nor_downtime(profile, parts, technicians, no_events, predict):
    near = package_of(predict(life_h=72), profile, parts, technicians, no_events).failure_impact
    far = package_of(predict(life_h=144), profile, parts, technicians, no_events).failure_impact
    assert (far.repair_cost, far.downtime_h) == (near.repair_cost, near.downtime_h)


def test_planned_repair_costs_the_same_work_but_less_loss(profile, parts, technicians):
    remedy = remedy_for(profile, "bearing_wear")
    rate = labour_rate("pumps", "farm_one", technicians)
    planned = cost_when_planned(remedy, profile.economics, parts=parts, rate=rate, currency="EUR")
    assert planned.repair_cost == 350_000
    assert planned.downtime_h == 10.5
    assert planned.production_loss == 196_875  # 10.5 h x 625 x 0.3
    assert planned.secondary_damage == 0


def test_missing_price_and_missing_rate_are_said_not_guessed(profile):
    remedy = remedy_for(profile, "bearing_wear")
    rate = labour_rate("pumps", "farm_one", [])
    impact = cost_to_failure(remedy, profile.economics, parts={}, rate=rate, currency="EUR")
    words = {item.name: item for item in impact.items}
    assert words["part bearing_kit"].amount == 0
    assert not words["part bearing_kit"].known
    assert not words["labour"].known
    assert words["tools"].known
    assert "price unknown" in words["part bearing_kit"].inputs
    assert words["labour"].amount == 0
    assert "not priced" in words["labour"].inputs


def test_rate_is_the_mean_of_the_skilled_at_the_site_before_others(technicians):
    alex = technicians[0]
    elsewhere = alex.model_copy(update={"technician_id": "tech_two", "site_id": "farm_two", "cost_per_h": 9_000})
    colleague = alex.model_copy(update={"technician_id": "tech_three", "cost_per_h": 7_001})
    everybody = [alex, elsewhere, colleague]
    assert labour_rate("pumps", "farm_one", everybody).per_h == 6_501  # 6500.5, half up
    assert labour_rate("pumps", "farm_two", everybody).per_h == 9_000
    assert labour_rate("welding", "farm_one", everybody).per_h == 7_334
    assert "none with welding skill" in labour_rate("welding", "farm_one", everybody).basis
    # Work that takes no special skill is anybody's: of the site, else of all.
    anybody = labour_rate("", "farm_one", everybody)
    assert (anybody.per_h, anybody.basis) == (6_501, "mean of 2 technicians at farm_one")
    assert labour_rate("", "nowhere", everybody).basis == f"mean of {len(everybody)} technicians"


@settings(max_examples=60, deadline=None)
@given(
    labour_h=st.floats(0.1, 900),
    repair_h=st.floats(0.1, 900),
    logistics_h=st.floats(0, 900),
    loss=st.integers(0, 10**9),
    share=st.floats(0, 1),
    rate=st.integers(0, 10**6),
    tool_cost=st.integers(0, 10**7),
    quantity=st.integers(1, 100),
)
def test_totals_are_the_sum_of_their_items(
    profile, parts, labour_h, repair_h, logistics_h, loss, share, rate, tool_cost, quantity
):
    base = remedy_for(profile, "bearing_wear")
    resources = Resources(
        skill="pumps", technicians=1, labour_h=labour_h, repair_h=repair_h, parts=(("bearing_kit", quantity),)
    )
    remedy = type(base)("m", "M", resources, tool_cost, 5_000, inspection=False)
    economics = Economics(production_loss_per_h=loss, logistics_h=logistics_h, planned_loss_share=share)
    for course in (cost_to_failure, cost_when_planned):
        impact = course(remedy, economics, parts=parts, rate=LabourRate(rate, "test"), currency="EUR")
        assert impact.total == sum(item.amount for item in impact.items)
        assert impact.total == impact.repair_cost + impact.production_loss + impact.secondary_damage
        assert all(item.inputs for item in impact.items)
        assert impact.downtime_h >= repair_h


@given(amount=st.integers(0, 10**9), factor=st.floats(0, 1000))
def test_products_are_exact_and_rounded_half_up(amount, factor):
    from decimal import ROUND_HALF_UP, Context, Decimal

    exact = Context(prec=400).multiply(Decimal(amount), Decimal(repr(factor)))
    assert times(amount, factor) == int(exact.quantize(Decimal(1), ROUND_HALF_UP, Context(prec=400)))


def test_amounts_read_as_money():
    assert money_text(1_281_000, "EUR") == "12,810.00 EUR"
    assert re.fullmatch(r"1\.234 KWD", money_text(1234, "KWD"))
