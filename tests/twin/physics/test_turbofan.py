"""The engine's gas path by corrected parameters, and its margin to the red line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ENGINE = "turbofan"


def test_temperature_scales_with_a_power_of_the_inlet_temperature(settled):
    cold, hot = settled(ENGINE, load=0.8, ambient_C=0.0), settled(ENGINE, load=0.8, ambient_C=30.0)
    ratio = (hot["egt_C"] + 273.15) / (cold["egt_C"] + 273.15)
    assert ratio == pytest.approx((303.15 / 273.15) ** 0.35, rel=1e-3)


def test_the_margin_is_the_red_line_less_full_thrust_on_a_hot_day(settled):
    margin = settled(ENGINE, load=0.5)["egt_margin_K"]
    assert margin == pytest.approx(950.0 - settled(ENGINE, load=1.0, ambient_C=30.0)["egt_C"], abs=0.1)
    assert margin > 50


def test_margin_is_lost_quickly_at_first_and_used_up_at_removal(settled):
    new, early, late = (settled(ENGINE, hours=hours, load=0.75)["egt_margin_K"] for hours in (1, 3000, 6000))
    assert new - early > 2 * (early - late)


def test_a_leaking_bleed_valve_costs_margin_and_fuel(settled):
    sound, leaking = settled(ENGINE), settled(ENGINE, bleed_leak=1.0)
    assert leaking["egt_margin_K"] < sound["egt_margin_K"] - 80
    assert leaking["fuel_kg_s"] > 1.1 * sound["fuel_kg_s"]
    assert leaking["heat_MW"] == pytest.approx(43.1 * leaking["fuel_kg_s"])


@given(
    load=st.floats(0, 1.1), ambient=st.floats(-40, 45), wear=st.floats(0, 50), damage=st.tuples(*[st.floats(0, 1)] * 3)
)
def test_wear_only_grows_and_costs_temperature(settled, load, ambient, wear, damage):
    faults = dict(zip(("bleed_leak", "oil_loss", "bearing_damage"), damage, strict=True))
    less = settled(ENGINE, hours=24, load=load, ambient_C=ambient, wear=wear, **faults)
    more = settled(ENGINE, hours=24, load=load, ambient_C=ambient, wear=2 * wear, **faults)
    assert all(np.isfinite(value) for value in more.values())
    assert 0 <= less["deterioration"] <= more["deterioration"]
    assert more["egt_C"] >= less["egt_C"] - 1e-9
