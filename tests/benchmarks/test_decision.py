"""The decision benchmark by its protocol: what cycles cost, policies that never saw their engine, figures that add up."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from workbench.analytics.timing import LivesLeft, fixed_interval
from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.decision import LEADS, RATIOS, with_abstention
from workbench.workflows.benchmarks.decision_policies import (
    Answers,
    ExpectedCostRate,
    Terms,
    cost_rate,
    fixed_order,
    outcome,
    tuned_threshold,
)


def made_answers(seed: int, engines: int = 60, noise: float = 0.15) -> tuple[Answers, np.ndarray]:
    """Engines of 100 to 300 cycles whose life left is told the more exactly the nearer its end is."""
    rng = np.random.default_rng(seed)
    lives = rng.integers(100, 300, engines).astype(float)
    unit = np.repeat(np.arange(engines), lives.astype(int))
    cycle = np.concatenate([np.arange(1.0, life + 1) for life in lives])
    left = np.repeat(lives, lives.astype(int)) - cycle
    own = np.repeat(rng.normal(0, noise, engines), lives.astype(int))
    told = left * (1 + own) + rng.normal(0, 3, len(left))
    return Answers(unit, cycle, np.clip(told, 0, 125)), lives


def test_cycles_cost_what_the_protocol_says():
    lives = np.array([100.0, 100.0, 100.0, 100.0])
    cost, length = outcome(np.array([79.0, 89.0, 90.0, np.inf]), lives, Terms(10.0, 10))
    assert cost.tolist() == [1, 1, 10, 10]
    assert length.tolist() == [89, 99, 100, 100]
    assert fixed_order(lives, Terms(10.0, 10)) == 89


def test_smoothing_and_crossing_see_the_past_only():
    whole, _ = made_answers(0, engines=3)
    rows = next(whole.engines())[:60]
    cut = Answers(whole.unit[rows], whole.cycle[rows], whole.point[rows])
    np.testing.assert_allclose(whole.smoothed(4.0).point[rows], cut.smoothed(4.0).point)
    exact = Answers(np.zeros(50, dtype=int), np.arange(1.0, 51), 50 - np.arange(1.0, 51))
    np.testing.assert_allclose(exact.smoothed(8.0).point, exact.point, atol=1e-9)
    assert exact.first_at_or_below(np.array([20.0, -1.0])).tolist() == [[30.0, np.inf]]


def test_the_policy_costs_less_than_intervals_and_a_dearer_failure_or_longer_lead_orders_earlier():
    held_out, lived = made_answers(1)
    answers, lives = made_answers(2, engines=200)
    policy = ExpectedCostRate.fit(held_out, lived)
    for lead in (0, 10):
        terms = Terms(10.0, lead)
        mine = cost_rate(policy.orders(answers, terms), lives, terms)
        assert mine < 0.75 * fixed_interval(LivesLeft.equally_likely(lives), terms.costs).rate
        assert mine > len(lives) / (lives - 1).sum()
    by_ratio = [policy.threshold(Terms(float(ratio), 10)) for ratio in RATIOS]
    by_lead = [policy.threshold(Terms(10.0, lead)) for lead in LEADS]
    assert by_ratio == sorted(by_ratio)
    assert by_lead == sorted(by_lead)
    assert tuned_threshold(held_out, lived, Terms(10.0, 10)) >= 10


def test_engines_that_far_outlast_what_is_told_do_not_make_anybody_hurry():
    """Too cautious answers on a tenth of the engines say nothing of how early the others may fail."""
    plain, lives = made_answers(3, engines=80)
    rows = list(plain.engines())
    point = plain.point.copy()
    for engine in range(0, 80, 10):
        point[rows[engine]] = np.maximum(point[rows[engine]] - 60, 0)
    terms = Terms(10.0, 10)
    level = ExpectedCostRate.fit(plain, lives).threshold(terms)
    cautious = ExpectedCostRate.fit(replace(plain, point=point), lives).threshold(terms)
    assert cautious <= level + 3


def test_without_evidence_the_fixed_interval_stands_in():
    rows = pd.DataFrame({"unit": np.repeat([1, 2, 3, 4], 100), "cycle": np.tile(np.arange(1, 101), 4)})
    ours, fixed = np.array([80.0, 80.0, 40.0, np.inf]), np.full(4, 60.0)

    def silent(at):
        unit, cycle = rows["unit"].to_numpy()[at], rows["cycle"].to_numpy()[at]
        return ((unit == 1) & (cycle == 60)) | ((unit == 2) & (cycle == 80)) | ((unit == 3) & (cycle == 40))

    orders, abstained = with_abstention(silent, rows, ours, fixed)
    assert orders.tolist() == [60, 80, 60, np.inf]
    assert abstained.tolist() == [1, 1, 1, 0]


@pytest.fixture(scope="module")
def result(cmapss_folder):
    return run_benchmark("decision", data=cmapss_folder, quick=True)


def test_every_key_of_the_protocol_is_there_with_its_interval(result):
    metrics, peers = result["metrics"], result["peers"]
    assert 0 <= metrics["FD001.health_model_share"] <= 1
    for ratio in RATIOS:
        for lead in LEADS:
            place = f"FD001.r{ratio}.lead{lead}"
            for key in ("cost_over_best_fixed", "cost_over_oracle", "cost_over_run_to_failure", "gap_closed"):
                assert np.isfinite(metrics[f"{place}.{key}"])
                assert len(metrics[f"{place}.{key}_interval"]) == 2
            assert metrics[f"{place}.cost_over_oracle"] >= 1
            assert metrics[f"{place}.abstain_rate_healthy_known"] <= metrics[f"{place}.abstain_rate"]
            assert len(metrics[f"{place}.cost_over_best_fixed_healthy_known_interval"]) == 2
            assert len(metrics[f"{place}.cost_over_tuned_threshold_interval"]) == 2
            assert peers[f"{place}.fixed_without_hindsight.cost_over_best_fixed"] >= 1 - 1e-12
            assert peers[f"{place}.tuned_threshold.cost_over_oracle"] >= 1
    assert result["protocol"].startswith("quick run")
    assert not result["simulated"]


def test_subsets_without_a_protocol_are_bad_input(cmapss_folder):
    with pytest.raises(InputError, match="Subsets whose files are there: FD001"):
        run_benchmark("decision", data=cmapss_folder, only=["FD002"])
