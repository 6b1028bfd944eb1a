"""The centrifugal pump with concurrent wear of Daigle and Goebel (2013): the reference that prognostics tools share."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import numpy as np

from workbench.twin.streams import Floats

from .contract import KELVIN, Component, Event, Input, Output, Parameter, State, Values

LONGEST_STEP_S = 1.0
# Steps this short only ask what the pump tells.
NO_STEP_S = 1e-6
_PAPER = "Daigle and Goebel 2013, table I"


def _known(name: str, unit: str, meaning: str, default: float, high: float, low: float = 0.0) -> Parameter:
    return Parameter(name, unit, meaning, default, low, high, _PAPER)


class CentrifugalPump(Component):
    """Induction motor, impeller, internal leak, two bearings and their oil, with wear of impeller and both bearings.

    M. Daigle and K. Goebel, Model-based prognostics with concurrent damage progression processes, IEEE Transactions on
    Systems, Man, and Cybernetics: Systems 43(3), 2013, equations 4 to 19. Integrated as published, by explicit Euler
    steps, here of at most ``LONGEST_STEP_S``: longer steps are divided. For machines by their name plate over months
    there is ``pump_hydraulics``.
    """

    model = "centrifugal_pump"
    states = (
        State("speed_rad_s", "rad/s", "speed of the shaft", low=0.0, noise=0.5),
        State("flow_m3_s", "m3/s", "flow through the impeller", noise=1e-3),
        State("thrust_C", "degC", "temperature of the thrust bearing", low=-KELVIN, noise=0.3),
        State("radial_C", "degC", "temperature of the radial bearing", low=-KELVIN, noise=0.3),
        State("oil_C", "degC", "temperature of the bearing oil", low=-KELVIN, noise=0.1),
        State("impeller_m2", "m2", "effective area of the impeller", low=0.0),
        State("radial_friction", "N m s", "rolling friction of the radial bearing", low=0.0),
        State("thrust_friction", "N m s", "sliding friction of the thrust bearing", low=0.0),
        State("leak_m3_s", "m3/s", "internal leak, negative from discharge to suction"),
    )
    inputs = (
        Input("voltage", "1", "supply voltage, 1 = rated", 1.0, 0.1, 1.5),
        Input("frequency", "1", "supply frequency, 1 = rated", 1.0, 0.1, 1.5),
        Input("suction_Pa", "Pa", "pressure before the pump", 239_179.0, 0.0, 1e8),
        Input("discharge_Pa", "Pa", "pressure behind the pump", 928_654.0, 0.0, 1e8),
        Input("ambient_C", "degC", "air around the pump", 20.0),
        Input("wear", "1", "factor on the rates of wear", 1.0),
    )
    outputs = (
        Output("discharge_m3_s", "m3/s", "flow that leaves the pump"),
        Output("impeller_damage", "1", "lost impeller area over what may be lost"),
        Output("thrust_overheat", "1", "rise of the thrust bearing over the rise allowed"),
        Output("radial_overheat", "1", "rise of the radial bearing over the rise allowed"),
        Output("oil_overheat", "1", "rise of the oil over the rise allowed"),
    )
    events = (
        Event("impeller_worn", "impeller_damage", "the impeller no longer delivers"),
        Event("thrust_hot", "thrust_overheat", "the thrust bearing is at its limit"),
        Event("radial_hot", "radial_overheat", "the radial bearing is at its limit"),
        Event("oil_hot", "oil_overheat", "the oil is at its limit"),
    )
    parameters = (
        _known("rated_voltage_V", "V", "supply voltage", 471.2389, 1e5, 1.0),
        _known("rated_speed_rad_s", "rad/s", "synchronous electrical speed", 376.991118431, 1e4, 1.0),
        _known("phases", "1", "phases of the motor", 3.0, 9.0, 1.0),
        _known("pole_pairs", "1", "pole pairs of the motor", 1.0, 20.0, 1.0),
        _known("stator_ohm", "ohm", "stator resistance", 0.36, 1e3),
        _known("rotor_ohm", "ohm", "rotor resistance referred to the stator", 0.076, 1e3, 1e-6),
        _known("leakage_H", "H", "leakage inductance", 0.00063, 10.0),
        _known("inertia_kg_m2", "kg m2", "inertia of impeller, shaft and motor", 50.0, 1e5, 1e-3),
        _known("friction_N_m_s", "N m s", "friction but for the bearings", 0.008, 10.0),
        _known("torque_a0", "kg m2", "back torque by speed squared", 0.00149204, 1e3),
        _known("torque_a1", "kg/m", "back torque by speed and flow", 5.77703, 1e6),
        _known("torque_a2", "kg/m4", "back torque by flow squared", 9179.4, 1e9),
        _known("new_impeller_m2", "m2", "impeller area when new", 12.7084, 1e4, 1e-6),
        _known("failed_impeller_m2", "m2", "impeller area at failure", 9.5, 1e4),
        _known("pressure_b", "kg/m4", "pump pressure by speed and flow", 17984.6, 1e7),
        _known("fluid_lag_s", "s", "time constant of the flow", 5.0, 1e4, 1.0),
        _known("flow_c", "m3/s/Pa^0.5", "flow coefficient of the pump", 8.24123e-5, 1.0),
        _known("leak_c", "m/s/Pa^0.5", "flow coefficient of the leak", 1.0, 1e3),
        _known("leak_m2", "m2", "area of the leak", 1e-10, 1.0),
        _known("thrust_J_K", "J/K", "heat capacity of the thrust bearing", 7.3, 1e7, 1e-3),
        _known("thrust_air_W_K", "W/K", "heat flow thrust bearing to air", 0.0034, 1e4),
        _known("thrust_oil_W_K", "W/K", "heat flow thrust bearing to oil", 0.0026, 1e4),
        _known("radial_J_K", "J/K", "heat capacity of the radial bearing", 2.4, 1e7, 1e-3),
        _known("radial_air_W_K", "W/K", "heat flow radial bearing to air", 0.0018, 1e4),
        _known("radial_oil_W_K", "W/K", "heat flow radial bearing to oil", 0.020, 1e4),
        _known("oil_J_K", "J/K", "heat capacity of the oil", 8000.0, 1e9, 1e-3),
        _known("oil_thrust_W_K", "W/K", "heat flow oil to thrust bearing", 1.0, 1e5),
        _known("oil_radial_W_K", "W/K", "heat flow oil to radial bearing", 3.0, 1e5),
        _known("oil_air_W_K", "W/K", "heat flow oil to air", 1.5, 1e5),
        _known("new_radial_friction", "N m s", "friction of a new radial bearing", 1.8e-6, 1.0),
        _known("new_thrust_friction", "N m s", "friction of a new thrust bearing", 1.4e-6, 1.0),
        Parameter("impeller_wear", "s/m4", "wear of the impeller by flow squared", 0.0, 0.0, 1e3, _PAPER, 0.3),
        Parameter("radial_wear", "s", "wear of the radial bearing", 0.0, 0.0, 1e-3, _PAPER, 0.3),
        Parameter("thrust_wear", "s", "wear of the thrust bearing", 0.0, 0.0, 1e-3, _PAPER, 0.3),
        _known("limit_thrust_C", "degC", "highest temperature of the thrust bearing", 96.85, 400.0),
        _known("limit_radial_C", "degC", "highest temperature of the radial bearing", 96.85, 400.0),
        _known("limit_oil_C", "degC", "highest temperature of the oil", 76.85, 400.0),
        _known("start_C", "degC", "temperature at which overheat is 0", 16.85, 100.0, -60.0),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a new pump that turns at synchronous speed without flow, at ambient temperature."""
        return {
            "speed_rad_s": u["frequency"] * p["rated_speed_rad_s"],
            "thrust_C": u["ambient_C"],
            "radial_C": u["ambient_C"],
            "oil_C": u["ambient_C"],
            "impeller_m2": p["new_impeller_m2"],
            "radial_friction": p["new_radial_friction"],
            "thrust_friction": p["new_thrust_friction"],
            "leak_m3_s": _leak(u, p),
        }

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Take Euler steps of at most ``LONGEST_STEP_S`` (none in ``NO_STEP_S``)."""
        count = ceil(step_s / LONGEST_STEP_S - 1e-9) if step_s > NO_STEP_S else 0
        for _ in range(count):
            self._step(x, u, p, step_s / count)
        return self.tell(x, u, p)

    def tell(self, x: Mapping[str, Floats], u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002 - as declared
        """Return discharge and how far impeller, bearings and oil are gone."""
        room = 1.0 / (p["new_impeller_m2"] - p["failed_impeller_m2"])
        leaving = x["flow_m3_s"] - x["leak_m3_s"]
        return {
            "discharge_m3_s": np.maximum(leaving, 0.0, out=leaving),
            "impeller_damage": _line(x["impeller_m2"], -room, p["new_impeller_m2"] * room),
            "thrust_overheat": _overheat(x["thrust_C"], p["limit_thrust_C"], p["start_C"]),
            "radial_overheat": _overheat(x["radial_C"], p["limit_radial_C"], p["start_C"]),
            "oil_overheat": _overheat(x["oil_C"], p["limit_oil_C"], p["start_C"]),
        }

    @staticmethod
    def _step(x: Mapping[str, Floats], u: Values, p: Values, dt: float) -> None:
        speed, flow, area = x["speed_rad_s"], x["flow_m3_s"], x["impeller_m2"]
        radial, thrust = x["radial_friction"], x["thrust_friction"]
        squared = speed * speed
        accelerated = _accelerated(speed, flow - x["leak_m3_s"], radial + thrust, u, p, dt)
        driven = _driven_flow(speed, flow, area, u, p)
        area -= (dt * u["wear"] * p["impeller_wear"]) * (flow * flow)
        flow *= 1.0 - dt / p["fluid_lag_s"]
        driven *= dt / p["fluid_lag_s"]
        flow += driven
        _warm(x, radial * squared, thrust * squared, u, p, dt)
        squared *= dt * u["wear"]
        _worn(radial, squared, p["radial_wear"])
        _worn(thrust, squared, p["thrust_wear"])
        speed[:] = accelerated
        x["leak_m3_s"][:] = _leak(u, p)


def _line(values: Floats, slope: Floats | float, offset: Floats | float) -> Floats:
    line: Floats = values * slope
    line += offset
    return line


def _overheat(temperature: Floats, limit: Floats | float, start: Floats | float) -> Floats:
    return _line(temperature, 1.0 / (limit - start), -start / (limit - start))


def _leak(u: Values, p: Values) -> Floats | float:
    difference = u["suction_Pa"] - u["discharge_Pa"]
    return p["leak_c"] * p["leak_m2"] * np.copysign(np.sqrt(np.abs(difference)), difference)


def _accelerated(speed: Floats, leaving: Floats, friction: Floats, u: Values, p: Values, dt: float) -> Floats:
    """Return the speed after ``dt``: motor torque less friction and back torque; uses up ``leaving`` and ``friction``.

    Horner's scheme throughout: a thousand samples cost what the passes over them cost.
    """
    per_torque = dt / p["inertia_kg_m2"]
    np.maximum(leaving, 0.0, out=leaving)
    drag = leaving * p["torque_a1"]
    drag += friction
    friction = np.multiply(speed, p["torque_a0"], out=friction)
    drag += friction
    drag *= -per_torque
    drag += 1.0 - per_torque * p["friction_N_m_s"]
    drag *= speed
    leaving *= leaving
    leaving *= per_torque * p["torque_a2"]
    drag += leaving
    drag += _motor_torque(speed, u, p, per_torque)
    return drag


def _motor_torque(speed: Floats, u: Values, p: Values, scale: Floats | float) -> Floats:
    """Return ``scale`` times the torque by the equivalent circuit, multiplied through by slip squared: no slip divides by 0."""
    turning = np.maximum(u["frequency"] * p["rated_speed_rad_s"], 1e-9)
    slip = _line(speed, -1.0 / turning, 1.0)
    np.maximum(slip, -1.0, out=slip)
    np.minimum(slip, 1.0, out=slip)
    stator, rotor = p["stator_ohm"], p["rotor_ohm"]
    impedance = _line(slip, stator * stator + (turning * p["leakage_H"]) ** 2, 2.0 * stator * rotor)
    impedance *= slip
    impedance += rotor * rotor
    # The published model adds 1e-5 rad/s to the synchronous speed; kept, it is 3e-8 of the torque.
    slip *= (
        scale * p["phases"] * p["pole_pairs"] * rotor / (turning + 1e-5) * (u["voltage"] * p["rated_voltage_V"]) ** 2
    )
    slip /= impedance
    return slip


def _driven_flow(speed: Floats, flow: Floats, area: Floats, u: Values, p: Values) -> Floats:
    """Return the flow that the pressure of the pump over that of the system drives."""
    over = area * speed
    over += flow * p["pressure_b"]
    over *= speed
    over += u["suction_Pa"] - u["discharge_Pa"]
    driven: Floats = np.abs(over)
    np.sqrt(driven, out=driven)
    driven *= p["flow_c"]
    np.copysign(driven, over, out=driven)
    return driven


def _warm(x: Mapping[str, Floats], radial_W: Floats, thrust_W: Floats, u: Values, p: Values, dt: float) -> None:
    """Move the three temperatures; uses up both friction powers."""
    thrust, radial, oil = x["thrust_C"], x["radial_C"], x["oil_C"]
    per_J = dt / p["oil_J_K"]
    to_thrust, to_radial, to_air = per_J * p["oil_thrust_W_K"], per_J * p["oil_radial_W_K"], per_J * p["oil_air_W_K"]
    warmed = oil * (1.0 - to_thrust - to_radial - to_air)
    warmed += to_thrust * thrust
    warmed += to_radial * radial
    warmed += to_air * u["ambient_C"]
    _warm_bearing(thrust, thrust_W, oil, u["ambient_C"], dt / p["thrust_J_K"], p["thrust_air_W_K"], p["thrust_oil_W_K"])
    _warm_bearing(radial, radial_W, oil, u["ambient_C"], dt / p["radial_J_K"], p["radial_air_W_K"], p["radial_oil_W_K"])
    oil[:] = warmed


def _warm_bearing(
    bearing: Floats,
    friction_W: Floats,
    oil: Floats,
    ambient: Floats | float,
    per_J: Floats | float,
    air_W_K: Floats | float,
    oil_W_K: Floats | float,
) -> None:
    friction_W += oil_W_K * oil
    friction_W += air_W_K * ambient
    friction_W *= per_J
    bearing *= 1.0 - per_J * (air_W_K + oil_W_K)
    bearing += friction_W


def _worn(friction: Floats, turned: Floats, rate: Floats | float) -> None:
    growth = turned * rate
    growth *= friction
    friction += growth


COMPONENTS = (CentrifugalPump,)
