"""Few rows through flat trees: the very numbers that scikit-learn gives, gaps, ties and all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from workbench.domain.predictions import Task
from workbench.ml.trees import FEW_ROWS, raw_predictions

SETTINGS = {"max_iter": 12, "max_leaf_nodes": 9, "max_bins": 31, "min_samples_leaf": 5, "early_stopping": False}


def rows(count, seed=0):
    """Rows with gaps, repeated values (so that some stand on a threshold) and one empty column."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(count, 6)).round(1)
    matrix[rng.random(matrix.shape) < 0.15] = np.nan
    matrix[:, 5] = 0.0
    return matrix


@pytest.fixture(scope="module")
def target():
    return np.nan_to_num(rows(400)[:, 0]) + np.nan_to_num(rows(400)[:, 1]) ** 2


def sklearn_raw(booster, matrix):
    return np.asarray(booster._raw_predict(matrix))


def boosters(target):
    few = np.digitize(target, np.quantile(target, [0.3, 0.7]))
    return {
        "regressor": HistGradientBoostingRegressor(**SETTINGS).fit(rows(400), target),
        "two classes": HistGradientBoostingClassifier(**SETTINGS).fit(rows(400), target > 0.5),
        "three classes": HistGradientBoostingClassifier(**SETTINGS).fit(rows(400), few),
    }


@pytest.mark.parametrize("kind", ["regressor", "two classes", "three classes"])
@pytest.mark.parametrize("count", [1, FEW_ROWS, FEW_ROWS + 1])
def test_raw_predictions_are_those_of_scikit_learn_to_the_last_digit(target, kind, count):
    booster = boosters(target)[kind]
    matrix = rows(count, seed=7)
    assert (raw_predictions([booster], matrix) == sklearn_raw(booster, matrix)).all()


def test_several_boosters_stand_side_by_side(target):
    several = list(boosters(target).values())
    matrix = rows(9, seed=3)
    matrix[0] = np.nan
    expected = np.hstack([sklearn_raw(booster, matrix) for booster in several])
    assert expected.shape == (9, 5)
    assert (raw_predictions(several, matrix) == expected).all()


def test_no_row_gives_no_answer(target):
    assert raw_predictions([boosters(target)["three classes"]], np.empty((0, 6))).shape == (0, 3)


@pytest.mark.parametrize("task", [Task.HEALTH, Task.RUL, Task.DIAGNOSIS, Task.ANOMALY], ids=str)
def test_a_row_alone_gets_the_answer_that_it_gets_among_many(models, task):
    bundle = next(b for b in models.bundles if b.task is task)
    names = list(bundle.estimator.feature_names_)
    rng = np.random.default_rng(1)
    values = rng.normal(size=(FEW_ROWS + 10, len(names))).round(2)
    values[rng.random(values.shape) < 0.1] = np.nan
    table = pd.DataFrame(values, columns=names)
    alone = np.concatenate([bundle.estimator.predict(table.iloc[[k]]) for k in range(5)])
    np.testing.assert_array_equal(alone, bundle.estimator.predict(table)[:5])
