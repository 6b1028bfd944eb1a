"""Gears: pitting after ISO 6336, tooth wear after Archard, the oil that carries film and heat, and lost motion of preloaded drives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .bearing import at_rated_unless_told, kinematic_viscosity
from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values
from .degradation import grow_after

# ISO 6336-2: the pitting S-N curve of case-hardened steel bends at 5e7 cycles; ISO 6336-6: its slope in stress.
PITTING_CYCLES, PITTING_SLOPE = 5e7, 13.22
# Dowson and Higginson: film thickness grows with (viscosity * speed)**0.7.
FILM_EXPONENT = 0.7
PITTING_GROWTH = 6.2
PRESSURE_EXPONENT = 0.08


def pitting_life_cycles(contact_stress_MPa: Floats | float, allowable_MPa: Floats | float) -> Floats | float:
    """Return load cycles to pitting, 5e7 at the allowable stress, with ISO 6336-6's slope through the whole range.

    >>> round(pitting_life_cycles(1500.0, 1500.0))
    50000000
    """
    return PITTING_CYCLES * np.exp(PITTING_SLOPE * np.log(allowable_MPa / contact_stress_MPa))


class GearPair(Component):
    """A gear pair: Miner's sum of contact fatigue, pits that spread, abrasive tooth wear, friction and mesh noise.

    Contact stress grows with the root of the torque (Hertz). A thinner film than at reference shortens the life in
    proportion (class value) and lets flanks touch: wear depth is Archard's k times load times sliding times
    exp(-film ratio), the share of contacts that touch.
    """

    model = "gear_pair"
    states = (
        State("fatigue", "1", "share of the contact fatigue life used", low=0.0, noise=0.05, monotone=True),
        State("damage", "1", "pitted share, 0 none to 1 failed", low=0.0, high=1.0, noise=0.3, monotone=True),
        State("tooth_wear_um", "um", "wear depth of the flanks", low=0.0, noise=0.1, monotone=True),
    )
    inputs = (
        Input("load", "1", "torque, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input(
            "speed_rpm", "rpm", "pinion speed; rated where it is not wired", float("nan"), 0.0, 2.0, "rated_speed_rpm"
        ),
        Input("oil_C", "degC", "temperature of the lubricant", 60.0, -60.0, 250.0),
        Input("lubrication", "1", "share of the lubricant film that arrives, 1 = all", 1.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (
        Output("severity", "1", "what vibration shows: pits and wear, 1 = failed"),
        Output("acceleration_g", "g", "high-frequency acceleration of the mesh, RMS"),
        Output("loss_kW", "kW", "power lost in mesh and oil"),
    )
    events = (Event("failed", "damage", "the flanks no longer carry the load"),)
    parameters = (
        Parameter("rated_power_kW", "kW", "power passed at rated load", 160.0, 1e-3, 1e5, "name plate"),
        Parameter("rated_speed_rpm", "rpm", "pinion speed", 1480.0, 1.0, 1e5, "name plate"),
        Parameter("contact_stress_MPa", "MPa", "Hertz stress at rated torque", 1300.0, 100.0, 4000.0, "class value"),
        Parameter("application_factor", "1", "K_A", 1.25, 1.0, 3.0, "ISO 6336-6, uniform drive, light shocks"),
        Parameter("allowable_MPa", "MPa", "sigma_HG", 1500.0, 100.0, 4000.0, "ISO 6336-5, case-hardened, MQ", 0.03),
        Parameter("propagation_h", "h", "first pit to failure at rated", 750.0, 1.0, 1e6, "P-F interval", 0.3),
        Parameter("propagation_exponent", "1", "of the load", 2.0, 0.0, 10.0, "class value"),
        Parameter("viscosity_40_cSt", "mm2/s", "oil at 40 degC", 320.0, 2.0, 2e3, "ISO 3448, VG 320"),
        Parameter("viscosity_100_cSt", "mm2/s", "oil at 100 degC", 24.0, 1.0, 200.0, "lubricant data sheet"),
        Parameter("film_reference_cSt", "mm2/s", "viscosity of a film of ratio 1", 100.0, 1.0, 2e3, "class value"),
        Parameter("wear_um_h", "um/h", "Archard wear without film at rated", 0.05, 0.0, 100.0, "Archard 1953", 0.3),
        Parameter("wear_limit_um", "um", "wear that vibrates like failure", 1000.0, 1.0, 1e5, "class value"),
        Parameter("mesh_loss", "1", "of the power, at rated load", 0.02, 0.0, 0.5, "two stages, ISO/TR 14179-1", 0.07),
        Parameter("churning_loss", "1", "of the rated power, by speed", 0.018, 0.0, 0.5, "ISO/TR 14179-1", 0.05),
        Parameter("pitted_friction", "1", "rise of mesh loss at failure", 0.15, 0.0, 10.0, "class value"),
        Parameter("dry_friction", "1", "rise of mesh loss without film", 1.0, 0.0, 20.0, "class value"),
        Parameter("acceleration_idle_g", "g", "acceleration without load", 0.3, 0.0, 100.0, "class value", 0.05),
        Parameter("acceleration_load_g", "g", "further at rated load", 0.5, 0.0, 100.0, "class value", 0.07),
        Parameter("acceleration_pitted_g", "g", "further at failure", 3.2, 0.0, 500.0, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return new gears."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Use up contact fatigue, spread pits and wear the flanks."""
        damage = x["damage"]
        load = np.maximum(u["load"], 0.01)
        pace = at_rated_unless_told(u["speed_rpm"], p["rated_speed_rpm"]) / p["rated_speed_rpm"]
        worked_h = u["running"] * u["wear"] * (step_s / SECONDS_PER_HOUR)
        viscosity = kinematic_viscosity(u["oil_C"], p["viscosity_40_cSt"], p["viscosity_100_cSt"])
        thickness = FILM_EXPONENT * np.log(np.maximum(viscosity * pace / p["film_reference_cSt"], 1e-6))
        film = np.minimum(np.exp(thickness) * np.maximum(u["lubrication"], 0.02), 3.0)

        stress = p["contact_stress_MPa"] * np.sqrt(p["application_factor"] * load)
        life_h = pitting_life_cycles(stress, p["allowable_MPa"]) / (60.0 * p["rated_speed_rpm"])
        used = worked_h * pace / (life_h * np.clip(film, 0.05, 1.0))
        x["fatigue"] += used
        spread = worked_h * pace * load ** p["propagation_exponent"] / p["propagation_h"]
        grow_after(x["fatigue"], used, damage, spread, PITTING_GROWTH)
        x["tooth_wear_um"] += worked_h * pace * load * p["wear_um_h"] * np.exp(-film)

        severity = np.minimum(damage + x["tooth_wear_um"] / p["wear_limit_um"], 1.0)
        rough = 1.0 + p["pitted_friction"] * damage + p["dry_friction"] * (1.0 - u["lubrication"])
        turning = u["running"] * pace
        noise = p["acceleration_idle_g"] + p["acceleration_load_g"] * u["load"] + p["acceleration_pitted_g"] * severity
        return {
            "severity": severity,
            "acceleration_g": turning * noise,
            "loss_kW": turning * p["rated_power_kW"] * (p["mesh_loss"] * u["load"] * rough + p["churning_loss"] * pace),
        }


