"""Absences and holidays: nobody who does not work is planned with, but for emergencies who is on call."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.test_cli import Shell
from tests.workflows.plan.conftest import MONDAY

import workbench
from workbench.domain.base import Actor, Role
from workbench.domain.order_states import scheduled
from workbench.domain.work import Priority
from workbench.errors import InputError, NotFound, NotPermitted

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEAR = datetime(2026, 1, 1, 4, tzinfo=UTC)
TODAY, FRIDAY = date(2026, 1, 5), date(2026, 1, 9)


def _work(ws, number):
    return workbench.plan_work(ws).of_order(f"order {number}")[0]


def test_who_is_away_gets_no_work_and_is_planned_with_again_afterwards(works, ordered):
    ordered(works, 1)
    [first] = _work(works, 1).people
    away = workbench.add_absence(works, TODAY, FRIDAY, technician_id=first, kind="vacation")
    assert workbench.absences(works)[0] == away
    plan = workbench.plan_work(works)
    assert plan.of_order("order 1")[0].people != (first,)
    assert any(works.technicians.get(first).title in note for note in plan.notes)
    workbench.remove_absence(works, away.absence_id)
    assert _work(works, 1).people == (first,)


def test_of_a_part_day_the_rest_is_worked(works, ordered):
    ordered(works, 1, skill="robotics", labour_h=2.0)
    workbench.add_absence(works, TODAY, technician_id="tech_jens_harms", kind="training", hours=(0, 11))
    work = _work(works, 1)
    assert work.starts_at.astimezone(BERLIN) >= datetime(2026, 1, 5, 11, tzinfo=BERLIN)
    assert work.starts_at.date() == TODAY


def test_a_day_off_of_the_site_is_one_for_all_its_people(works, ordered):
    ordered(works, 1)
    workbench.add_absence(works, TODAY, site_id="plant_bremen", title="Works holiday")
    plan = workbench.plan_work(works)
    assert plan.of_order("order 1")[0].starts_at >= MONDAY + timedelta(hours=20)
    assert any("Mon 5 Jan: Works holiday at Bremen plant" in note for note in plan.notes)


def test_on_a_public_holiday_only_who_is_on_call_works_and_only_on_emergencies(works, ordered):
    works.set_as_of(NEW_YEAR)
    early = {"created_at": NEW_YEAR - timedelta(hours=1)}
    ordered(works, 1, priority=Priority.EMERGENCY, **early)
    ordered(works, 2, priority=Priority.URGENT, **early)
    ordered(works, 3, skill="electrical", priority=Priority.EMERGENCY, **early)
    emergency, urgent, electrical = (_work(works, number) for number in (1, 2, 3))
    assert (emergency.people, emergency.starts_at.date()) == (("tech_anna_bruns",), NEW_YEAR.date())
    assert "on call on New Year's Day" in emergency.reason
    assert urgent.starts_at.date() == electrical.starts_at.date() == date(2026, 1, 2)
    plan = workbench.plan_work(works, publish=True)
    assert workbench.plan_work(works) == plan
    note = next(note for note in plan.notes if "New Year's Day" in note)
    assert "Bremen plant" in note
    assert "Anna Bruns" in note


def test_who_falls_ill_loses_even_what_begins_soon_but_what_a_person_fixed_is_named(works, ordered):
    ordered(works, 1, skill="electrical")
    first = workbench.plan_work(works, publish=True)
    works.set_as_of(first.assignments[0].starts_at - timedelta(hours=1))
    workbench.add_absence(works, TODAY, FRIDAY, technician_id=first.assignments[0].people[0], kind="sick")
    [work] = workbench.plan_work(works).assignments
    assert work.people != first.assignments[0].people
    fixed = scheduled(ordered(works, 2), "tech_anna_bruns", (), MONDAY + timedelta(days=1, hours=4), "", fixed=True)
    works.orders.update(fixed, works.change("fixed"))
    workbench.add_absence(works, TODAY, FRIDAY, technician_id="tech_anna_bruns", kind="sick")
    kept = workbench.plan_work(works).of_order("order 2")[0]
    assert kept.kept == "fixed by hand"
    assert "Anna Bruns is away then" in kept.reason
    assert "sick" not in kept.reason, "why somebody is away is nobody's business"


def test_a_plan_made_before_somebody_fell_ill_cannot_be_published(works, ordered):
    ordered(works, 1)
    plan = workbench.plan_work(works)
    workbench.add_absence(works, TODAY, technician_id="tech_anna_bruns", kind="sick")
    with pytest.raises(InputError, match="absences or days off"):
        workbench.publish_plan(works, plan.plan_id)


def test_an_assessment_and_the_matching_of_a_run_count_on_nobody_who_is_away(works):
    from workbench.dispatch import rank_technicians
    from workbench.dispatch.days_off import DaysOff

    workbench.add_absence(works, TODAY, FRIDAY, technician_id="tech_anna_bruns")
    sites = {site.site_id: site for site in works.sites.all()}
    found = rank_technicians(
        skill="mechanical",
        priority=Priority.HIGH,
        site=sites["plant_bremen"],
        technicians=works.technicians.all(),
        workload_h={},
        labour_h=2.0,
        at=MONDAY,
        days_off=DaysOff(sites, works.absences.all()),
    )
    free = {match.technician_id: match.available_at for match in found}
    assert free["tech_anna_bruns"] >= datetime(2026, 1, 12, 5, tzinfo=UTC)
    assert free["tech_ole_petersen"] < datetime(2026, 1, 6, tzinfo=UTC)


def test_lists_are_read_from_csv_with_every_fault_at_its_line(works, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text(
        "technician_id;site_id;first_day;last_day;kind;from_h;until_h\n"
        "tech_anna_bruns;;2026-02-02;2026-02-06;vacation;;\n"
        ";plant_porto;2026-02-17;;;;\n"
    )
    assert workbench.import_absences(works, people) == 2
    assert workbench.import_absences(works, people) == 2, "the same list once more changes nothing"
    found = {one.absence_id: one for one in workbench.absences(works)}
    assert found["tech_anna_bruns 2026-02-02"].last_day == date(2026, 2, 6)
    assert found["plant_porto 2026-02-17"].kind == "holiday"
    known = works.absences.all()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("technician_id,first_day,last_day\ntech_anna_bruns,2026-02-09,\n,2026-02-03,2026-02-02\n")
    with pytest.raises(InputError, match="name either a technician_id or a site_id") as refused:
        workbench.import_absences(works, wrong)
    assert "line 3" in str(refused.value)
    with pytest.raises(NotFound, match="Did you mean 'tech_anna_bruns'"):
        workbench.add_absence(works, TODAY, technician_id="tech_anna_brunz")
    with pytest.raises(NotPermitted):
        workbench.add_absence(works, TODAY, technician_id="tech_anna_bruns", actor=Actor(id="o", role=Role.OPERATOR))
    assert works.absences.all() == known


def test_absences_on_the_command_line(works, tmp_path):
    works.close()
    shell = Shell(tmp_path)
    said = shell(
        "-w", "W", "absences", "add", "-t", "tech_anna_bruns", "--from", "2026-01-07", "--hours", "6-9.5", "--kind", "training"
    )  # fmt: skip
    assert "tech_anna_bruns does not work 2026-01-07, 06:00 to 09:30" in said
    assert "tech_anna_bruns 2026-01-07 6" in shell("-w", "W", "absences", "list")
    example = tmp_path / "absences.yaml"
    example.write_text(shell("-w", "W", "absences", "import"))
    assert "recorded" in shell("-w", "W", "absences", "import", str(example))
    assert "Taken back" in shell("-w", "W", "absences", "remove", "tech_anna_bruns 2026-01-07 6")


def test_a_night_shift_goes_with_the_day_on_which_it_begins():
    from workbench.dispatch.working_time import shift_windows
    from workbench.domain.equipment import Shift

    night = Shift(start_h=22, end_h=6, weekdays=tuple(range(7)))

    def off(day):
        return ((0.0, 24.0),) if day == date(2026, 1, 6) else ()

    windows = shift_windows(night, BERLIN, datetime(2026, 1, 5, 12, tzinfo=UTC), off)
    starts = [next(windows)[0].astimezone(BERLIN).day for _ in range(3)]
    assert starts == [5, 7, 8]


def test_a_night_shift_belongs_to_the_day_on_which_it_begins(works, ordered):
    anna = works.technicians.get("tech_anna_bruns")
    night = anna.model_copy(update={"shift": anna.shift.model_copy(update={"start_h": 22, "end_h": 6})})
    works.technicians.put(night, works.change("nights"))
    after_midnight = datetime(2026, 1, 6, 2, tzinfo=BERLIN)
    fixed = scheduled(ordered(works, 1), "tech_anna_bruns", (), after_midnight, "", fixed=True)
    works.orders.update(fixed, works.change("fixed"))
    for day, away in ((TODAY, True), (date(2026, 1, 6), False)):
        absence = workbench.add_absence(works, day, technician_id="tech_anna_bruns", kind="vacation")
        assert ("is away then" in _work(works, 1).reason) is away
        workbench.remove_absence(works, absence.absence_id)


def test_an_absence_is_over_by_the_clock_of_its_site(works):
    workbench.add_absence(works, TODAY, technician_id="tech_anna_bruns", kind="training")
    day_off = workbench.add_absence(works, TODAY, site_id="plant_bremen", title="Works holiday")
    ended = {one.absence_id for one in workbench.absences(works) if one.last_day == TODAY}
    assert day_off.absence_id in ended
    # It is Tuesday already in Bremen.
    works.set_as_of(datetime(2026, 1, 5, 23, 30, tzinfo=UTC))
    assert not ended & {one.absence_id for one in workbench.absences(works)}
    assert ended <= {one.absence_id for one in workbench.absences(works, everything=True)}
