"""Scenarios (D3): a machine worked harder, hotter or with a fault, many samples side by side, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workbench.domain.equipment import MachineProfile
from workbench.domain.progress import Progress, untold
from workbench.domain.twin import LONGEST_H, Scenario, ScenarioComparison, ScenarioResult, TwinHealth
from workbench.errors import InvalidDocument, Stopped

from .injection import plan_injections, possible_faults
from .model import Samples, TwinModel
from .run import LIMITS, Trajectories, run_twin
from .scenario_results import result_of, worked
from .state_model import physics_of, usual_load
from .streams import Floats, stream

SAMPLES = (1, 10_000)
# Values of one quantity that a scenario may hold in memory.
MOST_VALUES = 20_000_000
# Below this number of steps, a scenario in which everything stops is computed again, so that the time to stop is fine.
_COARSE_STEPS, _FINE_STEPS, _MOST_STEPS = 24, 240, 2000


@dataclass(frozen=True)
class Start:
    """Where scenarios begin: the machine's state of shape (1, states), None for a new one, and its operating hours."""

    state: Floats | None = None
    running_h: float = 0.0


def compare_scenarios(
    model: TwinModel,
    profile: MachineProfile,
    scenarios: Sequence[Scenario],
    *,
    hours: float,
    samples: int,
    seed: int,
    start: Start,
    health: TwinHealth,
    progress: Progress = untold,
    should_stop: Callable[[], bool] | None = None,
) -> ScenarioComparison:
    """Run each scenario on the same ``samples`` of parameters and noise, from ``start``, whose ``health`` is told with it.

    Raises ``InvalidDocument`` that lists every fault of all scenarios: what the machine does not have, parameters that
    physics does not allow, lengths and numbers of samples out of range; ``Stopped`` when ``should_stop`` said so.
    """
    faults = scenario_faults(model, scenarios, hours=hours, samples=samples)
    if faults:
        raise InvalidDocument(f"What the twin of {profile.machine_id} was asked", faults)
    drawn = model.parameters(samples, rng=stream(seed, profile.machine_id, "parameters") if samples > 1 else None)
    results = []
    for number, scenario in enumerate(scenarios):

        def tell(fraction: float, message: str, done: int = number, name: str = scenario.name) -> None:
            progress((done + fraction) / len(scenarios), f"{name}: {message}")

        results.append(
            _run(model, profile, scenario, drawn, hours=hours, samples=samples, seed=seed, start=start, progress=tell,
                 should_stop=should_stop)
        )  # fmt: skip
    return ScenarioComparison(
        machine_id=profile.machine_id,
        physics=physics_of(profile),
        start=health,
        life_unit=profile.life_unit,
        samples=samples,
        seed=seed,
        results=tuple(results),
    )


