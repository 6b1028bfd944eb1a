"""Tests of the form that tells the last part of a life again."""

import numpy as np
import pandas as pd
import pytest

from workbench.ml import BlendedRul
from workbench.ml.near_end import NearEnd, fit_near_end

CAP = 125.0
STATS = ("mean5", "mean20", "slope30", "slope60")


def lives(units, *, seed, blur):
    """Machines that wear in one of two ways over their last 100 cycles; ``blur``: how badly the point tells it."""
    rng = np.random.default_rng(seed)
    tables, left, unit = [], [], []
    for number in range(units):
        life = int(rng.integers(130, 220))
        remaining = np.arange(life)[::-1].astype(float)
        worn = np.exp(-remaining / rng.uniform(18, 22)) * 8
        away = np.array([1.0, 0.8, 0.0]) if number % 2 else np.array([0.0, -0.8, 1.0])
        table = {"age": np.arange(life, dtype=float)}
        for place, sensor in enumerate(("s1", "s2", "s3")):
            for stat in STATS:
                table[f"{sensor}_{stat}"] = worn * away[place] + 0.2 * rng.normal(size=life)
        tables.append(pd.DataFrame(table))
        left.append(remaining)
        unit.append(np.full(life, f"m{number:02}", dtype=object))
    X, y, groups = pd.concat(tables, ignore_index=True), np.concatenate(left), np.concatenate(unit)
    point = np.clip(np.minimum(y, CAP) + blur * rng.normal(size=len(y)), 0, CAP)
    return X, np.minimum(y, CAP), groups, point


def fitted(X, y, groups, point):
    return fit_near_end(list(X.columns), X.to_numpy(), point, y, groups, cap=CAP, n_splits=5, seed=0)


def error(told, y, most):
    near = y <= most
    return float(np.sqrt(np.mean((told - y)[near] ** 2)))


@pytest.fixture(scope="module")
def form():
    made, _ = fitted(*lives(30, seed=0, blur=10.0))
    assert made is not None
    return made


def test_the_end_of_fresh_machines_is_told_better_and_what_lies_beyond_as_before(form):
    X, y, _, point = lives(20, seed=1, blur=10.0)
    told = form.refined(point, X.to_numpy())
    assert error(told, y, 30) < 0.6 * error(point, y, 30)
    beyond = point > 0.64 * CAP
    np.testing.assert_array_equal(told[beyond], point[beyond])
    assert ((told >= 0) & (told <= CAP)).all()


def test_what_is_said_of_training_machines_was_learned_without_them():
    X, y, groups, point = lives(30, seed=0, blur=10.0)
    made, told = fitted(X, y, groups, point)
    held_out, own = error(told, y, 30), error(made.refined(point, X.to_numpy()), y, 30)
    fresh = lives(30, seed=1, blur=10.0)
    assert held_out > own
    assert held_out == pytest.approx(error(made.refined(fresh[3], fresh[0].to_numpy()), fresh[1], 30), rel=0.2)


@pytest.mark.parametrize("columns", [["age"], ["age", *(f"s{k}_{stat}" for k in (1, 2, 3) for stat in STATS)]])
def test_where_nothing_is_gained_points_stay_as_they_are(columns):
    X, y, groups, point = lives(20, seed=0, blur=0.3)
    made, told = fitted(X[columns], y, groups, point)
    assert made is None
    np.testing.assert_array_equal(told, point)


def test_few_machines_get_no_form():
    assert fitted(*lives(6, seed=0, blur=10.0))[0] is None


def test_gaps_and_machines_of_unknown_age_are_told_too(form):
    X, y, _, point = lives(10, seed=2, blur=10.0)
    gaps = X.mask(np.random.default_rng(0).random(X.shape) < 0.1).assign(age=np.nan)
    told = form.refined(point, gaps.to_numpy())
    assert np.isfinite(told).all()
    assert error(told, y, 30) < error(point, y, 30)


def test_the_blend_tells_the_end_again_and_keeps_that(deep):
    X, y, groups, _ = lives(24, seed=0, blur=0.0)
    blend = BlendedRul(cap=CAP, iterations=12, epochs=2, n_splits=3).fit(X, y, groups=groups)
    assert isinstance(blend.near_end_, NearEnd)
    fresh, left, _, _ = lives(10, seed=3, blur=0.0)
    told = blend.predict(fresh)
    alone = blend.blend(fresh.to_numpy()[:, blend.used_])
    assert error(told[:, 0], left, 30) < error(alone, left, 30)
    assert ((told[:, 1] <= left) & (left <= told[:, 2])).mean() == pytest.approx(0.9, abs=0.07)
    again = BlendedRul.from_bytes(blend.to_bytes())
    np.testing.assert_array_equal(again.predict(fresh), told)
