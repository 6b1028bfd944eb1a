"""Components that any machine can use: wear that follows a life law, and readings that answer linearly."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values


class WearOut(Component):
    """Life used up by running, faster under load and heat, and the damage that shows in its last part.

    Life used grows by ``wear * load**load_exponent * 2**((temperature - reference) / doubling) / life`` per operating hour
    (inverse power law and the ten-degree rule, Nelson, Accelerated Testing, 1990). Damage is 0 until the share
    ``shown_after`` of life is used, then rises to 1 as ``((used - shown_after) / (1 - shown_after))**growth``.
    """

    model = "wear_out"
    states = (State("used", "1", "share of life used", low=0.0, noise=0.05, monotone=True),)
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("running", "1", "share of the step in which it runs", 1.0),
        Input("wear", "1", "factor on the rate of wear", 1.0),
        Input("temperature_C", "degC", "temperature that ages it", 40.0, -60.0, 600.0),
    )
    outputs = (Output("damage", "1", "damage, 0 none to 1 failed"),)
    events = (Event("failed", "damage", "the part no longer does its work"),)
    parameters = (
        Parameter("life_h", "h", "operating hours to failure at reference", 20_000.0, 1.0, 1e7, "class value", 0.4),
        Parameter("load_reference", "1", "load at which life_h holds", 0.7, 0.01, 2.0, "class value"),
        Parameter("load_exponent", "1", "exponent of the inverse power law", 1.0, 0.0, 12.0, "class value"),
        Parameter(
            "temperature_reference_C", "degC", "temperature at which life_h holds", 40.0, -50.0, 400.0, "class value"
        ),
        Parameter("doubling_K", "K", "rise that halves the life", 1e9, 2.0, 1e9, "no effect of heat by default"),
        Parameter("shown_after", "1", "share of life after which damage shows", 0.8, 0.0, 0.99, "P-F interval / life"),
        Parameter("growth", "1", "exponent of the damage that shows", 2.0, 0.2, 10.0, "class value"),
    )

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return a new part: no life used."""
        return {"used": 0.0}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Use up life and return the damage that shows."""
        heat = np.exp2((u["temperature_C"] - p["temperature_reference_C"]) / p["doubling_K"])
        load = (np.maximum(u["load"], 0.0) / p["load_reference"]) ** p["load_exponent"]
        used = x["used"]
        hours = u["running"] * u["wear"] * load * heat * (step_s / SECONDS_PER_HOUR)
        used += hours / p["life_h"]
        shown = used - p["shown_after"]
        shown *= 1.0 / (1.0 - p["shown_after"])
        np.maximum(shown, 0.0, out=shown)
        np.minimum(shown, 1.0, out=shown)
        # Nothing shows for most of a life, and powers of 0 are slow.
        return {"damage": shown ** p["growth"] if shown.any() else shown}


class LinearReading(Component):
    """A reading that follows load, ambient and one damage linearly through a first-order lag, for what has no physics here.

    target = base + load_gain * load + ambient_gain * (ambient - 20 degC) + damage_gain * damage while running, else ``off``.
    """

    model = "linear_reading"
    states = (State("value", "as the sensor", "lagged reading"),)
    inputs = (
        Input("load", "1", "load, 1 = rated", 0.7),
        Input("ambient_C", "degC", "air around the machine", 20.0),
        Input("running", "1", "1 while it runs", 1.0),
        Input("damage", "1", "damage that it shows", 0.0),
    )
    outputs = (Output("value", "as the sensor", "reading"),)
    parameters = (
        Parameter("base", "as the sensor", "reading at no load and 20 degC", 0.0, -1e9, 1e9, "class value"),
        Parameter("load_gain", "as the sensor", "rise at rated load", 0.0, -1e9, 1e9, "class value", 0.07),
        Parameter("ambient_gain", "as the sensor per K", "rise per kelvin", 0.0, -1e6, 1e6, "class value"),
        Parameter("damage_gain", "as the sensor", "change at failure", 0.0, -1e9, 1e9, "class value"),
        Parameter("off", "as the sensor", "reading while it stands", 0.0, -1e9, 1e9, "class value"),
        Parameter("lag_s", "s", "time constant", 0.0, 0.0, 1e7, "class value"),
    )

    @staticmethod
    def _target(u: Values, p: Values) -> Floats | float:
        working = (
            p["base"] + p["load_gain"] * u["load"] + p["ambient_gain"] * (u["ambient_C"] - 20.0)
            + p["damage_gain"] * u["damage"]
        )  # fmt: skip
        return p["off"] + u["running"] * (working - p["off"])

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the reading settled at the inputs."""
        return {"value": self._target(u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Let the reading follow its target (exact for constant inputs)."""
        keep = np.exp(-step_s / np.maximum(p["lag_s"], 1e-9))
        value = x["value"]
        value *= keep
        value += (1.0 - keep) * self._target(u, p)
        return {"value": value}


COMPONENTS = (WearOut, LinearReading)
