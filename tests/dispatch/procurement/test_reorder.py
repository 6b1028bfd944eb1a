"""What is ordered, how many, when waiting orders have their parts, and what a day of waiting costs."""

from datetime import UTC, datetime, timedelta

import pytest

from workbench.dispatch.procurement import (
    StockPosition,
    daily_use,
    daily_waiting_cost,
    parts_there,
    propose_reorders,
    shortages_of,
    with_parts,
)
from workbench.domain.equipment import Part
from workbench.domain.procurement import DealScore, PurchaseOrder, PurchaseState
from workbench.domain.work import PartLine, Priority, Reservation, WorkOrder

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def _part(stock, level=0, lead=6.0, part_id="seal"):
    return Part(
        part_id=part_id, title=part_id.title(), unit_cost=100, stock=stock, reorder_level=level, lead_time_days=lead,
        supplier_id="one",
    )  # fmt: skip


def _order(name, needed, due, *, reserve=0, part_id="seal", **fields):
    line = PartLine(
        part_id=part_id, title=part_id.title(), needed=needed, available=reserve, reserve=reserve,
        to_order=needed - reserve, unit_cost=100, lead_time_days=6,
    )  # fmt: skip
    return WorkOrder(
        order_id=name, number=name.upper(), machine_id="pump_01", failure_mode="wear", title="Repair",
        priority=Priority.HIGH, created_at=NOW, due_at=NOW + due * DAY, steps=("Do it.",), parts=(line,), labour_h=1,
        estimated_cost=0, **fields,
    )  # fmt: skip


def _held(order_id, quantity, state="reserved", part_id="seal", at=NOW):
    return Reservation(
        reservation_id=f"{order_id} {part_id}", order_id=order_id, part_id=part_id, quantity=quantity, state=state,
        created_at=at,
    )  # fmt: skip


def _coming(number, pieces, days, part_id="seal"):
    deal = DealScore(price_saving=0, reliability=1, delivery_speed=1, score=0.6)
    return PurchaseOrder(
        purchase_id=number, number=number, part_id=part_id, supplier_id="one", quantity=pieces, quoted_price=100,
        target_price=90, unit_price=100, delivery_days=3, fastest_days=3, reference_price=100, floor_price=90, deal=deal,
        state=PurchaseState.ORDERED, created_at=NOW, expected_at=NOW + days * DAY, reason="",
    )  # fmt: skip


def test_a_part_at_its_level_is_filled_up_and_one_above_is_not():
    (proposal,) = propose_reorders([_part(2, level=2), _part(3, level=2, part_id="oil")], {}, [])
    assert (proposal.part_id, proposal.quantity, proposal.urgent) == ("seal", 1, 0)
    assert proposal.basis == (
        "2 in stock: 2 left; reorder level 2, filled up to 3 "
        "(no use recorded: one piece more than the level covers the 6 days of delivery)"
    )


def test_use_within_the_lead_time_is_bought_too():
    position = StockPosition(stock=2, used_per_day=0.5)
    (proposal,) = propose_reorders([_part(2, level=2)], {"seal": position}, [])
    assert proposal.quantity == 3
    assert "15 a month used, 6 days of delivery" in proposal.basis


def test_what_is_on_order_is_not_ordered_again():
    part, position = _part(0, level=2), StockPosition(stock=0, on_order=3)
    assert propose_reorders([part], {"seal": position}, []) == []


def test_a_part_without_reorder_level_is_bought_only_for_orders():
    short = shortages_of([_order("wo1", 2, 3)], [])
    assert propose_reorders([_part(0)], {}, []) == []
    (proposal,) = propose_reorders([_part(0)], {}, short)
    assert (proposal.quantity, proposal.urgent, proposal.orders) == (2, 2, ("WO1",))
    assert (proposal.needed_by, proposal.urgency) == (NOW + 3 * DAY, Priority.HIGH)
    assert "2 more needed by WO1: 2 too few" in proposal.basis


def test_an_order_lacks_what_is_neither_set_aside_nor_used():
    orders = [_order("late", 2, 9), _order("soon", 3, 1), _order("used", 1, 2), _order("back", 1, 5)]
    held = [_held("soon", 1), _held("used", 1, "used"), _held("back", 1, "released")]
    found = [(shortage.order_id, shortage.missing) for shortage in shortages_of(orders, held)]
    assert found == [("soon", 2), ("back", 1), ("late", 2)]


def test_a_part_that_is_not_recorded_is_named():
    (proposal,) = propose_reorders([], {}, shortages_of([_order("wo1", 1, 3)], []))
    assert not proposal.known
    assert "not in the records" in proposal.basis


def test_deliveries_go_to_the_order_that_is_due_first():
    short = shortages_of([_order("late", 2, 9), _order("soon", 2, 1)], [])
    coming = [_coming("PO-2", 1, days=7), _coming("PO-1", 2, days=3)]
    parts = {"seal": _part(1, lead=6)}
    there = parts_there(short, free={"seal": 1}, incoming=coming, parts=parts, at=NOW)
    assert there == {"soon": NOW + 3 * DAY, "late": NOW + 7 * DAY}
    late = parts_there(short, free={}, incoming=[_coming("PO-1", 2, days=-4)], parts=parts, at=NOW)
    assert late == {"soon": NOW + DAY, "late": NOW + 6 * DAY}, "what should have come is not there; the rest is bought"


def test_when_a_part_comes_that_is_not_recorded_is_not_known():
    short = shortages_of([_order("wo1", 2, 9)], [])
    assert parts_there(short, free={}, incoming=[], parts={}, at=NOW) == {"wo1": None}


def test_an_order_says_what_it_has_and_when_the_rest_comes():
    order = _order("wo1", 2, 9)
    waits = with_parts(order, {"seal": 1}, NOW + DAY, NOW)
    assert (waits.parts[0].reserve, waits.parts[0].to_order, waits.parts_at) == (1, 1, NOW + DAY)
    has_all = with_parts(waits, {"seal": 2}, None, NOW + 2 * DAY)
    assert (has_all.parts[0].reserve, has_all.parts[0].to_order, has_all.parts_at) == (2, 0, NOW + 2 * DAY)
    assert with_parts(has_all, {"seal": 2}, None, NOW + 9 * DAY) == has_all


def test_use_is_counted_over_the_year_but_a_short_record_as_ninety_days():
    used = [_held("a", 9, "used", at=NOW - 30 * DAY), _held("b", 5), _held("c", 7, "used", at=NOW - 500 * DAY)]
    assert daily_use(used, NOW) == {"seal": pytest.approx(0.1)}
    assert daily_use([_held("a", 36, "used", at=NOW - 360 * DAY)], NOW) == {"seal": pytest.approx(0.1)}


def test_a_day_of_waiting_costs_its_share_of_the_expected_failure(predict, analyse):
    prediction = predict(0.7)
    package = analyse(prediction)
    more = package.failure_impact.total - package.planned_impact.total
    assert more > 0
    assert daily_waiting_cost(prediction, package) == pytest.approx(0.7 * more / 7)
    unknown = predict(None)
    assert daily_waiting_cost(unknown, analyse(unknown)) is None
