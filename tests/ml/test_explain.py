"""Explanations: parts that add up to what the very model computed, in words, whatever the values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.domain.equipment import LifeUnit
from workbench.domain.explanations import Explanation, FeatureContribution, SourceContribution, signed
from workbench.domain.predictions import Horizons, Task
from workbench.errors import EnvironmentFailure, InputError, NotEnoughData
from workbench.ml import (
    AutoencoderAnomaly,
    BoostedDiagnoser,
    BoostedHealth,
    BoostedRul,
    Bundle,
    DegradationLife,
    IsolationAnomaly,
    Models,
    SubspaceAnomaly,
    predict_machine,
    samples,
)
from workbench.ml.condition import ConditionClassifier
from workbench.ml.explain import Meaning, explain_machine, explain_model, integrated_gradients, margins, trees
from workbench.ml.explain.names import read_feature, tell
from workbench.ml.families import degradation_features
from workbench.ml.spec import CYCLES, HOURLY, FeatureSpec

MEANING = Meaning(Horizons(critical=15, warning=50, degrading=125), LifeUnit.CYCLE)
NAMES = ["a_mean5", "b_mean5", "c_mean5", "d_mean5", "constant"]


def table(rows=240, seed=0):
    """Features with gaps; the first two tell the life left, the last one is constant."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, len(NAMES)))
    life = np.clip(60 + 25 * X[:, 0] - 15 * X[:, 1] + rng.normal(0, 4, rows), 1, None)
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, -1] = 1.0
    groups = np.array([f"unit{k % 12}" for k in range(rows)], dtype=object)
    return pd.DataFrame(X, columns=NAMES), life, groups


def adds_up(part):
    return np.abs(part.base + part.contributions.sum(axis=1) - part.margin).max()


def test_health_adds_up_to_the_log_odds_of_the_very_boosters(explaining):
    X, life, groups = table()
    y = np.column_stack([life <= 15, life <= 50, life <= 125]).astype(float)
    model = BoostedHealth(iterations=20, n_splits=2).fit(X, y, groups=groups)
    found = margins(model, X, MEANING)
    used = X.to_numpy()[:, model.used_]
    boosters = [booster for booster in model.boosters_ if booster is not None]
    assert len(found) == len(boosters) >= 2
    for part, booster in zip(found, boosters, strict=True):
        assert adds_up(part) < 1e-9
        np.testing.assert_array_equal(part.margin, booster.decision_function(used))
        assert not part.contributions[:, -1].any(), "a constant column cannot add anything"
    answers = np.column_stack([part.answer for part in found])
    np.testing.assert_allclose(answers[:, 0], model.predict(X)[:, 0], atol=1e-9)
    assert found[1].output == "failure within 50 cycles"
    assert "calibrated" in found[0].to_answer


def test_life_adds_up_before_it_is_clipped(explaining):
    X, life, groups = table()
    model = BoostedRul(cap=70, iterations=20, n_splits=2).fit(X, life, groups=groups)
    (part,) = margins(model, X, MEANING)
    assert adds_up(part) < 1e-9
    np.testing.assert_allclose(part.margin, model.booster_.predict(X.to_numpy()[:, model.used_]), atol=1e-12)
    np.testing.assert_allclose(part.answer, model.predict(X)[:, 0], atol=1e-6)
    assert part.units == "cycles"
    assert np.abs(part.contributions).mean(axis=0).argmax() == 0


@pytest.mark.parametrize("modes", [2, 3])
def test_each_failure_mode_adds_up(explaining, modes):
    X, life, groups = table()
    y = np.digitize(life, np.quantile(life, [0.5] if modes == 2 else [0.33, 0.66])).astype(str).astype(object)
    model = BoostedDiagnoser(iterations=10).fit(X, y, groups=groups, episodes=groups + "_" + y)
    found = margins(model, X, MEANING)
    assert [part.output for part in found] == [f"failure mode {name}" for name in model.booster_.classes_]
    assert all(adds_up(part) < 1e-9 for part in found)
    raw = model.booster_.decision_function(X.to_numpy()[:, model.used_])
    np.testing.assert_allclose(found[-1].margin, raw if modes == 2 else raw[:, -1], atol=1e-12)
    np.testing.assert_allclose(sum(part.answer for part in found), 1 - model.predict(X)[:, -1], atol=1e-9)


