"""The twin's health (D2): weights, the worst-factor rule, life against the rated life, failure probability."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.twin.test_model import COMPOSITION

from workbench.catalog import load_catalogue
from workbench.domain.composition import OUTSIDE
from workbench.domain.twin import Factor, RiskBand
from workbench.twin.health import (
    failure_probability,
    health_score,
    read_health,
    remaining_life_h,
    risk_band,
    twin_health,
    weighted_score,
)
from workbench.twin.injection import set_damage
from workbench.twin.state_model import rated_life_h, twin_of

MACHINES = load_catalogue().machines
MODES = [(profile, mode) for profile in MACHINES for mode in twin_of(profile).composition.modes]
SHARE = st.floats(0, 1)


def _factors(thermal=0.0, wear=0.0, electrical=0.0, running=0.0):
    values = (thermal, wear, electrical, running)
    return {factor: np.array([value]) for factor, value in zip(Factor, values, strict=True)}


def _band(**factors) -> RiskBand:
    return risk_band(float(health_score(_factors(**factors))[0]))


def test_health_is_the_weighted_sum_while_no_factor_is_bad():
    assert health_score(_factors())[0] == 100
    assert health_score(_factors(0.1, 0.2, 0.3, 0.4))[0] == pytest.approx(100 - 4 - 6 - 6 - 4)


@pytest.mark.parametrize("factor", ["thermal", "wear", "electrical"])
def test_the_worst_factor_caps_the_band(factor):
    assert _band(**{factor: 0.49}) in (RiskBand.HEALTHY, RiskBand.WARNING)
    assert _band(**{factor: 0.5}) is RiskBand.WARNING
    assert _band(**{factor: 0.8}) is RiskBand.CRITICAL
    assert health_score(_factors(**{factor: 1.0}))[0] == 0


def test_running_time_alone_is_at_most_a_warning():
    assert _band(running=0.49) is RiskBand.HEALTHY
    assert _band(running=0.6) is RiskBand.WARNING
    assert _band(running=1.0) is RiskBand.WARNING


@given(SHARE, SHARE, SHARE, SHARE)
def test_health_is_never_better_than_its_parts_say(thermal, wear, electrical, running):
    factors = _factors(thermal, wear, electrical, running)
    score = float(health_score(factors)[0])
    assert 0 <= score <= weighted_score(factors)[0] + 1e-9
    worst = max(thermal, wear, electrical)
    if worst >= 0.8:
        assert risk_band(score) is RiskBand.CRITICAL
    elif worst >= 0.5:
        assert risk_band(score) is not RiskBand.HEALTHY


@given(SHARE, SHARE, SHARE, SHARE, st.floats(0, 0.5))
def test_more_damage_is_never_healthier(thermal, wear, electrical, running, more):
    less = health_score(_factors(thermal, wear, electrical, running))[0]
    assert health_score(_factors(thermal, min(wear + more, 1), electrical, running))[0] <= less + 1e-9


@pytest.mark.parametrize(("profile", "mode"), MODES, ids=[f"{p.machine_id}-{m}" for p, m in MODES])
def test_one_failed_component_never_reads_healthy(profile, mode):
    model = twin_of(profile)
    p = model.parameters()
    state = model.initial(p)
    set_damage(model, mode, 1.0, state, p)
    signals = model.step(state, {**OUTSIDE}, p, step_s=1.0)
    health = twin_health(model, profile, model.damage(signals), running_h=100.0)
    assert health.damage[mode] == pytest.approx(1, abs=1e-3)
    assert health.risk_band is RiskBand.CRITICAL
    assert health.limited_by == mode
    assert health.remaining_useful_life == pytest.approx(0, abs=1)
    assert health.failure_probability > 0.99


@pytest.mark.parametrize("profile", MACHINES[::5], ids=lambda p: p.machine_id)
def test_a_new_machine_is_healthy_and_has_its_rated_life_before_it(profile):
    model = twin_of(profile)
    p = model.parameters()
    signals = model.step(model.initial(p), {**OUTSIDE}, p, step_s=1.0)
    health = twin_health(model, profile, model.damage(signals), running_h=0.0, horizon_h=720)
    assert health.risk_band is RiskBand.HEALTHY
    assert health.twin_health_score == pytest.approx(100, abs=0.1)
    assert health.remaining_useful_life == pytest.approx(profile.rated_life, rel=1e-3)
    assert health.failure_probability < 0.01
    assert health.limited_by == ""


def test_life_left_falls_with_age_but_a_survivor_keeps_some():
    profile = MACHINES[0]
    rated = rated_life_h(profile)
    ages = np.array([0.0, 0.5, 1.0, 2.0]) * rated
    left = remaining_life_h(profile, {}, ages)
    assert left[0] == pytest.approx(rated)
    assert (np.diff(left) < 0).all()
    assert left[-1] > 0.1 * rated


def test_detected_damage_leaves_what_remains_of_the_pf_interval(small_pump):
    pump = small_pump(composition=COMPOSITION)
    left = remaining_life_h(pump, {"bearing_wear": np.array([0.0, 0.2, 0.9, 1.0])}, np.zeros(4))
    assert left[0] == pytest.approx(20_000)
    assert 0 < left[2] < left[1] < 300
    assert left[3] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("age", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("worn", [0.0, 0.3, 0.9])
def test_failure_probability_is_a_half_at_the_life_left(small_pump, age, worn):
    pump = small_pump(composition=COMPOSITION)
    damage, run_h = {"bearing_wear": np.array([worn])}, np.array([age * rated_life_h(pump)])
    left = float(remaining_life_h(pump, damage, run_h)[0])
    assert failure_probability(pump, damage, run_h, left)[0] == pytest.approx(0.5)
    assert (
        failure_probability(pump, damage, run_h, left / 2)[0]
        < 0.5
        < failure_probability(pump, damage, run_h, 2 * left)[0]
    )


def test_a_machine_that_has_run_its_rated_life_is_likelier_to_fail_than_a_new_one(small_pump):
    pump = small_pump(composition=COMPOSITION)
    young, old = failure_probability(pump, {}, np.array([0.0, rated_life_h(pump)]), 168.0)
    assert rated_life_h(pump) == 20_000
    # 1 - S((20,000 + 168) h) / S(20,000 h) of Weibull lives of slope 2 and median 20,000 h.
    survival = [0.5 ** ((hours / 20_000) ** 2) for hours in (20_000, 20_168)]
    assert old == pytest.approx(1 - survival[1] / survival[0])
    assert old == pytest.approx(0.0116, abs=1e-4)
    assert young == pytest.approx(0.00005, abs=1e-5)


def test_health_of_many_steps_and_samples_is_read_at_once(small_pump):
    pump = small_pump(composition=COMPOSITION)
    damage = np.linspace(0, 1, 12).reshape(4, 3)
    read = read_health(twin_of(pump), pump, {"bearing_wear": damage}, np.full((4, 3), 10.0))
    assert read.score.shape == read.remaining_h.shape == (4, 3)
    assert (np.diff(read.score.ravel()) <= 0).all()
