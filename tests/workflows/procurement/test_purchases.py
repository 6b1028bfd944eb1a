"""From what is short to the part in the order's hands: proposals, approval, order, delivery; every step once."""

from __future__ import annotations

import multiprocessing
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup

from workbench.domain.base import Actor, Role
from workbench.domain.procurement import PurchaseState
from workbench.errors import InputError, NotFound, NotPermitted, WorkbenchError
from workbench.reports.content import purchase_table
from workbench.reports.snapshot import fleet_snapshot
from workbench.workflows.approvals import approve, pending_approvals, reject
from workbench.workflows.orders import raise_ticket
from workbench.workflows.procurement import (
    cancel_purchase,
    enter_quote,
    late_deliveries,
    parts_overview,
    place_purchase,
    propose_purchases,
    receive_delivery,
    reorder_proposals,
    request_quotes,
)
from workbench.workspace import Workspace

from .conftest import AT, DAY, OLGA, PART, PUMP, SAM, SUE, VERA, make_plant, open_order


def _bought(ws: Workspace, **options: Any) -> str:
    (purchase,) = propose_purchases(ws, PART, actor=OLGA, **options).purchases
    return purchase.number


def test_nothing_of_a_part_is_bought_unless_it_is_short(ws, short):
    assert PART not in {proposal.part_id for proposal in reorder_proposals(ws)}
    with pytest.raises(InputError, match=r"is not short: 4 in stock, 0 on order, reorder level 2\. Give a quantity"):
        propose_purchases(ws, PART)
    short(ws, "first", 3, due_days=9)
    proposal = next(one for one in reorder_proposals(ws) if one.part_id == PART)
    assert (proposal.quantity, proposal.urgent) == (2, 0)
    assert proposal.basis.startswith("4 in stock, 3 set aside: 1 left; reorder level 2, filled up to 3")


def test_from_shortage_to_the_part_in_the_order(ws, short):
    first = short(ws, "first", 3, due_days=2)
    later = short(ws, "later", 4, due_days=20)
    assert [ws.orders.get(name).parts[0].to_order for name in ("first", "later")] == [3, 4]

    (purchase,) = propose_purchases(ws, PART, actor=OLGA).purchases
    # 4 in stock, 3 and 1 set aside, 3 more needed; then up to one above the level of 2.
    assert (purchase.quantity, purchase.orders) == (6, (later.number,))
    assert purchase.supplier_id == "nordlager", "the cheaper one, since 20 days are time enough"
    assert "what waiting costs is not known" in purchase.reason
    number = purchase.number
    with pytest.raises(InputError, match="proposed and cannot become ordered"):
        place_purchase(ws, number, actor=OLGA)
    approve(ws, "purchase", number, actor=SAM)
    placed = place_purchase(ws, number, unit_price=17_000, actor=OLGA)
    assert placed.expected_at == AT + 4 * DAY
    assert placed.savings == (18_500 - 17_000) * 6
    assert placed.deal.score > purchase.deal.score
    assert ws.orders.get("later").parts_at == AT + 4 * DAY
    assert ws.orders.get("first").parts_at == AT, "it has all that it needs"

    ws.set_as_of(AT + 5 * DAY)
    assert [late.number for late in late_deliveries(ws)] == [number]
    some = receive_delivery(ws, number, quantity=2, actor=OLGA)
    assert (some.state, some.outstanding) == (PurchaseState.ORDERED, 4)
    assert [r.quantity for r in ws.parts.reservations("later")] == [3]
    with pytest.raises(InputError, match="5 pieces cannot be booked"):
        receive_delivery(ws, number, quantity=5, actor=OLGA)
    done = receive_delivery(ws, number, actor=OLGA)
    assert (done.state, done.received, done.delivered_at) == (PurchaseState.DELIVERED, 6, AT + 5 * DAY)
    assert late_deliveries(ws) == []
    has_all = ws.orders.get("later")
    assert (has_all.parts[0].reserve, has_all.parts[0].to_order, has_all.parts_at) == (4, 0, AT + 5 * DAY)
    (notice,) = ws.notices.all()
    assert (notice.recipient, notice.subject) == ("manager:plant_bremen", f"{later.number}: all parts are there")
    assert (ws.parts.get(PART).stock, ws.parts.available(PART)) == (10, 3)
    with pytest.raises(InputError, match="is delivered already"):
        receive_delivery(ws, number, actor=OLGA)
    assert first.number in {order.number for order in ws.orders.open()}


def test_a_delivery_goes_to_the_order_that_is_due_first(ws, short):
    short(ws, "late", 6, due_days=30)
    short(ws, "soon", 2, due_days=10)
    number = _bought(ws, quantity=3)
    approve(ws, "purchase", number, actor=SAM)
    place_purchase(ws, number, actor=OLGA)
    receive_delivery(ws, number, actor=OLGA)
    held = {r.order_id: r.quantity for r in ws.parts.reservations()}
    assert held == {"late": 5, "soon": 2}