def test_isolation_adds_up_and_a_large_deviation_is_its_features_alone(explaining):
    X, _, groups = table()
    order = np.argsort(groups, kind="stable")
    X, groups = X.iloc[order].reset_index(drop=True), groups[order]
    model = IsolationAnomaly(trees=20).fit(X, groups=groups, hours=np.arange(len(X), dtype=float))
    far = X.copy()
    far.iloc[0, 2] = 30.0
    isolation, deviation = margins(model, far, MEANING)
    assert adds_up(isolation) < 1e-9
    np.testing.assert_allclose(isolation.margin, np.log2(model._raw(np.nan_to_num(far.to_numpy()))), atol=1e-12)
    assert adds_up(deviation) == 0
    assert deviation.decides[0]
    assert deviation.contributions[0].nonzero()[0].tolist() == [2]
    np.testing.assert_array_equal(isolation.decides, ~deviation.decides)


def test_a_restored_forest_is_explained_alike(explaining):
    X, _, groups = table(120)
    groups = np.sort(groups)
    model = IsolationAnomaly(trees=10).fit(X, groups=groups, hours=np.arange(len(X), dtype=float))
    again = IsolationAnomaly.from_bytes(model.to_bytes())
    for one, other in zip(margins(model, X, MEANING), margins(again, X, MEANING), strict=True):
        np.testing.assert_array_equal(one.contributions, other.contributions)


def test_a_model_without_a_known_way_is_refused():
    X, life, groups = table(120)
    y = np.where(life > 60, "good", "worn").astype(object)
    model = ConditionClassifier(trees=5).fit(X, y, groups=groups)
    with pytest.raises(InputError, match="ConditionClassifier cannot be explained"):
        margins(model, X, MEANING)


@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 100.0))
@settings(max_examples=25, deadline=None)
def test_a_line_on_the_root_of_life_adds_up_in_life_units(seed, scale):
    X, life, groups = table(60, seed)
    model = DegradationLife(cap=90.0, n_splits=3).fit(X, life, groups=groups)
    far = X * scale
    (part,) = margins(model, far, MEANING)
    assert adds_up(part) < 1e-9 * max(part.margin.max(), 1.0)
    np.testing.assert_allclose(part.answer, model.predict(far)[:, 0], atol=1e-9)
    (at_mean,) = margins(model, far * np.nan, MEANING)
    assert not at_mean.contributions.any()
    np.testing.assert_allclose(at_mean.margin, part.base)
    assert not part.contributions[:, -1].any(), "a constant column cannot add anything"


def test_a_line_on_the_root_of_life_names_what_wears():
    X, life, groups = table()
    (part,) = margins(DegradationLife(cap=90.0).fit(X, life, groups=groups), X.assign(a_mean5=-2.0), MEANING)
    assert (part.contributions[:, 0] < 0).all()
    assert np.abs(part.contributions).mean(axis=0).argmax() == 0
    gone = X.assign(a_mean5=-50.0, b_mean5=0.0, c_mean5=0.0, d_mean5=0.0)
    (part,) = margins(DegradationLife(cap=90.0).fit(X, life, groups=groups), gone, MEANING)
    np.testing.assert_allclose(part.contributions[:, 0], -part.base, rtol=0.2)
    assert not part.answer.any()


