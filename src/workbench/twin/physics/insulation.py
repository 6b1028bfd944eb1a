"""Electrical insulation that ages by heat (Arrhenius, IEC 60216) and by what else it meets in service."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from workbench.twin.streams import Floats

from .contract import KELVIN, SECONDS_PER_HOUR, Component, Event, Input, Output, Parameter, State, Values

# IEC 60085: thermal class, and the temperature in degC at which such insulation lasts 20,000 h (IEC 60216-5).
THERMAL_CLASS_C: dict[str, float] = {"A": 105.0, "E": 120.0, "B": 130.0, "F": 155.0, "H": 180.0}

_HOTTEST_C = 400.0


class Insulation(Component):
    """Life used up by heat and by service, and the damage that shows in its last part.

    Life used grows by thermal rate + 2**((T - service_reference) / service_doubling) / service_life per hour: heat alone
    by the standard of the insulation, and surges, moisture and dirt, which act faster when hot (multi-stress life after
    Simoni, IEEE Trans. EI-19, 1984). Damage is 0 until the share ``shown_after`` of life is used, then rises to 1 as
    ``((used - shown_after) / (1 - shown_after))**growth``.
    """

    states = (State("used", "1", "share of life used", low=0.0, noise=0.05, monotone=True),)
    inputs = (
        Input("temperature_C", "degC", "temperature of the winding", 60.0, -60.0, 600.0),
        Input("running", "1", "share of the step in which it is under voltage", 1.0),
    )
    outputs = (
        Output("damage", "1", "damage, 0 none to 1 failed"),
        Output("hot_spot_C", "degC", "hottest point of the winding"),
        Output("ageing_rate", "1", "thermal ageing, 1 = at the temperature index"),
    )
    events = (Event("failed", "damage", "turn-to-turn fault"),)
    in_service: ClassVar[tuple[Parameter, ...]] = (
        Parameter("service_life_h", "h", "life by all but heat", 7700.0, 100.0, 1e7, "class value", 0.4),
        Parameter("service_reference_C", "degC", "hot spot at which it holds", 80.0, -50.0, 300.0, "class value"),
        Parameter("service_doubling_K", "K", "rise that halves it", 40.0, 5.0, 1e9, "class value"),
        Parameter("shown_after", "1", "share of life after which damage shows", 0.92, 0.0, 0.99, "P-F interval / life"),
        Parameter("growth", "1", "exponent of the damage that shows", 2.5, 0.2, 10.0, "class value"),
    )

    @staticmethod
    @abstractmethod
    def hot_spot(temperature_C: Floats | float, p: Values) -> Floats | float:
        """Return the hottest temperature of the winding in degC."""

    @staticmethod
    @abstractmethod
    def ageing_rate(hot_spot_C: Floats | float, p: Values) -> Floats | float:
        """Return the rate of thermal ageing; 1 uses up ``life_h`` in ``life_h``."""

    def rest(self, u: Values, p: Values) -> dict[str, Floats | float]:  # noqa: ARG002
        """Return new insulation: no life used."""
        return {"used": 0.0}

    def advance(self, x: Mapping[str, Floats], u: Values, p: Values, step_s: float) -> dict[str, Floats | float]:
        """Use up life and return the damage that shows."""
        hot = np.minimum(self.hot_spot(u["temperature_C"], p), _HOTTEST_C)
        rate = self.ageing_rate(hot, p)
        service = np.exp2((hot - p["service_reference_C"]) / p["service_doubling_K"])
        used = x["used"]
        hours = step_s / SECONDS_PER_HOUR
        used += hours * u["running"] * (rate / p["life_h"] + service / p["service_life_h"])
        shown = np.clip((used - p["shown_after"]) / (1.0 - p["shown_after"]), 0.0, 1.0)
        return {"damage": shown ** p["growth"], "hot_spot_C": hot, "ageing_rate": rate}


class WindingInsulation(Insulation):
    """Insulation of a machine winding: it lasts ``life_h`` at the temperature of its thermal class, by Arrhenius' law.

    ln(life) is linear in 1 / T (IEC 60216-1), through ``life_h`` at the class temperature and half of it ``halving_K``
    above (the halving interval of IEC 60216-5; 10 K is Montsinger's rule).
    """

    model = "winding_insulation"
    parameters = (
        Parameter(
            "class_C",
            "degC",
            "temperature of the thermal class",
            THERMAL_CLASS_C["F"],
            90.0,
            250.0,
            "IEC 60085, class F",
        ),
        Parameter("life_h", "h", "life at the class temperature", 20_000.0, 1000.0, 1e6, "IEC 60216-5", 0.2),
        Parameter("halving_K", "K", "rise that halves the life", 10.0, 4.0, 20.0, "Montsinger, 1930", 0.05),
        Parameter("hot_spot_K", "K", "hottest point above the mean", 10.0, 0.0, 40.0, "IEC 60034-1 against IEC 60085"),
        *Insulation.in_service,
    )

    @staticmethod
    def hot_spot(temperature_C: Floats | float, p: Values) -> Floats | float:
        """Return the mean temperature plus the usual distance to the hottest point."""
        return temperature_C + p["hot_spot_K"]

    @staticmethod
    def ageing_rate(hot_spot_C: Floats | float, p: Values) -> Floats | float:
        """Return exp(B (1 / T_class - 1 / T)) with B from the halving interval."""
        index = p["class_C"] + KELVIN
        slope = np.log(2.0) * index * (index + p["halving_K"]) / p["halving_K"]
        rate: Floats | float = np.exp(slope * (1.0 / index - 1.0 / (hot_spot_C + KELVIN)))
        return rate


COMPONENTS = (WindingInsulation,)
