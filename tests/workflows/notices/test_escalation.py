"""Escalation: who is told when nobody answers, once, whatever the clock does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.domain.base import Actor, Role
from workbench.domain.work import OrderState, Priority
from workbench.errors import NotFound, NotPermitted
from workbench.workflows.notices import acknowledge_notice, escalate_notices, retry_notice
from workbench.workflows.onboard import add_catalogue
from workbench.workspace import Workspace

from .conftest import MACHINE, NOW, open_order, site_of, technician_of, tell_of

MINUTE = timedelta(minutes=1)


def after(ws, minutes):
    """Return who is told in addition, that many minutes after the first notice."""
    return [notice.recipient for notice in escalate_notices(ws, now=NOW + minutes * MINUTE)]


def in_app(ws, recipient):
    return next(n for n in ws.notices.all() if n.recipient == recipient and n.channel == "in_app")


def test_an_emergency_climbs_from_the_technician_to_the_manager_to_operations(plant):
    order = open_order(plant)
    manager = f"manager:{site_of(plant).site_id}"
    assert after(plant, 29) == []
    assert after(plant, 30) == [manager]
    assert after(plant, 59) == []
    assert after(plant, 60) == ["operations:workspace"]
    assert after(plant, 100_000) == []
    escalated = [n for n in plant.notices.all() if n.kind == "escalation"]
    assert {(n.recipient, n.channel) for n in escalated} == {
        (manager, "in_app"),
        (manager, "webhook"),
        ("operations:workspace", "in_app"),
        ("operations:workspace", "webhook"),
    }
    first = next(n for n in escalated if n.recipient == manager and n.channel == "in_app")
    assert first.subject == f"Nobody acknowledged {order.number} (emergency): {order.title}"
    assert f"{technician_of(plant).title} was told Mon 5 Jan 2026 09:00 CET" in first.body
    assert first.severity == "CRITICAL"


def test_it_climbs_in_either_database(any_ws):
    add_catalogue(any_ws, only=[MACHINE])
    open_order(any_ws)
    open_order(any_ws, number=2)
    assert len(after(any_ws, 30)) == 2
    acknowledge_notice(any_ws, next(n.notice_id for n in any_ws.notices.all() if n.order_id == "order-2"))
    assert after(any_ws, 90) == ["operations:workspace"]
    assert after(any_ws, 900) == []


def test_an_order_that_nobody_is_assigned_to_goes_to_operations_at_once(plant):
    open_order(plant, technician_id=None)
    assert after(plant, 30) == ["operations:workspace"]
    assert after(plant, 300) == []


def test_an_urgent_order_has_four_hours_and_others_all_the_time(plant):
    open_order(plant, priority=Priority.URGENT)
    open_order(plant, priority=Priority.HIGH, number=2)
    assert after(plant, 239) == []
    assert len(after(plant, 240)) == 1
    assert len(after(plant, 480)) == 1
    assert after(plant, 100_000) == []


def test_settings_say_how_long_and_whether(plant, monkeypatch):
    open_order(plant)
    monkeypatch.setenv("WORKBENCH_ESCALATE_EMERGENCY_MIN", "0")
    with Workspace.open(plant.path) as ws:
        assert after(ws, 1000) == []
    monkeypatch.setenv("WORKBENCH_ESCALATE_EMERGENCY_MIN", "5")
    with Workspace.open(plant.path) as ws:
        assert len(after(ws, 5)) == 1


@pytest.mark.parametrize("channel", ["in_app", "webhook"])
def test_acknowledging_any_notice_of_the_order_ends_it(plant, channel):
    open_order(plant)
    told = next(n for n in plant.notices.all() if n.channel == channel)
    seen = acknowledge_notice(plant, told.notice_id, now=NOW + MINUTE)
    assert (seen.acknowledged_at, seen.acknowledged_by) == (NOW + MINUTE, plant.actor.id)
    assert acknowledge_notice(plant, told.notice_id, now=NOW + 9 * MINUTE) == seen, "the first counts"
    assert after(plant, 100_000) == []


def test_acknowledging_the_escalation_ends_it(plant):
    open_order(plant)
    (told,) = escalate_notices(plant, now=NOW + 30 * MINUTE)
    acknowledge_notice(plant, told.notice_id)
    assert after(plant, 100_000) == []


def test_a_viewer_neither_ends_it_nor_sends_again(plant):
    open_order(plant)
    told = plant.notices.all()[0]
    vera = Actor(id="vera", role=Role.VIEWER)
    for answer in (acknowledge_notice, retry_notice):
        with pytest.raises(NotPermitted, match="may not acknowledge notices"):
            answer(plant, told.notice_id, actor=vera)
    assert plant.notices.get(told.notice_id) == told


def test_what_is_not_there_cannot_be_acknowledged(plant):
    with pytest.raises(NotFound):
        acknowledge_notice(plant, "notice-x")


@pytest.mark.parametrize("state", [OrderState.IN_PROGRESS, OrderState.DONE, OrderState.CANCELLED])
def test_an_order_that_is_begun_or_over_is_not_escalated(plant, state):
    order = open_order(plant)
    plant.orders.update(order.model_copy(update={"state": state}), plant.change("a test"))
    assert after(plant, 100_000) == []


def test_an_order_that_nobody_was_told_of_is_not_escalated(plant):
    open_order(plant, tell=False)
    assert after(plant, 100_000) == []


def test_more_urgency_asks_for_another_answer(plant):
    order = open_order(plant, priority=Priority.URGENT)
    acknowledge_notice(plant, in_app(plant, f"technician:{order.technician_id}").notice_id)
    assert after(plant, 1000) == []
    worse = order.model_copy(update={"priority": Priority.EMERGENCY})
    plant.orders.update(worse, plant.change("a test"))
    tell_of(plant, worse, NOW + 1000 * MINUTE, more_urgent=True)
    assert after(plant, 1029) == []
    assert len(after(plant, 1030)) == 1


def test_after_the_clock_went_back_everybody_has_the_time_again(plant):
    open_order(plant, NOW + 10_000 * MINUTE)
    assert after(plant, 0) == []
    assert after(plant, 29) == []
    assert len(after(plant, 30)) == 1
    assert after(plant, -5000) == []
    assert after(plant, -4970) == ["operations:workspace"]
    assert after(plant, 100_000) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(times=st.lists(st.integers(-3000, 3000), max_size=12))
def test_whatever_the_clock_does_nobody_is_told_twice(plant, times):
    number = len(plant.orders.all()) + 1
    order = open_order(plant, number=number)
    told = []
    for minutes in times:
        told += [
            n.recipient for n in escalate_notices(plant, now=NOW + minutes * MINUTE) if n.order_id == order.order_id
        ]
    ladder = [f"manager:{site_of(plant).site_id}", "operations:workspace"]
    assert told == ladder[: len(told)]
    plant.orders.update(order.model_copy(update={"state": OrderState.DONE}), plant.change("a test"))