@pytest.mark.parametrize("detector", ["subspace", "autoencoder"])
def test_the_index_of_a_detector_is_the_sum_of_its_parts_and_a_shifted_sensor_has_the_largest(request, detector):
    if detector == "autoencoder":
        request.getfixturevalue("deep")
    rng = np.random.default_rng(0)
    hidden, mixing = rng.normal(size=(600, 2)), rng.normal(size=(2, 6))
    X = pd.DataFrame(hidden @ mixing + 0.1 * rng.normal(size=(600, 6)), columns=[f"s{k}" for k in range(6)])
    model = SubspaceAnomaly() if detector == "subspace" else AutoencoderAnomaly(iterations=200)
    model.fit(X, groups=np.sort([f"block{k % 5}" for k in range(600)]), hours=np.arange(600.0))
    named = []
    for sensor in X.columns:
        (part,) = margins(model, X.iloc[:40].assign(**{sensor: X[sensor].iloc[:40] + 6 * X[sensor].std()}), MEANING)
        assert adds_up(part) < 1e-6 * part.margin.max()
        assert (part.contributions >= 0).all()
        named += list(part.contributions.argmax(axis=1) == X.columns.get_loc(sensor))
    assert np.mean(named) > 0.8
    (part,) = margins(model, X, MEANING)
    assert part.method == "index_parts"
    np.testing.assert_array_equal(part.answer, model.score(X))


def test_network_and_blend_add_up(explaining, deep):
    from workbench.ml.ensemble import BlendedRul
    from workbench.ml.near_end import NearEnd
    from workbench.ml.network import NetworkRul

    X, life, groups = table(80)
    network = NetworkRul(cap=100, epochs=1, hidden=8, n_splits=2).fit(X, life, groups=groups)
    (part,) = margins(network, X.iloc[:5], MEANING)
    assert part.method == "integrated_gradients"
    assert adds_up(part) < 1e-6
    np.testing.assert_allclose(part.answer, network.predict(X.iloc[:5])[:, 0], atol=1e-6)
    blend = BlendedRul(cap=100, epochs=1, iterations=5, n_splits=2).fit(X, life, groups=groups)
    blend.network_, blend.share_ = network, 0.3
    rng = np.random.default_rng(0)
    size = len(blend.used_)
    mix, terms = rng.normal(size=(size, 2)), rng.normal(size=9)
    near_end = NearEnd(100.0, rng.normal(size=size), mix, np.array([40.0, 0.0, 0.0]), np.full(3, 20.0), 5 * terms)
    for form in (None, near_end):
        blend.near_end_ = form
        (part,) = margins(blend, X.iloc[:40], MEANING)
        assert adds_up(part) < 1e-6
        np.testing.assert_allclose(part.answer, blend.predict(X.iloc[:40])[:, 0], atol=1e-6)
        np.testing.assert_allclose(np.clip(part.margin, 0, 100), part.answer, atol=1e-6)


