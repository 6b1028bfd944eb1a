"""How long the twins of the whole embedded fleet take a month ahead, and how that grows with samples and machines."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .frame import Metrics

if TYPE_CHECKING:
    from workbench.twin.model import TwinModel
    from workbench.twin.run import Trajectories

HOUR_S = 3_600


def fleet_ahead(samples: int, steps: int, *, machines: int | None, seed: int) -> Metrics:
    """Return how long all machines with a physical twin take, by the clock and of the processor, and how many they are."""
    models = _models()[:machines]
    began, worked = time.perf_counter(), time.process_time()
    for model in models:
        _ahead(model, samples, steps, seed)
    return {
        "fleet_s": time.perf_counter() - began,
        "fleet_cpu_s": time.process_time() - worked,
        "fleet_machines": len(models),
    }


def _models() -> list[TwinModel]:
    from workbench.catalog import load_catalogue
    from workbench.twin.model import compile_twin

    machines = [machine for machine in load_catalogue().machines if machine.twin and machine.twin.composition]
    return [compile_twin(machine) for machine in machines]


def _ahead(model: TwinModel, samples: int, steps: int, seed: int) -> Trajectories:
    """Return what ``samples`` such machines do by the day's course of load and ambient."""
    from workbench.twin.run import run_twin

    rng = np.random.default_rng(seed)
    hours = np.arange(steps)
    return run_twin(
        model,
        {
            "load": 0.7 + 0.2 * np.sin(hours * 2 * np.pi / 24),
            "ambient_C": 20.0 + 5.0 * np.sin((hours - 9) * 2 * np.pi / 24),
        },
        steps=steps,
        step_s=HOUR_S,
        parameters=model.parameters(samples, rng=rng),
        samples=samples,
        rng=rng,
    )


def growth(samples: int, steps: int, scaled: Sequence[int]) -> Metrics:
    """Return processor times of each of ``scaled`` times the samples and the machines, and the worst growth over linear."""
    models = _models()
    metrics: Metrics = {}
    for axis, measure in (("samples", _grown_s), ("machines", _several_s)):
        for times in scaled:
            metrics[f"scaling_{axis}_{times}x_s"] = statistics.median(
                measure(models[0], samples, steps, times) for _ in range(3)
            )
    first, last = scaled[0], scaled[-1]
    metrics["scaling"] = max(
        metrics[f"scaling_{axis}_{last}x_s"] / (last * metrics[f"scaling_{axis}_{first}x_s"])
        for axis in ("samples", "machines")
    )
    return metrics


def _grown_s(model: TwinModel, samples: int, steps: int, times: int) -> float:
    return _worked_s(lambda: _ahead(model, samples * times, steps, 0))


def _several_s(model: TwinModel, samples: int, steps: int, times: int) -> float:
    # The same machine again and again: another one would take another time.
    return _worked_s(lambda: [_ahead(model, samples, steps, number) for number in range(times)])


def _worked_s(work: Callable[[], object]) -> float:
    """Return the processor time of ``work``: growth is a matter of the code, not of what else the computer does."""
    began = time.process_time()
    work()
    return time.process_time() - began
