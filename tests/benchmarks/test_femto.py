"""FEMTO by its protocol: no feature sees beyond the cut, a bearing never learns from itself, the peer runs too."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError, NotEnoughData
from workbench.ml.degradation import DegradationLife
from workbench.ml.leakage import check_causal
from workbench.telemetry.readers.samples import read_femto
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.femto import _bearings, _fitted, cuts, indicator_features


@pytest.fixture(scope="module")
def table(datasets):
    return read_femto(datasets)


@pytest.fixture(scope="module")
def bearings(table):
    return _bearings(table)


def test_every_key_of_the_protocol_is_there_with_its_interval(datasets):
    result = run_benchmark("femto", data=datasets, quick=True)
    own = ("coverage_90", "median_relative_width", "interval_score_90")
    for key in (*own, "interval_score_over_peer", "abstain_rate", "evidence_rule.interval_score_over_peer"):
        low, high = result["metrics"][f"{key}_interval"]
        assert low <= result["metrics"][key] <= high
    assert all(result["peers"][f"age_conditional.{key}"] > 0 for key in own)
    assert result["metrics"]["bearings"] == 14
    # Intervals that hold are wider than the few others' quantiles, which hold for six cuts of ten.
    assert result["metrics"]["evidence_rule.abstain_rate"] > 0.5
    assert result["metrics"]["evidence_rule.coverage_90"] < result["metrics"]["coverage_90"]
    assert result["metrics"]["coverage_90"] >= 0.857
    assert result["metrics"]["interval_score_over_peer"] <= 0.9


def test_features_see_nothing_after_the_cut(table):
    snapshots = table.inputs[(table.unit == "Bearing1_3").to_numpy()].reset_index(drop=True)
    check_causal(indicator_features, snapshots, [0, 10, 40, 900])


def test_cuts_lie_where_the_protocol_puts_them(bearings):
    for bearing in bearings:
        at = cuts(bearing, 3)
        if bearing.shown is not None:
            assert at.tolist() == [bearing.shown]
        else:
            share = at / len(bearing.left_s)
            assert len(at) == 10
            assert ((share >= 0.19) & (share <= 0.9)).all()
            np.testing.assert_array_equal(at, cuts(bearing, 3))


def test_neither_the_life_nor_later_rows_of_the_bearing_asked_about_change_its_answer(table, bearings):
    asked = next(one for one in bearings if one.name == "Bearing1_3")
    model = _fitted([one for one in bearings if one is not asked], 0)
    seen = ((table.unit != "Bearing1_3") | (table.order <= asked.shown + 1)).to_numpy()
    labels = table.labels.where(table.unit != "Bearing1_3", table.labels + 5000, axis=0)
    cut = dataclasses.replace(
        table,
        **{name: getattr(table, name)[seen].reset_index(drop=True) for name in ("inputs", "unit", "order", "extra")},
        labels=labels[seen].reset_index(drop=True),
    )
    blind = next(one for one in _bearings(cut) if one.name == "Bearing1_3")
    assert len(blind.left_s) < len(asked.left_s)
    assert blind.left_s[-1] > asked.left_s[-1]
    before, after = (model.predict(one, cuts(one, 0)) for one in (asked, blind))
    np.testing.assert_allclose(before, after, rtol=1e-9)


def lives(seed, units=30):
    rng = np.random.default_rng(seed)
    left = rng.uniform(0, 100, units * 5)
    X = pd.DataFrame({"wear": 10 - np.sqrt(left) + rng.normal(0, 0.5, len(left)), "noise": rng.normal(size=len(left))})
    return X, left, np.repeat([f"b{k}" for k in range(units)], 5).astype(object)


def test_intervals_hold_units_that_were_not_learned_from():
    model = DegradationLife().fit(*lives(0)[:2], groups=lives(0)[2])
    X, left, _ = lives(1, units=100)
    answer = model.predict(X)
    assert 0.86 <= np.mean((answer[:, 1] <= left) & (left <= answer[:, 2])) <= 0.98
    assert (answer[:, 1] <= answer[:, 0]).all()
    assert (answer[:, 0] <= answer[:, 2]).all()
    assert model.shrinkage_ < 1e6
    assert np.mean(answer[:, 2] - answer[:, 1]) < 70


def test_a_model_of_lives_keeps_the_contract():
    X, left, groups = lives(0)
    model = DegradationLife(level=0.8).fit(X, left, groups=groups)
    again = DegradationLife.from_bytes(model.to_bytes())
    np.testing.assert_array_equal(again.predict(X), model.predict(X[["noise", "wear"]]))
    with pytest.raises(InputError, match="unknown: stranger"):
        model.predict(X.assign(stranger=1.0))
    with pytest.raises(NotEnoughData, match="at least 20 samples"):
        DegradationLife().fit(X[:10], left[:10], groups=groups[:10])
    with pytest.raises(NotEnoughData, match="Every feature is empty"):
        DegradationLife().fit(X * np.nan, left, groups=groups)


def test_there_is_no_subset(datasets):
    with pytest.raises(InputError, match="no subset Bearing1_1"):
        run_benchmark("femto", data=datasets, only=["Bearing1_1"])
