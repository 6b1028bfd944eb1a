"""Fans by the affinity laws, against damper and filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.twin.physics import component

FAN = component("fan")
PARAMETERS = {p.name: p.default for p in FAN.parameters}


def blow(**known):
    return FAN.advance({}, {i.name: i.start for i in FAN.inputs} | known, PARAMETERS, 1.0)


@given(st.floats(200.0, 1800.0), st.floats(0.1, 1.0))
def test_flow_pressure_and_power_follow_the_affinity_laws(speed_rpm, load):
    rated, other = blow(load=load), blow(load=load, speed_rpm=speed_rpm)
    ratio = speed_rpm / 1450.0
    assert other["flow_m3_h"] == pytest.approx(ratio * rated["flow_m3_h"])
    assert other["pressure_Pa"] == pytest.approx(ratio**2 * rated["pressure_Pa"])
    assert other["shaft_kW"] == pytest.approx(ratio**3 * rated["shaft_kW"])
    assert other["duty"] == pytest.approx(rated["duty"])


def test_a_fan_at_rated_load_is_at_its_name_plate():
    told = blow(load=1.0)
    assert told["flow_m3_h"] == pytest.approx(24_000)
    assert told["shaft_kW"] == pytest.approx(18.5)
    # 18.5 kW at 400 V, power factor 0.86 and efficiency 0.91
    assert told["current_A"] == pytest.approx(34.1, abs=0.1)


@given(st.floats(0.1, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_clogging_filter_takes_pressure_and_flow_and_relieves_the_motor(load, one, other):
    less, more = (blow(load=load, clogging=c) for c in sorted((one, other)))
    assert more["filter_drop_Pa"] >= less["filter_drop_Pa"]
    assert more["flow_m3_h"] <= less["flow_m3_h"]
    assert more["current_A"] <= less["current_A"]


def test_duct_and_dust_cake_take_exactly_what_the_fan_makes():
    told = blow(load=0.7, clogging=0.6)
    asked = 0.125 + 0.875 * 0.7
    cake = 165.0 * 2.9 * 0.6 * told["flow_share"]
    assert 1000.0 * (told["flow_share"] / asked) ** 2 + cake == pytest.approx(told["pressure_Pa"])


def test_a_standing_fan_blows_nothing():
    told = blow(running=0.0)
    assert (told["flow_m3_h"], told["filter_drop_Pa"], told["current_A"]) == (0.0, 0.0, 0.0)
