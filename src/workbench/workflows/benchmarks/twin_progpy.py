"""ProgPy's side of the twin benchmark: run by the Python of an environment that has progpy and not the workbench.

Reads one request a line from standard input and answers each with one line of JSON on standard output.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

VOLTAGE, SPEED_PER_VOLT = 471.2389, 0.8
AMBIENT_K, SUCTION_PA, DISCHARGE_PA = 290.0, 239_179.0, 928_654.0


def pump(request: dict[str, Any]) -> Any:
    """Return ProgPy's pump with the requested wear and noise (standard deviation per square root of a second)."""
    from progpy.models import CentrifugalPump  # type: ignore[import-not-found]

    model = CentrifugalPump(process_noise=request["noise"], measurement_noise=0)
    model.parameters["x0"].update(request["wear"], Tt=AMBIENT_K, Tr=AMBIENT_K, To=AMBIENT_K)
    return model


def inputs(model: Any, supply: float) -> Any:
    """Return the inputs at ``supply``, the share of rated voltage and frequency."""
    volts = VOLTAGE * supply
    return model.InputContainer(
        {"Tamb": AMBIENT_K, "V": volts, "pdisch": DISCHARGE_PA, "psuc": SUCTION_PA, "wsync": SPEED_PER_VOLT * volts}
    )


def trajectory(request: dict[str, Any]) -> dict[str, Any]:
    """Return every state in every second of the load ``supply``."""
    model = pump(request)
    found: dict[str, list[float]] = {name: [] for name in model.states}
    state = model.initialize(inputs(model, request["supply"][0]))
    for supply in request["supply"]:
        state = model.next_state(state, inputs(model, supply), 1.0)
        for name, value in state.items():
            found[name].append(float(np.ravel(value)[0]))
    return found


def vectorised(request: dict[str, Any]) -> dict[str, Any]:
    """Return the seconds that ``steps`` steps of ``samples`` samples took; with noise as its simulation adds it."""
    model = pump(request)
    first = model.initialize(inputs(model, 1.0))
    state = model.StateContainer({k: np.full(request["samples"], float(np.ravel(v)[0])) for k, v in first.items()})
    load = inputs(model, 1.0)
    noisy = bool(request["noise"])
    began = time.perf_counter()
    for _ in range(request["steps"]):
        state = model.next_state(state, load, 1.0)
        if noisy:
            state = model.apply_process_noise(state, 1.0)
    return {"seconds": time.perf_counter() - began}


def monte_carlo(request: dict[str, Any]) -> dict[str, Any]:
    """Return the seconds that the Monte Carlo predictor took for ``samples`` samples and ``steps`` seconds ahead."""
    from progpy.predictors import MonteCarlo  # type: ignore[import-not-found]

    model = pump(request)
    load = inputs(model, 1.0)
    first = model.initialize(load)
    began = time.perf_counter()
    MonteCarlo(model).predict(
        first,
        lambda t, x=None: load,  # noqa: ARG005 - the signature that ProgPy calls
        n_samples=request["samples"],
        horizon=request["steps"],
        dt=1.0,
        save_freq=request["steps"],
    )
    return {"seconds": time.perf_counter() - began}


TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "trajectory": trajectory,
    "vectorised": vectorised,
    "monte_carlo": monte_carlo,
}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(TASKS[asked["task"]](asked)) + "\n")
        sys.stdout.flush()
