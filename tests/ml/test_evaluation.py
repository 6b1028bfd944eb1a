"""The evaluation document: intervals over units, calibration by equal mass, states, errors by life."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.ml.evaluation import (
    calibration_curve,
    confusion,
    errors_by_life,
    judge_diagnosis,
    judge_health,
    judge_life,
    state_confusion,
)
from workbench.ml.metrics import roc_auc
from workbench.ml.validation import HeldOutAnswers, unit_intervals

UNITS = np.repeat([f"pump_{k:02d}" for k in range(15)], 40).astype(object)


@pytest.fixture(scope="module")
def answers():
    """Calibrated answers of fifteen machines."""
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 4, len(UNITS))
    return HeldOutAnswers(
        (rng.uniform(size=len(UNITS)) < probability).astype(float), probability, probability > 0.4, UNITS
    )


def test_every_figure_lies_in_its_interval_and_more_machines_narrow_it(answers):
    whole = answers.figures()
    wide = unit_intervals(lambda rows: answers.take(rows).figures(), answers.groups, seed=0)
    assert set(wide) == set(whole)
    for name, (low, high) in wide.items():
        assert low <= whole[name] <= high, name
    two = np.flatnonzero(np.isin(UNITS, ["pump_00", "pump_01"]))
    few = answers.take(two)
    narrow = unit_intervals(lambda rows: few.take(rows).figures(), few.groups, seed=0)
    assert np.ptp(wide["accuracy"]) < 1.0
    assert wide != narrow


def test_calibration_has_fifteen_bins_of_equal_mass_near_the_diagonal(answers):
    curve = calibration_curve(answers.truth, answers.probability, "failure")
    assert [one.rows for one in curve.bins] == [40] * 15
    assert np.mean([abs(one.stated - one.observed) for one in curve.bins]) < 0.08


def test_states_are_counted_by_the_worst_likely_horizon():
    y = np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [0, np.nan, 1]], dtype=float)
    said = np.array([[0.1, 0.1, 0.1], [0.1, 0.2, 0.9], [0.6, 0.8, 0.9], [0.7, 0.9, 0.9], [0, 0, 0]])
    found = state_confusion(y, said)
    assert found.labels == ("Healthy", "Degrading", "Warning", "Critical")
    assert found.counts == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1), (0, 0, 0, 1))
    assert confusion(np.array([1]), np.array([0]), ("a", "b")).counts == ((0, 0), (1, 0))


def test_errors_are_told_by_life_left_and_apart_for_lives_at_the_cap():
    truth = np.array([5.0, 15.0, 95.0, 100.0, 100.0])
    bands = errors_by_life(truth, truth + np.array([10, 10, -5, -20, 0]), 100.0)
    assert [(band.start, band.end, band.rows) for band in bands] == [(0, 20, 2), (80, 100, 1), (100, 100, 2)]
    assert [(band.mae, band.bias) for band in bands] == [(10, 10), (5, -5), (10, -10)]
    judged = judge_life(truth, np.column_stack([truth, truth - 1, truth + 1]), 100.0, UNITS[[0, 0, 50, 50, 90]], 0)
    assert {figure.name: figure.value for figure in judged.figures}["mae"] == 0
    assert judged.limits == ()
    off = judge_life(truth, np.column_stack([truth * 1.2, truth, truth * 2]), 100.0, UNITS[[0, 0, 50, 50, 90]], 0)
    assert {figure.name: figure.value for figure in off.figures}["mape"] == pytest.approx(0.2), (
        "5 left of 100 is no ratio"
    )
    assert off.limits == ("The life left is off by 20 % on average on held-out machines; the goal is under 5 %.",)
    narrow = judge_life(truth, np.column_stack([truth, truth - 1, truth - 0.5]), 100.0, UNITS[[0, 0, 50, 50, 90]], 0)
    assert narrow.limits == ("The 90 % interval held the true life of 0 % of held-out rows only: it is too narrow.",)


def sharp_answers(right: float) -> HeldOutAnswers:
    """Probabilities of 2 % and 98 % in turn, of which the share ``right`` (a multiple of 0.05) points the right way; all alarm."""
    number = np.arange(len(UNITS))
    high = number % 2 == 1
    truth = (high == (number // 2 % 20 < 20 * right)).astype(float)
    return HeldOutAnswers(truth, np.where(high, 0.98, 0.02), np.ones(len(UNITS), dtype=bool), UNITS)


def test_alarms_that_are_often_wrong_are_a_limit_of_use():
    often = sharp_answers(0.95)
    judged = judge_health({"critical": often, "warning": often}, None, 0, ["warning"])
    assert judged.limits == (
        "No skill on the warning horizon: the population's rate is answered there.",
        "Of held-out rows with an alarm on the critical horizon 50 % were right; the goal is over 90 %.",
    )
    sure = HeldOutAnswers(often.truth, often.probability, often.truth > 0, often.groups)
    assert judge_health({"critical": sure}, None, 0).limits == ()


def test_a_horizon_little_better_than_the_base_rate_is_a_limit_of_use(answers):
    """Answers that are right on average but say little must not pass for a forecast."""
    little = judge_health({"degrading": answers}, None, 0).limits
    skill = answers.figures()["brier_skill"]
    assert 0.1 < skill < 0.3
    assert little[0].startswith(
        f"Only somewhat better than the base rate on the degrading horizon: skill {skill:.2f}, 95 %"
    )
    assert "the goal is 0.3" in little[0]


def test_a_horizon_that_no_data_show_to_be_better_than_the_base_rate_says_so(answers):
    rng = np.random.default_rng(1)
    noise = rng.uniform(0.1, 0.3, len(UNITS))
    chance = HeldOutAnswers((rng.uniform(size=len(UNITS)) < 0.2).astype(float), noise, noise > 2, UNITS)
    said = judge_health({"degrading": chance}, None, 0).limits
    assert said[0].startswith("Not shown to be better than the base rate on the degrading horizon: skill ")
    assert said[0].endswith("Do not act on its probabilities alone.")


def test_probabilities_that_are_far_from_what_came_are_a_limit_of_use():
    off = sharp_answers(0.85)
    said = judge_health({"degrading": off}, None, 0).limits
    assert said[0] == (
        "Probabilities on the degrading horizon were off by 12 points on average on held-out machines; the goal is at most 5."
    )


def test_area_under_the_curve_agrees_with_scikit_learn(answers):
    from sklearn.metrics import roc_auc_score

    rounded = answers.probability.round(1)
    assert roc_auc(answers.truth, rounded) == pytest.approx(roc_auc_score(answers.truth, rounded))
    assert np.isnan(roc_auc([1, 1], [0.2, 0.3]))


def test_a_diagnosis_is_judged_by_its_probabilities_over_the_base_rates():
    modes = ["bearing_wear", "imbalance", "unknown"]
    truth = np.resize(np.array(modes, dtype=object), len(UNITS))
    perfect = np.eye(3)[[modes.index(name) for name in truth]]
    base = np.full((len(truth), 3), 1 / 3)

    def judged(probability):
        judgement = judge_diagnosis(truth, truth, UNITS, 0, modes=modes, probability=probability, base=base)
        return {one.name: one.value for one in judgement.figures}

    assert judged(perfect) == pytest.approx({"accuracy": 1, "macro_f1": 1, "brier_skill": 1, "ece": 0})
    assert judged(base)["brier_skill"] == pytest.approx(0)
    assert judged(0.7 * perfect + 0.1)["ece"] == pytest.approx(0.2)
