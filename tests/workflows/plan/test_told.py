"""Who is told of the work when plans are made, replaced or cannot be made."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.workflows.plan.conftest import CHILLER, FAN, MONDAY, MOTOR

import workbench
from workbench.domain.base import Actor, Role
from workbench.domain.order_states import scheduled
from workbench.domain.work import Priority
from workbench.errors import WorkbenchError
from workbench.workflows.plan import make, publish
from workbench.workflows.plan.after_cycle import plan_after_cycle
from workbench.workspace import Workspace

CYCLE = Actor(id="maintenance-cycle", role=Role.SYSTEM)
ANNA, MAREK = "technician:tech_anna_bruns", "technician:tech_marek_nowak"


def _news(ws, before=()):
    known = {notice.notice_id for notice in before}
    return sorted((one.recipient, one.subject) for one in ws.notices.all() if one.notice_id not in known)


def _cannot(monkeypatch):
    def refuse(*_given, **_named):
        raise WorkbenchError("The plan breaks a rule.", "Report this.")

    monkeypatch.setattr(make, "_made", refuse)


def test_a_ticket_that_nobody_can_do_is_told_to_the_manager(works):
    order = workbench.raise_ticket(works, MOTOR, "Weld is torn", skill="welding")
    workbench.plan_work(works, publish=True)
    assert _news(works) == [("manager:plant_bremen", f"{order.number} (routine): Weld is torn")]
    assert "nobody in the records has welding skill" in works.notices.all()[0].body


def test_an_emergency_that_was_told_when_it_was_raised_is_not_told_again_as_new(works):
    order = workbench.raise_ticket(works, MOTOR, "Smokes", skill="mechanical", priority=Priority.EMERGENCY)
    workbench.plan_work(works, publish=True)
    first = f"{order.number} (emergency): Smokes"
    [technician] = [who for who, _ in _news(works) if who.startswith("technician")]
    assert _news(works) == [
        ("manager:plant_bremen", f"Plan changed: {order.number}"),
        ("manager:plant_bremen", first),
        (technician, first),
    ]
    before = works.notices.all()
    workbench.plan_work(works, publish=True)
    assert _news(works, before) == []


def test_a_step_that_somebody_takes_during_the_search_is_planned_around(works, ordered, monkeypatch):
    ordered(works, 1, FAN)
    ordered(works, 2)
    real, taken = publish.publish_now, []

    def meanwhile(*given, **named):
        if not taken:
            taken.append(workbench.start_order(works, "WO-2026-0001", technician_id="tech_marek_nowak"))
        return real(*given, **named)

    monkeypatch.setattr(publish, "publish_now", meanwhile)
    planned = plan_after_cycle(works, MONDAY, CYCLE)
    assert planned.error is None
    assert [work.kept for work in works.plans.published().of_order("order 1")] == ["in progress"]
    assert works.plans.published().of_order("order 2")


def test_who_was_told_while_no_plan_could_be_made_learns_what_the_next_plan_changes(works, ordered, monkeypatch):
    """The one matched first is away: another one does it."""
    order = ordered(works, 1, CHILLER, skill="refrigeration")
    matched = scheduled(order, "tech_marek_nowak", (), MONDAY + timedelta(hours=6), "Marek Nowak: free")
    works.orders.update(matched, works.change("matched"))
    with monkeypatch.context() as patched:
        _cannot(patched)
        assert plan_after_cycle(works, MONDAY, CYCLE).error is not None
    assert [who for who, _ in _news(works)][-1] == MAREK
    before = works.notices.all()
    assert plan_after_cycle(works, MONDAY, CYCLE).error is None
    people = works.orders.get("order 1").technician_id
    assert people != "tech_marek_nowak"
    news = dict(_news(works, before))
    assert news[MAREK] == "Plan changed: WO-2026-0001"
    assert f"technician:{people}" in news
    line = next(one.body for one in works.notices.all() if one.recipient == MAREK and "Plan" in one.subject)
    assert "was: Marek Nowak, Mon 5 Jan 2026 11:00 CET" in line


def test_greater_urgency_is_told_even_when_no_plan_can_be_made_and_only_once(works, ordered, monkeypatch):
    order = ordered(works, 1)
    with monkeypatch.context() as patched:
        _cannot(patched)
        plan_after_cycle(works, MONDAY, CYCLE)
        before = works.notices.all()
        works.orders.update(order.model_copy(update={"priority": Priority.EMERGENCY}), works.change("worse"))
        plan_after_cycle(works, MONDAY, CYCLE)
    assert _news(works, before) == [("manager:plant_bremen", "More urgent: WO-2026-0001 (emergency): Work 1")]
    before = works.notices.all()
    plan_after_cycle(works, MONDAY, CYCLE)
    assert not [subject for _, subject in _news(works, before) if subject.startswith("More urgent")]


def test_what_was_assigned_by_hand_is_not_told_again_by_the_next_plan(works, ordered):
    ordered(works, 1)
    workbench.plan_work(works, publish=True)
    [work] = works.plans.published().assignments
    other = next(name for name in ("tech_anna_bruns", "tech_marek_nowak") if name not in work.people)
    workbench.assign_order(works, "WO-2026-0001", other, MONDAY + timedelta(hours=8))
    before = works.notices.all()
    workbench.plan_work(works, publish=True)
    assert _news(works, before) == []


@pytest.mark.parametrize("hours", [0.0, 3.0])
def test_another_overtime_makes_another_plan(works, ordered, monkeypatch, hours):
    ordered(works, 1)
    first = workbench.plan_work(works, publish=True)
    monkeypatch.setenv("WORKBENCH_OVERTIME_H", str(hours))
    with Workspace.open(works.path) as ws:
        assert workbench.plan_work(ws).plan_id != first.plan_id
    monkeypatch.setenv("WORKBENCH_OVERTIME_H", "1")
    with Workspace.open(works.path) as ws:
        assert workbench.plan_work(ws) == first


def test_a_proposal_made_with_other_overtime_is_refused(works, ordered, monkeypatch):
    ordered(works, 1)
    workbench.plan_work(works)
    monkeypatch.setenv("WORKBENCH_OVERTIME_H", "0")
    with Workspace.open(works.path) as ws, pytest.raises(publish.StalePlan, match="overtime"):
        workbench.publish_plan(ws)
