"""How true and how fast the twins are: ProgPy's centrifugal pump side by side, and the whole fleet a month ahead."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, WorkbenchError

from . import twin_progpy
from .frame import Metrics, Progress, with_intervals
from .peer_venv import peer_python
from .twin_fleet import fleet_ahead, growth

if TYPE_CHECKING:
    from workbench.domain.equipment import MachineProfile
    from workbench.twin.model import TwinModel

Floats = npt.NDArray[np.float64]
PROGPY = "1.9.0"
SAMPLES = 1_000
HOUR_S, MONTH_H = 3_600, 720
KELVIN = 273.15
# ProgPy's names of the states: ours.
TEMPERATURES = {"Tt": "thrust_C", "Tr": "radial_C", "To": "oil_C"}
STATES = {
    "w": "speed_rad_s",
    "Q": "flow_m3_s",
    "A": "impeller_m2",
    "rRadial": "radial_friction",
    "rThrust": "thrust_friction",
    "QLeak": "leak_m3_s",
    **TEMPERATURES,
}
WEAR = {"wA": 3e-3, "wRadial": 2e-10, "wThrust": 2e-10}
WEAR_PARAMETERS = {"wA": "impeller_wear", "wRadial": "radial_wear", "wThrust": "thrust_wear"}
SUPPLY = np.repeat([1.0, 0.93, 0.85, 0.96], [1800, 600, 600, 600])
PROTOCOL = (
    "ProgPy's CentrifugalPump with wear and our centrifugal_pump: same parameters, dt 1 s, load; max_relative_difference"
    " over every state (temperatures in K) in every second of 3,600 s without noise; speeds in sample-steps per second,"
    " 1,000 samples, both sides in turn in the same run, median of the turns' ratios, once without and once with process"
    " noise, the smaller ratio counts: speed_ratio_to_progpy = our run_twin over its MonteCarlo predictor,"
    " speed_ratio_to_progpy_vectorised = our TwinModel.step over its next_state on a 1,000-sample state; fleet_s: every"
    " machine of the embedded fleet, 1,000 samples with own parameters and process noise, 30 days hourly, one thread;"
    " scaling: processor time of 100 times the samples (of one machine) or machines over 100 times that of one, the larger"
)


@dataclass(frozen=True)
class Sizes:
    """How much a full and a quick run do."""

    samples: int = SAMPLES
    turns: int = 5
    predicted_s: int = 60
    stepped: int = 600
    fleet_steps: int = MONTH_H
    machines: int | None = None
    scaled: tuple[int, ...] = (1, 10, 100)
    scaled_steps: int = 24


QUICK = Sizes(
    samples=50, turns=1, predicted_s=3, stepped=20, fleet_steps=24, machines=2, scaled=(1, 10), scaled_steps=4
)


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:  # noqa: ARG001 - nothing is read
    """Run the protocol; see ``frame.run_benchmark`` and ``PROTOCOL``. Raises ``EnvironmentFailure`` without ProgPy."""
    if only:
        raise InputError(f"Benchmark 'twin' has no subset {', '.join(only)}.", "Leave --only out.")
    sizes = QUICK if quick else Sizes()
    progress(0.0, "preparing ProgPy's own environment")
    python = peer_python(f"progpy-{PROGPY}", [f"progpy=={PROGPY}"])
    with _progpy(python) as ask:
        metrics = {"max_relative_difference": largest_difference(ask)}
        rates = _rates(ask, sizes, seeds[0], progress)
    metrics |= with_intervals(partial(_ratios, rates), np.arange(sizes.turns), draws=100 if quick else 1000)
    progress(0.6, "running the fleet a month ahead")
    metrics |= fleet_ahead(sizes.samples, sizes.fleet_steps, machines=sizes.machines, seed=seeds[0])
    progress(0.8, "growing samples and machines")
    metrics |= growth(sizes.samples, sizes.scaled_steps, sizes.scaled)
    return {
        "metrics": metrics,
        "peers": {key: float(np.median(found)) for key, found in rates.items() if key.startswith("progpy")}
        | {"source": f"progpy {PROGPY} in an environment of its own, in the same run"},
        "seconds": {"fleet": metrics["fleet_s"]},
        "protocol": PROTOCOL,
        "versions": {"progpy": PROGPY},
        "chosen_by": "no model",
        "simulated": True,
    }


Ask = Callable[[Mapping[str, Any]], dict[str, Any]]


@contextmanager
def _progpy(python: Path) -> Iterator[Ask]:
    """Yield a function that asks ProgPy's process; it lives for all requests, on one thread."""
    process = subprocess.Popen(
        [str(python), str(Path(twin_progpy.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )

    def ask(request: Mapping[str, Any]) -> dict[str, Any]:
        if process.stdin is None or process.stdout is None:
            raise WorkbenchError("ProgPy's process has no pipes.", "Report this.")
        process.stdin.write(json.dumps(dict(request)) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise WorkbenchError(
                f"ProgPy ended while asked for {request['task']}.", f"Remove {python.parents[1]} and try again."
            )
        found: dict[str, Any] = json.loads(answer)
        return found

    try:
        yield ask
    finally:
        process.communicate()


def pump_profile() -> MachineProfile:
    """Return a machine that is ProgPy's pump with wear: voltage and frequency follow ``load``."""
    from workbench.catalog import load_catalogue
    from workbench.domain.composition import TwinComposition

    profile = next(machine for machine in load_catalogue().machines if machine.machine_type == "pump")
    rated = {
        "rated_voltage_V": twin_progpy.VOLTAGE,
        "rated_speed_rad_s": twin_progpy.SPEED_PER_VOLT * twin_progpy.VOLTAGE,
    }
    composition = TwinComposition.model_validate(
        {
            "components": {
                "pump": {
                    "model": "centrifugal_pump",
                    "parameters": rated | {WEAR_PARAMETERS[name]: rate for name, rate in WEAR.items()},
                    "inputs": {"voltage": "load", "frequency": "load"},
                }
            },
            "sensors": {
                "bearing_temp_C": {"signal": "pump.thrust_C"},
                "flow_m3_h": {"signal": "pump.discharge_m3_s", "gain": 3600},
            },
            "modes": {"bearing_wear": {"damage": "pump.thrust_overheat", "factor": "wear", "detectability": 4}},
        }
    )
    if profile.twin is None:
        raise WorkbenchError("The pump of the catalogue has no twin.", "Report this.")
    return profile.model_copy(update={"twin": profile.twin.model_copy(update={"composition": composition})})


def largest_difference(ask: Ask) -> float:
    """Return the largest relative difference of any state in any second of an hour without noise."""
    from workbench.twin.model import compile_twin
    from workbench.twin.run import run_twin

    theirs = ask({"task": "trajectory", "noise": 0, "wear": WEAR, "supply": SUPPLY.tolist()})
    model = compile_twin(pump_profile())
    ours = run_twin(
        model,
        {"load": SUPPLY, "ambient_C": twin_progpy.AMBIENT_K - KELVIN},
        steps=len(SUPPLY),
        step_s=1.0,
        parameters=model.parameters(),
        record=[f"pump.{name}" for name in STATES.values()],
    )
    worst = 0.0
    for name, own in STATES.items():
        values = ours.signals[f"pump.{own}"][:, 0] + (KELVIN if name in TEMPERATURES else 0.0)
        worst = max(worst, float(np.max(np.abs(values / np.asarray(theirs[name]) - 1.0))))
    return worst


def _ratios(rates: Mapping[str, Floats], turns: npt.NDArray[np.intp]) -> dict[str, float]:
    """Return our speed over ProgPy's, median of ``turns``, with and without noise and the smaller of both."""
    found: dict[str, float] = {}
    for key in ("progpy", "progpy_vectorised"):
        ratios = {
            noise: float(np.median(rates[f"ours_{key}_{noise}"][turns] / rates[f"{key}_{noise}"][turns]))
            for noise in ("noise_off", "noise_on")
        }
        found[f"speed_ratio_to_{key}"] = min(ratios.values())
        found |= {f"speed_ratio_to_{key}_{noise}": ratio for noise, ratio in ratios.items()}
    return found


def _rates(ask: Ask, sizes: Sizes, seed: int, progress: Progress) -> dict[str, Floats]:
    """Return sample-steps per second of both sides in each turn, keyed by side and noise."""
    from workbench.twin.model import compile_twin

    model = compile_twin(pump_profile())
    # ProgPy's noise is per step of a second, ours per square root of an hour; what it cannot leave out it draws as 0.
    declared = dict(zip(model.state_names, model.states, strict=True))
    noise = {name: declared[f"pump.{own}"].noise / HOUR_S**0.5 for name, own in STATES.items()}
    found: dict[str, list[float]] = {}
    for turn in range(sizes.turns):
        progress(0.1 + 0.5 * turn / sizes.turns, f"ours and ProgPy in turn, {turn + 1} of {sizes.turns}")
        for name, rng in (("noise_off", None), ("noise_on", np.random.default_rng(seed))):
            asked = {"noise": noise if rng else 0, "wear": WEAR, "samples": sizes.samples}
            predicted, stepped = sizes.predicted_s, sizes.stepped
            for key, steps, seconds in (
                ("progpy", predicted, ask({**asked, "task": "monte_carlo", "steps": predicted})["seconds"]),
                ("ours_progpy", predicted, _run_s(model, sizes.samples, predicted, rng)),
                ("progpy_vectorised", stepped, ask({**asked, "task": "vectorised", "steps": stepped})["seconds"]),
                ("ours_progpy_vectorised", stepped, _step_s(model, sizes.samples, stepped, rng)),
            ):
                found.setdefault(f"{key}_{name}", []).append(sizes.samples * steps / seconds)
    return {key: np.array(values) for key, values in found.items()}


def _run_s(model: TwinModel, samples: int, steps: int, rng: np.random.Generator | None) -> float:
    from workbench.twin.run import run_twin

    began = time.perf_counter()
    run_twin(
        model,
        {"load": 1.0, "ambient_C": twin_progpy.AMBIENT_K - KELVIN},
        steps=steps,
        step_s=1.0,
        parameters=model.parameters(samples),
        samples=samples,
        rng=rng,
    )
    return time.perf_counter() - began


def _step_s(model: TwinModel, samples: int, steps: int, rng: np.random.Generator | None) -> float:
    """Return the seconds of ``steps`` steps; wear rates differ by sample, as they are states in ProgPy's pump."""
    parameters = model.parameters(samples)
    for name in WEAR_PARAMETERS.values():
        parameters[f"pump.{name}"] = np.full(samples, parameters[f"pump.{name}"])
    signals = {"load": 1.0, "ambient_C": twin_progpy.AMBIENT_K - KELVIN, "wear": 1.0}
    state = model.initial(parameters, signals, samples=samples)
    began = time.perf_counter()
    for _ in range(steps):
        if rng is None:
            model.step(state, signals, parameters, step_s=1.0)
        else:
            before = state.copy(order="F")
            model.step(state, signals, parameters, step_s=1.0)
            model.disturb(state, before, step_s=1.0, rng=rng)
    return time.perf_counter() - began
