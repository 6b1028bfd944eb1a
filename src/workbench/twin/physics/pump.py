"""Pump hydraulics from the name plate: head curve and system curve, suction and cavitation, leaks and shaft power."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values

ATMOSPHERE_BAR = 1.01325
# Head in metres of a pressure of 1 bar, for a liquid of 1000 kg/m3.
METRES_PER_BAR = 1e5 / (1000.0 * 9.80665)
# ISO 9906: NPSH3 is the suction head at which a pump has lost 3 % of its head.
LOST_AT_NPSH3 = 0.03
DEEPEST = 3.0

Number = Floats | float


class PumpHydraulics(Component):
    """A centrifugal pump between a suction vessel and a system of static pressure and resistance.

    Head H = n^2 H0 - a Q^2 with the affinity laws Q ~ n, H ~ n^2, P ~ n^3 (Gülich, Centrifugal Pumps, ch. 4; ISO 9906). The
    system takes p = p_static + K Q^2; a valve sets K so that the sound pump at rated speed delivers ``load`` times the
    rated flow. Leaks and wear move the point where both curves meet, so that flow and pressure fall together. Available
    NPSH falls with the losses in the suction line. Bubbles form below ``inception_ratio`` times NPSH3 (ANSI/HI 9.6.1);
    at NPSH3 3 % of the head is lost (ISO 9906).
    """

    model = "pump_hydraulics"
    inputs = (
        Input("load", "1", "flow asked for, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("speed", "1", "speed, 1 = rated", 1.0, 0.1, 1.5),
        Input("suction_clogging", "1", "clogging of the suction strainer, 1 = failed", 0.0),
        Input("seal_wear", "1", "wear of seal and wear rings, 1 = failed", 0.0),
        Input("misalignment", "1", "misalignment of the shaft, 1 = failed", 0.0),
        Input("erosion", "1", "impeller material lost to bubbles, 1 = failed", 0.0),
        Input("bearing_acceleration_g", "g", "acceleration that the bearing makes", 0.0, 0.0, 1000.0),
    )
    outputs = (
        Output("flow_m3_h", "m3/h", "flow delivered"),
        Output("suction_bar", "bar", "gauge pressure before the impeller"),
        Output("discharge_bar", "bar", "gauge pressure behind the pump"),
        Output("power_kW", "kW", "shaft power"),
        Output("hydraulic_kW", "kW", "power given to the flow delivered"),
        Output("heat_kW", "kW", "power lost to the liquid and the leak"),
        Output("npsh_margin_m", "m", "available less required (NPSH3) suction head"),
        Output("cavitation", "1", "0 at inception, 1 at NPSH3, while it runs"),
        Output("acceleration_g", "g", "acceleration of bearing and bubbles, RMS"),
    )
    parameters = (
        Parameter("rated_flow_m3_h", "m3/h", "flow at load 1", 60.0, 0.01, 1e5, "name plate"),
        Parameter("rated_pressure_bar", "bar", "discharge at rated flow", 6.0, 0.1, 400.0, "name plate"),
        Parameter("rated_power_kW", "kW", "shaft power at rated flow", 15.0, 0.01, 1e5, "name plate"),
        Parameter("supply_bar", "bar", "suction vessel", 1.7, -0.9, 50.0, "class value", 0.02),
        Parameter("suction_loss_bar", "bar", "suction line at rated flow", 0.4, 0.0, 10.0, "class value", 0.1),
        Parameter("shutoff_ratio", "1", "head without flow over rated", 1.12, 1.01, 2.0, "Gülich, ch. 4", 0.01),
        Parameter("static_share", "1", "static part of the discharge pressure", 0.5, 0.0, 0.95, "class value"),
        Parameter("idle_power", "1", "shaft power without flow over rated", 0.2, 0.0, 0.9, "power curve", 0.05),
        Parameter("vapour_bar", "bar", "vapour pressure, absolute", 0.05, 0.001, 20.0, "water at 33 degC"),
        Parameter("npsh3_m", "m", "required suction head without flow", 3.2, 0.1, 30.0, "class value", 0.05),
        Parameter("npsh3_rise_m", "m", "its rise to rated flow", 1.0, 0.0, 50.0, "class value", 0.05),
        Parameter("inception_ratio", "1", "inception over NPSH3", 5.4, 1.2, 20.0, "ANSI/HI 9.6.1: 2 to 20", 0.05),
        Parameter("clogged_bar", "bar", "strainer at rated flow, failed", 2.6, 0.0, 20.0, "class value", 0.1),
        Parameter("leak_share", "1", "leak over rated flow, seal failed", 0.3, 0.0, 1.0, "class value", 0.1),
        Parameter("seal_head", "1", "head lost with worn rings", 0.2, 0.0, 0.9, "class value", 0.1),
        Parameter(
            "impeller_head", "1", "loss of head of a pitted impeller, as of speed", 0.15, 0.0, 0.9, "class value", 0.1
        ),
        Parameter("misaligned_power", "1", "power added, misaligned", 0.08, 0.0, 1.0, "class value", 0.1),
        Parameter("bubbles_g", "g", "acceleration at NPSH3", 7.0, 0.0, 100.0, "class value", 0.1),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: the operating point follows at once."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return the operating point."""
        asked = np.maximum(u["load"], 0.02)
        speed = u["speed"]
        clogged = p["suction_loss_bar"] + p["clogged_bar"] * u["suction_clogging"]
        rated_head = p["rated_pressure_bar"] - p["supply_bar"] + p["suction_loss_bar"]
        shutoff = p["shutoff_ratio"] * rated_head
        steepness = shutoff - rated_head
        static = p["static_share"] * p["rated_pressure_bar"]
        # The valve that gives a sound pump the flow asked for.
        resistance = (p["supply_bar"] + shutoff - static) / (asked * asked) - steepness - p["suction_loss_bar"]
        resistance = np.maximum(resistance, 0.05)
        worn = 1.0 - p["impeller_head"] * u["erosion"]
        head = shutoff * (speed * worn) ** 2 * (1.0 - p["seal_head"] * u["seal_wear"])
        leak = p["leak_share"] * u["seal_wear"]
        curve = steepness + clogged
        flow = _operating_flow(p["supply_bar"] + head - static, curve, resistance, leak)
        through = flow + leak
        shortage, margin = _shortage(through, clogged, p)
        if np.any(shortage > 0.0):
            # A second look with the head that the bubbles leave.
            head = head * (1.0 - LOST_AT_NPSH3 * shortage * shortage)
            flow = _operating_flow(p["supply_bar"] + head - static, curve, resistance, leak)
            through = flow + leak
            shortage, margin = _shortage(through, clogged, p)
        running = u["running"]
        suction = p["supply_bar"] - clogged * through * through
        discharge = static + resistance * flow * flow
        power = (p["idle_power"] + (1.0 - p["idle_power"]) * through / speed) * speed**3
        power = power * (running * p["rated_power_kW"]) * (1.0 + p["misaligned_power"] * u["misalignment"])
        delivered = running * p["rated_flow_m3_h"] * flow
        hydraulic = delivered * np.maximum(discharge - suction, 0.0) * (1e5 / 3.6e6)
        bubbles = p["bubbles_g"] * shortage
        return {
            "flow_m3_h": delivered,
            "suction_bar": p["supply_bar"] + running * (suction - p["supply_bar"]),
            "discharge_bar": p["supply_bar"] + running * (discharge - p["supply_bar"]),
            "power_kW": power,
            "hydraulic_kW": hydraulic,
            "heat_kW": power - hydraulic,
            "npsh_margin_m": margin,
            "cavitation": shortage,
            "acceleration_g": np.sqrt(u["bearing_acceleration_g"] ** 2 + running * bubbles * bubbles),
        }