def test_what_is_on_order_is_expected_then_and_not_to_be_bought_again(ws, short):
    short(ws, "first", 6, due_days=9)
    number = _bought(ws, quantity=5)
    approve(ws, "purchase", number, actor=SAM)
    placed = place_purchase(ws, number, actor=OLGA)
    ws.set_as_of(placed.expected_at - DAY)
    ticket = raise_ticket(ws, PUMP, "Loud", parts={PART: 1}, actor=OLGA)
    assert ticket.parts_at == placed.expected_at, "two pieces go to the first, one of the other three comes tomorrow"
    fleet = fleet_snapshot(ws)
    assert fleet.parts_to_order == 0
    said = " ".join(BeautifulSoup(purchase_table(fleet).html, "html.parser").get_text(" ").split())
    assert "0 3 on order, due 5 Jan 2026" in said
    ws.set_as_of(placed.expected_at + 2 * DAY)
    late = raise_ticket(ws, PUMP, "Loud again", parts={PART: 1}, actor=OLGA)
    assert late.parts_at == ws.as_of() + DAY, "what should have come is looked for a day from now"


def test_asking_twice_proposes_nothing_twice(ws, short):
    short(ws, "first", 6, due_days=2)
    first = propose_purchases(ws, actor=OLGA)
    assert PART in {purchase.part_id for purchase in first.purchases}
    assert propose_purchases(ws, actor=OLGA).purchases == ()


def test_what_was_rejected_is_asked_for_again_only_by_name(ws, short):
    short(ws, "first", 2, due_days=9)
    number = _bought(ws)
    reject(ws, "purchase", number, comment="budget", actor=SAM)
    assert ws.purchases.numbered(number).state is PurchaseState.REJECTED
    again = propose_purchases(ws, actor=OLGA)
    assert PART not in {purchase.part_id for purchase in again.purchases}
    assert any(part == PART and "rejected by sam" in reason and "budget" in reason for part, reason in again.problems)
    assert _bought(ws) == "PO-2026-0002" or len(again.purchases) > 0


def test_who_asks_does_not_approve_unless_an_admin(ws):
    number = _bought(ws, quantity=1)
    for actor, said in ((OLGA, "may not approve or reject"), (VERA, "role supervisor or admin")):
        with pytest.raises(NotPermitted, match=said):
            approve(ws, "purchase", number, actor=actor)
    (own,) = propose_purchases(ws, PART, quantity=1, actor=SAM).purchases
    with pytest.raises(NotPermitted, match="sam asked for purchase PO-2026-0002 and may not approve it too"):
        approve(ws, "purchase", own.number, actor=SAM)
    assert ws.purchases.numbered(own.number).state is PurchaseState.PROPOSED
    assert approve(ws, "purchase", own.number, actor=SUE).decided_by == "sue"
    (admins,) = propose_purchases(ws, PART, quantity=1).purchases
    approve(ws, "purchase", admins.number.lower())
    assert [one.subject for one in pending_approvals(ws)] == [number]
    with pytest.raises(NotPermitted, match="may not ask for quotes"):
        propose_purchases(ws, PART, quantity=1, actor=VERA)
    system = Actor(id="cycle", role=Role.SYSTEM)
    assert propose_purchases(ws, PART, quantity=1, actor=system).purchases
    with pytest.raises(NotPermitted):
        approve(ws, "purchase", number, actor=system)


def test_a_rejection_says_why_and_kinds_are_named(ws):
    number = _bought(ws, quantity=1)
    with pytest.raises(InputError, match="has no comment"):
        reject(ws, "purchase", number, comment=" ", actor=SAM)
    with pytest.raises(InputError, match=r"Use one of: machine, purchase, order\."):
        approve(ws, "invoice", number, actor=SAM)


def test_a_higher_price_needs_another_approval(ws):
    number = _bought(ws, quantity=1)
    approve(ws, "purchase", number, actor=SAM)
    with pytest.raises(InputError, match=r"approved for at most 185\.00 EUR a piece, not 185\.01 EUR"):
        place_purchase(ws, number, unit_price=18_501, actor=OLGA)
    assert ws.purchases.numbered(number).state is PurchaseState.APPROVED


def test_cancelling_withdraws_the_question_and_tells_the_orders(ws, short):
    short(ws, "first", 6, due_days=9)
    number = _bought(ws)
    cancel_purchase(ws, number, reason="found one in the cellar", actor=OLGA)
    assert pending_approvals(ws) == []
    other = _bought(ws)
    approve(ws, "purchase", other, actor=SAM)
    place_purchase(ws, other, expected_at=AT + 30 * DAY, actor=OLGA)
    assert ws.orders.get("first").parts_at == AT + 30 * DAY
    cancel_purchase(ws, other, reason="too late", actor=OLGA)
    assert ws.orders.get("first").parts_at == AT + 4 * DAY, "the part's lead time, if it is ordered now"


def test_a_time_without_a_zone_is_refused_in_words(ws):
    naive = AT.replace(tzinfo=None)
    with pytest.raises(InputError, match="has no time zone"):
        propose_purchases(ws, PART, quantity=1, needed_by=naive, actor=OLGA)
    number = _bought(ws, quantity=1)
    approve(ws, "purchase", number, actor=SAM)
    with pytest.raises(InputError, match="has no time zone"):
        place_purchase(ws, number, expected_at=naive, actor=OLGA)


