"""What must hold for any lengths: windows blend back into rows, demands are met exactly, noise stays within its unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.synthesis import SequenceColumns
from workbench.tvae.lives import Lives, fitted
from workbench.tvae.noise import fit_noise
from workbench.tvae.scales import fit_scales
from workbench.tvae.table import Layout
from workbench.tvae.windows import blend, cut, mirrored, window_counts

LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=6).map(np.array)


@settings(max_examples=60, deadline=None)
@given(lengths=LENGTHS, half=st.integers(2, 16), seed=st.integers(0, 1000))
def test_windows_blend_back_into_the_rows_they_were_cut_from(lengths, half, seed):
    rows = np.random.default_rng(seed).normal(size=(lengths.sum(), 3))
    windows = cut(rows, lengths, 2 * half)
    assert windows.shape == (window_counts(lengths, 2 * half).sum(), 2 * half, 3)
    np.testing.assert_allclose(blend(windows, lengths), rows, atol=1e-12)


@given(position=st.integers(-300, 300), length=st.integers(1, 50))
def test_a_mirrored_position_is_inside_and_inside_ones_stay(position, length):
    inside = int(mirrored(np.array([position]), np.array([length]))[0])
    assert 0 <= inside < length
    if 0 <= position < length:
        assert inside == position


def lives_of(lengths: np.ndarray) -> Lives:
    zeros = np.zeros(len(lengths))
    return Lives(lengths.astype(float), zeros, zeros + 1, zeros, zeros + 1, np.zeros(len(lengths), dtype=int))


@settings(max_examples=60, deadline=None)
@given(lengths=LENGTHS, rows=st.integers(40, 900), units=st.integers(1, 12), seed=st.integers(0, 99))
def test_lengths_sum_to_the_rows_asked_for(lengths, rows, units, seed):
    drawn = fitted(lives_of(lengths).draw(units, np.random.default_rng(seed)), rows)
    assert drawn.length.sum() == rows
    assert drawn.length.min() >= 1


def test_drawn_lengths_spread_like_those_of_training_without_repeating_them():
    rng = np.random.default_rng(0)
    lengths = np.exp(rng.normal(5.3, 0.25, 60)).round().astype(int)
    drawn = lives_of(lengths).draw(4000, rng).length
    assert np.log(drawn).std() == pytest.approx(np.log(lengths).std(), rel=0.06)
    assert np.log(drawn).mean() == pytest.approx(np.log(lengths).mean(), abs=0.02)
    assert len(set(drawn) - set(lengths)) > 20


def test_noise_keeps_its_distribution_persistence_and_dependence():
    rng = np.random.default_rng(0)
    shocks = rng.normal(size=(6000, 2)) @ np.array([[1, 0.8], [0, 0.6]])
    along = np.zeros_like(shocks)
    for t in range(1, len(shocks)):
        along[t] = [0.9, 0.0] * along[t - 1] + shocks[t]
    rows = np.stack([along[:, 0], np.exp(along[:, 1])], axis=1)
    lengths = np.full(30, 200)
    made = fit_noise(rows, lengths).draw(np.full(100, 200), np.random.default_rng(1))
    for k, lag1 in ((0, 0.9), (1, 0.0)):
        units = made[:, k].reshape(100, 200)
        centred = units - units.mean()
        assert (centred[:, 1:] * centred[:, :-1]).mean() / (centred**2).mean() == pytest.approx(lag1, abs=0.06)
        np.testing.assert_allclose(
            np.quantile(made[:, k], [0.1, 0.5, 0.9]), np.quantile(rows[:, k], [0.1, 0.5, 0.9]), atol=0.25
        )
    assert np.corrcoef(made[:, 0], np.log(made[:, 1]))[0, 1] == pytest.approx(np.corrcoef(along.T)[0, 1], abs=0.08)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), conditions=st.integers(1, 3), levels=st.integers(1, 30))
def test_scaling_there_and_back_changes_nothing(seed, conditions, levels):
    rng = np.random.default_rng(seed)
    condition = rng.integers(0, conditions, 400)
    numbers = np.stack(
        [
            rng.lognormal(size=400) * 1e4,
            rng.integers(0, levels, 400) / 10,
            np.full(400, 5.0),
            rng.normal(condition * 100),
        ],
        axis=1,
    )
    scales = fit_scales(numbers, condition, conditions + 1)
    back = scales.backward(scales.forward(numbers, condition, rng), condition)
    np.testing.assert_allclose(back, numbers, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_return_exactly_even_where_single_precision_blurs_them(dtype):
    readings = np.tile(np.array([14.62, 39.06, 2388.02], dtype="float32"), 8)
    frame = pd.DataFrame({"u": np.repeat([1, 2, 3, 4], 6), "t": np.tile(np.arange(6), 4), "x": readings.astype(dtype)})
    layout = Layout.of(frame, SequenceColumns(unit="u", order="t", continuous=("x",)))
    pd.testing.assert_series_equal(layout.write(layout.read(frame))["x"], frame["x"], check_exact=True)
