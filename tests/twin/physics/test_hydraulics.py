"""The hydraulic unit's balance of flow and heat, and the filter's of particles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

UNIT, FILTER = "hydraulic_power_unit", "oil_filter"
DAMAGES = ("seal_wear", "valve_wear", "cooler_fouling", "cavitation")


def test_leakage_doubles_where_viscosity_halves(settled):
    cold, warm = settled(UNIT, load=0.3, ambient_C=5.0), settled(UNIT, load=0.9, ambient_C=25.0)
    assert warm["leakage"] / cold["leakage"] == pytest.approx(2 ** ((warm["oil_C"] - cold["oil_C"]) / 20.0), rel=1e-3)
    assert warm["viscosity"] * warm["leakage"] == pytest.approx(0.03, rel=1e-6)


def test_a_cycle_takes_longer_with_worn_seals_or_a_starved_pump(settled):
    new = settled(UNIT)["cycle_time_s"]
    for damage in ("seal_wear", "cavitation"):
        assert settled(UNIT, **{damage: 1.0})["cycle_time_s"] > new + 1.0


@given(
    load=st.floats(0, 1.2),
    running=st.floats(0, 1),
    ambient=st.floats(-10, 40),
    damage=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_power_is_work_and_loss(settled, load, running, ambient, damage):
    found = settled(
        UNIT, hours=6, load=load, running=running, ambient_C=ambient, **dict(zip(DAMAGES, damage, strict=True))
    )
    assert all(np.isfinite(value) for value in found.values())
    assert 0 <= found["heat_kW"] <= found["power_kW"]
    work = 0.7 * 0.83 * 55.0 * load * running
    assert found["power_kW"] - found["heat_kW"] == pytest.approx(work, abs=1e-9)
    assert found["oil_C"] >= ambient - 1e-6


def test_particles_settle_at_ingress_over_what_the_filter_takes(settled):
    found = settled(FILTER, hours=100)
    cleaning = 10.0 * (1 - 1 / 75.0)
    assert found["particles_ml"] == pytest.approx(3000.0 / cleaning)
    # ISO 4406: more than 160 and up to 320 particles per ml are scale number 15.
    assert found["iso_4406_6um"] == 15


def test_twice_the_particles_are_one_scale_number_more(settled):
    assert settled(FILTER, wear=2.0)["iso_4406_6um"] == settled(FILTER)["iso_4406_6um"] + 1


def test_an_element_clogs_at_the_end_of_its_life_and_opens_the_bypass(settled):
    assert settled(FILTER, hours=1500)["clogging"] == 0
    assert settled(FILTER, hours=2001)["clogging"] == pytest.approx(1.0)
    assert settled(FILTER, hours=2001)["drop_bar"] == pytest.approx(settled(FILTER)["drop_bar"] + 2.7)


def test_worn_parts_fill_it_sooner(settled):
    assert settled(FILTER, hours=500, generated=0.5)["dirt"] > 2 * settled(FILTER, hours=500)["dirt"]
