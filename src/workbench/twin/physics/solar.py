"""Pumping by the sun: an array of solar modules, and a borehole pump that turns as fast as its power allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import Component, Input, Output, Parameter, State, Values
from .lag import follow

FULL_SUN_W_M2 = 1000.0
STANDARD_CELL_C = 25.0
NEWTON_STEPS = 3

Number = Floats | float


class PhotovoltaicArray(Component):
    """Solar modules at their point of highest power.

    Cells are warmer than the air in proportion to the irradiance; power is proportional to irradiance, and power and
    voltage fall linearly with cell temperature (IEC 61215, IEC 60891). A loose contact takes voltage in proportion to current.
    """

    model = "photovoltaic_array"
    inputs = (
        Input("load", "1", "irradiance, 1 = full sun (1000 W/m2)", 0.6),
        Input("ambient_C", "degC", "air", 20.0),
        Input("running", "1", "share of the step in which it feeds", 1.0),
        Input("loose_contact", "1", "damage of a connection, 1 = failed", 0.0),
    )
    outputs = (
        Output("irradiance_W_m2", "W/m2", "irradiance in the plane of the modules"),
        Output("cell_C", "degC", "temperature of the cells"),
        Output("voltage_V", "V", "voltage at the controller"),
        Output("power_kW", "kW", "power at the controller"),
        Output("contact_kW", "kW", "power lost in connections"),
    )
    parameters = (
        Parameter("peak_kW", "kW", "power in full sun at 25 degC", 4.6, 0.01, 1e5, "data sheet, IEC 61215", 0.02),
        Parameter("voltage_V", "V", "at that power, 25 degC", 510.0, 10.0, 1500.0, "data sheet, IEC 61215", 0.01),
        Parameter("cell_K", "K", "cells above air in full sun", 28.0, 5.0, 60.0, "NOCT, IEC 61215", 0.05),
        Parameter("power_per_K", "1/K", "fall of the power", 0.0038, 0.0, 0.01, "data sheet, IEC 60891", 0.03),
        Parameter("voltage_per_K", "1/K", "fall of the voltage", 0.0026, 0.0, 0.01, "data sheet, IEC 60891", 0.03),
        Parameter("loose_share", "1", "voltage lost in full sun, contact failed", 0.36, 0.0, 0.9, "class value", 0.1),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: cells follow the sun within minutes."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return what the array gives under the sun."""
        sun, running = np.minimum(np.maximum(u["load"], 0.0), 1.6), u["running"]
        cell = u["ambient_C"] + p["cell_K"] * sun
        warm = cell - STANDARD_CELL_C
        made = p["peak_kW"] * sun * np.maximum(1.0 - p["power_per_K"] * warm, 0.1)
        voltage = p["voltage_V"] * np.maximum(1.0 - p["voltage_per_K"] * warm, 0.1)
        lost = np.minimum(p["loose_share"] * u["loose_contact"] * sun, 0.95)
        return {
            "irradiance_W_m2": FULL_SUN_W_M2 * sun,
            "cell_C": cell,
            "voltage_V": running * voltage * (1.0 - lost),
            "power_kW": running * made * (1.0 - lost),
            "contact_kW": running * made * lost,
        }


