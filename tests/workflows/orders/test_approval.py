"""Orders over the plant's limit: nobody plans or begins them until a supervisor has said yes; a no says why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import extra
from tests.test_cli import Shell

from workbench import (
    approve,
    assign_order,
    cancel_order,
    order_record,
    raise_ticket,
    reject,
    run_cycle,
    start_order,
)
from workbench.domain.approvals import ApprovalKind, ApprovalState
from workbench.domain.base import Actor, Role
from workbench.domain.equipment import PartNeed
from workbench.domain.work import OrderState, Priority, WorkOrder
from workbench.errors import InputError, NotFound, NotPermitted
from workbench.workflows.approvals import pending_approvals
from workbench.workflows.notices import escalate_notices
from workbench.workflows.orders import request_order_approval
from workbench.workflows.procurement import reorder_proposals
from workbench.workspace import Workspace

from .conftest import NOW, PUMP

OLGA = Actor(id="olga", role=Role.OPERATOR)
SAM = Actor(id="sam", role=Role.SUPERVISOR)
ANNA = "tech_anna_bruns"


@pytest.fixture
def strict(works, monkeypatch):
    """The plant with a limit of 1,000.00."""
    monkeypatch.setenv("WORKBENCH_ORDER_APPROVAL_LIMIT", "100000")
    with Workspace.open(works.path) as ws:
        yield ws


def _dear(ws: Workspace, actor: Actor = OLGA) -> WorkOrder:
    """12 h of work, a bearing and tools: 1,175.46."""
    return raise_ticket(ws, PUMP, "Bearing is loud", failure_mode="bearing_wear", actor=actor)


def _emergency(ws: Workspace) -> WorkOrder:
    """The same as an emergency."""
    return raise_ticket(
        ws, PUMP, "Bearing seized", failure_mode="bearing_wear", priority=Priority.EMERGENCY, actor=OLGA
    )


def _state(ws: Workspace, order: WorkOrder) -> tuple[OrderState, ApprovalState | None]:
    now = ws.orders.get(order.order_id)
    return now.state, now.approval


def test_without_a_limit_no_order_waits(works):
    order = _dear(works)
    assert (order.approval, order.state_in_words) == (None, "open")
    assert start_order(works, order.number).state is OrderState.IN_PROGRESS


def test_an_order_over_the_limit_waits_and_one_below_does_not(strict):
    order, cheap = _dear(strict), raise_ticket(strict, PUMP, "Paint peels", actor=OLGA)
    assert (order.approval, order.state_in_words) == (ApprovalState.PENDING, "open, waits for approval")
    assert cheap.approval is None
    (asked,) = pending_approvals(strict)
    assert (asked.subject, asked.asked_by) == (order.number, "olga")
    assert asked.title.endswith("over the limit of 1,000.00 EUR")
    for step in (
        lambda: start_order(strict, order.number),
        lambda: assign_order(strict, order.number, ANNA, NOW + timedelta(hours=2)),
    ):
        with pytest.raises(InputError, match=f"waits for approval.*workbench approvals approve order {order.number}"):
            step()
    with pytest.raises(NotPermitted, match="olga"):
        approve(strict, "order", order.number, actor=OLGA)
    approve(strict, "order", order.number.lower(), comment="fine", actor=SAM)
    assert _state(strict, order) == (OrderState.OPEN, ApprovalState.APPROVED)
    assert start_order(strict, order.number).state is OrderState.IN_PROGRESS
    events = [entry.event for entry in order_record(strict, order.number).history]
    assert events == ["raised by hand", "approval asked for", "approved", "started"]
    assert "sam" in {entry.actor for entry in strict.log.entries("work_order", order.order_id)}


def test_a_cost_that_is_not_known_does_not_pass_the_limit(strict):
    long = raise_ticket(strict, PUMP, "Overhaul", labour_h=500, actor=OLGA)
    assert long.estimated_cost > 100_000
    assert long.approval is ApprovalState.PENDING
    profile = strict.machines.get(PUMP)
    odd = PartNeed(part_id="odd_bearing", quantity=1)
    modes = tuple(
        mode.model_copy(update={"repair": mode.repair.model_copy(update={"parts": (odd,)})})
        for mode in profile.failure_modes
    )
    strict.machines.update(profile.model_copy(update={"failure_modes": modes}), strict.change("another bearing"))
    unpriced = raise_ticket(strict, PUMP, "Bearing is loud", failure_mode="bearing_wear", labour_h=1, actor=OLGA)
    assert unpriced.approval is ApprovalState.PENDING
    words = next(asked.title for asked in pending_approvals(strict) if asked.subject == unpriced.number)
    assert "at least" in words
    assert "price of 1 part not known" in words
    assert words.endswith("so it may be over the limit of 1,000.00 EUR")


def test_a_rejected_order_stays_open_with_the_reason_until_somebody_asks_again(strict):
    order = _dear(strict)
    with pytest.raises(InputError, match="no rejection to ask again about"):
        request_order_approval(strict, order.number, "still loud", actor=OLGA)
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    assert _state(strict, order) == (OrderState.OPEN, ApprovalState.REJECTED)
    assert strict.orders.get(order.order_id).technician_reason == "approval rejected by sam: too dear"
    with pytest.raises(InputError, match=r"rejected by sam: too dear.*orders ask-approval"):
        start_order(strict, order.number)
    request_order_approval(strict, order.number, "it is louder now", actor=OLGA)
    (asked,) = pending_approvals(strict)
    assert asked.title.endswith("; it is louder now")
    approve(strict, "order", order.number, actor=SAM)
    assert _state(strict, order) == (OrderState.OPEN, ApprovalState.APPROVED)


def test_a_cancelled_order_withdraws_the_question(strict):
    order = _dear(strict)
    cancel_order(strict, order.number, "pump was sold", actor=OLGA)
    assert pending_approvals(strict) == []
    assert strict.approvals.latest(ApprovalKind.ORDER, order.number).state is ApprovalState.WITHDRAWN
    assert strict.orders.get(order.order_id).state_in_words == "cancelled"
    with pytest.raises(InputError, match="withdrawn by olga"):
        approve(strict, "order", order.number, actor=SAM)
    with pytest.raises(NotFound, match="no order 'WO-2026-0099'"):
        approve(strict, "order", "wo-2026-0099", actor=SAM)


def test_what_an_admin_raises_is_approved_at_once_and_says_so(strict):
    order = _dear(strict, Actor(id="ada", role=Role.ADMIN))
    assert _state(strict, order) == (OrderState.OPEN, ApprovalState.APPROVED)
    assert "admin" in strict.approvals.latest(ApprovalKind.ORDER, order.number).comment


def test_the_plan_leaves_it_out_until_it_is_approved(strict):
    extra("optimize", "ortools")
    from workbench import plan_work, publish_plan

    order, cheap = _dear(strict), raise_ticket(strict, PUMP, "Paint peels", skill="mechanical", actor=OLGA)
    before = plan_work(strict, time_limit_s=1)
    assert {work.order_id for work in before.assignments} == {cheap.order_id}
    (left_out,) = before.unplannable
    assert (left_out.order_id, left_out.reason) == (
        order.order_id, "waits for approval: estimated 1,175.46 EUR, over the limit of 1,000.00 EUR",
    )  # fmt: skip
    approve(strict, "order", order.number, actor=SAM)
    with pytest.raises(InputError, match="out of date"):
        publish_plan(strict, before.plan_id)
    plan_work(strict, time_limit_s=1, publish=True)
    assert _state(strict, order) == (OrderState.SCHEDULED, ApprovalState.APPROVED)


def test_the_command_line_shows_what_waits_and_what_was_answered(strict, tmp_path):
    shell = Shell(tmp_path)

    def say(*words: str, code: int = 0) -> str:
        return shell("-w", "works", *words, code=code)

    assert "It waits for approval: estimated" in say(
        "--as", "olga:operator", "orders", "raise", PUMP, "Bearing is loud", "--mode", "bearing_wear"
    )
    assert "open, waits for approval" in say("orders", "list")
    assert "Nobody plans or begins it: waits for approval" in say("orders", "show", "WO-2026-0001")
    assert "order WO-2026-0001" in say("approvals", "list")
    assert "order WO-2026-0001 rejected by sam: too dear" in say(
        "--as", "sam:supervisor", "approvals", "reject", "order", "wo-2026-0001", "--comment", "too dear"
    )
    assert "open, approval rejected" in say("orders", "list")
    assert "waits for approval" in say(
        "--as", "olga:operator", "orders", "ask-approval", "WO-2026-0001", "--reason", "louder"
    )
    assert "order WO-2026-0001 approved by sam" in say(
        "--as", "sam:supervisor", "approvals", "approve", "order", "WO-2026-0001"
    )


def test_an_emergency_over_the_limit_is_planned_at_once_while_its_approval_is_asked_for(strict):
    extra("optimize", "ortools")
    from workbench import plan_work

    order = _emergency(strict)
    assert _state(strict, order) == (OrderState.OPEN, ApprovalState.PENDING)
    assert order.state_in_words == "open, approval asked for"
    (asked,) = pending_approvals(strict)
    assert asked.subject == order.number
    body = next(one.body for one in strict.notices.all())
    assert "a supervisor is asked to approve it, and the work does not wait for that" in body
    plan_work(strict, time_limit_s=1, publish=True)
    assert _state(strict, order) == (OrderState.SCHEDULED, ApprovalState.PENDING)
    begun = start_order(strict, order.number)
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    after = strict.orders.get(order.order_id)
    assert (after.state, after.technician_id) == (OrderState.IN_PROGRESS, begun.technician_id)
    assert after.approval is ApprovalState.REJECTED


def test_an_order_that_waits_and_becomes_an_emergency_waits_no_longer(strict):
    order = _dear(strict)
    assert order.waits_for_approval
    now = _emergency(strict)
    assert (now.number, now.waits_for_approval) == (order.number, False)
    assert len(pending_approvals(strict)) == 1
    assert start_order(strict, order.number).state is OrderState.IN_PROGRESS


def test_a_rejected_order_gives_its_parts_back_and_gets_them_again_when_it_is_approved(strict):
    order = _dear(strict)
    assert strict.parts.available("pump_bearing_set") == 3
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    assert strict.parts.available("pump_bearing_set") == 4
    request_order_approval(strict, order.number, "it is louder now", actor=OLGA)
    approve(strict, "order", order.number, actor=SAM)
    assert strict.parts.available("pump_bearing_set") == 3
    assert [line.to_order for line in strict.orders.get(order.order_id).parts] == [0, 0]


def test_whoever_was_sent_to_an_emergency_that_is_then_rejected_is_told(strict):
    order = _emergency(strict)
    assign_order(strict, order.number, ANNA, NOW + timedelta(hours=2))
    reject(strict, "order", order.number, comment="a hired pump comes", actor=SAM)
    manager = f"manager:{strict.machines.get(PUMP).site_id}"
    told = {one.recipient: one.body for one in strict.notices.all() if "rejected" in one.body}
    assert sorted(told) == [manager, f"technician:{ANNA}"]
    assert "approval rejected by sam: a hired pump comes; was: Anna Bruns" in told[f"technician:{ANNA}"]


def test_the_plan_after_a_rejection_does_not_tell_of_it_again(strict):
    extra("optimize", "ortools")
    from workbench import plan_work

    order = _emergency(strict)
    plan_work(strict, time_limit_s=1, publish=True)
    sent = {one.recipient for one in strict.notices.all()}
    assert len(sent) == 3, "two technicians and the manager"
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    plan_work(strict, time_limit_s=1, publish=True)
    told = [one.recipient for one in strict.notices.all() if "approval rejected by sam" in one.body]
    assert sorted(told) == sorted(sent)


def test_a_rejected_order_that_becomes_an_emergency_gets_its_parts_back_and_asks_for_people(strict):
    order = _dear(strict)
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    again = _emergency(strict)
    assert again.number == order.number
    assert strict.parts.available("pump_bearing_set") == 3
    assert [line.to_order for line in again.parts] == [0, 0]
    (notice,) = strict.notices.all()
    assert "Not assigned yet. Please assign somebody. Its cost is over the limit" in notice.body
    assert "rejected" not in notice.body


def test_an_urgent_order_that_was_rejected_waits_for_nobody_to_acknowledge_it(strict):
    order = raise_ticket(
        strict, PUMP, "Bearing is loud", failure_mode="bearing_wear", priority=Priority.URGENT, actor=OLGA
    )
    (told,) = strict.notices.all()
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    assert escalate_notices(strict, now=told.sent_at + timedelta(days=2)) == []


def test_work_that_has_begun_is_bought_for_though_its_approval_was_rejected(strict):
    order = _emergency(strict)
    with strict.transaction() as tx:
        change = tx.change("a test")
        tx.parts.release(order.order_id, change)
        tx.parts.put(tx.parts.get("pump_bearing_set").model_copy(update={"stock": 0}), change)
    start_order(strict, order.number, technician_id=ANNA)
    reject(strict, "order", order.number, comment="too dear", actor=SAM)
    begun = strict.orders.get(order.order_id)
    assert not begun.waits_for_approval
    assert begun.technician_id == ANNA
    short = {one.part_id: one.orders for one in reorder_proposals(strict)}
    assert short["pump_bearing_set"] == (order.number,)


FAN = "fan_nicotra_gebhardt_rdh_014"


def test_an_order_of_the_cycle_waits_too_and_is_asked_about_again_when_it_gets_more_urgent(plant, monkeypatch):
    extra("optimize", "ortools")
    monkeypatch.setenv("WORKBENCH_ORDER_APPROVAL_LIMIT", "0")
    with Workspace.open(plant.path) as ws:
        last = ws.as_of()
        run_cycle(ws, [FAN], as_of=last - timedelta(hours=5))
        (order,) = ws.orders.open(FAN)
        assert (order.state, order.approval, order.technician_id) == (OrderState.OPEN, ApprovalState.PENDING, None)
        told = [notice for notice in ws.notices.all() if notice.order_id == order.order_id]
        assert {notice.recipient.partition(":")[0] for notice in told} == {"manager"}
        assert "Not planned: waits for approval" in told[0].body
        (report,) = [one for one in ws.dispatch_reports.all() if one.order_id == order.order_id]
        assert "Nobody is assigned: waits for approval" in report.summary
        reject(ws, "order", order.number, comment="wait for the stop", actor=SAM)
        calm = ws.orders.get(order.order_id).model_copy(update={"priority": Priority.ROUTINE})
        ws.orders.update(calm, ws.change("a test"))
        run_cycle(ws, [FAN], as_of=last)
        (asked,) = pending_approvals(ws)
        assert asked.title.endswith("now emergency")
        approve(ws, "order", order.number, actor=SAM)
        run_cycle(ws, [FAN], as_of=last)
        assert ws.orders.get(order.order_id).state is OrderState.SCHEDULED
