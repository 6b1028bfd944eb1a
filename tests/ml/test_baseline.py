"""A machine's own healthy baseline."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.ml.baseline import fit_baseline

ROWS = 1500


def based(values, resets=(0,), **options):
    load = np.random.default_rng(5).normal(50, 5, (len(values), 1))
    return fit_baseline(
        values, load, np.array(resets), smallest_sd=np.full(values.shape[1], 0.01), lag_rows=6.0, **options
    )


@pytest.fixture
def readings():
    return np.random.default_rng(1).normal(10, 1, (ROWS, 2))


def test_a_sensor_that_starts_late_is_compared_with_its_own_first_readings(readings):
    whole = based(readings)
    readings[:600, 1] = np.nan
    readings[1200:, 1] += 8
    found = based(readings)
    assert np.isnan(found.z[:624, 1]).all()
    assert np.isfinite(found.z[624:, 1]).all()
    assert np.abs(found.z[960:1200, 1]).mean() < 1.2
    assert found.z[1200:, 1].mean() > 5
    assert np.allclose(found.z[:, 0], whole.z[:, 0], equal_nan=True)


def test_a_sensor_read_once_a_day_gets_a_baseline(readings):
    readings[np.arange(ROWS) % 40 != 0, 1] = np.nan
    found = based(readings)
    assert np.isfinite(found.z[1200::40, 1]).all()


@pytest.mark.parametrize("cut", [350, 620, 700, 1100])
def test_a_late_baseline_uses_no_later_rows(readings, cut):
    readings[:600, 1] = np.nan
    whole, part = based(readings, (0, 800)), based(readings[:cut], (0,) if cut < 800 else (0, 800))
    assert np.allclose(whole.z[:cut], part.z, equal_nan=True)


def test_readings_between_a_failure_and_its_repair_teach_no_baseline(readings):
    readings[800:850] += 30
    repaired = based(readings, (0, 800, 850))
    assert repaired.z[800:850].mean() > 15
    assert repaired.sd[1100:].max() < 1.3
    assert based(readings, (0, 800)).sd[1100:].min() > 3


def test_a_sensor_that_never_reads_has_no_residual(readings):
    readings[:, 1] = np.nan
    assert np.isnan(based(readings).z[:, 1]).all()
