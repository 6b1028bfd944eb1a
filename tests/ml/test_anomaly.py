"""Anomaly detectors: one contract, scores calibrated on normal data, thresholds by budget, episodes, streams."""

from __future__ import annotations

import sys
import time
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.predictions import Severity
from workbench.errors import CorruptArtifact, EnvironmentFailure, InputError, NotEnoughData
from workbench.ml import IsolationAnomaly, RecordDetector, SubspaceAnomaly
from workbench.ml.anomaly import (
    HOURS_PER_MONTH,
    AutoencoderAnomaly,
    budget_threshold,
    count_episodes,
    decades_of,
    find_episodes,
)
from workbench.ml.anomaly.calibration import fit_tail, score_of, score_of_decades
from workbench.ml.anomaly.episodes import severity_of

SENSORS = ["flow", "pressure", "temperature", "silent"]


def forest(**changes):
    return IsolationAnomaly(trees=30, smallest_spread=1e-9, **changes)


def autoencoder(**changes):
    return AutoencoderAnomaly(**({"steps": 5, "iterations": 40} | changes))


DETECTORS = [SubspaceAnomaly, forest, autoencoder]


def normal(rows, seed=0):
    """Readings a second apart: two sensors move together, one wanders, one says nothing."""
    rng = np.random.default_rng(seed)
    load = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=rows, freq="s", tz="UTC"),
            "flow": 30 + load + rng.normal(0, 0.2, rows),
            "pressure": 5 + 0.3 * load + rng.normal(0, 0.1, rows),
            "temperature": 70 + rng.normal(0, 0.5, rows),
            "silent": np.full(rows, np.nan),
        }
    )


def faulty(rows=600, seed=1, first=300, last=400):
    readings = normal(rows, seed)
    readings.loc[first : last - 1, "flow"] -= 6
    return readings


@pytest.fixture(scope="module", params=DETECTORS, ids=["subspace", "forest", "autoencoder"])
def make(request):
    if request.param is autoencoder:
        request.getfixturevalue("deep")
    return request.param


@pytest.fixture(scope="module")
def fitted(make):
    return RecordDetector(make(budget=30.0, merge_h=60 / 3600)).fit(normal(2000))


def test_too_few_readings_are_refused_with_count_and_need(make):
    with pytest.raises(NotEnoughData, match="at least 50 samples, got 36"):
        RecordDetector(make()).fit(normal(40))
    with pytest.raises(NotEnoughData, match="1 readings given"):
        RecordDetector(make()).fit(normal(1))


def test_readings_without_any_value_are_refused(make):
    empty = normal(200)
    empty[SENSORS] = np.nan
    with pytest.raises(NotEnoughData):
        RecordDetector(make()).fit(empty)


def test_unsorted_and_repeated_times_are_refused(make, fitted):
    for broken in (normal(200)[::-1], pd.concat([normal(200), normal(200)[-1:]])):
        with pytest.raises(InputError, match="ascending order"):
            RecordDetector(make()).fit(broken)
        with pytest.raises(InputError, match="ascending order"):
            fitted.score(broken)


def test_a_detector_on_features_refuses_times_that_run_back(make):
    X = normal(200)[["flow", "pressure", "temperature", "flow", "pressure"]].set_axis(list("abcde"), axis=1)
    with pytest.raises(InputError, match="'all' are not in ascending order"):
        make().fit(X, groups=np.full(200, "all", dtype=object), hours=np.arange(200.0)[::-1])


def test_unknown_and_missing_sensors_are_named(fitted):
    with pytest.raises(InputError, match="unknown: stranger"):
        fitted.score(normal(50).assign(stranger=1.0))
    with pytest.raises(InputError, match="missing: flow"):
        fitted.score(normal(50).drop(columns="flow"))
    with pytest.raises(InputError, match="no column 'time'"):
        fitted.score(normal(50).drop(columns="time"))


def test_same_seed_gives_the_same_scores(make, fitted):
    again = RecordDetector(make(budget=30.0, merge_h=60 / 3600)).fit(normal(2000))
    np.testing.assert_array_equal(again.score(faulty()), fitted.score(faulty()))
    assert again.threshold == fitted.threshold


def test_saved_and_loaded_it_scores_the_same(fitted):
    again = RecordDetector.from_bytes(fitted.to_bytes())
    np.testing.assert_array_equal(again.score(faulty()), fitted.score(faulty()))
    assert again.episodes(faulty()) == fitted.episodes(faulty())


@pytest.mark.parametrize("place", [2, 50, -100])
def test_a_tampered_artefact_is_refused(fitted, place):
    payload = bytearray(fitted.to_bytes())
    payload[place] ^= 0xFF
    with pytest.raises(CorruptArtifact):
        RecordDetector.from_bytes(bytes(payload))


