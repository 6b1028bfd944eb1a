"""Rolling bearings against ISO 281 by hand, the lives of a population, and what a spall does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.twin.physics.bearing import (
    RollerBearing,
    RollingBearing,
    kinematic_viscosity,
    reference_viscosity,
    weibull_life,
)

BALL = RollingBearing()


def parameters(**known):
    return {p.name: p.default for p in BALL.parameters} | known


def inputs(**known):
    return {i.name: i.start for i in BALL.inputs} | known


def new(u, p, samples=1):
    x = {s.name: np.zeros(samples) for s in BALL.states}
    for name, value in BALL.rest(u, p).items():
        x[name][:] = value
    return x


def hours_to_failure(p, u, *, step_h=24.0, limit_h=400_000.0):
    samples = next((v.size for v in p.values() if isinstance(v, np.ndarray)), 1)
    x, failed = new(u, p, samples), np.full(samples, np.inf)
    for step in range(int(limit_h / step_h)):
        BALL.advance(x, u, p, step_h * 3600.0)
        failed = np.where((x["damage"] >= 1.0) & np.isinf(failed), (step + 1) * step_h, failed)
        if np.isfinite(failed).all():
            break
    return failed


@pytest.mark.parametrize(
    ("load_kN", "exponent", "mrev"), [(3.0, 3.0, 1000.0), (6.0, 3.0, 125.0), (3.0, 10 / 3, 2154.4)]
)
def test_the_basic_rating_life_is_the_load_ratio_to_the_power_p(load_kN, exponent, mrev):
    p = parameters(dynamic_rating_kN=30.0, load_kN=load_kN, idle_load=0.0, life_exponent=exponent)
    u = inputs(load=1.0)
    told = BALL.advance(new(u, p), u, p, 3600.0)
    factor = RollingBearing.life_factor(told["kappa"], p["contamination"] * p["fatigue_limit_kN"] / load_kN)
    assert told["rating_life_h"] * 60 * 1500 / 1e6 / factor == pytest.approx(mrev, rel=1e-4)


@pytest.mark.parametrize(
    ("kappa", "cleanliness", "expected"),
    [
        # kappa**0.054381, kappa**0.19087, kappa**0.071739 and 0.1**(1/3) worked out by hand
        (0.2, 0.1, 0.1 * (1 - (2.5671 - 2.2649 / 0.916199) ** 0.83 * 0.464159) ** -9.3),
        (0.5, 0.1, 0.1 * (1 - (2.5671 - 1.9987 / 0.876077) ** 0.83 * 0.464159) ** -9.3),
        (2.0, 0.1, 0.1 * (1 - (2.5671 - 1.9987 / 1.050982) ** 0.83 * 0.464159) ** -9.3),
        (4.0, 5.0, 50.0),
        (9.0, 0.1, float(RollingBearing.life_factor(4.0, 0.1))),
    ],
)
def test_the_life_modification_factor_follows_iso_281(kappa, cleanliness, expected):
    assert RollingBearing.life_factor(kappa, cleanliness) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", [RollingBearing, RollerBearing])
@pytest.mark.parametrize("kappa", [0.4, 1.0])
def test_the_bands_of_the_viscosity_ratio_meet(kind, kappa):
    assert kind.life_factor(kappa - 1e-9, 0.1) == pytest.approx(kind.life_factor(kappa + 1e-9, 0.1), rel=1e-3)


def test_dirt_makes_lives_short_whatever_the_oil_and_rollers_have_their_own_factor():
    assert RollingBearing.life_factor(4.0, 1e-9) == pytest.approx(0.1, rel=0.1)
    assert RollerBearing.life_factor(2.0, 0.1) == pytest.approx(
        0.1 * (1 - (1.5859 - 1.2348 / 1.050982) * 0.1**0.4) ** -9.185, rel=1e-4
    )


def test_the_film_needs_thicker_oil_at_low_speed():
    assert reference_viscosity(3000.0, 64.0) == pytest.approx(4500 / np.sqrt(3000 * 64))
    assert reference_viscosity(100.0, 64.0) == pytest.approx(45000 * 100**-0.83 / 8)
    assert kinematic_viscosity(np.array([40.0, 100.0]), 220.0, 19.0) == pytest.approx([220.0, 19.0])


@pytest.mark.parametrize(("reliability", "a1"), [(0.90, 1.0), (0.95, 0.64), (0.96, 0.55), (0.98, 0.37), (0.99, 0.25)])
def test_the_lives_of_a_population_have_the_reliability_factors_of_iso_281(reliability, a1):
    scores = np.random.default_rng(0).standard_normal(200_000)
    lives = weibull_life(np.exp(scores), 1.5, 0.05)
    assert np.quantile(lives, 1.0 - reliability) == pytest.approx(a1, abs=0.015)


def test_ten_in_a_hundred_bearings_spall_before_the_rating_life():
    rng = np.random.default_rng(1)
    p = parameters(load_kN=8.0, contamination=0.2, strength=np.exp(rng.standard_normal(4000)), propagation_h=1.0)
    u = inputs()
    rating = float(np.mean(BALL.advance(new(u, p, 4000), u, p, 1.0)["rating_life_h"]))
    lives = hours_to_failure(p, u, step_h=rating / 40, limit_h=rating * 1.1)
    assert np.mean(lives < rating * 1.02) == pytest.approx(0.10, abs=0.02)


def test_a_spall_grows_to_failure_over_the_p_f_interval_and_shows():
    p = parameters(propagation_h=600.0, idle_load=0.0)
    u = inputs(load=1.0)
    x = new(u, p)
    for _ in range(48):
        before = BALL.advance(x, u, p, 3600.0)
    x["fatigue"][:] = 1.0
    grown = []
    for _ in range(601):
        told = BALL.advance(x, u, p, 3600.0)
        grown.append(x["damage"][0])
    assert grown[299] == pytest.approx(np.expm1(2.5) / np.expm1(5.0), rel=0.01)
    assert grown[590] < 1.0
    assert grown[600] == 1.0
    assert told["acceleration_g"] > before["acceleration_g"] + 1.5
    assert told["temperature_rise_K"] > before["temperature_rise_K"] + 10


def test_heat_ages_grease_and_old_grease_shortens_the_life():
    cool, hot = inputs(ambient_C=20.0), inputs(ambient_C=100.0)
    p = parameters()
    used = []
    for u in (cool, hot):
        x = new(u, p)
        told = BALL.advance(x, u, p, 3600.0 * 100)
        used.append(x["grease_used"][0])
        x["grease_used"][:] = 1.5
        dry = BALL.advance(x, u, p, 3600.0)
        assert dry["rating_life_h"] < told["rating_life_h"] / 3
        assert dry["friction_kW"] > told["friction_kW"] * 1.5
    # 15 K above 70 degC halve the life of the grease.
    assert used[1] / used[0] > 2 ** ((100 - 70) / 15)


def test_the_loss_of_the_bearing_is_the_heat_that_leaves_it():
    p, u = parameters(conductance_W_K=3.0), inputs(load=1.0)
    x = new(u, p)
    for _ in range(100):
        told = BALL.advance(x, u, p, 3600.0)
    assert told["friction_kW"] * 1000 == pytest.approx(3.0 * told["temperature_rise_K"], rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(*(st.floats(a, b) for a, b in [(0, 3), (0, 1), (0, 20_000), (-40, 120), (0, 1)])),
        min_size=3,
        max_size=3,
    ),
    st.floats(1.0, 86_400.0),
)
def test_damage_only_grows_and_samples_do_not_see_each_other(rows, step_s):
    table = np.array(rows)
    names = ("load", "running", "speed_rpm", "ambient_C", "lubrication")
    p = parameters(load_kN=10.0, contamination=0.1)
    together, alone = inputs(**dict(zip(names, table.T, strict=True))), []
    x = new(together, p, 3)
    for k in range(3):
        u = inputs(**dict(zip(names, table[k].tolist(), strict=True)))
        alone.append((u, new(u, p)))
    for start in (x, *(y for _, y in alone)):
        start["fatigue"][:] = 0.999
    for _ in range(20):
        before = {name: values.copy() for name, values in x.items()}
        told = BALL.advance(x, together, p, step_s)
        assert all(np.isfinite(value).all() for value in (*told.values(), *x.values()))
        for name in ("fatigue", "grease_used", "damage"):
            assert (x[name] >= before[name]).all()
        assert (x["damage"] <= 1.0).all()
        for _, (u, y) in enumerate(alone):
            BALL.advance(y, u, p, step_s)
    for k, (_, y) in enumerate(alone):
        for name in y:
            assert x[name][k] == pytest.approx(y[name][0], rel=1e-9)


def test_a_day_in_one_step_does_as_many_short_ones():
    p = parameters(load_kN=8.0, contamination=0.1, propagation_h=100.0)
    u = inputs(load=1.0)
    ends = []
    for step_s in (60.0, 86_400.0):
        x = new(u, p)
        x["fatigue"][:] = 0.999
        for _ in range(round(3 * 86_400 / step_s)):
            BALL.advance(x, u, p, step_s)
        ends.append(x["damage"][0])
    assert ends[1] == pytest.approx(ends[0], rel=0.02)


@pytest.mark.parametrize("step_s", [60.0, 3600.0, 86_400.0])
def test_a_cold_start_in_stiff_grease_warms_to_its_balance_and_not_beyond(step_s):
    p, u = parameters(), inputs(ambient_C=-20.0)
    settled = BALL.rest(u, p)["temperature_C"]
    x = new(u, p)
    x["temperature_C"][:] = -20.0
    for _ in range(30):
        before = x["temperature_C"][0]
        told = BALL.advance(x, u, p, step_s)
        assert before <= x["temperature_C"][0] <= settled + 0.1
    assert x["grease_used"][0] < 0.03
    if step_s >= 3600.0:
        assert x["temperature_C"][0] == pytest.approx(settled, abs=0.5)
        assert told["friction_kW"] * 1000 == pytest.approx(2.0 * told["temperature_rise_K"], rel=0.05)


def test_a_bearing_cooled_by_air_is_hotter_with_less_of_it():
    p = parameters(seat_load_rise_K=10.0)
    rises = []
    for cooling in (1.0, 0.5):
        u = inputs(load=1.0, air_cooling=cooling)
        x = new(u, p)
        for _ in range(100):
            told = BALL.advance(x, u, p, 3600.0)
        rises.append(told["temperature_rise_K"])
        assert x["temperature_C"] == pytest.approx(BALL.rest(u, p)["temperature_C"], abs=0.5)
    # Thinner oil rubs less, so that half the cooling is less than twice the rise.
    assert 1.5 * rises[0] < rises[1] < 2.0 * rises[0]