class OilCircuit(Component):
    """The oil of a gear unit: one body that the losses heat and the housing cools, and the pressure of its pump.

    Pressure follows the oil's viscosity through short orifices and falls with the oil that is lost or no longer pumped.
    """

    model = "oil_circuit"
    states = (State("oil_C", "degC", "temperature of the oil", low=-60.0, high=400.0),)
    inputs = (
        Input("loss_kW", "kW", "heat that goes into the oil", 0.0, 0.0, 1e5),
        Input("lost", "1", "oil lost by leaks and a worn pump, 1 = failed", 0.0),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air around the housing", 20.0),
        Input("cooling", "1", "factor on the heat given off", 1.0),
    )
    outputs = (
        Output("pressure_bar", "bar", "pressure of forced lubrication"),
        Output("lubrication", "1", "share of the film that arrives"),
        Output("housing_C", "degC", "housing at the bearings"),
        Output("heat_kW", "kW", "heat given off to the air"),
    )
    parameters = (
        Parameter("conductance_W_K", "W/K", "oil to air", 145.0, 0.1, 1e6, "class value", 0.07),
        Parameter("lag_s", "s", "thermal time constant", 9000.0, 1.0, 1e6, "class value"),
        Parameter("housing_share", "1", "housing's rise over the oil's", 0.7, 0.0, 1.0, "class value", 0.05),
        Parameter("pressure_bar", "bar", "pressure at the reference viscosity", 2.55, 0.0, 500.0, "class value", 0.03),
        Parameter("viscosity_40_cSt", "mm2/s", "oil at 40 degC", 320.0, 2.0, 2e3, "ISO 3448, VG 320"),
        Parameter("viscosity_100_cSt", "mm2/s", "oil at 100 degC", 24.0, 1.0, 200.0, "lubricant data sheet"),
        Parameter("reference_cSt", "mm2/s", "viscosity of pressure_bar", 130.0, 1.0, 2e3, "class value"),
        Parameter("pressure_lost", "1", "share of the pressure lost at failure", 0.55, 0.0, 1.0, "class value"),
        Parameter("film_lost", "1", "share of the film lost at failure", 0.6, 0.0, 1.0, "class value"),
        Parameter("cooling_lost", "1", "share of the cooling lost at failure", 0.15, 0.0, 0.95, "class value"),
    )

    @staticmethod
    def _conductance(u: Values, p: Values) -> Floats | float:
        return p["conductance_W_K"] * np.maximum(u["cooling"], 0.05) * (1.0 - p["cooling_lost"] * u["lost"])

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return oil settled at the loss."""
        return {"oil_C": u["ambient_C"] + 1000.0 * u["loss_kW"] / self._conductance(u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Heat the oil (exact for constant inputs) and return what it delivers."""
        oil, conductance = x["oil_C"], self._conductance(u, p)
        # Less cooling makes the same oil slower: the capacity stays.
        keep = np.exp(-step_s / p["lag_s"] * conductance / p["conductance_W_K"])
        oil *= keep
        oil += (1.0 - keep) * (u["ambient_C"] + 1000.0 * u["loss_kW"] / conductance)
        viscosity = kinematic_viscosity(oil, p["viscosity_40_cSt"], p["viscosity_100_cSt"])
        thick = np.exp(PRESSURE_EXPONENT * np.log(viscosity / p["reference_cSt"]))
        rise = oil - u["ambient_C"]
        return {
            "pressure_bar": u["running"] * p["pressure_bar"] * thick * (1.0 - p["pressure_lost"] * u["lost"]),
            "lubrication": 1.0 - p["film_lost"] * np.minimum(u["lost"], 1.0),
            "housing_C": u["ambient_C"] + p["housing_share"] * rise,
            "heat_kW": conductance * rise / 1000.0,
        }


