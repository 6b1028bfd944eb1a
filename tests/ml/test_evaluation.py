"""The evaluation document: intervals over units, calibration by equal mass, states, errors by life."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.ml.evaluation import (
    calibration_curve,
    confusion,
    errors_by_life,
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


def test_alarms_that_are_often_wrong_are_a_limit_of_use(answers):
    judged = judge_health({"critical": answers, "warning": answers}, None, 0, ["warning"])
    right = 100 * answers.figures()["precision"]
    assert judged.limits == (
        "No skill on the warning horizon: the population's rate is answered there.",
        f"Of held-out rows with an alarm on the critical horizon {right:.0f} % were right; the goal is over 90 %.",
    )
    sure = HeldOutAnswers(answers.truth, answers.probability, answers.truth > 0, answers.groups)
    assert judge_health({"critical": sure}, None, 0).limits == ()


def test_area_under_the_curve_agrees_with_scikit_learn(answers):
    from sklearn.metrics import roc_auc_score

    rounded = answers.probability.round(1)
    assert roc_auc(answers.truth, rounded) == pytest.approx(roc_auc_score(answers.truth, rounded))
    assert np.isnan(roc_auc([1, 1], [0.2, 0.3]))
