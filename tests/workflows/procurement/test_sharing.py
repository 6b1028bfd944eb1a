"""Stock that is given back goes to the orders that wait, at once; on PostgreSQL nobody waits for each other for ever."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from workbench.domain.closeout import Findings
from workbench.domain.procurement import PurchaseState
from workbench.domain.work import OrderState
from workbench.errors import InputError
from workbench.workflows.approvals import approve
from workbench.workflows.onboard import add_plant
from workbench.workflows.orders import cancel_order, close_order, correct_close_out, raise_ticket, start_order
from workbench.workflows.procurement import cancel_purchase, place_purchase, propose_purchases, receive_delivery
from workbench.workspace import Workspace

from .conftest import OLGA, PART, PUMP, SAM, make_plant, open_order


def _closed(ws: Workspace, number: str, used: int) -> None:
    found = {"found": "bearing_wear", "done": "replaced", "as_found": "degraded", "hours_worked": 2}
    start_order(ws, number)
    close_order(ws, number, Findings.model_validate({**found, "parts_used": {PART: used} if used else {}}))


def _has(ws: Workspace, *names: str) -> list[tuple[int, int]]:
    """Return what each order has set aside by its own lines, and by the stock's book."""
    lines = [sum(line.reserve for line in ws.orders.get(name).parts) for name in names]
    held = [sum(r.quantity for r in ws.parts.reservations(name) if r.state == "reserved") for name in names]
    return list(zip(lines, held, strict=True))


def test_what_a_cancelled_order_gives_back_goes_to_the_one_due_first(ws, short):
    first = short(ws, "first", 4, due_days=2)
    short(ws, "late", 2, due_days=20)
    short(ws, "soon", 3, due_days=5)
    cancel_order(ws, first.number, "pump was sold")
    assert _has(ws, "late", "soon") == [(1, 1), (3, 3)]
    assert ws.parts.available(PART) == 0
    assert ws.orders.get("soon").parts_at == ws.as_of()
    (told,) = [notice for notice in ws.notices.all() if notice.order_id == "soon"]
    assert f"{first.number} was cancelled and gave its parts back" in told.body


@pytest.mark.parametrize(("used", "got"), [(0, 3), (1, 3), (3, 1)])
def test_what_closed_work_did_not_need_goes_to_those_who_wait(ws, short, used, got):
    first = short(ws, "first", 4, due_days=2)
    short(ws, "waits", 3, due_days=5)
    _closed(ws, first.number, used)
    assert _has(ws, "waits") == [(got, got)]


def test_pieces_that_a_correction_gives_back_go_to_those_who_wait(ws, short):
    first = short(ws, "first", 4, due_days=2)
    _closed(ws, first.number, 4)
    short(ws, "waits", 3, due_days=5)
    correct_close_out(ws, first.number, {"parts_used": {PART: 2}}, "two were left in the van")
    assert _has(ws, "waits") == [(2, 2)]
    assert ws.parts.get(PART).stock == 2


def test_stock_that_is_counted_anew_goes_to_those_who_wait(ws, short, tmp_path):
    short(ws, "waits", 6, due_days=5)
    found = ws.parts.get(PART).model_copy(update={"stock": 5})
    (tmp_path / "parts.json").write_text(f"[{found.model_dump_json()}]")
    add_plant(ws, "parts", tmp_path / "parts.json")
    assert _has(ws, "waits") == [(5, 5)]


def test_an_order_that_used_its_pieces_gets_none_again(ws, short):
    first = short(ws, "first", 3, due_days=2)
    second = short(ws, "second", 1, due_days=3)
    _closed(ws, first.number, 3)
    cancel_order(ws, second.number, "not needed")
    assert ws.orders.get("first").state is OrderState.DONE
    assert ws.parts.available(PART) == 1


# Two at once on PostgreSQL: one holds a row, the other comes to it, then the first goes on.