def test_the_bytes_of_another_model_are_refused(fitted):
    with pytest.raises(CorruptArtifact):
        RecordDetector.from_bytes(fitted.detector_.to_bytes())


def test_scores_say_how_rare_a_reading_is_among_normal_ones(fitted):
    score = fitted.score(normal(5000, seed=7))
    said = score[np.isfinite(score)]
    assert ((said >= 0) & (said < 1)).all()
    for decades in (0.5, 1.0):
        # The rarity is doubled, so the median is at 0.
        assert np.mean(decades_of(said) > decades) == pytest.approx(0.5 * 10**-decades, rel=0.5)


def test_a_fault_is_one_episode_with_its_time_and_cause(fitted):
    found = fitted.episodes(faulty())
    assert len(found) == 1
    episode = found[0]
    start = pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(seconds=300)
    assert start <= episode.start <= start + pd.Timedelta(seconds=10)
    assert start + pd.Timedelta(seconds=95) <= episode.end <= start + pd.Timedelta(seconds=115)
    assert episode.start <= episode.peak_at <= episode.end
    assert episode.severity is not Severity.INFO
    assert episode.peak_score > fitted.threshold
    assert not episode.ongoing
    assert episode.sensors[0].sensor == "flow"
    assert episode.sensors[0].deviation < -4
    assert episode.sensors[0].baseline == pytest.approx(30, abs=0.2)


def test_an_episode_at_the_end_of_the_record_is_ongoing(fitted):
    assert fitted.episodes(faulty(400))[-1].ongoing


def test_a_stream_says_what_the_record_says_and_keeps_silent_after_gaps(fitted):
    readings = faulty()
    readings.loc[50:60, "pressure"] = np.nan
    readings.loc[450:, "time"] += timedelta(minutes=5)
    stream = fitted.stream()
    answers = [stream.update(row["time"].to_pydatetime(), row.drop("time").to_dict()) for _, row in readings.iterrows()]
    score = np.array([answer.score for answer in answers])
    np.testing.assert_allclose(score, fitted.score(readings), rtol=1e-9, atol=1e-12)
    assert np.isnan(score[450:454]).all()
    assert np.isfinite(score[454:]).all()
    assert sum(answer.begins for answer in answers) == len(fitted.episodes(readings))
    assert [answer.is_anomaly for answer in answers] == list(np.nan_to_num(score) > fitted.threshold)


def test_a_stream_refuses_strangers_and_times_that_run_back(fitted):
    stream = fitted.stream()
    now = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
    stream.update(now, {"flow": 30.0})
    with pytest.raises(InputError, match="not later"):
        stream.update(now, {"flow": 30.0})
    with pytest.raises(InputError, match="stranger"):
        stream.update(now + timedelta(seconds=1), {"stranger": 1.0})


def test_one_reading_takes_under_5_ms(make):
    detector = RecordDetector(make() if make is not forest else IsolationAnomaly()).fit(normal(500))
    stream = detector.stream()
    rows = [(row["time"].to_pydatetime(), row.drop("time").to_dict()) for _, row in normal(200, 2).iterrows()]
    took = []
    for moment, reading in rows:
        began = time.thread_time()
        stream.update(moment, reading)
        took.append(time.thread_time() - began)
    assert np.quantile(took, 0.9) < 0.005


def test_an_autoencoder_learns_what_sensors_do_together_along_time(deep):
    """A swing that runs backwards has the values of a normal one, reading by reading."""
    turn = np.arange(600) / 20 * 2 * np.pi

    def swing(way):
        rng = np.random.default_rng(3)
        return pd.DataFrame(
            {
                "time": pd.date_range("2026-01-01", periods=600, freq="s", tz="UTC"),
                "left": np.sin(way * turn) + rng.normal(0, 0.05, 600),
                "right": np.cos(turn) + rng.normal(0, 0.05, 600),
            }
        )

    detector = RecordDetector(AutoencoderAnomaly(steps=10, iterations=150, merge_h=0.1), window=1).fit(swing(1))
    assert np.nanmedian(detector.score(swing(-1))) > 2 * np.nanmedian(detector.score(swing(1))) + 0.2


def test_an_autoencoder_refuses_columns_that_hold_no_whole_steps(deep):
    with pytest.raises(InputError, match="4 columns do not hold 3 steps"):
        autoencoder(steps=3).fit(normal(100)[SENSORS], groups=np.full(100, "m", dtype=object), hours=np.arange(100.0))
    with pytest.raises(InputError, match="steps, channels and iterations"):
        AutoencoderAnomaly(steps=0)


