"""Metrics agree with scikit-learn where it has them, with the papers where it has not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from workbench.errors import InputError, NotEnoughData
from workbench.ml import metrics

binary = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=3, max_size=80).filter(
    lambda pairs: any(label for label, _ in pairs)
)


@settings(max_examples=80, deadline=None)
@given(pairs=binary)
def test_pr_auc_and_best_threshold_agree_with_scikit_learn_also_on_ties(pairs):
    truth = np.array([label for label, _ in pairs], dtype=int)
    probability = np.array([score for _, score in pairs]) / 20
    assert metrics.pr_auc(truth, probability) == pytest.approx(average_precision_score(truth, probability))
    chosen = metrics.scores_at(truth, probability, metrics.best_threshold(truth, probability))
    every = [f1_score(truth, probability >= t, zero_division=0) for t in np.unique(probability)]
    assert chosen.f1 == pytest.approx(max(every))


@settings(max_examples=50, deadline=None)
@given(labels=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=40))
def test_macro_f1_agrees_with_scikit_learn(labels):
    truth, said = [a for a, _ in labels], [b for _, b in labels]
    assert metrics.macro_f1(truth, said) == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))


def test_nasa_score_punishes_late_more_than_early():
    assert metrics.nasa_score([50], [60]) == pytest.approx(np.e - 1)
    assert metrics.nasa_score([50], [37]) == pytest.approx(np.e - 1)
    assert metrics.nasa_score([50], [50]) == 0


def test_brier_skill_is_zero_for_the_base_rate_and_negative_for_worse():
    truth = [1, 0, 0, 0]
    assert metrics.brier_skill(truth, [0.25] * 4) == pytest.approx(0)
    assert metrics.brier_skill(truth, [0.9] * 4) < 0
    assert metrics.brier_skill(truth, [0.25] * 4, base_rate=0.5) > 0


def test_calibration_error_of_several_classes_uses_the_top_class():
    probability = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.8, 0.2], [0.2, 0.8]])
    assert metrics.equal_mass_ece([0, 0, 0, 1, 1], probability, bins=1) == pytest.approx(0.0)
    assert metrics.equal_mass_ece([1, 1, 1, 1, 1], probability, bins=1) == pytest.approx(0.6)


def test_interval_score_rewards_narrow_intervals_that_hold():
    truth = np.linspace(0, 100, 50)
    narrow = metrics.interval_score(truth, truth - 1, truth + 1)
    wide = metrics.interval_score(truth, truth - 10, truth + 10)
    missing = metrics.interval_score(truth, truth + 1, truth + 3)
    assert narrow == pytest.approx(2)
    assert wide == pytest.approx(20)
    assert missing == pytest.approx(2 + 20 * 1)


@settings(max_examples=40, deadline=None)
@given(trials=st.integers(1, 60), share=st.floats(0, 1))
def test_clopper_pearson_holds_the_point_and_its_tails(trials, share):
    from scipy.stats import binom

    successes = round(share * trials)
    low, high = metrics.clopper_pearson(successes, trials)
    assert low <= successes / trials <= high
    if successes:
        assert binom.sf(successes - 1, trials, low) == pytest.approx(0.025, rel=1e-6)
    if successes < trials:
        assert binom.cdf(successes, trials, high) == pytest.approx(0.025, rel=1e-6)


def test_bootstrap_over_units_is_wider_than_over_rows():
    rng = np.random.default_rng(0)
    unit = np.repeat(np.arange(20), 50)
    value = rng.normal(size=20)[unit] + rng.normal(scale=0.1, size=1000)

    def mean(rows):
        return float(value[rows].mean())

    low, high = metrics.bootstrap_interval(mean, unit, draws=300)
    low_rows, high_rows = metrics.bootstrap_interval(mean, np.arange(1000), draws=300)
    assert high - low > 3 * (high_rows - low_rows)
    assert low < value.mean() < high
    assert (low, high) == metrics.bootstrap_interval(mean, unit, draws=300)


def hours_of(alarms, length=200):
    called = np.zeros(length, dtype=bool)
    called[list(alarms)] = True
    return called, np.array(["m1"] * length), np.arange(length, dtype=float)


def test_episodes_close_alarms_are_one_and_lead_is_from_the_first_in_the_window():
    scores = metrics.episode_scores(*hours_of([10, 20, 33, 90, 150]), {"m1": [100.0]})
    assert (scores.events, scores.detected) == (1, 1)
    assert scores.false_alarm_episodes == 2  # 10, 20, 33 are one; 150 another
    assert scores.lead_time_h == 10
    assert scores.false_alarm_h == 4
    assert scores.false_alarm_episodes_per_machine_month == pytest.approx(2 / (200 / 730.5))


def test_alarms_at_or_after_the_failure_do_not_detect_it_and_are_false():
    scores = metrics.episode_scores(*hours_of([100, 101, 102]), {"m1": [100.0]})
    assert (scores.detected, scores.false_alarm_episodes) == (0, 1)
    announced = metrics.episode_scores(*hours_of([90, 101]), {"m1": [100.0]})
    assert (announced.detected, announced.false_alarm_episodes) == (1, 1)


def test_an_alarm_always_on_is_shown_by_its_hours():
    scores = metrics.episode_scores(*hours_of(range(200)), {"m1": [100.0]})
    assert scores.event_recall == 1
    assert scores.false_alarm_h == 200 - 24
    assert scores.event_recall_interval[0] < 0.1


def test_a_failure_without_samples_before_it_is_no_event():
    scores = metrics.episode_scores(*hours_of([5]), {"m1": [0.0, 500.0], "m2": [50.0]})
    assert scores.events == 0
    assert np.isnan(scores.event_recall)


def test_bad_input_is_refused():
    with pytest.raises(InputError, match="shape"):
        metrics.rmse([1, 2], [1])
    with pytest.raises(InputError, match="not finite"):
        metrics.rmse([1, np.nan], [1, 2])
    with pytest.raises(NotEnoughData):
        metrics.best_threshold([0, 0], [0.1, 0.2])
    with pytest.raises(NotEnoughData):
        metrics.rmse([], [])
    assert np.isnan(metrics.pr_auc([0, 0], [0.1, 0.2]))
    assert metrics.clopper_pearson(0, 0) == (0.0, 1.0)
