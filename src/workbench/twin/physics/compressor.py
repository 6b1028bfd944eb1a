"""Two-stage reciprocating air compressor: capacity, pressure of the receiver, temperatures and shaft power."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import KELVIN, Component, Input, Output, Parameter, State, Values
from .lag import follow

ATMOSPHERE_BAR = 1.01325
STAGES = 2

Number = Floats | float


class ReciprocatingCompressor(Component):
    """A compressor that holds a receiver at its set pressure by running loaded for a share of the time.

    Each stage compresses polytropically by the same ratio, T2 = T1 r^((n-1)/n), with intercooling between (Bloch and
    Hoefner, Reciprocating Compressors, ch. 2). Leaking valves let hot gas flow back: capacity falls, the gas is compressed
    twice and leaves hotter. A clogged filter lowers the inlet pressure, and with it the mass drawn in. Where the demand
    exceeds the capacity, the pressure sinks until both agree, as demand is proportional to absolute pressure.
    """

    model = "reciprocating_compressor"
    states = (
        State("discharge_C", "degC", "temperature of the air delivered", low=-60.0, high=500.0, noise=0.3),
        State("oil_C", "degC", "temperature of the oil", low=-60.0, high=300.0, noise=0.2),
    )
    inputs = (
        Input("load", "1", "air asked for over the capacity when new", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air around it", 20.0),
        Input("cooling", "1", "factor on the heat given off", 1.0),
        Input("valve_leak", "1", "wear of valve plates and seats, 1 = failed", 0.0),
        Input("filter_clogging", "1", "clogging of the intake filter, 1 = failed", 0.0),
        Input("cooler_fouling", "1", "fouling of coolers, 1 = failed", 0.0),
        Input("bearing_damage", "1", "damage of the bearings, 1 = failed", 0.0),
    )
    outputs = (
        Output("pressure_bar", "bar", "gauge pressure of the receiver"),
        Output("intake_drop_mbar", "mbar", "pressure drop of the intake filter"),
        Output("power_kW", "kW", "shaft power"),
        Output("gas_kW", "kW", "power given to the gas"),
        Output("heat_kW", "kW", "friction and other losses, to oil and air"),
        Output("utilisation", "1", "air asked for over the present capacity"),
    )
    parameters = (
        Parameter("rated_flow_m3_h", "m3/h", "free air delivered", 280.0, 0.1, 1e5, "name plate"),
        Parameter("rated_pressure_bar", "bar", "highest receiver pressure, gauge", 10.0, 1.0, 40.0, "name plate"),
        Parameter("rated_power_kW", "kW", "shaft power fully loaded", 30.0, 0.1, 1e4, "name plate"),
        Parameter("set_bar", "bar", "below the highest, at no demand", 0.4, 0.0, 5.0, "class value", 0.1),
        Parameter("droop_bar", "bar", "fall of pressure at full use", 0.6, 0.0, 5.0, "class value", 0.1),
        Parameter(
            "polytropic", "1", "exponent n of the compression", 1.27, 1.05, 1.4, "Bloch and Hoefner, ch. 2", 0.003
        ),
        Parameter("preheat_K", "K", "intercooler above air, fully used", 22.0, 0.0, 100.0, "class value", 0.05),
        Parameter("unloaded_power", "1", "power unloaded, of rated", 0.15, 0.02, 0.6, "class value", 0.05),
        Parameter("leak_share", "1", "capacity lost, valves failed", 0.45, 0.0, 0.9, "class value", 0.1),
        Parameter("leak_heat_K", "K", "gas that is compressed twice, warmer by", 33.0, 0.0, 200.0, "class value", 0.1),
        Parameter("leak_power", "1", "friction power added, valves failed", 0.02, 0.0, 0.5, "class value", 0.1),
        Parameter("drop_idle_mbar", "mbar", "intake drop unloaded", 5.0, 0.0, 100.0, "class value", 0.1),
        Parameter("drop_mbar", "mbar", "its rise to full use", 9.0, 0.0, 200.0, "class value", 0.1),
        Parameter(
            "clogged_factor", "1", "further drop, clogged, over that when new", 3.2, 0.0, 30.0, "class value", 0.1
        ),
        Parameter("fouled_K", "K", "coolers above air, fouled, fully used", 25.0, 0.0, 200.0, "class value", 0.1),
        Parameter("oil_idle_K", "K", "oil above air unloaded", 24.0, 0.0, 100.0, "class value", 0.05),
        Parameter("oil_load_K", "K", "its rise to full use", 16.0, 0.0, 100.0, "class value", 0.05),
        Parameter("oil_fouled", "1", "rise of the oil's difference, fouled", 0.7, 0.0, 5.0, "class value", 0.1),
        Parameter("oil_bearing_K", "K", "oil warmer by failed bearings", 10.0, 0.0, 100.0, "class value", 0.1),
        Parameter("gas_lag_s", "s", "time constant of the discharge", 1080.0, 1.0, 1e5, "class value"),
        Parameter("oil_lag_s", "s", "time constant of the oil", 5400.0, 1.0, 1e5, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a compressor settled at the inputs."""
        used, drop, _ = _use(u, p)
        pressure = _pressure(used, p)
        return {"discharge_C": _discharge(used, drop, pressure, u, p), "oil_C": _oil(used, u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Let gas and oil follow their settled temperatures (exact for constant inputs)."""
        used, drop, capacity = _use(u, p)
        pressure = _pressure(used, p)
        running = u["running"]
        follow(x["discharge_C"], _discharge(used, drop, pressure, u, p), p["gas_lag_s"], step_s)
        follow(x["oil_C"], _oil(used, u, p), p["oil_lag_s"], step_s)
        loaded = np.minimum(used, 1.0)
        power = p["unloaded_power"] + (1.0 - p["unloaded_power"]) * loaded
        power = power * (running * p["rated_power_kW"]) * (1.0 + p["leak_power"] * u["valve_leak"])
        gas = _gas_power(loaded * capacity * p["rated_flow_m3_h"], pressure, drop, p)
        # No more than there is: the name plate's power and flow may disagree by a few per cent.
        gas = np.minimum(running * gas, 0.95 * power)
        empty = p["rated_pressure_bar"] - 2.4
        return {
            "pressure_bar": empty + running * (pressure - empty),
            "intake_drop_mbar": running * drop,
            "power_kW": power,
            "gas_kW": gas,
            "heat_kW": power - gas,
            "utilisation": running * used,
        }


def _use(u: Values, p: Values) -> tuple[Number, Number, Number]:
    """Return demand over capacity, the intake's pressure drop in mbar, and capacity over that when new."""
    load = np.maximum(u["load"], 0.0)
    drop = (p["drop_idle_mbar"] + p["drop_mbar"] * load) * (1.0 + p["clogged_factor"] * u["filter_clogging"])
    capacity = (1.0 - p["leak_share"] * u["valve_leak"]) * (1.0 - 1e-3 * drop / ATMOSPHERE_BAR)
    return load / capacity, drop, capacity


def _pressure(used: Number, p: Values) -> Number:
    """Return the receiver's gauge pressure: regulated up to full use, then what the capacity can hold."""
    regulated = p["rated_pressure_bar"] - p["set_bar"] - p["droop_bar"] * np.minimum(used, 1.0)
    return (regulated + ATMOSPHERE_BAR) / np.maximum(used, 1.0) - ATMOSPHERE_BAR


def _stage_ratio(pressure: Number, drop: Number, p: Values) -> Number:
    """Return T2 / T1 of a stage."""
    ratio = (pressure + ATMOSPHERE_BAR) / (ATMOSPHERE_BAR - 1e-3 * drop)
    result: Number = np.exp(np.log(ratio) * ((1.0 - 1.0 / p["polytropic"]) / STAGES))
    return result


def _discharge(used: Number, drop: Number, pressure: Number, u: Values, p: Values) -> Number:
    over_air = (p["preheat_K"] + p["fouled_K"] * u["cooler_fouling"]) * np.minimum(used, 1.2)
    drawn = u["ambient_C"] + KELVIN + over_air / np.maximum(u["cooling"], 0.1) + p["leak_heat_K"] * u["valve_leak"]
    hot = drawn * _stage_ratio(pressure, drop, p) - KELVIN
    return u["ambient_C"] + u["running"] * (hot - u["ambient_C"])


def _oil(used: Number, u: Values, p: Values) -> Number:
    rise = p["oil_idle_K"] + p["oil_load_K"] * np.minimum(used, 1.2)
    rise = rise * (1.0 + p["oil_fouled"] * u["cooler_fouling"]) / np.maximum(u["cooling"], 0.1)
    return u["ambient_C"] + u["running"] * (rise + p["oil_bearing_K"] * u["bearing_damage"])


def _gas_power(flow_m3_h: Number, pressure: Number, drop: Number, p: Values) -> Number:
    """Return the polytropic power of both stages in kW for a flow of free air."""
    exponent = 1.0 - 1.0 / p["polytropic"]
    work_J_m3 = STAGES / exponent * 1e5 * ATMOSPHERE_BAR * (_stage_ratio(pressure, drop, p) - 1.0)
    return flow_m3_h / 3.6e6 * work_J_m3


COMPONENTS = (ReciprocatingCompressor,)