def scenario_faults(model: TwinModel, scenarios: Sequence[Scenario], *, hours: float, samples: int) -> list[str]:
    """List everything that is wrong with what is asked of this machine, in words; empty where nothing is."""
    faults = []
    if not scenarios:
        faults.append("no scenario is given")
    if not 0 < hours <= LONGEST_H:
        faults.append(f"hours is {hours:g}; give more than 0, at most {LONGEST_H:,.0f}")
    if not SAMPLES[0] <= samples <= SAMPLES[1]:
        faults.append(f"samples is {samples:,}; give {SAMPLES[0]} to {SAMPLES[1]:,}")
    names = [one.name for one in scenarios]
    faults += [f"scenario {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})]
    for scenario in scenarios:
        faults += [f"{scenario.name}: {fault}" for fault in _faults_of(model, scenario, hours, samples)]
    return faults


def _faults_of(model: TwinModel, scenario: Scenario, hours: float, samples: int) -> list[str]:
    length = scenario.hours or hours
    possible = possible_faults(model)
    faults = [
        f"the machine cannot have fault {one.fault!r}; it can have: {', '.join(possible)}"
        for one in scenario.faults
        if one.fault not in possible and not one.where_possible
    ]
    faults += [
        f"fault {one.fault!r} begins at {one.at_h:g} h, after the end at {length:g} h"
        for one in scenario.faults
        if one.at_h >= length > 0
    ]
    faults += [
        f"there is no free signal {name!r}; there are: {', '.join(model.free_inputs) or 'none'}"
        for name in scenario.signals
        if name not in model.free_inputs
    ]
    ranges = model.free_ranges
    faults += [
        f"{name} is {value:g}; a scenario can drive it from {ranges[name][0]:g} to {ranges[name][1]:g}"
        for name, value in scenario.signals.items()
        if name in ranges and not ranges[name][0] <= value <= ranges[name][1]
    ]
    heaviest = LIMITS["load"][1]
    faults += [
        f"load is {factor * scenario.load:g} in hour {hour}; give at most {heaviest:g}"
        for hour, factor in enumerate(scenario.hourly)
        if factor * scenario.load > heaviest
    ]
    for name, value in scenario.parameters.items():
        declared = model.declared.get(name)
        if declared is None:
            part, _, _ = name.partition(".")
            own = [known for known in model.declared if known.startswith(f"{part}.")]
            parts = ", ".join(part.name for part in model.parts)
            faults.append(f"there is no parameter {name!r}; " + (
                f"{part} has: {', '.join(own)}" if own else f"components: {parts}"))  # fmt: skip
        elif not declared.low <= value <= declared.high:
            faults.append(f"{name} is {value:g} {declared.unit}; physics allows {declared.low:g} to {declared.high:g}")
    steps = length / _step(scenario, length) if length > 0 else 0
    if steps * min(samples, SAMPLES[1]) > MOST_VALUES:
        faults.append(f"{steps:,.0f} steps of {samples:,} samples are too many; ask for fewer, or a longer step_h")
    return faults


def step_for(hours: float) -> float:
    """Return the step of a scenario in hours: one, finer for short ones, and coarser beyond 2,000 h.

    >>> step_for(720), step_for(2.0), step_for(20_000)
    (1.0, 0.008333333333333333, 10.0)
    """
    return min(max(hours / _MOST_STEPS, min(1.0, hours / _FINE_STEPS)), 24.0)


def _step(scenario: Scenario, length: float) -> float:
    return scenario.step_h or min(step_for(length), 1.0 if scenario.hourly else 24.0)


def _run(
    model: TwinModel,
    profile: MachineProfile,
    scenario: Scenario,
    drawn: Samples,
    *,
    hours: float,
    samples: int,
    seed: int,
    start: Start,
    progress: Progress,
    should_stop: Callable[[], bool] | None,
) -> ScenarioResult:
    length = scenario.hours or hours
    step_h = _step(scenario, length)
    usual = {"load": usual_load(profile), "ambient_C": scenario.ambient_C}
    parameters: Samples = {**drawn, **scenario.parameters}
    # It begins warm from its usual work, whatever the machine did last; what it has lived through stays.
    state = model.initial(parameters, usual, samples=samples)
    if start.state is not None:
        lived = [column for column, declared in enumerate(model.states) if declared.monotone]
        state[:, lived] = start.state[:1, lived]

    def run(steps: int, step_h: float) -> Trajectories:
        outside = {
            "cooling": scenario.cooling,
            "wear": scenario.wear,
            "ambient_C": scenario.ambient_C,
            **scenario.signals,
        }
        plan = plan_injections(model, scenario.faults, steps=steps, step_h=step_h, outside=outside)
        return run_twin(
            model,
            {**outside, **worked(scenario, steps, step_h), **plan.signals},
            steps=steps,
            step_s=3600.0 * step_h,
            parameters=dict(parameters),
            state=state,
            samples=samples,
            rng=stream(seed, profile.machine_id, "process noise") if samples > 1 else None,
            protection=scenario.protection,
            intervene=plan.intervention(samples),
            progress=progress,
            should_stop=should_stop,
        )

    steps = max(round(length / step_h), 1)
    ran = run(steps, step_h)
    last = float(ran.stopped_at.max()) + 1
    if scenario.step_h is None and last < min(_COARSE_STEPS, steps):
        # Everything stopped within a few steps: the time to stop deserves finer ones (and some room, as noise differs).
        steps, step_h = _FINE_STEPS, min(1.5 * last * step_h, length) / _FINE_STEPS
        ran = run(steps, step_h)
    if should_stop is not None and should_stop():
        raise Stopped("The scenarios were stopped before their end.", "Nothing is kept of them; ask again.")
    notes = [
        f"left out: the machine cannot have {one.fault}"
        for one in scenario.faults
        if one.fault not in possible_faults(model)
    ]
    if scenario.cooling != 1.0 and all(source != "cooling" for part in model.parts for _, source, _ in part.wires):
        notes.append("cooling changes nothing: no component of this twin is cooled by it")
    return result_of(model, profile, scenario, ran, steps=steps, step_h=step_h, running_h=start.running_h, notes=notes)
