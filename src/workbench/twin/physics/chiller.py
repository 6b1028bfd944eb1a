"""Water chiller with a vapour-compression cycle: pressures by saturation, power by the cycle's efficiency."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import KELVIN, Component, Input, Output, Parameter, State, Values
from .lag import follow

# R134a from 0 to 60 degC: ln(p / bar) = A - B / T (Clausius-Clapeyron through Tillner-Roth and Baehr 1994), within 1 %.
SATURATION_A, SATURATION_B = 10.801, 2656.0

Number = Floats | float


def saturation_bar(temperature_C: Number) -> Number:
    """Return the saturation pressure of R134a, absolute.

    >>> round(float(saturation_bar(40.0)), 1)
    10.2
    """
    pressure: Number = np.exp(SATURATION_A - SATURATION_B / (temperature_C + KELVIN))
    return pressure


class VapourCompressionChiller(Component):
    """A chiller for water, cooled from outside, after the ASHRAE Handbook (Fundamentals, ch. 2; HVAC Systems, ch. 43).

    Evaporation lies below the leaving water and condensation above the cooling medium by differences in proportion to
    the heat exchanged (constant UA); fouling raises the condenser's. The power is heat moved over the coefficient of
    performance, a share of Carnot's. A leaking suction valve lets gas back to the low side, a leaking seal loses charge:
    both cost capacity, and the leaving water warms.
    """

    model = "vapour_compression_chiller"
    states = (
        State("condensing_C", "degC", "condensing temperature", low=-60.0, high=100.0, noise=0.1),
        State("leaving_C", "degC", "temperature of the leaving water", low=-10.0, high=60.0, noise=0.05),
        State("discharge_C", "degC", "temperature of the compressed gas", low=-60.0, high=250.0, noise=0.2),
    )
    inputs = (
        Input("load", "1", "cooling asked for, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air outside", 20.0),
        Input("cooling", "1", "factor on the condenser's heat transfer", 1.0),
        Input("fouling", "1", "fouling of the condenser, 1 = failed", 0.0),
        Input("valve_leak", "1", "wear of the compressor's valve, 1 = failed", 0.0),
        Input("charge_loss", "1", "refrigerant lost by a leaking seal, 1 = failed", 0.0),
        Input("bearing_damage", "1", "damage of the bearings, 1 = failed", 0.0),
    )
    outputs = (
        Output("evaporator_bar", "bar", "evaporator pressure, absolute"),
        Output("condenser_bar", "bar", "condenser pressure, absolute"),
        Output("power_kW", "kW", "electrical power"),
        Output("cooling_kW", "kW", "heat taken from the water"),
        Output("rejected_kW", "kW", "heat given to the cooling medium"),
        Output("cop", "1", "coefficient of performance"),
    )
    parameters = (
        Parameter("rated_cooling_kW", "kW", "cooling at load 1", 900.0, 1.0, 1e5, "name plate"),
        Parameter("set_C", "degC", "leaving water asked for", 7.0, -10.0, 30.0, "name plate"),
        Parameter("set_below_K", "K", "leaving water below it without load", 0.4, 0.0, 5.0, "class value"),
        Parameter("droop_K", "K", "rise of the leaving water to rated load", 0.8, 0.0, 5.0, "class value", 0.1),
        Parameter("evaporator_K", "K", "evaporation below leaving water at rated", 3.0, 0.5, 20.0, "class value", 0.05),
        Parameter("evaporator_idle_K", "K", "the same without load", 0.9, 0.0, 20.0, "class value", 0.05),
        Parameter(
            "medium_C",
            "degC",
            "cooling medium, and idle difference, at 20 degC",
            31.0,
            -20.0,
            60.0,
            "class value",
            0.02,
        ),
        Parameter("medium_share", "1", "rise of the medium per kelvin outside", 0.2, 0.0, 1.0, "class value"),
        Parameter("condenser_K", "K", "condensation over the medium at rated", 6.5, 0.5, 40.0, "class value", 0.05),
        Parameter("fouled_K", "K", "further, fouled, at rated", 16.0, 0.0, 60.0, "TEMA fouling, class value", 0.1),
        Parameter("carnot_share", "1", "of Carnot's coefficient at rated", 0.62, 0.1, 0.9, "class value", 0.03),
        Parameter("idle_power", "1", "power without load, of that at rated", 0.1, 0.0, 0.5, "class value", 0.05),
        Parameter("compression", "1", "(n-1)/n of the compression", 0.168, 0.05, 0.3, "R134a, class value", 0.01),
        Parameter("superheat_K", "K", "superheat of the gas drawn in", 3.5, 0.0, 30.0, "class value", 0.05),
        Parameter("load_superheat_K", "K", "discharge gas warmer at rated load", 5.0, 0.0, 60.0, "class value", 0.05),
        Parameter("leak_back", "1", "pressure difference that leaks back", 0.17, 0.0, 0.9, "class value", 0.1),
        Parameter("leak_water_K", "K", "leaving water warmer, valve failed", 3.0, 0.0, 30.0, "class value", 0.1),
        Parameter("leak_cooler_K", "K", "discharge gas cooler, valve failed", 9.0, 0.0, 60.0, "class value", 0.1),
        Parameter("charge_low", "1", "evaporator pressure lost, charge low", 0.26, 0.0, 0.9, "class value", 0.1),
        Parameter("charge_high", "1", "condenser pressure lost, charge low", 0.15, 0.0, 0.9, "class value", 0.1),
        Parameter("charge_water_K", "K", "leaving water warmer, charge low", 3.5, 0.0, 30.0, "class value", 0.1),
        Parameter("charge_superheat_K", "K", "discharge gas hotter, charge low", 6.0, 0.0, 60.0, "class value", 0.1),
        Parameter("bearing_K", "K", "discharge gas hotter, bearings failed", 6.0, 0.0, 60.0, "class value", 0.1),
        Parameter(
            "idle_bar", "bar", "pressure of both sides while it stands", 5.6, 0.5, 20.0, "saturation near 20 degC"
        ),
        Parameter("gas_lag_s", "s", "time constant of the hot side", 1200.0, 1.0, 1e5, "class value"),
        Parameter("water_lag_s", "s", "time constant of the water", 720.0, 1.0, 1e5, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a chiller settled at the inputs."""
        condensing, leaving = _condensing(u, p), _leaving(u, p)
        return {
            "condensing_C": condensing,
            "leaving_C": leaving,
            "discharge_C": _discharge(condensing, leaving, u, p),
        }

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Let the temperatures follow; pressures and power are those at the end of the step."""
        condensing, leaving, running = x["condensing_C"], x["leaving_C"], u["running"]
        follow(condensing, _condensing(u, p), p["gas_lag_s"], step_s)
        follow(leaving, _leaving(u, p), p["water_lag_s"], step_s)
        follow(x["discharge_C"], _discharge(condensing, leaving, u, p), p["gas_lag_s"], step_s)
        evaporating = _evaporating(leaving, u, p)
        low, high = saturation_bar(evaporating), saturation_bar(condensing)
        low, high = _measured_low(low, high, u, p), high * (1.0 - p["charge_high"] * u["charge_loss"])
        cop = _cop(evaporating, condensing, p)
        rated_cop = p["carnot_share"] * (p["set_C"] - p["evaporator_K"] + KELVIN) / _rated_lift(p)
        cooling = running * p["rated_cooling_kW"] * np.maximum(u["load"], 0.0)
        power = cooling / cop + running * (p["idle_power"] * p["rated_cooling_kW"]) / rated_cop
        return {
            "evaporator_bar": p["idle_bar"] + running * (low - p["idle_bar"]),
            "condenser_bar": p["idle_bar"] + running * (high - p["idle_bar"]),
            "power_kW": power,
            "cooling_kW": cooling,
            "rejected_kW": cooling + power,
            "cop": cooling / np.maximum(power, 1e-9),
        }


def _rated_lift(p: Values) -> Number:
    return p["medium_C"] + p["condenser_K"] - p["set_C"] + p["evaporator_K"]


def _condensing(u: Values, p: Values) -> Number:
    medium = p["medium_C"] + p["medium_share"] * (u["ambient_C"] - 20.0)
    over = (p["condenser_K"] + p["fouled_K"] * u["fouling"]) * u["load"] / np.maximum(u["cooling"], 0.1)
    return medium + u["running"] * over


def _leaving(u: Values, p: Values) -> Number:
    warm = p["leak_water_K"] * u["valve_leak"] + p["charge_water_K"] * u["charge_loss"]
    return p["set_C"] - p["set_below_K"] + p["droop_K"] * u["load"] + warm


def _evaporating(leaving: Number, u: Values, p: Values) -> Number:
    # What warms the water is a want of capacity: the evaporator does not get warmer with it.
    warm = p["leak_water_K"] * u["valve_leak"] + p["charge_water_K"] * u["charge_loss"]
    below = p["evaporator_idle_K"] + (p["evaporator_K"] - p["evaporator_idle_K"]) * u["load"]
    return leaving - warm - below


def _measured_low(low: Number, high: Number, u: Values, p: Values) -> Number:
    leaking = low + p["leak_back"] * u["valve_leak"] * (high - low)
    return leaking * (1.0 - p["charge_low"] * u["charge_loss"])


def _cop(evaporating: Number, condensing: Number, p: Values) -> Number:
    return p["carnot_share"] * (evaporating + KELVIN) / np.maximum(condensing - evaporating, 5.0)


def _discharge(condensing: Number, leaving: Number, u: Values, p: Values) -> Number:
    evaporating = _evaporating(leaving, u, p)
    # ln of the pressure ratio straight from the saturation law.
    log_ratio = SATURATION_B * (1.0 / (evaporating + KELVIN) - 1.0 / (condensing + KELVIN))
    drawn = evaporating + KELVIN + p["superheat_K"]
    hot = drawn * np.exp(p["compression"] * log_ratio) - KELVIN + p["load_superheat_K"] * u["load"]
    hot = hot + p["charge_superheat_K"] * u["charge_loss"] - p["leak_cooler_K"] * u["valve_leak"]
    hot = hot + p["bearing_K"] * u["bearing_damage"]
    return u["ambient_C"] + u["running"] * (hot - u["ambient_C"])


COMPONENTS = (VapourCompressionChiller,)
