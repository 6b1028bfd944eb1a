"""The benchmark of synthetic data: sides that share no unit, a copier that is refused, and every key of the protocol."""

from __future__ import annotations

import pytest

from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark
from workbench.workflows.benchmarks.tvae_peers import block_bootstrap
from workbench.workflows.benchmarks.tvae_sides import makers

WITH_INTERVAL = (
    "closer_to_train",
    "dcr_ratio",
    "quality",
    "column_shapes",
    "column_pair_trends",
    "autocorrelation_distance",
    "tstr_over_trtr",
    "augmentation",
    "augmentation_few",
)
OTHERS = ("fit_time_ratio_to_sdv", "quality_sdv", "autocorrelation_distance_sdv", "sample_50k_s", "trustworthy")
PEERS = ("sdv_as_sampled", "sdv_sorted_by_rul", "block_bootstrap", "real_holdout")


def test_sides_share_no_unit_and_another_seed_splits_anew(cmapss_folder):
    make = makers(cmapss_folder)["FD001"]
    first, again, other = make(0, None), make(0, None), make(1, None)
    names = [set(side["unit"]) for side in (first.train, first.holdout)]
    assert names[0] & names[1] == set()
    assert len(names[0]) == len(names[1]) == 6
    assert first.train.equals(again.train)
    assert set(other.train["unit"]) != names[0]
    assert first.train.groupby("unit")["rul"].min().eq(0).all()
    assert len(first.sensors) == 21


@pytest.mark.slow
def test_lives_of_the_twin_are_held_out_by_other_seeds(cmapss_folder):
    sides = makers(cmapss_folder)["seed"](0, 16)
    columns = sides.columns
    assert sides.train[columns.unit].nunique() == sides.holdout[columns.unit].nunique()
    assert not set(sides.train["bearing_temp_C"].round(9)) & set(sides.holdout["bearing_temp_C"].round(9))


def test_a_bootstrap_of_blocks_keeps_units_and_rows_and_copies_values(cmapss_folder):
    sides = makers(cmapss_folder)["FD001"](0, None)
    made = block_bootstrap(sides.train, sides.columns, seed=0)
    assert made.groupby("unit").size().to_list() == sides.train.groupby("unit", sort=False).size().to_list()
    assert set(made["s9"]) <= set(sides.train["s9"])
    assert made.groupby("unit")["rul"].apply(lambda left: (left.diff().dropna() == -1).all()).all()


def test_an_unknown_subset_is_bad_input(cmapss_folder):
    with pytest.raises(InputError, match="Subsets whose files are there: FD001, seed"):
        run_benchmark("tvae", data=cmapss_folder, only=["FD002"])


@pytest.mark.slow
def test_a_quick_run_has_every_key_and_refuses_the_copier(cmapss_folder, deep, synthesis):
    result = run_benchmark("tvae", data=cmapss_folder, quick=True, only=["FD001"])
    metrics, peers = result["metrics"], result["peers"]
    for key in WITH_INTERVAL:
        assert metrics[f"FD001.{key}"] is not None
        assert len(metrics[f"FD001.{key}_interval"]) == 2
    for key in OTHERS:
        assert metrics[f"FD001.{key}"] is not None
    for peer in PEERS:
        assert peers[f"FD001.{peer}.quality"] > 0.5
    assert peers["FD001.block_bootstrap.trustworthy"] == 0
    assert peers["FD001.block_bootstrap.dcr_ratio"] < 0.5
    assert "sdv" in result["versions"]
    assert result["simulated"] is False
