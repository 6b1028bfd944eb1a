"""When to act: the time of least expected cost rate, and what would change it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics.timing import Costs, LivesLeft, best_time, fixed_interval
from workbench.errors import InputError

lives = st.lists(st.floats(1, 300), min_size=3, max_size=30).map(lambda found: np.sort(found))
ratios = st.floats(1.1, 50)
known = LivesLeft.equally_likely
TIMES = np.arange(0, 301.0)


@settings(max_examples=60, deadline=None)
@given(lives, ratios, st.floats(1, 5), st.floats(1e-4, 0.1))
def test_a_dearer_failure_never_means_a_later_stop(left, ratio, dearer, rate):
    one, other = (best_time(known(left), TIMES, Costs(1.0, r), rate=rate) for r in (ratio, ratio * dearer))
    assert other.at[0] <= one.at[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 250), ratios)
def test_a_certain_life_is_used_to_just_before_its_end(life, ratio):
    left = np.full((1, 20), float(life))
    rate = fixed_interval(known(left[0]), Costs(1.0, ratio)).rate
    found = best_time(known(left), TIMES, Costs(1.0, ratio), rate=rate)
    assert found.at[0] == life - 1
    assert found.failure_probability[0] == 0


@settings(max_examples=60, deadline=None)
@given(lives, ratios)
def test_knowing_only_the_population_gives_its_fixed_interval(population, ratio):
    fixed = fixed_interval(known(population), Costs(1.0, ratio))
    found = best_time(known(population), np.append(np.arange(1, 301.0), 1e6), Costs(1.0, ratio), rate=fixed.rate)
    at = min(fixed.after, 1e6)
    cost = 1.0 + (ratio - 1) * np.mean(population <= at)
    assert cost / np.mean(np.minimum(population, at)) == pytest.approx(fixed.rate)
    index = int(np.argmin(np.abs(np.append(np.arange(1, 301.0), 1e6) - at)))
    assert found.excess[0, index] == pytest.approx(0, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(lives, ratios, st.integers(0, 40), st.integers(1, 60))
def test_the_answer_is_an_allowed_time_not_before_the_part_is_there(left, ratio, lead, every):
    stops = np.arange(lead, lead + 10 * every, every, dtype=float)
    found = best_time(known(left), stops, Costs(1.0, ratio), rate=0.01)
    assert found.at[0] in stops
    assert found.excess[0].min() == 0
    assert found.now[0] == (found.at[0] == lead)


@settings(max_examples=60, deadline=None)
@given(lives, ratios, st.floats(1e-4, 0.1))
def test_the_break_even_cost_is_where_the_answer_changes(left, ratio, rate):
    needed = best_time(known(left), TIMES, Costs(1.0, ratio), rate=rate).break_even_cost[0]
    if np.isfinite(needed):
        assert best_time(known(left), TIMES, Costs(1.0, needed * 1.001), rate=rate).now[0]
    if needed > 1.001:
        under = min(needed * 0.999, 1e9)
        assert not best_time(known(left), TIMES, Costs(1.0, under), rate=rate).now[0]


def test_the_break_even_probability_balances_waiting_for_the_next_stop():
    stops, rate, costs = [0.0, 10.0], 0.01, Costs(1.0, 11.0)
    left = np.full((1, 1000), 500.0)
    needed = best_time(known(left), stops, costs, rate=rate).break_even_probability[0]
    assert needed == pytest.approx(0.01)
    for failing, now in ((8, False), (12, True)):
        left = np.full((1, 1000), 500.0)
        left[0, :failing] = 10.0
        assert best_time(known(left), stops, costs, rate=rate).now[0] == now


def test_machines_are_answered_alone_or_together_alike():
    rng = np.random.default_rng(0)
    left = rng.gamma(5, 10, size=(6, 50))
    together = best_time(known(left), TIMES, Costs(1.0, 10.0), rate=0.02)
    alone = [best_time(known(row), TIMES, Costs(1.0, 10.0), rate=0.02).at[0] for row in left]
    assert together.at.tolist() == alone


def test_a_failure_that_costs_no_more_is_waited_for():
    assert fixed_interval(known([10.0, 20.0, 30.0]), Costs(1.0, 1.0)).after == np.inf
    assert best_time(known([10.0, 20.0]), [0.0, 5.0, 50.0], Costs(1.0, 0.5), rate=0.1).at[0] == 50


def test_quantiles_become_lives_of_the_same_distribution():
    levels = [0.0, 0.05, 0.5, 0.95, 1.0]
    made = LivesLeft.from_quantiles(levels, [[0.0, 10.0, 50.0, 90.0, 100.0], [30.0] * 5])
    failed, length = made.until(np.array([10.0, 50.0, 90.0, np.inf]))
    assert failed[0] == pytest.approx([0.05, 0.5, 0.95, 1.0])
    assert length[:, -1] == pytest.approx([0.05 * 5 + 0.45 * 30 + 0.45 * 70 + 0.05 * 95, 30])
    assert (failed[1] == [0, 1, 1, 1]).all()


def test_what_lies_beyond_the_outer_quantiles_stands_at_them():
    made = LivesLeft.from_quantiles([0.1, 0.9], [[-5.0, 20.0]])
    failed, _ = made.until(np.array([0.0, 19.99, 20.0]))
    assert failed[0, 0] > 0.1
    assert failed[0, 1] == pytest.approx(0.9)
    assert failed[0, 2] == pytest.approx(1.0)


def test_every_fault_of_the_input_is_named_at_once():
    with pytest.raises(InputError, match=r"planned cost is 0.0.*failure cost is -1.0"):
        Costs(0.0, -1.0)
    with pytest.raises(InputError, match=r"times must be finite, ascending.*rate is -1"):
        best_time(known([1.0]), [5.0, 1.0], Costs(1.0, 2.0), rate=-1)
    with pytest.raises(InputError, match="finite life of 0 or more"):
        known([np.nan])
    with pytest.raises(InputError, match="3 quantiles a row for 2 levels; quantiles are not finite or fall"):
        LivesLeft.from_quantiles([0.1, 0.9], [[3.0, 2.0, 1.0]])
