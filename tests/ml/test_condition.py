"""The condition classifier: what it refuses, what it combines, and how well it knows how sure it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import CorruptArtifact, InputError, NotEnoughData
from workbench.ml.condition import ConditionClassifier


def data(rows=400, seed=0, runs=40):
    """Two signals that tell the class only together, drift that tells nothing, a dead sensor; runs of one class."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(runs), rows // runs)
    y = np.array(["good", "worn", "bad"])[groups % 3]
    drift = np.repeat(rng.normal(0, 10, runs), rows // runs) + rng.normal(0, 0.5, len(groups))
    level = 1.5 * (groups % 3)
    X = pd.DataFrame(
        {
            "first": drift + level + rng.normal(0, 0.3, len(groups)),
            "second": drift - level + rng.normal(0, 0.3, len(groups)),
            "noise": rng.normal(size=len(groups)),
            "dead": np.nan,
        }
    )
    X.loc[rng.random(len(X)) < 0.03, "noise"] = np.nan
    return X, y, groups


def fit(X, y, groups, **changes):
    return ConditionClassifier(**({"trees": 15, "n_splits": 3} | changes)).fit(X, y, groups=groups)


@pytest.fixture(scope="module")
def fitted():
    return fit(*data())


def test_it_sees_through_what_moves_all_signals_alike(fitted):
    X, y, _ = data(seed=5)
    assert (fitted.predict(X) == y).mean() > 0.9
    assert fitted.shares_["discriminant"] >= 0.5
    assert sum(fitted.shares_.values()) == pytest.approx(1.0)


def test_probabilities_sum_to_one_and_are_as_sure_as_they_should_be(fitted):
    X, y, _ = data(seed=6)
    probability = fitted.predict_proba(X)
    assert probability.shape == (400, 3)
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert list(fitted.classes_) == ["bad", "good", "worn"]
    right = fitted.predict(X) == y
    assert abs(probability.max(axis=1).mean() - right.mean()) < 0.07


def test_labels_without_any_sense_get_no_confidence():
    X, _, groups = data()
    y = np.random.default_rng(3).integers(0, 2, 40)[groups]
    probability = fit(X[["noise"]], y, groups).predict_proba(data(seed=9)[0][["noise"]])
    assert np.abs(probability[:, 1] - y.mean()).mean() < 0.2


def test_a_miss_that_costs_more_lowers_the_threshold():
    X, y, groups = data()
    failed = (y == "bad") ^ (np.random.default_rng(0).random(len(y)) < 0.1)
    by_f1 = fit(X, failed, groups)
    assert 0 < by_f1.threshold_ < 1
    dear, cheap = fit(X, failed, groups, miss_cost=50.0), fit(X, failed, groups, miss_cost=0.2)
    assert dear.threshold_ < cheap.threshold_
    assert dear.predict(X).sum() > cheap.predict(X).sum()
    with pytest.raises(InputError, match="miss_cost is 0"):
        ConditionClassifier(miss_cost=0)


def test_groups_never_lie_on_both_sides_of_an_inner_fold():
    """A column that names the run is useless for runs held out; held-out answers must show that."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(60), 8)
    y = rng.integers(0, 2, 60)[groups]
    X = pd.DataFrame({"name_of_run": groups + rng.normal(0, 0.01, len(groups)), "noise": rng.normal(size=len(groups))})
    told, untold = fit(X, y, groups), fit(X, y, None)
    assert ((told.held_out_[:, 1] > 0.5) == y).mean() < 0.65
    assert ((untold.held_out_[:, 1] > 0.5) == y).mean() > 0.75


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda X, y, g: (X[:30], y[:30], g[:30]), "at least 50 samples"),
        (lambda X, y, g: (X * np.nan, y, g), "Every feature is empty"),
        (lambda X, y, g: (X, np.full(len(y), "good"), g), "at least two classes"),
        (lambda X, y, g: (X, np.where(np.arange(len(y)) < 3, "rare", "good"), g), "5 rows each"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(change, told):
    with pytest.raises(NotEnoughData, match=told):
        fit(*change(*data()))


def test_unknown_missing_and_wrong_columns_are_named(fitted):
    X, y, groups = data()
    with pytest.raises(InputError, match="unknown: stranger"):
        fitted.predict_proba(X.assign(stranger=1.0))
    with pytest.raises(InputError, match="missing: second"):
        fitted.predict_proba(X.drop(columns="second"))
    with pytest.raises(InputError, match="not a number"):
        fit(X.assign(noise="loud"), y, groups)
    with pytest.raises(InputError, match="infinite"):
        fit(X.assign(noise=np.inf), y, groups)
    with pytest.raises(InputError, match="one value per row"):
        fit(X, y[1:], groups)
    with pytest.raises(NotEnoughData, match="not fitted"):
        ConditionClassifier().predict_proba(X)


def test_same_seed_same_answers_whatever_the_order_of_columns(fitted):
    X, y, groups = data()
    before = X.copy()
    again = fit(X, y, groups)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X[X.columns[::-1]]))
    pd.testing.assert_frame_equal(X, before)


def test_a_sensor_may_fall_silent(fitted):
    answers = fitted.predict_proba(data(seed=2)[0].assign(second=np.nan))
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("groups", [True, False], ids=["grouped", "independent"])
def test_bytes_give_the_same_answers(groups):
    X, y, runs = data()
    model = fit(X[["noise", "first", "dead"]], y, runs if groups else None)
    loaded = ConditionClassifier.from_bytes(model.to_bytes())
    np.testing.assert_array_equal(
        loaded.predict_proba(X[["noise", "first", "dead"]]), model.predict_proba(X[["noise", "first", "dead"]])
    )
    payload = bytearray(model.to_bytes())
    payload[-100] ^= 0xFF
    with pytest.raises(CorruptArtifact):
        ConditionClassifier.from_bytes(bytes(payload))
