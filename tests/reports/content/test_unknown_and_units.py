"""What is not known is said to be so, never shown as 0; units, titles and names are printed once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.dispatch.plain import readable, sensor_title
from workbench.domain.analysis import CostItem, Impact
from workbench.domain.predictions import Contribution, HealthState, Interval, Task
from workbench.domain.work import Priority
from workbench.reports import content
from workbench.reports.content.time_charts import sensor_chart


def words(fragment: content.Fragment) -> str:
    return " ".join(BeautifulSoup(fragment.html, "html.parser").get_text(" ").replace("\u00a0", " ").split())


def unknown_impact(total: int = 0) -> Impact:
    items = (
        CostItem(name="part shim_set", amount=0, inputs="1 x price unknown", known=False),
        CostItem(name="labour", amount=0, inputs="7 h, not priced", known=False),
        CostItem(name="production loss", amount=total, inputs="9 h x 450", known=total > 0),
    )
    return Impact(repair_cost=0, downtime_h=9, production_loss=total, secondary_damage=0, total=total, items=items)


def unpriced(build, total: int = 405_000, **changes):
    """A fleet of one machine whose parts and labour have no price."""
    profile = build.profile()
    said = build.prediction(profile, state=HealthState.WARNING, probability=0.9)
    impact = unknown_impact(total)
    package = build.package(said).model_copy(update={"failure_impact": impact, "planned_impact": impact})
    first = package.recommendations[0].model_copy(update={"complete": False})
    package = package.model_copy(update={"recommendations": (first,)})
    line = build.order(said).parts[0].model_copy(update={"known": False, "unit_cost": 0, "lead_time_days": 0.0})
    order = build.order(said).model_copy(
        update={"parts": (line,), "estimated_cost": 0, "estimate_lacks": "price of 1 part and labour"}
    )
    return build.snapshot(content.MachineView(profile, prediction=said, package=package, orders=(order,), **changes))


def details(fleet, build):
    return words(content.machine_details(fleet, lambda _: build.readings(), max_details=5, days=30))


def test_unknown_prices_and_delivery_are_not_zero(build):
    fleet = unpriced(build)
    assert "1 part to order; price and delivery not known." in words(content.headline(fleet))
    said = words(content.purchase_table(fleet))
    assert "prices not known: workbench plant parts FILE enters prices and delivery" in said
    assert "0 EUR" not in said
    assert "0 days" not in said
    assert "not known" in words(content.order_table(fleet))
    said = details(fleet, build)
    assert "at least 4,050 EUR Price of 1 part and labour not known." in said
    assert "Labour not known" in said
    assert "Expected saving 7,340 EUR (rests on incomplete costs)." in said
    assert "estimated cost not known" in said
    assert "Cost at risk, at least" in words(content.summary_cards(fleet))


def test_known_and_unknown_parts_are_added_up_apart(build):
    fleet = build.labelled_fleet(4)
    first, *rest = fleet.machines
    line = first.orders[0].parts[0].model_copy(update={"part_id": "shim", "known": False, "unit_cost": 0})
    order = first.orders[0].model_copy(update={"parts": (*first.orders[0].parts, line)})
    mixed = build.snapshot(content.MachineView(first.profile, prediction=first.prediction, orders=(order,)), *rest)
    assert "together at least 3,450 EUR (price of 1 part not known); workbench plant" in words(
        content.purchase_table(mixed)
    )
    said = words(content.headline(mixed))
    assert "4 parts to order; the slowest known takes 6 days to arrive; price and delivery of 1 not known." in said


def test_no_cost_at_all_is_one_sentence_that_says_what_to_enter(build):
    said = details(unpriced(build, total=0), build)
    assert "No cost is known, so none can be weighed." in said
    assert "workbench plant technicians FILE" in said
    assert "Run to failure" not in said


def test_headline_names_the_most_urgent_and_any_due_earlier(build):
    fleet = build.labelled_fleet(6)
    first, second, *rest = fleet.machines
    early = second.orders[0].model_copy(
        update={"priority": Priority.ROUTINE, "due_at": fleet.as_of + timedelta(hours=2)}
    )
    moved = content.MachineView(second.profile, prediction=second.prediction, orders=(early,))
    said = words(content.headline(build.snapshot(first, moved, *rest)))
    assert "most urgent WO-2026-0001 (emergency), due Sun 4 Jan 2026 00:00 UTC; " in said
    assert "due even earlier: WO-2026-0002 (routine), due Thu 1 Jan 2026 02:00 UTC." in said


def test_headline_names_all_that_are_equally_urgent(build):
    fleet = build.labelled_fleet(6)
    first, second, *rest = fleet.machines
    equal = second.orders[0].model_copy(update={"priority": first.orders[0].priority, "due_at": first.orders[0].due_at})
    moved = content.MachineView(second.profile, prediction=second.prediction, orders=(equal,))
    said = words(content.headline(build.snapshot(first, moved, *rest)))
    assert "most urgent WO-2026-0001, WO-2026-0002 (emergency), due Sun 4 Jan 2026 00:00 UTC." in said


def test_titles_of_modes_are_not_doubled(build):
    profile = build.profile()
    mode = profile.failure_modes[0].model_copy(update={"name": "misalignment", "title": "Shaft misalignment"})
    profile = profile.model_copy(update={"failure_modes": (mode,)})
    assert readable("when Shaft misalignment runs to failure", profile) == "When Shaft misalignment runs to failure."
    assert readable("cause misalignment", profile) == "Cause Shaft misalignment."


def test_only_sensors_two_deviations_off_stand_out(build):
    profile = build.profile()
    said = build.prediction(profile, state=None, anomaly=0.9)
    near = said.anomaly.model_copy(update={"contributions": (Contribution(sensor="vibration", deviation=1.9),)})
    fleet = build.snapshot(content.MachineView(profile, prediction=said.model_copy(update={"anomaly": near})))
    table = words(content.anomaly_table(fleet))
    assert "1.9 sd" not in table
    assert "none by itself" in table


@pytest.mark.parametrize(
    ("title", "unit", "expected"),
    [
        ("Schwingung [mm/s]", "mm/s", "Schwingung (mm/s)"),
        ("Compressor Pressure bar", "bar", "Compressor Pressure (bar)"),
        ("Vibration, drive end", "mm/s", "Vibration, drive end (mm/s)"),
    ],
)
def test_unit_stands_once_in_a_chart(build, title, unit, expected):
    profile = build.profile()
    sensor = profile.sensor("vibration").model_copy(update={"title": title, "unit": unit})
    changed = profile.model_copy(update={"sensors": (sensor,)})
    chart = sensor_chart(
        build.readings(),
        sensor,
        name="v",
        title=sensor_title("vibration", changed),
        as_of=build.snapshot().as_of,
        days=30,
    )
    assert BeautifulSoup(chart, "html.parser").figcaption.text == expected


def test_unknown_maker_and_model_are_not_printed(build):
    profile = build.profile(manufacturer="unknown", model="unknown")
    fleet = build.snapshot(
        content.MachineView(profile, prediction=build.prediction(profile, state=None, anomaly=0.9)), models=()
    )
    said = details(fleet, build)
    assert "machine_001 · north_plant, Hall 2" in said
    assert "unknown unknown" not in said


def test_trends_say_over_how_long(build):
    fleet = build.unlabelled_fleet()
    assert "Trends over the last 30 days" in words(content.trend_table(fleet))


def test_no_limits_is_not_good_news(build):
    profile = build.profile()
    bare = profile.model_copy(update={"sensors": tuple(s.model_copy(update={"limits": None}) for s in profile.sensors)})
    fleet = build.snapshot(content.MachineView(bare, prediction=build.prediction(bare, state=None)), models=())
    assert words(content.limit_table(fleet)) == (
        "No limits are declared, so none can be crossed: add them to the profile."
    )
    cards = words(content.summary_cards(fleet))
    assert "no limits Critical limits" in cards
    assert "0 Critical" not in cards
    said = words(content.headline(fleet))
    assert said.startswith("No anomaly or case is flagged, and no limits are declared; health itself is not known")


def test_calm_fleet_without_health_says_what_is_known(build):
    profile = build.profile()
    fleet = build.snapshot(content.MachineView(profile, prediction=build.prediction(profile, state=None)), models=())
    said = words(content.headline(fleet))
    assert said.startswith("No limit, anomaly or case is flagged; health itself is not known: not enough evidence")
    assert "needs attention" not in said


def test_open_case_without_work_says_to_look_at_it(build):
    profile = build.profile()
    said = build.prediction(profile, state=None, anomaly=0.9)
    view = content.MachineView(
        profile, prediction=said, package=build.package(said, act=False), cases=(build.case(said),)
    )
    table = words(content.fleet_table(build.snapshot(view), max_details=5))
    assert "Look at the case: vibration, drive end above the critical limit." in table
    assert "Keep watching" not in table


@pytest.mark.parametrize(("held", "remark"), [(0.73, "held 73 % on held-out machines"), (0.9, ""), (0.99, "held 99 %")])
def test_interval_that_holds_too_seldom_is_remarked(build, held, remark):
    version = build.labelled_fleet(4).models[0].model_copy(update={"task": Task.RUL, "metrics": {"coverage_90": held}})
    said = words(content.model_table(build.snapshot(models=(version,))))
    assert ("its 90 % interval" in said) == bool(remark)
    assert remark in said


def test_life_is_labelled_with_its_unit(build):
    profile = build.profile()
    life = Interval(median=63, lower=20, upper=90)
    fleet = build.snapshot(content.MachineView(profile, prediction=build.prediction(profile, life=life)))
    assert "63 operating h (20 to 90)" in words(content.fleet_table(fleet, max_details=5))
