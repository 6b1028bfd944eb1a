"""Who is told of what people do with orders: tickets that cannot wait, other people, orders that are called off."""

from __future__ import annotations

from datetime import timedelta

from workbench import assign_order, cancel_order, order_record, raise_ticket, start_order
from workbench.domain.work import Priority
from workbench.workflows.notices import acknowledge_notice, escalate_notices
from workbench.workflows.procurement import expect_parts, hold_orders

from .conftest import NOW, PUMP

ANNA, OLE, MAREK = "tech_anna_bruns", "tech_ole_petersen", "tech_marek_nowak"
MANAGER = "manager:plant_bremen"
SOON = NOW + timedelta(hours=4)


def _told(ws, before=()):
    """Return who was told in the app since ``before``, with the subject."""
    known = {notice.notice_id for notice in before}
    return sorted(
        (notice.recipient, notice.subject)
        for notice in ws.notices.all()
        if notice.notice_id not in known and notice.channel == "in_app"
    )


def test_an_emergency_that_somebody_reports_reaches_the_manager_and_climbs_when_nobody_answers(works):
    manager = f"manager:{works.machines.get(PUMP).site_id}"
    order = raise_ticket(works, PUMP, "Shaft is broken", priority=Priority.EMERGENCY)
    (notice,) = works.notices.all()
    assert (notice.recipient, notice.subject) == (manager, f"{order.number} (emergency): Shaft is broken")
    assert "Not assigned yet. Please assign somebody." in notice.body
    late = notice.sent_at + timedelta(minutes=31)
    assert [one.recipient for one in escalate_notices(works, now=late)] == ["operations:workspace"]


def test_a_ticket_that_can_wait_tells_nobody_before_it_is_planned(works):
    raise_ticket(works, PUMP, "Paint peels", priority=Priority.HIGH)
    assert works.notices.all() == []


def test_what_is_reported_again_as_an_emergency_becomes_one_and_people_are_told(works):
    first = raise_ticket(works, PUMP, "Bearing is loud", failure_mode="bearing_wear")
    again = raise_ticket(works, PUMP, "Bearing smokes", failure_mode="bearing_wear", priority=Priority.EMERGENCY)
    assert (again.number, again.priority) == (first.number, Priority.EMERGENCY)
    assert again.due_at == NOW + timedelta(hours=8)
    assert [subject for _, subject in _told(works)] == [f"{first.number} (emergency): Bearing is loud"]
    calm = raise_ticket(works, PUMP, "Bearing is loud", failure_mode="bearing_wear")
    assert calm.priority is Priority.EMERGENCY
    assert len(works.notices.all()) == 1


def test_who_gets_an_order_by_hand_and_who_loses_it_are_told(works):
    manager = f"manager:{works.machines.get(PUMP).site_id}"
    order = raise_ticket(works, PUMP, "Leaks")
    assign_order(works, order.number, ANNA, SOON)
    assert [who for who, _ in _told(works)] == [manager, f"technician:{ANNA}"]
    before = works.notices.all()
    assign_order(works, order.number, ANNA, SOON)
    assert _told(works, before) == [], "nothing has changed"
    assign_order(works, order.number, OLE, SOON)
    assert _told(works, before) == [
        (manager, f"Plan changed: {order.number}"),
        (f"technician:{ANNA}", f"Plan changed: {order.number}"),
        (f"technician:{OLE}", f"{order.number} (routine): Leaks"),
    ]
    body = next(
        one.body for one in works.notices.all() if one.recipient == f"technician:{ANNA}" and "Plan" in one.subject
    )
    assert "Ole Petersen, Mon 5 Jan 2026 13:00 CET; was: Anna Bruns, Mon 5 Jan 2026 13:00 CET" in body
    before = works.notices.all()
    start_order(works, order.number, technician_id=MAREK)
    assert [who for who, _ in _told(works, before)] == [manager, f"technician:{OLE}"]


def test_an_order_that_is_called_off_is_told_to_whoever_was_told_of_it(works):
    manager = f"manager:{works.machines.get(PUMP).site_id}"
    order, unheard = raise_ticket(works, PUMP, "Leaks"), raise_ticket(works, PUMP, "Paint peels")
    assign_order(works, order.number, ANNA, SOON, colleagues=(OLE,))
    before = works.notices.all()
    cancel_order(works, order.number, "pump was sold")
    assert [who for who, _ in _told(works, before)] == [manager, f"technician:{ANNA}", f"technician:{OLE}"]
    body = next(one.body for one in works.notices.all() if one.subject.startswith("Plan changed"))
    assert "called off: pump was sold; was: Anna Bruns and Ole Petersen" in body
    before = works.notices.all()
    cancel_order(works, unheard.number, "doubled")
    assert _told(works, before) == []


def test_whoever_has_an_emergency_now_must_answer_not_whoever_had_it_before(works):
    order = raise_ticket(works, PUMP, "Shaft is broken", priority=Priority.EMERGENCY)
    assign_order(works, order.number, ANNA, SOON)
    first = next(one for one in works.notices.all() if one.recipient == f"technician:{ANNA}")
    acknowledge_notice(works, first.notice_id)
    assert escalate_notices(works, now=first.sent_at + timedelta(hours=2)) == []
    assign_order(works, order.number, OLE, SOON)
    (climbed,) = escalate_notices(works, now=first.sent_at + timedelta(hours=2))
    assert climbed.recipient == MANAGER
    assert "Ole Petersen was told" in climbed.body


def test_what_the_technician_reads_follows_people_time_and_parts(works, predicted):
    order = predicted(works, started=False)
    with works.transaction() as tx:
        from workbench.workflows.order_report import rewrite_report

        rewrite_report(tx, order, tx.change("drafted"))
    summary = lambda: order_record(works, order.number).report.summary  # noqa: E731
    assert "Start not yet fixed" in summary()
    assign_order(works, order.number, OLE, SOON, reason="knows the pump")
    assert "Start Mon 5 Jan 2026 13:00 CET" in summary()
    assert "Ole Petersen: assigned by hand: knows the pump" in summary()
    start_order(works, order.number, technician_id=ANNA)
    assert "Anna Bruns: began the work" in summary()
    assert "Ole" not in summary()


def test_parts_that_have_come_are_no_longer_to_be_ordered_in_the_report(works, predicted):
    from workbench.domain.work import PartLine
    from workbench.workflows.order_report import rewrite_report

    line = PartLine(
        part_id="pump_bearing_set", title="Bearing set", needed=1, available=0, reserve=0, to_order=1, unit_cost=0,
        lead_time_days=4,
    )  # fmt: skip
    order = predicted(works, started=False, parts=(line,))
    with works.transaction() as tx:
        rewrite_report(tx, order, tx.change("drafted"))
    assert "needed before work can start" in order_record(works, order.number).report.summary
    with works.transaction() as tx:
        change = tx.change("found on a shelf")
        hold_orders(tx, ["pump_bearing_set"])
        tx.parts.reserve(order.order_id, [("pump_bearing_set", 1)], change)
        expect_parts(tx, ["pump_bearing_set"], change)
    report = order_record(works, order.number).report
    assert "All parts are in stock" in report.summary
    assert [one.to_order for one in report.parts] == [0]
