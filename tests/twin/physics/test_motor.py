"""The induction motor against its name plate, closed forms and standards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.twin.physics import component
from workbench.twin.physics.motor import plate

MOTOR = component("induction_motor")
CLASS_B_RISE_K = 80.0


def parameters(**known):
    return {p.name: p.default for p in MOTOR.parameters} | known


def inputs(**known):
    return {i.name: i.start for i in MOTOR.inputs} | known


def settled(u, p):
    return {name: np.array([float(value)]) for name, value in MOTOR.rest(u, p).items()}


def after(x, u, p, *, seconds, step_s):
    for _ in range(round(seconds / step_s)):
        told = MOTOR.advance(x, u, p, step_s)
    return told


def closed_form(p, u, start, seconds):
    """Two-body temperatures from the eigenvectors of the 2 x 2 system, constant losses; written apart from the component."""
    shaft = 1000 * p["rated_power_kW"]
    total = shaft * (1 / p["rated_efficiency"] - 1)
    slip = 1 - p["rated_speed_rpm"] / p["synchronous_speed_rpm"]
    rotor = slip / (1 - slip) * (shaft + p["friction_share"] * total)
    copper = total * (1 - p["friction_share"] - p["iron_share"] - p["stray_share"]) - rotor
    between = copper / p["winding_over_frame_K"]
    outward = total / p["frame_rise_K"] * u["cooling"]
    c1, c2 = p["winding_tau_s"] * between, p["frame_tau_s"] * total / p["frame_rise_K"]
    a = np.array([[-between / c1, between / c1], [between / c2, -(between + outward) / c2]])
    heat = np.array([copper / c1, (total - copper + outward * u["ambient_C"]) / c2])
    end = np.linalg.solve(a, -heat)
    values, vectors = np.linalg.eig(a)
    return end + vectors @ (np.exp(values * seconds) * np.linalg.solve(vectors, start - end))


@pytest.mark.parametrize("cooling", [0.2, 1.0, 1.5])
@pytest.mark.parametrize("step_s", [1.0, 60.0, 3600.0])
def test_winding_follows_the_closed_form_at_rated_load(step_s, cooling):
    p, u = parameters(resistance_per_K=0.0), inputs(load=1.0, ambient_C=30.0, cooling=cooling)
    x = {"winding_C": np.array([30.0]), "frame_C": np.array([30.0])}
    told = 0.0
    while told < 7200:
        MOTOR.advance(x, u, p, step_s)
        told += step_s
        if told % 3600 < step_s:
            winding, frame = closed_form(p, u, np.array([30.0, 30.0]), told)
            assert x["winding_C"][0] == pytest.approx(winding, abs=1e-6)
            assert x["frame_C"][0] == pytest.approx(frame, abs=1e-6)


def test_one_long_step_is_many_short_ones_with_resistance_rising():
    p, u = parameters(), inputs(load=1.3)
    long, short = settled(inputs(load=0.2), p), settled(inputs(load=0.2), p)
    MOTOR.advance(long, u, p, 3600.0)
    after(short, u, p, seconds=3600, step_s=1.0)
    assert long["winding_C"][0] == pytest.approx(short["winding_C"][0], abs=1e-6)
    after(long, u, p, seconds=86_400 * 2, step_s=86_400.0)
    assert long["winding_C"][0] == pytest.approx(settled(u, p)["winding_C"][0], abs=1e-6)


def test_at_rated_load_it_does_what_its_name_plate_says():
    p, u = parameters(), inputs(load=1.0, ambient_C=25.0)
    x = settled(u, p)
    told = MOTOR.advance(x, u, p, 1.0)
    assert x["winding_C"][0] - 25 == pytest.approx(CLASS_B_RISE_K, abs=0.5)
    assert told["current_A"] == pytest.approx(68, rel=1e-3)
    assert told["speed_rpm"] == pytest.approx(1480, rel=1e-4)
    assert told["efficiency"][0] == pytest.approx(0.939, abs=1e-3)
    assert 0.8 < told["power_factor"][0] < 0.9


def test_half_load_and_no_load_look_like_a_motor():
    p = parameters()
    half, none = (MOTOR.advance(settled(u, p), u, p, 1.0) for u in (inputs(load=0.5), inputs(load=0.0)))
    assert 0.9 < half["efficiency"][0] < 0.95
    assert 0.6 < half["power_factor"][0] < 0.8
    assert 0.4 * 68 < none["current_A"] < 0.5 * 68
    assert none["power_factor"][0] < 0.15
    assert none["speed_rpm"] == pytest.approx(1500, abs=1)


def test_it_cools_slower_while_standing_than_while_running_idle():
    p = parameters()
    standing, idle = settled(inputs(load=1.0), p), settled(inputs(load=1.0), p)
    frozen = parameters(iron_share=0.02, friction_share=0.01)
    after(standing, inputs(running=0.0), p, seconds=3600, step_s=3600)
    after(idle, inputs(load=0.0), frozen, seconds=3600, step_s=3600)
    assert standing["frame_C"][0] > idle["frame_C"][0] + 5


def test_without_any_cooling_all_loss_stays_in_the_motor():
    p, u = parameters(resistance_per_K=0.0), inputs(load=1.0, cooling=0.0)
    x = settled(inputs(load=1.0), p)
    rated, before = plate(p), {name: value.copy() for name, value in x.items()}
    told = MOTOR.advance(x, u, p, 3600.0)
    stored = rated.winding_capacity * (x["winding_C"] - before["winding_C"])
    stored += rated.frame_capacity * (x["frame_C"] - before["frame_C"])
    assert stored[0] == pytest.approx(3600 * 1000 * told["loss_kW"][0], rel=1e-9)


def test_hopeless_overload_stays_finite():
    p, u = parameters(), inputs(load=3.0, cooling=0.0)
    x = settled(inputs(), p)
    for _ in range(5):
        told = MOTOR.advance(x, u, p, 86_400.0)
    assert all(np.all(np.isfinite(value)) for value in (*x.values(), *told.values()))


def test_voltage_unbalance_heats_the_winding_by_twice_its_square_in_percent():
    """NEMA MG 1, 14.36: the temperature rise grows by about twice the square of the voltage unbalance in percent."""
    p = parameters(resistance_per_K=0.0)
    sound, uneven = (settled(inputs(load=1.0, voltage_unbalance=v), p)["winding_C"][0] - 20 for v in (0.0, 0.035))
    assert 100 * (uneven / sound - 1) == pytest.approx(2 * 3.5**2, rel=0.2)
    told = MOTOR.advance(settled(inputs(), p), inputs(voltage_unbalance=0.01), p, 1.0)
    assert 6 <= told["current_unbalance_pct"] - p["unbalance_pct"] <= 10


def test_broken_bars_raise_slip_and_loss_and_a_winding_fault_unbalance_current_and_heat():
    p = parameters()
    sound, bars, fault = (
        MOTOR.advance(settled(u, p), u, p, 1.0)
        for u in (inputs(load=0.7), inputs(load=0.7, broken_bars=1.0), inputs(load=0.7, winding_fault=1.0))
    )
    assert bars["slip"] > 1.3 * sound["slip"]
    assert bars["loss_kW"] > sound["loss_kW"]
    assert bars["speed_rpm"] < sound["speed_rpm"]
    assert fault["current_unbalance_pct"] > sound["current_unbalance_pct"] + 4
    assert fault["current_A"] > sound["current_A"]


@settings(max_examples=40, deadline=None)
@given(
    load=st.floats(0, 1.6),
    running=st.floats(0, 1),
    ambient=st.floats(-20, 50),
    cooling=st.floats(0.1, 2),
    blocked=st.floats(0, 1),
    fault=st.floats(0, 1),
    bars=st.floats(0, 1),
    unbalance=st.floats(0, 0.05),
    start=st.floats(-20, 150),
)
def test_energy_is_conserved(load, running, ambient, cooling, blocked, fault, bars, unbalance, start):
    """Electrical input = shaft + losses; losses = heat stored + heat given off (Simpson's rule over 2 s)."""
    p = parameters()
    u = inputs(
        load=load, running=running, ambient_C=ambient, cooling=cooling, blocked=blocked, winding_fault=fault,
        broken_bars=bars, voltage_unbalance=unbalance,
    )  # fmt: skip
    x = {"winding_C": np.array([start]), "frame_C": np.array([0.5 * (start + ambient)])}
    rated = plate(p)
    told = [MOTOR.advance(x, u, p, 1e-9)]
    before = {name: value.copy() for name, value in x.items()}
    told += [MOTOR.advance(x, u, p, 1.0) for _ in range(2)]
    for now in told:
        assert now["power_kW"][0] == pytest.approx(now["shaft_kW"] + now["loss_kW"][0], rel=1e-12, abs=1e-12)
        assert now["shaft_kW"] == pytest.approx(running * load * 37)
    loss, given_off = (
        (told[0][name][0] + 4 * told[1][name][0] + told[2][name][0]) / 3 for name in ("loss_kW", "heat_kW")
    )
    stored = rated.winding_capacity * (x["winding_C"] - before["winding_C"])
    stored += rated.frame_capacity * (x["frame_C"] - before["frame_C"])
    scale = rated.winding_capacity + rated.frame_capacity
    assert stored[0] == pytest.approx(1000 * (loss - given_off), abs=1e-8 * scale, rel=1e-6)


def test_a_step_that_is_half_a_stop_tells_the_speed_while_it_runs_and_the_current_that_heats():
    p, turning, halting = parameters(), inputs(load=1.0), inputs(load=1.0, running=0.5)
    full = MOTOR.advance(settled(turning, p), turning, p, 60.0)
    half = MOTOR.advance(settled(halting, p), halting, p, 60.0)
    assert half["speed_rpm"] == full["speed_rpm"]
    # Heat goes with the mean square of the current, the reading with its mean.
    assert half["current_A"] == pytest.approx(full["current_A"] / 2)
    assert half["equivalent_current_A"] == pytest.approx(full["equivalent_current_A"] / np.sqrt(2))
    standing = inputs(load=1.0, running=0.0)
    assert MOTOR.advance(settled(standing, p), standing, p, 60.0)["speed_rpm"] == 0
