"""One component on the bench: started at rest, run for hours under constant inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench.twin.physics import component


@pytest.fixture(scope="session")
def start():
    """Return states at rest, inputs and parameters of a component: its defaults, but for those given."""

    def at_rest(model: str, *, samples: int = 1, parameters: dict[str, Any] | None = None, **inputs: Any):
        kind = component(model)
        u = {i.name: i.start for i in kind.inputs} | inputs
        p = {q.name: q.default for q in kind.parameters} | (parameters or {})
        x = {state.name: np.zeros(samples) for state in kind.states}
        for name, value in kind.rest(u, p).items():
            x[name][:] = value
        return x, u, p

    return at_rest


@pytest.fixture(scope="session")
def run():
    """Run a component for ``hours`` in ``steps`` equal steps and return its last outputs."""

    def steps_of(model: str, x, u, p, *, hours: float, steps: int = 1):
        for _ in range(steps):
            told = component(model).advance(x, u, p, hours * 3600.0 / steps)
        return told

    return steps_of


@pytest.fixture(scope="session")
def settled(start, run):
    """Return states and outputs of one sample as numbers after ``hours`` hourly steps; keywords set inputs."""

    def after(
        model: str, *, hours: int = 48, parameters: dict[str, Any] | None = None, **inputs: Any
    ) -> dict[str, float]:
        x, u, p = start(model, parameters=parameters, **inputs)
        told = run(model, x, u, p, hours=hours, steps=hours)
        return {name: float(np.ravel(value)[0]) for name, value in {**x, **told}.items()}

    return after
