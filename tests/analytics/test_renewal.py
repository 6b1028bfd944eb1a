"""What a day of running is worth: lives from recorded renewals, and the rate that follows from them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics.renewal import Lives, long_run_rate, recorded_lives
from workbench.analytics.timing import Costs, LivesLeft, fixed_interval

UNTIL = pd.Timestamp("2026-01-05T08:00Z").to_pydatetime()
TYPES = {"solar_pump_002": "solar_pump", "fan_001": "fan"}
COSTS = Costs(500.0, 1200.0)


def events(*rows):
    frame = pd.DataFrame(rows, columns=["machine_id", "time", "kind", "cause"])
    return frame.assign(time=pd.to_datetime(frame["time"], utc=True), source="test")


FLEET = events(
    ("solar_pump_001", "2025-12-01T00:00", "failure", "bearing_wear"),
    ("solar_pump_001", "2025-12-02T00:00", "replacement", "bearing_wear"),
    ("solar_pump_001", "2025-12-12T00:00", "failure", "seal_leak"),
    ("solar_pump_002", "2025-12-01T00:00", "replacement", "seal_leak"),
    ("solar_pump_002", "2025-12-05T00:00", "maintenance", "lubrication"),
    ("solar_pump_002", "2025-12-21T00:00", "replacement", "seal_leak"),
    ("fan_001", "2025-12-01T00:00", "failure", "bearing_wear"),
    ("fan_001", "2025-12-03T00:00", "failure", "bearing_wear"),
    ("solar_pump_001", "2026-01-20T00:00", "failure", "bearing_wear"),
)


def test_lives_run_from_renewal_to_renewal_of_the_type_and_stop_at_the_present(profile):
    lives = recorded_lives(FLEET, profile, TYPES, UNTIL)
    assert lives.failed == (240.0,)
    open_ends = [
        (UNTIL - pd.Timestamp(t).to_pydatetime()).total_seconds() / 3600 for t in ("2025-12-12T00Z", "2025-12-21T00Z")
    ]
    assert sorted(lives.censored) == pytest.approx(sorted([480.0, *open_ends]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(10, 5000), min_size=5, max_size=20), st.lists(st.floats(10, 5000), max_size=20))
def test_the_distribution_is_a_whole_one_and_waiting_for_a_failure_is_never_cheaper(failed, censored):
    lives = Lives(tuple(failed), tuple(censored))
    made = lives.distribution()
    assert made.share.sum() == pytest.approx(1)
    assert (np.diff(made.lives[0]) >= 0).all()
    best = fixed_interval(made, COSTS, step=24.0)
    assert best.rate <= COSTS.failure / float((made.lives[0] * made.share).sum()) + 1e-9


def test_without_lives_cut_short_each_failure_counts_alike():
    made = Lives((100.0, 200.0, 300.0, 400.0, 500.0), ()).distribution()
    assert made.share[:5] == pytest.approx([0.2] * 5)
    exact = fixed_interval(LivesLeft.equally_likely([100.0, 200.0, 300.0, 400.0, 500.0]), COSTS, step=24.0)
    assert fixed_interval(made, COSTS, step=24.0).rate == pytest.approx(exact.rate, rel=1e-6)


def test_few_failures_are_taken_as_run_to_failure_and_none_as_the_rated_life(profile, predict):
    prediction = predict(0.5)
    five = long_run_rate(Lives((1000.0,) * 5, (500.0,)), profile, prediction, COSTS)
    assert five.known
    assert "5 recorded failures of type solar pump" in five.basis
    one = long_run_rate(Lives((1000.0,), (3000.0,)), profile, prediction, COSTS)
    assert not one.known
    assert one.per_h == pytest.approx(1200 / 4000)
    none = long_run_rate(Lives((), (3000.0,)), profile, prediction, COSTS)
    assert not none.known
    assert none.per_h == pytest.approx(1200 / 20_000)
    assert "rated life of 20000 operating hours" in none.basis
