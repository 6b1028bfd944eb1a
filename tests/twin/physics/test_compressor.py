"""The reciprocating compressor: capacity, temperatures after the polytropic law, and power that balances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

COMPRESSOR = "reciprocating_compressor"


def test_stages_compress_polytropically(settled):
    hot = settled(COMPRESSOR, load=1.0, ambient_C=20.0, parameters={"polytropic": 1.3, "preheat_K": 0.0})
    ratio = (hot["pressure_bar"] + 1.01325) / (1.01325 - hot["intake_drop_mbar"] / 1000)
    assert hot["discharge_C"] == pytest.approx(293.15 * ratio ** (0.3 / 1.3 / 2) - 273.15, abs=0.01)


def test_pressure_sinks_where_leaking_valves_cannot_meet_the_demand(settled):
    sound, leaking = settled(COMPRESSOR, load=0.7), settled(COMPRESSOR, load=0.7, valve_leak=1.0)
    assert sound["utilisation"] < 1 < leaking["utilisation"]
    assert leaking["pressure_bar"] < sound["pressure_bar"] - 1.0
    # With half the demand the same valves suffice.
    assert settled(COMPRESSOR, load=0.35, valve_leak=1.0)["pressure_bar"] == pytest.approx(
        sound["pressure_bar"], abs=0.3
    )


def test_a_clogged_filter_costs_mass_flow(settled):
    clean, clogged = settled(COMPRESSOR), settled(COMPRESSOR, filter_clogging=1.0)
    assert clogged["intake_drop_mbar"] > 3 * clean["intake_drop_mbar"]
    assert clogged["utilisation"] > clean["utilisation"]


@given(
    load=st.floats(0, 1.5),
    running=st.floats(0, 1),
    ambient=st.floats(-20, 45),
    damage=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_power_is_what_the_gas_and_the_losses_take(settled, load, running, ambient, damage):
    names = ("valve_leak", "filter_clogging", "cooler_fouling", "bearing_damage")
    found = settled(
        COMPRESSOR, hours=3, load=load, running=running, ambient_C=ambient, **dict(zip(names, damage, strict=True))
    )
    assert all(np.isfinite(value) for value in found.values())
    assert found["power_kW"] == pytest.approx(found["gas_kW"] + found["heat_kW"])
    assert found["gas_kW"] >= 0
    assert found["heat_kW"] >= 0


def test_a_day_is_the_same_in_one_step_or_in_many(start, run):
    for hours, steps in ((24.0, 1), (24.0, 24 * 60)):
        x, u, p = start(COMPRESSOR, ambient_C=10.0)
        u["ambient_C"] = 30.0
        run(COMPRESSOR, x, u, p, hours=hours, steps=steps)
        if steps == 1:
            once = {name: value.copy() for name, value in x.items()}
    for name, value in x.items():
        np.testing.assert_allclose(value, once[name], rtol=1e-9)