def test_an_offer_that_goes_back_to_an_earlier_price_counts_at_once(ws):
    supplier = ws.suppliers.get("nordlager")

    def asks(price: int, days: int) -> int:
        offers = tuple(
            offer.model_copy(update={"unit_price": price}) if offer.part_id == PART else offer
            for offer in supplier.offers
        )
        ws.suppliers.put(supplier.model_copy(update={"offers": offers}), ws.change("a new offer"))
        ws.set_as_of(AT + days * DAY)
        quotes = {one.quote.supplier_id: one.quote for one in request_quotes(ws, PART, actor=OLGA)}
        return quotes["nordlager"].unit_price

    assert [asks(18_500, 0), asks(25_000, 2), asks(18_500, 4)] == [18_500, 25_000, 18_500]
    recorded = len(ws.quotes.all())
    assert asks(18_500, 6) == 18_500
    assert len(ws.quotes.all()) == recorded


def test_a_quote_by_hand_goes_before_the_offer_for_thirty_days(ws):
    enter_quote(ws, PART, "allspares", 10_000, 1, available=1, actor=OLGA)
    best, other = request_quotes(ws, PART, actor=OLGA)
    assert (best.quote.supplier_id, best.quote.unit_price, best.quote.source) == ("allspares", 10_000, "hand")
    assert (other.quote.supplier_id, other.quote.source) == ("nordlager", "catalogue")
    assert best.target_price == 9_000
    assert len(ws.quotes.all()) == 3
    made = propose_purchases(ws, PART, quantity=3, actor=OLGA).purchases
    assert {one.supplier_id: one.quantity for one in made} == {"allspares": 1, "nordlager": 2}
    ws.set_as_of(AT + 31 * DAY)
    assert {one.quote.unit_price for one in request_quotes(ws, PART, actor=OLGA)} == {23_125, 18_500}
    with pytest.raises(InputError, match="0 to 1,000 days"):
        enter_quote(ws, PART, "allspares", -1, 1, actor=OLGA)
    with pytest.raises(NotFound, match="There is no supplier 'nobody'"):
        enter_quote(ws, PART, "nobody", 1, 1, actor=OLGA)


def test_needed_soon_is_bought_where_it_comes_in_time(ws):
    (purchase,) = propose_purchases(ws, PART, quantity=1, needed_by=AT + timedelta(days=2.5), actor=OLGA).purchases
    assert purchase.supplier_id == "allspares"
    (chosen,) = propose_purchases(ws, PART, quantity=1, supplier_id="nordlager", actor=OLGA).purchases
    assert chosen.supplier_id == "nordlager"
    with pytest.raises(InputError, match="elektrodepot does not offer pump_bearing_set"):
        propose_purchases(ws, PART, quantity=1, supplier_id="elektrodepot", actor=OLGA)
    assert parts_overview(ws).set_index("part_id").loc[PART, ["stock", "free", "on_order"]].tolist() == [4, 4, 2]


def _hurry(path: Path, name: str, numbers: list[str], barrier: Any, answers: Any) -> None:
    supervisor = Actor(id=name, role=Role.SUPERVISOR)
    done = []
    with Workspace.open(path, actor=supervisor) as ws:
        barrier.wait(60)
        with suppress(InputError):
            done += [one.number for one in propose_purchases(ws, PART).purchases]
        for number in numbers:
            for verb in (
                lambda n: approve(ws, "purchase", n),
                lambda n: place_purchase(ws, n),
                lambda n: receive_delivery(ws, n),
            ):
                try:
                    done.append(getattr(verb(number), "state", None).value)
                except WorkbenchError:
                    continue
    answers.put(done)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_people_at_once_do_each_step_once(kind, tmp_path, request):
    settings = {} if kind == "sqlite" else {"database_url": request.getfixturevalue("fresh_postgres_url")}
    make_plant(tmp_path / "W", **settings)
    with Workspace.open(tmp_path / "W") as ws:
        numbers = [_bought(ws, quantity=2) for _ in range(4)]
        open_order(ws, "waits", 16, due_days=9)
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(2), context.Queue()
    both = [
        context.Process(target=_hurry, args=(tmp_path / "W", name, numbers, barrier, answers))
        for name in ("one", "two")
    ]
    for process in both:
        process.start()
    done = [*answers.get(timeout=30), *answers.get(timeout=30)]
    for process in both:
        process.join(60)
    with Workspace.open(tmp_path / "W") as ws:
        proposed = [word for word in done if word.startswith("PO-")]
        assert len(proposed) == 1, "the second sees the first's purchase on order"
        for step in ("approved", "ordered", "delivered"):
            assert done.count(step) == len(numbers)
        assert ws.parts.get(PART).stock == 4 + 2 * len(numbers)
        assert [r.quantity for r in ws.parts.reservations("waits")] == [4 + 2 * len(numbers)]
        assert all(ws.purchases.numbered(number).received == 2 for number in numbers)
