"""Faults injected by name: which a machine can have, when they begin, how they grow, and that they show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.twin.test_model import COMPOSITION

from workbench.catalog import load_catalogue
from workbench.domain.composition import OUTSIDE
from workbench.domain.twin import FaultInjection
from workbench.twin.injection import FAULTS, plan_injections, possible_faults, renew, set_damage
from workbench.twin.run import run_twin
from workbench.twin.state_model import twin_of

MACHINES = load_catalogue().machines
# One machine of each type: the others of a type have the same components.
TYPES = {profile.machine_type: profile for profile in MACHINES}.values()
EVERY = [(p, f) for p in TYPES for f in possible_faults(twin_of(p))]


def _run(model, faults, steps=60, **outside):
    outside = {"load": 0.7, **outside}
    plan = plan_injections(model, faults, steps=steps, step_h=1.0, outside=outside)
    return run_twin(
        model,
        {**outside, **plan.signals},
        steps=steps,
        step_s=3600,
        parameters=model.parameters(),
        protection=False,
        intervene=plan.intervention(1),
    )


def test_at_least_twelve_faults_are_known_by_name_and_the_fleet_can_have_them():
    assert len(FAULTS) >= 12
    possible = {fault for profile in MACHINES for fault in possible_faults(twin_of(profile))}
    assert len(possible & {fault.name for fault in FAULTS}) >= 12


@pytest.mark.parametrize("profile", MACHINES, ids=lambda p: p.machine_id)
def test_what_a_machine_can_have_follows_from_its_composition(profile):
    model = twin_of(profile)
    possible = possible_faults(model)
    assert set(model.composition.modes) <= set(possible)
    assert len(possible) >= 3
    assert all(fault.how for fault in possible.values())


@pytest.mark.parametrize(("profile", "fault"), EVERY, ids=[f"{p.machine_id}-{f}" for p, f in EVERY])
def test_every_fault_shows_in_readings_damage_or_lives(profile, fault):
    model = twin_of(profile)
    sound = _run(model, [], steps=8)
    faulty = _run(model, [FaultInjection(fault=fault, at_h=2, severity=0.6)], steps=8)
    assert sound.damage.keys() == faulty.damage.keys()
    moved = {**{n: (v, sound.sensors[n]) for n, v in faulty.sensors.items()},
             **{n: (v, sound.damage[n]) for n, v in faulty.damage.items()}}  # fmt: skip
    for before, after in moved.values():
        np.testing.assert_allclose(before[:2], after[:2], rtol=1e-9, atol=1e-9)
    seen = any(not np.allclose(a[3:], b[3:], rtol=1e-3, atol=1e-6) for a, b in moved.values())
    # Lack of lubricant, for one, is seen by no sensor of some machines; it wears them all the same.
    assert seen or not np.allclose(sound.state, faulty.state, rtol=1e-3, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(case=st.sampled_from(MACHINES), damage=st.floats(0.02, 1), number=st.integers(0, 20))
def test_damage_is_set_as_asked_in_every_sample_and_never_lowered(case, damage, number):
    model = twin_of(case)
    mode = list(model.composition.modes)[number % len(model.composition.modes)]
    p = model.parameters(4, rng=np.random.default_rng(number))
    state = model.initial(p, samples=4)
    set_damage(model, mode, damage, state, p)
    told = model.damage(model.step(state.copy(order="F"), {**OUTSIDE}, p, step_s=0.01))[mode]
    np.testing.assert_allclose(told, damage, atol=0.02)
    before = state.copy()
    set_damage(model, mode, damage / 2, state, p)
    np.testing.assert_array_equal(state, before)


@pytest.mark.parametrize("profile", MACHINES, ids=lambda p: p.machine_id)
def test_a_renewed_part_has_no_damage_and_the_others_keep_theirs(profile):
    model = twin_of(profile)
    p = model.parameters()
    modes = list(model.composition.modes)
    state = model.initial(p)
    for mode in modes:
        set_damage(model, mode, 0.6, state, p)
    renew(model, modes[0], state, p)
    damage = model.damage(model.step(state, {**OUTSIDE}, p, step_s=0.01))
    assert damage[modes[0]] == pytest.approx(0, abs=0.01)
    assert all(damage[mode] > 0.55 for mode in modes[1:])


@pytest.mark.parametrize("profile", TYPES, ids=lambda p: p.machine_type)
def test_a_repair_of_a_worn_out_machine_mends_its_mode_with_its_cause(profile):
    model = twin_of(profile)
    p = model.parameters()
    for mode in model.composition.modes:
        state = model.initial(p)
        for column, declared in enumerate(model.states):
            if declared.monotone:
                state[:, column] = min(1.5, declared.high)
        renew(model, mode, state, p)
        signals = model.step(state, {**OUTSIDE}, p, step_s=1e-6)
        damage = model.damage(model.step(state, {**signals, **OUTSIDE}, p, step_s=1e-6))
        assert damage[mode] == pytest.approx(0, abs=0.01), mode


def test_a_fault_grows_to_its_severity_and_no_further_by_itself(small_pump):
    model = twin_of(small_pump(composition=COMPOSITION))
    run = _run(model, [FaultInjection(fault="bearing_defect", at_h=10, severity=0.4, growth_h=20)], wear=0.0)
    damage = run.damage["bearing_wear"][:, 0]
    assert damage[9] == 0
    assert damage[20] == pytest.approx(0.2, abs=0.02)
    assert damage[-1] == pytest.approx(0.4, abs=0.01)
    assert (np.diff(damage) >= -1e-12).all()


def test_an_injected_bearing_defect_grows_on_to_failure():
    motor = next(p for p in MACHINES if p.machine_type == "motor")
    model = twin_of(motor)
    run = _run(model, [FaultInjection(fault="bearing_defect", severity=0.2)], steps=2000)
    assert run.stopped_by == ("bearing_wear",)


def test_blocked_cooling_heats_a_machine_without_a_mode_of_its_own():
    bare = MACHINES[0].model_copy(update={"twin": None})
    model = twin_of(bare)
    assert possible_faults(model)["blocked_cooling"].how == "cooling to 0"
    sound, blocked = (_run(model, faults) for faults in ([], [FaultInjection(fault="blocked_cooling", severity=0.8)]))
    assert blocked.sensors["bearing_temp_C"][-1, 0] > sound.sensors["bearing_temp_C"][-1, 0] + 10
