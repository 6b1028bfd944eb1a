"""The split over suppliers is the cheapest there is, and says why."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.dispatch.procurement import Offer, best_split
from workbench.errors import InputError

CHEAP = Offer("cheap", "Cheap & Co", unit_price=100, delivery_days=10, reliability=0.9)
FAST = Offer("fast", "Fast Ltd", unit_price=150, delivery_days=2, reliability=0.9)


def _shares(choice):
    return {share.offer.supplier_id: (share.quantity, share.urgent) for share in choice.shares}


def test_pieces_for_the_stock_come_from_the_cheapest():
    choice = best_split([FAST, CHEAP], 5, order_cost=1000)
    assert _shares(choice) == {"cheap": (5, 0)}
    assert (choice.price, choice.order_cost, choice.waiting_cost) == (500, 1000, 0.0)
    assert "1.00 EUR a piece, the cheapest" in choice.shares[0].reason


def test_what_work_waits_for_comes_in_time_and_the_rest_cheaply():
    many = 100
    choice = best_split([FAST, CHEAP], many, urgent=1, needed_in_days=3, order_cost=200)
    assert _shares(choice) == {"cheap": (99, 0), "fast": (1, 1)}
    reasons = {share.offer.supplier_id: share.reason for share in choice.shares}
    assert "1 of 1 are waited for, needed within 3 days" in reasons["fast"]
    assert "for the stock, which can wait" in reasons["cheap"]


def test_a_second_order_that_costs_more_than_it_saves_is_not_made():
    assert _shares(best_split([FAST, CHEAP], 3, urgent=1, needed_in_days=3, order_cost=200)) == {"fast": (3, 1)}


def test_when_nobody_delivers_in_time_waiting_is_weighed_against_the_price():
    dear = {"urgent": 1, "needed_in_days": 0.0, "waiting_cost_per_day": 20.0}
    cheap = {**dear, "waiting_cost_per_day": 1.0}
    assert _shares(best_split([FAST, CHEAP], 1, **dear)) == {"fast": (1, 1)}
    choice = best_split([FAST, CHEAP], 1, **cheap)
    assert _shares(choice) == {"cheap": (1, 1)}
    # 10 days, and one time in ten 5 days more.
    assert choice.waiting_cost == pytest.approx(10.5)
    assert choice.notes == ("nobody promises 1 within 0 h; this costs least of what can be had",)


def test_an_unreliable_supplier_costs_what_being_late_costs():
    sure = Offer("sure", "Sure", unit_price=110, delivery_days=2, reliability=1.0)
    loose = Offer("loose", "Loose", unit_price=100, delivery_days=2, reliability=0.5)
    waiting = {"urgent": 1, "needed_in_days": 2.0}
    assert _shares(best_split([sure, loose], 1, waiting_cost_per_day=15, **waiting)) == {"loose": (1, 1)}
    assert _shares(best_split([sure, loose], 1, waiting_cost_per_day=25, **waiting)) == {"sure": (1, 1)}


def test_one_supplier_too_few_pieces_another_fills_up():
    few = Offer("few", "Few", unit_price=50, delivery_days=1, reliability=1.0, available=2)
    assert _shares(best_split([few, CHEAP], 5)) == {"cheap": (3, 0), "few": (2, 0)}
    with pytest.raises(InputError, match="5 pieces are wanted, but suppliers offer 2"):
        best_split([few], 5)
    with pytest.raises(InputError, match="suppliers offer 0"):
        best_split([], 1)


def test_of_many_offers_the_best_are_among_those_weighed():
    offers = [Offer(f"s{n}", f"S{n}", 100 + n, 20.0 - n, 0.9) for n in range(12)]
    choice = best_split(offers, 3)
    assert _shares(choice) == {"s0": (3, 0)}
    assert choice.notes == ("only the 8 cheapest and fastest of 12 offers were weighed",)


def _mean_wait(offers, needed):
    mean = 0.0
    for late in product((0, 1), repeat=len(offers)):
        chance, last = 1.0, 0.0
        for offer, is_late in zip(offers, late, strict=True):
            chance *= 1 - offer.reliability if is_late else offer.reliability
            last = max(last, offer.delivery_days + is_late * max(1.0, offer.delivery_days / 2))
        mean += chance * max(0.0, last - needed)
    return mean


def _cheapest(offers, quantity, urgent, needed, per_day, order_cost):
    """Try every number of urgent and other pieces from every supplier."""

    def holds(offer):
        return quantity if offer.available is None else offer.available

    timely = sum(min(urgent, holds(offer)) for offer in offers if offer.delivery_days <= needed) >= urgent
    best = None
    for hurried in product(range(urgent + 1), repeat=len(offers)):
        if sum(hurried) != urgent:
            continue
        used = [offer for offer, pieces in zip(offers, hurried, strict=True) if pieces]
        if timely and any(offer.delivery_days > needed for offer in used):
            continue
        wait = per_day * _mean_wait(used, needed) if urgent else 0.0
        for others in product(range(quantity - urgent + 1), repeat=len(offers)):
            pieces = [a + b for a, b in zip(hurried, others, strict=True)]
            if sum(others) != quantity - urgent or any(n > holds(o) for n, o in zip(pieces, offers, strict=True)):
                continue
            prices = sum(n * o.unit_price for n, o in zip(pieces, offers, strict=True))
            cost = prices + order_cost * sum(n > 0 for n in pieces) + wait
            best = cost if best is None else min(best, cost)
    return best


@st.composite
def _offers(draw):
    count = draw(st.integers(1, 3))
    return [
        Offer(
            f"s{n}",
            f"S{n}",
            unit_price=draw(st.integers(0, 30)),
            delivery_days=draw(st.sampled_from([0.0, 1.0, 2.0, 5.0])),
            reliability=draw(st.sampled_from([0.0, 0.5, 0.9, 1.0])),
            available=draw(st.none() | st.integers(1, 4)),
        )
        for n in range(count)
    ]


@settings(max_examples=100, deadline=None)
@given(
    _offers(),
    st.integers(1, 4),
    st.integers(0, 4),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.sampled_from([0.0, 2.0, 40.0]),
    st.integers(0, 25),
)
def test_no_other_split_costs_less(offers, quantity, urgent, needed, per_day, order_cost):
    urgent = min(urgent, quantity)
    wanted = _cheapest(offers, quantity, urgent, needed, per_day, order_cost)
    given = {"urgent": urgent, "needed_in_days": needed, "waiting_cost_per_day": per_day, "order_cost": order_cost}
    if wanted is None:
        with pytest.raises(InputError):
            best_split(offers, quantity, **given)
        return
    choice = best_split(offers, quantity, **given)
    assert choice.cost == pytest.approx(wanted)
    assert sum(share.quantity for share in choice.shares) == quantity
    assert sum(share.urgent for share in choice.shares) == urgent
    assert all(share.quantity <= share.offer.pieces(quantity) for share in choice.shares)
