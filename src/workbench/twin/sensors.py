"""How sensors answer to load, ambient and damage, and everything that makes a reading differ from the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from workbench.domain.equipment import MachineProfile, Sensor, SensorResponse, SensorRole
from workbench.domain.units import Quantity

from .streams import Flags, Floats, autoregressive, bursts, stream

T = TypeVar("T", Floats, float)
DRIFTS_PER_HALF_YEAR = 0.5
CHANGES_PER_HALF_YEAR = 0.6
HALF_YEAR_H = 4320.0
LARGEST_OFFSET = 0.15


@dataclass(frozen=True)
class Disturbance:
    """Something that looks like a fault and is none: a drifting sensor, a changed process, a surge, a heat wave."""

    kind: str
    first: int
    last: int
    sensors: tuple[str, ...] = ()
    size: float = 0.0


def first_order_lag(target: Floats, time_constant_h: float) -> Floats:
    """Return ``target`` (hourly) as seen through a first-order lag, settled at the start.

    >>> first_order_lag(np.array([0.0, 1.0, 1.0]), 1.0).round(3).tolist()
    [0.0, 0.632, 0.865]
    """
    if time_constant_h <= 0:
        return target
    from scipy.signal import lfilter

    keep = float(np.exp(-1.0 / time_constant_h))
    lagged: Floats = lfilter([1.0 - keep], [1.0, -keep], target, zi=np.array([keep * target[0]]))[0]
    return lagged


def draw_disturbances(profile: MachineProfile, steps: int, rng: np.random.Generator) -> list[Disturbance]:
    """Draw sensor drifts (ended by a calibration) and process changes of one machine; sizes are in noise deviations."""
    if profile.twin is None:
        return []
    names = [s.name for s in profile.sensors if s.role is SensorRole.INDICATOR and s.name in profile.twin.sensors]
    if not names:
        return []
    found = []
    for kind, rate, hours, sizes, count in (
        ("sensor_drift", DRIFTS_PER_HALF_YEAR, (360, 960), (3.0, 6.0), 1),
        ("process_change", CHANGES_PER_HALF_YEAR, (96, 360), (1.5, 3.0), 2),
    ):
        for _ in range(int(rng.poisson(rate * steps / HALF_YEAR_H))):
            first = int(rng.integers(0, steps))
            last = min(first + int(rng.integers(*hours)), steps - 1)
            chosen = tuple(sorted(rng.choice(names, size=min(count, len(names)), replace=False).tolist()))
            found.append(Disturbance(kind, first, last, chosen, float(rng.choice([-1.0, 1.0]) * rng.uniform(*sizes))))
    return found


def _disturbed(disturbances: list[Disturbance], name: str, steps: int) -> Floats:
    """Return what disturbances add to sensor ``name``, in noise deviations: ramps for drifts, steps for changes."""
    added = np.zeros(steps)
    for item in disturbances:
        if name in item.sensors:
            length = item.last - item.first + 1
            shape = np.linspace(0.0, 1.0, length) if item.kind == "sensor_drift" else np.ones(length)
            added[item.first : item.last + 1] += item.size * shape
    return added


def sees_ambient(sensor: Sensor, response: SensorResponse) -> bool:
    """Return whether the sensor measures the machine's surroundings rather than the machine."""
    operating = sensor.role is SensorRole.OPERATING and sensor.unit == "degC"
    return operating and response.ambient_gain != 0 and response.load_gain == 0


def surroundings(profile: MachineProfile, outdoor: Floats) -> Floats:
    """Return the air temperature around the machine in degC: what its ambient sensor responds to the outdoor air.

    A machine in a hall has an ambient sensor with a gain below 1; without an ambient sensor it stands outdoors.
    """
    if profile.twin is not None:
        for sensor in profile.sensors:
            response = profile.twin.sensors.get(sensor.name)
            if response is not None and sees_ambient(sensor, response):
                return first_order_lag(response.base + response.ambient_gain * (outdoor - 20.0), response.lag_h)
    return outdoor


def standing_value(sensor: Sensor, response: SensorResponse, ambient: T) -> T | float:
    """Return what the sensor reads while the machine stands: its off value, else the surroundings or 0."""
    if response.off_value is not None:
        return response.off_value
    return ambient if sensor.quantity is Quantity.TEMPERATURE and sensor.unit == "degC" else 0.0


