"""Composition and running of twins, on components that any machine may use."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.errors import InputError, InvalidDocument
from workbench.twin.model import compile_twin
from workbench.twin.run import run_twin

COMPOSITION = {
    "components": {
        "bearing": {"model": "wear_out", "parameters": {"life_h": 1000.0, "shown_after": 0.5, "growth": 1.0}},
        "housing": {
            "model": "linear_reading",
            "parameters": {"base": 30.0, "load_gain": 20.0, "ambient_gain": 1.0, "damage_gain": 20.0, "lag_s": 3600.0},
            "inputs": {"damage": "bearing.damage"},
        },
    },
    "sensors": {"bearing_temp_C": {"signal": "housing.value"}, "load_pct": {"signal": "load", "gain": 100}},
    "modes": {"bearing_wear": {"damage": "bearing.damage", "factor": "wear", "detectability": 3}},
    "trips": {"hot": {"signal": "housing.value", "above": 60.0, "title": "Bearing temperature"}},
}


@pytest.fixture
def model(small_pump):
    return compile_twin(small_pump(composition=COMPOSITION))


def test_damage_grows_with_running_hours_and_shows_in_the_reading(model):
    run = run_twin(model, {"load": 0.7}, steps=990, step_s=3600, parameters=model.parameters(), protection=False)
    assert run.sensors["load_pct"][0, 0] == pytest.approx(70)
    assert run.sensors["bearing_temp_C"][10, 0] == pytest.approx(44.0)
    assert run.damage["bearing_wear"][499, 0] == pytest.approx(0, abs=1e-9)
    assert run.damage["bearing_wear"][749, 0] == pytest.approx(0.5)
    assert run.sensors["bearing_temp_C"][-1, 0] > 63
    assert run.stopped_by == ("",)


def test_a_trip_stops_the_run_and_says_so_and_without_protection_it_runs_to_failure(model):
    protected = run_twin(model, {"load": 0.7}, steps=1100, step_s=3600, parameters=model.parameters())
    assert protected.stopped_by == ("hot",)
    assert protected.sensors["bearing_temp_C"][-1, 0] == pytest.approx(60.0, abs=0.1)
    bare = run_twin(model, {"load": 0.7}, steps=1100, step_s=3600, parameters=model.parameters(), protection=False)
    assert bare.stopped_by == ("bearing_wear",)
    assert bare.stopped_at[0] == pytest.approx(999, abs=1)


def test_samples_run_side_by_side_as_they_do_alone(model):
    rng = np.random.default_rng(1)
    many = model.parameters(5, rng=rng)
    together = run_twin(model, {"load": 0.9}, steps=600, step_s=3600, parameters=many, samples=5)
    for sample in range(5):
        own = {name: value[sample] if isinstance(value, np.ndarray) else value for name, value in many.items()}
        alone = run_twin(model, {"load": 0.9}, steps=600, step_s=3600, parameters=own)
        for name, values in together.sensors.items():
            np.testing.assert_allclose(values[:, sample], alone.sensors[name][:, 0])


def test_a_run_continues_where_another_ended(model):
    p = model.parameters()
    whole = run_twin(model, {"load": 0.7}, steps=700, step_s=3600, parameters=p)
    first = run_twin(model, {"load": 0.7}, steps=300, step_s=3600, parameters=p)
    rest = run_twin(model, {"load": 0.7}, steps=400, step_s=3600, parameters=p, state=first.state)
    np.testing.assert_allclose(whole.state, rest.state)


@pytest.mark.parametrize("step_s", [360.0, 3600.0])
def test_noise_spreads_growth_by_the_same_amount_whatever_the_step(model, step_s):
    steps = int(400 * 3600 / step_s)
    p = model.parameters()
    noisy = run_twin(
        model,
        {},
        steps=steps,
        step_s=step_s,
        parameters=p,
        samples=2000,
        rng=np.random.default_rng(0),
        protection=False,
    )
    used = noisy.state[:, 0]
    assert used.mean() == pytest.approx(0.4, rel=0.01)
    assert used.std() == pytest.approx(0.05 * np.sqrt(400) * 0.001, rel=0.15)


def test_recorded_damage_never_falls_and_holds_after_the_noise(model):
    p = model.parameters()
    noisy = run_twin(
        model, {}, steps=80, step_s=12 * 3600, parameters=p, samples=50, rng=np.random.default_rng(0), protection=False
    )  # fmt: skip
    damage = noisy.damage["bearing_wear"]
    assert (np.diff(damage, axis=0) >= 0).all()
    # shown_after 0.5 and growth 1: the last damage is that of the last state.
    np.testing.assert_allclose(damage[-1], np.clip((noisy.state[:, 0] - 0.5) / 0.5, 0, 1), rtol=1e-6)


def test_nothing_is_computed_any_more_once_every_sample_has_stopped(model):
    asked = []
    ran = run_twin(
        model, {}, steps=5000, step_s=3600, parameters=model.parameters(), samples=3, protection=False,
        intervene=lambda step, state, parameters: asked.append(step),
    )  # fmt: skip
    assert ran.stopped_by == ("bearing_wear",) * 3
    assert len(asked) == ran.stopped_at[0] + 1 < 1100
    np.testing.assert_array_equal(ran.sensors["bearing_temp_C"][-1], ran.sensors["bearing_temp_C"][1050])


def test_every_fault_of_a_run_is_listed(model):
    with pytest.raises(
        InputError, match=r"(?s)steps is 0.*step_s is -1 s.*no outside signal 'speed'.*load lies outside 0 to 3"
    ):
        run_twin(model, {"speed": 1, "load": 9.0}, steps=0, step_s=-1, parameters=model.parameters())


def test_every_fault_of_a_composition_is_listed(small_pump):
    broken = {
        "components": {
            "bearing": {
                "model": "wear_out",
                "parameters": {"life_h": -5, "colour": 1},
                "inputs": {"load": "seal.nothing"},
            },
            "seal": {"model": "perpetuum_mobile"},
            "motor": {"model": "wear_out", "parameters": {"life_h": "rated.weight"}},
        },
        "sensors": {"noise_dB": {"signal": "bearing.damage"}},
        "modes": {"rust": {"damage": "bearing.rust", "factor": "wear", "detectability": 3}},
    }
    with pytest.raises(InvalidDocument) as raised:
        compile_twin(small_pump(composition=broken))
    text = str(raised.value)
    for told in (
        "life_h is -5",
        "'colour'",
        "seal.nothing",
        "perpetuum_mobile",
        "rated.weight",
        "noise_dB",
        "'rust'",
        "bearing.rust",
    ):
        assert told in text
