"""Forecasts of one sensor: median and 95 % interval, the model behind them, and how each did in the backtest."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field

from .base import Frozen, MachineId, Probability, SensorName, UtcTime
from .predictions import Evidence
from .units import UNITS, Quantity

ABSOLUTE_TEMPERATURES = ("K", "degR")


class ModelScore(Frozen):
    """How a model did in the backtest. ``mase``: its error over that of the better naive forecast, below 1 is better."""

    model: str
    mae: float
    mase: float | None = Field(description="None where a naive forecast makes no error at all")
    mape: float | None = Field(default=None, description="percent; only of positive series on a ratio scale")
    coverage_95: Probability | None = Field(default=None, description="share of readings inside the 95 % interval")
    fit_s: float = Field(description="seconds of learning it once; of a blend, those of all its parts together")


class Forecast(Frozen):
    """What one sensor will read: values at ``origin`` + ``step_h``, + 2 ``step_h``, ...; none where evidence lacks.

    ``scores``: every model tested, the best first; ``reason`` says why ``model`` is used.
    """

    forecast_id: str
    machine_id: MachineId
    sensor: SensorName
    unit: str
    as_of: UtcTime
    origin: UtcTime | None = Field(description="time of the last reading, from which the forecast goes on")
    step_h: float = Field(gt=0)
    horizon_h: float = Field(gt=0)
    data_hash: str
    evidence: Evidence
    model: str = ""
    reason: str = ""
    median: tuple[float, ...] = Field(default=(), repr=False)
    lower: tuple[float, ...] = Field(default=(), repr=False)
    upper: tuple[float, ...] = Field(default=(), repr=False)
    scores: tuple[ModelScore, ...] = ()
    left_out: tuple[str, ...] = Field(default=(), description="models that could not be tested, and why")

    @property
    def times(self) -> tuple[datetime, ...]:
        """Times of the forecast values, aware UTC."""
        if self.origin is None:
            return ()
        return tuple(self.origin + timedelta(hours=self.step_h * (n + 1)) for n in range(len(self.median)))

    @property
    def score(self) -> ModelScore | None:
        """The score of the model that is used."""
        return next((one for one in self.scores if one.model == self.model), None)


def on_ratio_scale(unit: str) -> bool:
    """Say whether a percentage of a reading means something: its unit is known and its 0 is nothing at all.

    >>> on_ratio_scale("kW"), on_ratio_scale("degC"), on_ratio_scale("K")
    (True, False, True)
    """
    if unit not in UNITS:
        return False
    return UNITS[unit][0] is not Quantity.TEMPERATURE or unit in ABSOLUTE_TEMPERATURES
