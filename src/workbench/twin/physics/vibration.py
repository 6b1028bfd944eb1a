"""Vibration velocity of a machine, by fault and severity, against the limit of the standard that covers it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .bearing import at_rated_unless_told
from .contract import Component, Input, Output, Parameter, Values

# Which vibration grows with what: velocity over its value at rated speed and load.
WITH_SPEED = ("unbalance", "bearing", "looseness", "process")
WITH_LOAD = ("misalignment", "gear", "broken_bar")
LEAST_LOAD = 0.3


class Vibration(Component):
    """Velocity, RMS, at the bearing housing: the root of the sum of squares of what each fault makes.

    The parts have different frequencies (1x unbalance, 2x misalignment, 0.5x and harmonics looseness, ball pass bearing,
    mesh gear, pole-pass sidebands broken bar), so their squares add (Parseval). Each part is its severity times its gain
    times ``limit_mm_s``, the velocity at which the standard of the type or the maker forbids running (zone C/D). Parts
    of ``WITH_SPEED`` grow with speed (v = e * omega, ISO 21940-11), those of ``WITH_LOAD`` with the torque.
    """

    model = "vibration"
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("running", "1", "1 while it runs", 1.0),
        Input("speed_rpm", "rpm", "speed; rated where it is not wired", float("nan"), 0.0, 2.0, "rated_speed_rpm"),
        Input("unbalance", "1", "severity, 1 at failure", 0.0),
        Input("misalignment", "1", "severity, 1 at failure", 0.0),
        Input("looseness", "1", "severity, 1 at failure", 0.0),
        Input("bearing", "1", "severity, 1 at failure", 0.0),
        Input("gear", "1", "severity, 1 at failure", 0.0),
        Input("broken_bar", "1", "severity, 1 at failure", 0.0),
        Input("process", "1", "severity of what the process makes: cavitation, chatter, 1 at failure", 0.0),
    )
    outputs = (
        Output("rms_mm_s", "mm/s", "vibration velocity, RMS"),
        Output("share_of_limit", "1", "velocity over the limit"),
    )
    parameters = (
        Parameter("baseline_mm_s", "mm/s", "velocity when new, without load", 1.0, 0.0, 50.0, "own baseline", 0.1),
        Parameter("load_mm_s", "mm/s", "further velocity at rated load", 0.6, 0.0, 50.0, "own baseline", 0.07),
        Parameter("limit_mm_s", "mm/s", "velocity not to run at", 4.0, 0.1, 100.0, "standard of the type, or maker"),
        Parameter("standing_mm_s", "mm/s", "velocity while it stands", 0.05, 0.0, 10.0, "class value"),
        Parameter("rated_speed_rpm", "rpm", "rated speed", 1500.0, 1.0, 1e6, "name plate"),
        Parameter("unbalance_gain", "1", "over the limit at severity 1", 1.15, 0.0, 20.0, "class value"),
        Parameter("misalignment_gain", "1", "over the limit at severity 1", 1.2, 0.0, 20.0, "class value"),
        Parameter("looseness_gain", "1", "over the limit at severity 1", 1.0, 0.0, 20.0, "class value"),
        Parameter("bearing_gain", "1", "over the limit at severity 1", 0.8, 0.0, 20.0, "class value"),
        Parameter("gear_gain", "1", "over the limit at severity 1", 0.8, 0.0, 20.0, "class value"),
        Parameter("broken_bar_gain", "1", "over the limit at severity 1", 0.7, 0.0, 20.0, "class value"),
        Parameter("process_gain", "1", "over the limit at severity 1", 0.8, 0.0, 20.0, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: vibration follows at once."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return the velocity under the severities."""
        pace = at_rated_unless_told(u["speed_rpm"], p["rated_speed_rpm"]) / p["rated_speed_rpm"]
        torque = LEAST_LOAD + (1.0 - LEAST_LOAD) * np.maximum(u["load"], 0.0)
        healthy = p["baseline_mm_s"] + p["load_mm_s"] * u["load"]
        squares = (healthy / p["limit_mm_s"]) ** 2
        for faults, grows in ((WITH_SPEED, pace), (WITH_LOAD, torque)):
            for fault in faults:
                severity = u[fault]
                if isinstance(severity, float) and severity == 0.0:
                    continue
                part = severity * p[f"{fault}_gain"] * grows
                squares = squares + part * part
        share = u["running"] * np.sqrt(squares)
        rms = p["limit_mm_s"] * share + (1.0 - u["running"]) * p["standing_mm_s"]
        return {"rms_mm_s": rms, "share_of_limit": share}


class SumOfSquares(Component):
    """What a sensor reads of two sources whose frequencies differ: the root of the sum of squares (Parseval)."""

    model = "sum_of_squares"
    inputs = (
        Input("first", "as the sensor", "RMS of one source", 0.0, 0.0, 1000.0),
        Input("second", "as the sensor", "RMS of the other", 0.0, 0.0, 1000.0),
    )
    outputs = (Output("value", "as the sensor", "RMS of both"),)

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return nothing: it follows at once."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return the RMS of both."""
        return {"value": np.hypot(u["first"], u["second"])}


COMPONENTS = (Vibration, SumOfSquares)