class PreloadedDrive(Component):
    """A ball screw or joint reducer: rolling wear uses up the preload, then backlash opens and impacts widen it.

    Preload is lost by load**p rolling hours (ISO 3408-5, p = 3); the position error is elastic until then.
    """

    model = "preloaded_drive"
    states = (
        State("preload_used", "1", "share of the preload lost", low=0.0, noise=0.05, monotone=True),
        State("damage", "1", "backlash, 1 = failed", low=0.0, high=1.0, noise=0.2, monotone=True),
    )
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air around the machine", 20.0),
        Input("lubrication", "1", "share of the lubricant film that is there", 1.0),
        Input("sag", "1", "weakness of the drive's supply, 1 = failed", 0.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (Output("error_um", "um", "position error at reversal"),)
    events = (Event("failed", "damage", "the axis no longer holds its tolerance"),)
    parameters = (
        Parameter(
            "life_h", "h", "hours until the preload is lost, at reference", 2600.0, 1.0, 1e7, "class value", 0.35
        ),
        Parameter("load_reference", "1", "load at which life_h holds", 0.6, 0.01, 3.0, "class value"),
        Parameter("load_exponent", "1", "p", 3.0, 0.0, 10.0, "ISO 3408-5"),
        Parameter("propagation_h", "h", "preload lost to failure, at reference", 600.0, 1.0, 1e6, "P-F interval", 0.3),
        Parameter("error_um", "um", "error of a new drive without load", 4.0, 0.0, 1e4, "class value", 0.1),
        Parameter("elastic_um", "um", "elastic error at rated load", 1.5, 0.0, 1e4, "class value", 0.07),
        Parameter("thermal_um_K", "um/K", "growth with the air", 0.05, 0.0, 100.0, "class value", 0.1),
        Parameter("backlash_um", "um", "backlash at failure", 17.0, 0.0, 1e5, "class value"),
        Parameter("sag_um", "um", "tracking error with a failing supply", 0.0, 0.0, 1e5, "class value"),
        Parameter("standing_um", "um", "error while it stands", 2.0, 0.0, 1e4, "class value"),
    )
    # Backlash hammers: three times the pace at failure as at first.
    STEEPNESS = 3.0

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return a new, preloaded drive."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Wear the preload away, then open the backlash."""
        pace = (np.maximum(u["load"], 0.0) / p["load_reference"]) ** p["load_exponent"] / np.maximum(
            u["lubrication"], 0.1
        )
        worked_h = u["running"] * u["wear"] * pace * (step_s / SECONDS_PER_HOUR)
        used = worked_h / p["life_h"]
        x["preload_used"] += used
        grow_after(x["preload_used"], used, x["damage"], worked_h / p["propagation_h"], self.STEEPNESS)
        working = (
            p["error_um"] + p["elastic_um"] * u["load"] + p["thermal_um_K"] * (u["ambient_C"] - 20.0)
            + p["backlash_um"] * x["damage"] + p["sag_um"] * u["sag"]
        )  # fmt: skip
        return {"error_um": p["standing_um"] + u["running"] * (np.maximum(working, 0.0) - p["standing_um"])}


COMPONENTS = (GearPair, OilCircuit, PreloadedDrive)
