"""The judge lets real units pass, refuses copies, and says why in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.tvae import judge
from workbench.tvae.likeness import autocorrelations, column_pair_trends, column_shapes
from workbench.tvae.privacy import nearest
from workbench.workflows.benchmarks.tvae_peers import block_bootstrap, sdmetrics_quality

from .conftest import COLUMNS, wearing

KEYS = (
    "closer_to_train",
    "dcr_ratio",
    "quality",
    "column_shapes",
    "column_pair_trends",
    "autocorrelation_distance",
    "tstr_over_trtr",
    "augmentation",
)


@pytest.fixture(scope="module")
def new_units(lives, others):
    return judge(wearing(30, seed=2), lives, others, COLUMNS, seed=0, draws=20)


def test_new_real_units_pass_with_a_verdict_to_every_figure(new_units):
    assert tuple(one.name for one in new_units.figures) == KEYS
    assert new_units.trustworthy
    assert new_units.passed, [one.verdict for one in new_units.figures if one.passed is False]
    for one in new_units.figures:
        assert len(one.verdict) > 20
        assert one.low <= one.high
    assert new_units.units == 30
    assert new_units.verdict.startswith("No copies")


def test_a_copier_is_refused_and_nothing_else_counts(lives, others):
    report = judge(block_bootstrap(lives, COLUMNS, seed=0, block=20), lives, others, COLUMNS, seed=0, draws=20)
    assert not report.trustworthy
    assert not report.passed
    assert report.figure("closer_to_train").value > 0.8
    assert report.figure("dcr_ratio").value < 0.1
    for one in report.figures:
        assert one.passed is False or not one.bar
    assert report.figure("quality").verdict.startswith("Does not count")
    assert report.verdict.startswith("Refused")


def test_a_half_copier_is_refused_too(lives, others):
    copied, new = block_bootstrap(lives, COLUMNS, seed=0, block=20), wearing(30, seed=2)
    mixed = pd.concat([copied[copied["life"] <= 8], new[new["life"] > "machine_007"]], ignore_index=True)
    assert not judge(mixed.assign(life=mixed["life"].astype(str)), lives, others, COLUMNS, seed=0, draws=5).trustworthy


def test_rows_without_a_course_in_time_are_found_out(lives, others):
    new = wearing(30, seed=2)
    shuffled = new.sample(frac=1, random_state=0)[["vibration", "temperature", "steps", "load"]].to_numpy()
    lost = new.assign(**{name: shuffled[:, k] for k, name in enumerate(("vibration", "temperature", "steps", "load"))})
    lost = lost.astype(new.dtypes)
    report = judge(lost, lives, others, COLUMNS, seed=0, draws=5)
    assert report.figure("autocorrelation_distance").passed is False
    assert report.figure("tstr_over_trtr").passed is False
    assert "limited use" in report.verdict


def test_without_remaining_life_usefulness_is_not_measured_and_says_so(lives, others):
    columns = COLUMNS.model_copy(update={"remaining_life": None})
    report = judge(wearing(30, seed=2), lives, others, columns, seed=0, draws=5)
    assert report.figure("tstr_over_trtr").value is None
    assert "no remaining life" in report.figure("tstr_over_trtr").verdict


def test_every_fault_of_the_tables_is_listed(lives, others):
    with pytest.raises(InputError) as refused:
        judge(lives.drop(columns="steps"), lives, others[others["life"] == "machine_000"], COLUMNS, seed=0)
    assert "synthetic: column 'steps' is missing" in str(refused.value)
    assert "holdout: there are fewer than 2 units" in str(refused.value)


def test_likeness_is_what_sdmetrics_measures(lives, others, synthesis):
    theirs = sdmetrics_quality(lives, others, COLUMNS)
    names = [name for name in COLUMNS.used if name != "life"]
    units, _ = pd.factorize(others["life"])
    whole = np.ones(units.max() + 1)
    for figure, key in ((column_shapes, "column_shapes"), (column_pair_trends, "column_pair_trends")):
        mine = figure(lives[names], others[names], units, COLUMNS.categorical)(whole)
        assert mine == pytest.approx(theirs[key], abs=1e-9)


def test_autocorrelation_follows_its_definition():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 1)).cumsum(axis=0)
    centred = x[:, 0] - x.mean()
    expected = (centred[:-2] * centred[2:]).sum() / (centred**2).sum()
    found = autocorrelations(np.vstack([x, np.ones((30, 1))]), np.array([50, 30]))
    assert found[0, 0, 1] == pytest.approx(expected)
    assert np.isnan(found[1]).all()


def test_the_nearest_window_is_found():
    rng = np.random.default_rng(0)
    mine, others = (rng.normal(size=(n, 7)).astype(np.float32) for n in (40, 60))
    brute = np.sqrt(((mine[:, None].astype(float) - others[None].astype(float)) ** 2).sum(axis=2)).min(axis=1)
    np.testing.assert_allclose(nearest(mine, others), brute, rtol=1e-5)
    assert nearest(others[:3], others).max() == 0
