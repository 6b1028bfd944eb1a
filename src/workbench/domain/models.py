"""What is known of a registered model: its evaluation, how its inputs drift, and how its challenger compares."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from pydantic import Field

from .base import Frozen, MachineId, Probability, UtcTime
from .predictions import Horizons, Task


class Figure(Frozen):
    """One figure from held-out units with its 95 % interval (bootstrap over units); None where it has none."""

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None


class CalibrationBin(Frozen):
    """Rows of similar stated probability: what was said, what happened, and of how many rows."""

    stated: Probability
    observed: Probability
    rows: int


class CalibrationCurve(Frozen):
    """Bins of equal mass of one question, e.g. failure within the warning horizon."""

    question: str
    bins: tuple[CalibrationBin, ...]


class Confusion(Frozen):
    """Counts of rows: one row of the matrix for each true label, one column for each answer."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class LifeError(Frozen):
    """Error of the life left where the true life left lies from ``start`` to ``end`` (life units)."""

    start: float
    end: float
    rows: int
    mae: float
    bias: float = Field(description="mean of prediction minus truth: above 0 it promises too much")


class FeatureReference(Frozen):
    """How one feature was spread in training: cut points, the share of rows in each bin, and what is usual.

    ``usual_psi`` is the largest PSI between the whole and one of the training record's own stretches of time;
    ``effective_rows`` counts rows as if they were independent.
    """

    feature: str
    sensor: str
    cuts: tuple[float, ...]
    shares: tuple[float, ...]
    usual_psi: float
    rows: int
    effective_rows: float


class ModelEvaluation(Frozen):
    """How good one version is on units that it never saw, and where it may be used (ML7)."""

    version_id: str = ""
    task: Task
    scope: str
    split: str = Field(description="declared kind of the split: units, time, both, or blocks of the units' records")
    folds: int
    rows: int
    figures: tuple[Figure, ...]
    base_rates: dict[str, float] = {}
    calibration: tuple[CalibrationCurve, ...] = Field(default=(), repr=False)
    confusion: Confusion | None = None
    error_by_life: tuple[LifeError, ...] = Field(default=(), repr=False)
    machine_types: dict[str, int] = {}
    life_unit: str = ""
    horizons: Horizons | None = None
    training_s: float | None = None
    inference_ms: float | None = Field(default=None, description="answer for one row, features given")
    checks: tuple[str, ...] = Field(default=(), description="what the leakage guard looked at, in words")
    alarms: str = Field(default="", description="when an alarm of a health model is counted, in words")
    limits: tuple[str, ...] = Field(default=(), description="limits of use, in words")
    reference: tuple[FeatureReference, ...] = Field(default=(), repr=False)

    def figure(self, name: str) -> Figure | None:
        """Return the figure of this name, if it was measured."""
        return next((figure for figure in self.figures if figure.name == name), None)


class DriftLevel(StrEnum):
    """How far a feature has moved from training."""

    NONE = "none"
    MODERATE = "moderate"
    MARKED = "marked"


class SensorDrift(Frozen):
    """How far a sensor (or a quantity of a fleet model) has moved: that of its features that moved most."""

    sensor: str
    feature: str
    level: DriftLevel
    psi: float
    usual_psi: float
    ks: float
    p_value: Probability = Field(description="of the KS distance, adjusted for all features looked at (Holm)")
    machines: tuple[MachineId, ...] = Field(default=(), description="those that moved most, the farthest first")
    note: str = ""


class DriftReport(Frozen):
    """The inputs of one active model over a recent stretch against those it was trained on."""

    drift_id: str
    version_id: str
    task: Task
    scope: str
    as_of: UtcTime
    start: UtcTime
    machines: int
    rows: int
    enough: bool
    sensors: tuple[SensorDrift, ...] = ()
    note: str

    @property
    def moved(self) -> tuple[SensorDrift, ...]:
        """Sensors whose drift is more than none."""
        return tuple(sensor for sensor in self.sensors if sensor.level is not DriftLevel.NONE)


class ShadowPrediction(Frozen):
    """What a challenger would have said beside the champion: logged, never shown, never acted on."""

    shadow_id: str
    version_id: str
    champion_id: str
    task: Task
    machine_id: MachineId
    as_of: UtcTime
    prediction_id: str
    champion: Mapping[str, float | str | None]
    challenger: Mapping[str, float | str | None]
    error: str = Field(default="", description="why the challenger could not answer")


class ModelComparison(Frozen):
    """Champion and challenger on what happened since; negative differences speak for the challenger."""

    task: Task
    scope: str
    champion_id: str
    challenger_id: str
    since: UtcTime | None
    answers: int
    labelled: int
    machines: int
    failures: int
    agreement: float | None = Field(description="share of answers that say the same")
    figures: tuple[tuple[str, float, float], ...] = Field(default=(), description="name, champion, challenger")
    difference: Figure | None = Field(default=None, description="challenger's loss minus the champion's")
    enough: bool
    verdict: str
