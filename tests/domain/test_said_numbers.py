"""How predictions write measured values and limits: whole, with thousands apart, and never as powers of ten."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.predictions import Contribution, LimitCrossing
from workbench.domain.units import against_limit, number_text


def test_a_large_value_is_written_out():
    flow = Contribution(sensor="air_flow_m3_h", deviation=-5.3, value=16121.4, baseline=18222.2, unit="m3/h")
    assert flow.in_words() == (
        "air_flow_m3_h is far below what is usual for it (lately 16,121 m3/h, usually 18,222 m3/h; 5.3 times its usual spread)"
    )


def test_a_pure_number_has_no_unit():
    share = Contribution(sensor="valve", deviation=2.1, value=0.9255, baseline=0.969, unit="1")
    assert (
        share.in_words()
        == "valve is above what is usual for it (lately 0.93, usually 0.97; 2.1 times its usual spread)"
    )


@pytest.mark.parametrize(
    ("value", "limit", "said"),
    [(16121.4, 16000, "16,121 Pa is above the warning limit 16,000 Pa"), (2.503, 2.5, "2.503 Pa is above the warning")],
)
def test_a_crossing_shows_on_which_side_of_its_limit_the_value_is(value, limit, said):
    crossing = LimitCrossing(
        sensor="drop",
        severity="WARNING",
        value=value,
        limit=limit,
        direction="above",
        unit="Pa",
        standard="no standard",
        since=datetime(2026, 1, 1, tzinfo=UTC),
        readings=3,
    )
    assert said in crossing.in_words()


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_a_number_is_never_a_power_of_ten_nor_far_from_what_it_is(value):
    text = number_text(value)
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.06, abs=1e-12)


@given(st.floats(0.01, 1e6), st.integers(1, 99_999).map(lambda n: n / 100))
def test_a_value_beyond_a_limit_never_reads_as_within(value, limit):
    shown = float(against_limit(value, limit).replace(",", ""))
    if abs(value - limit) > 1e-4 * limit:
        assert (shown > limit) == (value > limit)
