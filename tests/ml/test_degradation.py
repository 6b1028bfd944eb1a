"""An indicator on its way to its threshold, and which family of life models the data can bear."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from workbench.domain.predictions import Task
from workbench.errors import InputError, NotEnoughData
from workbench.ml import Bundle, train_fleet
from workbench.ml.degradation import DegradationLife
from workbench.ml.degradation_path import DegradationPath
from workbench.ml.families import choose_family, degradation_features
from workbench.ml.leakage import check_causal
from workbench.ml.train import Plan

THRESHOLD = 10.0


def histories(seed, units):
    """Indicators that rise at rates of their own until they reach the threshold."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(units):
        level = np.cumsum(rng.normal(rng.normal(0.1, 0.02), 0.2, 400))
        end = int(np.argmax(level >= THRESHOLD))
        if end > 10:
            found.append((np.arange(end + 1.0), level[: end + 1]))
    return found


@pytest.fixture(scope="module")
def path():
    return DegradationPath.learn(histories(0, 60), THRESHOLD)


def test_nine_of_ten_machines_reach_the_threshold_within_the_interval(path):
    rng = np.random.default_rng(1)
    held, later = [], []
    for time, level in histories(2, 200):
        at = int(rng.integers(5, len(time) - 1))
        median, lower, upper = path.remaining(path.track(time[: at + 1], level[: at + 1]))[-1]
        left = time[-1] - time[at]
        held.append(lower <= left <= upper)
        later.append(left > median)
    assert 0.85 <= np.mean(held) <= 0.98
    assert 0.35 <= np.mean(later) <= 0.65


def test_readings_narrow_the_rate_and_none_sees_the_future(path):
    time, level = histories(3, 1)[0]
    tracked = path.track(time, level)
    assert tracked[0, 1:].tolist() == pytest.approx([path.rate, path.rate_sd])
    assert (np.diff(tracked[:, 2]) < 0).all()

    def features(table):
        return pd.DataFrame(path.track(table["t"].to_numpy(), table["x"].to_numpy()))

    check_causal(features, pd.DataFrame({"t": time, "x": level}), [0, 5, 30])


def test_a_short_memory_follows_wear_that_sets_in_late():
    time = np.arange(200.0)
    level = np.where(time < 150, 0.0, 0.1 * (time - 150))
    steady = DegradationPath(THRESHOLD, rate=0.0, rate_sd=0.1, diffusion=0.05)
    quick = DegradationPath(THRESHOLD, rate=0.0, rate_sd=0.1, diffusion=0.05, memory=20.0)
    rates = [one.track(time, level)[-1, 1] for one in (steady, quick)]
    assert rates[0] < 0.04
    assert rates[1] == pytest.approx(0.1, rel=0.2)


def test_the_chance_rises_with_the_horizon_and_is_one_beyond_the_threshold(path):
    tracked = path.track(np.array([0.0, 1.0]), np.array([9.0, 11.0]))
    chance = path.fails_within(tracked, np.array([[0.0, 5.0, 50.0], [0.0, 5.0, 50.0]]))
    assert (np.diff(chance[0]) > 0).all()
    assert chance[0, 0] == 0
    assert (chance[1] == 1).all()
    assert path.remaining(tracked)[1].max() < 1


def test_unsorted_times_gaps_and_single_histories_are_refused(path):
    with pytest.raises(InputError, match="not ascending"):
        path.track(np.array([1.0, 0.0]), np.array([0.0, 0.0]))
    with pytest.raises(InputError, match="missing"):
        path.track(np.array([0.0, 1.0]), np.array([0.0, np.nan]))
    with pytest.raises(NotEnoughData, match="1 of 2 histories"):
        DegradationPath.learn(histories(0, 1), THRESHOLD)


@pytest.mark.parametrize(
    ("lives", "failures", "features", "family"),
    [
        (40, 60, ("age",), "supervised"),
        (7, 7, ("age",), "supervised"),
        (7, 7, ("age", "limit_share_short"), "degradation"),
        (2, 60, ("age", "limit_share_short"), "survival"),
    ],
)
def test_the_family_follows_from_what_the_data_offer(lives, failures, features, family):
    chosen, why = choose_family(lives=lives, failures=failures, features=features)
    assert chosen == family
    assert str(lives) in why


def test_no_family_answers_without_failures():
    with pytest.raises(NotEnoughData, match="4 of 5 failures"):
        choose_family(lives=1, failures=4, features=("age",))


def test_seven_lives_of_machines_with_limits_are_learned_by_their_degradation():
    rng = np.random.default_rng(0)
    left = np.tile(np.linspace(0, 300, 40), 7)
    columns = ["age", "limit_share_short", "other"]
    X = pd.DataFrame({"age": 500 - left, "limit_share_short": 1 - left / 300 + rng.normal(0, 0.05, 280), "other": 1.0})
    names = np.repeat([f"m{k}" for k in range(7)], 40).astype(object)
    table = X[degradation_features(columns)]
    model = DegradationLife(cap=720).fit(table, left, groups=names)
    answer = model.predict(table)
    assert np.mean(np.abs(answer[:, 0] - left)) < 60
    assert np.mean((answer[:, 1] <= left) & (left <= answer[:, 2])) >= 0.88
    assert not np.isnan(model.held_out_).any()
    chance = model.probability_within(table, 100.0)
    assert chance[left < 20].min() > 0.8
    assert chance[left > 250].max() < 0.2
    with pytest.raises(NotEnoughData, match="1 of 2 units"):
        DegradationLife().fit(table, left, groups=np.full(280, "m", dtype=object))


def test_few_lives_with_limits_are_trained_by_degradation_and_fewer_leave_it_to_the_population(build_machine):
    failed_at = [(400, 1500), (1100, 1600), (650, 1900), (850, 1300)]
    fleet = [
        build_machine.worn(f"pump_test_{k:03d}", k, lives=[(first, "imbalance"), (second, "imbalance")])
        for k, (first, second) in enumerate(failed_at)
    ]
    at = build_machine.end(fleet[0])
    (eight,) = train_fleet(fleet, as_of=at, plan=Plan(tasks=(Task.RUL,)))
    assert eight.parameters["family"] == "degradation"
    kept = Bundle.from_bytes(eight.payload).estimator
    assert isinstance(kept, DegradationLife)
    assert set(kept.feature_names_) >= {"age", "limit_share_short", "limit_passage_short"}
    # Readings begin after most failures: their lives are known, but not what led to them.
    late = [dataclasses.replace(m, telemetry=m.telemetry.iloc[1550:].reset_index(drop=True)) for m in fleet]
    (none,) = train_fleet(late, as_of=at, plan=Plan(tasks=(Task.RUL,)))
    assert not none.payload
    assert "2 of 5" in none.refused[0]


def test_what_is_said_of_a_unit_left_out_rests_on_no_other_row_of_it():
    rng = np.random.default_rng(0)
    names = np.repeat([f"m{k}" for k in range(8)], 12).astype(object)
    left = np.tile(np.linspace(120, 10, 12), 8) * np.repeat(rng.uniform(0.8, 1.2, 8), 12)
    level = 20 - np.sqrt(left) + 0.2 * rng.normal(size=len(left))
    others = np.flatnonzero(names == "m3")[1:]
    strange = level.copy()
    strange[others] += 3
    told = [DegradationLife().fit(pd.DataFrame({"level": one}), left, groups=names) for one in (level, strange)]
    assert {one.shrinkage_ for one in told} == {0.5}
    row = others[0] - 1
    assert told[0].held_out_[row] == pytest.approx(told[1].held_out_[row], rel=1e-9)