class BoreholePump(Component):
    """A submersible pump whose controller sets the speed at which it takes all power there is.

    The flow q (1 = rated) follows from the power share s by s = q (h + (1 - h) q^2), h the static share of the rated head:
    hydraulic power against static lift and friction, at constant efficiency along similar points of operation (affinity
    laws; Gülich, Centrifugal Pumps, ch. 3). It is solved by Newton's method, which converges from above. The motor gives
    its loss to the water around it. A clogged intake lets the water boil: less power is taken, and less of it pumps.
    """

    model = "borehole_pump"
    states = (State("motor_C", "degC", "temperature of the motor", low=-20.0, high=300.0, noise=0.2),)
    inputs = (
        Input("power_kW", "kW", "power at the controller", 2.5, 0.0, 1e5),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air above ground", 20.0),
        Input("cooling", "1", "factor on the heat given to the water", 1.0),
        Input("intake_clogging", "1", "clogging of the intake, 1 = failed", 0.0),
        Input("seal_wear", "1", "wear of seals and riser, 1 = failed", 0.0),
        Input("winding_fault", "1", "damage of the winding insulation, 1 = failed", 0.0),
        Input("blocked", "1", "scale on the motor, 1 = failed", 0.0),
    )
    outputs = (
        Output("flow_m3_h", "m3/h", "flow delivered"),
        Output("discharge_bar", "bar", "gauge pressure above ground"),
        Output("current_A", "A", "current of the motor, as direct current"),
        Output("taken_kW", "kW", "power taken"),
        Output("hydraulic_kW", "kW", "power given to the water lifted"),
        Output("heat_kW", "kW", "losses"),
    )
    parameters = (
        Parameter("rated_flow_m3_h", "m3/h", "flow at rated power", 16.0, 0.01, 1e4, "name plate"),
        Parameter("rated_power_kW", "kW", "power", 4.0, 0.01, 1e4, "name plate"),
        Parameter("rated_voltage_V", "V", "voltage", 480.0, 10.0, 1500.0, "name plate"),
        Parameter("static_bar", "bar", "pressure above ground without flow", 3.1, 0.0, 40.0, "class value"),
        Parameter("friction_bar", "bar", "its rise to rated flow", 0.9, 0.0, 40.0, "class value", 0.05),
        Parameter("lift_bar", "bar", "water level below ground", 1.0, 0.0, 40.0, "class value", 0.05),
        Parameter("idle_current", "1", "magnetising part of the current", 0.08, 0.0, 0.6, "class value", 0.05),
        Parameter("clogged_power", "1", "power not taken, intake clogged", 0.38, 0.0, 0.95, "class value", 0.1),
        Parameter("clogged_efficiency", "1", "efficiency lost, intake clogged", 0.28, 0.0, 0.95, "class value", 0.1),
        Parameter("seal_flow", "1", "flow lost, seal failed", 0.2, 0.0, 0.95, "class value", 0.1),
        Parameter("seal_pressure", "1", "static pressure lost, seal failed", 0.42, 0.0, 0.95, "class value", 0.1),
        Parameter("fault_current", "1", "rise of the current at a turn fault", 0.62, 0.0, 3.0, "class value", 0.1),
        Parameter("water_C", "degC", "water in the borehole", 22.0, 1.0, 60.0, "class value", 0.03),
        Parameter("air_share", "1", "of the air's change that the water sees", 0.25, 0.0, 1.0, "class value"),
        Parameter("rise_K", "K", "motor above water at rated power", 21.0, 1.0, 100.0, "class value", 0.05),
        Parameter("blocked_factor", "1", "further rise over that, scaled", 2.1, 0.0, 20.0, "class value", 0.1),
        Parameter("fault_K", "K", "motor hotter at a turn fault, rated power", 23.0, 0.0, 200.0, "class value", 0.1),
        Parameter("motor_lag_s", "s", "time constant of the motor", 2880.0, 1.0, 1e5, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a motor settled at the inputs."""
        return {"motor_C": _motor(_taken(u, p), u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Warm the motor and return the operating point."""
        share, running = _taken(u, p), u["running"]
        follow(x["motor_C"], _motor(share, u, p), p["motor_lag_s"], step_s)
        head = p["static_bar"] + p["friction_bar"] + p["lift_bar"]
        static = 1.0 - p["friction_bar"] / head
        pumped = share * (1.0 - p["clogged_efficiency"] * u["intake_clogging"])
        flow = _flow(pumped, static) * (1.0 - p["seal_flow"] * u["seal_wear"])
        above = p["static_bar"] * (1.0 - p["seal_pressure"] * u["seal_wear"]) + p["friction_bar"] * flow * flow
        delivered = running * p["rated_flow_m3_h"] * flow
        taken = share * running * p["rated_power_kW"]
        hydraulic = np.minimum(delivered * (above + p["lift_bar"]) * (1e5 / 3.6e6), taken)
        current = p["idle_current"] + (1.0 - p["idle_current"]) * share
        current = current * (running * 1000.0 * p["rated_power_kW"] / p["rated_voltage_V"])
        return {
            "flow_m3_h": delivered,
            "discharge_bar": above,
            "current_A": current * (1.0 + p["fault_current"] * u["winding_fault"]),
            "taken_kW": taken,
            "hydraulic_kW": hydraulic,
            "heat_kW": taken - hydraulic,
        }


def _taken(u: Values, p: Values) -> Number:
    """Return the power taken over the rated."""
    offered = u["power_kW"] / p["rated_power_kW"]
    return offered * (1.0 - p["clogged_power"] * u["intake_clogging"])


def _flow(share: Number, static: Number) -> Number:
    """Return q with share = q (static + (1 - static) q^2)."""
    bend = 1.0 - static
    flow = share / static
    for _ in range(NEWTON_STEPS):
        square = bend * flow * flow
        # (2 b q^3 + s) / (h + 3 b q^2) is Newton's step from q.
        flow = (2.0 * square * flow + share) / (static + 3.0 * square)
    return flow


def _motor(share: Number, u: Values, p: Values) -> Number:
    rise = p["rise_K"] * share * (1.0 + p["blocked_factor"] * u["blocked"]) + p["fault_K"] * share * u["winding_fault"]
    water = p["water_C"] + p["air_share"] * (u["ambient_C"] - 20.0)
    return water + u["running"] * rise / np.maximum(u["cooling"], 0.1)


COMPONENTS = (PhotovoltaicArray, BoreholePump)
