"""Trends, lives of the population, and the rules of evidence."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.domain.predictions import Interval
from workbench.ml.evidence import failures_reason, readings_reason, support_reason, trend_reason, weigh, width_reason
from workbench.ml.lifetimes import Lifetimes, collect_lifetimes
from workbench.ml.trends import find_trends, trend_p_values

HOUR = 3_600_000_000_000


def test_words_of_the_evidence():
    assert failures_reason(3) == "3 of 5 failures needed"
    assert failures_reason(5) is None
    assert readings_reason(12).startswith("12 of 30 running readings needed")
    both = weigh(failures_reason(0), readings_reason(2))
    assert both.in_words().startswith("not enough evidence: 0 of 5 failures needed; 2 of 30")
    assert weigh(None, None).enough


def test_trend_is_seen_through_noise_and_not_in_noise():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, 300)
    assert trend_reason(noise + np.linspace(0, 4, 300)) is None
    assert "no steady trend of wear" in trend_reason(noise)
    assert "no steady trend of wear" in trend_reason(noise[:5])
    assert "no steady trend of wear" in trend_reason(noise[:0])
    assert "no steady trend of wear" in trend_reason(np.zeros((0, 2)))


def test_a_fall_of_the_condition_indicator_is_no_wear():
    rng = np.random.default_rng(0)
    fall = rng.normal(0, 1, 300) - np.linspace(0, 4, 300)
    assert "no steady trend of wear" in trend_reason(fall)
    assert trend_reason(np.column_stack([fall, -fall])) is None


def test_healthy_machines_seldom_show_a_trend_and_slow_wear_is_mostly_seen():
    """Two indicators over 126 cycles: noise passes at most 1 in 100 times, a rise by one standard deviation mostly."""
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(500, 126, 2))
    passed = [trend_reason(one) is None for one in noise]
    assert np.mean(passed) <= 0.01
    rise = np.column_stack([np.linspace(0, 1.2, 126), np.zeros(126)])
    assert np.mean([trend_reason(one + rise) is None for one in noise[:100]]) > 0.75


def test_autocorrelation_is_no_trend():
    rng = np.random.default_rng(1)
    walks = []
    for _ in range(300):
        series = np.zeros(40)
        for k in range(1, 40):
            series[k] = 0.7 * series[k - 1] + rng.normal()
        walks.append(series)
    p_values = trend_p_values(np.array(walks).T)
    independent = trend_p_values(rng.normal(size=(40, 300)))
    assert (p_values <= 0.01).mean() < 0.10
    assert (independent <= 0.01).mean() < 0.03


def test_outside_training_support():
    low, high = np.zeros(10), np.ones(10)
    assert support_reason(np.full(10, 0.5), low, high) is None
    assert "30 % of the features" in support_reason(np.array([0.5] * 7 + [9.0] * 3), low, high)


def test_wider_than_the_prior():
    own = Interval(median=50, lower=0, upper=100)
    assert width_reason(own, Interval(median=50, lower=20, upper=90)) is not None
    assert width_reason(own, Interval(median=50, lower=0, upper=200)) is None
    assert width_reason(own, None) is None


def test_an_open_interval_is_compared_as_far_as_it_looks():
    population = Interval(median=900, lower=100, upper=2000)
    vague, sharp = (Interval(median=600, lower=lower, upper=720, upper_open=True) for lower in (5, 300))
    assert width_reason(vague, population) is not None
    assert width_reason(sharp, population) is None
    closed = Interval(median=300, lower=100, upper=600)
    assert width_reason(closed, Interval(median=2000, lower=1500, upper=3500)) is None


def test_kaplan_meier_with_censoring():
    lives = Lifetimes(np.array([2.0, 3.0, 3.0, 5.0, 8.0]), np.array([1.0, 1.0, 0.0, 1.0, 0.0]))
    times, survival = lives.curve()
    assert times.tolist() == [2.0, 3.0, 5.0]
    assert survival.tolist() == pytest.approx([0.8, 0.6, 0.3])


def test_population_life_depends_on_age():
    lives = Lifetimes(np.random.default_rng(0).weibull(4, 400) * 1000, np.ones(400))
    young, old = lives.remaining(0.0), lives.remaining(900.0)
    assert young.median == pytest.approx(1000 * np.log(2) ** 0.25, rel=0.05)
    assert young.lower < young.median < young.upper
    assert old.median < young.median / 3
    assert lives.fails_within(900, 200) > lives.fails_within(100, 200)
    assert Lifetimes(np.array([5.0]), np.array([0.0])).remaining(0.0) is None


def test_lives_are_collected_with_censoring(small_fleet):
    lives = collect_lifetimes(small_fleet)
    assert lives.failures == 16
    assert len(lives.duration) == 24


def test_trend_gives_the_slope_per_day(build_machine):
    rng = np.random.default_rng(2)
    hours = np.arange(480)
    values = np.column_stack([rng.normal(50, 5, 480), 2 + hours / 24 * 0.1 + rng.normal(0, 0.2, 480)])
    profile = build_machine.profile()
    found = find_trends(profile, ("load_pct", "vibration_mm_s"), values, hours * HOUR)
    assert [t.sensor for t in found] == ["vibration_mm_s"]
    assert found[0].per_day == pytest.approx(0.1, rel=0.1)
    assert found[0].unit == "mm/s"
    assert find_trends(profile, ("load_pct",), values[:3, :1], hours[:3] * HOUR) == []
