"""The plan as a planner reads it on paper: who, where, when by the clock on site, why; what is left, what moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.domain.calendar import Absence, PlannedStop
from workbench.domain.plans import LeftOut, PlanChange
from workbench.domain.work import PartLine, Priority
from workbench.reports import content

HOSTILE = "<script>alert('x')</script>"


def words(fragment: content.Fragment | str) -> str:
    return " ".join(BeautifulSoup(str(fragment), "html.parser").get_text(" ").replace("\u00a0", " ").split())


def left_out(number: int, reason: str) -> LeftOut:
    return LeftOut(
        order_id=f"order-{number}",
        number=f"WO-2026-{number:04d}",
        title=f"Cooling pump {number}: bearing wear",
        machine_id=f"machine_{number:03d}",
        priority=Priority.HIGH,
        reason=reason,
    )


@pytest.fixture
def fleet(build):
    return build.snapshot()


def test_each_person_of_a_day_has_a_row_with_the_hours_on_site_and_the_reason(make):
    plan = make.plan(make.planned(1, begins_h=6), make.planned(2, begins_h=32), make.planned(3, begins_h=9))
    soup = BeautifulSoup(content.plan_days(plan).html, "html.parser")
    captions = [caption.text for caption in soup.select("caption")]
    assert captions == [
        "Thu 1 Jan 2026: 2 jobs, 1 person; times in CET (Europe/Berlin)",
        "Fri 2 Jan 2026: 1 job, 1 person; times in CET (Europe/Berlin)",
    ]
    rows = [words(row) for row in soup.select("tbody tr")]
    assert rows[0] == (
        "Ana Ortiz 07:00 to 09:00 Cooling pump 1 machine_001, Hall 2, North plant "
        "WO-2026-0001 Urgent Bearing wear Certified for pumps, free at 10:00, 12 km."
    )
    assert [row.split(" Cooling")[0] for row in rows[1:]] == ["Ana Ortiz 10:00 to 12:00", "Ana Ortiz 09:00 to 11:00"]


def test_two_people_each_see_the_other_and_how_far_they_travel(make):
    plan = make.plan(make.planned(1, begins_h=8, people=("tech_ana", "tech_ben"), part=1, parts=2))
    ana, ben = (words(row) for row in BeautifulSoup(content.plan_days(plan).html, "html.parser").select("tbody tr"))
    assert "Ana Ortiz with Ben Lund" in ana
    assert "Leaves" not in ana
    assert "Ben Lund with Ana Ortiz" in ben
    assert "Leaves West plant 07:51: 69 min, 68 km" in ben
    assert "Back at West plant 12:09: 69 min, 68 km" in ben
    assert "(shift 1 of 2)" in ana


def test_how_somebody_is_reached_stands_once_a_day_beside_the_name(make):
    plan = make.plan(make.planned(1, begins_h=6), make.planned(2, begins_h=9))
    ana = plan.technicians["tech_ana"].model_copy(update={"phone": "+4930123456", "email": "<b>ana@plant.example"})
    said = content.plan_days(replace(plan, technicians={**plan.technicians, "tech_ana": ana})).html
    first, second = (words(row) for row in BeautifulSoup(said, "html.parser").select("tbody tr"))
    assert first.startswith("Ana Ortiz +4930123456 <b>ana@plant.example 07:00")
    assert second.startswith("Ana Ortiz 10:00")


def test_sites_whose_clocks_differ_have_their_own_charts_and_tables(make):
    plan = make.plan(make.planned(1, begins_h=9), make.planned(2, "tech_ben", begins_h=9, site_id="west_plant"))
    soup = BeautifulSoup(content.plan_days(plan).html, "html.parser")
    assert [one.text for one in soup.select("figcaption")] == ["Thu 1 Jan 2026, CET", "Thu 1 Jan 2026, GMT"]
    assert [words(row.select("td")[1]) for row in soup.select("tbody tr")] == ["10:00 to 12:00", "09:00 to 11:00"]


def test_drawn_day_tells_in_words_what_it_shows_and_who_is_free(make):
    plan = make.plan(make.planned(1, begins_h=6))
    ben = plan.technicians["tech_ben"].model_copy(update={"site_id": "north_plant"})
    soup = BeautifulSoup(
        content.plan_days(replace(plan, technicians={**plan.technicians, "tech_ben": ben})).html, "html.parser"
    )
    drawn = soup.select_one("svg[role=img]")
    assert drawn.desc.text == "Ana Ortiz: 07:00 to 09:00 WO-2026-0001. Ben Lund: nothing planned."
    assert {drawn.desc["id"], drawn.title["id"]} == set(drawn["aria-labelledby"].split())
    assert "0001 U" in [label.text for label in drawn.select("text")]
    assert len(drawn.select("rect")) == 1, "one job"


def test_a_route_is_drawn_from_home_over_each_stop_and_back(make):
    plan = make.plan(
        make.planned(1, "tech_ben", begins_h=8),
        make.planned(2, "tech_ben", begins_h=10.5, hours=1),
        make.planned(3, begins_h=8),
    )
    drawn = BeautifulSoup(content.plan_days(plan).html, "html.parser").select_one("svg[role=img]")
    ben = next(part for part in drawn.desc.text.rstrip(".").split(". ") if part.startswith("Ben Lund"))
    assert ben == (
        "Ben Lund: 07:51 to 09:00 travel to North plant, 69 min, 68 km; 09:00 to 11:00 WO-2026-0001; "
        "11:30 to 12:30 WO-2026-0002; 12:30 to 13:39 travel to West plant, 69 min, 68 km"
    )
    labels = [label.text for label in drawn.select("text")]
    assert "to North plant: 69 min, 68 km" in labels
    assert "back: 69 min, 68 km" in labels


def test_who_is_away_or_has_a_holiday_is_shown_without_the_reason(make):
    plan = make.plan(make.planned(1, begins_h=6))
    ben = plan.technicians["tech_ben"].model_copy(update={"site_id": "north_plant"})
    people = {**plan.technicians, "tech_ben": ben}
    sick = Absence(technician_id="tech_ben", kind="sick", first_day="2026-01-01", last_day="2026-01-09")
    drawn = content.plan_days(replace(plan, technicians=people, absences=(sick,))).html
    assert "Ben Lund: away; nothing planned" in drawn
    assert "sick" not in drawn
    north = plan.sites["north_plant"].model_copy(update={"holidays": "DE"})
    called = {**people, "tech_ana": people["tech_ana"].model_copy(update={"on_call": True})}
    sites = {**plan.sites, "north_plant": north}
    drawn = content.plan_days(replace(plan, technicians=called, sites=sites)).html
    assert "Ana Ortiz: New Year's Day, on call; 07:00 to 09:00 WO-2026-0001" in words(drawn)
    assert "Ben Lund: New Year's Day; nothing planned" in words(drawn)


def test_work_past_midnight_says_on_which_day_it_ends(make):
    plan = make.plan(make.planned(1, begins_h=21, hours=4))
    assert "22:00 to Fri 02:00" in words(content.plan_days(plan))


def test_summary_says_what_it_costs_how_near_to_the_best_and_what_it_waits_for(make, build, fleet):
    north = make.plan().sites["north_plant"]
    stop = PlannedStop(
        stop_id="stop",
        site_id=north.site_id,
        starts_at=fleet.as_of + timedelta(hours=5),
        ends_at=fleet.as_of + timedelta(hours=12),
        title="weekend stop",
    )
    part = PartLine(
        part_id="seal", title="Seal", needed=2, available=0, reserve=0, to_order=2, unit_cost=1, lead_time_days=3
    )
    order = build.order(build.prediction(build.profile())).model_copy(
        update={"parts": (part,), "parts_at": fleet.as_of + timedelta(days=3)}
    )
    plan = make.plan(make.planned(1, begins_h=6), make.planned(2, begins_h=30), gap=0.024, sequence_gap=0.0)
    said = words(content.plan_summary(replace(plan, stops=(stop,), orders={"order-1": order}), fleet))
    assert said.startswith("2 orders planned for 1 person. It covers 5 days, from Thu 1 Jan 2026 01:00 CET to ")
    assert "Labour 1,600 EUR Expected cost of waiting until the work is done 1,900 EUR How" in said
    assert "would cost at most 2.4 % less. The order of jobs within the days is proven best." in said
    assert "searched for at most 10 s" in said
    assert "weekend stop, North plant, Thu 1 Jan 06:00 to Thu 1 Jan 2026 13:00 CET: WO-2026-0001" in said
    assert "2 × Seal, Sun 4 Jan 2026 01:00 CET if ordered now" in said
    coming = {(order.order_id, "seal"): ((fleet.as_of + timedelta(days=3), 2),)}
    bought = content.plan_summary(replace(plan, orders={"order-1": order}), replace(fleet, coming=coming))
    assert "2 × Seal, Sun 4 Jan 2026 01:00 CET, on order" in words(bought)
    late = order.model_copy(update={"parts_at": fleet.as_of - timedelta(hours=1)})
    assert "2 × Seal, expected Thu 1 Jan 2026 00:00 CET, not here yet" in words(
        content.plan_summary(replace(plan, orders={"order-1": late}), fleet)
    )


@pytest.mark.parametrize(
    ("gap", "sequence", "said"),
    [
        (0.0, 0.0, "cheaper: proven. Nor is another order within the days."),
        (0.0, 1.0, "cheaper: proven. The order of jobs within the days is not proven best (gap 100 %)."),
    ],
)
def test_gaps_are_told_in_words(make, fleet, gap, sequence, said):
    plan = make.plan(make.planned(1, begins_h=6), gap=gap, sequence_gap=sequence)
    assert said in words(content.plan_summary(plan, fleet))


def test_orders_left_out_have_their_reason_and_decisions_come_first(make):
    plan = make.plan(
        deferred=(left_out(2, "its parts come Thu 22 Jan 01:00"),), unplannable=(left_out(1, "nobody has the skill"),)
    )
    first, second = (
        words(row) for row in BeautifulSoup(content.plan_left_out(plan).html, "html.parser").select("tbody tr")
    )
    assert first == "WO-2026-0001 High Cooling pump 1 Bearing wear Somebody must decide Nobody has the skill."
    assert "Deferred Its parts come Thu 22 Jan 01:00." in second


def test_changes_name_what_moved_and_only_count_what_is_new(make):
    moved = PlanChange(
        order_id="order-1",
        number="WO-2026-0001",
        what="moved",
        before="Ana, Mon",
        after="Ana, Tue",
        people=("tech_ana",),
    )
    added = PlanChange(order_id="order-2", number="WO-2026-0002", what="added", after="Ana, Wed")
    off = PlanChange(order_id="order-3", number="WO-2026-0003", what="put off", before="Ana, Wed")
    plan = make.plan(
        make.planned(1, begins_h=6),
        replaces="before",
        changes=(moved, added, off),
        deferred=(left_out(3, "more urgent work comes first"),),
    )
    said = words(content.plan_changes(plan))
    assert "Moved against the plan before: 2 orders; 1 order came in anew; times in CET (Europe/Berlin)" in said
    assert "WO-2026-0001 Moved Ana, Tue Ana, Mon Ana Ortiz" in said
    assert "WO-2026-0003 Put off More urgent work comes first. Ana, Wed" in said
    assert "WO-2026-0002" not in said
    calm = make.plan(make.planned(1, begins_h=6), replaces="before", changes=(added,))
    assert words(content.plan_changes(calm)) == "Nothing that was planned before has moved; 1 order came in anew."


def test_without_plan_or_work_it_says_so_and_how_to_plan(make, fleet, build):
    profile = build.profile()
    said = build.prediction(profile)
    ordered = build.snapshot(content.MachineView(profile, prediction=said, orders=(build.order(said),)))
    assert "workbench orders plan --publish" in words(content.plan_summary(None, ordered))
    for fragment in (content.plan_summary(None, fleet), content.plan_days(None), content.plan_days(make.plan())):
        assert 'data-short="no' in fragment.html
    assert 'data-short=""' in content.plan_left_out(make.plan()).html
    assert 'data-short=""' in content.plan_changes(make.plan()).html


def test_long_plan_is_capped_with_a_note(make):
    works = [make.planned(number, begins_h=6 + 0.01 * number) for number in range(1, 161)]
    soup = BeautifulSoup(content.plan_days(make.plan(*works)).html, "html.parser")
    assert len(soup.select("tbody tr")) == 150
    assert "And 10 jobs more, later: workbench orders plan lists all." in words(soup.select_one(".note"))


def test_hostile_text_is_text_and_ids_are_unique(make, fleet):
    sly = make.planned(1, "tech_ana", begins_h=6, title=HOSTILE, reason=HOSTILE)
    plan = make.plan(
        sly,
        make.planned(2, "tech_ben", begins_h=6, site_id="west_plant"),
        unplannable=(left_out(3, HOSTILE),),
        notes=(HOSTILE,),
    )
    every = [content.plan_summary(plan, fleet), content.plan_days(plan), content.plan_left_out(plan)]
    soup = BeautifulSoup("".join(one.html for one in every), "html.parser")
    assert soup.find("script") is None
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_plan_of_one_order_lists_only_the_days_of_those_who_do_it(make, fleet):
    plan = make.plan(
        make.planned(1, begins_h=6),
        make.planned(2, begins_h=9),
        make.planned(3, "tech_ben", begins_h=9),
        deferred=(left_out(4, "later"),),
    )
    of_one = replace(plan, order_id="order-1")
    listed = words(content.plan_days(of_one))
    assert "WO-2026-0001" in listed
    assert "WO-2026-0002" in listed, "the same person, the same day"
    assert "WO-2026-0003" not in listed
    assert 'data-short=""' in content.plan_left_out(of_one).html
    summary = words(content.plan_summary(of_one, fleet))
    assert summary.startswith("3 orders planned for 2 people; 1 deferred.")
    assert "Listed below are this order and the days of those who do it." in summary
