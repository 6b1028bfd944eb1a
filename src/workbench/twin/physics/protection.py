"""Protective relays: the thermal replica that stops a motor before its winding is too hot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workbench.twin.streams import Floats

from .contract import Component, Event, Input, Output, Parameter, State, Values


class ThermalOverload(Component):
    """Thermal electrical relay after IEC 60255-149: tau dtheta/dt + theta = (I / (k I_b))^2; it trips at theta = 1.

    From a steady current I_p it trips at I after t = tau ln((I^2 - I_p^2) / (I^2 - (k I_b)^2)). While the machine stands,
    the level falls with ``cooling_ratio`` times the time constant, as a motor without its fan does.
    """

    model = "thermal_overload"
    states = (State("level", "1", "thermal level, 1 = trip", low=0.0),)
    inputs = (
        Input("current_A", "A", "equivalent current", 0.0, 0.0, 1e6),
        Input("running", "1", "share of the step in which it runs", 1.0),
    )
    outputs = (Output("level", "1", "thermal level, 1 = trip"),)
    events = (Event("trip", "level", "the relay opens the contactor"),)
    parameters = (
        Parameter("base_current_A", "A", "basic current I_b: the rated current", 68.0, 0.01, 20_000.0, "name plate"),
        Parameter("k", "1", "overload that never trips", 1.05, 1.0, 1.3, "IEC 60255-149"),
        Parameter("tau_s", "s", "heating time constant", 2400.0, 30.0, 36_000.0, "set to the motor"),
        Parameter("cooling_ratio", "1", "cooling over heating time constant", 3.0, 1.0, 10.0, "class value"),
    )

    @staticmethod
    def _target(u: Values, p: Values) -> Floats | float:
        share = u["current_A"] / (p["k"] * p["base_current_A"])
        return share * share

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:
        """Return the level settled at the current."""
        return {"level": self._target(u, p)}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Let the level follow the current (exact for constant current)."""
        tau = p["tau_s"] * (1.0 + (p["cooling_ratio"] - 1.0) * (1.0 - u["running"]))
        keep = np.exp(-step_s / tau)
        level = x["level"]
        level *= keep
        level += (1.0 - keep) * self._target(u, p)
        return {"level": level}


COMPONENTS = (ThermalOverload,)
