"""Gears, their oil and preloaded drives against ISO 6336's life law, heat balance and wear."""

from __future__ import annotations

import pytest

from workbench.twin.physics.gears import pitting_life_cycles


def test_pitting_life_falls_with_the_thirteenth_power_of_the_stress():
    assert pitting_life_cycles(1500.0, 1500.0) == pytest.approx(5e7)
    assert pitting_life_cycles(1500.0 / 1.1, 1500.0) == pytest.approx(5e7 * 1.1**13.22)


def test_stress_grows_with_the_root_of_the_torque(start, run):
    used = []
    for load in (0.5, 1.0):
        x, u, p = start("gear_pair", load=load, oil_C=40.0)
        run("gear_pair", x, u, p, hours=10)
        used.append(x["fatigue"][0])
    assert used[1] / used[0] == pytest.approx(2.0 ** (13.22 / 2), rel=1e-6)


def test_a_thin_film_shortens_the_life_wears_the_teeth_and_costs_power(start, run):
    x, u, p = start("gear_pair", load=0.7, oil_C=50.0)
    y, starved, _ = start("gear_pair", load=0.7, oil_C=95.0, lubrication=0.3)
    good, bad = run("gear_pair", x, u, p, hours=100), run("gear_pair", y, starved, p, hours=100)
    assert y["fatigue"][0] > 2 * x["fatigue"][0]
    assert y["tooth_wear_um"][0] > 3 * x["tooth_wear_um"][0]
    assert bad["loss_kW"] > good["loss_kW"]


def test_pits_spread_to_failure_and_sound_like_it(start, run):
    x, u, p = start("gear_pair", load=1.0, parameters={"propagation_h": 100.0})
    quiet = run("gear_pair", x, u, p, hours=1)["acceleration_g"]
    x["fatigue"][:] = 1.0
    run("gear_pair", x, u, p, hours=50)
    assert 0.0 < x["damage"][0] < 0.1
    told = run("gear_pair", x, u, p, hours=51)
    assert x["damage"][0] == 1.0
    assert told["acceleration_g"] > quiet + 2


def test_oil_gives_off_what_the_gears_lose_and_keeps_the_first_law_on_the_way(start, run):
    x, u, p = start("oil_circuit", loss_kW=5.0)
    told = run("oil_circuit", x, u, p, hours=1)
    assert told["heat_kW"] == pytest.approx(5.0)
    cold, u, p = start("oil_circuit", loss_kW=0.0)
    u["loss_kW"] = 5.0
    capacity_kJ_K = p["lag_s"] * p["conductance_W_K"] / 1000.0
    before, given_off = cold["oil_C"][0], 0.0
    for _ in range(360):
        given_off += 10.0 * float(run("oil_circuit", cold, u, p, hours=10 / 3600)["heat_kW"][0])
    stored = capacity_kJ_K * (cold["oil_C"][0] - before)
    assert stored + given_off == pytest.approx(5.0 * 3600, rel=0.005)


def test_lost_oil_takes_pressure_and_film(start, run):
    x, u, p = start("oil_circuit", loss_kW=5.0)
    full = run("oil_circuit", x, u, p, hours=1)
    x, u, p = start("oil_circuit", loss_kW=5.0, lost=1.0)
    empty = run("oil_circuit", x, u, p, hours=1)
    assert empty["pressure_bar"] < 0.5 * full["pressure_bar"]
    assert empty["lubrication"] == pytest.approx(0.4)
    assert empty["housing_C"] > full["housing_C"] + 2


def test_a_drive_holds_its_error_until_the_preload_is_gone(start, run):
    x, u, p = start("preloaded_drive", load=0.6, parameters={"life_h": 1000.0, "propagation_h": 300.0})
    new = run("preloaded_drive", x, u, p, hours=1)["error_um"]
    assert run("preloaded_drive", x, u, p, hours=990)["error_um"] == pytest.approx(new)
    worn = run("preloaded_drive", x, u, p, hours=320)
    assert x["damage"][0] == 1.0
    assert worn["error_um"] - new == pytest.approx(p["backlash_um"])


def test_twice_the_load_wears_the_preload_eight_times_as_fast(start, run):
    used = []
    for load in (0.4, 0.8):
        x, u, p = start("preloaded_drive", load=load)
        run("preloaded_drive", x, u, p, hours=10)
        used.append(x["preload_used"][0])
    assert used[1] / used[0] == pytest.approx(8.0)
