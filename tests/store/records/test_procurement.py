"""Purchases get their own numbers and take each step once, and top-ups never promise more than the stock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workbench.domain.base import Actor, Change
from workbench.domain.equipment import Part
from workbench.domain.procurement import DealScore, PurchaseOrder, PurchaseState, Quote
from workbench.errors import InputError, NotFound
from workbench.store.database import Database
from workbench.store.records import EventLog, Parts, Purchases, Quotes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRIES = 10


def _purchase(**fields: Any) -> PurchaseOrder:
    known = {
        "part_id": "seal", "supplier_id": "one", "quantity": 2, "quoted_price": 100, "target_price": 90,
        "unit_price": 100, "delivery_days": 3, "fastest_days": 3, "reference_price": 100, "floor_price": 90,
        "deal": DealScore(price_saving=0, reliability=1, delivery_speed=1, score=0.6), "created_at": NOW, "reason": "",
    }  # fmt: skip
    return PurchaseOrder.model_validate({**known, **fields})


def test_purchases_are_numbered_by_year(database: Database, change: Change) -> None:
    purchases = Purchases(database)
    added = [purchases.add(_purchase(created_at=at), change) for at in (NOW, NOW, NOW - timedelta(days=1))]
    assert [one.number for one in added] == ["PO-2026-0001", "PO-2026-0002", "PO-2025-0001"]
    assert purchases.numbered("po-2026-0002") == added[1]
    assert purchases.latest("seal") == added[1]
    assert purchases.open("seal") == [added[1], added[0], added[2]]
    with pytest.raises(NotFound, match="Did you mean 'PO-2026-0001'"):
        purchases.numbered("PO-2026-001")


def test_a_step_that_cannot_follow_changes_nothing(database: Database, change: Change) -> None:
    purchases = Purchases(database)
    purchases.add(_purchase(), change)

    def step(state: PurchaseState) -> PurchaseOrder:
        return purchases.advance("PO-2026-0001", lambda purchase: purchase.became(state), change)

    with pytest.raises(
        InputError, match=r"proposed and cannot become delivered\. It can only become approved, rejected or cancelled"
    ):
        step(PurchaseState.DELIVERED)
    step(PurchaseState.REJECTED)
    with pytest.raises(InputError, match="is rejected already"):
        step(PurchaseState.REJECTED)
    assert [entry.action for entry in EventLog(database).entries("purchase")] == ["rejected", "added"]
    assert purchases.open() == []


def test_quotes_of_a_part_are_found_newest_first(database: Database, change: Change) -> None:
    quotes = Quotes(database)
    made = [
        Quote(quote_id=f"q{days}", part_id="seal", supplier_id="one", unit_price=days, delivery_days=1,
              created_at=NOW - timedelta(days=days))
        for days in (40, 2, 5)
    ]  # fmt: skip
    for quote in made:
        quotes.add(quote, change)
    assert quotes.of_part("seal", NOW - timedelta(days=30)) == [made[1], made[2]]


def test_an_order_is_topped_up_from_what_is_free(database: Database, change: Change) -> None:
    parts = Parts(database)
    parts.put(Part(part_id="seal", title="Seal", unit_cost=1, stock=1, lead_time_days=1, supplier_id="one"), change)
    parts.reserve("first", [("seal", 3)], change)
    assert parts.top_up("first", "seal", 3, change) == 0
    parts.receive("seal", 4, change)
    assert parts.top_up("first", "seal", 3, change) == 2
    assert parts.top_up("first", "seal", 3, change) == 0
    assert parts.top_up("second", "seal", 5, change) == 2
    assert parts.available("seal") == 0
    parts.use("first", {"seal": 1}, change)
    assert parts.top_up("first", "seal", 3, change) == 0
    parts.release("second", change)
    assert parts.top_up("second", "seal", 1, change) == 1


def _deliver(url: str, name: str) -> None:
    database = Database.open(url)
    change = Change(actor=Actor(id=name), reason="race", at=NOW)
    for number in range(1, TRIES + 1):
        try:
            with database.writing() as session:
                bound = database.bound(session)
                Purchases(bound).add(_purchase(part_id="oil"), change)
                Purchases(bound).advance(
                    f"PO-2026-{number:04d}", lambda one: one.became(PurchaseState.DELIVERED), change
                )
                Parts(bound).receive("seal", 2, change)
        except InputError:
            continue
    database.close()


def test_two_processes_book_each_delivery_once(
    database: Database, change: Change, race: Callable[..., list[int | None]]
) -> None:
    Parts(database).put(
        Part(part_id="seal", title="Seal", unit_cost=1, stock=0, lead_time_days=1, supplier_id="one"), change
    )
    for _ in range(TRIES):
        Purchases(database).add(_purchase(state=PurchaseState.ORDERED), change)
    assert race(database, _deliver) == [0, 0]
    assert Parts(database).available("seal") == 2 * TRIES
    numbers = [one.number for one in Purchases(database).all()]
    assert len(numbers) == len(set(numbers)) == 2 * TRIES
