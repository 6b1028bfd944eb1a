"""Fans: flow, pressure and power by the affinity laws, against damper and filter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .bearing import at_rated_unless_told
from .contract import Component, Input, Output, Parameter, Values

_ROOT3 = float(np.sqrt(3.0))


class Fan(Component):
    """A fan that a damper sets to its duty.

    Flow grows with speed, pressure with its square, power with its cube (affinity laws, ISO 5801). The damper is set so
    that a new fan gives the share of rated flow that ``load`` asks for; then duct and damper take a pressure that grows
    with the square of the flow, and the dust cake one that grows in proportion (Darcy). Both together fix the flow.
    """

    model = "fan"
    inputs = (
        Input("load", "1", "flow asked of it, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input(
            "speed_rpm",
            "rpm",
            "speed of the impeller; rated where it is not wired",
            float("nan"),
            0.0,
            2.0,
            "rated_speed_rpm",
        ),
        Input("clogging", "1", "damage of the filter, 1 = failed", 0.0),
    )
    outputs = (
        Output("flow_m3_h", "m3/h", "volume flow"),
        Output("flow_share", "1", "flow over rated while it runs"),
        Output("filter_drop_Pa", "Pa", "pressure drop over the filter"),
        Output("pressure_Pa", "Pa", "pressure that the fan makes"),
        Output("shaft_kW", "kW", "shaft power"),
        Output("duty", "1", "shaft power over rated, brought to rated speed by the affinity laws"),
        Output("current_A", "A", "line current of its motor"),
    )
    parameters = (
        Parameter("rated_flow_m3_h", "m3/h", "flow at rated speed, damper open", 24_000.0, 1.0, 1e7, "name plate"),
        Parameter("rated_power_kW", "kW", "shaft power there", 18.5, 1e-3, 1e4, "name plate"),
        Parameter("rated_speed_rpm", "rpm", "rated speed", 1450.0, 10.0, 1e5, "name plate"),
        Parameter("pressure_Pa", "Pa", "pressure at rated speed", 1000.0, 10.0, 1e5, "class value", 0.05),
        Parameter("closed_flow", "1", "share of rated flow at load 0", 0.125, 0.01, 0.9, "class value", 0.1),
        Parameter("closed_power", "1", "share of rated power without flow", 0.05, 0.0, 0.9, "class value"),
        Parameter("filter_Pa", "Pa", "drop of the new filter at rated flow", 165.0, 0.0, 1e4, "class value", 0.07),
        Parameter("clogged", "1", "rise of the filter's resistance at failure", 2.9, 0.0, 100.0, "class value"),
        Parameter("voltage_V", "V", "line voltage", 400.0, 100.0, 15_000.0, "name plate"),
        Parameter("efficiency", "1", "of motor and belt", 0.91, 0.3, 1.0, "IEC 60034-30-1, IE3"),
        Parameter("power_factor", "1", "of the motor at rated load", 0.86, 0.3, 1.0, "class value"),
        Parameter("no_load_current", "1", "magnetising over rated current", 0.45, 0.1, 0.8, "class value", 0.05),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: a fan follows at once."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return flow, pressures, power and current."""
        pace = at_rated_unless_told(u["speed_rpm"], p["rated_speed_rpm"]) / p["rated_speed_rpm"]
        asked = p["closed_flow"] + (1.0 - p["closed_flow"]) * np.clip(u["load"], 0.0, 1.5)
        pressure = p["pressure_Pa"] * pace * pace
        duct = p["pressure_Pa"] / (asked * asked)
        cake = p["filter_Pa"] * p["clogged"] * u["clogging"]
        # duct * flow**2 + cake * flow = pressure
        flow = (np.sqrt(cake * cake + 4.0 * duct * pressure) - cake) / (2.0 * duct)
        shaft = pace * pace * (p["closed_power"] * pace + (1.0 - p["closed_power"]) * flow)
        running = u["running"]
        return {
            "flow_m3_h": running * flow * p["rated_flow_m3_h"],
            "flow_share": flow,
            "filter_drop_Pa": running * flow * (p["filter_Pa"] + cake),
            "pressure_Pa": running * pressure,
            "shaft_kW": running * shaft * p["rated_power_kW"],
            "duty": p["closed_power"] + (1.0 - p["closed_power"]) * flow / np.maximum(pace, 0.05),
            "current_A": running * self._current(shaft, p),
        }

    @staticmethod
    def _current(shaft: Floats | float, p: Values) -> Floats | float:
        """Return the line current: an active part by shaft power and a magnetising part."""
        rated = 1000.0 * p["rated_power_kW"] / (_ROOT3 * p["voltage_V"] * p["efficiency"] * p["power_factor"])
        magnetising = p["no_load_current"]
        return rated * np.sqrt(magnetising * magnetising + (1.0 - magnetising * magnetising) * shaft * shaft)


COMPONENTS = (Fan,)
