"""Work permits: no work that needs one is planned or begun without it, or outside of its period."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.channels.mailbox import Mailbox
from tests.test_cli import Shell
from tests.workflows.plan.conftest import CHILLER, FAN, MONDAY, MOTOR

import workbench
from workbench.domain.base import Actor, Role
from workbench.domain.predictions import Severity
from workbench.domain.work import OrderState, Priority
from workbench.errors import InputError, InvalidDocument, NotFound, NotPermitted

SAM, OLGA = Actor(id="sam", role=Role.SUPERVISOR), Actor(id="olga", role=Role.OPERATOR)
NUMBER = "WO-2026-0001"
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
BERLIN = ZoneInfo("Europe/Berlin")


def _asked(ws, kind="hot_work", number=NUMBER):
    return workbench.request_permit(ws, number, kind, actor=OLGA)


def _granted(ws, begins, hours=8.0, kind="hot_work", number=NUMBER):
    permit = _asked(ws, kind, number)
    ends = begins + timedelta(hours=hours)
    return workbench.grant_permit(ws, permit.permit_id, begins, ends, granted_by="Karl Adler", reference="PTW-77")


def _why(plan):
    [one] = (*plan.unplannable, *plan.deferred)
    return one.reason


def test_work_waits_for_its_permit_and_is_then_done_within_it(works, ordered):
    ordered(works, 1)
    permit = _asked(works)
    assert _asked(works) == permit, "asked for already"
    waiting = workbench.plan_work(works)
    assert waiting.assignments == ()
    assert [one.number for one in waiting.unplannable] == [NUMBER]
    assert _why(waiting) == "waits for the permit: hot work, asked for on Mon 5 Jan 05:00"
    begins, ends = WEDNESDAY + timedelta(hours=3), WEDNESDAY + timedelta(hours=7)
    granted = workbench.grant_permit(works, permit.permit_id, begins, ends, granted_by="Karl Adler", reference="PTW-77")
    [work] = workbench.plan_work(works).assignments
    assert begins <= work.starts_at < work.ends_at <= ends
    assert "within its permit for hot work, Wed 7 Jan 08:00 to 12:00" in work.reason
    assert workbench.work_permits(works) == [granted]
    entry, first = works.log.entries("work_permit", permit.permit_id)
    assert (first.actor, entry.reason) == ("olga", "permit for hot work granted")


def test_permits_of_different_kinds_hold_together_and_those_of_one_kind_follow_each_other(works, ordered):
    ordered(works, 1, labour_h=3.0)
    morning, noon = TUESDAY + timedelta(hours=3), TUESDAY + timedelta(hours=5)
    _granted(works, morning, 2.0)
    _granted(works, noon, 3.0)
    both = workbench.plan_work(works).of_order("order 1")[0]
    assert morning <= both.starts_at < noon < both.ends_at, "two permits of a kind, one after the other"
    _granted(works, noon, 6.0, "confined_space")
    [work] = workbench.plan_work(works).assignments
    assert (work.starts_at, work.ends_at) == (noon, noon + timedelta(hours=3))
    workbench.withdraw_permit(works, f"{NUMBER}-confined_space-1", "gas found", actor=OLGA)
    assert _why(workbench.plan_work(works)) == (
        "waits for the permit: confined space, withdrawn on Mon 5 Jan 05:00 (gas found)"
    )
    workbench.drop_permit(works, NUMBER, "confined_space", "done from outside")
    assert workbench.plan_work(works).assignments[0].starts_at == both.starts_at


def test_a_withdrawn_permit_makes_the_plan_stale_tells_people_and_planning_takes_the_time_away(works, ordered):
    ordered(works, 1)
    permit = _granted(works, TUESDAY)
    proposed = workbench.plan_work(works)
    workbench.withdraw_permit(works, permit.permit_id, "gas found", actor=OLGA)
    with pytest.raises(InputError, match="work permits"):
        workbench.publish_plan(works, proposed.plan_id)
    _granted(works, TUESDAY)
    [person] = workbench.plan_work(works, publish=True).assignments[0].people
    workbench.withdraw_permit(works, f"{NUMBER}-hot_work-2", "gas found", actor=OLGA)
    told = [n for n in works.notices.all() if n.recipient == f"technician:{person}" and "gas found" in n.body]
    assert len(told) == 1
    assert "waits for the permit: hot work, withdrawn on Mon 5 Jan 05:00 (gas found). Do not work" in told[0].body
    assert told[0].subject == f"Permits changed: {NUMBER}"
    assert told[0].severity is Severity.CRITICAL, "no quiet hours hold it back"
    plan = workbench.plan_work(works, publish=True)
    order = works.orders.get("order 1")
    assert (order.state, order.technician_id) == (OrderState.OPEN, None)
    assert [one.what for one in plan.changes] == ["put off"]
    _granted(works, TUESDAY)
    assert "waits" not in works.orders.get("order 1").technician_reason, "it does not wait any more"


def test_a_moved_permit_moves_the_work_and_the_same_grant_again_changes_nothing(works, ordered):
    ordered(works, 1)
    permit = _granted(works, TUESDAY)
    before = workbench.plan_work(works, publish=True).assignments[0]
    entries, notices = len(works.log.entries(limit=1000)), len(works.notices.all())
    again = (permit.begins, permit.ends)
    assert (
        workbench.grant_permit(works, permit.permit_id, *again, granted_by="Karl Adler", reference="PTW-77") == permit
    )
    assert (len(works.log.entries(limit=1000)), len(works.notices.all())) == (entries, notices)
    moved = workbench.grant_permit(works, permit.permit_id, WEDNESDAY, WEDNESDAY + timedelta(hours=8), granted_by="Eva")
    assert len(works.notices.all()) > notices
    plan = workbench.plan_work(works, publish=True)
    assert [one.what for one in plan.changes] == ["moved"]
    assert before.starts_at < moved.begins <= plan.assignments[0].starts_at


@pytest.mark.parametrize(
    ("begins", "hours", "said"),
    [
        (MONDAY - timedelta(days=1), 8.0, "is over: ask for another"),
        (MONDAY + timedelta(days=9), 8.0, "after these days"),
        (TUESDAY, 1.5, "it takes 2 h, and 1.5 h are left within its permit"),
        (TUESDAY - timedelta(hours=5), 2.0, "no room within these days, within its permit"),
    ],
)
def test_a_permit_in_which_the_work_cannot_be_done_is_said(works, ordered, begins, hours, said):
    ordered(works, 1)
    _granted(works, begins, hours)
    plan = workbench.plan_work(works)
    assert plan.assignments == ()
    assert said in _why(plan)
    assert "hot work" in _why(plan)


def test_parts_that_come_after_the_permit_are_said(works, ordered):
    ordered(works, 1, parts_at=WEDNESDAY)
    _granted(works, MONDAY)
    why = _why(workbench.plan_work(works))
    assert why == (
        "its parts come Wed 7 Jan 05:00, after its permit for hot work, Mon 5 Jan 05:00 to 13:00: have that moved"
    )


def test_work_in_a_planned_stop_lies_within_its_permit_too(works, ordered):
    stop = workbench.add_planned_stop(works, WEDNESDAY, WEDNESDAY + timedelta(hours=18), machine_id=FAN)
    ordered(works, 1, FAN, priority=Priority.ROUTINE)
    begins = WEDNESDAY + timedelta(hours=5)
    permit = _granted(works, begins, 4.0)
    work = workbench.plan_work(works).of_order("order 1")[0]
    assert begins <= work.starts_at < work.ends_at <= permit.ends
    assert "planned stop" in work.reason
    workbench.grant_permit(works, permit.permit_id, MONDAY, MONDAY + timedelta(hours=9), granted_by="Karl Adler")
    outside = workbench.plan_work(works).of_order("order 1")[0]
    assert outside.ends_at < stop.starts_at, "the permit is the harder of the two"
    assert "planned stop" not in outside.reason


def test_an_emergency_waits_for_its_permit_and_comes_first_within_it(works, ordered):
    ordered(works, 1, priority=Priority.EMERGENCY, labour_h=2.0)
    ordered(works, 2, machine_id=FAN)
    _asked(works)
    plan = workbench.plan_work(works)
    assert [one.number for one in plan.unplannable] == [NUMBER]
    begins = MONDAY + timedelta(hours=6)
    workbench.grant_permit(works, f"{NUMBER}-hot_work-1", begins, begins + timedelta(hours=2.5), granted_by="Eva")
    work = workbench.plan_work(works).of_order("order 1")[0]
    assert begins <= work.starts_at < work.ends_at <= begins + timedelta(hours=2.5)
    assert "as soon as anybody can" in work.reason


def test_all_shifts_of_long_work_lie_within_its_permits(works, ordered):
    ordered(works, 1, MOTOR, people=2, labour_h=28.0, repair_h=14.0)
    for day in (2, 3):
        _granted(works, MONDAY + timedelta(days=day), 18.0)
    shifts = workbench.plan_work(works).of_order("order 1")
    assert [work.starts_at.day for work in shifts] == [7, 8]
    workbench.withdraw_permit(works, f"{NUMBER}-hot_work-2", "not staffed", actor=OLGA)
    plan = workbench.plan_work(works)
    assert plan.assignments == ()
    assert "2 shifts" in _why(plan)
    assert "hot work" in _why(plan)


@pytest.mark.parametrize("hour", [6, 14])
def test_long_work_goes_to_those_whose_shifts_its_permits_hold(works, ordered, hour):
    # Anna Bruns works 06:00 to 14:00 in Bremen, Demir and Petersen 14:00 to 22:00.
    ordered(works, 1, labour_h=14.0)
    for day in (2, 3):
        _granted(works, MONDAY + timedelta(days=day, hours=hour - 5), 8.0)
    shifts = workbench.plan_work(works).of_order("order 1")
    assert [work.when[:12] for work in shifts] == [f"Wed 7 Jan {hour:02d}", f"Thu 8 Jan {hour:02d}"]


def test_work_in_progress_stays_and_its_lost_permit_is_named(works, ordered):
    ordered(works, 1, labour_h=6.0)
    _granted(works, MONDAY, 9.0)
    workbench.plan_work(works, publish=True)
    at = MONDAY + timedelta(hours=2)
    works.set_as_of(at)
    workbench.start_order(works, NUMBER, technician_id="tech_anna_bruns")
    workbench.withdraw_permit(works, f"{NUMBER}-hot_work-1", "gas found", actor=OLGA)
    works.set_as_of(at + timedelta(hours=1))
    [work] = workbench.plan_work(works, publish=True).assignments
    assert work.kept == "in progress"
    assert "but it waits for the permit: hot work, withdrawn on Mon 5 Jan 07:00 (gas found): decide" in work.reason
    assert works.orders.get("order 1").state is OrderState.IN_PROGRESS


def test_what_people_fixed_outside_of_a_permit_is_theirs_to_decide(works, ordered):
    ordered(works, 1)
    workbench.assign_order(works, NUMBER, "tech_anna_bruns", TUESDAY + timedelta(hours=4))
    permit = _granted(works, TUESDAY)
    assert workbench.plan_work(works).assignments[0].kept == "fixed by hand"
    workbench.grant_permit(works, permit.permit_id, WEDNESDAY, WEDNESDAY + timedelta(hours=8), granted_by="Eva")
    plan = workbench.plan_work(works, publish=True)
    assert plan.assignments == ()
    assert "fixed by hand for Tue 6 Jan 09:00" in _why(plan)
    assert "outside its permit for hot work, Wed 7 Jan 05:00 to 13:00" in _why(plan)
    assert works.orders.get("order 1").fixed


def test_a_withdrawn_permit_beside_another_of_its_kind_is_named(works, ordered):
    ordered(works, 1, labour_h=14.0)
    for day in (2, 3):
        _granted(works, MONDAY + timedelta(days=day, hours=1), 8.0)
    workbench.plan_work(works, publish=True)
    before = {notice.notice_id for notice in works.notices.all()}
    workbench.withdraw_permit(works, f"{NUMBER}-hot_work-2", "gas found", actor=OLGA)
    told = [
        one for one in works.notices.all() if one.notice_id not in before and one.recipient.startswith("technician")
    ]
    assert len(told) == 1
    assert "Permit for hot work, Thu 8 Jan 06:00 to 14:00: withdrawn on Mon 5 Jan 05:00 (gas found)." in told[0].body
    assert "Permit for hot work: Wed 7 Jan 06:00 to 14:00, PTW-77, granted by Karl Adler." in told[0].body


def test_nobody_is_sent_to_work_that_its_permits_are_too_short_for(works, ordered):
    ordered(works, 1)
    permit = _granted(works, TUESDAY)
    with pytest.raises(InputError, match=r"it takes 2 h, and 1.5 h are left within its permit for hot work"):
        workbench.assign_order(works, NUMBER, "tech_anna_bruns", permit.ends - timedelta(hours=1.5))
    workbench.assign_order(works, NUMBER, "tech_anna_bruns", permit.ends - timedelta(hours=2))
    # Two shifts with a permit each.
    ordered(works, 2, labour_h=14.0)
    for begins in (TUESDAY + timedelta(hours=1), WEDNESDAY + timedelta(hours=1)):
        _granted(works, begins, number="WO-2026-0002")
    workbench.assign_order(works, "WO-2026-0002", "tech_anna_bruns", TUESDAY + timedelta(hours=1))


def test_when_another_permit_is_asked_for_already_nobody_is_told_to_ask(works, ordered):
    ordered(works, 1)
    _granted(works, MONDAY - timedelta(days=1))
    assert _why(workbench.plan_work(works)).endswith("is over: ask for another")
    _asked(works)
    assert _why(workbench.plan_work(works)).endswith("is over, and another is asked for")


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (MONDAY, datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "more than a year"),
        (datetime(1, 1, 1, tzinfo=BERLIN), TUESDAY, "more than a year"),
        # On the nights on which clocks change: 02:30 is 03:30, and is after 03:15.
        (datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN), datetime(2026, 3, 29, 3, 15, tzinfo=BERLIN), "ends before"),
        (datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN), datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN), "ends before"),
        (datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN), datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN, fold=1), ""),
    ],
)
def test_a_period_is_judged_by_the_time_that_passes(works, ordered, begins, ends, said):
    ordered(works, 1)
    permit = _asked(works)
    if said:
        with pytest.raises(InvalidDocument, match=said):
            workbench.grant_permit(works, permit.permit_id, begins, ends)
        return
    granted = workbench.grant_permit(works, permit.permit_id, begins, ends)
    assert granted.ends - granted.begins == timedelta(minutes=30)


def test_what_begins_soon_moves_when_its_permit_does(works, ordered):
    ordered(works, 1, skill="electrical")
    permit = _granted(works, MONDAY, 9.0)
    first = workbench.plan_work(works, publish=True).assignments[0]
    works.set_as_of(first.starts_at - timedelta(minutes=30))
    assert workbench.plan_work(works).assignments[0].kept == "begins soon"
    workbench.grant_permit(works, permit.permit_id, WEDNESDAY, WEDNESDAY + timedelta(hours=10), granted_by="Eva")
    assert workbench.plan_work(works).assignments[0].starts_at >= WEDNESDAY


def test_nobody_begins_or_is_sent_without_a_permit_or_outside_of_it(works, ordered):
    ordered(works, 1, priority=Priority.EMERGENCY)
    _asked(works)
    with pytest.raises(InputError, match="waits for the permit: hot work"):
        workbench.start_order(works, NUMBER, technician_id="tech_anna_bruns")
    _granted(works, MONDAY + timedelta(hours=2), 2.0)
    with pytest.raises(
        InputError, match=r"Mon 5 Jan 05:00 is outside its permit for hot work, Mon 5 Jan 07:00 to 09:00"
    ):
        workbench.start_order(works, NUMBER, technician_id="tech_anna_bruns")
    with pytest.raises(InputError, match="Tue 6 Jan 05:00 is outside"):
        workbench.assign_order(works, NUMBER, "tech_anna_bruns", TUESDAY)
    again = _granted(works, MONDAY)
    workbench.withdraw_permit(works, again.permit_id, "gas found")
    with pytest.raises(InputError, match="Mon 5 Jan 05:00 is outside"):
        workbench.start_order(works, NUMBER, technician_id="tech_anna_bruns")
    began = MONDAY + timedelta(hours=3)
    works.set_as_of(began + timedelta(hours=1))
    workbench.withdraw_permit(works, f"{NUMBER}-hot_work-1", "gas found")
    workbench.start_order(works, NUMBER, at=began, technician_id="tech_anna_bruns")
    assert works.orders.get("order 1").started_at == began, "what was begun while it held can be told later"


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_permitted_no_planned_work_lies_outside(works, ordered, seed):
    rng = random.Random(seed)  # noqa: S311
    for number in range(1, 13):
        ordered(
            works, number, rng.choice((MOTOR, FAN, CHILLER)), labour_h=rng.choice((1.0, 2.0, 9.0)),
            priority=rng.choice(list(Priority)),
        )  # fmt: skip
        for kind in rng.choices(("hot_work", "lifting"), k=rng.choice((0, 1, 2, 3))):
            begins = MONDAY + timedelta(hours=rng.randrange(100))
            _granted(works, begins, rng.choice((4.0, 12.0, 30.0)), kind, f"WO-2026-{number:04d}")
    workbench.add_planned_stop(works, TUESDAY, WEDNESDAY, machine_id=MOTOR)
    plan = workbench.plan_work(works, time_limit_s=2.0)
    assert len(plan.assignments) > 3
    for work in plan.assignments:
        held = works.work_permits.of_order(work.order_id)
        for kind in {permit.kind for permit in held}:
            periods = [(permit.begins, permit.ends) for permit in held if permit.kind is kind]
            at = work.starts_at
            while at < work.ends_at:
                assert any(begins <= at < ends for begins, ends in periods), (work.number, kind, at)
                at += timedelta(minutes=5)


def test_bad_input_is_refused_with_all_that_is_wrong(works, ordered):
    ordered(works, 1)
    with pytest.raises(NotFound, match="WO-2026-0009"):
        workbench.request_permit(works, "WO-2026-0009", "hot_work")
    with pytest.raises(InputError, match=r"'warm_work' is no kind of permit.*hot_work, confined_space"):
        workbench.request_permit(works, NUMBER, "warm_work")
    permit = workbench.request_permit(works, NUMBER, "hot work", note="weld the frame", actor=OLGA)
    with pytest.raises(InvalidDocument) as refused:
        workbench.grant_permit(works, permit.permit_id, TUESDAY, MONDAY, granted_by="x" * 1001, reference="y" * 1001)
    assert len(refused.value.faults) == 3
    with pytest.raises(InvalidDocument, match="time zone"):
        workbench.grant_permit(works, permit.permit_id, datetime(2026, 1, 6, 8), datetime(2026, 1, 6, 9, tzinfo=UTC))  # noqa: DTZ001
    with pytest.raises(NotFound, match=f"Did you mean '{permit.permit_id}'"):
        workbench.grant_permit(works, f"{NUMBER}-hot_work-l", MONDAY, TUESDAY)
    with pytest.raises(InputError, match="reason"):
        workbench.withdraw_permit(works, permit.permit_id, " ")
    with pytest.raises(InvalidDocument) as refused:
        workbench.drop_permit(works, NUMBER, "warm_work", " ")
    assert len(refused.value.faults) == 2
    with pytest.raises(InputError, match="no permit for excavation"):
        workbench.drop_permit(works, NUMBER, "excavation", "not dug")
    assert works.work_permits.get(permit.permit_id) == permit


def test_who_may_not_is_refused_and_nobody_grants_what_they_asked_for(works, ordered):
    ordered(works, 1)
    with pytest.raises(NotPermitted):
        workbench.request_permit(works, NUMBER, "hot_work", actor=Actor(id="vera", role=Role.VIEWER))
    permit = workbench.request_permit(works, NUMBER, "hot_work", actor=SAM)
    with pytest.raises(NotPermitted, match="may not grant it too"):
        workbench.grant_permit(works, permit.permit_id, MONDAY, TUESDAY, actor=SAM)
    for attempt in (
        lambda: workbench.grant_permit(works, permit.permit_id, MONDAY, TUESDAY, actor=OLGA),
        lambda: workbench.drop_permit(works, NUMBER, "hot_work", "cold", actor=OLGA),
    ):
        with pytest.raises(NotPermitted, match="supervisor or admin"):
            attempt()
    assert works.work_permits.get(permit.permit_id) == permit


def test_a_withdrawn_permit_is_not_granted_again_and_a_closed_order_gets_none(works, ordered):
    ordered(works, 1)
    permit = _granted(works, MONDAY)
    withdrawn = workbench.withdraw_permit(works, permit.permit_id, "gas found")
    assert workbench.withdraw_permit(works, permit.permit_id, "once more") == withdrawn
    with pytest.raises(InputError, match="is withdrawn"):
        workbench.grant_permit(works, permit.permit_id, MONDAY, TUESDAY)
    assert _asked(works).permit_id == f"{NUMBER}-hot_work-2"
    workbench.cancel_order(works, NUMBER, "no longer needed")
    with pytest.raises(InputError, match="is cancelled"):
        _asked(works)
    assert workbench.work_permits(works) == []
    assert [one.permit_id[-1] for one in workbench.work_permits(works, everything=True)] == ["1", "2"]
    assert len(workbench.order_record(works, NUMBER).permits) == 2


def test_the_technician_reads_of_the_permit_in_the_notice(works, ordered):
    ordered(works, 1)
    _granted(works, TUESDAY)
    workbench.plan_work(works, publish=True)
    body = next(notice.body for notice in works.notices.all() if notice.recipient.startswith("technician"))
    assert "Permit for hot work: Tue 6 Jan 05:00 to 13:00, PTW-77, granted by Karl Adler." in body
    order = works.orders.get("order 1")
    assert order.technician_reason.count("permit for hot work") == 1


def test_every_command_that_changes_permits_sends_the_mail_of_it(works, ordered, tmp_path, monkeypatch):
    mailbox = Mailbox()
    mailbox.start()
    try:
        for name, value in {"HOST": "127.0.0.1", "PORT": str(mailbox.port), "SECURITY": "none"}.items():
            monkeypatch.setenv(f"WORKBENCH_SMTP_{name}", value)
        monkeypatch.setenv("WORKBENCH_EMAIL_SENDER", "workbench@plant.example")
        ordered(works, 1)
        workbench.plan_work(works, publish=True)
        anna = works.technicians.get(works.orders.get("order 1").technician_id)
        works.technicians.put(anna.model_copy(update={"email": "anna@plant.example"}), works.change("test"))
        works.close()
        shell = Shell(tmp_path)
        shell("-w", "W", "permits", "request", NUMBER, "lifting")
        assert [(one["To"], one["Subject"]) for one in mailbox.messages] == [
            ("anna@plant.example", f"Permits changed: {NUMBER}")
        ]
        shell("-w", "W", "permits", "drop", NUMBER, "lifting", "--reason", "done by hand")
        assert "It needs no permit any more." in mailbox.messages[1].get_content()
    finally:
        mailbox.stop()


def test_permits_on_the_command_line(works, ordered, tmp_path):
    ordered(works, 1)
    works.close()
    shell = Shell(tmp_path)
    said = shell("-w", "W", "permits", "request", NUMBER, "hot_work", "--note", "weld the frame")
    assert f"{NUMBER}-hot_work-1" in said
    assert "waits for the permit" in shell("-w", "W", "orders", "plan")
    permit = f"{NUMBER}-hot_work-1"
    times = ("--from", "2026-01-06T08:00", "--to", "2026-01-06T12:00")
    said = shell("-w", "W", "permits", "grant", permit, *times, "--by", "Karl Adler", "--reference", "PTW-77")
    assert "Tue 6 Jan 08:00 to 12:00" in said
    assert "Plan anew" in said
    for command in (("permits", "list"), ("orders", "show", NUMBER)):
        said = shell("-w", "W", *command)
        assert "PTW-77" in said
        assert permit in said
    found = shell.json("-w", "W", "permits", "list", "--order", NUMBER)["permits"]
    assert [one["note"] for one in found] == ["weld the frame"]
    wrong = ("--from", "2026-01-06T12:00", "--to", "2026-01-06T08:00")
    assert "ends before it begins" in shell("-w", "W", "permits", "grant", permit, *wrong, code=2)
    assert "withdrawn" in shell("-w", "W", "permits", "withdraw", permit, "--reason", "gas found")
    assert "needs no permit" in shell("-w", "W", "permits", "drop", NUMBER, "hot_work", "--reason", "done cold")
    assert "No work permit" in shell("-w", "W", "permits", "list")