@pytest.fixture
def shared(tmp_path, fresh_postgres_url):
    make_plant(tmp_path / "W", database_url=fresh_postgres_url)
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture
def beside():
    """``beside(work)``: run ``work`` in a thread until it waits for a lock; its future."""
    with ThreadPoolExecutor(1) as pool:

        def run(ws: Workspace, work: Any) -> Future[Any]:
            done = threading.Event()
            future = pool.submit(work)
            future.add_done_callback(lambda _: done.set())
            query = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            for _ in range(200):
                with ws.database.engine.connect() as connection:
                    if done.is_set() or connection.scalar(query):
                        return future
                time.sleep(0.02)
            raise AssertionError("it neither ended nor waited")

        yield run


def test_who_approves_and_who_cancels_a_purchase_wait_for_each_other_in_one_order(shared, beside):
    (purchase,) = propose_purchases(shared, PART, quantity=2, actor=OLGA).purchases
    with Workspace.open(shared.path) as other:
        with shared.transaction() as tx:
            tx.purchases.lock(purchase.number)
            waiting = beside(shared, lambda: approve(other, "purchase", purchase.number, actor=SAM))
            cancel_purchase(tx, purchase.number, reason="found two in the store", actor=OLGA)
        with pytest.raises(InputError, match="withdrawn by olga"):
            waiting.result(20)
    assert shared.purchases.numbered(purchase.number).state is PurchaseState.CANCELLED


def test_a_ticket_promises_only_what_it_gets(shared, beside):
    with Workspace.open(shared.path) as other:
        with shared.transaction() as tx:
            tx.parts.reserve("somebody else", [(PART, 4)], tx.change("a test"))
            waiting = beside(shared, lambda: raise_ticket(other, PUMP, "Loud", parts={PART: 1}))
        order = waiting.result(20)
    assert [(line.reserve, line.to_order) for line in order.parts] == [(0, 1)]
    assert shared.parts.reservations(order.order_id) == []


def test_a_delivery_and_a_close_out_wait_for_each_other_in_one_order(shared, beside):
    served = open_order(shared, "served", 4, due_days=2)
    open_order(shared, "waits", 2, due_days=5)
    (purchase,) = propose_purchases(shared, PART, quantity=2, actor=OLGA).purchases
    approve(shared, "purchase", purchase.number, actor=SAM)
    place_purchase(shared, purchase.number, actor=OLGA)
    start_order(shared, served.number)
    with Workspace.open(shared.path) as other:
        with shared.transaction() as tx:
            tx.orders.lock("served")
            waiting = beside(shared, lambda: receive_delivery(other, purchase.number, actor=OLGA))
            tx.parts.use("served", {PART: 4}, tx.change("a test"))
        waiting.result(20)
    assert _has(shared, "waits") == [(2, 2)]
    assert shared.parts.get(PART).stock == 2


@pytest.mark.parametrize("ends", ["cancelled", "closed"])
def test_what_comes_for_an_order_while_it_ends_goes_to_those_who_wait(shared, beside, ends):
    open_order(shared, "holds", 4, due_days=1)
    first = open_order(shared, "first", 2, due_days=2)
    open_order(shared, "waits", 2, due_days=5)
    (purchase,) = propose_purchases(shared, PART, quantity=2, actor=OLGA).purchases
    approve(shared, "purchase", purchase.number, actor=SAM)
    place_purchase(shared, purchase.number, actor=OLGA)
    if ends == "closed":
        start_order(shared, first.number)
    none = {"found": "nff", "done": "nothing", "as_found": "none", "hours_worked": 1}
    with Workspace.open(shared.path) as other:
        end = {
            "cancelled": lambda: cancel_order(other, first.number, "doubled"),
            "closed": lambda: close_order(other, first.number, Findings.model_validate(none)),
        }[ends]
        with shared.transaction() as tx:
            receive_delivery(tx, purchase.number, actor=OLGA)
            waiting = beside(shared, end)
        waiting.result(20)
    assert _has(shared, "first", "waits")[1] == (2, 2)