def test_an_autoencoder_without_torch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentFailure, match=r"pip install 'predictive-maintenance-workbench\[deep\]'"):
        RecordDetector(autoencoder()).fit(normal(200))


def test_weights_of_another_network_are_refused(deep):
    small, large = (
        RecordDetector(autoencoder(channels=width, iterations=2)).fit(normal(200)).detector_ for width in (2, 4)
    )
    for weights in (large.weights_, small.weights_[:20]):
        state = small.state()
        state["fitted"] = state["fitted"] | {"weights_": weights}
        with pytest.raises(CorruptArtifact, match="weights cannot be read"):
            AutoencoderAnomaly.restore(state)


def test_subspace_index_is_t2_and_q_over_their_limits():
    from sklearn.decomposition import PCA

    matrix = normal(400)[["flow", "pressure", "temperature"]].to_numpy()
    model = SubspaceAnomaly(variance=0.8)
    model._learn(matrix)
    z = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    theirs = PCA(n_components=0.8, svd_solver="full").fit(z)
    inside = theirs.transform(z)
    t2 = (inside**2 / theirs.explained_variance_).sum(axis=1)
    q = ((z - theirs.inverse_transform(inside)) ** 2).sum(axis=1)
    index = t2 / np.quantile(t2, 0.99) + q / np.quantile(q, 0.99)
    np.testing.assert_allclose(model._raw(matrix), index, rtol=1e-6)
    np.testing.assert_allclose(model._blame(matrix).sum(axis=1), index, rtol=1e-6)


def test_a_sensor_that_never_moved_may_tremble_but_not_jump():
    readings = normal(600).assign(switch=1.0)
    detector = RecordDetector(SubspaceAnomaly(budget=30.0, merge_h=60 / 3600)).fit(readings)
    trembling = normal(200, 3).assign(switch=1.0 + 1e-4)
    assert (np.nan_to_num(detector.score(trembling)) > detector.threshold).mean() < 0.02
    jumped = detector.episodes(normal(200, 3).assign(switch=0.0))
    assert jumped[0].sensors[0].sensor == "switch"


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_score_and_rarity_are_inverse_and_keep_the_order(decades):
    values = np.sort(np.array(decades))
    scores = score_of_decades(values)
    assert (np.diff(scores) >= 0).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    np.testing.assert_allclose(decades_of(scores), values, rtol=1e-3, atol=1e-9)


def test_a_smaller_budget_never_lowers_the_threshold_also_beyond_the_rows():
    raw = np.random.default_rng(0).exponential(size=1500)
    score = score_of(raw, fit_tail(raw))
    hours = np.arange(1500.0)
    units = np.full(1500, "m", dtype=object)
    found = [budget_threshold(score, units, hours, budget, merge_h=6.0) for budget in (20, 5, 1, 0.3, 0.1, 0.01)]
    assert (np.diff(found) > 0).all()
    # 1,500 h are two months: one episode in ten months lies beyond every row.
    assert found[-2] > score.max()
    assert found[-1] < 1


@pytest.mark.parametrize("budget", [4.0, 0.25])
def test_new_normal_rows_keep_about_the_budget(budget):
    """Also where the budget allows no episode among the rows it was learned from."""
    rng = np.random.default_rng(5)
    rates = []
    for _ in range(20):
        raw = rng.exponential(size=1461)
        tail = fit_tail(raw)
        threshold = budget_threshold(
            score_of(raw, tail), np.full(1461, "m", dtype=object), np.arange(1461.0), budget, merge_h=2.0
        )
        fresh = score_of(rng.exponential(size=14610), tail)
        rates.append(count_episodes(np.flatnonzero(fresh > threshold).astype(float), 2.0) / (14610 / HOURS_PER_MONTH))
    assert budget / 3 < np.mean(rates) < budget * 3


def test_alarms_closer_than_the_merging_time_are_one_episode():
    hour = 3_600_000_000_000
    score = np.zeros(100)
    score[[10, 12, 40]] = 0.9, 0.95, 0.8
    found = find_episodes(np.arange(100) * hour, score, 0.7, lambda rows: (), merge_h=24.0)
    assert [(one.alarms, one.peak_score) for one in found] == [(2, 0.95), (1, 0.8)]
    assert not any(one.ongoing for one in found)
    assert find_episodes(np.arange(100) * hour, score * 0, 0.7, lambda rows: ()) == ()


def test_severity_follows_how_much_rarer_than_the_threshold():
    assert severity_of(0.5, 0.4) is Severity.INFO
    assert severity_of(0.7, 0.4) is Severity.WARNING
    assert severity_of(0.95, 0.4) is Severity.CRITICAL
