"""Splits keep to the kind they declare, and say so when they do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import InputError, NotEnoughData, WorkbenchError
from workbench.ml.splits import Split, grouped_folds, holdout_units

units = st.lists(st.integers(0, 12), min_size=20, max_size=120).filter(lambda g: len(set(g)) >= 5)
hours = st.lists(st.integers(0, 500), min_size=10, max_size=120)


@settings(max_examples=60, deadline=None)
@given(groups=units, n_splits=st.integers(2, 5), seed=st.integers(0, 99), weighted=st.booleans())
def test_grouped_folds_test_every_row_once_and_share_no_unit(groups, n_splits, seed, weighted):
    balance = np.arange(len(groups)) % 3 if weighted else None
    folds = grouped_folds(groups, n_splits, seed, balance=balance)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(groups)))
    sizes = []
    for fold in folds:
        fold.check(groups)
        assert len(fold.train) + len(fold.test) == len(groups)
        sizes.append(len({groups[i] for i in fold.test}))
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=60, deadline=None)
@given(times=hours, boundary=st.integers(1, 499), purge=st.integers(0, 100))
def test_a_split_by_time_is_held_to_its_purge(times, boundary, purge):
    moments = np.array(times)
    split = Split("time", np.flatnonzero(moments < boundary - purge), np.flatnonzero(moments >= boundary))
    if not len(split.train) or not len(split.test):
        with pytest.raises(WorkbenchError, match="side of the split is empty"):
            split.check(times=times, horizon=purge)
        return
    split.check(times=times, horizon=purge)
    gap = moments[split.test].min() - moments[split.train].max()
    with pytest.raises(WorkbenchError, match="training label window"):
        split.check(times=times, horizon=gap)


def test_grouped_folds_repeat_by_seed_and_spread_balanced_weight():
    groups = np.repeat(np.arange(15), 10)
    failures = np.isin(np.arange(150) // 10, [0, 1, 2, 3, 4]) & (np.arange(150) % 10 == 5)
    folds = grouped_folds(groups, 5, seed=3, balance=failures)
    assert [int(failures[f.test].sum()) for f in folds] == [1, 1, 1, 1, 1]
    again = grouped_folds(groups, 5, seed=3, balance=failures)
    assert all(np.array_equal(a.test, b.test) for a, b in zip(folds, again, strict=True))
    other = grouped_folds(groups, 5, seed=4)
    assert any(not np.array_equal(a.test, b.test) for a, b in zip(folds, other, strict=True))


def test_datetimes_are_split_and_checked_with_timedeltas():
    times = np.datetime64("2026-01-01T00") + np.arange(100) * np.timedelta64(1, "h")
    day = np.timedelta64(24, "h")
    split = Split("time", np.arange(48), np.arange(72, 100))
    split.check(times=times, horizon=day)
    with pytest.raises(WorkbenchError, match="training label window"):
        split.check(times=times, horizon=2 * day)


def test_a_broken_declaration_is_refused_with_the_units_named():
    split = Split("units", np.array([0, 1]), np.array([2, 3]))
    with pytest.raises(WorkbenchError, match="on both sides: pump_1"):
        split.check(["pump_0", "pump_1", "pump_1", "pump_2"])
    with pytest.raises(WorkbenchError, match="without groups"):
        split.check()
    both = Split("both", np.array([0, 1]), np.array([2, 3]))
    with pytest.raises(WorkbenchError, match="training label window"):
        both.check(["a", "a", "b", "b"], [0, 5, 4, 9], 1)
    with pytest.raises(WorkbenchError, match="rows on both sides"):
        Split("units", np.array([0, 1]), np.array([1])).check(["a", "b"])
    with pytest.raises(WorkbenchError, match="missing values"):
        Split("time", np.array([0]), np.array([1])).check(times=[0.0, np.nan], horizon=0)


def test_holdout_keeps_at_least_one_unit_on_each_side():
    for share in (0.01, 0.5, 0.99):
        split = holdout_units(["a", "a", "b", "c"], share, seed=2)
        split.check(["a", "a", "b", "c"])
    with pytest.raises(NotEnoughData):
        holdout_units(["a", "a"])
    with pytest.raises(InputError):
        holdout_units(["a", "b"], 1.5)
    with pytest.raises(NotEnoughData, match="3 units cannot be split into 5 folds"):
        grouped_folds([1, 2, 3], 5)
