"""Discounts to ask for, and how good a deal is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.dispatch.procurement import negotiation_target, price_range, score_deal
from workbench.domain.work import Priority

SURE = {"reliability": 1.0, "delivery_days": 2.0, "fastest_days": 2.0}


def test_the_more_urgent_the_smaller_the_discount_to_ask_for():
    targets = [negotiation_target(10_000, urgency) for urgency in sorted(Priority)]
    assert targets == sorted(targets, reverse=True)
    assert targets[0] < 10_000


def test_the_weights_are_four_three_three():
    prices = price_range([100, 200], Priority.ROUTINE)
    assert score_deal(prices.floor, prices, **SURE).score == pytest.approx(1.0)
    assert score_deal(prices.reference, prices, **SURE).score == pytest.approx(0.6)
    assert score_deal(prices.reference, prices, **{**SURE, "reliability": 0.0}).score == pytest.approx(0.3)
    slow = score_deal(prices.reference, prices, **{**SURE, "reliability": 0.0, "delivery_days": 8.0})
    assert slow.score == pytest.approx(0.3 * 0.25)


def test_a_single_free_offer_is_all_the_saving_there_is():
    assert score_deal(0, price_range([0], Priority.HIGH), **SURE).price_saving == 1.0


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=5),
    st.sampled_from(list(Priority)),
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    st.floats(0, 1),
    st.floats(0, 100),
    st.floats(0, 100),
)
def test_a_lower_price_is_never_a_worse_deal(quoted, urgency, price, more, reliability, days, fastest):
    prices = price_range(quoted, urgency)
    known = {"reliability": reliability, "delivery_days": days, "fastest_days": fastest}
    lower, higher = score_deal(price, prices, **known), score_deal(price + more, prices, **known)
    assert 0 <= higher.score <= lower.score <= 1
