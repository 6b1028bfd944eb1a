"""Where intervals come from: weighted quantiles of residuals near each predicted level, and where cuts of lives fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.ml import BoostedRul
from workbench.ml.bands import residual_bands, residual_quantiles


def residuals(seed, rows=300):
    rng = np.random.default_rng(seed)
    point = rng.uniform(0, 100, rows)
    return rng.normal(0, 1 + point / 10), point


@given(seed=st.integers(0, 1000), factor=st.floats(0.01, 100.0))
@settings(max_examples=30, deadline=None)
def test_only_the_shares_of_the_weights_count(seed, factor):
    residual, point = residuals(seed)
    weight = np.random.default_rng(seed + 1).uniform(0.1, 1.0, len(point))
    one = residual_bands(residual, point, weight, smallest=0.1)
    other = residual_bands(residual, point, factor * weight, smallest=0.1)
    for mine, theirs in zip(one, other, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
    assert (np.diff(one[0]) > 0).all()


def test_rows_of_little_weight_hardly_move_the_bands():
    residual, point = residuals(0, rows=3000)
    wild = np.concatenate([residual, np.full(3000, 500.0)]), np.concatenate([point, np.full(3000, 50.0)])
    weight = np.concatenate([np.ones(3000), np.full(3000, 1e-6)])
    alone = residual_bands(residual, point, np.ones(3000), smallest=0.1)
    for mine, theirs in zip(residual_bands(*wild, weight, smallest=0.1), alone, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0.02)


def test_a_normal_residual_has_its_quantiles_at_every_level():
    residual = np.random.default_rng(1).normal(size=60_000)
    point = np.random.default_rng(2).uniform(0, 100, 60_000)
    near = residual_quantiles(residual, point, np.ones(60_000))
    assert near.shape == (12, 9)
    np.testing.assert_allclose(near[:, 1:8], np.tile([-1.64, -1.28, -0.67, 0, 0.67, 1.28, 1.64], (12, 1)), atol=0.12)


@given(lives=st.lists(st.integers(30, 400), min_size=1, max_size=8))
@settings(max_examples=30, deadline=None)
def test_cuts_fall_evenly_over_one_and_a_half_caps_of_each_life(lives):
    y = np.concatenate([np.minimum(np.arange(life)[::-1], 100.0) for life in lives])
    names = np.concatenate([np.full(life, f"unit{k}") for k, life in enumerate(lives)])
    weight = BoostedRul(cap=100.0)._cut_weights(y, names)
    for unit, life in enumerate(lives):
        own, left = weight[names == f"unit{unit}"], y[names == f"unit{unit}"]
        assert own.sum() == pytest.approx(1.0)
        assert own[left < 100].sum() == pytest.approx(min(life, 100) / min(life, 150))
