"""Machines to test models on that resemble none they learned from: own parameters, a fault and a duty never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from workbench.domain.equipment import (
    FailureMode,
    FaultResponse,
    MachineProfile,
    SensorResponse,
    SensorRole,
    Symptom,
    TwinParameters,
)
from workbench.errors import InputError

from .fleet import simulated_twin
from .streams import stream

# Training machines differ from their template by at most 1.6 deviations in each gain (see `own_response`); these are the
# deviations, and how many a held-out machine is away before its own 1.6 are drawn: never within those of training.
LOAD_GAIN_SD, AMBIENT_GAIN_SD = 0.07, 0.10
AWAY = (3.3, 4.2)
LAW_AWAY = (0.25, 0.40)
LOAD_SHARE = 0.8
UNSEEN_LIFE_H, UNSEEN_PF_H = 1500.0, (150.0, 700.0)


@dataclass(frozen=True)
class UnseenFault:
    """A fault of one machine type that no template describes; ``effects`` at failure are in noise deviations."""

    name: str
    title: str
    mechanism: str
    effects: dict[str, float]


UNSEEN: dict[str, UnseenFault] = {
    "motor": UnseenFault(
        "rotor_bar_break",
        "Broken rotor bar",
        "Bars crack where they are brazed to the end ring; torque pulsates, slip and current rise.",
        {"current_A": 18.0, "power_kW": 20.0, "vibration_rms_mm_s": 6.0},
    ),
    "pump": UnseenFault(
        "impeller_clogging",
        "Clogged impeller",
        "Fibres block vanes of the impeller; flow and power fall, the rotor is out of balance.",
        {"flow_m3_h": -14.0, "power_kW": -14.0, "discharge_pressure_bar": -4.0, "vibration_rms_mm_s": 8.0},
    ),
    "fan": UnseenFault(
        "blade_fouling",
        "Fouled blades",
        "Deposits on the blades cost flow and draw current.",
        {"current_A": 14.0, "flow_m3_h": -10.0, "vibration_rms_mm_s": 6.0},
    ),
}


@dataclass(frozen=True)
class HeldOutFleet:
    """Machines for testing only.

    simulated: what the simulator makes them of. known: the same machines as their plant knows them: without the unseen
    fault, and without a twin section. unseen: names of the faults, duty: the load pattern, that no training machine has.
    """

    simulated: tuple[MachineProfile, ...]
    known: tuple[MachineProfile, ...]
    unseen: frozenset[str]
    duty: str


def held_out_machines(training: Sequence[MachineProfile], *, seed: int, copies: int = 2) -> HeldOutFleet:
    """Return ``copies`` machines for each training machine of a type that has an unseen fault (motor, pump, fan).

    Each has load and ambient gains, growth, strength and P-F intervals of faults, and a usual load outside of those that
    training machines have; a duty that none of them has; and beside the faults of its type one that none of them has.

    Raises ``InputError`` naming what is lacking: no machine of such a type, or no duty left.
    """
    duties = {simulated_twin(profile).duty for profile in training}
    left = [duty for duty in get_args(TwinParameters.model_fields["duty"].annotation) if duty not in duties]
    bases = [profile for profile in training if profile.machine_type in UNSEEN]
    faults = []
    if not left:
        faults.append("the training machines have every duty there is")
    if not bases:
        faults.append(f"none of the training machines is a {', '.join(UNSEEN)}")
    if faults:
        raise InputError(f"No machines can be held out: {'; '.join(faults)}.", "Train on fewer kinds of machines.")
    simulated, known = [], []
    for base in bases:
        for number in range(copies):
            machine_id = f"{base.machine_id[:80]}_held_out_{number + 1}"
            rng = stream(seed, machine_id, "held out")
            simulated.append(_moved(base, machine_id, left[0], rng))
            known.append(base.model_copy(update={"machine_id": machine_id, "twin": None}))
    names = frozenset(UNSEEN[base.machine_type].name for base in bases)
    return HeldOutFleet(tuple(simulated), tuple(known), names, left[0])


def _away(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """Draw a deviation of either sign whose size lies within ``bounds``."""
    return float(rng.choice([-1.0, 1.0]) * rng.uniform(*bounds))


def _moved(base: MachineProfile, machine_id: str, duty: str, rng: np.random.Generator) -> MachineProfile:
    twin, unseen = simulated_twin(base), UNSEEN[base.machine_type]
    indicators = {sensor.name for sensor in base.sensors if sensor.role is SensorRole.INDICATOR}
    sensors = {
        name: _moved_response(response, rng) if name in indicators else response
        for name, response in twin.sensors.items()
    }
    modes = tuple(_moved_mode(mode, rng) for mode in base.failure_modes)
    faults = {name: _moved_law(fault, rng) for name, fault in twin.faults.items()}
    faults[unseen.name] = FaultResponse(
        growth="power", exponent=2.5, life_h=UNSEEN_LIFE_H, shape=2.0,
        effects={name: size * twin.sensors[name].noise_sd for name, size in unseen.effects.items()},
    )  # fmt: skip
    changed = {"duty": duty, "load_mean": LOAD_SHARE * twin.load_mean, "sensors": sensors, "faults": faults}
    return base.model_copy(
        update={
            "machine_id": machine_id,
            "failure_modes": (*modes, _mode(unseen, base)),
            "twin": twin.model_copy(update=changed),
        }
    )


def _moved_response(response: SensorResponse, rng: np.random.Generator) -> SensorResponse:
    gains = {
        "load_gain": response.load_gain * float(np.exp(LOAD_GAIN_SD * _away(rng, AWAY))),
        "ambient_gain": response.ambient_gain * float(np.exp(AMBIENT_GAIN_SD * _away(rng, AWAY))),
    }
    return response.model_copy(update=gains)


def _moved_law(fault: FaultResponse, rng: np.random.Generator) -> FaultResponse:
    strength, growth = (float(np.exp(_away(rng, LAW_AWAY))) for _ in range(2))
    effects = {name: size * strength for name, size in fault.effects.items()}
    return fault.model_copy(update={"effects": effects, "exponent": fault.exponent * growth})


def _moved_mode(mode: FailureMode, rng: np.random.Generator) -> FailureMode:
    stretch = float(np.exp(_away(rng, LAW_AWAY)))
    shortest, longest = mode.pf_interval_h
    return mode.model_copy(update={"pf_interval_h": (shortest * stretch, longest * stretch)})


def _mode(unseen: UnseenFault, base: MachineProfile) -> FailureMode:
    return FailureMode(
        name=unseen.name,
        title=unseen.title,
        iso14224_code="OTH",
        mechanism=unseen.mechanism,
        indicator=next(iter(unseen.effects)),
        pf_interval_h=UNSEEN_PF_H,
        symptoms=tuple(
            Symptom(sensor=name, direction="rises" if size > 0 else "falls") for name, size in unseen.effects.items()
        ),
        repair=base.failure_modes[0].repair,
    )
