"""Belts: Euler-Eytelwein's grip, slip at equilibrium, take-up and loss of grip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workbench.twin.physics import component
from workbench.twin.physics.conveyor import euler_eytelwein


def test_half_a_turn_at_a_friction_of_a_third_holds_nearly_threefold_tension():
    assert euler_eytelwein(0.35, np.pi) == pytest.approx(3.0, rel=0.01)


def test_a_new_belt_creeps_with_the_load(start, run):
    idle, loaded = (run("belt_drive", *start("belt_drive", load=load), hours=1)["speed"] for load in (0.0, 0.65))
    assert idle == pytest.approx(0.8)
    assert 0.97 * 0.8 < loaded < 0.995 * 0.8


def test_the_belt_holds_until_the_take_up_is_used_then_slips_and_heats(start, run):
    x, u, p = start("belt_drive", load=0.65, parameters={"life_h": 1000.0, "propagation_h": 200.0})
    new = run("belt_drive", x, u, p, hours=1)
    assert run("belt_drive", x, u, p, hours=990)["speed"] == pytest.approx(new["speed"])
    worn = run("belt_drive", x, u, p, hours=220)
    assert x["damage"][0] == 1.0
    assert worn["slip"] > 0.12
    assert worn["passed_load"] < 0.9 * new["passed_load"]
    assert worn["pulley_C"] > new["pulley_C"] + 2
    assert worn["slip_kW"] == pytest.approx(p["rated_power_kW"] * 0.65 * worn["slip"])


def test_a_failing_belt_still_drives_a_light_load(start, run):
    x, u, p = start("belt_drive", load=0.2)
    x["damage"][:] = 1.0
    assert run("belt_drive", x, u, p, hours=1)["slip"] < 0.01


@example(2.5, 1.0, 2.0, 0.3)
@example(2.5, 1.0, 1.0, 0.3)
@given(st.floats(0.0, 2.5), st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0, 2.0]), st.floats(0.0, 0.3))
def test_slip_balances_what_the_load_asks_at_the_speed_it_leaves(load, damage, exponent, full_slip):
    kind = component("belt_drive")
    p = {q.name: q.default for q in kind.parameters} | {"force_by_speed": exponent, "full_slip": full_slip}
    u = {i.name: i.start for i in kind.inputs} | {"load": load}
    told = kind.advance({"take_up_used": np.zeros(1), "damage": np.full(1, damage)}, u, p, 1.0)
    slip = told["slip"][0]
    expected = p["creep"] * load + full_slip * told["utilisation"][0] ** 4
    assert 0.0 <= slip <= 0.95
    assert slip == pytest.approx(min(expected, 0.95), abs=1e-3)
