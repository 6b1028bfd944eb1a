"""Faults injected by name: what a machine can have follows from its composition; they begin at a time and may grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.twin import FaultInjection, PossibleFault

from .model import Part, Samples, TwinModel, part_parameters
from .run import Intervention, signal_ranges
from .streams import Floats

# Severities at which a component's state is looked up; between them it is interpolated.
_GRID = 65
_HIGHEST_STATE = 1e7
_JUST_USED_UP = 1.0 + 1e-6


@dataclass(frozen=True)
class Fault:
    """A fault and the ways in which a machine may have it; the first that its composition allows is taken.

    ``modes``: failure modes whose damage it is. ``inputs``: inputs of components and their value at severity 1, where
    nothing is wired to the first. ``outside``: outside signals and their value at severity 1, where something reads them.
    """

    name: str
    title: str
    modes: tuple[str, ...] = ()
    inputs: Mapping[str, float] = field(default_factory=dict)
    outside: Mapping[str, float] = field(default_factory=dict)


FAULTS: tuple[Fault, ...] = (
    Fault("bearing_defect", "Spalled rolling bearing", ("bearing_wear", "bearing_defect"), {"bearing": 1.0}),
    Fault("unbalance", "Unbalanced rotor", ("unbalance",), {"unbalance": 1.0}),
    Fault("misalignment", "Misaligned shafts", ("misalignment",), {"misalignment": 1.0}),
    Fault("looseness", "Loose foot or fit", ("looseness",), {"looseness": 1.0}),
    Fault("broken_rotor_bar", "Broken rotor bars", ("broken_rotor_bar",), {"broken_bars": 1.0, "broken_bar": 1.0}),
    Fault("winding_fault", "Turn-to-turn fault", ("winding_insulation", "electrical_stress"), {"winding_fault": 1.0}),
    # 5 % negative sequence is the most that IEC 60034-26 lets a motor run at, derated.
    Fault("phase_unbalance", "Unbalanced supply", (), {"voltage_unbalance": 0.05}),
    Fault("blocked_cooling", "Blocked cooling", ("motor_overheat",), {"blocked": 1.0}, {"cooling": 0.0}),
    Fault(
        "fouling", "Fouled cooling surfaces", ("cooling_fouling",), {"fouled": 1.0, "fouling": 1.0}, {"cooling": 0.4}
    ),
    Fault("lubrication_loss", "Lack of lubricant", ("lubrication_loss",), {"lubrication": 0.0}),
    Fault("cavitation", "Cavitating pump", ("cavitation",)),
    Fault("seal_leak", "Leaking seal", ("seal_leak",), {"seal_leak": 1.0}),
    Fault("valve_leak", "Leaking valve", ("valve_leak",), {"valve_leak": 1.0}),
    Fault("internal_leakage", "Internal leakage", ("internal_leakage", "seal_leak"), {"internal_leakage": 1.0}),
    Fault("clogged_filter", "Clogged filter", ("filter_clogging",), {"clogged": 1.0}),
    Fault("belt_slip", "Slipping belt", ("belt_slip",), {"belt_slip": 1.0}),
    Fault("tool_wear", "Worn cutting tool", ("tool_wear",), {"tool_wear": 1.0}),
    Fault("gear_pitting", "Pitted gear teeth", ("gear_pitting",)),
    Fault("backlash", "Backlash in the drive train", ("backlash",), {"backlash": 1.0}),
    Fault("loose_connection", "Loose electrical connection", ("loose_connection",), {"loosened": 1.0}),
)


def possible_faults(model: TwinModel) -> dict[str, PossibleFault]:
    """Return the faults that the machine can have by name: those of the catalogue, and each of its failure modes."""
    free = model.free_inputs
    used = {source for part in model.parts for _, source, _ in part.wires} & set(OUTSIDE)
    found: dict[str, PossibleFault] = {}
    for fault in FAULTS:
        mode = next((mode for mode in fault.modes if mode in model.composition.modes), "")
        inputs = {
            name: value for name, value in fault.inputs.items() if name in free and next(iter(fault.inputs)) in free
        }
        outside = {name: value for name, value in fault.outside.items() if name in used}
        if mode:
            found[fault.name] = PossibleFault(name=fault.name, title=fault.title, mode=mode)
        elif inputs or outside:
            found[fault.name] = PossibleFault(name=fault.name, title=fault.title, signals=inputs or outside)
    for mode in model.composition.modes:
        title = mode.replace("_", " ").capitalize()
        found.setdefault(mode, PossibleFault(name=mode, title=title, mode=mode))
    return found


@dataclass(frozen=True)
class InjectionPlan:
    """What faults do to a run: signals by step (arrays of shape (steps,)), and damages that are reached at each step."""

    signals: dict[str, Floats]
    damages: tuple[tuple[str, Floats], ...]
    model: TwinModel

    def intervention(self, samples: int) -> Intervention | None:
        """Return what raises the damages before each step of a run of ``samples``; None where there is nothing to do."""
        if not self.damages:
            return None
        imposed = [_Imposed(self.model, mode, samples) for mode, _ in self.damages]

        def intervene(step: int, state: Floats, parameters: Samples) -> None:
            for (_, targets), one in zip(self.damages, imposed, strict=True):
                if targets[step] > 0 and (step == 0 or targets[step] != targets[step - 1]):
                    one.reach(float(targets[step]), state, parameters)

        return intervene


def plan_injections(
    model: TwinModel,
    faults: Sequence[FaultInjection],
    *,
    steps: int,
    step_h: float,
    outside: Mapping[str, float],
) -> InjectionPlan:
    """Return what ``faults`` do to a run of ``steps``; ``outside`` are its signals without them, which they may change.

    Faults that the machine cannot have are left out.
    """
    possible, ranges = possible_faults(model), signal_ranges(model)
    usual = {**OUTSIDE, **model.free_inputs, **outside}
    signals: dict[str, Floats] = {}
    damages: list[tuple[str, Floats]] = []
    # The start of each step: what begins within one shows from the next on.
    hours = np.arange(steps) * step_h
    for injection in faults:
        fault = possible.get(injection.fault)
        if fault is None:
            continue
        grown = np.clip((hours - injection.at_h) / injection.growth_h, 0.0, 1.0) if injection.growth_h > 0 else 1.0
        severity = np.where(hours >= injection.at_h, injection.severity * grown, 0.0)
        if fault.mode:
            damages.append((fault.mode, severity))
        for name, worst in fault.signals.items():
            now = signals.get(name, np.full(steps, usual[name]))
            # Two faults of one signal are no worse than the signal can be.
            signals[name] = np.clip(now + severity * (worst - usual[name]), *ranges[name])
    return InjectionPlan(signals, tuple(damages), model)


def set_damage(model: TwinModel, mode: str, damage: float, state: Floats, parameters: Samples) -> None:
    """Raise the damage of a failure mode to ``damage`` in ``state``, shape (samples, states), in place; never lower it.

    Raises ``ValueError`` where no state of the mode's component moves its damage.
    """
    _Imposed(model, mode, state.shape[0]).reach(damage, state, parameters)


def renew(model: TwinModel, mode: str, state: Floats, parameters: Samples) -> None:
    """Put a new part in the place of the one that has ``mode``: its lives used and its damage are 0 again, in place."""
    _Imposed(model, mode, state.shape[0]).renew(state, parameters)


def renew_all(model: TwinModel, state: Floats, parameters: Samples) -> None:
    """Put new parts in everywhere, in place: lives and damages are those of a new machine; what is warm stays warm."""
    new = model.initial(parameters, samples=state.shape[0])
    lived = [column for column, declared in enumerate(model.states) if declared.monotone]
    state[:, lived] = new[:, lived]


class _Imposed:
    """Raises one mode's damage to targets: by the state that is the damage, or by the one that it is computed from."""

    def __init__(self, model: TwinModel, mode: str, samples: int) -> None:
        owner, _, self.told = model.composition.modes[mode].damage.partition(".")
        self.model, self.mode, self.samples = model, mode, samples
        self.part = next(part for part in model.parts if part.name == owner)
        self.names = [state.name for state in self.part.component.states]
        self.lives = [s.name for s in self.part.component.states if s.monotone and s.name != self.told]
        self._levels: tuple[str, Floats] | None = None
        self._gate: str | None = None

    def reach(self, damage: float, state: Floats, parameters: Samples) -> None:
        """Raise the damage in ``state`` to at least ``damage``."""
        if self._levels is None:
            self._levels = self._look_up(state, parameters)
        name, levels = self._levels
        at = min(max(damage, 0.0), 1.0) * (_GRID - 1)
        below = min(int(at), _GRID - 2)
        value = levels[below] + (at - below) * (levels[below + 1] - levels[below])
        column = self._column(name)
        np.maximum(state[:, column], value, out=state[:, column])
        if self._gate is not None and damage > 0:
            gate = self._column(self._gate)
            np.maximum(state[:, gate], _JUST_USED_UP, out=state[:, gate])

    def renew(self, state: Floats, parameters: Samples) -> None:
        """Set to 0 what a repair of this mode renews: all lives of its component, or its own where modes share one."""
        others = [
            m
            for m, p in self.model.composition.modes.items()
            if m != self.mode and p.damage.startswith(f"{self.part.name}.")
        ]
        if others:
            name, _ = self._look_up(state, parameters)
            renewed = [name, *([self._gate] if self._gate else [])]
        else:
            renewed = [*self.lives, *([self.told] if self.told in self.names else [])]
        for name in renewed:
            state[:, self._column(name)] = 0.0
        for column in self._causes():
            state[:, column] = 0.0

    def _causes(self) -> list[int]:
        """Return the columns of lives whose damage feeds this component and is no mode of its own, as a strainer's."""
        owners = {physics.damage.partition(".")[0] for physics in self.model.composition.modes.values()}
        feeding = {source.removesuffix(".damage") for _, source, _ in self.part.wires if source.endswith(".damage")}
        return [
            column
            for part in self.model.parts
            if part.name in feeding - owners
            for column, state in zip(part.columns, part.component.states, strict=True)
            if state.monotone
        ]

    def _column(self, name: str) -> int:
        return self.part.columns[self.names.index(name)]

    def _look_up(self, state: Floats, parameters: Samples) -> tuple[str, Floats]:
        """Return the state to raise and its value at each severity of the grid, shape (grid, samples)."""
        if self.told in self.names:
            self._gate = self._find_gate(state, parameters)
            return self.told, np.repeat(np.linspace(0.0, 1.0, _GRID)[:, None], self.samples, axis=1)
        for name in self.lives:
            high = 1.0
            while (
                high < _HIGHEST_STATE and self._shown(name, np.full(self.samples, high), state, parameters).min() < 1.0
            ):
                high *= 2.0
            if high < _HIGHEST_STATE:
                return name, self._invert(name, high, state, parameters)
        raise ValueError(f"no state of component {self.part.name!r} moves the damage of {self.mode!r}")

    def _invert(self, name: str, high: float, state: Floats, parameters: Samples) -> Floats:
        """Return the least value of ``name`` that shows each severity of the grid, by bisection in all samples at once."""
        targets = np.repeat(np.linspace(0.0, 1.0, _GRID), self.samples)
        many = np.tile(state, (_GRID, 1))
        wide = {key: np.tile(v, _GRID) if isinstance(v, np.ndarray) and v.ndim else v for key, v in parameters.items()}
        low, top = np.zeros(targets.size), np.full(targets.size, high)
        for _ in range(40):
            middle = (low + top) / 2
            enough = self._shown(name, middle, many, wide) >= targets
            top = np.where(enough, middle, top)
            low = np.where(enough, low, middle)
        return top.reshape(_GRID, self.samples)

    def _shown(self, name: str, value: Floats, state: Floats, parameters: Samples) -> Floats:
        """Return the damage that the component tells with one of its states at ``value``."""
        x = self._states(state)
        x[name] = value.copy()
        return self._damage_after(x, parameters, step_s=1e-6)

    def _find_gate(self, state: Floats, parameters: Samples) -> str | None:
        """Return the life that must be used up before the damage grows by itself; None where it grows anyway."""

        def growth(used_up: str | None) -> float:
            x = self._states(state)
            x[self.told] = np.full(self.samples, 0.3)
            if used_up is not None:
                x[used_up] = np.maximum(x[used_up], _JUST_USED_UP)
            return float((self._damage_after(x, parameters, step_s=3600.0) - 0.3).min())

        if growth(None) > 0:
            return None
        return next((name for name in self.lives if growth(name) > 0), None)

    def _states(self, state: Floats) -> dict[str, Floats]:
        return {name: state[:, column].copy() for name, column in zip(self.names, self.part.columns, strict=True)}

    def _damage_after(self, x: dict[str, Floats], parameters: Samples, *, step_s: float) -> Floats:
        told = self.part.component.advance(x, _usual_inputs(self.part), part_parameters(self.part, parameters), step_s)
        shown = told[self.told] if self.told in told else x[self.told]
        return np.broadcast_to(np.asarray(shown, dtype=float), next(iter(x.values())).shape)


def _usual_inputs(part: Part) -> Samples:
    return {name: OUTSIDE.get(source, start) for name, source, start in part.wires}
