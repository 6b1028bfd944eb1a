"""What is reserved and what must be ordered."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workbench.dispatch import check_inventory, delivery_known, parts_arrival

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_reserves_what_is_there_and_orders_the_rest(parts):
    check = check_inventory([("bearing_kit", 3)], parts, {"bearing_kit": 2})
    (line,) = check.lines
    assert (line.needed, line.available, line.reserve, line.to_order) == (3, 2, 2, 1)
    assert not check.complete
    assert parts_arrival(check, NOW) == NOW + timedelta(days=3)


def test_part_named_twice_is_added_up(parts):
    (line,) = check_inventory([("bearing_kit", 1), ("bearing_kit", 2)], parts, {"bearing_kit": 5}).lines
    assert (line.needed, line.reserve) == (3, 3)


def test_part_that_nobody_recorded_is_said_to_be_unknown(parts):
    check = check_inventory([("odd_ring", 1)], parts, {"odd_ring": 4})
    (line,) = check.lines
    assert (line.title, line.known, line.delivery) == ("odd ring", False, "delivery not known")
    assert (line.reserve, line.to_order) == (0, 1)
    assert not delivery_known(check)


def test_nothing_needed_is_complete_and_there_at_once(parts):
    check = check_inventory([], parts, {})
    assert check.complete
    assert parts_arrival(check, NOW) == NOW


@given(
    needs=st.lists(st.tuples(st.sampled_from(["bearing_kit", "odd_ring"]), st.integers(1, 50)), max_size=6),
    available=st.integers(-5, 60),
)
def test_reservations_never_exceed_stock_and_cover_the_need_with_the_orders(parts, needs, available):
    for line in check_inventory(needs, parts, {"bearing_kit": available}).lines:
        assert 0 <= line.reserve <= max(0, available)
        assert line.reserve + line.to_order == line.needed
        assert line.needed == sum(quantity for part_id, quantity in needs if part_id == line.part_id)
