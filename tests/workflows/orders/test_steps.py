"""People raise, assign, start and call off orders; whoever does what the state forbids is told what is allowed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from workbench import assign_order, cancel_order, list_orders, order_record, raise_ticket, start_order
from workbench.domain.base import Actor, Role
from workbench.domain.work import OrderState
from workbench.errors import InputError, NotFound, WorkbenchError

from .conftest import NOW, PUMP

ANNA, OLE = "tech_anna_bruns", "tech_ole_petersen"


def test_a_ticket_with_a_failure_mode_knows_what_the_repair_takes(works):
    order = raise_ticket(works, PUMP, "Bearing is loud", failure_mode="bearing_wear", symptom="howls at full load")
    assert (order.failure_mode, order.skill, order.people, order.labour_h, order.repair_h) == (
        "bearing_wear", "mechanical", 2, 12.0, 8.0,
    )  # fmt: skip
    assert order.symptom == "howls at full load"
    assert order.steps[0].startswith("Record vibration")
    assert [(line.part_id, line.reserve) for line in order.parts] == [
        ("pump_bearing_set", 1), ("bearing_grease_400g", 1),
    ]  # fmt: skip
    assert works.parts.available("pump_bearing_set") == 3
    # 12 h x mean rate of the three with the skill at the plant + parts + tools.
    assert order.estimated_cost == 12 * 6_133 + 18_500 + 1_450 + 24_000
    assert order.estimate_lacks == ""


def test_a_ticket_for_what_is_ordered_already_opens_no_second_order(works):
    first = raise_ticket(works, PUMP, "Bearing is loud", failure_mode="bearing_wear")
    again = raise_ticket(works, PUMP, "Still loud", failure_mode="bearing_wear", symptom="worse")
    assert again == first
    assert works.parts.available("pump_bearing_set") == 3
    last = order_record(works, first.number).history[-1]
    assert (last.event, last.details) == ("reported again by hand", {"title": "Still loud", "symptom": "worse"})


def test_a_ticket_says_skill_hours_and_parts_by_itself(works):
    order = raise_ticket(works, PUMP, "Guard is loose", skill="mechanical", labour_h=2, parts={"shim_set": 1})
    assert (order.skill, order.labour_h) == ("mechanical", 2)
    assert order.failure_mode == f"reported {order.number}"
    assert order.estimated_cost == 2 * 6_133 + 3_900
    paint = raise_ticket(works, PUMP, "Paint peels")
    assert (paint.estimated_cost, paint.estimate_lacks) == (6_133, ""), "an hour of those who look after the pump"


def test_all_faults_of_a_ticket_are_told_at_once(works):
    with pytest.raises(InputError, match=r"title.*no failure mode.*bearing_wear.*hours.*give 1 or more"):
        raise_ticket(works, PUMP, " ", failure_mode="wear", labour_h=0, parts={"shim_set": 0})
    with pytest.raises(NotFound, match="shim_set"):
        raise_ticket(works, PUMP, "Loose", parts={"shim_sett": 1})
    assert works.orders.all() == []


def test_an_order_lives_from_open_to_cancelled_with_its_history(works):
    order = raise_ticket(works, PUMP, "Bearing is loud", failure_mode="bearing_wear")
    begin = NOW + timedelta(days=1)
    assigned = assign_order(works, order.number, ANNA, begin, colleagues=(OLE,), reason="knows the pump")
    assert (assigned.state, assigned.technician_id, assigned.colleagues, assigned.scheduled_at, assigned.fixed) == (
        OrderState.SCHEDULED, ANNA, (OLE,), begin, True,
    )  # fmt: skip
    started = start_order(works, order.number)
    assert (started.state, started.started_at) == (OrderState.IN_PROGRESS, NOW)
    gone = cancel_order(works, order.number, "pump was sold")
    assert (gone.state, gone.closed_at) == (OrderState.CANCELLED, NOW)
    assert works.parts.available("pump_bearing_set") == 4
    record = order_record(works, order.number.lower())
    assert [entry.event for entry in record.history] == ["raised by hand", "assigned by hand", "started", "cancelled"]
    assert works.log.entries("work_order", order.order_id)[0].reason == "cancelled: pump was sold"
    assert (record.close_out, record.value) == (None, None)


def test_work_that_cannot_wait_begins_without_a_schedule_and_by_somebody_else(works):
    order = raise_ticket(works, PUMP, "Leaks")
    assert start_order(works, order.number, technician_id=OLE).technician_id == OLE


def test_a_colleague_who_takes_the_lead_is_not_named_twice(works):
    order = raise_ticket(works, PUMP, "Bearing is loud")
    assign_order(works, order.number, ANNA, NOW + timedelta(hours=2), colleagues=(OLE,))
    begun = start_order(works, order.number, technician_id=OLE)
    assert (begun.technician_id, begun.colleagues) == (OLE, ())


def test_wrong_steps_are_refused_and_change_nothing(works):
    order = raise_ticket(works, PUMP, "Leaks")
    before = works.orders.get(order.order_id)
    for wrong, match in (
        (lambda: assign_order(works, order.number, "tech_anna", NOW), "tech_anna_bruns"),
        (lambda: assign_order(works, order.number, ANNA, NOW, colleagues=(ANNA,)), "named twice"),
        (lambda: assign_order(works, order.number, ANNA, NOW - timedelta(days=1)), "Check the date"),
        (lambda: assign_order(works, order.number, ANNA, NOW.replace(tzinfo=None)), "no time zone"),
        (lambda: start_order(works, order.number, at=NOW - timedelta(minutes=1)), "Give the time at which it happened"),
        (lambda: start_order(works, order.number, at=datetime(2100, 1, 1, tzinfo=NOW.tzinfo)), "future"),
        (lambda: start_order(works, "WO-2026-0009"), "no order"),
        (lambda: cancel_order(works, order.number, " "), "Say why"),
    ):
        with pytest.raises(InputError, match=match):
            wrong()
    assert works.orders.get(order.order_id) == before
    start_order(works, order.number)
    with pytest.raises(InputError, match="is in progress and cannot become scheduled"):
        assign_order(works, order.number, ANNA, NOW)


def test_roles_decide_who_may_assign_and_start(works):
    order = raise_ticket(works, PUMP, "Leaks", actor=Actor(id="olga", role=Role.OPERATOR))
    with pytest.raises(WorkbenchError, match="may not assign"):
        assign_order(works, order.number, ANNA, NOW, actor=Actor(id="olga", role=Role.OPERATOR))
    with pytest.raises(WorkbenchError, match="may not raise tickets"):
        raise_ticket(works, PUMP, "Leaks", actor=Actor(id="vera", role=Role.VIEWER))
    with pytest.raises(WorkbenchError, match="may not start"):
        start_order(works, order.number, actor=Actor(id="vera", role=Role.VIEWER))


def test_lists_come_by_page_most_urgent_first(works):
    from workbench.domain.work import Priority

    for number in range(5):
        raise_ticket(works, PUMP, f"Ticket {number}", priority=Priority(4 - number % 4))
    cancel_order(works, "WO-2026-0001", "doubled")
    found, total = list_orders(works, limit=2)
    assert ([order.priority for order in found], total) == ([Priority.EMERGENCY, Priority.URGENT], 4)
    rest, _ = list_orders(works, limit=9, offset=2)
    assert [order.number for order in rest] == ["WO-2026-0002", "WO-2026-0005"]
    assert [o.number for o in list_orders(works, (OrderState.CANCELLED,))[0]] == ["WO-2026-0001"]
    with pytest.raises(InputError, match="limit"):
        list_orders(works, limit=0)
