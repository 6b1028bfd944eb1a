"""What closing work needs of the records: steps that exclude each other, pages, events that are replaced, stock that is corrected."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.domain import order_states
from workbench.domain.base import Actor, Change
from workbench.domain.closeout import CloseOut, Findings
from workbench.domain.equipment import Part
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.value import ValueEntry, ValueKind
from workbench.domain.work import OrderState, Priority, WorkOrder
from workbench.errors import InputError, NotFound
from workbench.store.database import Database
from workbench.store.records import CloseOuts, EventLog, Events, Orders, Parts, ValueEntries

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _order(number: int = 1, **fields: Any) -> WorkOrder:
    known = {"order_id": f"o{number}", "number": f"WO-2026-{number:04d}", "machine_id": "pump_01", "title": "Bearing"}
    more = {"failure_mode": f"mode {number}", "priority": Priority.HIGH, "created_at": NOW, "due_at": NOW, "steps": ()}
    return WorkOrder.model_validate({**known, **more, "labour_h": 2, "estimated_cost": 100, **fields})


def _event(kind: EventKind, cause: str = "unknown", hours: float = 0, source: str = "cmms") -> AssetEvent:
    return AssetEvent(machine_id="pump_01", time=NOW + timedelta(hours=hours), kind=kind, cause=cause, source=source)


def test_orders_are_found_by_number_and_listed_by_page(fleet: Database, change: Change) -> None:
    orders = Orders(fleet)
    for number in range(1, 8):
        later = NOW + timedelta(hours=-number)
        orders.open_or_support(_order(number, priority=1 + number % 4, due_at=later), change)
    orders.advance("o4", lambda order: order_states.cancelled(order, NOW), change, "cancelled")
    page, total = orders.page(limit=3)
    assert ([order.order_id for order in page], total) == (["o5", "o1", "o6"], 6)
    assert [order.order_id for order in orders.page(limit=9, offset=3)[0]] == ["o2", "o7", "o3"]
    assert [order.order_id for order in orders.page((OrderState.CANCELLED,))[0]] == ["o4"]
    assert orders.by_number(" wo-2026-0003 ").order_id == "o3"
    with pytest.raises(NotFound, match="WO-2026-0009"):
        orders.by_number("WO-2026-0009")


def test_a_step_that_is_refused_changes_nothing(fleet: Database, change: Change) -> None:
    orders = Orders(fleet)
    orders.open_or_support(_order(), change)
    with pytest.raises(InputError):
        orders.advance("o1", lambda order: order_states.done(order, NOW, 0), change)
    assert orders.get("o1").state is OrderState.OPEN
    orders.advance("o1", lambda order: order_states.started(order, NOW), change, "started")
    assert [entry.action for entry in EventLog(fleet).entries("work_order", "o1")] == ["started", "added"]
    with pytest.raises(NotFound):
        orders.advance("o9", lambda order: order, change)


def _start(url: str, name: str, barrier: Any, refused: Any) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=name), reason="race", at=NOW)
    for number in range(1, 21):
        barrier.wait(30)
        try:
            Orders(database).advance(f"o{number}", lambda o: order_states.started(o, NOW, name), change, "started")
        except InputError:
            refused.put(number)
    database.close()


def test_of_two_who_take_the_same_step_one_is_refused(
    fleet: Database, change: Change, race: Callable[..., Any]
) -> None:
    for number in range(1, 21):
        Orders(fleet).open_or_support(_order(number), change)
    context = multiprocessing.get_context("fork")
    refused = context.Queue()
    assert race(fleet, _start, context.Barrier(2), refused) == [0, 0]
    assert sorted(refused.get(timeout=10) for _ in range(20)) == list(range(1, 21))
    log = [entry for entry in EventLog(fleet).entries("work_order", limit=200) if entry.action == "started"]
    assert len(log) == 20


def _lengthen(url: str, name: str, barrier: Any) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=name), reason="race", at=NOW)
    barrier.wait(30)
    for _ in range(20):
        with database.writing() as session:
            orders = Orders(database.bound(session))
            order = orders.lock("o1")
            orders.update(order.model_copy(update={"labour_h": order.labour_h + 1}), change)
    database.close()


def test_an_order_that_is_locked_loses_no_change(fleet: Database, change: Change, race: Callable[..., Any]) -> None:
    Orders(fleet).open_or_support(_order(), change)
    assert race(fleet, _lengthen, multiprocessing.get_context("fork").Barrier(2)) == [0, 0]
    assert Orders(fleet).get("o1").labour_h == 42


def _raise(url: str, name: str, barrier: Any) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=name), reason="race", at=NOW)
    barrier.wait(30)
    for _ in range(20):
        with database.writing() as session:
            orders = Orders(database.bound(session))
            number = orders.claim_number(2026)
            ticket = {"order_id": f"ticket {number}", "number": number, "failure_mode": f"reported {number}"}
            orders.open_or_support(_order().model_copy(update=ticket), change)
    database.close()


def test_tickets_raised_at_once_are_orders_of_their_own(
    fleet: Database, change: Change, race: Callable[..., Any]
) -> None:
    assert race(fleet, _raise, multiprocessing.get_context("fork").Barrier(2)) == [0, 0]
    assert len(Orders(fleet).all()) == 40


def test_events_are_replaced_only_with_their_source_and_the_log_holds_both(fleet: Database, change: Change) -> None:
    events = Events(fleet)
    own = _event(EventKind.FAILURE, "bearing", source="order WO-2026-0001")
    theirs = _event(EventKind.REPLACEMENT, "bearing")
    events.add([own, theirs], change)
    new = _event(EventKind.INSPECTION, "bearing", source=own.source)
    events.replace([own, theirs.model_copy(update={"source": own.source})], [new], change)
    assert events.between("pump_01", NOW, NOW) == [new, theirs]
    assert events.between("pump_01", NOW + timedelta(seconds=1), NOW + timedelta(days=1)) == []
    entry = EventLog(fleet).entries("asset_events")[0]
    assert [event["kind"] for event in json.loads(entry.before or "")] == ["failure", "replacement"]
    assert [event["kind"] for event in json.loads(entry.after or "")] == ["inspection"]


def test_an_event_of_unknown_cause_counts_once_beside_its_cause(fleet: Database, change: Change) -> None:
    events, failure = Events(fleet), EventKind.FAILURE
    events.add([_event(failure), _event(failure, "bearing"), _event(failure, "seal"), _event(failure, hours=1)], change)
    events.add([_event(EventKind.STOP, "bearing", hours=1)], change)
    assert events.count(failure) == 3
    assert events.count(failure, until=NOW) == 2


def test_use_that_is_corrected_gives_the_difference_back(fleet: Database, change: Change) -> None:
    parts = Parts(fleet)
    for part_id in ("seal", "bearing"):
        known = {"part_id": part_id, "title": part_id, "unit_cost": 1, "stock": 5, "lead_time_days": 1}
        parts.put(Part.model_validate({**known, "supplier_id": "north"}), change)
    parts.use("o1", {"seal": 2}, change)
    for used, stocks in (({"seal": 1, "bearing": 3}, (4, 2)), ({}, (5, 5)), ({"bearing": 5}, (5, 0))):
        parts.correct_use("o1", used, change)
        assert (parts.get("seal").stock, parts.get("bearing").stock) == stocks
    with pytest.raises(InputError, match="only 5"):
        parts.correct_use("o1", {"bearing": 6}, change)
    assert parts.get("bearing").stock == 0


def test_a_close_out_is_recorded_and_corrected_over_itself(fleet: Database, change: Change) -> None:
    Orders(fleet).open_or_support(_order(), change)
    found = Findings(found="seal_leak", done="replaced", as_found="degraded", hours_worked=1)
    first = CloseOut(
        order_id="o1", number="WO-2026-0001", machine_id="pump_01", closed_at=NOW, closed_by="ada", findings=found,
        cause="seal_leak", actual_cost=5, cost_items=(), events=(_event(EventKind.REPLACEMENT, "seal_leak"),),
    )  # fmt: skip
    book = CloseOuts(fleet)
    book.record(first, change)
    assert book.get("o1") == first
    second = first.model_copy(update={"revision": 2, "cause": "bearing"})
    book.record(second, change)
    assert (book.of_machine("pump_01"), book.of_machine("fan_02")) == ([second], [])
    assert [entry.action for entry in EventLog(fleet).entries("close_out")] == ["corrected", "added"]


def test_value_entries_are_added_once_and_stand_until_they_are_taken_back(fleet: Database, change: Change) -> None:
    book = ValueEntries(fleet)
    entry = ValueEntry(
        entry_id="v1", order_id="o1", number="WO-2026-0001", machine_id="pump_01", kind=ValueKind.CONFIRMED, at=NOW,
        amount=5, cost=1, reason="found",
    )  # fmt: skip
    for _ in range(2):
        book.add(entry, change)
    assert (book.between(NOW, NOW + timedelta(1)), book.between(end=NOW)) == ([entry], [])
    assert book.standing("o1") == entry
    back = {"entry_id": "v2", "kind": ValueKind.REVERSAL, "reverses": "v1", "amount": -5}
    book.add(entry.model_copy(update=back), change)
    assert book.standing("o1") is None
    assert sum(found.amount for found in book.between()) == 0
