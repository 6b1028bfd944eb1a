"""A machine's twin: its components wired together, many samples moved one step by one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.domain.composition import OUTSIDE, TwinComposition
from workbench.domain.equipment import MachineProfile
from workbench.errors import InputError, InvalidDocument

from .physics import COMPONENTS, Component
from .physics.contract import SECONDS_PER_HOUR, Parameter, State, Values
from .streams import Floats

Samples = dict[str, Floats | float]


@dataclass(frozen=True)
class Part:
    """A component in a machine: its name there, the columns of its states, and the source of each input."""

    name: str
    component: Component
    columns: tuple[int, ...]
    wires: tuple[tuple[str, str, float], ...]
    own: tuple[tuple[str, str], ...]
    told: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TwinModel:
    """The twin of one profile. States are an array of shape (samples, states), one contiguous column per state.

    ``state_names`` and ``parameter_names`` are ``component.name``; ``defaults`` holds the profile's parameter values.
    """

    machine_id: str
    composition: TwinComposition
    parts: tuple[Part, ...]
    state_names: tuple[str, ...]
    states: tuple[State, ...]
    declared: dict[str, Parameter]
    defaults: dict[str, float]

    @property
    def free_inputs(self) -> dict[str, float]:
        """Inputs that nothing is wired to, with their usual value; a run may drive them as it drives the outside signals."""
        return {
            name: start
            for part in self.parts
            for name, source, start in part.wires
            if source == name and name not in OUTSIDE
        }

    @property
    def free_ranges(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest value that each of ``free_inputs`` may be driven to: what all that read it can bear."""
        ranges: dict[str, tuple[float, float]] = {}
        for part in self.parts:
            for (name, source, _), declared in zip(part.wires, part.component.inputs, strict=True):
                if source == name and name not in OUTSIDE:
                    unit = self.defaults[f"{part.name}.{declared.of}"] if declared.of else 1.0
                    low, high = ranges.get(name, (-np.inf, np.inf))
                    ranges[name] = max(low, declared.low * unit), min(high, declared.high * unit)
        return ranges

    def parameters(
        self,
        samples: int = 1,
        *,
        rng: np.random.Generator | None = None,
        known: Mapping[str, Floats | float] | None = None,
    ) -> Samples:
        """Return the parameters of ``samples`` machines: the profile's values, or, with ``rng``, drawn by their spread.

        ``known`` (values by parameter name) stands over both, e.g. what a calibration found.
        Raises ``InputError`` for names in ``known`` that the twin does not have.
        """
        given = dict(known or {})
        strange = sorted(set(given) - set(self.defaults))
        if strange:
            raise InputError(
                f"The twin of {self.machine_id} has no parameter {', '.join(map(repr, strange))}.",
                f"It has: {', '.join(sorted(self.defaults))}.",
            )
        chosen: Samples = {}
        for name, value in self.defaults.items():
            declared = self.declared[name]
            drawn: Floats | float = value
            if rng is not None and declared.spread > 0 and value > 0:
                drawn = np.clip(
                    value * np.exp(declared.spread * rng.standard_normal(samples)), declared.low, declared.high
                )
            chosen[name] = given.get(name, drawn)
        return chosen

    def initial(self, parameters: Samples, outside: Values | None = None, *, samples: int = 1) -> Floats:
        """Return the states of new machines settled at the ``outside`` signals, shape (samples, states)."""
        state = np.zeros((samples, len(self.states)), order="F")
        # Components that feed each other settle in a few rounds.
        signals = _outside(outside)
        for _ in range(4):
            for part in self.parts:
                u, p = part_inputs(part, signals), part_parameters(part, parameters)
                for name, value in part.component.rest(u, p).items():
                    state[:, self.state_names.index(f"{part.name}.{name}")] = value
            signals = self.step(state.copy(order="F"), signals, parameters, step_s=1e-9)
        return state

    def step(self, state: Floats, signals: Values, parameters: Samples, *, step_s: float) -> Samples:
        """Move ``state`` in place by ``step_s`` seconds; returns all signals at its end.

        ``signals`` are those of the step before, with the outside ones (load, ambient_C, running, ...) of this step.
        """
        known: Samples = dict(signals)
        for part in self.parts:
            x = {s.name: state[:, column] for s, column in zip(part.component.states, part.columns, strict=True)}
            u = {name: known.get(source, start) for name, source, start in part.wires}
            p = {name: parameters[full] for name, full in part.own}
            told = part.component.advance(x, u, p, step_s)
            for name, full in part.told:
                known[full] = told[name] if name in told else x[name]
        return known

    def disturb(self, state: Floats, before: Floats, *, step_s: float, rng: np.random.Generator) -> None:
        """Add process noise to ``state`` in place, as its states declare; ``before`` is the state a step ago."""
        hours = step_s / SECONDS_PER_HOUR
        drawn = np.empty(len(state))
        for column, declared in enumerate(self.states):
            if declared.noise <= 0:
                continue
            values = state[:, column]
            if declared.monotone:
                grown = values - before[:, column]
                if not grown.any():
                    continue
                # Steps are independent: an hour's growth varies by ``noise`` whatever the step.
                spread = np.sqrt(np.log1p(declared.noise**2 / hours))
                factor = rng.standard_normal(out=drawn)
                factor *= spread
                factor -= spread**2 / 2
                grown *= np.exp(factor, out=factor)
                np.add(before[:, column], grown, out=values)
            else:
                change = rng.standard_normal(out=drawn)
                change *= declared.noise * np.sqrt(hours)
                values += change
            # np.clip would look at every value for bounds that most states do not have.
            if declared.low > -np.inf:
                np.maximum(values, declared.low, out=values)
            if declared.high < np.inf:
                np.minimum(values, declared.high, out=values)

    def sensors(self, signals: Values) -> Samples:
        """Return what the profile's sensors would read without noise, in their units."""
        return {
            name: reading.gain * signals[reading.signal] + reading.offset
            for name, reading in self.composition.sensors.items()
        }

    def damage(self, signals: Values) -> Samples:
        """Return the damage of each failure mode, 0 new to 1 failed."""
        return {mode: signals[physics.damage] for mode, physics in self.composition.modes.items()}


