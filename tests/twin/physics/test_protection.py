"""The thermal overload relay against the trip times of IEC 60255-149."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.twin.physics import component

RELAY = component("thermal_overload")
P = {p.name: p.default for p in RELAY.parameters} | {"base_current_A": 10.0, "tau_s": 1200.0}


@pytest.mark.parametrize("before", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("current", [1.2, 1.5, 2.0, 6.0])
def test_trip_time_is_the_standards(before, current):
    """t = tau ln((I^2 - I_p^2) / (I^2 - (k I_b)^2)), k = 1.05."""
    due = 1200 * np.log((current**2 - before**2) / (current**2 - 1.05**2))
    x = {"level": np.array([float(RELAY.rest({"current_A": 10 * before, "running": 1.0}, P)["level"])])}
    told, step_s = 0.0, 0.1
    while x["level"][0] < 1:
        RELAY.advance(x, {"current_A": 10 * current, "running": 1.0}, P, step_s)
        told += step_s
    assert told == pytest.approx(due, rel=0.02, abs=step_s)


def test_it_never_trips_at_five_percent_overload_and_cools_slower_when_standing():
    x = {"level": np.array([0.9])}
    RELAY.advance(x, {"current_A": 10.5, "running": 1.0}, P, 86_400.0)
    assert x["level"][0] <= 1.0
    running, standing = {"level": np.array([0.9])}, {"level": np.array([0.9])}
    RELAY.advance(running, {"current_A": 0.0, "running": 1.0}, P, 600.0)
    RELAY.advance(standing, {"current_A": 0.0, "running": 0.0}, P, 600.0)
    assert running["level"][0] < standing["level"][0] < 0.9
