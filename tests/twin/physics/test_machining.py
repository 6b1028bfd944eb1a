"""Taylor's tool life, the spindle's power and the coolant."""

from __future__ import annotations

import pytest

from workbench.twin.physics.machining import taylor_life_min


def test_taylors_tool_life_by_hand():
    # V T^0.25 = 400: at 200 m/min the edge lasts (400 / 200)^4 = 16 min, at 100 m/min 256 min.
    assert taylor_life_min(200.0, 400.0, 0.25) == pytest.approx(16.0)
    assert taylor_life_min(100.0, 400.0, 0.25) == pytest.approx(256.0)
    # Handbook example: n = 0.5, C = 120; T = 60 min at 15.5 m/min.
    assert taylor_life_min(15.49, 120.0, 0.5) == pytest.approx(60.0, rel=0.01)


def test_a_faster_spindle_wears_the_tool_by_the_power_of_one_over_n(start, run):
    used = []
    for speed_rpm in (3000.0, 6000.0):
        x, u, p = start("cutting_tool", speed_rpm=speed_rpm)
        run("cutting_tool", x, u, p, hours=1)
        used.append(x["used"][0])
    assert used[1] / used[0] == pytest.approx(2.0**4)


def test_the_edge_lasts_taylors_minutes_in_cut(start, run):
    x, u, p = start("cutting_tool", load=0.6, speed_rpm=6000.0, parameters={"cut_share": 1.0})
    life_h = taylor_life_min(90.0, 480.0, 0.25) / 60.0
    told = run("cutting_tool", x, u, p, hours=0.999 * life_h, steps=100)
    assert told["damage"] < 1.0
    assert told["life_h"] == pytest.approx(life_h)
    told = run("cutting_tool", x, u, p, hours=0.002 * life_h)
    assert told["damage"] == 1.0
    assert told["flank_wear_mm"] == pytest.approx(p["limit_mm"])


def test_flank_wear_breaks_in_grows_steadily_and_accelerates(start, run):
    x, u, p = start("cutting_tool")
    wear = []
    for used in (0.0, 0.05, 0.10, 0.5, 0.55, 0.97, 1.0):
        x["used"][:] = used
        wear.append(float(run("cutting_tool", x, u, p, hours=1e-9)["flank_wear_mm"][0]))
    new, early, later, middle, further, late, end = wear
    assert new == pytest.approx(0.0, abs=1e-6)
    assert early - new > 1.5 * (further - middle) > 0
    assert (end - late) / 0.03 > 10 * (further - middle) / 0.05
    assert early < later < middle < further < late < end


def test_a_worn_tool_costs_spindle_power(start, run):
    sharp = run("spindle", *start("spindle", load=0.6), hours=1)
    blunt = run("spindle", *start("spindle", load=0.6, force=1.95), hours=1)
    assert sharp["power_kW"] == pytest.approx(1.4 + 14 * 0.6)
    assert blunt["power_kW"] - sharp["power_kW"] == pytest.approx(0.95 * 14 * 0.6)
    assert sharp["speed_rpm"] == pytest.approx(12_000 * 0.55)


def test_nozzles_and_filter_share_the_pumps_pressure(start, run):
    clean = run("coolant_circuit", *start("coolant_circuit", load=0.6), hours=1)
    clogged = run("coolant_circuit", *start("coolant_circuit", load=0.6, clogging=1.0), hours=1)
    for told, drop in ((clean, 0.66), (clogged, 0.66 + 10.3)):
        assert told["pressure_bar"] + drop * told["flow_share"] == pytest.approx(20.0)
    assert clogged["jacket_C"] > clean["jacket_C"] + 2
