"""Calibration of the health classifiers: what a horizon's curve looks at, and what it never does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.ml.health import BoostedHealth, apply_curve, fit_curve
from workbench.ml.metrics import equal_mass_ece


def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


@pytest.fixture(scope="module")
def margins():
    """A short horizon's log-odds, those of a longer one that are mostly noise, and outcomes that follow the short ones."""
    rng = np.random.default_rng(0)
    short = rng.normal(0, 2, 20_000)
    long = rng.normal(0, 2, 20_000)
    return np.column_stack([short, long]), (rng.uniform(size=20_000) < logistic(short + 0.2 * long)).astype(float)


def test_a_longer_horizon_learns_from_what_shows_already(margins):
    log_odds, y = margins
    curve = fit_curve(log_odds, y)
    assert curve == pytest.approx([1.0, 0.2, 0.0], abs=0.05)
    assert equal_mass_ece(y, apply_curve(log_odds, curve)) < 0.015
    alone = np.where([True, False], np.nan, log_odds)
    assert fit_curve(alone, y)[0] == 0.0
    assert apply_curve(alone, fit_curve(alone, y)) == pytest.approx(
        apply_curve(log_odds[:, 1:], fit_curve(log_odds[:, 1:], y))
    )


def test_more_of_a_margin_never_means_less_of_a_failure(margins):
    log_odds, y = margins
    assert fit_curve(log_odds * [1, -1], y)[:2] == pytest.approx([1.0, 0.0], abs=0.05)
    assert 0 < fit_curve(-log_odds[:, :1], y)[0] < 1e-3
    assert apply_curve(log_odds[:, :1], fit_curve(-log_odds[:, :1], y)) == pytest.approx(y.mean(), abs=0.01)


def test_a_silent_horizon_is_left_out_of_the_longer_ones_curves():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(600, 3)), columns=list("abc"))
    life = 60 + 30 * X["a"].to_numpy() + rng.normal(0, 8, 600)
    y = np.column_stack([life <= 40, life <= 60]).astype(float)
    model = BoostedHealth(iterations=20, n_splits=3).fit(X, y, groups=np.repeat([f"m{k}" for k in range(6)], 100))
    assert model.curves_[1][0] > 0
    model.silence(0, 0.01, y)
    assert model.curves_[1][0] == 0.0
    told = model.predict(X)
    assert (told[:, 0] == 0.01).all()
    assert np.isfinite(told).all()
    assert told[y[:, 1] == 1, 1].mean() > 0.7


def test_a_nearer_horizon_without_skill_raises_no_state():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(600, 3)), columns=list("abc"))
    life = 60 + 30 * X["a"].to_numpy() + rng.normal(0, 8, 600)
    y = np.column_stack([life <= end for end in (20, 40, 60, 80)]).astype(float)
    model = BoostedHealth(iterations=20, n_splits=3).fit(X, y, groups=np.repeat([f"m{k}" for k in range(6)], 100))
    model.silence(0, 0.2, y)
    told = model.predict(X)
    assert (told[life > 100, 1] < 0.1).all(), "those of the states say what readings tell"
    assert (told[:, 0] == np.minimum(0.2, told[:, 1])).all()
    assert (np.diff(told, axis=1) >= 0).all()
