"""Stock is never promised twice, whoever asks at the same time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from workbench.domain.base import Actor, Change
from workbench.domain.equipment import Part, Shift, Site, Supplier, SupplierOffer, Technician
from workbench.domain.permits import WorkPermit
from workbench.errors import NotFound
from workbench.store.database import Database
from workbench.store.records import EventLog, Parts, Sites, Suppliers, Technicians, WorkPermits

TRIES = 20
LAST_PARTS = 200


def _part(part_id: str = "bearing_6205", stock: int = 3, **fields: Any) -> Part:
    return Part(
        part_id=part_id, title="Bearing", unit_cost=1250, stock=stock, lead_time_days=4, supplier_id="north", **fields
    )


def test_master_data_come_back_as_they_were_put(database: Database, change: Change) -> None:
    site = Site(site_id="north", title="North", time_zone="Europe/Berlin", latitude=52.5, longitude=13.4)
    supplier = Supplier(
        supplier_id="skf",
        title="SKF",
        reliability=0.9,
        offers=(SupplierOffer(part_id="bearing_6205", unit_price=1200, delivery_days=3),),
    )
    person = Technician(
        technician_id="tina",
        title="Tina",
        site_id="north",
        skills={"mechanical": 4},
        experience_years=12,
        cost_per_h=6000,
        shift=Shift(start_h=6, end_h=14),
        latitude=52.5,
        longitude=13.4,
    )
    Sites(database).put(site, change)
    Suppliers(database).put(supplier, change)
    Technicians(database).put(person, change)
    assert (Sites(database).get("north"), Suppliers(database).all()) == (site, [supplier])
    assert Technicians(database).all() == [person]
    with pytest.raises(NotFound, match="Did you mean 'tina'"):
        Technicians(database).get("tinna")


def test_permits_are_found_by_their_orders(database: Database, change: Change) -> None:
    permits = WorkPermits(database)
    asked = [
        WorkPermit(permit_id=f"{order_id}-{number}", order_id=order_id, kind="hot_work", requested_at=change.at, requested_by="ada")
        for order_id, number in (("one", 1), ("one", 2), ("other", 1))
    ]  # fmt: skip
    for permit in asked:
        permits.put(permit, change)
    assert permits.of_orders(["one", "none"]) == {"one": tuple(asked[:2])}
    assert (permits.of_order("other"), permits.of_order("none"), permits.of_orders([])) == ((asked[2],), (), {})
    many = [f"order {number}" for number in range(1200)]
    assert list(permits.of_orders([*many, "other"])) == ["other"], "more orders than one question may name"


def test_a_put_is_logged_only_when_something_changed(database: Database, change: Change) -> None:
    parts = Parts(database)
    for stock in (3, 3, 5):
        parts.put(_part(stock=stock), change)
    assert [entry.action for entry in EventLog(database).entries("part")] == ["changed", "added"]
    assert parts.available("bearing_6205") == 5


def test_an_order_gets_what_is_left_and_asking_again_changes_nothing(database: Database, change: Change) -> None:
    parts = Parts(database)
    parts.put(_part(stock=3), change)
    parts.put(_part("seal", stock=0), change)
    assert [held.quantity for held in parts.reserve("first", [("bearing_6205", 2)], change)] == [2]
    for _ in range(2):
        held = parts.reserve("second", [("bearing_6205", 1), ("seal", 1), ("bearing_6205", 1)], change)
        assert [str(line) for line in held] == [
            "bearing_6205: 2 wanted, 1 free, 1 set aside",
            "seal: 1 wanted, 0 free, 0 set aside",
        ]
    assert parts.available("bearing_6205") == 0
    assert len(parts.reservations()) == 2
    parts.release("first", change)
    assert parts.available("bearing_6205") == 2
    assert [line.state for line in parts.reservations("first")] == ["released"]
    assert [line.quantity for line in parts.reserve("first", [("bearing_6205", 1)], change)] == [1]
    assert parts.available("bearing_6205") == 1


def test_an_unknown_part_reserves_nothing_at_all(database: Database, change: Change) -> None:
    parts = Parts(database)
    parts.put(_part(), change)
    with pytest.raises(NotFound, match="Did you mean 'bearing_6205'"):
        parts.reserve("first", [("bearing_6205", 1), ("bearing_6206", 1)], change)
    assert parts.reservations() == []


def _reserve_all(url: str, orders: str, barrier: Any) -> None:
    database = Database.open(url)
    for number in range(TRIES):
        barrier.wait(30)
        change = Change(actor=Actor(id=orders), reason="race", at=datetime(2026, 1, 1, tzinfo=UTC))
        Parts(database).reserve(f"{orders}_{number}", [(f"part_{number}", 3), ("shared", 2)], change)
    database.close()


def test_two_processes_never_reserve_more_than_the_stock(
    database: Database, change: Change, race: Callable[..., list[int | None]]
) -> None:
    parts = Parts(database)
    for number in range(TRIES):
        parts.put(_part(f"part_{number}", stock=4), change)
    parts.put(_part("shared", stock=30), change)
    barrier = multiprocessing.get_context("fork").Barrier(2)
    assert race(database, _reserve_all, barrier) == [0, 0]
    for number in range(TRIES):
        held = [line.quantity for line in parts.reservations() if line.part_id == f"part_{number}"]
        assert sorted(held) == [1, 3]
    assert sum(line.quantity for line in parts.reservations() if line.part_id == "shared") == 30


def _reserve_last(url: str, orders: str, barrier: Any, answers: Any) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=orders), reason="race", at=datetime(2026, 1, 1, tzinfo=UTC))
    said = []
    for number in range(LAST_PARTS):
        barrier.wait(30)
        said += Parts(database).reserve(f"{orders}_{number}", [(f"part_{number}", 1)], change)
    answers.put([(answer.part_id, answer.quantity, str(answer)) for answer in said])
    database.close()


def test_of_two_processes_one_gets_the_last_part_and_the_other_is_told_that_none_is_free(
    database: Database, change: Change, race: Callable[..., list[int | None]]
) -> None:
    parts = Parts(database)
    with database.writing() as session:
        bound = Parts(database.bound(session))
        for number in range(LAST_PARTS):
            bound.put(_part(f"part_{number}", stock=1), change)
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    assert race(database, _reserve_last, context.Barrier(2), answers) == [0, 0]
    both = [answers.get(timeout=10) for _ in range(2)]
    for number, pair in enumerate(zip(*both, strict=True)):
        (_, none, refused), (_, one, granted) = sorted(pair, key=lambda answer: answer[1])
        assert (none, one) == (0, 1)
        assert refused == f"part_{number}: 1 wanted, 0 free, 0 set aside"
        assert granted == f"part_{number}: 1 wanted, 1 free, 1 set aside"
    held = parts.reservations()
    assert len(held) == len({reservation.part_id for reservation in held}) == LAST_PARTS
