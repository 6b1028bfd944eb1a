"""The IoT simulator (T4): one machine's readings second by second, as fast as the caller takes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from workbench.domain.equipment import MachineProfile, Sensor, SensorResponse, SensorRole
from workbench.domain.observations import MachineState
from workbench.domain.units import Quantity
from workbench.errors import InputError

from .fleet import simulated_twin
from .sensors import own_response, sees_ambient, standing_value
from .streams import stream

LARGEST_LOAD = 1.5
# Below this share of rated load a machine is taken to stand.
STANDING_LOAD = 0.02
AGEING_PER_H = 0.05 / 100_000.0
# Noise is drawn in blocks of this many readings: the same seed gives the same numbers however many are taken.
BLOCK = 512
_SLOW_H, _SLOW_SHARE = 4.0, 0.7


@dataclass(frozen=True)
class Variation:
    """How a quantity varies from second to second: 95 % of readings lie within the sum of both parts of their level.

    ``share`` is of the level, ``band`` in the sensor's unit; ``time_s`` is how long a deviation lasts.
    """

    share: float = 0.0
    band: float = 0.0
    time_s: float = 0.0


VARIATIONS: dict[Quantity, Variation] = {
    Quantity.POWER: Variation(share=0.10),
    Quantity.CURRENT: Variation(share=0.10),
    Quantity.TEMPERATURE: Variation(band=3.0, time_s=60.0),
    Quantity.VIBRATION_VELOCITY: Variation(band=0.3),
}
# Quantities that rise as a machine ages.
AGEING = frozenset(VARIATIONS)


@dataclass(frozen=True)
class StreamedReading:
    """What a machine's sensors show at one instant: ``time`` (aware UTC), ``state``, and a value per sensor in its unit."""

    time: datetime
    state: MachineState
    values: dict[str, float]


def stream_readings(
    profile: MachineProfile,
    *,
    start: datetime,
    seed: int,
    step_s: float = 2.0,
    load: float | Callable[[datetime], float] | None = None,
    ambient_C: float = 20.0,
    age_h: float = 0.0,
    sensors: Collection[str] | None = None,
    responses: Mapping[str, SensorResponse] | None = None,
) -> Iterator[StreamedReading]:
    """Return an endless iterator of readings from ``start`` on, one every ``step_s`` simulated seconds; it never sleeps.

    The pacing is the caller's: taken one every two seconds it is real time, taken at once it is faster. The level of a
    sensor is that of the hourly simulator with the same seed (``simulate_fleet``); about it readings vary by 10 % (power,
    current), 3 degC (temperature) or 0.3 mm/s (vibration), and power, current, vibration and the rise of temperature grow
    by 5 % per 100,000 h of age. No fault is at work.

    Args:
        profile: the machine; its twin section gives the levels.
        start: aware time of the first reading.
        seed: the same seed gives the same readings.
        step_s: simulated seconds between two readings, 0.01 to 3,600.
        load: 1 = rated, 0 to 1.5; a function of the time lets the caller change it while the stream runs. None: the
            profile's usual load.
        ambient_C: air around the machine.
        age_h: operating hours before ``start``.
        sensors: which to give; None: all that the twin describes.
        responses: the machine's own, e.g. from ``own_responses``; None: drawn with ``seed``.

    Raises ``InputError`` at once with every fault of the arguments, and while it runs for a load outside its range.
    """
    twin = simulated_twin(profile)
    faults = _faults(profile, start, seed, step_s, load, ambient_C, age_h, sensors)
    if faults:
        raise InputError(
            f"The stream of {profile.machine_id} cannot begin: {'; '.join(faults)}.", "Correct each of them."
        )
    chosen = [s for s in profile.sensors if s.name in twin.sensors and (sensors is None or s.name in sensors)]
    channels = []
    for sensor in chosen:
        own = stream(seed, profile.machine_id, "sensor", sensor.name)
        response = own_response(twin.sensors[sensor.name], sensor.role, twin.load_mean, own)
        known = response if responses is None else responses[sensor.name]
        channels.append(_Channel(sensor, known, stream(seed, profile.machine_id, "stream", sensor.name), step_s))
    usual = twin.load_mean if load is None else load
    return _readings(profile, channels, start, step_s, usual, ambient_C, age_h)


