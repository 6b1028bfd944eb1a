"""Oil hydraulics: a power unit with pump, leakage and cylinder, and the filter that keeps its oil clean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values
from .lag import follow

# ISO 4406: each scale number stands for twice the particles; number 1 ends at 0.02 per ml.
ISO_4406_SMALLEST = 0.01

Number = Floats | float


class HydraulicPowerUnit(Component):
    """A pump that feeds cylinders through valves, by its balance of flow and of heat.

    The flow that works is the pump's less leakage; leakage grows with pressure over viscosity (laminar gaps,
    Hagen-Poiseuille), with worn seals and valves; viscosity halves every ``halving_K``. A compensated pump gives its
    pressure up in proportion to the flow that leaks. The stroke takes as long as the flow left needs. Leakage over a
    throttle turns all its power into heat: the oil warms until the cooler carries it off (ISO 4413; Ivantysyn, Hydrostatic
    Pumps and Motors, 2001).
    """

    model = "hydraulic_power_unit"
    states = (State("oil_C", "degC", "temperature of the oil", low=-50.0, high=200.0, noise=0.2),)
    inputs = (
        Input("load", "1", "work asked for, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air around it", 20.0),
        Input("cooling", "1", "factor on the cooler", 1.0),
        Input("seal_wear", "1", "wear of the cylinder seals, 1 = failed", 0.0),
        Input("valve_wear", "1", "wear of the valves, 1 = failed", 0.0),
        Input("cooler_fouling", "1", "fouling of the cooler, 1 = failed", 0.0),
        Input("cavitation", "1", "cavitation of the pump, 1 = failed", 0.0),
    )
    outputs = (
        Output("pressure_bar", "bar", "system pressure"),
        Output("cycle_time_s", "s", "duration of a working cycle"),
        Output("power_kW", "kW", "shaft power of the pump"),
        Output("heat_kW", "kW", "loss that warms the oil"),
        Output("leakage", "1", "leakage over the pump's flow"),
        Output("viscosity", "1", "viscosity over that at the reference temperature"),
        Output("efficiency", "1", "work done over shaft power"),
    )
    parameters = (
        Parameter("rated_pressure_bar", "bar", "highest working pressure", 250.0, 10.0, 1000.0, "name plate"),
        Parameter("rated_power_kW", "kW", "shaft power at load 1", 55.0, 0.1, 1e4, "name plate"),
        Parameter("setting", "1", "pressure at rest over the highest", 0.968, 0.5, 1.2, "class value", 0.01),
        Parameter("load_bar", "bar", "rise of the pressure to load 1", 6.0, 0.0, 100.0, "class value"),
        Parameter("idle_power", "1", "power without work, of rated", 0.17, 0.02, 0.8, "class value", 0.05),
        Parameter("work_share", "1", "of the power taken by work, what becomes work", 0.7, 0.1, 0.95, "class value"),
        Parameter("dwell_s", "s", "part of the cycle that no flow shortens", 6.0, 0.0, 3600.0, "class value", 0.02),
        Parameter("stroke_s", "s", "part at full flow without load", 5.3, 0.1, 3600.0, "class value", 0.02),
        Parameter("load_stroke_s", "s", "its rise to load 1", 1.4, 0.0, 3600.0, "class value", 0.05),
        Parameter("leakage_new", "1", "leakage when new over the pump's flow", 0.03, 0.001, 0.3, "class value", 0.1),
        Parameter("reference_C", "degC", "oil at which it holds", 45.0, 0.0, 100.0, "ISO VG 46"),
        Parameter("halving_K", "K", "rise that halves the viscosity", 20.0, 5.0, 60.0, "ISO VG 46, ASTM D341"),
        Parameter("seal_leakage", "1", "further leakage, seals failed", 0.4, 0.0, 0.95, "class value", 0.1),
        Parameter("valve_leakage", "1", "further leakage, valves failed", 0.15, 0.0, 0.95, "class value", 0.1),
        Parameter("seal_pressure", "1", "pressure lost over seal leakage", 0.32, 0.0, 2.0, "class value", 0.1),
        Parameter("valve_pressure", "1", "pressure lost over valve leakage", 1.0, 0.0, 2.0, "class value", 0.1),
        Parameter("cavitation_flow", "1", "pump flow lost in cavitation", 0.18, 0.0, 0.9, "class value", 0.1),
        Parameter("cavitation_pressure", "1", "pressure lost in cavitation", 0.06, 0.0, 0.9, "class value", 0.1),
        Parameter("rise_K", "K", "oil above air at rated power loss", 30.0, 1.0, 150.0, "class value", 0.05),
        Parameter("fouled_share", "1", "cooling lost, fouled", 0.44, 0.0, 0.95, "class value", 0.05),
        Parameter("oil_lag_s", "s", "time constant of the oil", 9000.0, 60.0, 1e6, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the oil at the temperature it settles at, but for what leaks more by its own warmth."""
        _, loss = _power(_throttled(p["leakage_new"], u, p), u, p)
        return {"oil_C": _settled(loss, u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Warm the oil by the losses and return what the unit does at the end of the step."""
        oil, running = x["oil_C"], u["running"]
        thinner = np.exp2(np.minimum(np.maximum((oil - p["reference_C"]) / p["halving_K"], -4.0), 4.0))
        gaps = p["leakage_new"] * thinner
        power, loss = _power(_throttled(gaps, u, p), u, p)
        follow(oil, _settled(loss, u, p), p["oil_lag_s"], step_s)
        by_seal, by_valve = p["seal_leakage"] * u["seal_wear"], p["valve_leakage"] * u["valve_wear"]
        leakage = np.minimum(gaps + by_seal + by_valve, 0.9)
        flow = np.maximum(1.0 - p["cavitation_flow"] * u["cavitation"] - gaps - by_seal - 0.3 * by_valve, 0.1)
        held = 1.0 - p["seal_pressure"] * by_seal - p["valve_pressure"] * by_valve
        held = held - p["cavitation_pressure"] * u["cavitation"]
        stroke = p["stroke_s"] + p["load_stroke_s"] * u["load"]
        return {
            "pressure_bar": running * (p["rated_pressure_bar"] * p["setting"] * held - 5.0 + p["load_bar"] * u["load"]),
            "cycle_time_s": running * (p["dwell_s"] + stroke / flow),
            "power_kW": power,
            "heat_kW": loss,
            "leakage": leakage,
            "viscosity": 1.0 / thinner,
            "efficiency": 1.0 - loss / np.maximum(power, 1e-9),
        }


def _throttled(gaps: Number, u: Values, p: Values) -> Number:
    """Return the leakage over throttles, which the pump makes up and which turns to heat."""
    return gaps + p["valve_leakage"] * u["valve_wear"]


def _power(throttled: Number, u: Values, p: Values) -> tuple[Number, Number]:
    """Return shaft power and loss in kW."""
    load = np.maximum(u["load"], 0.0)
    worked = (1.0 - p["idle_power"]) * load
    # The name plate's power holds with the leakage of a new unit.
    excess = np.maximum(throttled - p["leakage_new"], 0.0)
    scale = u["running"] * p["rated_power_kW"]
    power = scale * (p["idle_power"] + worked + excess)
    return power, power - scale * p["work_share"] * worked


def _settled(loss: Number, u: Values, p: Values) -> Number:
    """Return the oil temperature at which the cooler carries the loss off."""
    rated_loss = p["rated_power_kW"] * (p["idle_power"] + (1.0 - p["idle_power"]) * (1.0 - p["work_share"]))
    carried = np.maximum(u["cooling"] * (1.0 - p["fouled_share"] * u["cooler_fouling"]), 0.05)
    return u["ambient_C"] + p["rise_K"] * loss / rated_loss / carried


class OilFilter(Component):
    """A filter in the return line: particles per ml by ISO 4406, dirt held, and the pressure drop it costs.

    Particles come in with the air and from wear and leave by the filter: dN/dt = rate - N (1 - 1/beta) turnover (ISO 16889,
    beta ratio), solved exactly. The element fills with what it holds; its resistance grows slowly and then steeply with
    the share of its capacity that is used, and the drop with the oil's flow and viscosity (Darcy).
    """

    model = "oil_filter"
    states = (
        State("particles_ml", "1/ml", "particles above 6 um", low=0.0, noise=2.0),
        State("dirt", "1", "dirt held over the element's capacity", low=0.0, noise=0.05, monotone=True),
    )
    inputs = (
        Input("load", "1", "flow, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("viscosity", "1", "viscosity over that at the reference temperature", 1.0, 0.01, 1000.0),
        Input("generated", "1", "wear of the parts around, 1 = failed", 0.0),
        Input("wear", "1", "factor on the rate of dirt", 1.0),
    )
    outputs = (
        Output("drop_bar", "bar", "pressure drop"),
        Output("clogging", "1", "damage: resistance gained over that allowed"),
        Output("iso_4406_6um", "1", "ISO 4406 scale number at 6 um"),
    )
    events = (Event("clogged", "clogging", "the bypass opens"),)
    parameters = (
        Parameter("element_h", "h", "life of the element", 2000.0, 10.0, 1e6, "class value", 0.3),
        Parameter("ingress_ml_h", "1/ml/h", "particles from outside", 3000.0, 0.0, 1e8, "class value", 0.3),
        Parameter("generation", "1", "rise of the ingress with failed parts", 3.0, 0.0, 100.0, "class value", 0.2),
        Parameter("beta", "1", "filtration ratio at 6 um", 75.0, 1.01, 1e4, "ISO 16889"),
        Parameter("turnover_per_h", "1/h", "oil volumes filtered per hour", 10.0, 0.01, 1e3, "class value"),
        Parameter("drop_idle_bar", "bar", "clean, without load", 0.6, 0.0, 20.0, "class value", 0.05),
        Parameter("drop_load_bar", "bar", "its rise to load 1", 0.7, 0.0, 20.0, "class value", 0.05),
        Parameter("clogged_bar", "bar", "further drop, clogged", 2.7, 0.1, 50.0, "bypass setting"),
        Parameter("viscous_share", "1", "of the drop that follows the viscosity", 0.15, 0.0, 1.0, "class value"),
        Parameter("shown_after", "1", "share of its life after which it shows", 0.8, 0.0, 0.99, "P-F interval / life"),
        Parameter("growth", "1", "exponent of the resistance", 3.4, 0.2, 10.0, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a clean element in oil that has settled."""
        return {"particles_ml": p["ingress_ml_h"] * u["wear"] / _cleaning(p), "dirt": 0.0}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Move the balance of particles and fill the element."""
        particles, dirt = x["particles_ml"], x["dirt"]
        hours = u["running"] * (step_s / SECONDS_PER_HOUR)
        entering = u["wear"] * (1.0 + p["generation"] * u["generated"])
        keep = np.exp(-_cleaning(p) * hours)
        particles *= keep
        particles += (1.0 - keep) * (p["ingress_ml_h"] / _cleaning(p)) * entering
        dirt += hours * entering / p["element_h"]
        shown = np.minimum(np.maximum((dirt - p["shown_after"]) / (1.0 - p["shown_after"]), 0.0), 1.0)
        clogging = shown ** p["growth"] if np.any(shown) else shown
        clean = (p["drop_idle_bar"] + p["drop_load_bar"] * u["load"]) * (
            1.0 + p["viscous_share"] * (u["viscosity"] - 1.0)
        )
        return {
            "drop_bar": u["running"] * (clean + p["clogged_bar"] * clogging),
            "clogging": clogging,
            "iso_4406_6um": np.ceil(np.log2(np.maximum(particles, ISO_4406_SMALLEST) / ISO_4406_SMALLEST)),
        }


def _cleaning(p: Values) -> Number:
    """Return the rate per hour at which particles are taken out."""
    return p["turnover_per_h"] * (1.0 - 1.0 / p["beta"])


COMPONENTS = (HydraulicPowerUnit, OilFilter)
