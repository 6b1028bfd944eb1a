"""The leakage guard, with each leak planted: it names the leak, and lets honest features pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError, WorkbenchError
from workbench.ml.leakage import check_causal, guard, label_columns
from workbench.ml.splits import Split, grouped_folds


@pytest.fixture
def samples():
    """Twenty machines with forty rows each: a feature that separates well, one that is a class, failures of 10 %."""
    rng = np.random.default_rng(0)
    groups = np.repeat([f"pump_{k:02d}" for k in range(20)], 40)
    left = np.tile(np.arange(40.0)[::-1], 20) + rng.permutation(20).repeat(40) * 0.01
    failing = left < 4
    X = pd.DataFrame({"vibration": 10 - left / 5 + rng.normal(0, 0.3, 800), "line": rng.integers(0, 4, 800)})
    return X, failing.astype(int), left, groups


def test_honest_features_and_splits_pass(samples):
    X, failing, left, groups = samples
    split = grouped_folds(groups, 4)[0]
    guard(X, failing, split, groups=groups)
    guard(X, left, split, groups=groups)
    guard(X.assign(perfect=failing + np.linspace(0, 0.1, 800)), failing, split, groups=groups)


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        ("copy", lambda failing, left: failing),
        ("words", lambda failing, left: np.where(failing == 1, "broken", "fine")),
        ("turned", lambda failing, left: 1 - failing),
        ("one_failure_mode", lambda failing, left: failing * (left < 2)),
        ("state", lambda failing, left: np.where(left < 4, 3, np.where(left < 12, 2, 1))),
    ],
)
def test_a_column_that_encodes_the_class_is_named(samples, name, plant):
    X, failing, left, groups = samples
    with pytest.raises(WorkbenchError, match=f"encode the label: {name}"):
        guard(X.assign(**{name: plant(failing, left)}), failing, grouped_folds(groups, 4)[0], groups=groups)


@pytest.mark.parametrize("plant", [lambda left: left * 3 + 1, lambda left: -(left**3), lambda left: np.exp(-left)])
def test_a_column_that_orders_rows_as_the_remaining_life_is_named(samples, plant):
    X, _, left, groups = samples
    with pytest.raises(WorkbenchError, match="encode the label: clock"):
        guard(X.assign(clock=plant(left)), left, grouped_folds(groups, 4)[0], groups=groups)


def test_a_column_that_somebody_vouches_for_passes(samples):
    X, failing, _, groups = samples
    guard(X.assign(alarm=failing), failing, grouped_folds(groups, 4)[0], groups=groups, known=["alarm"])


def test_labels_of_test_rows_are_not_looked_at(samples):
    X, failing, _, groups = samples
    split = grouped_folds(groups, 4)[0]
    only_there = np.where(np.isin(np.arange(800), split.test), failing, 0)
    guard(X.assign(there=only_there), failing, split, groups=groups)


def test_a_unit_on_both_sides_and_a_window_that_reaches_over_are_refused(samples):
    X, failing, _, groups = samples
    rows = np.random.default_rng(1).permutation(800)
    with pytest.raises(WorkbenchError, match="on both sides"):
        guard(X, failing, Split("units", rows[:600], rows[600:]), groups=groups)
    hours = np.tile(np.arange(40), 20)
    late = Split("time", np.flatnonzero(hours < 28), np.flatnonzero(hours >= 30))
    with pytest.raises(WorkbenchError, match="training label window"):
        guard(X, failing, late, times=hours, horizon=4)
    with pytest.raises(InputError, match="one label per row"):
        guard(X, failing[1:], grouped_folds(groups, 4)[0], groups=groups)


RECORD = pd.DataFrame({"vibration": np.random.default_rng(0).normal(size=60).cumsum()})


def backward(record):
    v = record["vibration"]
    return pd.DataFrame({"mean": v.rolling(5, min_periods=1).mean(), "age": np.arange(len(v)), "rise": v.diff()})


@pytest.mark.parametrize(
    ("name", "leak"),
    [
        ("centred", lambda v: v.rolling(5, center=True, min_periods=1).mean()),
        ("next", lambda v: v.shift(-1)),
        ("standardised", lambda v: (v - v.mean()) / v.std()),
        ("share_of_life", lambda v: pd.Series(np.arange(len(v)) / len(v))),
    ],
)
def test_a_feature_that_sees_later_rows_is_named(name, leak):
    check_causal(backward, RECORD, [20, 40])
    with pytest.raises(WorkbenchError, match=f"see the future: {name} change"):
        check_causal(lambda record: backward(record).assign(**{name: leak(record["vibration"])}), RECORD, [20, 40])


def test_a_cut_needs_rows_after_it():
    with pytest.raises(InputError, match="no row after it"):
        check_causal(backward, RECORD, [59])


def test_the_published_failure_modes_of_a_real_set_are_leaks(datasets):
    rows = pd.read_parquet(datasets / "ai4i2020.parquet")
    inputs = rows.drop(columns=["Machine failure", "Product ID", "UDI"])
    found = label_columns(inputs, rows["Machine failure"])
    assert {"TWF", "HDF", "PWF", "OSF"} <= set(found)
    assert not set(found) - {"TWF", "HDF", "PWF", "OSF", "RNF"}


def test_a_coarsely_rounded_reading_whose_extreme_is_only_seen_near_the_failure_is_no_leak():
    units = np.repeat(np.arange(60), 50)
    left = np.tile(np.arange(50)[::-1], 60)
    rng = np.random.default_rng(0)
    pressure = np.round(1.30 + 0.024 * np.exp(-left / 8) + rng.normal(0, 0.003, len(left)), 2)
    failing = (left <= 10).astype(float)
    assert label_columns(pd.DataFrame({"pressure": pressure}), failing, units) == []
    mode = np.where(failing > 0, 1 + units % 2, 0)
    assert label_columns(pd.DataFrame({"mode": mode}), failing, units) == ["mode"]
