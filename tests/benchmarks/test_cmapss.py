"""C-MAPSS by its protocol: cuts, figures, and test engines that no fit ever sees."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.ml import build, fit_spec
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.cmapss import QUICK, cross_validate
from workbench.workflows.benchmarks.cmapss_cuts import CAP, Scored, constant_width, remaining_cycles, seeded_cuts
from workbench.workflows.benchmarks.cmapss_data import find_subsets, load_subset
from workbench.workflows.benchmarks.rolling_peer import RollingPeer, rolling_features

SAMPLED = (
    "rmse_capped",
    "rmse",
    "score_capped",
    "score",
    "cv_rmse",
    "cv_rmse_peer",
    "cv_rmse_difference",
    "abstain_rate",
    "coverage_90",
    "median_width_90",
    "interval_score_90",
)


@pytest.fixture(scope="module")
def result(cmapss_folder):
    return run_benchmark("cmapss", data=cmapss_folder, quick=True, only=["FD001"])


def test_every_key_of_the_protocol_is_there_with_its_interval(result):
    metrics = result["metrics"]
    for key in SAMPLED:
        low, high = metrics[f"FD001.{key}_interval"]
        assert low <= metrics[f"FD001.{key}"] <= high or key == "median_width_90"
    assert metrics["FD001.train_s"] > 0
    assert metrics["FD001.predict_ms_per_engine"] > 0
    assert metrics["FD001.cv_pairs"] == 10 * 5
    assert metrics["FD001.rmse_capped"] < 45
    assert result["peers"]["FD001.rolling_boosting.rmse_capped"] > 0
    assert result["peers"]["FD001.constant_width_conformal.interval_score_90"] > 0
    assert result["protocol"].startswith("quick run")
    assert len(result["data"]) == 3


def test_test_engines_and_their_labels_change_no_cross_validated_figure(result, cmapss_folder, tmp_path):
    shutil.copytree(cmapss_folder, tmp_path, dirs_exist_ok=True)
    labels = (tmp_path / "RUL_FD001.txt").read_text().split()
    (tmp_path / "RUL_FD001.txt").write_text("".join(f"{int(v) + 31}  \n" for v in labels))
    rows = (tmp_path / "test_FD001.txt").read_text().splitlines(keepends=True)
    (tmp_path / "test_FD001.txt").write_text("".join(line for line in rows if int(line.split()[1]) > 5))
    before, after = (load_subset(folder, "FD001", units=QUICK.units) for folder in (cmapss_folder, tmp_path))
    assert not np.array_equal(before.truth, after.truth)
    assert len(before.test) != len(after.test)
    pd.testing.assert_frame_equal(before.train, after.train)
    ours, peer = cross_validate(after, 0, QUICK, lambda _f, _m: None)
    every = np.arange(len(ours.unit))
    assert ours.capped_rmse(every) == result["metrics"]["FD001.cv_rmse"]
    assert peer.capped_rmse(every) == result["metrics"]["FD001.cv_rmse_peer"]
    assert ours.interval_figures(every)["interval_score_90"] == result["metrics"]["FD001.interval_score_90"]


def test_a_missing_subset_or_folder_is_bad_input(cmapss_folder, tmp_path):
    with pytest.raises(InputError, match="Subsets whose files are there: FD001"):
        run_benchmark("cmapss", data=cmapss_folder, only=["FD004"])
    with pytest.raises(InputError, match="none"):
        run_benchmark("cmapss", data=tmp_path)


def test_both_forms_are_read_alike(cmapss_folder, datasets):
    text = load_subset(cmapss_folder, "FD001")
    parquet = load_subset(datasets, "FD001", units=12)
    assert find_subsets(cmapss_folder) == ["FD001"]
    pd.testing.assert_frame_equal(text.train, parquet.train, check_exact=False, rtol=1e-6)
    assert list(text.truth) == list(parquet.truth[:8])


def test_cuts_lie_where_the_protocol_puts_them(cmapss_folder):
    rows = load_subset(cmapss_folder, "FD001").train
    cuts = seeded_cuts(rows, farthest=145, count=20, seed=1)
    left = remaining_cycles(rows)[cuts]
    life = rows.groupby("unit")["cycle"].max()
    assert left.min() >= 7
    assert (left <= np.minimum(145, life.loc[rows["unit"].iloc[cuts]].to_numpy() - 20)).all()
    assert rows["unit"].iloc[cuts].value_counts().eq(20).all()
    assert np.array_equal(cuts, seeded_cuts(rows, farthest=145, count=20, seed=1))
    assert not np.array_equal(cuts, seeded_cuts(rows, farthest=145, count=20, seed=2))
    few = rows[rows["unit"] >= 5].reset_index(drop=True)
    alone = seeded_cuts(few, farthest=145, count=20, seed=1)
    assert np.array_equal(few["cycle"].iloc[alone], rows["cycle"].iloc[cuts[rows["unit"].iloc[cuts] >= 5]])


def test_nothing_after_a_cut_is_used(cmapss_folder):
    subset = load_subset(cmapss_folder, "FD001", units=6)
    rows = subset.train
    until = rows[rows["cycle"] <= 90].reset_index(drop=True)
    at, last = (np.flatnonzero((part["cycle"] == 90).to_numpy()) for part in (rows, until))
    spec = fit_spec(subset.engines(rows, ended=True), scope="type:turbofan_cmapss_fd001")
    whole, cut = (
        pd.concat([build(engine, spec) for engine in subset.engines(part, ended=False)], ignore_index=True)
        for part in (rows, until)
    )
    np.testing.assert_allclose(whole.iloc[at], cut.iloc[last], rtol=1e-4, atol=1e-5)
    peer = RollingPeer().fit(rows)
    np.testing.assert_allclose(peer.predict(rows)[at], peer.predict(until)[last], atol=1e-6)


def test_rolling_features_are_what_numpy_says():
    z = np.random.default_rng(0).normal(size=(60, 2))
    units = np.repeat([1, 2], 30)
    features = rolling_features(z, units)
    np.testing.assert_allclose(features[40, :2], z[36:41].mean(axis=0))
    np.testing.assert_allclose(features[32, 4:6], z[30:33].mean(axis=0))
    np.testing.assert_allclose(features[59, 6:8], z[30:60].std(axis=0, ddof=1))
    slope = [np.polyfit(np.arange(20), z[40:60, k], 1)[0] for k in range(2)]
    np.testing.assert_allclose(features[59, 8:], slope)


def test_an_upper_end_at_the_cap_is_open_and_scores_follow_the_capped_truth():
    scored = Scored(
        unit=np.array([1, 2, 3]),
        truth=np.array([200.0, 50.0, 140.0]),
        point=np.array([120.0, 60.0, 80.0]),
        lower=np.array([100.0, 40.0, 60.0]),
        upper=np.array([CAP, 70.0, 100.0]),
    )
    figures = scored.interval_figures(np.arange(3))
    assert figures["coverage_90"] == pytest.approx(2 / 3)
    assert figures["coverage_90_above_125"] == 0.5
    assert figures["median_width_90"] == 30
    wide = constant_width(scored, seed=0)
    assert (wide.upper <= CAP).all()
    assert (wide.lower >= 0).all()
