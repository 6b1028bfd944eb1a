"""Oil-immersed transformer: top oil and hot spot after IEC 60076-7, ageing of its paper, and its bolted joints."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import Component, Input, Output, Parameter, State, Values
from .insulation import Insulation

Number = Floats | float


class OilTransformer(Component):
    """Top-oil and hot-spot temperature by the differential equations of IEC 60076-7:2018, 8.2.3.

    k11 tau_o dT_o/dt = ((1 + K^2 R) / (1 + R))^x rise_o - T_o, with T_o above the air; the hot spot lies dT_1 - dT_2 above the
    oil: k22 tau_w d(dT_1)/dt = k21 rise_h K^y - dT_1 and (tau_o / k22) d(dT_2)/dt = (k21 - 1) rise_h K^y - dT_2.
    All are linear at constant load and are solved exactly. Worse cooling raises the oil: heat given off goes with
    cooling * T_o^(1 / x), which raises both the settled rise and its time constant by cooling^-x.
    """

    model = "oil_transformer"
    states = (
        State("oil_rise_K", "K", "top oil above the air", -50.0, 400.0, noise=0.1),
        State("winding_rise_K", "K", "first part of hot spot over top oil", 0.0, 400.0),
        State("oil_lag_K", "K", "second part, which the oil's flow takes off again", 0.0, 400.0),
    )
    inputs = (
        Input("load", "1", "current, 1 = rated", 0.6),
        Input("running", "1", "share of the step in which it is under voltage", 1.0),
        Input("ambient_C", "degC", "air around the transformer", 20.0),
        Input("cooling", "1", "factor on the heat given off to the air", 1.0),
        Input("fouled", "1", "fouling of the radiators, 1 = failed", 0.0),
        Input("winding_fault", "1", "damage of the insulation, 1 = turn-to-turn fault", 0.0),
    )
    outputs = (
        Output("top_oil_C", "degC", "top oil"),
        Output("hot_spot_C", "degC", "hottest point of the winding"),
        Output("current_A", "A", "phase current of the low-voltage side"),
        Output("power_kVA", "kVA", "apparent power"),
        Output("loss_kW", "kW", "no-load and load loss"),
    )
    parameters = (
        Parameter("rated_current_A", "A", "low-voltage phase current", 1443.0, 0.1, 1e5, "name plate"),
        Parameter("rated_power_kVA", "kVA", "apparent power", 1000.0, 1.0, 2e6, "name plate"),
        Parameter("rated_loss_kW", "kW", "losses at rated current", 12.0, 0.01, 1e4, "class value"),
        Parameter("loss_ratio", "1", "R: load over no-load loss", 5.0, 0.5, 2000.0, "IEC 60076-7, distribution ONAN"),
        Parameter("oil_rise_rated_K", "K", "top oil above air at rated losses", 55.0, 5.0, 80.0, "IEC 60076-7", 0.05),
        Parameter("gradient_K", "K", "hot spot over top oil at rated current", 23.0, 2.0, 60.0, "IEC 60076-7", 0.05),
        Parameter("oil_exponent", "1", "x", 0.8, 0.5, 1.0, "IEC 60076-7 table 4, ONAN"),
        Parameter("winding_exponent", "1", "y", 1.6, 1.0, 2.0, "IEC 60076-7 table 4, ONAN"),
        Parameter("oil_tau_s", "s", "tau_o", 10_800.0, 600.0, 86_400.0, "IEC 60076-7 table 4, 180 min", 0.1),
        Parameter("winding_tau_s", "s", "tau_w", 240.0, 10.0, 3600.0, "IEC 60076-7 table 4, 4 min", 0.1),
        Parameter("k11", "1", "constant of the oil", 1.0, 0.1, 2.0, "IEC 60076-7 table 4, distribution ONAN"),
        Parameter("k21", "1", "overshoot of the hot spot", 1.0, 1.0, 4.0, "IEC 60076-7 table 4, distribution ONAN"),
        Parameter("k22", "1", "ratio of the time constants", 2.0, 0.5, 4.0, "IEC 60076-7 table 4, distribution ONAN"),
        Parameter("fouled_share", "1", "cooling lost with fouled radiators", 0.6, 0.0, 0.95, "class value", 0.05),
        Parameter(
            "fault_gradient_K", "K", "rise of the gradient at a turn fault", 12.0, 0.0, 100.0, "class value", 0.1
        ),
    )

    @staticmethod
    def _targets(u: Values, p: Values) -> tuple[Number, Number, Number, Number]:
        """Return losses over rated, cooling^-x, and the settled rises of oil and hot spot."""
        factor = np.maximum(u["load"], 0.0) * u["running"]
        losses = (u["running"] + factor * factor * p["loss_ratio"]) / (1.0 + p["loss_ratio"])
        cooling = np.maximum(u["cooling"] * (1.0 - p["fouled_share"] * u["fouled"]), 0.02)
        slower = cooling ** -p["oil_exponent"]
        oil = losses ** p["oil_exponent"] * slower * p["oil_rise_rated_K"]
        winding = p["gradient_K"] * factor ** p["winding_exponent"] + p["fault_gradient_K"] * u["winding_fault"]
        return losses, slower, oil, winding

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the temperatures settled at the load."""
        _, _, oil, winding = self._targets(u, p)
        return {"oil_rise_K": oil, "winding_rise_K": p["k21"] * winding, "oil_lag_K": (p["k21"] - 1.0) * winding}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Move oil and hot spot; temperatures are those at the end of the step."""
        losses, slower, oil, winding = self._targets(u, p)
        for name, target, tau in (
            ("oil_rise_K", oil, p["k11"] * p["oil_tau_s"] * slower),
            ("winding_rise_K", p["k21"] * winding, p["k22"] * p["winding_tau_s"]),
            ("oil_lag_K", (p["k21"] - 1.0) * winding, p["oil_tau_s"] / p["k22"]),
        ):
            value = x[name]
            value -= target
            value *= np.exp(-step_s / tau)
            value += target
        top_oil = u["ambient_C"] + x["oil_rise_K"]
        share = np.maximum(u["load"], 0.0) * u["running"]
        return {
            "top_oil_C": top_oil,
            "hot_spot_C": top_oil + x["winding_rise_K"] - x["oil_lag_K"],
            "current_A": p["rated_current_A"] * share,
            "power_kVA": p["rated_power_kVA"] * share,
            "loss_kW": p["rated_loss_kW"] * losses,
        }


class PaperInsulation(Insulation):
    """Paper in oil: relative ageing rate V = 2^((hot spot - 98 degC) / 6 K), IEC 60076-7:2018, equation 2.

    For paper that is not thermally upgraded, dry and free of oxygen; ``life_h`` is its life at 98 degC. What moisture,
    oxygen and surges add counts in the life by service.
    """

    model = "paper_insulation"
    parameters = (
        Parameter("reference_C", "degC", "hot spot of normal ageing", 98.0, 80.0, 130.0, "IEC 60076-7, 6.3"),
        Parameter("doubling_K", "K", "rise that doubles the rate", 6.0, 4.0, 12.0, "IEC 60076-7, 6.3"),
        Parameter("life_h", "h", "life at normal ageing", 180_000.0, 10_000.0, 1e6, "IEC 60076-7, normal life", 0.2),
        *Insulation.in_service,
    )

    @staticmethod
    def hot_spot(temperature_C: Number, p: Values) -> Number:  # noqa: ARG004
        """Return the temperature: it is the hot spot's already."""
        return temperature_C

    @staticmethod
    def ageing_rate(hot_spot_C: Number, p: Values) -> Number:
        """Return the relative ageing rate V."""
        return np.exp2((hot_spot_C - p["reference_C"]) / p["doubling_K"])


