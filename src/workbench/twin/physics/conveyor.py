"""Belts that drive by friction: take-up, loss of grip and slip, for belt conveyors and V-belt drives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values
from .degradation import grow_after

MOST_SLIP, NEWTON_STEPS = 0.95, 4


def euler_eytelwein(friction: Floats | float, wrap_rad: Floats | float) -> Floats | float:
    """Return the tension ratio that a wrapped pulley can hold, exp(mu alpha) (Euler-Eytelwein, DIN 22101).

    >>> round(float(euler_eytelwein(0.3, np.pi)), 2)
    2.57
    """
    return np.exp(friction * wrap_rad)


class BeltDrive(Component):
    """A belt on its drive pulley.

    The pulley can pass the force ``slack tension * (exp(mu alpha) - 1)``; what the load asks of it is the utilisation. The
    belt creeps elastically with the force and slips as the fourth power of the utilisation (traction curve of a rubber
    belt). While the take-up has travel the tension stays; when it is used up by stretch and cover wear, tension and
    friction fall, and slip polishes the belt: the damage.
    """

    model = "belt_drive"
    states = (
        State("take_up_used", "1", "share of the take-up's travel used", low=0.0, noise=0.05, monotone=True),
        State("damage", "1", "loss of grip, 1 = failed", low=0.0, high=1.0, noise=0.2, monotone=True),
    )
    inputs = (
        Input("load", "1", "force on the belt at full speed, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("ambient_C", "degC", "air around the drive", 20.0),
        Input("dirt", "1", "caked rollers and scrapers, 1 = failed", 0.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (
        Output("slip", "1", "slip of the belt"),
        Output("speed", "as rated_speed", "speed of belt or driven pulley while it runs"),
        Output("passed_load", "1", "power that the drive gives, 1 = rated"),
        Output("slip_kW", "kW", "heat of the slip"),
        Output("pulley_C", "degC", "drive pulley"),
        Output("utilisation", "1", "force asked over force that holds"),
    )
    events = (Event("failed", "damage", "the belt no longer drives"),)
    parameters = (
        Parameter("rated_speed", "m/s or rpm", "speed without slip", 0.8, 1e-3, 1e5, "name plate"),
        Parameter("rated_power_kW", "kW", "power at rated load", 4.0, 1e-3, 1e4, "name plate"),
        Parameter("life_h", "h", "hours until the take-up is used, at reference", 1900.0, 1.0, 1e7, "class value", 0.4),
        Parameter("load_reference", "1", "load at which life_h holds", 0.65, 0.01, 3.0, "class value"),
        Parameter("load_exponent", "1", "of the stretch", 2.0, 0.0, 12.0, "class value, creep of rubber belts"),
        Parameter("propagation_h", "h", "loss of tension to failure", 220.0, 1.0, 1e6, "P-F interval", 0.3),
        Parameter("friction", "1", "belt on pulley", 0.3, 0.05, 1.5, "DIN 22101, lagged, damp", 0.05),
        Parameter("wrap_rad", "rad", "arc of contact", 3.14, 0.5, 12.0, "drawing"),
        Parameter("slack_tension", "1", "slack-side tension over rated force", 1.0, 0.05, 10.0, "DIN 22101"),
        Parameter("tension_lost", "1", "share of the tension lost at failure", 0.4, 0.0, 0.95, "class value"),
        Parameter(
            "friction_lost", "1", "share of the friction lost at failure", 0.2, 0.0, 0.95, "glazing, class value"
        ),
        Parameter(
            "force_by_speed", "1", "force grows as speed to this: 0 lifting, 2 fans", 0.0, 0.0, 3.0, "affinity laws"
        ),
        Parameter("creep", "1", "elastic creep at rated load", 0.01, 0.0, 0.1, "class value", 0.07),
        Parameter("full_slip", "1", "slip at utilisation 1", 0.2, 0.0, 0.9, "class value"),
        Parameter("dirt_load", "1", "further force with all caked, of rated", 0.0, 0.0, 2.0, "f of DIN 22101, dirty"),
        Parameter("pulley_K_kW", "K/kW", "rise of the pulley per slip power", 7.0, 0.0, 1e3, "class value"),
    )
    STEEPNESS = 1.5

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return a new, tensioned belt."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Stretch the belt, lose grip, and return how it drives."""
        damage, load = x["damage"], np.maximum(u["load"], 0.0) + p["dirt_load"] * u["dirt"]
        pace = (load / p["load_reference"]) ** p["load_exponent"]
        worked_h = u["running"] * u["wear"] * pace * (step_s / SECONDS_PER_HOUR)
        used = worked_h / p["life_h"]
        x["take_up_used"] += used
        grow_after(x["take_up_used"], used, damage, worked_h / p["propagation_h"], self.STEEPNESS)

        tension = p["slack_tension"] * (1.0 - p["tension_lost"] * damage)
        grip = euler_eytelwein(p["friction"] * (1.0 - p["friction_lost"] * damage), p["wrap_rad"]) - 1.0
        slip, force = self._slip(load, load / (tension * grip), p)
        given_kW = u["running"] * p["rated_power_kW"] * force
        return {
            "slip": slip,
            "speed": np.where(u["running"] > 0, p["rated_speed"] * (1.0 - slip), 0.0),
            "passed_load": force * (1.0 - slip),
            "slip_kW": given_kW * slip,
            "pulley_C": u["ambient_C"] + p["pulley_K_kW"] * given_kW * slip,
            "utilisation": force / (tension * grip),
        }

    @staticmethod
    def _slip(load: Floats | float, utilisation: Floats | float, p: Values) -> tuple[Floats | float, Floats | float]:
        """Return the slip and the force over rated; both inputs hold at full speed.

        Slower running asks less force, so slip = creep * load + full_slip * (utilisation * (1 - slip)**k)**4 is solved
        by Newton's method: from below it climbs to the root and never passes it, for the right side is convex.
        """
        exponent = 4.0 * p["force_by_speed"]
        square = utilisation * utilisation
        crept, sliding = p["creep"] * load, p["full_slip"] * square * square
        if not np.any(exponent > 0):
            slip = np.minimum(crept + sliding, MOST_SLIP)
            return slip, load
        # Two points below the root: Newton's first step from 0, and where the sliding part alone would reach 1.
        slip = np.maximum(
            (crept + sliding) / (1.0 + exponent * sliding),
            1.0 - np.exp(-np.log(np.maximum(sliding, 1.0)) / np.maximum(exponent, 1e-6)),
        )
        for _ in range(NEWTON_STEPS):
            kept = np.maximum(1.0 - slip, 1.0 - MOST_SLIP)
            slides = sliding * np.exp(exponent * np.log(kept))
            slip = np.minimum(slip + (crept + slides - slip) / (1.0 + exponent * slides / kept), MOST_SLIP)
        return slip, load * np.exp(p["force_by_speed"] * np.log(1.0 - slip))


COMPONENTS = (BeltDrive,)
