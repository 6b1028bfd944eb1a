"""Prognosis: worn machines are said to fail soon and by the right mode, sound ones not; coverage over many of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.twin.calibration import calibrate
from workbench.twin.future import EQUATIONS_OFF, drawn_paces, equations_off, resampled
from workbench.twin.model import compile_twin
from workbench.twin.observed import observe
from workbench.twin.prognosis import modes_seen, predict_life
from workbench.twin.state_model import state_composition, twin_of
from workbench.twin.synchronisation import synchronise

from . import motor
from .motor import AS_OF, MODEL, PROFILE, USUAL, life_left_h, live


@pytest.fixture(name="young", scope="module")
def _young():
    return motor.young()


@pytest.fixture(name="calibration", scope="module")
def _calibration():
    return motor.calibrated()


def told(young, calibration, *damage, horizon_h=1500.0, samples=300, seed=1):
    worn = live(seed, 8, truth=young.truth, state=young.state, damage=damage, start="2025-11-10")
    now = synchronise(MODEL, worn.observed, samples=samples, seed=0, calibration=calibration, lived=young.state)
    return worn, predict_life(
        MODEL, PROFILE, now, young.observed, as_of=AS_OF, horizon_h=horizon_h, seed=0, calibration=calibration
    )


def test_a_worn_machine_fails_soon_and_by_its_mode(young, calibration):
    worn, prognosis = told(young, calibration, ("bearing_wear", 0.1))
    truth, mode = life_left_h(worn)
    assert mode == "bearing_wear"
    assert prognosis.evidence.enough
    life = prognosis.remaining_useful_life_h
    assert 0.6 * life.lower <= truth <= 1.6 * life.upper
    likeliest = max(prognosis.modes, key=lambda one: one.probability)
    assert likeliest.mode == mode
    assert likeliest.probability > 0.8
    assert prognosis.beyond_horizon < 0.1
    assert "of operation left" in prognosis.in_words()


def test_what_lies_beyond_the_horizon_is_said_to(young, calibration):
    _, prognosis = told(young, calibration, horizon_h=50.0)
    life = prognosis.remaining_useful_life_h
    assert life.median_open
    assert life.median == life.upper == 50.0
    assert prognosis.beyond_horizon > 0.9
    assert "more than 50 h" in prognosis.in_words()


def test_survival_falls_and_agrees_with_the_modes(young, calibration):
    _, prognosis = told(young, calibration, ("unbalance", 0.2))
    survival = np.array(prognosis.survival)
    assert survival[0] == 1.0
    assert (np.diff(survival) <= 1e-12).all()
    failed = sum(one.probability for one in prognosis.modes)
    assert failed + prognosis.beyond_horizon == pytest.approx(1.0)
    assert survival[-1] == pytest.approx(prognosis.beyond_horizon, abs=0.02)


def test_load_of_the_future_is_that_of_the_past(young):
    drawn = resampled(young.observed, np.random.default_rng(0), samples=200, steps=200, step_h=4.0)
    past = young.observed
    assert drawn["running"].mean() == pytest.approx(past.running.mean(), rel=0.02)
    ran = past.running > 0
    weighted = (drawn["load"] * drawn["running"]).sum() / drawn["running"].sum()
    assert weighted == pytest.approx(past.outside["load"][ran].mean(), rel=0.03)
    # Blocks keep the hour of the day: at night it stands.
    assert (drawn["running"][6::6] == drawn["running"][6]).all()


def test_damage_grows_at_paces_as_different_as_the_profile_says():
    paces = drawn_paces(MODEL, PROFILE, 4000, np.random.default_rng(0))
    assert {MODEL.state_names[column].partition(".")[0] for column in paces} == {
        physics.damage.partition(".")[0] for physics in MODEL.composition.modes.values()
    }
    shortest, longest = PROFILE.failure_mode("bearing_wear").pf_interval_h
    pace = paces[MODEL.state_names.index("bearing.damage")]
    slow, usual, fast = np.quantile(pace, (0.05, 0.5, 0.95))
    assert usual == pytest.approx(1.0, rel=0.05)
    own = np.log(longest / shortest) / 3.29
    assert np.log(fast / slow) / 3.29 == pytest.approx(np.hypot(own, EQUATIONS_OFF), rel=0.05)


def test_the_worse_the_twin_explains_the_readings_the_wider_is_what_it_says(young, calibration):
    worn, _ = told(young, calibration, ("bearing_wear", 0.1), samples=60, horizon_h=60.0)
    now = synchronise(MODEL, worn.observed, samples=300, seed=0, calibration=calibration, lived=young.state)
    ask = {"as_of": AS_OF, "horizon_h": 4000.0, "seed": 0, "calibration": calibration}
    spans = []
    for misfit in (0.9, 3.6):
        life = predict_life(MODEL, PROFILE, replace(now, misfit=misfit), young.observed, **ask).remaining_useful_life_h
        spans.append(np.log(life.upper / life.lower))
    assert spans[1] > 1.1 * spans[0]
    assert equations_off(np.nan) == equations_off(0.5) == EQUATIONS_OFF
    assert equations_off(4.0) == 2 * EQUATIONS_OFF


def test_sensors_show_every_mode_of_the_motor_and_none_without_sensors(young):
    assert all(modes_seen(MODEL, young.observed).values())
    few = young.observed.part(0)
    few.readings.pop("current_unbalance_pct")
    for name in list(few.readings):
        if name != "acceleration_rms_g":
            few.readings.pop(name)
    seen = modes_seen(MODEL, few)
    assert seen == {"bearing_wear": True, "motor_overheat": False, "unbalance": False, "winding_insulation": False}


def test_not_enough_evidence_is_said_in_words(young):
    blind = young.observed.part(-48)
    for name, values in blind.readings.items():
        blind.readings[name] = np.full_like(values, np.nan)
    now = synchronise(MODEL, blind, samples=60, seed=0)
    prognosis = predict_life(MODEL, PROFILE, now, young.observed, as_of=AS_OF, horizon_h=500, seed=0)
    assert prognosis.remaining_useful_life_h is None
    assert "0 running hours with readings" in prognosis.in_words()


def test_the_state_model_alone_is_no_ground_for_a_prognosis(young):
    bare = PROFILE.model_copy(update={"twin": PROFILE.twin.model_copy(update={"composition": None})})
    model = compile_twin(bare, state_composition(bare))
    assert twin_of(bare).state_names == model.state_names
    observed = observe(model, bare, young.frame.iloc[:96], young.observed.running[:96], usual=USUAL)
    now = synchronise(model, observed, samples=60, seed=0)
    prognosis = predict_life(model, bare, now, observed, as_of=AS_OF, horizon_h=500, seed=0)
    assert "composes no physical twin" in prognosis.in_words()


def test_wrong_questions_are_refused_whole(young):
    now = synchronise(MODEL, young.observed.part(-24), samples=20, seed=0)
    with pytest.raises(InputError, match=r"(?s)horizon_h is -1.*samples is 20"):
        predict_life(MODEL, PROFILE, now, young.observed, as_of=AS_OF, horizon_h=-1, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_intervals_of_the_life_left_hold_for_machines_of_the_twin_itself():
    """16 motors with parameters of their own and damage of one mode: the truth lies in the 90 % interval most of the time."""
    inside, right = [], []
    for seed in range(16):
        mode = ("bearing_wear", "motor_overheat", "unbalance", "winding_insulation")[seed % 4]
        young = live(300 + seed, 40)
        calibration = calibrate(MODEL, PROFILE, young.observed, young.sound, as_of=AS_OF)
        worn, prognosis = told(young, calibration, (mode, 0.05 + 0.03 * (seed % 5)), samples=600, seed=seed)
        truth, failed_by = life_left_h(worn)
        life = prognosis.remaining_useful_life_h
        inside.append(life.lower <= truth <= (np.inf if life.upper_open else life.upper))
        right.append(max(prognosis.modes, key=lambda one: one.probability).mode == failed_by)
    assert np.mean(inside) >= 0.7
    assert np.mean(right) >= 0.85
