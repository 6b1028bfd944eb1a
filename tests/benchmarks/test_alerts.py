"""The benchmark of alerts: fewer episodes at each step, failures still announced, no machine alert by a stuck sensor."""

from __future__ import annotations

import pytest

from workbench.errors import InputError
from workbench.workflows.benchmarks import run_benchmark

STEPS = ("raw", "delay", "deadband", "state")


def test_metropt3_has_fewer_episodes_and_every_failure_seen(datasets):
    result = run_benchmark("alerts", data=datasets, quick=True, only=["metropt3"])
    metrics = result["metrics"]
    rates = [metrics[f"metropt3.episodes_per_machine_week.{step}"] for step in STEPS]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 3 * rates[-1]
    assert [metrics[f"metropt3.failures_alerted.{step}"] for step in STEPS] == [1, 1, 1, 1]
    lower, upper = metrics["metropt3.episodes_per_machine_week.state_interval"]
    assert lower < rates[-1] < upper
    assert not result["simulated"]


def test_a_subset_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="no data for cars"):
        run_benchmark("alerts", data=None, quick=True, only=["cars"])


@pytest.mark.slow
def test_fleet_stays_announced_with_far_fewer_episodes():
    metrics = (result := run_benchmark("alerts", data=None, quick=True, only=["fleet"]))["metrics"]
    rates = [metrics[f"fleet.episodes_per_machine_week.{step}"] for step in STEPS]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 3 * rates[-1]
    assert metrics["fleet.failures_alerted.state"] == 1
    assert metrics["fleet.machine_alerts_by_stuck_sensors"] == 0
    assert metrics["fleet.machine_alerts_by_stuck_sensors_without_checks"] > 0
    assert metrics["fleet.stuck_sensors_found"] == 1
    assert result["simulated"]