class CavitationErosion(Component):
    """Pits that collapsing bubbles make: their rate grows with the square of the shortage of suction head.

    At NPSH3 (cavitation 1) the impeller lasts ``erosion_h``; the exponent is a class value (Gülich, ch. 6).
    """

    model = "cavitation_erosion"
    states = (State("erosion", "1", "impeller material lost, 1 = failed", low=0.0, noise=0.1, monotone=True),)
    inputs = (
        Input("cavitation", "1", "0 at inception, 1 at NPSH3", 0.0, 0.0, 3.0),
        Input("clogging", "1", "clogging of the suction, 1 = failed", 0.0),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (Output("damage", "1", "the worse of clogging and erosion"),)
    events = (Event("failed", "damage", "no suction, or an impeller pitted through"),)
    parameters = (Parameter("erosion_h", "h", "life under cavitation at NPSH3", 2000.0, 10.0, 1e6, "class value", 0.4),)

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return an impeller without pits."""
        return {"erosion": 0.0}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Let the pits grow."""
        depth, hours = u["cavitation"], u["running"] * u["wear"] * (step_s / SECONDS_PER_HOUR)
        erosion = x["erosion"]
        erosion += depth * depth * hours / p["erosion_h"]
        return {"damage": np.minimum(np.maximum(u["clogging"], erosion), 1.0)}


def _operating_flow(drive: Number, curve: Number, resistance: Number, leak: Number) -> Number:
    """Return the delivered flow q, rated = 1: drive = curve (q + leak)^2 + resistance q^2; 0 where the drive is too weak."""
    total = curve + resistance
    linear = curve * leak
    inside = linear * linear + total * (drive - linear * leak)
    return np.maximum((np.sqrt(np.maximum(inside, 0.0)) - linear) / total, 0.0)


def _shortage(through: Number, suction_loss: Number, p: Values) -> tuple[Number, Number]:
    """Return the cavitation at a through-flow, 0 at inception and 1 at NPSH3, and the margin over NPSH3 in metres."""
    square = through * through
    absolute = p["supply_bar"] + ATMOSPHERE_BAR - p["vapour_bar"] - suction_loss * square
    required = p["npsh3_m"] + p["npsh3_rise_m"] * square
    margin = METRES_PER_BAR * absolute - required
    depth = 1.0 - margin / (required * (p["inception_ratio"] - 1.0))
    return np.minimum(np.maximum(depth, 0.0), DEEPEST), margin


COMPONENTS = (PumpHydraulics, CavitationErosion)
