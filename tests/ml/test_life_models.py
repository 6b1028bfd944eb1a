"""Trees and a network for the life left: who answers, how sure, and what of it stays in the artefact."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import CorruptArtifact
from workbench.ml import BlendedRul, BoostedRul, NetworkRul
from workbench.ml.ensemble import best_share
from workbench.ml.families import LIVES_FOR_NETWORK, family_facts, supervised_life
from workbench.ml.population import fit_population

CAP = 125.0


def engines(units=40, life=60, seed=0):
    """Engines whose wear is read through noise; that of every second engine is much larger."""
    rng = np.random.default_rng(seed)
    left = np.tile(np.arange(life, dtype=float)[::-1], units)
    unit = np.repeat(np.arange(units), life)
    noise = np.where(unit % 2, 30.0, 3.0)
    X = pd.DataFrame({"wear": left + noise * rng.normal(size=len(left)), "noisy": (unit % 2).astype(float)})
    return X, left, unit.astype(str).astype(object)


@pytest.fixture(scope="module")
def blend(deep):
    X, left, groups = engines()
    return BlendedRul(cap=CAP, iterations=5, epochs=3, n_splits=2).fit(X, left, groups=groups)


@pytest.fixture(scope="module")
def trees():
    X, left, groups = engines()
    return BoostedRul(cap=CAP, iterations=30, n_splits=3).fit(X, left, groups=groups)


def test_the_interval_is_as_wide_as_the_row_lets_expect(trees):
    fresh, truth, _ = engines(units=30, seed=1)
    answer = trees.predict(fresh)
    width = answer[:, 2] - answer[:, 1]
    clean, noisy = (fresh["noisy"] == 0).to_numpy(), (fresh["noisy"] == 1).to_numpy()
    assert np.median(width[noisy]) > 1.5 * np.median(width[clean])
    covered = (answer[:, 1] <= truth) & (truth <= answer[:, 2])
    assert covered.mean() == pytest.approx(0.9, abs=0.05)


def test_a_spread_is_trusted_as_far_as_it_makes_held_out_intervals_better(trees):
    X, left, groups = engines()
    wear = left + 10 * np.random.default_rng(2).normal(size=len(left))
    alike = pd.DataFrame({"wear": wear, "noisy": X["noisy"]})
    no_use = BoostedRul(cap=CAP, iterations=30, n_splits=3).fit(alike, left, groups=groups)
    assert no_use.trust_ <= 0.5 < trees.trust_
    again = BoostedRul.from_bytes(no_use.to_bytes())
    np.testing.assert_array_equal(again.predict(alike), no_use.predict(alike))


def test_with_few_units_the_interval_still_covers():
    """Units that wear unlike each other: one cut of each tells too little of a fifth."""
    fresh, truth, names = engines(units=40, seed=1)
    wear = dict(zip(np.unique(names), np.linspace(-12, 12, 40), strict=True))
    fresh["wear"] += [wear[name] for name in names]
    shares = []
    for first in range(0, 40, 5):
        few = np.isin(names, np.unique(names)[first::8])
        model = BoostedRul(cap=CAP, iterations=20, n_splits=5).fit(fresh[few], truth[few], groups=names[few])
        answer = model.predict(fresh[~few])
        shares.append(np.mean((answer[:, 1] <= truth[~few]) & (truth[~few] <= answer[:, 2])))
    assert np.mean(shares) >= 0.88


def test_probabilities_of_failure_are_calibrated(trees):
    fresh, truth, _ = engines(units=30, seed=1)
    for horizon in (15.0, 30.0):
        within = trees.probability_within(fresh, horizon)
        assert within.mean() == pytest.approx((truth <= horizon).mean(), abs=0.05)
        rate = (truth <= horizon).mean()
        assert np.mean((within - (truth <= horizon)) ** 2) < 0.7 * rate * (1 - rate)


def test_a_network_that_is_surely_better_gets_a_share_and_a_poor_one_none():
    rng = np.random.default_rng(0)
    y, groups = rng.uniform(0, 100, 600), np.repeat(np.arange(30), 20).astype(str)
    trees = y + rng.normal(0, 10, 600)
    share, gain = best_share(y, trees, y + rng.normal(0, 10, 600), groups)
    assert 0.3 <= share <= 0.7
    assert gain == pytest.approx(50, abs=15)
    assert best_share(y, trees, y + rng.normal(0, 80, 600), groups) == (0.0, 0.0)
    assert best_share(y, trees, trees + rng.normal(0, 1e-3, 600), groups) == (0.0, 0.0)
    assert best_share(y, np.full(600, np.nan), trees, groups) == (0.0, 0.0)


def test_few_lives_are_left_to_the_trees_and_it_is_said(deep):
    few = supervised_life(cap=CAP, seed=0, lives=LIVES_FOR_NETWORK - 1, scope="type:engine")
    assert isinstance(few, BoostedRul)
    facts = family_facts(few, lives=29, scope="type:engine")
    assert facts == {"family": "boosted trees", "network": "not tried: 29 of 30 lives that ended"}
    assert isinstance(supervised_life(cap=CAP, seed=3, lives=LIVES_FOR_NETWORK, scope="type:engine"), BlendedRul)
    fleet = supervised_life(cap=CAP, seed=3, lives=LIVES_FOR_NETWORK, scope="fleet")
    assert isinstance(fleet, BoostedRul)
    assert "many types" in family_facts(fleet, lives=100, scope="fleet")["network"]


def test_without_torch_trees_answer_and_it_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    model = supervised_life(cap=CAP, seed=0, lives=100, scope="type:engine")
    assert isinstance(model, BoostedRul)
    assert "extra deep" in family_facts(model, lives=100, scope="type:engine")["network"]


def test_the_blend_is_kept_whole_and_a_changed_network_is_refused(blend):
    X = engines(units=2, seed=5)[0]
    again = BlendedRul.from_bytes(blend.to_bytes())
    np.testing.assert_array_equal(again.predict(X), blend.predict(X))
    assert family_facts(again, lives=40, scope="type:engine")["network_share"] == blend.share_
    network = NetworkRul(cap=CAP, epochs=1, n_splits=2).fit(*engines()[:2], groups=engines()[2])
    network.weights_ = network.weights_[:-8]
    with pytest.raises(CorruptArtifact, match="weights"):
        NetworkRul.from_bytes(network.to_bytes()).predict(X)


@pytest.mark.parametrize("conditions", [1, 6])
def test_the_number_of_conditions_is_the_datas(conditions):
    rng = np.random.default_rng(conditions)
    at = rng.integers(0, conditions, 6000)
    settings = np.column_stack([7.0 * at, 0.14 * at, np.full(6000, 100.0)])
    settings[:, :2] += rng.normal(0, [0.002, 0.0003], (6000, 2))
    readings = 500.0 + 20.0 * at[:, None] + rng.normal(0, 1 + at[:, None], (6000, 3))
    # One reading between all levels is no condition of its own.
    settings[0] = [3.3, 0.05, 60.0]
    found = fit_population(readings, settings)
    assert found.kind == ("pooled" if conditions == 1 else "table")
    assert len(found.codes) == (0 if conditions == 1 else 6)
    z = found.z(readings, settings)[1:]
    for one in range(conditions):
        assert np.std(z[at[1:] == one], axis=0) == pytest.approx(1.0, abs=0.1)
