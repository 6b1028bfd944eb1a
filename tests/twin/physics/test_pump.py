"""Pump hydraulics obey the affinity laws, the balance of power and the suction head, and only wear out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.twin.physics import component

PARAMETERS = {q.name for q in component("pump_hydraulics").parameters}


@pytest.fixture(scope="session")
def pump(settled):
    """Run a pump for some hours; keywords set inputs and parameters."""

    def after(hours=1, **given):
        parameters = {name: value for name, value in given.items() if name in PARAMETERS}
        inputs = {name: value for name, value in given.items() if name not in PARAMETERS}
        return settled("pump_hydraulics", hours=hours, parameters=parameters, **inputs)

    return after


def test_the_name_plate_holds_at_rated_load(pump):
    rated = pump(load=1.0)
    assert rated["flow_m3_h"] == pytest.approx(60.0)
    assert rated["discharge_bar"] == pytest.approx(6.0)
    assert rated["power_kW"] == pytest.approx(15.0)


@pytest.mark.parametrize("speed", [0.7, 0.85, 1.1])
def test_affinity_laws_on_a_system_without_static_pressure(pump, speed):
    # A suction vessel at 0 and no static part: the system's curve is a parabola, on which operating points are similar.
    flat = {"static_share": 0.0, "supply_bar": 0.0, "load": 0.9, "vapour_bar": 0.001, "inception_ratio": 1.2}
    rated, other = pump(**flat), pump(speed=speed, **flat)
    assert other["flow_m3_h"] / rated["flow_m3_h"] == pytest.approx(speed, rel=1e-6)
    assert other["discharge_bar"] / rated["discharge_bar"] == pytest.approx(speed**2, rel=1e-6)
    assert other["power_kW"] / rated["power_kW"] == pytest.approx(speed**3, rel=1e-6)


def test_npsh_margin_is_vessel_less_line_vapour_and_requirement(pump):
    found = pump(load=1.0, supply_bar=2.0, suction_loss_bar=0.5, vapour_bar=0.2, npsh3_m=3.0, npsh3_rise_m=1.0)
    available = (2.0 + 1.01325 - 0.2 - 0.5) * 1e5 / (1000 * 9.80665)
    assert found["npsh_margin_m"] == pytest.approx(available - 4.0, abs=0.05)


def test_at_npsh3_three_per_cent_of_the_head_are_lost(pump):
    hot = {"load": 0.9, "supply_bar": 0.5, "suction_loss_bar": 0.0, "static_share": 0.0, "npsh3_rise_m": 0.0}
    # Vapour pressure at which the margin over NPSH3 is nil.
    vapour = 0.5 + 1.01325 - 3.2 / 10.19716
    boiling, cold = pump(vapour_bar=vapour, **hot), pump(vapour_bar=0.01, inception_ratio=1.2, **hot)
    assert boiling["cavitation"] == pytest.approx(1.0, abs=1e-3)
    head = {
        name: found["discharge_bar"] - found["suction_bar"] for name, found in (("boiling", boiling), ("cold", cold))
    }
    lost_at_this_flow = 1 - head["boiling"] / head["cold"]
    assert 0.02 < lost_at_this_flow < 0.04


def test_bubbles_pit_the_impeller_and_pits_cost_flow(pump, settled):
    depth = pump(suction_clogging=1.0)["cavitation"]
    assert 0.1 < depth < 1
    pits = settled("cavitation_erosion", hours=500, cavitation=depth)["erosion"]
    assert pits == pytest.approx(depth**2 * 500 / 2000)
    assert pump(erosion=pits)["flow_m3_h"] < pump()["flow_m3_h"]
    assert settled("cavitation_erosion", hours=500, cavitation=pump()["cavitation"])["erosion"] == 0


@given(
    load=st.floats(0.05, 1.4),
    speed=st.floats(0.6, 1.1),
    running=st.floats(0, 1),
    clogging=st.floats(0, 1),
    seal=st.floats(0, 1),
)
def test_power_balances_and_nothing_runs_backwards(pump, load, speed, running, clogging, seal):
    found = pump(load=load, speed=speed, running=running, suction_clogging=clogging, seal_wear=seal)
    assert all(np.isfinite(value) for value in found.values())
    assert found["power_kW"] == pytest.approx(found["hydraulic_kW"] + found["heat_kW"])
    assert found["heat_kW"] >= 0
    assert found["flow_m3_h"] >= 0


@given(load=st.floats(0.2, 1.2), wear=st.floats(0, 1), more=st.floats(0, 1))
def test_more_wear_never_delivers_more(pump, load, wear, more):
    high = max(wear, more)
    low = min(wear, more)
    for damage in ("seal_wear", "suction_clogging"):
        assert pump(load=load, **{damage: high})["flow_m3_h"] <= pump(load=load, **{damage: low})["flow_m3_h"] + 1e-9