def _readings(
    profile: MachineProfile,
    channels: list[_Channel],
    start: datetime,
    step_s: float,
    load: float | Callable[[datetime], float],
    ambient_C: float,
    age_h: float,
) -> Iterator[StreamedReading]:
    number = 0
    while True:
        time = start + timedelta(seconds=number * step_s)
        now = load(time) if callable(load) else load
        if not 0.0 <= now <= LARGEST_LOAD:
            raise InputError(
                f"{_load_fault(now)} (at {time.isoformat()}).", f"Give {profile.machine_id} a load in its range."
            )
        running = now >= STANDING_LOAD
        if running:
            age_h += step_s / 3600.0
        state = MachineState.RUNNING if running else MachineState.IDLE
        values = {c.sensor.name: c.read(now, ambient_C, running, 1.0 + AGEING_PER_H * age_h) for c in channels}
        yield StreamedReading(time, state, values)
        number += 1


class _Channel:
    """One sensor of the stream: what it has seen so far, and the noise that is to come."""

    def __init__(self, sensor: Sensor, response: SensorResponse, rng: np.random.Generator, step_s: float) -> None:
        self.sensor, self._response, self._rng = sensor, response, rng
        self._variation = VARIATIONS.get(sensor.quantity, Variation(band=2.0 * response.noise_sd))
        self._keep = math.exp(-step_s / 3600.0 / response.lag_h) if response.lag_h > 0 else 0.0
        self._keep_fast = math.exp(-step_s / self._variation.time_s) if self._variation.time_s > 0 else 0.0
        self._keep_slow = math.exp(-step_s / 3600.0 / _SLOW_H)
        self._fast, self._slow = (float(value) for value in rng.normal(size=2))
        self._seen: float | None = None
        self._noise: Iterator[tuple[float, float]] = iter(())

    def read(self, load: float, ambient_C: float, running: bool, ageing: float) -> float:
        """Return the next reading, within the sensor's physical range."""
        target = self._target(load, ambient_C, running, ageing)
        self._seen = target if self._seen is None else self._keep * self._seen + (1.0 - self._keep) * target
        fast, slow = self._next_noise()
        self._fast = self._keep_fast * self._fast + math.sqrt(1.0 - self._keep_fast**2) * fast
        self._slow = self._keep_slow * self._slow + math.sqrt(1.0 - self._keep_slow**2) * slow
        if not running:
            return self._within(self._seen)
        band = self._variation.share * abs(self._seen) + self._variation.band
        # 95 % of a normal variable lie within two deviations.
        noise = 0.5 * band * min(max(self._fast, -2.0), 2.0) + _SLOW_SHARE * self._response.noise_sd * self._slow
        return self._within(self._seen + noise)

    def _target(self, load: float, ambient_C: float, running: bool, ageing: float) -> float:
        r = self._response
        if sees_ambient(self.sensor, r):
            return ambient_C
        if not running:
            return standing_value(self.sensor, r, ambient_C)
        level = r.base + r.load_gain * load + r.ambient_gain * (ambient_C - 20.0)
        if self.sensor.role is SensorRole.OPERATING or self.sensor.quantity not in AGEING:
            return level
        cold = ambient_C if self.sensor.quantity is Quantity.TEMPERATURE else 0.0
        return cold + (level - cold) * ageing

    def _next_noise(self) -> tuple[float, float]:
        try:
            return next(self._noise)
        except StopIteration:
            self._noise = iter([(float(a), float(b)) for a, b in self._rng.normal(size=(BLOCK, 2))])
            return next(self._noise)

    def _within(self, value: float) -> float:
        return min(max(value, self.sensor.physical_low), self.sensor.physical_high)


def _load_fault(load: float) -> str:
    return f"load {load:g} is not between 0 and {LARGEST_LOAD:g} (1 = rated)"


def _faults(
    profile: MachineProfile,
    start: datetime,
    seed: int,
    step_s: float,
    load: float | Callable[[datetime], float] | None,
    ambient_C: float,
    age_h: float,
    sensors: Collection[str] | None,
) -> list[str]:
    faults = []
    known = [sensor.name for sensor in profile.sensors if sensor.name in simulated_twin(profile).sensors]
    unknown = sorted(set(sensors or ()) - set(known))
    if unknown:
        faults.append(f"there is no sensor {', '.join(unknown)}; the twin describes {', '.join(known)}")
    if start.tzinfo is None:
        faults.append("start has no time zone; give an aware time, e.g. 2026-01-01T00:00:00Z")
    if seed < 0:
        faults.append(f"seed {seed} is negative")
    if not 0.01 <= step_s <= 3600.0:
        faults.append(f"step_s {step_s:g} is not between 0.01 and 3,600 seconds")
    if load is not None and not callable(load) and not 0.0 <= load <= LARGEST_LOAD:
        faults.append(_load_fault(load))
    if not -60.0 <= ambient_C <= 80.0:
        faults.append(f"ambient_C {ambient_C:g} is not between -60 and 80 degC")
    if not 0.0 <= age_h <= 1_000_000.0:
        faults.append(f"age_h {age_h:g} is not between 0 and 1,000,000 hours")
    return faults
