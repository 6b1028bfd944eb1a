"""Sun to power to water: module coefficients, affinity of the pump, and power that balances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ARRAY, PUMP = "photovoltaic_array", "borehole_pump"


def test_power_is_the_data_sheets_in_full_sun_at_25_degrees_cell(settled):
    cold = settled(ARRAY, load=1.0, ambient_C=-3.0)
    assert cold["cell_C"] == pytest.approx(25.0)
    assert cold["power_kW"] == pytest.approx(4.6)
    assert cold["voltage_V"] == pytest.approx(510.0)


def test_power_falls_with_cell_temperature_and_rises_with_the_sun(settled):
    warm, hot = settled(ARRAY, load=0.5, ambient_C=10.0), settled(ARRAY, load=0.5, ambient_C=20.0)
    assert warm["power_kW"] - hot["power_kW"] == pytest.approx(4.6 * 0.5 * 0.0038 * 10)
    assert settled(ARRAY, load=0.0)["power_kW"] == 0


@pytest.mark.parametrize("share", [0.02, 0.2, 0.6, 1.0, 1.3])
def test_flow_takes_the_power_that_lift_and_friction_need(settled, share):
    found = settled(PUMP, power_kW=4.0 * share)
    flow = found["flow_m3_h"] / 16.0
    static = 4.1 / 5.0
    assert flow * (static + (1 - static) * flow**2) == pytest.approx(share, rel=1e-4)


@given(
    power=st.floats(0, 6),
    running=st.floats(0, 1),
    ambient=st.floats(-10, 45),
    damage=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_power_taken_lifts_water_or_is_lost(settled, power, running, ambient, damage):
    names = ("intake_clogging", "seal_wear", "winding_fault", "blocked")
    found = settled(
        PUMP, hours=3, power_kW=power, running=running, ambient_C=ambient, **dict(zip(names, damage, strict=True))
    )
    assert all(np.isfinite(value) for value in found.values())
    assert found["taken_kW"] == pytest.approx(found["hydraulic_kW"] + found["heat_kW"])
    assert found["taken_kW"] <= power + 1e-9
    assert found["heat_kW"] >= -1e-12


def test_a_loose_contact_turns_power_into_heat(settled):
    sound, loose = settled(ARRAY, load=0.8), settled(ARRAY, load=0.8, loose_contact=1.0)
    assert loose["power_kW"] + loose["contact_kW"] == pytest.approx(sound["power_kW"])
    assert loose["voltage_V"] < 0.8 * sound["voltage_V"]