def true_signal(
    sensor: Sensor, response: SensorResponse, *, load: Floats, ambient: Floats, running: Flags, fault: Floats
) -> Floats:
    """Return the noise-free signal: base + load_gain * load + ambient_gain * (ambient - 20) + fault, lagged.

    ``ambient`` is the air around the machine, which is what an ambient sensor sees, running or not.
    """
    if sees_ambient(sensor, response):
        return ambient
    working = response.base + response.load_gain * load + response.ambient_gain * (ambient - 20.0) + fault
    return first_order_lag(np.where(running, working, standing_value(sensor, response, ambient)), response.lag_h)


def own_response(
    response: SensorResponse, role: SensorRole, load_mean: float, rng: np.random.Generator
) -> SensorResponse:
    """Return ``response`` as this machine has it: own offset, gains and noise (operating sensors are calibrated).

    The offset is a few noise deviations, and at most ``LARGEST_OFFSET`` of the usual level.
    """
    offset, load_gain, ambient_gain, noise = np.clip(rng.normal(0.0, 1.0, 4), -1.6, 1.6)
    if role is SensorRole.OPERATING:
        return response
    largest = LARGEST_OFFSET * abs(response.base + response.load_gain * load_mean)
    return response.model_copy(
        update={
            "base": response.base + float(np.clip(2.5 * response.noise_sd * offset, -largest, largest)),
            "load_gain": response.load_gain * float(np.exp(0.07 * load_gain)),
            "ambient_gain": response.ambient_gain * float(np.exp(0.10 * ambient_gain)),
            "noise_sd": response.noise_sd * float(np.exp(0.10 * noise)),
        }
    )


def measure(
    signal: Floats, sensor: Sensor, *, noise_sd: float, running: Flags, disturbed: Floats, rng: np.random.Generator
) -> Floats:
    """Return readings: signal with correlated and white noise, disturbance, spikes, and gaps as NaN.

    ``disturbed`` is in noise deviations. Values stay inside the sensor's physical range.
    """
    steps = signal.size
    noise = autoregressive(rng, steps, sd=0.7, time_constant=4.0) + rng.normal(0.0, 0.714, steps)
    spikes = np.where(rng.random(steps) < 0.0006, rng.choice([-1.0, 1.0], steps) * rng.uniform(8.0, 20.0, steps), 0.0)
    quiet = np.where(running, 1.0, 0.2)
    readings = signal + noise_sd * (quiet * (noise + disturbed) + spikes)
    readings = np.clip(readings, sensor.physical_low, sensor.physical_high)
    readings[bursts(rng, steps, per_step=0.0008, mean_length=4.0)] = np.nan
    return readings


def fault_effects(
    effects: Mapping[str, Mapping[str, float]], shown: Mapping[str, Floats], sensor: str, steps: int, wobble: Floats
) -> Floats:
    """Return what all damage adds to ``sensor``: sum over modes of effect at failure times damage, unsteady by ``wobble``."""
    added = np.zeros(steps)
    for mode, by_sensor in effects.items():
        if sensor in by_sensor:
            added += by_sensor[sensor] * shown[mode]
    return added * (1.0 + wobble)


def read_sensors(
    profile: MachineProfile,
    *,
    load: Floats,
    ambient: Floats,
    running: Flags,
    shown: Mapping[str, Floats],
    disturbances: list[Disturbance],
    seed: int,
    responses: Mapping[str, SensorResponse] | None = None,
) -> dict[str, Floats]:
    """Return hourly readings of every sensor that the profile's twin describes, in the profile's order.

    ``ambient`` is the air around the machine, ``shown`` damage per mode as sensors see it. Arrays have one value per hour; NaN is a gap.
    ``responses`` are the machine's own where they are known; otherwise they are drawn with ``seed``.
    """
    if profile.twin is None:
        return {}
    steps = load.size
    effects = {mode: fault.effects for mode, fault in profile.twin.faults.items()}
    readings: dict[str, Floats] = {}
    for sensor in profile.sensors:
        if sensor.name not in profile.twin.sensors:
            continue
        # A sensor has its own stream, so that adding one to a profile does not change the others.
        own = stream(seed, profile.machine_id, "sensor", sensor.name)
        if responses is None:
            response = own_response(profile.twin.sensors[sensor.name], sensor.role, profile.twin.load_mean, own)
        else:
            response = responses[sensor.name]
        wobble = autoregressive(own, steps, sd=0.08, time_constant=24.0)
        fault = fault_effects(effects, shown, sensor.name, steps, wobble)
        signal = true_signal(sensor, response, load=load, ambient=ambient, running=running, fault=fault)
        readings[sensor.name] = measure(
            signal,
            sensor,
            noise_sd=response.noise_sd,
            running=running,
            disturbed=_disturbed(disturbances, sensor.name, steps),
            rng=own,
        )
    return readings
