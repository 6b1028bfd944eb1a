"""Robot joints: current against load and friction, heat of the joint, and the supply of the drives through a loosening contact."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values
from .degradation import grow_after


class JointDrive(Component):
    """A joint's motor and reducer: current carries load and friction; copper and friction heat warm the joint.

    Friction falls as the grease warms and rises without grease and on pitted teeth (Carvalho Bittencourt and Gunnarsson,
    Static friction in a robot joint, ASME J. Dyn. Syst. 134, 2012). Currents are shares of the rated one.
    """

    model = "joint_drive"
    states = (State("joint_C", "degC", "temperature of the joint", low=-60.0, high=400.0),)
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it moves", 1.0),
        Input("ambient_C", "degC", "air around the arm", 20.0),
        Input("cooling", "1", "factor on the heat given off", 1.0),
        Input("grease_lost", "1", "damage of the lubrication, 1 = failed", 0.0),
        Input("pitting", "1", "damage of the teeth, 1 = failed", 0.0),
    )
    outputs = (
        Output("current_A", "A", "motor current, RMS"),
        Output("friction_share", "1", "friction current over rated"),
        Output("lubrication", "1", "share of the film that is there"),
        Output("heat_W", "W", "heat made in the joint"),
        Output("given_off_W", "W", "heat given off to the air"),
    )
    parameters = (
        Parameter("rated_current_A", "A", "current at rated load", 12.0, 0.1, 1e3, "class value", 0.03),
        Parameter("hold_share", "1", "current without load and friction, of rated", 0.03, 0.0, 1.0, "class value"),
        Parameter("load_share", "1", "further current at rated load", 0.667, 0.0, 2.0, "class value", 0.05),
        Parameter("friction_share", "1", "friction current of warm, new grease", 0.30, 0.0, 1.0, "class value", 0.05),
        Parameter("friction_per_K", "1/K", "fall of the friction with temperature", 0.008, 0.0, 0.1, "class value"),
        Parameter("friction_reference_C", "degC", "temperature of friction_share", 44.0, 0.0, 150.0, "class value"),
        Parameter("dry_friction", "1", "rise of the friction without grease", 1.4, 0.0, 20.0, "class value"),
        Parameter("pitted_friction", "1", "rise of the friction with pitted teeth", 0.6, 0.0, 20.0, "class value"),
        Parameter("film_lost", "1", "share of the film lost at failure", 0.7, 0.0, 1.0, "class value"),
        Parameter("copper_W", "W", "copper loss at rated current", 40.0, 0.0, 1e5, "class value"),
        Parameter("friction_W", "W", "friction heat at rated current", 330.0, 0.0, 1e6, "class value", 0.05),
        Parameter("conductance_W_K", "W/K", "joint to air", 5.0, 0.01, 1e5, "class value", 0.07),
        Parameter("lag_s", "s", "thermal time constant", 4300.0, 1.0, 1e6, "class value"),
        Parameter("standing_A", "A", "current of the held brake", 0.2, 0.0, 100.0, "class value"),
    )

    @staticmethod
    def _work(joint_C: Floats | float, u: Values, p: Values) -> tuple[Floats | float, Floats | float, Floats | float]:
        """Return current and friction current over rated, and the heat in W."""
        rough = 1.0 + p["dry_friction"] * u["grease_lost"] + p["pitted_friction"] * u["pitting"]
        warm = np.exp(np.clip(p["friction_per_K"] * (p["friction_reference_C"] - joint_C), -1.2, 1.2))
        friction = p["friction_share"] * rough * warm
        current = p["hold_share"] + p["load_share"] * u["load"] + friction
        heat = u["running"] * (p["copper_W"] * current * current + p["friction_W"] * friction)
        return current, friction, heat

    def _warming(self, joint_C: Floats | float, step_s: float, u: Values, p: Values) -> Floats | float:
        """Return the warming in K within a step: exact for the heat balance made linear at its start, as in bearings."""
        current, friction, heat = self._work(joint_C, u, p)
        conductance = _conductance(u, p)
        per_friction = u["running"] * (2.0 * p["copper_W"] * current + p["friction_W"])
        rate = conductance + p["friction_per_K"] * friction * per_friction
        gap = u["ambient_C"] + heat / conductance - joint_C
        shorter = rate / p["conductance_W_K"]
        return gap * conductance / rate * -np.expm1(-step_s / p["lag_s"] * shorter)

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return a joint settled at its temperature."""
        joint: Floats | float = u["ambient_C"]
        for _ in range(12):
            joint = joint + self._warming(joint, np.inf, u, p)
        return {"joint_C": joint}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Warm the joint and return its current."""
        joint = x["joint_C"]
        joint += self._warming(joint, step_s, u, p)
        current, friction, heat = self._work(joint, u, p)
        running = u["running"]
        return {
            "current_A": running * p["rated_current_A"] * current + (1.0 - running) * p["standing_A"],
            "friction_share": friction,
            "lubrication": 1.0 - p["film_lost"] * np.minimum(u["grease_lost"], 1.0),
            "heat_W": heat,
            "given_off_W": _conductance(u, p) * (joint - u["ambient_C"]),
        }


def _conductance(u: Values, p: Values) -> Floats | float:
    return p["conductance_W_K"] * np.maximum(u["cooling"], 0.05)


class LooseContact(Component):
    """A supply through a clamp that loosens: its resistance drops voltage by the current and heats the clamp.

    Thermal cycling relaxes the clamp unseen; then oxide grows, faster the hotter the clamp, which is by its resistance and
    the square of the current (Holm, Electric Contacts; ten-degree rule): damage feeds itself.
    """

    model = "loose_contact"
    states = (
        State("relaxed", "1", "share of the clamping force lost", low=0.0, noise=0.05, monotone=True),
        State("damage", "1", "contact resistance, 1 = failed", low=0.0, high=1.0, noise=0.2, monotone=True),
    )
    inputs = (
        Input("load", "1", "current, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it carries current", 1.0),
        Input("ambient_C", "degC", "air around the clamp", 20.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
    )
    outputs = (
        Output("voltage_V", "V", "voltage behind the contact"),
        Output("contact_C", "degC", "temperature of the clamp"),
    )
    events = (Event("failed", "damage", "the drives drop out under load"),)
    parameters = (
        Parameter("voltage_V", "V", "voltage without load", 570.0, 1.0, 1e5, "class value", 0.005),
        Parameter("drop_V", "V", "drop of the source at rated load", 8.0, 0.0, 1e4, "class value", 0.07),
        Parameter("contact_drop_V", "V", "drop of the failed contact at rated load", 97.0, 0.0, 1e4, "class value"),
        Parameter("life_h", "h", "hours until the clamp is loose, at reference", 2650.0, 1.0, 1e7, "class value", 0.5),
        Parameter("load_reference", "1", "load at which lives hold", 0.6, 0.01, 3.0, "class value"),
        Parameter("propagation_h", "h", "loose to failed, at reference", 250.0, 1.0, 1e6, "P-F interval", 0.3),
        Parameter("contact_rise_K", "K", "rise of the failed clamp at rated load", 120.0, 0.0, 1e3, "class value"),
    )
    STEEPNESS = 2.2

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return a tight clamp."""
        return {}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Relax the clamp, grow its resistance, and return the voltage."""
        damage, load = x["damage"], np.maximum(u["load"], 0.0)
        square = (load / p["load_reference"]) ** 2
        worked_h = u["running"] * u["wear"] * square * (step_s / SECONDS_PER_HOUR)
        used = worked_h / p["life_h"]
        x["relaxed"] += used
        grow_after(x["relaxed"], used, damage, worked_h / p["propagation_h"], self.STEEPNESS)
        running = u["running"]
        return {
            "voltage_V": p["voltage_V"] - running * load * (p["drop_V"] + p["contact_drop_V"] * damage),
            "contact_C": u["ambient_C"] + running * load * load * p["contact_rise_K"] * damage,
        }


COMPONENTS = (JointDrive, LooseContact)
