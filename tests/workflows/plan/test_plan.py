"""Planning the open work: what a planner sees, what people follow, and what stays when things change."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.test_cli import Shell
from tests.workflows.plan.conftest import CHILLER, FAN, MONDAY, MOTOR, SOLAR

import workbench
from workbench.domain.base import Actor, Role
from workbench.domain.order_states import scheduled, started
from workbench.domain.work import OrderState, PartLine, Priority
from workbench.errors import InputError, NotFound, NotPermitted
from workbench.store.records.analysis import Stakes
from workbench.workflows.plan.crew import Crew
from workbench.workflows.plan.jobs import Draft
from workbench.workflows.plan.make import _solved
from workbench.workflows.plan.sources import Findings, read_plant
from workbench.workflows.plan.wording import Words

TUESDAY = MONDAY + timedelta(days=1)
# Tuesday is Epiphany, a holiday in Gliwice.
WEDNESDAY = MONDAY + timedelta(days=2)


def _reason(left_out, number):
    return next(one.reason for one in left_out if one.number == f"WO-2026-{number:04d}")


def _tell(ws):
    return {(notice.recipient, notice.subject) for notice in ws.notices.all()}


def test_every_open_order_is_planned_deferred_or_left_to_somebody(works, ordered):
    for number in range(12):
        ordered(
            works, number, (MOTOR, FAN, SOLAR)[number % 3], labour_h=3.0, skill=("mechanical", "welding")[number % 2]
        )
    plan = workbench.plan_work(works)
    found = [work.order_id for work in plan.assignments if work.part == 1]
    found += [one.order_id for one in (*plan.deferred, *plan.unplannable)]
    assert sorted(found) == sorted(order.order_id for order in works.orders.open())
    assert all(order.state is OrderState.OPEN for order in works.orders.open()), "a proposal changes no order"
    assert "nobody in the records has welding skill" in _reason(plan.unplannable, 1)
    assert all(work.reason and work.when for work in plan.assignments)
    assert plan.gap == 0


def test_planning_again_changes_nothing(works, ordered):
    ordered(works, 1)
    ordered(works, 2, FAN)
    first = workbench.plan_work(works)
    assert workbench.plan_work(works) == first
    published = workbench.plan_work(works, publish=True)
    assert published.plan_id == first.plan_id
    entries = len(works.log.entries(limit=1000))
    assert workbench.plan_work(works, publish=True) == published
    assert workbench.publish_plan(works, published.plan_id) == published
    assert len(works.log.entries(limit=1000)) == entries


def test_a_published_plan_is_what_the_orders_say_and_everybody_is_told_once(works, ordered):
    ordered(works, 1)
    plan = workbench.plan_work(works, publish=True)
    [work] = plan.assignments
    order = works.orders.get("order 1")
    assert (order.state, order.technician_id, order.scheduled_at) == (
        OrderState.SCHEDULED,
        work.people[0],
        work.starts_at,
    )
    assert order.technician_reason.endswith(work.reason)
    assert [entry.event for entry in works.dispatch_history.for_order("order 1")] == ["planned"]
    assert {recipient for recipient, _ in _tell(works)} == {f"technician:{work.people[0]}", "manager:plant_bremen"}
    body = next(notice.body for notice in works.notices.all() if notice.recipient.startswith("technician"))
    assert f"Start Mon 5 Jan 2026 {work.when[10:15]} CET" in body


def test_a_plan_of_orders_that_changed_meanwhile_is_refused_with_what_changed(works, ordered):
    order = ordered(works, 1)
    plan = workbench.plan_work(works)
    works.orders.update(order.model_copy(update={"labour_h": 5.0}), works.change("longer"))
    ordered(works, 2)
    with pytest.raises(InputError, match=r"WO-2026-0001 changed, WO-2026-0002 is new"):
        workbench.publish_plan(works, plan.plan_id)
    assert works.plans.published() is None
    assert works.notices.all() == []


def test_a_plan_whose_first_work_should_have_begun_is_refused(works, ordered):
    ordered(works, 1)
    plan = workbench.plan_work(works)
    works.set_as_of(plan.assignments[0].starts_at + timedelta(minutes=1))
    with pytest.raises(InputError, match="should have begun"):
        workbench.publish_plan(works, plan.plan_id)


def test_work_in_progress_and_what_people_fixed_stay_as_they_are(works, ordered):
    fixed_at = TUESDAY + timedelta(hours=4)
    fixed = scheduled(ordered(works, 1), "tech_anna_bruns", (), fixed_at, "by hand", fixed=True)
    works.orders.update(fixed, works.change("fixed"))
    begun = started(ordered(works, 2, FAN), MONDAY, "tech_marek_nowak")
    works.orders.update(begun, works.change("started"))
    plan = workbench.plan_work(works, publish=True)
    kept = {work.number: work for work in plan.assignments}
    assert (kept["WO-2026-0001"].kept, kept["WO-2026-0001"].starts_at) == ("fixed by hand", fixed_at)
    assert kept["WO-2026-0002"].kept == "in progress"
    assert works.orders.get("order 1") == fixed
    assert works.orders.get("order 2") == begun


def test_long_work_that_is_kept_takes_the_shifts_of_its_people(works, ordered):
    # Anna works 06:00 to 14:00 in Bremen: 5 h are left on Tuesday, then 8 h and 3 h.
    fixed = scheduled(
        ordered(works, 1, labour_h=16.0), "tech_anna_bruns", (), TUESDAY + timedelta(hours=4), "by hand", fixed=True
    )
    works.orders.update(fixed, works.change("fixed"))
    parts = workbench.plan_work(works).of_order("order 1")
    assert [(work.starts_at.day, work.ends_at - work.starts_at) for work in parts] == [
        (6, timedelta(hours=5)),
        (7, timedelta(hours=8)),
        (8, timedelta(hours=3)),
    ]
    assert [work.kept for work in parts] == ["fixed by hand"] * 3
    short = workbench.plan_work(works, days=2, publish=True).of_order("order 1")
    assert [(work.part, work.parts) for work in short] == [(1, 3)], "the other two lie after these days"
    works.set_as_of(WEDNESDAY)
    rest = workbench.plan_work(works).of_order("order 1")
    assert [work.starts_at.day for work in rest] == [7, 8]


def test_work_in_progress_is_counted_in_hours_of_shifts(works, ordered):
    begun = started(ordered(works, 1, labour_h=12.0), MONDAY + timedelta(hours=5), "tech_anna_bruns")
    works.orders.update(begun, works.change("started"))
    works.set_as_of(TUESDAY)
    [rest] = workbench.plan_work(works).of_order("order 1")
    assert rest.starts_at == TUESDAY + timedelta(hours=1)
    assert rest.ends_at - rest.starts_at == timedelta(hours=8), "4 h on Monday, 8 of 12 h are left"
    works.set_as_of(WEDNESDAY)
    [longer] = workbench.plan_work(works).of_order("order 1")
    assert (longer.starts_at, longer.ends_at - longer.starts_at) == (WEDNESDAY + timedelta(hours=1), timedelta(hours=1))


def test_two_orders_fixed_to_one_person_at_once_are_left_to_somebody(works, ordered):
    for number in (1, 2):
        fixed = scheduled(
            ordered(works, number), "tech_anna_bruns", (), TUESDAY + timedelta(hours=4), "by hand", fixed=True
        )
        works.orders.update(fixed, works.change("fixed"))
    plan = workbench.plan_work(works)
    assert len(plan.assignments) == 1
    assert "Anna Bruns has WO-2026-0001 already" in _reason(plan.unplannable, 2)


def test_work_waits_for_its_parts(works, ordered):
    ordered(works, 1, parts_at=TUESDAY + timedelta(hours=2))
    ordered(works, 2, parts_at=MONDAY + timedelta(days=9))
    line = PartLine(part_id="odd_part", title="Odd part", needed=1, available=0, reserve=0, to_order=1, unit_cost=0, lead_time_days=0, known=False)  # fmt: skip
    ordered(works, 3, parts=(line,))
    plan = workbench.plan_work(works)
    [work] = plan.assignments
    assert work.starts_at >= TUESDAY + timedelta(hours=2)
    assert "its parts come" in _reason(plan.deferred, 2)
    assert "Odd part" in _reason(plan.unplannable, 3)


def test_parts_that_were_never_ordered_are_not_there_because_their_date_has_passed(works, ordered):
    part = works.parts.all()[0]
    works.parts.reserve("another order", [(part.part_id, works.parts.available(part.part_id))], works.change("taken"))
    line = PartLine(part_id=part.part_id, title=part.title, needed=1, available=0, reserve=0, to_order=1, unit_cost=0, lead_time_days=part.lead_time_days)  # fmt: skip
    past = MONDAY - timedelta(days=1)
    order = ordered(works, 1, created_at=past - timedelta(days=part.lead_time_days), parts=(line,), parts_at=past)
    plan = workbench.plan_work(works, days=31, publish=True)
    ready = MONDAY + timedelta(days=part.lead_time_days)
    assert [work for work in plan.assignments if work.starts_at < ready] == []
    assert works.orders.get(order.order_id).parts_at == ready, "what the plan says is what the order says"


@pytest.mark.parametrize("priority", [Priority.EMERGENCY, Priority.ROUTINE])
def test_parts_that_come_in_the_morning_do_not_cost_the_day(works, ordered, priority):
    ready = TUESDAY + timedelta(hours=4, minutes=10)
    ordered(works, 1, parts_at=ready, priority=priority)
    [work] = workbench.plan_work(works, publish=True).assignments
    assert ready <= work.starts_at < TUESDAY + timedelta(hours=12)
    evening = MONDAY + timedelta(days=4, hours=17)
    ordered(works, 2, parts_at=evening, priority=priority)
    said = _reason(workbench.plan_work(works).deferred, 2)
    assert said.startswith("its parts come Fri 9 Jan 22:00, and after that there is no room within these days")
    assert "more urgent" not in said


def test_work_of_several_shifts_begins_in_the_hours_that_its_parts_leave(works, ordered):
    ordered(works, 1, labour_h=20.0, parts_at=MONDAY + timedelta(hours=8))
    parts = workbench.plan_work(works).of_order("order 1")
    assert [work.starts_at.day for work in parts] == [6, 7, 8], "of the first day too little is left"


@pytest.mark.parametrize("priority", list(Priority))
def test_work_whose_waiting_costs_nothing_is_done_when_there_are_free_hands(works, ordered, priority):
    change = works.change("profile without costs")
    profile = works.machines.get(MOTOR)
    free = profile.economics.model_copy(update={"production_loss_per_h": 0})
    works.machines.update(profile.model_copy(update={"economics": free}), change)
    for person in works.technicians.all():
        works.technicians.put(person.model_copy(update={"cost_per_h": 0}), change)
    ordered(works, 1, priority=priority)
    plan = workbench.plan_work(works)
    assert [work.number for work in plan.assignments] == ["WO-2026-0001"]


def test_an_order_without_room_says_what_takes_it(works, ordered):
    ordered(works, 1, parts_at=MONDAY + timedelta(days=4, hours=17))
    for number in range(2, 40):
        ordered(works, number, labour_h=7.0, priority=Priority.URGENT if number % 2 else Priority.ROUTINE)
    plan = workbench.plan_work(works)
    assert any(
        one.priority is Priority.ROUTINE and "more urgent work comes first" in one.reason for one in plan.deferred
    )
    assert not any(one.priority is Priority.EMERGENCY for one in plan.deferred)
    urgent = [one for one in plan.deferred if one.priority is Priority.URGENT]
    assert all("more urgent" not in one.reason for one in urgent)


def test_two_people_go_together_and_who_lacks_the_skill_helps_only_where_nobody_else_can(works, ordered):
    ordered(works, 1, CHILLER, skill="refrigeration", people=2, labour_h=6.0)
    ordered(works, 2, "pump_sulzer_ahlstar_006", people=2, labour_h=6.0)
    ordered(works, 3, SOLAR, people=2, labour_h=6.0)
    plan = workbench.plan_work(works, publish=True)
    chiller, pump = plan.of_order("order 1")[0], plan.of_order("order 2")[0]
    assert chiller.people[0] == "tech_ole_petersen"
    assert "helps: nobody else with this skill shares a shift" in chiller.reason
    assert set(pump.people) <= {"tech_ines_carvalho", "tech_rui_matos", "tech_sofia_lima"}
    assert "helps" not in pump.reason
    assert "nobody shares a shift" in _reason(plan.unplannable, 3)
    assert works.orders.get("order 2").colleagues == pump.people[1:]
    told = {recipient for recipient, _ in _tell(works)}
    assert {f"technician:{name}" for name in (*pump.people, *chiller.people)} <= told


def test_a_job_longer_than_a_shift_takes_the_same_people_on_days_that_follow_each_other(works, ordered):
    ordered(works, 1, labour_h=20.0)
    plan = workbench.plan_work(works, publish=True)
    parts = plan.of_order("order 1")
    assert [work.part for work in parts] == [1, 2, 3]
    assert len({work.people for work in parts}) == 1
    assert [(work.starts_at - parts[0].starts_at).days for work in parts] == [0, 1, 2]
    assert works.orders.get("order 1").scheduled_at == parts[0].starts_at
    ordered(works, 2, FAN, labour_h=70.0)
    assert "plan more days" in _reason(workbench.plan_work(works).deferred, 2)


def test_replanning_for_an_emergency_leaves_most_as_it_was_and_tells_only_whom_it_concerns(works, ordered):
    for number in range(1, 7):
        ordered(works, number, (MOTOR, FAN)[number % 2], labour_h=6.0)
    first = workbench.plan_work(works, publish=True)
    works.set_as_of(MONDAY + timedelta(hours=12))
    told = _tell(works)
    ordered(works, 7, FAN, priority=Priority.EMERGENCY, labour_h=4.0)
    second = workbench.plan_work(works, publish=True)
    assert second.replaces == first.plan_id
    assert works.plans.get(first.plan_id).state == "replaced"
    emergency = second.of_order("order 7")[0]
    assert emergency.starts_at < MONDAY + timedelta(days=1, hours=4)
    concerned = {f"technician:{name}" for one in second.changes for name in one.people}
    news = _tell(works) - told
    assert news
    assert {recipient for recipient, _ in news if recipient.startswith("technician")} <= concerned
    assert len([1 for recipient, _ in news if recipient == "manager:plant_gliwice"]) <= 2
    moved = [one for one in second.changes if one.what in ("moved", "other people")]
    assert len(moved) <= 2


def test_work_that_begins_soon_is_not_moved_any_more(works, ordered):
    ordered(works, 1)
    first = workbench.plan_work(works, publish=True)
    works.set_as_of(first.assignments[0].starts_at - timedelta(hours=1))
    ordered(works, 2, priority=Priority.EMERGENCY)
    second = workbench.plan_work(works)
    kept = second.of_order("order 1")[0]
    assert kept.kept == "begins soon"
    assert (kept.people, kept.starts_at) == (first.assignments[0].people, first.assignments[0].starts_at)


def test_work_that_costs_production_waits_for_a_planned_stop_unless_it_is_urgent(works, ordered):
    stop = workbench.add_planned_stop(
        works, WEDNESDAY, WEDNESDAY + timedelta(hours=18), machine_id=FAN, title="cleaning"
    )
    assert workbench.planned_stops(works) == [stop]
    ordered(works, 1, FAN, priority=Priority.ROUTINE)
    ordered(works, 2, FAN, priority=Priority.URGENT)
    plan = workbench.plan_work(works)
    routine, urgent = plan.of_order("order 1")[0], plan.of_order("order 2")[0]
    assert stop.starts_at <= routine.starts_at
    assert routine.ends_at <= stop.ends_at
    assert "planned stop" in routine.reason
    assert urgent.starts_at < stop.starts_at
    workbench.remove_planned_stop(works, stop.stop_id)
    assert workbench.plan_work(works).of_order("order 1")[0].starts_at < stop.starts_at


def test_the_machine_is_back_in_service_when_its_planned_stop_ends(works, ordered):
    # Demir and Petersen come at 14:00; what goes before and after the work takes half an hour of the stop.
    begin = WEDNESDAY + timedelta(hours=9)
    workbench.add_planned_stop(works, begin, begin + timedelta(hours=2.25), machine_id=MOTOR)
    ordered(works, 1, priority=Priority.ROUTINE, repair_h=2.0)
    tight = workbench.plan_work(works).of_order("order 1")[0]
    assert "planned stop" not in tight.reason
    workbench.add_planned_stop(works, begin, begin + timedelta(hours=2.5), machine_id=MOTOR)
    held = workbench.plan_work(works).of_order("order 1")[0]
    assert held.starts_at == begin
    assert "planned stop" in held.reason


def test_work_of_several_shifts_is_done_within_one_planned_stop_that_holds_them_all(works, ordered):
    # Two people for 28 h: two shifts of 7 h each.
    long = {"machine_id": MOTOR, "people": 2, "labour_h": 28.0, "repair_h": 14.0, "skill": "mechanical"}
    stop = workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(days=1, hours=18), machine_id=MOTOR)
    ordered(works, 1, priority=Priority.ROUTINE, **long)
    shifts = workbench.plan_work(works).of_order("order 1")
    assert len(shifts) == 2
    assert all(stop.starts_at <= work.starts_at and work.ends_at <= stop.ends_at for work in shifts)
    assert "all of them in a planned stop of the machine" in shifts[0].reason
    workbench.remove_planned_stop(works, stop.stop_id)
    workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(hours=18), machine_id=MOTOR)
    plan = workbench.plan_work(works)
    shifts = plan.of_order("order 1")
    assert shifts[0].starts_at < WEDNESDAY
    assert "no planned stop in these days holds its 2 shifts" in shifts[0].reason


def test_work_of_several_shifts_without_room_in_its_stop_is_put_off(works, ordered):
    long = {"machine_id": MOTOR, "people": 2, "labour_h": 28.0, "repair_h": 14.0, "skill": "mechanical"}
    workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(days=1, hours=18), machine_id=MOTOR)
    for number in range(4):
        ordered(works, number, priority=Priority.ROUTINE, **long)
    plan = workbench.plan_work(works)
    planned = {work.order_id for work in plan.assignments}
    assert planned
    assert plan.deferred
    assert all(work.starts_at >= WEDNESDAY for work in plan.assignments)
    assert all("planned stop" in one.reason for one in plan.deferred)


def test_urgent_work_of_several_shifts_waits_for_the_stop_that_its_decision_advises(works, ordered):
    stop = workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(days=1, hours=18), machine_id=MOTOR)
    long = {"people": 2, "labour_h": 28.0, "repair_h": 14.0, "skill": "mechanical"}
    ordered(works, 1, MOTOR, priority=Priority.URGENT, **long)
    plant, findings = _advised(works, (1,), stop.starts_at)
    draft = Draft(plant, findings, overtime_min=60)
    problem, found = _solved(draft, 10.0, 1, 1)
    shifts = Words(draft, problem, found).assignments()
    assert [work.starts_at >= stop.starts_at and work.ends_at <= stop.ends_at for work in shifts] == [True, True]


def _advised(ws, numbers, at, *, rule="expected_cost"):
    """Draft the open work where the newest decision calls a planned stop from ``at`` on the best time."""
    plant = read_plant(ws, ws.as_of(), 5)
    cost = {"total": 100_000, "production_loss": 50_000}
    decision = {"rule": rule, "when": {"best": {"at": at, "kind": "planned_stop"}}}
    said = Stakes.model_validate({"failure_impact": cost, "planned_impact": cost, "decision": decision})
    stakes = {f"order {number}": said for number in numbers}
    return plant, Findings(odds={}, stakes=stakes, standing=None)


def _planned(plant, findings):
    draft = Draft(plant, findings, overtime_min=60)
    problem, found = _solved(draft, 10.0, 1, 1)
    return {work.order_id: work for work in Words(draft, problem, found).assignments()}


def test_urgent_work_waits_for_the_planned_stop_that_its_decision_calls_the_best_time(works, ordered):
    stop = workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(hours=18), machine_id=FAN)
    ordered(works, 1, FAN, priority=Priority.URGENT)
    ordered(works, 2, FAN, priority=Priority.EMERGENCY)
    plan = _planned(*_advised(works, (1, 2), stop.starts_at))
    assert stop.starts_at <= plan["order 1"].starts_at
    assert plan["order 1"].ends_at <= stop.ends_at
    assert "in the planned stop that is its time of least expected cost" in plan["order 1"].reason
    assert plan["order 2"].starts_at < stop.starts_at, "an emergency waits for nothing"
    crossed = _planned(*_advised(works, (1,), stop.starts_at, rule="critical_limit"))
    assert crossed["order 1"].starts_at < stop.starts_at
    workbench.remove_planned_stop(works, stop.stop_id)
    assert _planned(*_advised(works, (1,), stop.starts_at))["order 1"].starts_at < stop.starts_at


def test_advised_work_without_room_in_its_stop_is_done_at_another_time(works, ordered):
    stop = workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(hours=18), machine_id=FAN)
    for number in range(8):
        ordered(works, number, FAN, priority=Priority.URGENT, labour_h=6.0)
    plant, findings = _advised(works, range(8), stop.starts_at)
    plan = _planned(plant, findings)
    inside = [work for work in plan.values() if stop.starts_at <= work.starts_at and work.ends_at <= stop.ends_at]
    assert inside
    assert len(inside) < len(plan)
    assert all("least expected cost" not in work.reason for work in plan.values() if work not in inside)


@pytest.mark.parametrize("people", [1, 2])
def test_nobody_is_planned_earlier_than_they_could_be_there(works, ordered, people):
    """What an assessment calls the earliest time rests on the same people, shifts and ways as the plan."""
    technicians = {person.technician_id: person for person in works.technicians.all()}
    sites = {site.site_id: site for site in works.sites.all()}
    for number, machine_id in enumerate((MOTOR, FAN, CHILLER)):
        order = ordered(
            works,
            number,
            machine_id,
            people=people,
            labour_h=2.0 * people,
            skill="mechanical",
            priority=Priority.EMERGENCY,
        )
        (work,) = workbench.plan_work(works).of_order(order.order_id)
        crew = Crew(technicians, sites, at=MONDAY, days=5)
        place = works.machines.get(machine_id).site_id
        soonest = crew.soonest("mechanical", place, people, 120, overtime_min=60, busy_until={})
        assert soonest <= work.starts_at <= soonest + timedelta(hours=1)
        later = soonest + timedelta(hours=30)
        busy = dict.fromkeys(technicians, later)
        assert crew.soonest("mechanical", place, people, 120, overtime_min=60, busy_until=busy) >= later
        works.orders.update(order.model_copy(update={"state": OrderState.CANCELLED}), works.change("next"))
    assert Crew(technicians, sites, at=MONDAY, days=5).soonest(
        "welding", "plant_bremen", 1, 60, overtime_min=0, busy_until={}
    ) is None  # fmt: skip


def test_without_a_name_the_newest_proposal_is_published(works, ordered):
    with pytest.raises(NotFound, match="No plan is proposed"):
        workbench.publish_plan(works)
    ordered(works, 1)
    workbench.plan_work(works)
    ordered(works, 2, FAN)
    newest = workbench.plan_work(works)
    assert workbench.publish_plan(works).plan_id == newest.plan_id
    assert works.plans.published().plan_id == newest.plan_id


def test_stops_are_told_in_site_time(works, tmp_path):
    works.close()
    shell = Shell(tmp_path)
    for words in (("add", "--from", "2026-01-06T06:00", "--to", "2026-01-06T18:00", "-m", FAN), ("list",)):
        said = shell("-w", "W", "stops", *words)
        assert "Tue 6 Jan 2026 06:00 CET" in said
        assert "UTC" not in said


def test_a_stop_is_refused_with_all_that_is_wrong(works):
    with pytest.raises(InputError, match="name a site"):
        workbench.add_planned_stop(works, TUESDAY, MONDAY)
    with pytest.raises(InputError, match="not at plant_porto"):
        workbench.add_planned_stop(works, MONDAY, TUESDAY, machine_id=FAN, site_id="plant_porto")
    with pytest.raises(InputError, match="ends before"):
        workbench.add_planned_stop(works, TUESDAY, MONDAY, site_id="plant_porto")


def test_who_may_not_plan_is_refused_and_nothing_changes(works, ordered):
    ordered(works, 1)
    plan = workbench.plan_work(works)
    with pytest.raises(NotPermitted):
        workbench.publish_plan(works, plan.plan_id, actor=Actor(id="olga", role=Role.OPERATOR))
    assert works.orders.get("order 1").state is OrderState.OPEN


def test_days_and_time_limit_out_of_range_are_named_together(works):
    with pytest.raises(InputError, match=r"days is 0.*time limit is -1"):
        workbench.plan_work(works, days=0, time_limit_s=-1)


def test_an_order_that_finds_no_room_any_more_loses_its_people(works, ordered):
    order = ordered(works, 1)
    workbench.plan_work(works, publish=True)
    known = works.orders.get("order 1")
    works.orders.update(known.model_copy(update={"skill": "welding"}), works.change("needs a welder"))
    plan = workbench.plan_work(works, publish=True)
    after = works.orders.get(order.order_id)
    assert (after.state, after.technician_id, after.scheduled_at) == (OrderState.OPEN, None, None)
    assert "welding" in after.technician_reason
    assert [one.what for one in plan.changes] == ["put off"]
    assert [notice.subject for notice in works.notices.all() if notice.subject.startswith("Plan changed")]


def test_no_other_work_outbids_an_emergency_however_dear_its_waiting_is(works, ordered):
    here = works.machines.get(MOTOR).site_id
    dear = [machine.machine_id for machine in works.machines.all() if machine.site_id == here]
    for number, machine_id in enumerate(dear * 3):
        ordered(works, number, machine_id, priority=Priority.URGENT, labour_h=7.0)
    ordered(works, 99, MOTOR, priority=Priority.EMERGENCY, labour_h=5.0)
    [emergency] = workbench.plan_work(works).of_order("order 99")
    assert emergency.starts_at < MONDAY + timedelta(hours=4)
    assert "as soon as anybody can" in emergency.reason
