"""The chiller: saturation pressures, the cycle's efficiency, and heat that balances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.twin.physics.chiller import saturation_bar

CHILLER = "vapour_compression_chiller"


@pytest.mark.parametrize(("temperature_C", "bar"), [(0, 2.928), (10, 4.146), (25, 6.654), (40, 10.166), (55, 14.915)])
def test_saturation_pressure_of_r134a(temperature_C, bar):
    assert saturation_bar(temperature_C) == pytest.approx(bar, rel=0.01)


def test_rated_efficiency_is_the_share_of_carnots(settled):
    p = {"idle_power": 0.0, "set_below_K": 0.0, "droop_K": 0.0}
    rated = settled(CHILLER, load=1.0, parameters=p)
    evaporating, condensing = 7.0 - 3.0 + 273.15, rated["condensing_C"] + 273.15
    assert rated["cop"] == pytest.approx(0.62 * evaporating / (condensing - evaporating), rel=1e-6)


def test_fouling_raises_condensation_and_power_in_proportion_to_the_heat(settled):
    rise = {
        load: settled(CHILLER, load=load, fouling=1.0)["condensing_C"] - settled(CHILLER, load=load)["condensing_C"]
        for load in (0.4, 0.8)
    }
    assert rise[0.8] == pytest.approx(2 * rise[0.4])
    assert settled(CHILLER, fouling=1.0)["cop"] < 0.85 * settled(CHILLER)["cop"]


@given(
    load=st.floats(0, 1.3),
    running=st.floats(0, 1),
    ambient=st.floats(-20, 45),
    damage=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_heat_rejected_is_heat_taken_and_power(settled, load, running, ambient, damage):
    names = ("fouling", "valve_leak", "charge_loss", "bearing_damage")
    found = settled(
        CHILLER, hours=3, load=load, running=running, ambient_C=ambient, **dict(zip(names, damage, strict=True))
    )
    assert all(np.isfinite(value) for value in found.values())
    assert found["rejected_kW"] == pytest.approx(found["cooling_kW"] + found["power_kW"])
    assert found["power_kW"] >= 0
    assert 0 <= found["cop"] < 12
