"""Trends: found when wear begins late and when load swings, not found in noise."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.domain.equipment import MachineProfile, Sensor
from workbench.ml.trends import find_trends, without_load

NAMES = ("temp_C", "load_pct")
HOURS = np.arange(720)
TIME = HOURS * 3_600_000_000_000


@pytest.fixture(scope="module")
def profile() -> MachineProfile:
    span = {"normal_low": 0, "normal_high": 100, "physical_low": -1000, "physical_high": 1000}
    sensors = (
        Sensor(name="temp_C", quantity="temperature", unit="degC", **span),
        Sensor(name="load_pct", quantity="other", unit="%", role="operating", **span),
    )
    return MachineProfile(
        machine_id="pump_01",
        machine_type="pump",
        title="P",
        manufacturer="x",
        model="y",
        site_id="main_site",
        sensors=sensors,
    )


def _readings(seed: int, drift_per_day: float, since: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    load = 60 + 25 * np.sin(HOURS / 24 * 2 * np.pi) + rng.normal(0, 2, len(HOURS))
    drift = np.clip(HOURS - since, 0, None) / 24 * drift_per_day
    return np.column_stack([40 + 0.2 * load + drift + rng.normal(0, 0.5, len(HOURS)), load])


@pytest.mark.parametrize("since", [0, 360, 560])
def test_rise_is_found_under_a_swinging_load_wherever_it_begins(profile, since):
    [trend] = find_trends(profile, NAMES, _readings(1, 0.8, since), TIME)
    assert trend.sensor == "temp_C"
    assert trend.per_day == pytest.approx(0.8, rel=0.35)


def test_steady_machines_seldom_show_a_trend(profile):
    found = [find_trends(profile, NAMES, _readings(seed, 0.0, 0), TIME) for seed in range(60)]
    assert sum(bool(trends) for trends in found) <= 4


def test_gaps_do_not_hide_a_trend(profile):
    values = _readings(2, 0.8, 0)
    values[100:150] = np.nan
    assert [trend.sensor for trend in find_trends(profile, NAMES, values, TIME)] == ["temp_C"]


def test_an_operating_sensor_that_says_nothing_new_changes_nothing():
    rng = np.random.default_rng(5)
    load, wear = rng.normal(50, 10, 300), np.linspace(0, 3, 300)
    level = np.where(rng.random(300) < 0.1, np.nan, 0.2 * load + wear)
    alone = without_load(np.column_stack([load, level]), np.array([True, False]))[:, -1]
    still = np.where(rng.random(300) < 0.2, np.nan, 7.1)
    doubled = np.column_stack([load, 3 * load + 1, still, level])
    together = without_load(doubled, np.array([True, True, True, False]))[:, -1]
    np.testing.assert_allclose(together, alone, rtol=1e-6)
    assert np.isnan(together).sum() == np.isnan(level).sum()
