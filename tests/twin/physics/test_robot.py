"""Robot joints: friction, heat and the supply through a loosening contact."""

from __future__ import annotations

import pytest


def test_a_joint_gives_off_what_it_makes_and_warm_grease_turns_more_easily(start, run):
    x, u, p = start("joint_drive", load=0.6)
    settled = run("joint_drive", x, u, p, hours=10)
    assert settled["given_off_W"] == pytest.approx(settled["heat_W"], rel=1e-3)
    x["joint_C"][:] = 10.0
    cold = run("joint_drive", x, u, p, hours=0.001)
    assert cold["current_A"] > settled["current_A"] + 0.5


def test_without_grease_the_joint_runs_hot_and_takes_current(start, run):
    greased = run("joint_drive", *start("joint_drive", load=0.6), hours=10)
    x, u, p = start("joint_drive", load=0.6, grease_lost=1.0)
    dry = run("joint_drive", x, u, p, hours=10)
    assert dry["current_A"] > 1.3 * greased["current_A"]
    assert x["joint_C"][0] > 60
    assert dry["lubrication"] == pytest.approx(0.3)


def test_a_loose_contact_drops_voltage_by_the_current(start, run):
    x, u, p = start("loose_contact", load=0.6)
    tight = run("loose_contact", x, u, p, hours=1)
    x["damage"][:] = 1.0
    loose = run("loose_contact", x, u, p, hours=1)
    assert tight["voltage_V"] == pytest.approx(570 - 8 * 0.6)
    assert tight["voltage_V"] - loose["voltage_V"] == pytest.approx(97 * 0.6)
    assert run("loose_contact", x, u | {"running": 0.0}, p, hours=1)["voltage_V"] == pytest.approx(570)


def test_twice_the_current_loosens_the_clamp_four_times_as_fast(start, run):
    relaxed = []
    for load in (0.4, 0.8):
        x, u, p = start("loose_contact", load=load)
        run("loose_contact", x, u, p, hours=10)
        relaxed.append(x["relaxed"][0])
    assert relaxed[1] / relaxed[0] == pytest.approx(4.0)
