"""The state model that fits any machine (D1), with and without a twin section in its profile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog import load_catalogue
from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import LifeUnit
from workbench.twin.model import compile_twin
from workbench.twin.run import run_twin
from workbench.twin.state_model import physics_of, rated_life_h, state_composition, twin_of, usual_load

MACHINES = load_catalogue().machines
LIVES = ("thermal_fatigue", "bearing_wear", "electrical_stress")


def _bare(profile):
    return profile.model_copy(update={"twin": None})


def _run(profile, hours, **outside):
    model = compile_twin(profile, state_composition(profile))
    return run_twin(model, outside, steps=hours, step_s=3600, parameters=model.parameters(), protection=False)


@pytest.mark.parametrize("profile", MACHINES, ids=lambda p: p.machine_id)
def test_every_machine_has_a_twin_even_without_a_twin_section(profile):
    model = twin_of(_bare(profile))
    assert physics_of(_bare(profile)) == "state_model"
    run = run_twin(model, {}, steps=24, step_s=3600, parameters=model.parameters())
    for name, values in run.sensors.items():
        sensor = profile.sensor(name)
        assert sensor.physical_low <= values[-1, 0] <= sensor.physical_high
    assert run.stopped_by == ("",)


def test_worked_as_usual_a_machine_uses_up_its_rated_life_and_no_more():
    profile = MACHINES[0]
    run = _run(profile, 400, load=usual_load(profile))
    for life in LIVES:
        assert run.damage[life][-1, 0] == pytest.approx(400 / rated_life_h(profile), rel=0.02)


def test_temperature_follows_the_gain_per_kilowatt_and_the_cooling():
    profile = MACHINES[0]
    model = compile_twin(profile, state_composition(profile))
    p = model.parameters()
    rise = p["machine.gain_K_per_kW"] * 0.9 * p["machine.rated_power_kW"]
    settled = _run(profile, 48, load=0.9).sensors["bearing_temp_C"][-1, 0]
    assert settled == pytest.approx(20 + rise, abs=0.1)
    throttled = _run(profile, 48, load=0.9, cooling=0.2).sensors["bearing_temp_C"][-1, 0]
    assert throttled == pytest.approx(20 + rise / (0.25 + 0.75 * 0.2), abs=0.5)


@pytest.mark.parametrize(
    ("harder", "life"),
    [
        ({"load": 1.5}, "bearing_wear"),
        ({"load": 0.8, "cooling": 0.2}, "thermal_fatigue"),
        ({"wear": 5}, "bearing_wear"),
    ],
)
def test_what_is_harder_on_the_machine_wears_it_faster_and_shows(harder, life):
    profile = MACHINES[0]
    usual, hard = _run(profile, 200), _run(profile, 200, **harder)
    assert hard.damage[life][-1, 0] > 2 * usual.damage[life][-1, 0]
    assert hard.sensors["vibration_rms_mm_s"][-1, 0] > usual.sensors["vibration_rms_mm_s"][-1, 0]


@settings(max_examples=40, deadline=None)
@given(
    load=st.floats(0, 3),
    cooling=st.floats(0, 2),
    wear=st.floats(0, 1000),
    ambient_C=st.floats(-60, 90),
    running=st.floats(0, 1),
    step_s=st.floats(1, 86_400),
    machine=st.sampled_from(MACHINES),
)
def test_lives_only_grow_and_stay_finite_whatever_is_asked(load, cooling, wear, ambient_C, running, step_s, machine):
    model = twin_of(_bare(machine))
    p = model.parameters()
    state = model.initial(p, samples=1)
    for _ in range(5):
        before = state.copy()
        model.step(
            state,
            {**OUTSIDE, "load": load, "cooling": cooling, "wear": wear, "ambient_C": ambient_C, "running": running},
            p,
            step_s=step_s,
        )
        assert np.isfinite(state).all()
        assert (state[:, 1:] >= before[:, 1:]).all()


def test_a_day_in_one_step_is_the_day_in_minutes():
    model = twin_of(_bare(MACHINES[0]))
    p = model.parameters()
    ends = []
    for step_s in (60.0, 86_400.0):
        run = run_twin(model, {"load": 1.0}, steps=int(86_400 / step_s), step_s=step_s, parameters=p, protection=False)
        ends.append(run.state[0])
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=1e-3)
    # The first hours, in which it warms up, count as warm in the long step: 8 % of a day.
    np.testing.assert_allclose(ends[0][1:], ends[1][1:], rtol=0.08)


def test_life_in_cycles_is_turned_into_hours():
    engine = MACHINES[0].model_copy(
        update={"life_unit": LifeUnit.CYCLE, "rated_life": 20_000.0, "attributes": {"hours_per_cycle": 1.9}}
    )
    assert rated_life_h(engine) == pytest.approx(38_000)
