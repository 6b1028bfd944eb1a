"""Turbofan engine at a thrust setting: exhaust gas temperature and its margin, fuel, rotor speed and oil system."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import KELVIN, SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values
from .lag import follow

# Engines are trended at the corner point of flat rating.
HOTTEST_DAY_C = 30.0

Number = Floats | float


class Turbofan(Component):
    """A gas path by corrected parameters, and its oil.

    Exhaust gas temperature and fuel flow at a thrust setting scale with powers of the inlet temperature over the standard
    day's (Volponi, Gas turbine parameter corrections, ASME 98-GT-347). Lost compressor and turbine efficiency and bled air
    must be made up by heat: both rise (Saravanamuttoo, Gas Turbine Theory, ch. 9). The margin to the red line is told
    at full thrust on a day of 30 degC, as engines are trended. Efficiency is lost quickly at first and then steadily.
    """

    model = "turbofan"
    states = (
        State("deterioration", "1", "efficiency lost over that at removal", low=0.0, noise=0.1, monotone=True),
        State("oil_C", "degC", "temperature of the oil", low=-60.0, high=400.0, noise=0.4),
    )
    inputs = (
        Input("load", "1", "thrust setting, 1 = full", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air at the inlet", 20.0),
        Input("cooling", "1", "factor on the oil cooler", 1.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
        Input("bleed_leak", "1", "leak of the bleed valve, 1 = failed", 0.0),
        Input("oil_loss", "1", "loss of oil pressure, 1 = failed", 0.0),
        Input("bearing_damage", "1", "damage of the main bearing, 1 = failed", 0.0),
    )
    outputs = (
        Output("egt_C", "degC", "exhaust gas temperature"),
        Output("egt_margin_K", "K", "red line less the temperature at full thrust on a hot day"),
        Output("fuel_kg_s", "kg/s", "fuel flow"),
        Output("heat_MW", "MW", "heat of the fuel"),
        Output("fan_rpm", "rpm", "speed of the fan while it runs"),
        Output("oil_bar", "bar", "oil pressure"),
        Output("lubrication", "1", "share of the oil that reaches the bearings"),
    )
    events = (Event("margin_used_up", "deterioration", "the engine no longer gives full thrust below the red line"),)
    parameters = (
        Parameter("rated_speed_rpm", "rpm", "highest speed of the fan", 5175.0, 500.0, 3e4, "name plate"),
        Parameter("idle_speed", "1", "fan speed without thrust, of the highest", 0.2705, 0.05, 0.9, "class value"),
        Parameter("speed_rise", "1", "its rise to full thrust", 0.6957, 0.05, 0.95, "class value"),
        Parameter("idle_egt_C", "degC", "without thrust at 20 degC", 430.0, 100.0, 900.0, "class value", 0.01),
        Parameter("egt_rise_K", "K", "rise to full thrust", 430.0, 50.0, 900.0, "class value", 0.01),
        Parameter("egt_exponent", "1", "power of the inlet temperature", 0.35, 0.0, 1.2, "flat rated; Volponi", 0.05),
        Parameter("red_line_C", "degC", "highest allowed", 950.0, 300.0, 1400.0, "type certificate, class value"),
        Parameter("idle_fuel_kg_s", "kg/s", "fuel without thrust", 0.1, 0.001, 5.0, "class value", 0.02),
        Parameter("fuel_rise_kg_s", "kg/s", "its rise to full thrust", 1.05, 0.01, 10.0, "class value", 0.02),
        Parameter("fuel_exponent", "1", "power of the inlet temperature", 0.1, 0.0, 1.2, "class value"),
        Parameter("lower_heating_MJ_kg", "MJ/kg", "heat of the fuel", 43.1, 40.0, 50.0, "Jet A-1, ASTM D1655"),
        Parameter("removal_h", "h", "time on wing", 30_000.0, 100.0, 1e6, "rated life", 0.2),
        Parameter(
            "removal_egt_K", "K", "temperature gained by then at full thrust", 60.0, 1.0, 300.0, "class value", 0.1
        ),
        Parameter("early_share", "1", "of it in the first tenth", 0.3, 0.1, 0.9, "class value", 0.1),
        Parameter("fuel_per_K", "1/K", "fuel by the temperature gained", 0.0017, 0.0, 0.01, "class value", 0.05),
        Parameter("bleed_egt_K", "K", "bleed valve failed, at full thrust", 110.0, 0.0, 400.0, "class value", 0.1),
        Parameter("oil_idle_K", "K", "oil above air without thrust", 42.0, 0.0, 200.0, "class value", 0.03),
        Parameter("oil_rise_K", "K", "its rise to full thrust", 48.0, 0.0, 200.0, "class value", 0.05),
        Parameter("oil_air_share", "1", "of the air's change that the oil sees", 0.4, 0.0, 1.0, "fuel-cooled"),
        Parameter("oil_bearing_K", "K", "oil hotter, bearing failed", 34.0, 0.0, 200.0, "class value", 0.1),
        Parameter("oil_starved_K", "K", "oil hotter, pressure lost", 30.0, 0.0, 200.0, "class value", 0.1),
        Parameter("oil_lag_s", "s", "time constant of the oil", 1080.0, 1.0, 1e5, "class value"),
        Parameter("idle_oil_bar", "bar", "oil pressure without thrust", 2.6, 0.1, 20.0, "class value", 0.02),
        Parameter("oil_rise_bar", "bar", "its rise to full thrust", 1.2, 0.0, 20.0, "class value", 0.03),
        Parameter("oil_lost", "1", "share of the pressure lost at failure", 0.54, 0.0, 1.0, "class value", 0.05),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a new engine with warm oil."""
        return {"deterioration": 0.0, "oil_C": _oil(u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Wear the gas path, warm the oil, and return the gas path at the setting."""
        lost, oil, running = x["deterioration"], x["oil_C"], u["running"]
        load = np.maximum(u["load"], 0.0)
        # The first tenth of the loss takes its share of the time; hotter gas wears faster.
        early = np.where(lost < p["early_share"], p["early_share"] * 10.0, (1.0 - p["early_share"]) / 0.9)
        lost += running * u["wear"] * (0.5 + 0.67 * load) * early * (step_s / SECONDS_PER_HOUR) / p["removal_h"]
        follow(oil, _oil(u, p), p["oil_lag_s"], step_s)
        gained = p["removal_egt_K"] * np.minimum(lost, 2.0) + p["bleed_egt_K"] * u["bleed_leak"]
        setting = 0.45 + 0.55 * load
        egt = _egt(load, u["ambient_C"], gained * setting, p)
        warmth = (u["ambient_C"] + KELVIN) / (20.0 + KELVIN)
        fuel = (p["idle_fuel_kg_s"] + p["fuel_rise_kg_s"] * load) * (1.0 + p["fuel_per_K"] * gained * setting)
        fuel = running * fuel * warmth ** p["fuel_exponent"]
        return {
            "egt_C": u["ambient_C"] + running * (egt - u["ambient_C"]),
            "egt_margin_K": p["red_line_C"] - _egt(1.0, HOTTEST_DAY_C, gained, p),
            "fuel_kg_s": fuel,
            "heat_MW": fuel * p["lower_heating_MJ_kg"],
            "fan_rpm": np.where(running > 0, p["rated_speed_rpm"] * (p["idle_speed"] + p["speed_rise"] * load), 0.0),
            "oil_bar": running * (p["idle_oil_bar"] + p["oil_rise_bar"] * load) * (1.0 - p["oil_lost"] * u["oil_loss"]),
            "lubrication": 1.0 - p["oil_lost"] * u["oil_loss"],
        }


def _egt(load: Number, ambient: Number, gained: Number, p: Values) -> Number:
    warmth = (ambient + KELVIN) / (20.0 + KELVIN)
    new = p["idle_egt_C"] + p["egt_rise_K"] * load + KELVIN
    return new * warmth ** p["egt_exponent"] - KELVIN + gained


def _oil(u: Values, p: Values) -> Number:
    rise = (p["oil_idle_K"] + p["oil_rise_K"] * u["load"]) / np.maximum(u["cooling"], 0.1)
    rise = rise + p["oil_bearing_K"] * u["bearing_damage"] + p["oil_starved_K"] * u["oil_loss"]
    warm = 20.0 + p["oil_air_share"] * (u["ambient_C"] - 20.0) + rise
    return u["ambient_C"] + u["running"] * (warm - u["ambient_C"])


COMPONENTS = (Turbofan,)
