"""The pump of Daigle and Goebel, held against the trajectory of ProgPy's implementation and against physics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.twin.model import compile_twin
from workbench.twin.physics import component
from workbench.twin.physics.contract import KELVIN
from workbench.twin.run import run_twin

REFERENCE = Path(__file__).with_name("progpy_centrifugal_pump.csv")
TEMPERATURES = {"Tt": "thrust_C", "Tr": "radial_C", "To": "oil_C"}
SAME = {
    "w": "speed_rad_s",
    "Q": "flow_m3_s",
    "A": "impeller_m2",
    "rRadial": "radial_friction",
    "rThrust": "thrust_friction",
    "QLeak": "leak_m3_s",
}
COMPOSITION = {
    "components": {
        "pump": {
            "model": "centrifugal_pump",
            "parameters": {
                "rated_speed_rad_s": 0.8 * 471.2389,
                "impeller_wear": 3e-3,
                "radial_wear": 2e-10,
                "thrust_wear": 2e-10,
            },
            "inputs": {"voltage": "load", "frequency": "load"},
        }
    },
    "sensors": {"bearing_temp_C": {"signal": "pump.thrust_C"}, "load_pct": {"signal": "load", "gain": 100}},
    "modes": {"bearing_wear": {"damage": "pump.thrust_overheat", "factor": "wear", "detectability": 3}},
}
SUPPLY = np.repeat([1.0, 0.93, 0.85, 0.96], [1800, 600, 600, 600])


@pytest.fixture
def model(small_pump):
    return compile_twin(small_pump(composition=COMPOSITION))


def worst(run, reference, sample=0):
    """Return the largest relative difference of any state at any recorded second."""
    rows = reference["second"].to_numpy() - 1
    found = 0.0
    for theirs, ours in {**SAME, **TEMPERATURES}.items():
        values = run.signals[f"pump.{ours}"][rows, sample] + (KELVIN if theirs in TEMPERATURES else 0.0)
        found = max(found, float(np.max(np.abs(values / reference[theirs].to_numpy() - 1.0))))
    return found


@pytest.mark.parametrize("samples", [1, 3])
def test_an_hour_is_the_same_as_in_progpy(model, samples):
    reference = pd.read_csv(REFERENCE, comment="#")
    run = run_twin(
        model,
        {"load": SUPPLY, "ambient_C": 290.0 - KELVIN},
        steps=3600,
        step_s=1.0,
        parameters=model.parameters(),
        samples=samples,
        record=[f"pump.{name}" for name in (*SAME.values(), *TEMPERATURES.values())],
    )
    # The start differs in the tenth digit: ProgPy divides by zero where the pump turns exactly with the supply.
    assert worst(run, reference, samples - 1) < 1e-7


def advance(hours, step_s=60.0, **given):
    """Return the states and outputs after ``hours``; keywords set inputs and parameters."""
    kind = component("centrifugal_pump")
    u = {i.name: given.get(i.name, i.start) for i in kind.inputs}
    p = {q.name: given.get(q.name, q.default) for q in kind.parameters}
    x = {s.name: np.zeros(1) for s in kind.states}
    for name, value in kind.rest(u, p).items():
        x[name][:] = value
    told = {}
    for _ in range(int(hours * 3600 / step_s)):
        told = kind.advance(x, u, p, step_s)
    return {name: float(np.ravel(value)[0]) for name, value in {**x, **told}.items()}


def test_long_steps_are_divided_and_end_where_short_ones_do():
    assert advance(0.5, step_s=1800.0) == pytest.approx(advance(0.5, step_s=1.0), rel=1e-9)


def test_the_settled_pump_obeys_its_own_curve():
    settled = advance(0.2)
    rise = (
        settled["impeller_m2"] * settled["speed_rad_s"] ** 2 + 17984.6 * settled["speed_rad_s"] * settled["flow_m3_s"]
    )
    assert settled["flow_m3_s"] == pytest.approx(8.24123e-5 * np.sqrt(rise + 239_179 - 928_654), rel=1e-4)


def test_bearings_settle_where_friction_equals_heat_given_away():
    hot = advance(5, step_s=3600.0)
    friction = hot["thrust_friction"] * hot["speed_rad_s"] ** 2
    away = 0.0034 * (hot["thrust_C"] - 20.0) + 0.0026 * (hot["thrust_C"] - hot["oil_C"])
    assert friction == pytest.approx(away, rel=1e-2)


def test_a_pump_without_supply_comes_to_no_flow_and_stays_finite():
    off = advance(1, voltage=0.0, frequency=0.0)
    assert all(np.isfinite(value) for value in off.values())
    assert off["flow_m3_s"] < 0


@settings(max_examples=25)
@given(wear=st.floats(0, 100), supply=st.floats(0.8, 1.1), impeller=st.floats(0, 1e-2), friction=st.floats(0, 1e-9))
def test_damage_only_grows_and_more_wear_means_more(wear, supply, impeller, friction):
    rates = {"impeller_wear": impeller, "radial_wear": friction, "thrust_wear": friction}
    less = advance(0.05, wear=wear, voltage=supply, frequency=supply, **rates)
    more = advance(0.05, wear=2 * wear, voltage=supply, frequency=supply, **rates)
    assert 0 <= less["impeller_damage"] <= more["impeller_damage"]
    assert 1.8e-6 <= less["radial_friction"] <= more["radial_friction"]
