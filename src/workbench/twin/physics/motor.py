"""Three-phase induction motor: current, slip and losses from its name plate, temperatures of winding and frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from workbench.twin.streams import Floats

from .contract import Component, Input, Output, Parameter, State, Values
from .thermal import HOTTEST_C, TwoBodies

# IEC 60034-2-1: losses are stated for a coolant of 25 degC.
COOLANT_C = 25.0
_ROOT3 = float(np.sqrt(3.0))


class Plate(NamedTuple):
    """What follows from the name plate at rated load: losses in W, conductances in W/K, capacities in J/K."""

    shaft: Floats | float
    slip: Floats | float
    friction: Floats | float
    iron: Floats | float
    rotor: Floats | float
    stray: Floats | float
    copper: Floats | float
    between: Floats | float
    outward: Floats | float
    winding_capacity: Floats | float
    frame_capacity: Floats | float


class Work(NamedTuple):
    """What the motor does at a load: currents in A, losses in W; copper is without the effect of temperature."""

    slip: Floats | float
    current: Floats | float
    negative_sequence: Floats | float
    shaft: Floats | float
    frame_loss: Floats | float
    copper: Floats | float
    fault_heat: Floats | float


def plate(p: Values) -> Plate:
    """Return rated losses, conductances and heat capacities.

    Losses are shaft power (1 / efficiency - 1), IEC 60034-2-1: rotor loss by slip, s / (1 - s) times the mechanical power;
    iron, friction and stray loss by their shares; what is left is stator copper loss (at least a tenth).
    """
    shaft = 1000.0 * p["rated_power_kW"]
    total = shaft * (1.0 / p["rated_efficiency"] - 1.0)
    slip = 1.0 - p["rated_speed_rpm"] / p["synchronous_speed_rpm"]
    friction, iron, stray = p["friction_share"] * total, p["iron_share"] * total, p["stray_share"] * total
    rotor = slip / (1.0 - slip) * (shaft + friction)
    copper = np.maximum(total - friction - iron - stray - rotor, 0.1 * total)
    between = copper / p["winding_over_frame_K"]
    outward = (friction + iron + stray + rotor + copper) / p["frame_rise_K"]
    return Plate(
        shaft, slip, friction, iron, rotor, stray, copper, between, outward,
        p["winding_tau_s"] * between, p["frame_tau_s"] * outward,
    )  # fmt: skip


def work(rated: Plate, u: Values, p: Values) -> Work:
    """Return slip, current and losses at the inputs while the motor runs.

    Slip is proportional to torque and rotor resistance (the stable part of the torque curve). The current is an active
    part in proportion to the air-gap power and a reactive part that grows from magnetising at no load to the name
    plate's at rated load. Negative-sequence current raises copper loss as k2 i2^2 (IEC 60255-149, equivalent current).
    """
    load = np.maximum(u["load"], 0.0)
    rotor_resistance = 1.0 + p["bar_resistance"] * u["broken_bars"]
    steep = rated.slip * rotor_resistance
    # Power is torque times speed, and speed falls with torque: load (1 - slip) = torque (1 - steep torque).
    torque = (1.0 - np.sqrt(np.maximum(1.0 - 4.0 * steep * (1.0 - rated.slip) * load, 0.0))) / (2.0 * steep)
    slip = steep * torque
    shaft = rated.shaft * load
    mechanical = shaft + rated.friction
    rotor = slip / (1.0 - slip) * mechanical
    active = p["rated_current_A"] * _power_factor(rated, p)
    reactive = np.sqrt(p["rated_current_A"] ** 2 - active**2)
    magnetising = np.minimum(p["no_load_share"] * p["rated_current_A"], reactive)
    square = torque * torque
    gap = (mechanical + rotor + rated.iron) / (rated.shaft + rated.friction + rated.rotor + rated.iron)
    positive = (gap * active) ** 2 + (magnetising + (reactive - magnetising) * square) ** 2
    inverse = p["unbalance_ratio"] * u["voltage_unbalance"] + 0.01 * p["fault_unbalance_pct"] * u["winding_fault"]
    raised = 1.0 + p["fault_current"] * u["winding_fault"]
    positive = positive * (raised * raised)
    copper = rated.copper * positive * (1.0 + p["k2"] * inverse * inverse) / p["rated_current_A"] ** 2
    return Work(
        slip,
        np.sqrt(positive),
        inverse,
        shaft,
        rated.friction + rated.iron + rotor + rated.stray * square,
        copper,
        p["fault_heat"] * rated.copper * u["winding_fault"],
    )


def _power_factor(rated: Plate, p: Values) -> Floats | float:
    """Return the power factor that the name plate implies."""
    losses = rated.friction + rated.iron + rated.rotor + rated.stray + rated.copper
    return np.minimum((rated.shaft + losses) / (_ROOT3 * p["rated_voltage_V"] * p["rated_current_A"]), 0.98)


class InductionMotor(Component):
    """Cage induction motor on the grid with its own fan (IC 411), as a two-body thermal model after its name plate.

    Copper loss heats the winding, all other losses heat the frame, the frame gives heat off to the air. Copper loss grows
    linearly with the winding's temperature, so the two equations are linear and are solved exactly at constant inputs
    (Mellor, Roberts, Turner, Lumped parameter thermal model for electrical machines, IEE Proc. B 138, 1991, reduced to
    two bodies). The conductance to the air falls with ``cooling``, with blocked ribs, and while the fan stands.
    """

    model = "induction_motor"
    states = (
        State("winding_C", "degC", "mean temperature of the stator winding", -80.0, HOTTEST_C, noise=0.3),
        State("frame_C", "degC", "temperature of core and housing", -80.0, HOTTEST_C, noise=0.2),
    )
    inputs = (
        Input("load", "1", "shaft power, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air around the motor", 20.0),
        Input("cooling", "1", "factor on the heat given off to the air", 1.0),
        Input("blocked", "1", "blocked ribs or failing fan, 1 = failed", 0.0),
        Input("winding_fault", "1", "damage of the winding insulation, 1 = turn-to-turn fault", 0.0),
        Input("broken_bars", "1", "damage of the rotor cage, 1 = failed", 0.0),
        Input("voltage_unbalance", "1", "negative-sequence over positive-sequence voltage", 0.0, 0.0, 0.2),
    )
    outputs = (
        Output("current_A", "A", "line current, mean of the phases"),
        Output(
            "equivalent_current_A",
            "A",
            "RMS over the step, with the heating of its negative sequence, for a thermal replica",
        ),
        Output("current_unbalance_pct", "%", "negative-sequence current"),
        Output("power_kW", "kW", "electrical input power"),
        Output("shaft_kW", "kW", "mechanical power"),
        Output("loss_kW", "kW", "losses"),
        Output("heat_kW", "kW", "heat given off to the air"),
        Output("efficiency", "1", "shaft over input power"),
        Output("power_factor", "1", "input over apparent power"),
        Output("speed_rpm", "rpm", "speed while it runs"),
        Output("slip", "1", "slip"),
        Output("shield_C", "degC", "end shield, which holds the bearing"),
    )
    parameters = (
        Parameter("rated_power_kW", "kW", "shaft power", 37.0, 0.05, 50_000.0, "name plate"),
        Parameter("rated_voltage_V", "V", "line voltage", 400.0, 100.0, 15_000.0, "name plate"),
        Parameter("rated_current_A", "A", "line current", 68.0, 0.05, 10_000.0, "name plate"),
        Parameter("rated_speed_rpm", "rpm", "speed at rated load", 1480.0, 100.0, 3590.0, "name plate"),
        Parameter("synchronous_speed_rpm", "rpm", "120 f / poles", 1500.0, 150.0, 3600.0, "50 Hz, 4 poles"),
        Parameter("rated_efficiency", "1", "at rated load", 0.939, 0.5, 0.99, "IEC 60034-30-1, IE3, 37 kW, 4 poles"),
        Parameter("friction_share", "1", "friction and fan, of rated losses", 0.10, 0.01, 0.4, "class value", 0.1),
        Parameter("iron_share", "1", "iron loss, of rated losses", 0.24, 0.02, 0.5, "class value", 0.1),
        Parameter("stray_share", "1", "stray load loss, of rated losses", 0.10, 0.0, 0.3, "class value", 0.1),
        Parameter("no_load_share", "1", "magnetising current, of rated", 0.45, 0.1, 0.8, "class value", 0.05),
        Parameter("frame_rise_K", "K", "frame above air at rated load", 40.0, 5.0, 120.0, "class value", 0.05),
        Parameter(
            "winding_over_frame_K", "K", "winding above frame at rated load", 40.0, 2.0, 120.0,
            "80 K in all: class B rise by resistance, IEC 60034-1 table 8", 0.05,
        ),
        Parameter("winding_tau_s", "s", "winding's time constant to the frame", 300.0, 5.0, 7200.0, "class value", 0.1),
        Parameter("frame_tau_s", "s", "frame's time constant to the air", 2700.0, 60.0, 36_000.0, "class value", 0.1),
        Parameter(
            "resistance_per_K", "1/K", "rise of resistance, 0 = constant", 1.0 / (235.0 + COOLANT_C + 80.0), 0.0, 0.006,
            "copper, 1 / (235 K + reference temperature), IEC 60034-1, 8.6.2.3",
        ),
        Parameter("standing_share", "1", "heat given off with the fan standing", 0.35, 0.05, 1.0, "class value", 0.1),
        Parameter("shield_share", "1", "end shield between air (0) and frame (1)", 0.5, 0.0, 1.0, "class value", 0.05),
        Parameter("blocked_share", "1", "cooling lost with the ribs blocked", 0.62, 0.0, 0.95, "class value", 0.05),
        Parameter("unbalance_pct", "%", "unbalance of a sound motor at rated load", 1.3, 0.0, 5.0, "class value", 0.2),
        Parameter(
            "unbalance_ratio", "1", "current unbalance per voltage unbalance", 6.5, 1.0, 12.0, "NEMA MG 1, 14.36: 6 to 10"
        ),
        Parameter("k2", "1", "heating of negative sequence", 6.0, 1.0, 10.0, "IEC 60255-149, class value"),
        Parameter("fault_unbalance_pct", "%", "unbalance at a turn fault", 6.5, 0.5, 30.0, "class value", 0.1),
        Parameter("fault_current", "1", "rise of the mean current at a turn fault", 0.09, 0.0, 0.5, "class value", 0.1),
        Parameter("fault_heat", "1", "heat of shorted turns, of rated copper loss", 0.25, 0.0, 3.0, "class value", 0.1),
        Parameter("bar_resistance", "1", "rise of rotor resistance with a failed cage", 0.5, 0.0, 3.0, "class value", 0.1),
    )  # fmt: skip

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the temperatures settled at the inputs."""
        rated = plate(p)
        winding, frame = _bodies(rated, work(rated, u, p), u, p).settled()
        return {"winding_C": winding, "frame_C": frame}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Move the temperatures; currents and powers are those at the end of the step, averaged over stops."""
        rated = plate(p)
        now = work(rated, u, p)
        winding, frame, running = x["winding_C"], x["frame_C"], u["running"]
        _bodies(rated, now, u, p).move(winding, frame, step_s)
        copper = now.copper * (1.0 + p["resistance_per_K"] * (winding - _reference(p))) + now.fault_heat
        loss = 0.001 * running * (now.frame_loss + copper)
        shaft = 0.001 * running * now.shaft
        power = shaft + loss
        current = running * now.current
        rise = frame - u["ambient_C"]
        return {
            "current_A": current,
            # Heat goes with the mean square over running and stops, which is more than the square of the mean.
            "equivalent_current_A": now.current
            * np.sqrt(running * (1.0 + p["k2"] * now.negative_sequence * now.negative_sequence)),
            "current_unbalance_pct": running * (p["unbalance_pct"] + 100.0 * now.negative_sequence),
            "power_kW": power,
            "shaft_kW": shaft,
            "loss_kW": loss,
            "heat_kW": 0.001 * _outward(rated, u, p) * rise,
            "efficiency": shaft / np.maximum(power, 1e-9),
            "power_factor": 1000.0 * power / np.maximum(_ROOT3 * p["rated_voltage_V"] * current, 1e-9),
            "speed_rpm": np.where(running > 0, p["synchronous_speed_rpm"] * (1.0 - now.slip), 0.0),
            "slip": now.slip,
            "shield_C": u["ambient_C"] + p["shield_share"] * rise,
        }


def _reference(p: Values) -> Floats | float:
    """Return the winding temperature at which rated losses hold."""
    return COOLANT_C + p["frame_rise_K"] + p["winding_over_frame_K"]


def _outward(rated: Plate, u: Values, p: Values) -> Floats | float:
    """Return the conductance from the frame to the air in W/K."""
    fan = p["standing_share"] + (1.0 - p["standing_share"]) * u["running"]
    return rated.outward * fan * u["cooling"] * (1.0 - p["blocked_share"] * u["blocked"])


def _bodies(rated: Plate, now: Work, u: Values, p: Values) -> TwoBodies:
    """Return the heat balance of winding and frame in kelvin per second."""
    running, outward = u["running"], _outward(rated, u, p)
    slope = running * p["resistance_per_K"] * now.copper
    fixed = running * (now.copper + now.fault_heat) - slope * _reference(p)
    to_winding, to_frame = 1.0 / rated.winding_capacity, 1.0 / rated.frame_capacity
    return TwoBodies(
        a=(slope - rated.between) * to_winding,
        b=rated.between * to_winding,
        c=rated.between * to_frame,
        d=-(rated.between + outward) * to_frame,
        e=fixed * to_winding,
        f=(running * now.frame_loss + outward * u["ambient_C"]) * to_frame,
    )


COMPONENTS = (InductionMotor,)
