"""An order only takes the steps that its state allows, and its times never go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.order_states import NEXT_STATES, cancelled, done, put_off, scheduled, started
from workbench.domain.work import OPEN_ORDER_STATES, OrderState, Priority, WorkOrder
from workbench.errors import InputError

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


def _order(**fields: object) -> WorkOrder:
    known = {"order_id": "o1", "number": "WO-2026-0001", "machine_id": "pump_01", "failure_mode": "bearing_wear"}
    more = {"title": "Bearing", "priority": Priority.HIGH, "created_at": NOW, "due_at": NOW + timedelta(days=3)}
    return WorkOrder.model_validate({**known, **more, "steps": (), "labour_h": 2, "estimated_cost": 100, **fields})


STEPS = {
    "schedule": (OrderState.SCHEDULED, lambda o, at: scheduled(o, "anna", ("bert",), at, "free")),
    "put off": (OrderState.OPEN, lambda o, at: put_off(o, "no part")),
    "start": (OrderState.IN_PROGRESS, lambda o, at: started(o, at)),
    "end": (OrderState.DONE, lambda o, at: done(o, at, 900)),
    "cancel": (OrderState.CANCELLED, lambda o, at: cancelled(o, at)),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(-90, 240)), max_size=12))
def test_any_sequence_of_steps_keeps_to_the_life_of_an_order(steps: list[tuple[str, int]]) -> None:
    order = _order()
    for name, minutes in steps:
        target, step = STEPS[name]
        at = NOW + timedelta(minutes=minutes)
        try:
            after = step(order, at)
        except InputError:
            too_early = at < (order.started_at or order.created_at)
            assert target not in NEXT_STATES[order.state] or too_early
            continue
        assert target in NEXT_STATES[order.state]
        assert after.state is target
        order = after
        times = [order.created_at, order.started_at, order.closed_at]
        known = [time for time in times if time is not None]
        assert known == sorted(known)
        assert (order.closed_at is None) == (order.state in OPEN_ORDER_STATES)
        if order.state is OrderState.SCHEDULED:
            assert (order.technician_id, order.colleagues) == ("anna", ("bert",))


def test_a_finished_order_takes_no_step() -> None:
    for state in OrderState:
        assert (NEXT_STATES[state] == ()) == (state not in OPEN_ORDER_STATES)


def test_a_wrong_step_names_the_state_and_what_is_allowed() -> None:
    with pytest.raises(InputError, match=r"is open and cannot become done.*only become scheduled, in progress or"):
        done(_order(), NOW, 0)
    with pytest.raises(InputError, match="Start it first: workbench orders start WO-2026-0001"):
        done(_order(), NOW, 0)
    with pytest.raises(InputError, match=r"is done and cannot become cancelled. Nothing follows"):
        cancelled(_order(state="done"), NOW)


def test_a_clock_that_went_back_is_refused_in_words() -> None:
    order = started(_order(), NOW + timedelta(hours=1))
    with pytest.raises(
        InputError, match=r"started at 2026-01-05 09:00:00 UTC; its end at 2026-01-05 08:59:59 UTC.*clock"
    ):
        done(order, NOW + timedelta(minutes=59, seconds=59), 0)
    assert done(order, NOW + timedelta(hours=1), 0).closed_at == order.started_at


def test_scheduled_work_can_move_and_be_put_off() -> None:
    first = scheduled(_order(), "anna", (), NOW, "free at 8", fixed=True)
    assert first.fixed
    moved = scheduled(first, "bert", ("anna",), NOW + timedelta(days=1), "anna is ill")
    assert (moved.technician_id, moved.fixed, moved.technician_reason) == ("bert", False, "anna is ill")
    waiting = put_off(moved, "no part")
    assert (waiting.state, waiting.technician_id, waiting.scheduled_at) == (OrderState.OPEN, None, None)
    with pytest.raises(InputError, match="named twice"):
        scheduled(_order(), "anna", ("anna",), NOW, "")


def test_who_comes_second_is_told_how_to_correct() -> None:
    with pytest.raises(
        InputError, match=r"is done already. To change what was found: workbench orders correct WO-2026"
    ):
        done(_order(state="done"), NOW, 0)
    with pytest.raises(InputError, match="is in progress already"):
        started(_order(state="in_progress"), NOW)
