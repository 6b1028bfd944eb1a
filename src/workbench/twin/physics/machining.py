"""Machine tools: tool life after Taylor, the spindle's speed and power, and the coolant that reaches tool and spindle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .bearing import at_rated_unless_told
from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values


def taylor_life_min(speed_m_min: Floats | float, constant: Floats | float, exponent: Floats | float) -> Floats | float:
    """Return the tool life in minutes in cut, V T^n = C (Taylor 1907; ISO 3685).

    >>> round(float(taylor_life_min(100.0, 400.0, 0.25)))
    256
    """
    return np.exp(np.log(constant / np.maximum(speed_m_min, 1e-3)) / exponent)


class CuttingTool(Component):
    """The tools of a machine: each edge wears by Taylor's law while it cuts, the magazine shares the work.

    Flank wear breaks in quickly, grows steadily, and accelerates in the last part of the life (ISO 3685, tool-life
    curve); what it adds there is the damage. Life shortens with chip load as load**-load_exponent (extended Taylor).
    """

    model = "cutting_tool"
    states = (State("used", "1", "share of the tool life used", low=0.0, noise=0.1, monotone=True),)
    inputs = (
        Input("load", "1", "chip load, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which the machine works", 1.0),
        Input(
            "speed_rpm", "rpm", "spindle speed; rated where it is not wired", float("nan"), 0.0, 2.0, "rated_speed_rpm"
        ),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (
        Output("damage", "1", "wear beyond the steady part, 1 = worn out"),
        Output("flank_wear_mm", "mm", "width of the flank wear land VB"),
        Output("force", "1", "cutting force over a new tool's"),
        Output("life_h", "h", "tool life in cut at these conditions"),
    )
    events = (Event("failed", "damage", "the edge no longer cuts to size"),)
    parameters = (
        Parameter("taylor_n", "1", "exponent n", 0.25, 0.05, 1.0, "carbide, ISO 3685"),
        Parameter("taylor_c_m_min", "m/min", "speed of one minute's life, C", 480.0, 10.0, 1e4, "class value", 0.08),
        Parameter("rated_speed_rpm", "rpm", "rated spindle speed", 12_000.0, 10.0, 1e6, "name plate"),
        Parameter("cutting_speed_m_min", "m/min", "cutting speed at rated speed", 180.0, 1.0, 5e3, "class value"),
        Parameter("load_exponent", "1", "of the chip load", 0.6, 0.0, 3.0, "extended Taylor equation"),
        Parameter("load_reference", "1", "chip load at which C holds", 0.6, 0.01, 3.0, "class value"),
        Parameter(
            "cut_share", "1", "share of the running time in which one edge cuts", 0.004, 1e-6, 1.0, "class value"
        ),
        Parameter("limit_mm", "mm", "VB at which it is worn out", 0.3, 0.01, 5.0, "ISO 3685, 0.3 mm"),
        Parameter("steady_share", "1", "share of VB before it accelerates", 0.25, 0.01, 0.95, "class value"),
        Parameter(
            "accelerates_after", "1", "share of life where it accelerates", 0.95, 0.1, 0.99, "P-F interval / life"
        ),
        Parameter("force_rise", "1", "rise of the cutting force at VB limit", 0.95, 0.0, 10.0, "class value", 0.1),
    )
    BREAK_IN = 20.0

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return new edges."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Use up tool life and return wear and force."""
        used = x["used"]
        pace = at_rated_unless_told(u["speed_rpm"], p["rated_speed_rpm"]) / p["rated_speed_rpm"]
        minutes = taylor_life_min(p["cutting_speed_m_min"] * pace, p["taylor_c_m_min"], p["taylor_n"])
        chip = np.maximum(u["load"], 0.01) / p["load_reference"]
        life_h = minutes / 60.0 * chip ** -p["load_exponent"]
        used += u["running"] * u["wear"] * p["cut_share"] * (step_s / SECONDS_PER_HOUR) / life_h

        after = p["accelerates_after"]
        steady = (1.0 - np.exp(-self.BREAK_IN * used)) / 3.0 + np.minimum(used / after, 1.0) * (2.0 / 3.0)
        damage = np.clip((used - after) / (1.0 - after), 0.0, 1.0)
        flank = p["steady_share"] * steady + (1.0 - p["steady_share"]) * damage
        return {
            "damage": damage,
            "flank_wear_mm": p["limit_mm"] * flank,
            "force": 1.0 + p["force_rise"] * flank,
            "life_h": life_h,
        }