def told_by(kind: Component) -> list[str]:
    """Return the names of what a component tells the others: its states and outputs."""
    return list(dict.fromkeys([*(state.name for state in kind.states), *(output.name for output in kind.outputs)]))


def _outside(given: Values | None) -> Samples:
    return {**OUTSIDE, **(given or {})}


def part_inputs(part: Part, signals: Values) -> Samples:
    """Return the inputs of one component from the machine's signals."""
    return {name: signals.get(source, start) for name, source, start in part.wires}


def part_parameters(part: Part, parameters: Samples) -> Samples:
    """Return the parameters of one component by its own names."""
    return {name: parameters[full] for name, full in part.own}


def compile_twin(profile: MachineProfile, composition: TwinComposition | None = None) -> TwinModel:
    """Return the twin of a profile; ``composition`` stands for the profile's own, and may have other modes.

    Raises ``InputError`` where the profile has no composition and ``InvalidDocument`` with every fault of one: unknown
    components, parameters, inputs or signals, values that physics does not allow, modes and sensors the profile lacks.
    """
    modes = {mode.name for mode in profile.failure_modes} if composition is None else set(composition.modes)
    if composition is None and profile.twin is not None:
        composition = profile.twin.composition
    if composition is None:
        raise InputError(
            f"Machine {profile.machine_id!r} has no physical twin.",
            "Add `twin: composition:` with `components`, `sensors` and `modes`; the type templates show how.",
        )
    faults: list[str] = []
    parts: list[Part] = []
    names: list[str] = []
    states: list[State] = []
    declared: dict[str, Parameter] = {}
    defaults: dict[str, float] = {}
    signals = set(OUTSIDE)
    for name, use in composition.components.items():
        if use.model in COMPONENTS:
            signals |= {f"{name}.{told}" for told in told_by(COMPONENTS[use.model])}
    for name, use in composition.components.items():
        if use.model not in COMPONENTS:
            faults.append(
                f"component {name!r} is a {use.model!r}, which does not exist; there are: {', '.join(sorted(COMPONENTS))}"
            )
            continue
        kind = COMPONENTS[use.model]
        faults += [
            f"component {name!r} has no input {i!r}" for i in use.inputs if i not in {k.name for k in kind.inputs}
        ]
        faults += [
            f"{name}.{i} reads {s!r}, which no component gives" for i, s in use.inputs.items() if s not in signals
        ]
        values, wrong = _parameter_values(name, use.parameters, kind, profile)
        faults += wrong
        defaults |= values
        declared |= {f"{name}.{parameter.name}": parameter for parameter in kind.parameters}
        wires = tuple((i.name, use.inputs.get(i.name, i.name), i.start) for i in kind.inputs)
        columns = tuple(range(len(states), len(states) + len(kind.states)))
        names += [f"{name}.{state.name}" for state in kind.states]
        states += kind.states
        parts.append(
            Part(
                name,
                kind,
                columns,
                wires,
                tuple((p.name, f"{name}.{p.name}") for p in kind.parameters),
                tuple((told, f"{name}.{told}") for told in told_by(kind)),
            )
        )
    faults += _dangling(composition, profile, signals, modes)
    if faults:
        raise InvalidDocument(f"The twin of {profile.machine_id!r}", faults)
    return TwinModel(profile.machine_id, composition, tuple(parts), tuple(names), tuple(states), declared, defaults)


def _parameter_values(
    name: str, given: Mapping[str, float | str], kind: Component, profile: MachineProfile
) -> tuple[dict[str, float], list[str]]:
    """Return the values of one component's parameters and what is wrong with those given."""
    known = {parameter.name: parameter for parameter in kind.parameters}
    faults = [
        f"component {name!r} has no parameter {p!r}; a {kind.model} has: {', '.join(sorted(known))}"
        for p in given
        if p not in known
    ]
    values = {}
    for parameter in kind.parameters:
        value = given.get(parameter.name, parameter.default)
        if isinstance(value, str):
            _, _, rated = value.partition("rated.")
            if rated not in profile.rated:
                faults.append(f"{name}.{parameter.name} is {value!r}, but the name plate has no such value")
                continue
            value = profile.rated[rated].value
        if not parameter.low <= value <= parameter.high:
            faults.append(
                f"{name}.{parameter.name} is {value:g} {parameter.unit}; allowed: {parameter.low:g} to {parameter.high:g}"
            )
        values[f"{name}.{parameter.name}"] = float(value)
    return values, faults


def _dangling(composition: TwinComposition, profile: MachineProfile, signals: set[str], modes: set[str]) -> list[str]:
    """Return what sensors, modes and trips refer to that does not exist."""
    sensors = {sensor.name for sensor in profile.sensors}
    faults = [f"sensor {name!r} is none of the profile's" for name in composition.sensors if name not in sensors]
    faults += [f"failure mode {name!r} is none of the profile's" for name in composition.modes if name not in modes]
    reads = [(f"sensor {n!r}", s.signal) for n, s in composition.sensors.items()]
    reads += [(f"mode {n!r}", m.damage) for n, m in composition.modes.items()]
    reads += [(f"trip {n!r}", t.signal) for n, t in composition.trips.items()]
    return faults + [
        f"{who} reads {signal!r}, which no component gives" for who, signal in reads if signal not in signals
    ]