def test_integrated_gradients_are_complete_and_blind_to_what_does_not_count(deep):
    import torch

    torch.manual_seed(0)
    layers = (torch.nn.Flatten(), torch.nn.Linear(12, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    network = torch.nn.Sequential(*layers).double().eval()
    with torch.no_grad():
        layers[1].weight[:, 5] = 0.0
    row, baseline = np.random.default_rng(0).normal(size=(4, 3)), np.zeros((4, 3))
    found = integrated_gradients(network, row, baseline)
    assert found.contributions.shape == (4, 3)
    assert abs(found.gap) < 1e-3
    assert abs(integrated_gradients(network, row, baseline, points=2048).gap) < 1e-6
    assert found.margin == pytest.approx(network(torch.tensor(row[None])).item())
    assert found.contributions.reshape(-1)[5] == 0
    assert integrated_gradients(network, baseline, baseline).contributions.any() == np.False_
    linear = integrated_gradients(lambda x: (x * torch.arange(12.0).reshape(4, 3)).sum((1, 2)), row, baseline)
    np.testing.assert_allclose(linear.contributions, row * np.arange(12.0).reshape(4, 3), atol=1e-9)


def test_integrated_gradients_tell_where_they_cannot_be_complete(deep):
    import torch

    with pytest.raises(InputError, match="miss the change of the output"):
        integrated_gradients(lambda x: 5 * (x.sum(1) > 0.3) + 0 * x.sum(1), np.ones(2), np.zeros(2))
    with pytest.raises(InputError, match="one shape and no missing value"):
        integrated_gradients(torch.nn.Linear(2, 1), np.array([np.nan, 1.0]), np.zeros(2))


def test_a_missing_extra_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "shap", None)
    with pytest.raises(EnvironmentFailure, match=r"predictive-maintenance-workbench\[explain\]"):
        trees.shap_module()


# -- one machine ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def failing(small_fleet):
    """The machine that is 60 h before a failure by imbalance."""
    return small_fleet[7]


@pytest.fixture(scope="module")
def explained(explaining, failing, models, build_machine):
    prediction = predict_machine(failing, models, as_of=build_machine.end(failing))
    return prediction, explain_machine(failing, models, prediction)


def test_a_machine_is_explained_by_its_sensors(explained):
    prediction, found = explained
    health = [one for one in found if one.task is Task.HEALTH]
    assert health
    assert [one.rank for one in health] == list(range(len(health)))
    for one in found:
        assert one.prediction_id == prediction.prediction_id
        assert {"vibration_mm_s", "bearing_temp_C"} <= {source.source for source in one.sources}
    last = health[-1]
    assert last.sources[0].source == "vibration_mm_s"
    assert last.sources[0].is_sensor
    assert last.sources[0].contribution > 0
    assert any("vibration_mm_s" in line and "to the log-odds of failure within" in line for line in last.in_words())


def test_life_by_a_line_is_explained_by_the_sensors_near_their_limits(small_fleet, models, failing, build_machine):
    health = models.pick(Task.HEALTH, failing.profile)
    known = samples(small_fleet, health.spec, every=12)
    rows = np.flatnonzero(np.isfinite(known.remaining))
    X = known.X[degradation_features(list(known.X.columns))]
    line = DegradationLife(cap=720.0).fit(X.iloc[rows], known.remaining[rows], groups=known.groups[rows])
    low, high = X.min().to_numpy(), X.max().to_numpy()
    own = Bundle(Task.RUL, "fleet", health.spec, line, health.horizons, 16, health.lifetimes, low, high)
    chosen = Models((health, Bundle.from_bytes(own.to_bytes(), version_id="line")))
    prediction = predict_machine(failing, chosen, as_of=build_machine.end(failing))
    (one,) = explain_machine(failing, chosen, prediction, tasks=(Task.RUL,))
    assert one.answer == pytest.approx(prediction.remaining_useful_life.model_life.median)
    assert next(source for source in one.sources if source.is_sensor).source == "vibration_mm_s"
    assert any("vibration_mm_s" in line and "operating h" in line for line in one.in_words())


def test_the_same_prediction_is_explained_alike(explained, failing, models):
    prediction, found = explained
    assert explain_machine(failing, models, prediction) == found
    assert explain_machine(failing, models, prediction, tasks=(Task.RUL,)) == [f for f in found if f.task is Task.RUL]


def test_nothing_to_explain_is_told_with_the_reason(explaining, failing, models, build_machine):
    prediction = predict_machine(failing, models, as_of=build_machine.end(failing))
    with pytest.raises(NotEnoughData, match="no health model is active"):
        explain_machine(failing, Models.empty(), prediction, tasks=(Task.HEALTH,))


def test_a_model_is_explained_over_the_fleet(explaining, small_fleet, models, build_machine):
    bundle = models.pick(Task.HEALTH, small_fleet[0].profile)
    at = build_machine.end(small_fleet[0])
    found = explain_model(small_fleet, bundle, as_of=at, rows=40)
    assert found == explain_model(small_fleet, bundle, as_of=at, rows=40)
    for one in found:
        assert (one.machines, one.rows) == (8, 40)
        sizes = [feature.mean_absolute for feature in one.features]
        assert sizes == sorted(sizes, reverse=True)
        assert all(len(feature.values) == 40 for feature in one.features)


# -- words and types -----------------------------------------------------------------------------------------


def test_features_are_told_in_words():
    fleet = FeatureSpec("fleet", LifeUnit.OPERATING_H, HOURLY)
    pump = FeatureSpec("type:pump", LifeUnit.CYCLE, CYCLES, sensors=("s1", "s1_mean"))
    assert read_feature("temperature_lo_slope168", fleet).words == "lowest temperature, rise over 168 h"
    assert read_feature("s1_mean_std30", pump).words == "s1_mean, spread over 30 cycles"
    assert read_feature("since_replacement_comp2_h", pump).words == "time since comp2 was replaced"
    assert read_feature("mode_wear_recent_behind", fleet).words.startswith("symptoms of wear against the strongest")
    assert tell(read_feature("s1_mean20", pump), 2.31, pump) == "2.3 sd above what is normal for its type"
    assert tell(read_feature("temperature_hi_mean24", fleet), -0.52, fleet) == "0.5 sd below its own baseline"
    assert tell(read_feature("age", fleet), float("nan"), fleet) == "not known"


def an_explanation(**changes):
    feature = {"feature": "f", "words": "f", "value": 1.0, "told": "1", "contribution": 0.5}
    given = {
        "explanation_id": "e",
        "prediction_id": "p",
        "machine_id": "pump_01",
        "as_of": "2026-01-01T00:00:00Z",
        "task": "health",
        "version_id": "v",
        "scope": "fleet",
        "output": "failure within 24 h",
        "method": "tree_shap",
        "units": "log-odds",
        "base_value": -1.0,
        "margin": -0.25,
        "features": (FeatureContribution(**feature),),
        "rest": 0.25,
        "rest_count": 3,
        "sources": (SourceContribution(source="f", is_sensor=True, contribution=0.75),),
        "to_answer": "calibrated",
    }
    return Explanation.model_validate(given | changes)


def test_what_does_not_add_up_cannot_be_made():
    assert an_explanation().in_words()[-1] == "all other features together: +0.25"
    with pytest.raises(ValidationError, match="is not the margin"):
        an_explanation(rest=0.3)
    with pytest.raises(ValidationError, match="sources"):
        an_explanation(sources=())


def test_signs_are_kept_and_digits_are_few():
    assert [signed(v) for v in (1234.5, -0.00001, 0.0456)] == ["+1234", "−1e-05", "+0.046"]


def test_a_model_of_a_machine_type_is_explained_by_its_own_sensors(explaining, small_fleet, models, build_machine):
    from workbench.ml import fit_spec

    spec = fit_spec(small_fleet, scope="type:pump")
    known = samples(small_fleet[:5], spec, every=12)
    rows = np.flatnonzero(np.isfinite(known.remaining))
    names = [name for name in known.X.columns if not name.startswith(("mode_", "error"))]
    model = BoostedRul(cap=720, iterations=10, n_splits=2)
    model.fit(known.X[names].iloc[rows], known.remaining[rows], groups=known.groups[rows])
    health = models.pick(Task.HEALTH, small_fleet[7].profile)
    low, high = known.X[names].min().to_numpy(), known.X[names].max().to_numpy()
    own = Bundle(Task.RUL, "type:pump", spec, model, health.horizons, 16, health.lifetimes, low, high)
    own = Bundle.from_bytes(own.to_bytes(), version_id="own")
    chosen = Models((health, own))
    prediction = predict_machine(small_fleet[7], chosen, as_of=build_machine.end(small_fleet[7]))
    (one,) = explain_machine(small_fleet[7], chosen, prediction, tasks=(Task.RUL,))
    assert (one.scope, one.version_id) == ("type:pump", "own")
    assert one.sources[0].is_sensor
    assert "what is normal for its type" in " ".join(one.in_words())
    (overview,) = explain_model(small_fleet, own, as_of=prediction.as_of, rows=16)
    assert {"vibration_mm_s", "bearing_temp_C"} & {source.source for source in overview.sources}