class Spindle(Component):
    """A spindle drive: the programme's speed for the load, and power for idling and cutting."""

    model = "spindle"
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it turns", 1.0),
        Input("force", "1", "cutting force over a new tool's", 1.0, 0.0, 10.0),
        Input("friction_kW", "kW", "friction of the bearings", 0.0, 0.0, 1e5),
    )
    outputs = (
        Output("speed_rpm", "rpm", "spindle speed while it runs"),
        Output("power_kW", "kW", "power of the spindle drive"),
        Output("cutting_kW", "kW", "power at the tool"),
    )
    parameters = (
        Parameter("rated_speed_rpm", "rpm", "highest speed", 12_000.0, 10.0, 1e6, "name plate"),
        Parameter("slowest", "1", "share of rated speed at load 0", 0.25, 0.0, 1.0, "class value"),
        Parameter("faster", "1", "further share at rated load", 0.5, 0.0, 1.0, "class value"),
        Parameter("idle_kW", "kW", "drive and belts without bearings and cut", 1.4, 0.0, 1e3, "class value", 0.05),
        Parameter("cutting_kW", "kW", "cutting power of a new tool at rated load", 14.0, 0.0, 1e4, "class value", 0.07),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: the drive follows at once."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return speed and power."""
        running, load = u["running"], np.maximum(u["load"], 0.0)
        cutting = running * p["cutting_kW"] * load * u["force"]
        speed = p["rated_speed_rpm"] * np.minimum(p["slowest"] + p["faster"] * load, 1.0)
        return {
            "speed_rpm": np.where(running > 0, speed, 0.0),
            "power_kW": running * p["idle_kW"] + u["friction_kW"] + cutting,
            "cutting_kW": cutting,
        }


class CoolantCircuit(Component):
    """Coolant through filter and nozzles: nozzle pressure grows with the square of the flow, the filter's drop with the flow.

    The coolant also cools the spindle: its jacket warms by the heat over the flow.
    """

    model = "coolant_circuit"
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it flows", 1.0),
        Input("ambient_C", "degC", "air around the machine", 20.0),
        Input("cooling", "1", "factor on the heat given off", 1.0),
        Input("clogging", "1", "damage of the filter, 1 = failed", 0.0),
    )
    outputs = (
        Output("pressure_bar", "bar", "pressure at the nozzles"),
        Output("flow_share", "1", "flow over a clean circuit's"),
        Output("jacket_C", "degC", "cooling jacket of the spindle"),
    )
    parameters = (
        Parameter("pump_bar", "bar", "pressure of the pump", 20.0, 0.1, 500.0, "class value", 0.03),
        Parameter("filter_bar", "bar", "drop of the new filter per load, at full flow", 1.1, 0.0, 500.0, "class value"),
        Parameter("clogged_bar", "bar", "further drop at failure, at full flow", 10.3, 0.0, 500.0, "class value"),
        Parameter("jacket_idle_K", "K", "rise of the jacket without load", 6.0, 0.0, 200.0, "class value", 0.1),
        Parameter("jacket_rise_K", "K", "further rise at rated load", 14.0, 0.0, 200.0, "class value", 0.07),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: pressure follows at once, the heat is in the bearing."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return pressure, flow and jacket temperature."""
        pump = p["pump_bar"]
        drop = p["filter_bar"] * u["load"] + p["clogged_bar"] * u["clogging"]
        # pump * flow**2 + drop * flow = pump
        flow = (np.sqrt(drop * drop + 4.0 * pump * pump) - drop) / (2.0 * pump)
        warmth = u["running"] * (p["jacket_idle_K"] + p["jacket_rise_K"] * u["load"])
        return {
            "pressure_bar": u["running"] * pump * flow * flow,
            "flow_share": u["running"] * flow,
            "jacket_C": u["ambient_C"] + warmth / (flow * np.maximum(u["cooling"], 0.05)),
        }


COMPONENTS = (CuttingTool, Spindle, CoolantCircuit)
