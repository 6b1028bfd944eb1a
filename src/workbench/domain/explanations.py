"""Why a model says what it says: what each feature and each sensor adds to one raw output of the model."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from .base import Frozen, MachineId, UtcTime
from .predictions import Task

Method = Literal[
    "tree_shap", "largest_deviation", "index_parts", "integrated_gradients", "tree_shap+integrated_gradients"
]
LOG_ODDS = "log-odds"
# Sums of some hundred floating-point numbers; anything worse means that the parts are not those of this margin.
CLOSE = 1e-6


class FeatureContribution(Frozen):
    """One feature: what it is in words, its value, and what it adds to the margin (in the margin's units)."""

    feature: str
    words: str = Field(description="what the feature is, e.g. 'bearing_temp_C, mean of 24 h'")
    value: float | None = Field(description="as the model saw it; None: missing, which the model takes in its own way")
    told: str = Field(description="the value in words, e.g. '2.3 sd above its own baseline'")
    contribution: float


class SourceContribution(Frozen):
    """What all features of one sensor add together; ``source`` names the sensor, or in words what is no sensor."""

    source: str
    is_sensor: bool
    contribution: float


class Explanation(Frozen):
    """One raw output (margin) of one model for one machine at one time, taken apart.

    ``base_value`` plus all ``features`` plus ``rest`` is ``margin``; so is ``base_value`` plus all ``sources``. What does
    not add up cannot be made. ``margin`` is what the model itself computed, not the sum.
    """

    explanation_id: str
    prediction_id: str
    machine_id: MachineId
    as_of: UtcTime
    task: Task
    version_id: str
    scope: str
    output: str = Field(description="what the margin is about, e.g. 'failure within 168 operating h'")
    rank: int = Field(
        default=0, ge=0, description="place in its task: horizons from the shortest, modes from the likeliest"
    )
    method: Method
    units: str = Field(description="units of base value, contributions and margin")
    base_value: float = Field(description="the margin's mean over the rows that the model learned from")
    margin: float
    features: tuple[FeatureContribution, ...] = Field(repr=False, description="strongest first")
    rest: float = Field(description="what the features that are not listed add together")
    rest_count: int = Field(default=0, ge=0, description="how many features are not listed but do add something")
    sources: tuple[SourceContribution, ...] = Field(description="all of them, strongest first")
    answer: float | None = Field(default=None, description="what becomes of the margin; see ``to_answer``")
    to_answer: str = Field(description="what lies between the margin and the answer: calibration, clipping")
    note: str = Field(default="", description="what a reader must know before believing it")
    simulated: bool = False

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        sums = {
            "features and the rest": math.fsum(one.contribution for one in self.features) + self.rest,
            "sources": math.fsum(one.contribution for one in self.sources),
        }
        for name, total in sums.items():
            if not math.isclose(self.base_value + total, self.margin, rel_tol=CLOSE, abs_tol=CLOSE):
                raise ValueError(f"base value + {name} = {self.base_value + total:g} is not the margin {self.margin:g}")
        return self

    def in_words(self, most: int = 5) -> tuple[str, ...]:
        """Return the strongest features, each in a sentence, and what is left."""
        of = f" to the log-odds of {self.output}" if self.units == LOG_ODDS else f" {self.units}"
        said = [f"{one.words}, {one.told}: {signed(one.contribution)}{of}" for one in self.features[:most]]
        left = math.fsum(one.contribution for one in self.features[most:]) + self.rest
        return (*said, f"all other features together: {signed(left)}") if left else tuple(said)


class GlobalFeature(Frozen):
    """One feature over many rows; ``values`` and ``contributions`` hold one number for each row, in the same order."""

    feature: str
    words: str
    mean_absolute: float = Field(ge=0, description="mean of the absolute contributions, in the margin's units")
    values: tuple[float | None, ...] = Field(repr=False)
    contributions: tuple[float, ...] = Field(repr=False)

    @model_validator(mode="after")
    def _of_one_length(self) -> Self:
        if len(self.values) != len(self.contributions):
            raise ValueError(f"{len(self.values)} values and {len(self.contributions)} contributions are not pairs")
        return self


class SourceWeight(Frozen):
    """How much all features of one sensor (or quantity) move the margin: mean of the absolute sums over rows."""

    source: str
    mean_absolute: float = Field(ge=0)


class GlobalExplanation(Frozen):
    """What one raw output of a model rests on over many rows of many machines."""

    explanation_id: str
    version_id: str
    task: Task
    scope: str
    as_of: UtcTime
    output: str
    rank: int = Field(default=0, ge=0, description="place among the outputs of the model")
    method: Method
    units: str
    base_value: float
    machines: int = Field(ge=1)
    rows: int = Field(ge=1, description="rows explained, drawn evenly from the machines' records")
    features: tuple[GlobalFeature, ...] = Field(description="strongest first")
    others: int = Field(ge=0, description="features that move the margin and are not listed")
    sources: tuple[SourceWeight, ...] = Field(description="strongest first")
    to_answer: str
    simulated: bool = False

    def feature(self, name: str) -> GlobalFeature | None:
        """Return a listed feature by its name, or None."""
        return next((one for one in self.features if one.feature == name), None)


def signed(value: float) -> str:
    """Return a contribution with its sign and two significant digits, or more where it is large.

    >>> signed(0.8123), signed(-0.0312), signed(-131.6), signed(0.0)
    ('+0.81', '−0.031', '−132', '+0')
    """
    size = abs(value)
    digits = f"{size:.0f}" if size >= 100 else f"{size:.2g}" if size >= 1e-4 or size == 0 else f"{size:.0e}"
    return ("−" if value < 0 else "+") + digits
