"""The twin of any machine: its own composition, or, where its profile has none, the state model of D1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from workbench.domain.composition import ComponentUse, ModePhysics, SensorSignal, Trip, TwinComposition
from workbench.domain.equipment import LifeUnit, MachineProfile, Sensor, SensorRole
from workbench.domain.units import Quantity, conversion, convertible

from .model import TwinModel, compile_twin

Physics = Literal["composition", "state_model"]
USUAL_LOAD, USUAL_AMBIENT_C = 0.7, 20.0
LEAST_RISE_K = 5.0
# Friction of worn-out bearings: class value, as seen in bearing housings of motors and pumps.
WORN_BEARING_RISE_K = 10.0
_MODES: Mapping[str, tuple[str, Literal["thermal", "wear", "electrical"]]] = {
    "thermal_fatigue": ("machine.thermal_fatigue", "thermal"),
    "bearing_wear": ("machine.bearing_wear", "wear"),
    "electrical_stress": ("machine.electrical_stress", "electrical"),
}


def physics_of(profile: MachineProfile) -> Physics:
    """Return whether the machine's twin is a composition of its own or the state model."""
    return "composition" if profile.twin is not None and profile.twin.composition is not None else "state_model"


def twin_of(profile: MachineProfile) -> TwinModel:
    """Return the machine's twin; raises ``InvalidDocument`` with every fault of its composition."""
    if physics_of(profile) == "composition":
        return compile_twin(profile)
    return compile_twin(profile, state_composition(profile))


def rated_life_h(profile: MachineProfile) -> float:
    """Return the rated life in operating hours; a cycle takes ``attributes.hours_per_cycle`` (1 where it is not given)."""
    return profile.rated_life * hours_per_life_unit(profile)


def hours_per_life_unit(profile: MachineProfile) -> float:
    """Return the operating hours of one unit that the profile counts life in."""
    if profile.life_unit is not LifeUnit.CYCLE:
        return 1.0
    given = profile.attributes.get("hours_per_cycle", 1.0)
    return float(given) if isinstance(given, int | float) and given > 0 else 1.0


def usual_load(profile: MachineProfile) -> float:
    """Return the load that the machine is usually worked at, 1 = rated."""
    return profile.twin.load_mean if profile.twin is not None and profile.twin.load_mean > 0 else USUAL_LOAD


def state_composition(profile: MachineProfile) -> TwinComposition:
    """Return the state model fitted to a profile: its rated power and life, and what its sensors read at the usual load.

    What the profile does not say is a value of the class. Temperature and vibration are those of the first sensors of
    their kind; over-temperature trips at the critical limit of the first, where it has one.
    """
    load, life = usual_load(profile), rated_life_h(profile)
    power = rated_power_kW(profile)
    warm = USUAL_AMBIENT_C + LEAST_RISE_K
    # What is colder than its surroundings (chilled water) does not tell how warm the machine is.
    temperature = _first(profile, Quantity.TEMPERATURE, above=warm)
    vibration = _first(profile, Quantity.VIBRATION_VELOCITY, above=0.0)
    usual_C = _usually(profile, temperature, 0.7) if temperature else 60.0
    shaking = max(_usually(profile, vibration, 0.5), 0.1) if vibration else 1.2
    parameters: dict[str, float | str] = {
        "rated_power_kW": power,
        "gain_K_per_kW": (usual_C - USUAL_AMBIENT_C) / (load * power),
        # The ten-degree rule is one of insulation and grease; what is built for heat stands a rise in proportion.
        "doubling_K": min(max(10.0, 0.25 * (usual_C - USUAL_AMBIENT_C)), 50.0),
        "wear_heat": min(0.3, WORN_BEARING_RISE_K / (usual_C - USUAL_AMBIENT_C)),
        "reference_load": load,
        "thermal_life_h": life,
        "bearing_life_h": life,
        "electrical_life_h": life,
        "vibration_base": 0.5 * shaking,
        "vibration_load": 0.5 * shaking / load,
        "vibration_wear": max(1.2 * (_critical(vibration) or 4.0 * shaking) - shaking, shaking),
    }
    sensors: dict[str, SensorSignal] = {}
    trips: dict[str, Trip] = {}
    if temperature is not None:
        sensors[temperature.name] = _reading("machine.temperature_C", "degC", temperature)
        critical = _critical(temperature)
        if critical is not None and critical > usual_C + LEAST_RISE_K:
            title = f"{temperature.title or temperature.name} over its critical limit"
            trips["over_temperature"] = Trip(signal="machine.temperature_C", above=critical, title=title)
    if vibration is not None:
        sensors[vibration.name] = _reading("machine.vibration_mm_s", "mm/s", vibration)
    for sensor in profile.sensors:
        if sensor.quantity is Quantity.POWER and sensor.role is SensorRole.INDICATOR:
            sensors[sensor.name] = _reading("machine.power_kW", "kW", sensor)
        elif sensor.name == "load_pct":
            sensors[sensor.name] = SensorSignal(signal="load", gain=100.0)
    return TwinComposition(
        components={"machine": ComponentUse(model="machine_state", parameters=parameters)},
        sensors=sensors,
        modes={name: ModePhysics(damage=at, factor=factor, detectability=5) for name, (at, factor) in _MODES.items()},
        trips=trips,
    )


def rated_power_kW(profile: MachineProfile) -> float:  # noqa: N802 - the unit is spelt as it is everywhere
    """Return the rated power of the name plate (the first value in a unit of power), or 10 kW."""
    for rating in profile.rated.values():
        if convertible(rating.unit, "kW") and rating.value > 0:
            return _converted(rating.value, rating.unit, "kW")
    return 10.0


def _first(profile: MachineProfile, quantity: Quantity, *, above: float) -> Sensor | None:
    """Return the first indicator of a quantity that usually reads more than ``above``."""
    kind = [s for s in profile.sensors if s.quantity is quantity and s.role is SensorRole.INDICATOR]
    return next((sensor for sensor in kind if _usually(profile, sensor, 0.7) > above), None)


def _usually(profile: MachineProfile, sensor: Sensor, share: float) -> float:
    """Return what the sensor reads at usual load and ambient: as the profile's twin says, or a share of its normal range."""
    response = profile.twin.sensors.get(sensor.name) if profile.twin is not None else None
    if response is not None:
        value = response.base + response.load_gain * usual_load(profile)
    else:
        value = sensor.normal_low + share * (sensor.normal_high - sensor.normal_low)
    return _converted(value, sensor.unit, _own_unit(sensor))


def _critical(sensor: Sensor | None) -> float | None:
    if sensor is None or sensor.limits is None or sensor.limits.critical_high is None:
        return None
    return _converted(sensor.limits.critical_high, sensor.unit, _own_unit(sensor))


def _own_unit(sensor: Sensor) -> str:
    """Return the unit in which the state model counts what the sensor measures."""
    return "degC" if sensor.quantity is Quantity.TEMPERATURE else "mm/s"


def _converted(value: float, source: str, target: str) -> float:
    factor, offset = conversion(source, target)
    return value * factor + offset


def _reading(signal: str, unit: str, sensor: Sensor) -> SensorSignal:
    """Return how the sensor shows a signal in ``unit``."""
    factor, offset = conversion(unit, sensor.unit)
    return SensorSignal(signal=signal, gain=factor, offset=offset)
