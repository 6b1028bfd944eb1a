"""Ageing of winding insulation by heat and service."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.twin.physics import component
from workbench.twin.physics.insulation import THERMAL_CLASS_C

WINDING = component("winding_insulation")


def parameters(**known):
    return {p.name: p.default for p in WINDING.parameters} | known


def life_h(temperature_C, **known):
    """Hours to failure at a constant mean temperature, without anything but heat."""
    p = parameters(service_life_h=1e7, service_doubling_K=1e9, **known)
    x = {"used": np.zeros(1)}
    WINDING.advance(x, {"temperature_C": temperature_C, "running": 1.0}, p, 3600.0)
    return 1 / (x["used"][0] - 1e-7)


@pytest.mark.parametrize(("name", "limit"), THERMAL_CLASS_C.items())
def test_every_thermal_class_lasts_20000_h_at_its_temperature(name, limit):
    assert life_h(limit - 10, class_C=limit) == pytest.approx(20_000, rel=1e-3)
    assert life_h(limit, class_C=limit) == pytest.approx(10_000, rel=1e-3)
    # Arrhenius is a little steeper below the class temperature than Montsinger's straight ten degrees.
    assert 40_000 < life_h(limit - 20, class_C=limit) < 44_000


def test_arrhenius_is_a_straight_line_in_reciprocal_temperature():
    kelvin = np.array([100.0, 130.0, 160.0]) + 273.15
    logs = np.log([life_h(t - 273.15 - 10) for t in kelvin])
    slopes = np.diff(logs) / np.diff(1 / kelvin)
    assert slopes[0] == pytest.approx(slopes[1], rel=0.01)


@given(st.lists(st.tuples(st.floats(-40, 400), st.floats(0, 1), st.floats(1, 86_400)), min_size=2, max_size=30))
def test_damage_only_grows(steps):
    p, x = parameters(), {"used": np.array([0.9])}
    used, damage = [0.9], [0.0]
    for temperature, running, step_s in steps:
        told = WINDING.advance(x, {"temperature_C": temperature, "running": running}, p, step_s)
        used.append(x["used"][0])
        damage.append(told["damage"][0])
    assert np.all(np.diff(used) >= 0)
    assert np.all(np.diff(damage) >= 0)
    assert max(damage) <= 1
