"""One suite over every estimator: checks, determinism, bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from workbench.errors import CorruptArtifact, InputError, NotEnoughData
from workbench.ml import (
    BlendedRul,
    BoostedDiagnoser,
    BoostedHealth,
    BoostedRul,
    ConditionClassifier,
    DegradationLife,
    IsolationAnomaly,
    NetworkRul,
    SubspaceAnomaly,
)
from workbench.ml.anomaly import AutoencoderAnomaly
from workbench.ml.models import ESTIMATORS
from workbench.ml.serialize import MARK, pack, unpack
from workbench.ml.survival import HazardSurvival


def data(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    remaining = rng.uniform(0, 200, rows)
    X = pd.DataFrame(
        {
            "wear": 200 - remaining + rng.normal(0, 15, rows),
            "side": rng.normal(0, 1, rows),
            "noise": rng.normal(0, 1, rows),
            "dead": np.full(rows, np.nan),
        }
    )
    X.loc[rng.random(rows) < 0.05, "wear"] = np.nan
    groups = np.array([f"unit{k % 12}" for k in range(rows)], dtype=object)
    return X, remaining, groups


def fit_health(X, remaining, groups):
    y = np.column_stack([(remaining <= h).astype(float) for h in (20, 60, 150)])
    return BoostedHealth(iterations=20).fit(X, y, groups=groups)


def fit_rul(X, remaining, groups):
    return BoostedRul(cap=125, iterations=20).fit(X, remaining, groups=groups)


def fit_anomaly(X, remaining, groups):
    return IsolationAnomaly(trees=20).fit(X, groups=groups, hours=np.arange(len(X), dtype=float))


def fit_subspace(X, remaining, groups):
    return SubspaceAnomaly().fit(X, groups=groups, hours=np.arange(len(X), dtype=float))


def fit_diagnosis(X, remaining, groups):
    cause = np.where(np.asarray(X["side"]) > 0, "bearing_wear", "imbalance").astype(object)
    episodes = np.array([f"{g}-{c}" for g, c in zip(groups, cause, strict=True)])
    return BoostedDiagnoser(iterations=15).fit(X, cause, groups=groups, episodes=episodes)


def fit_network(X, remaining, groups):
    return NetworkRul(cap=125, epochs=3, n_splits=2).fit(X, remaining, groups=groups)


def fit_blend(X, remaining, groups):
    return BlendedRul(cap=125, iterations=5, epochs=5, n_splits=2).fit(X, remaining, groups=groups)


def fit_degradation(X, remaining, groups):
    return DegradationLife(n_splits=4).fit(X, remaining, groups=groups)


def fit_survival(X, remaining, groups):
    return HazardSurvival(n_splits=2).fit(X, remaining + 1.0, np.ones(len(X)), groups=groups)


def fit_autoencoder(X, remaining, groups):
    return AutoencoderAnomaly(iterations=20).fit(X, groups=groups, hours=np.arange(len(X), dtype=float))


def fit_condition(X, remaining, groups):
    worn = np.digitize(remaining, [60, 130])
    return ConditionClassifier(trees=8, n_splits=2).fit(X, worn, groups=groups)


LIVES = [fit_rul, fit_network, fit_blend, fit_degradation, fit_survival]
ANOMALIES = [fit_anomaly, fit_subspace, fit_autoencoder]
FITS = [fit_health, *LIVES, *ANOMALIES, fit_diagnosis, fit_condition]
WITH_TORCH = (fit_network, fit_blend, fit_autoencoder)


@pytest.fixture(scope="module", params=FITS, ids=lambda f: f.__name__)
def fit(request):
    if request.param in WITH_TORCH:
        request.getfixturevalue("deep")
    return request.param


@pytest.fixture(scope="module")
def fitted(fit):
    return fit(*data())


def test_fitting_marks_the_estimator(fitted):
    assert fitted.is_fitted
    assert fitted.feature_names_ == ("wear", "side", "noise", "dead")
    assert not type(fitted)(**fitted.params()).is_fitted


def test_predicting_before_fitting_is_refused(fitted):
    with pytest.raises(NotEnoughData, match="not fitted"):
        type(fitted)(**fitted.params()).predict(data()[0])


def test_column_order_does_not_matter(fitted):
    X = data(50, 1)[0]
    np.testing.assert_array_equal(fitted.predict(X), fitted.predict(X[["noise", "dead", "wear", "side"]]))


def test_unknown_and_missing_columns_are_named(fitted):
    X = data(50, 1)[0]
    with pytest.raises(InputError, match="unknown: stranger"):
        fitted.predict(X.assign(stranger=1.0))
    with pytest.raises(InputError, match="missing: side"):
        fitted.predict(X.drop(columns="side"))


def test_too_few_rows_are_refused(fit):
    X, remaining, groups = data(15)
    with pytest.raises(NotEnoughData, match=r"at least \d+ samples, got 15"):
        fit(X, remaining, groups)


def test_nothing_but_gaps_is_refused(fit):
    X, remaining, groups = data()
    with pytest.raises(NotEnoughData):
        fit(
            X * np.nan if fit is not fit_diagnosis else X.assign(wear=np.nan, noise=np.nan, side=np.nan),
            remaining,
            groups,
        )


def test_sensors_that_stand_still_are_answered_or_refused_in_words(fit):
    X, remaining, groups = data()
    still = X.assign(wear=1.0, side=2.0, noise=0.0)
    try:
        reason, answers = "", fit(still, remaining, groups).predict(still)
    except NotEnoughData as refusal:
        reason, answers = str(refusal), np.zeros(1)
    assert not reason or any(words in reason for words in ("No feature ever changes", "failure modes needed"))
    assert np.isfinite(answers).all()


def test_text_and_infinity_are_refused(fit):
    X, remaining, groups = data()
    with pytest.raises(InputError, match="not a number"):
        fit(X.assign(noise="abc"), remaining, groups)
    with pytest.raises(InputError, match="infinite"):
        fit(X.assign(noise=np.inf), remaining, groups)


def test_sensors_may_fall_silent(fitted):
    answers = fitted.predict(data(50, 1)[0].assign(wear=np.nan))
    assert np.isfinite(answers).all()


def test_same_seed_same_answers(fit, fitted):
    X = data(50, 1)[0]
    np.testing.assert_array_equal(fit(*data()).predict(X), fitted.predict(X))


def test_inputs_are_left_alone(fit):
    X, remaining, groups = data()
    before = X.copy()
    fit(X, remaining, groups).predict(X)
    pd.testing.assert_frame_equal(X, before)


def test_bytes_give_the_same_answers(fitted):
    X = data(50, 1)[0]
    again = type(fitted).from_bytes(fitted.to_bytes())
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    assert again.params() == fitted.params()


def test_bytes_of_another_estimator_are_refused(fitted):
    other = BoostedRul if not isinstance(fitted, BoostedRul) else IsolationAnomaly
    with pytest.raises(CorruptArtifact, match="not a"):
        other.from_bytes(fitted.to_bytes())


@pytest.mark.parametrize("place", [2, 50, -100])
def test_changed_bytes_are_refused(fitted, place):
    payload = bytearray(fitted.to_bytes())
    payload[place] ^= 0xFF
    with pytest.raises(CorruptArtifact):
        type(fitted).from_bytes(bytes(payload))


@pytest.mark.parametrize("fit", ANOMALIES, ids=lambda f: f.__name__)
def test_times_that_run_back_are_refused(fit, request):
    if fit in WITH_TORCH:
        request.getfixturevalue("deep")
    X, remaining, groups = data(100)
    detector = type(fit(X, remaining, groups))()
    with pytest.raises(InputError, match="not in ascending order"):
        detector.fit(X, groups=groups, hours=np.arange(100.0)[::-1])


def test_every_estimator_of_the_registry_is_in_the_suite(deep):
    assert {type(fit(*data())).__name__ for fit in FITS} >= set(ESTIMATORS)


def test_foreign_types_are_refused():
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    assert unpack(pack({"model": model}))["model"].coef_[0] == pytest.approx(1.0)
    with pytest.raises(CorruptArtifact, match="not allowed"):
        unpack(pack({"model": Foreign()}))


class Foreign:
    """A type that no model of ours holds."""

    def __init__(self):
        self.value = 1


def test_pickle_and_bare_skops_are_refused():
    import pickle

    for payload in (pickle.dumps({"state": {}}), skops.io.dumps({"state": {}}), b"", MARK):
        with pytest.raises(CorruptArtifact):
            unpack(payload)


def test_health_probabilities_never_fall_along_horizons():
    model = fit_health(*data())
    X, remaining, _ = data(400, 2)
    within = model.predict(X)
    assert (np.diff(within, axis=1) >= 0).all()
    states = model.states(X)
    np.testing.assert_allclose(states.sum(axis=1), 1.0)
    assert within[remaining < 10, 0].mean() > within[remaining > 100, 0].mean() + 0.3


@pytest.mark.parametrize("fit", [fit_rul, fit_network, fit_blend], ids=lambda f: f.__name__)
def test_the_distribution_of_life_agrees_with_its_interval(fit, request):
    if fit in WITH_TORCH:
        request.getfixturevalue("deep")
    model = fit(*data())
    X = data(60, 4)[0]
    within = np.column_stack([model.probability_within(X, horizon) for horizon in range(126)])
    assert ((within >= 0) & (within <= 1)).all()
    assert (np.diff(within, axis=1) >= 0).all()
    _, lower, upper = model.predict(X).T
    horizons = np.arange(126)
    for row in range(len(X)):
        assert (within[row][horizons < lower[row]] <= 0.05 + 1e-9).all()
        assert (within[row][(horizons >= upper[row]) & (upper[row] < 125)] >= 0.95 - 1e-9).all()
    for horizon in (-1.0, 126.0):
        with pytest.raises(InputError, match="horizon"):
            model.probability_within(X, horizon)


def test_life_interval_holds_nine_of_ten():
    model = fit_rul(*data(1200))
    X, remaining, _ = data(1000, 3)
    answer = model.predict(X)
    assert (answer[:, 1] <= answer[:, 0]).all()
    assert (answer[:, 0] <= answer[:, 2]).all()
    covered = (remaining >= answer[:, 1]) & ((remaining <= answer[:, 2]) | (answer[:, 2] >= 125))
    assert 0.85 <= covered.mean() <= 0.98


def test_anomaly_scores_rise_with_distance():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(500, 3)), columns=list("abc"))
    model = IsolationAnomaly().fit(
        X, groups=np.repeat(list("uvwxy"), 100).astype(object), hours=np.tile(np.arange(100.0), 5)
    )
    scores = model.predict(pd.DataFrame([[0.0] * 3, [3.0] * 3, [9.0] * 3], columns=list("abc")))
    assert scores[0] < 0.1 < scores[1] <= scores[2] <= 1.0
    assert scores[2] > model.threshold_


def test_anomaly_forest_equals_scikit_learn():
    from sklearn.ensemble import IsolationForest

    X = np.random.default_rng(1).normal(size=(400, 4))
    model = IsolationAnomaly(seed=4, trees=30)
    forest = IsolationForest(n_estimators=30, max_samples=256, random_state=4).fit(X)
    model._pack(forest)
    np.testing.assert_allclose(model._raw(X), -forest.score_samples(X), atol=1e-9)


def test_diagnosis_sums_to_one_and_names_unknown():
    model = fit_diagnosis(*data())
    answer = model.predict(data(100, 5)[0])
    np.testing.assert_allclose(answer.sum(axis=1), 1.0)
    assert model.modes_[-1] == "unknown"
    assert (answer[:, -1] > 0).all()


def test_diagnosis_needs_five_episodes_of_two_modes():
    X, _, groups = data()
    cause = np.where(groups == "unit1", "rare", "bearing_wear").astype(object)
    with pytest.raises(NotEnoughData, match="5 labelled episodes"):
        BoostedDiagnoser().fit(X, cause, groups=groups, episodes=groups.astype(str))
