"""What holds for every mechanical component that wears: damage only grows, samples do not see each other, steps add up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.twin.physics import bearing, component, conveyor, gears, machining, robot

WEARING = sorted(
    kind.model
    for module in (bearing, conveyor, gears, machining, robot)
    for kind in module.COMPONENTS
    if any(state.monotone for state in kind.states)
)
RANGES = {
    "load": (0.0, 3.0),
    "running": (0.0, 1.0),
    "wear": (0.0, 100.0),
    "speed_rpm": (0.0, 12_000.0),
    "ambient_C": (-40.0, 90.0),
    "oil_C": (-20.0, 150.0),
}


@settings(max_examples=15, deadline=None)
@pytest.mark.parametrize("model", WEARING)
@given(data=st.data(), step_s=st.floats(1.0, 86_400.0))
def test_damage_only_grows_and_samples_do_not_see_each_other(model, data, step_s):
    kind = component(model)
    rows = {i.name: st.floats(*RANGES.get(i.name, (0.0, 1.0))) for i in kind.inputs}
    u = {name: np.array(data.draw(st.tuples(values, values, values), name)) for name, values in rows.items()}
    p = {q.name: q.default for q in kind.parameters}
    x = {state.name: np.full(3, 0.999 if state.monotone and state.name != "damage" else 0.0) for state in kind.states}
    single = [{name: values[k : k + 1].copy() for name, values in x.items()} for k in range(3)]
    for _ in range(5):
        before = {state.name: x[state.name].copy() for state in kind.states if state.monotone}
        told = kind.advance(x, u, p, step_s)
        assert all(np.isfinite(value).all() for value in (*told.values(), *x.values()))
        assert all((x[name] >= values).all() for name, values in before.items())
        for k, alone in enumerate(single):
            kind.advance(alone, {name: float(values[k]) for name, values in u.items()}, p, step_s)
    assert all((x[name] <= 1.0).all() for name in x if name == "damage")
    for k, alone in enumerate(single):
        for name, values in alone.items():
            assert x[name][k] == pytest.approx(values[0], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("model", [m for m in WEARING if "bearing" not in m])
def test_a_day_in_one_step_does_as_many_short_ones(model, start):
    kind, ends = component(model), []
    for steps in (1, 240):
        x, u, p = start(model, load=0.8)
        for name in x:
            if name in {"fatigue", "preload_used", "take_up_used", "relaxed", "used"}:
                x[name][:] = 0.9999
        for _ in range(steps):
            kind.advance(x, u, p, 2 * 86_400.0 / steps)
        ends.append({name: float(values[0]) for name, values in x.items()})
    assert ends[0] == pytest.approx(ends[1], rel=0.02)