class BoltedJoint(Component):
    """A bolted electrical joint: heated by current^2 times a contact resistance that grows as the clamp relaxes.

    The rise over what holds it follows a first-order lag (IEC 60943: rise of a terminal goes with resistance and current
    squared); what holds it lies between the air and the oil.
    """

    model = "bolted_joint"
    states = (State("rise_K", "K", "joint above what holds it", 0.0, 1000.0, noise=0.3),)
    inputs = (
        Input("load", "1", "current, 1 = rated", 0.6),
        Input("running", "1", "share of the step in which it is under voltage", 1.0),
        Input("ambient_C", "degC", "air around the joint", 20.0),
        Input("inside_C", "degC", "what the conductor comes from: oil or winding", 50.0, -60.0, 400.0),
        Input("loosened", "1", "relaxed clamp, 1 = failed", 0.0),
    )
    outputs = (Output("temperature_C", "degC", "joint"),)
    parameters = (
        Parameter("rated_rise_K", "K", "rise of a sound joint at rated current", 28.0, 1.0, 100.0, "class value", 0.1),
        Parameter("inside_share", "1", "heat from inside: 0 air, 1 inside", 0.35, 0.0, 1.0, "class value", 0.05),
        Parameter(
            "loose_resistance", "1", "rise of contact resistance at failure", 4.8, 0.0, 100.0, "class value", 0.1
        ),
        Parameter("tau_s", "s", "time constant", 1800.0, 5.0, 36_000.0, "class value", 0.1),
    )

    @staticmethod
    def _target(u: Values, p: Values) -> Number:
        heat = u["running"] * u["load"] * u["load"]
        return p["rated_rise_K"] * heat * (1.0 + p["loose_resistance"] * u["loosened"])

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the rise settled at the current."""
        return {"rise_K": self._target(u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Let the rise follow the current (exact for constant current)."""
        target, rise = self._target(u, p), x["rise_K"]
        rise -= target
        rise *= np.exp(-step_s / p["tau_s"])
        rise += target
        held = u["ambient_C"] + p["inside_share"] * (u["inside_C"] - u["ambient_C"])
        return {"temperature_C": held + rise}


COMPONENTS = (OilTransformer, PaperInsulation, BoltedJoint)
