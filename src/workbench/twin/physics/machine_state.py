"""The state model of D1: temperature, vibration, thermal fatigue, bearing wear, electrical stress and running hours of any machine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values

REFERENCE_AMBIENT_C, GREASE_FULL_LIFE_C = 20.0, 70.0
_LIFE = "the profile's rated life"


class MachineState(Component):
    """A whole machine as one body that warms with its power and three kinds of life used.

    - Temperature: first-order lag towards ``ambient + gain * power * (1 + wear_heat * wear) / h``, where the relative heat
      transfer ``h = free + (1 - free) * cooling`` keeps the share that needs no fan (Incropera, Fundamentals of Heat and Mass
      Transfer, ch. 5 and 9).
    - Thermal fatigue: ageing doubles every ``doubling_K`` (Montsinger 1930, IEC 60216-1 with 10 K).
    - Bearing wear: ``(load / reference)**3`` (ISO 281, ball bearings) and, for the grease, twice the rate every 15 K (one
      and a half times ``doubling_K``) above 70 degC (SKF, Rolling Bearings, relubrication).
    - Electrical stress: ``(load / reference)**2``, the Joule heat of windings and joints, and twice the rate every 20 K
      (twice ``doubling_K``).
    - Vibration: base plus rises with load, heat above reference and wear.

    At the reference load, settled at 20 degC, each life lasts ``life`` operating hours, so that a machine worked as usual uses
    up its rated life and no more.
    """

    model = "machine_state"
    states = (
        State("temperature_C", "degC", "temperature of the machine", low=-273.15),
        State("thermal_fatigue", "1", "share of the thermal life used", low=0.0, noise=0.05, monotone=True),
        State("bearing_wear", "1", "share of the bearings' life used", low=0.0, noise=0.05, monotone=True),
        State("electrical_stress", "1", "share of the electrical life used", low=0.0, noise=0.05, monotone=True),
        State("running_h", "h", "hours run", low=0.0, monotone=True),
    )
    inputs = (
        Input("load", "1", "share of rated power", 0.7),
        Input("ambient_C", "degC", "air around the machine", 20.0),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("cooling", "1", "1 as designed", 1.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (
        Output("vibration_mm_s", "mm/s", "vibration velocity, RMS"),
        Output("power_kW", "kW", "power taken"),
    )
    events = (
        Event("thermal_failure", "thermal_fatigue", "insulation and seals no longer hold"),
        Event("bearing_failure", "bearing_wear", "the bearings no longer carry"),
        Event("electrical_failure", "electrical_stress", "windings or joints no longer conduct or insulate"),
    )
    parameters = (
        Parameter("rated_power_kW", "kW", "rated power", 10.0, 1e-4, 1e6, "name plate"),
        Parameter("gain_K_per_kW", "K/kW", "rise per power taken, settled", 4.0, 1e-6, 1e6, "class value", 0.1),
        Parameter("free_cooling", "1", "share of heat transfer that needs no fan", 0.25, 0.01, 1.0, "class value", 0.1),
        Parameter("time_constant_h", "h", "thermal time constant", 1.0, 1e-3, 100.0, "class value", 0.2),
        Parameter("wear_heat", "1", "rise of the heat at worn-out bearings", 0.3, 0.0, 5.0, "class value"),
        Parameter("reference_load", "1", "load at which the lives hold", 0.7, 0.01, 3.0, "class value"),
        Parameter("thermal_life_h", "h", "thermal life at reference", 20_000.0, 1.0, 1e7, _LIFE, 0.2),
        Parameter("bearing_life_h", "h", "bearing life at reference", 20_000.0, 1.0, 1e7, _LIFE, 0.25),
        Parameter("electrical_life_h", "h", "electrical life at reference", 20_000.0, 1.0, 1e7, _LIFE, 0.2),
        Parameter("doubling_K", "K", "rise that halves the thermal life", 10.0, 2.0, 50.0, "Montsinger 1930; IEC 60216-1"),
        Parameter("vibration_base", "mm/s", "vibration at no load", 0.6, 0.0, 50.0, "class value", 0.1),
        Parameter("vibration_load", "mm/s", "rise at rated load", 0.8, 0.0, 50.0, "class value", 0.1),
        Parameter("vibration_heat", "mm/s/K", "rise per kelvin above reference", 0.01, 0.0, 1.0, "class value"),
        Parameter("vibration_wear", "mm/s", "rise at worn-out bearings", 5.0, 0.0, 100.0, "class value", 0.2),
    )  # fmt: skip

    @staticmethod
    def _settled(u: Values, p: Values, wear: Floats | float) -> Floats | float:
        power = u["running"] * u["load"] * p["rated_power_kW"]
        transfer = p["free_cooling"] + (1.0 - p["free_cooling"]) * u["cooling"]
        return u["ambient_C"] + p["gain_K_per_kW"] * power * (1.0 + p["wear_heat"] * wear) / transfer

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a new machine at its settled temperature."""
        return {"temperature_C": self._settled(u, p, 0.0)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Warm or cool (exact for constant inputs), then use up the three lives."""
        hours = step_s / SECONDS_PER_HOUR
        temperature, wear = x["temperature_C"], x["bearing_wear"]
        keep = np.exp(-hours / p["time_constant_h"])
        temperature *= keep
        temperature += (1.0 - keep) * self._settled(u, p, np.minimum(wear, 1.0))
        run = u["running"] * hours
        load = u["load"] / p["reference_load"]
        usual_C = REFERENCE_AMBIENT_C + p["gain_K_per_kW"] * p["reference_load"] * p["rated_power_kW"]
        above = temperature - usual_C
        grease = np.maximum(temperature, GREASE_FULL_LIFE_C) - np.maximum(usual_C, GREASE_FULL_LIFE_C)
        x["thermal_fatigue"][:] += run * np.exp2(above / p["doubling_K"]) / p["thermal_life_h"]
        wear += run * u["wear"] * load**3 * np.exp2(grease / (1.5 * p["doubling_K"])) / p["bearing_life_h"]
        x["electrical_stress"][:] += run * load**2 * np.exp2(above / (2.0 * p["doubling_K"])) / p["electrical_life_h"]
        x["running_h"][:] += run
        vibration = (
            p["vibration_base"] + p["vibration_load"] * u["load"] + p["vibration_heat"] * np.maximum(above, 0.0)
            + p["vibration_wear"] * np.minimum(wear, 1.0)
        )  # fmt: skip
        return {
            "vibration_mm_s": u["running"] * vibration,
            "power_kW": u["running"] * u["load"] * p["rated_power_kW"],
        }


COMPONENTS = (MachineState,)
