"""What the models say of a machine: health state, remaining useful life, anomaly, diagnosis, and how sure they are."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from .base import Frozen, MachineId, Probability, UtcTime
from .equipment import LifeUnit, MachineStatus
from .units import against_limit, limit_text, number_text, unit_text

UNKNOWN_MODE = "unknown"
# From this many times its usual spread on, a sensor is said to be far from what is usual for it.
FAR = 3.0


class HealthState(IntEnum):
    """Health by horizon (ML1): 3 if RUL <= H3, 2 if <= H2, 1 if <= H1, else 0."""

    HEALTHY = 0
    DEGRADING = 1
    WARNING = 2
    CRITICAL = 3


HEALTH_WEIGHTS = (0.0, 33.0, 67.0, 100.0)


class Severity(StrEnum):
    """How bad a limit crossing or a notice is."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


class Task(StrEnum):
    """What a model is trained for."""

    HEALTH = "health"
    RUL = "rul"
    ANOMALY = "anomaly"
    DIAGNOSIS = "diagnosis"


class Horizons(Frozen):
    """Life left, in life units, at which a machine counts as critical, in warning, degrading."""

    critical: float = Field(gt=0)
    warning: float = Field(gt=0)
    degrading: float = Field(gt=0)


class Evidence(Frozen):
    """Whether there is enough to answer from; if not, every reason in words."""

    enough: bool
    reasons: tuple[str, ...] = ()

    def in_words(self) -> str:
        """Return ``enough evidence`` or ``not enough evidence: ...``."""
        return "enough evidence" if self.enough else "not enough evidence: " + "; ".join(self.reasons)


class Interval(Frozen):
    """A median and a two-sided 90 % interval; ``upper_open`` means 'more than lower'.

    ``median_open``: the median too lies beyond what can be told; ``median`` is then the furthest point looked at.
    """

    median: float
    lower: float
    upper: float
    upper_open: bool = False
    median_open: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lower <= self.median <= self.upper:
            raise ValueError(f"lower {self.lower:g}, median {self.median:g}, upper {self.upper:g} are not in order")
        return self


class RemainingUsefulLife(Frozen):
    """Life left. ``basis`` tells whose: the machine's own model answer, or the population's at its age, or none."""

    life_unit: LifeUnit
    evidence: Evidence
    basis: Literal["model", "population", "none"]
    life: Interval | None = Field(default=None, description="the answer to show, in life units")
    model_life: Interval | None = Field(default=None, description="the model's own answer, also when it abstains")
    expected_failure_at: tuple[UtcTime, UtcTime, UtcTime] | None = Field(
        default=None, description="lower, median, upper by the last 30 days' utilisation; none of them before ``as_of``"
    )


class HorizonProbability(Frozen):
    """Probability that the machine fails within ``hours`` of calendar time."""

    hours: float
    probability: Probability


class ModeProbability(Frozen):
    """How likely a failure mode is the cause."""

    mode: str
    probability: Probability


class Diagnosis(Frozen):
    """Failure modes with probabilities that sum to 1, ``unknown`` among them (ML10)."""

    modes: tuple[ModeProbability, ...] = Field(min_length=1)
    method: Literal["classifier", "symptom_table", "unknown"]

    @property
    def likeliest(self) -> str:
        """The mode of highest probability."""
        return max(self.modes, key=lambda pair: pair.probability).mode


class Contribution(Frozen):
    """How much one sensor stands out, in standard deviations of its own healthy baseline."""

    sensor: str
    deviation: float
    value: float | None = None
    baseline: float | None = None
    unit: str = ""

    def in_words(self) -> str:
        """Say how far the sensor is from what is usual for it, beside its own spread (the deviation).

        >>> Contribution(sensor="current_A", deviation=-3.24, value=8.0, baseline=10.0, unit="A").in_words()
        'current_A is far below what is usual for it (lately 8.00 A, usually 10.0 A; 3.2 times its usual spread)'
        """
        far = "far " if abs(self.deviation) >= FAR else ""
        side = "above" if self.deviation >= 0 else "below"
        unit = unit_text(self.unit)
        values = [
            f"{when} {number_text(value)}{unit}"
            for when, value in (("lately", self.value), ("usually", self.baseline))
            if value is not None
        ]
        said = f"{', '.join(values)}; " if values else ""
        return f"{self.sensor} is {far}{side} what is usual for it ({said}{abs(self.deviation):.1f} times its usual spread)"


class Anomaly(Frozen):
    """Anomaly score from 0 (normal) to 1 and the sensors that make it."""

    score: Probability
    threshold: Probability
    is_anomaly: bool
    contributions: tuple[Contribution, ...] = ()

    def shown(self) -> tuple[str, str]:
        """Return score and threshold with two digits, or as many as it takes to tell them apart.

        >>> Anomaly(score=0.334, threshold=0.331, is_anomaly=True).shown()
        ('0.334', '0.331')
        """
        digits = next((n for n in range(2, 6) if f"{self.score:.{n}f}" != f"{self.threshold:.{n}f}"), 5)
        return f"{self.score:.{digits}f}", f"{self.threshold:.{digits}f}"

    def in_words(self) -> str:
        """Say how the score lies to its threshold."""
        score, threshold = self.shown()
        if score == threshold:
            return f"anomaly score {score}, {'just above' if self.is_anomaly else 'at'} its threshold"
        return f"anomaly score {score}, {'above' if self.is_anomaly else 'below'} its threshold {threshold}"


class LimitCrossing(Frozen):
    """A sensor at or beyond a limit of the profile (case evidence)."""

    sensor: str
    severity: Severity
    value: float = Field(description="the last reading at or beyond the limit")
    limit: float
    direction: Literal["above", "below"]
    unit: str
    standard: str
    since: UtcTime
    readings: int

    def in_words(self) -> str:
        """Say what was measured, against which limit, and since when."""
        unit = unit_text(self.unit)
        return (
            f"{self.sensor} {against_limit(self.value, self.limit)}{unit} is {self.direction} the "
            f"{self.severity.lower()} limit {limit_text(self.limit)}{unit} ({self.standard}), since {self.since:%Y-%m-%d %H:%M} UTC in "
            f"{self.readings} reading{'' if self.readings == 1 else 's'}"
        )


class SensorFaultKind(StrEnum):
    """How a sensor fails (T6)."""

    STUCK = "stuck"
    OUT_OF_RANGE = "out of physical range"
    DROPOUT = "dropout"
    SPIKE = "spike"


class SensorFault(Frozen):
    """Readings that speak of the sensor and not of the machine (case evidence)."""

    sensor: str
    kind: SensorFaultKind
    since: UtcTime
    until: UtcTime = Field(description="when it was over, or the last reading looked at")
    ongoing: bool
    value: float | None = Field(default=None, description="the reading that shows it; none for a dropout")
    unit: str = ""
    readings: int

    def in_words(self) -> str:
        """Say what is wrong with the sensor and since when."""
        seen = "" if self.value is None else f" at {number_text(self.value)}{unit_text(self.unit)}"
        count = f"{self.readings} reading{'' if self.readings == 1 else 's'}"
        return f"sensor {self.sensor}: {self.kind}{seen}, since {self.since:%Y-%m-%d %H:%M} UTC in {count}"


class Trend(Frozen):
    """A monotone trend of one sensor over the recent window (Mann-Kendall, autocorrelation-corrected)."""

    sensor: str
    per_day: float
    p_value: float
    unit: str


class Prediction(Frozen):
    """Everything said about one machine at one time; every prediction is logged (ML9)."""

    prediction_id: str
    machine_id: MachineId
    as_of: UtcTime
    data_until: UtcTime | None
    status: MachineStatus
    readings: int = Field(description="running observations since the last reset")
    horizons: Horizons
    health_evidence: Evidence
    health_state: HealthState | None = Field(
        default=None, description="as shown: rises at once, falls after three readings"
    )
    observed_state: HealthState | None = Field(default=None, description="what this reading alone says")
    health_probabilities: tuple[Probability, Probability, Probability, Probability] | None = None
    health_score: float | None = Field(default=None, ge=0, le=100)
    remaining_useful_life: RemainingUsefulLife
    failure_probability: tuple[HorizonProbability, ...] = ()
    anomaly_evidence: Evidence
    anomaly: Anomaly | None = None
    diagnosis: Diagnosis
    limit_crossings: tuple[LimitCrossing, ...] = ()
    sensor_faults: tuple[SensorFault, ...] = ()
    silent_since: UtcTime | None = Field(default=None, description="last reading of a machine that has gone silent")
    trends: tuple[Trend, ...] = ()
    reasons: tuple[str, ...] = Field(description="why, in words, most important first")
    model_versions: dict[str, str] = Field(default={}, description="task: version id")
    data_hash: str = ""
    simulated: bool = False

    def probability_within(self, hours: float) -> float | None:
        """Probability of failure within ``hours``, by linear interpolation; None when unknown."""
        if not self.failure_probability:
            return None
        points = [(0.0, 0.0), *((p.hours, p.probability) for p in self.failure_probability)]
        for (h0, p0), (h1, p1) in pairwise(points):
            if hours <= h1:
                return p0 + (p1 - p0) * (hours - h0) / (h1 - h0) if h1 > h0 else p1
        return points[-1][1]

    def supported_probability_within(self, hours: float) -> float | None:
        """The same, but None when neither health state nor remaining life has enough evidence behind it."""
        if not (self.health_evidence.enough or self.remaining_useful_life.evidence.enough):
            return None
        return self.probability_within(hours)


class ModelVersion(Frozen):
    """A registered model: what it was trained on and how well it did (ML6, ML7)."""

    version_id: str
    task: Task
    scope: str = Field(description="'fleet' or 'type:<machine_type>'")
    created_at: UtcTime
    as_of: UtcTime
    data_hash: str
    seed: int
    split: str = Field(description="declared kind of the evaluation split: units, time, both, or blocks")
    units: int
    failures: int
    metrics: dict[str, float | None]
    parameters: dict[str, float | int | str | bool | None] = {}
    features: tuple[str, ...] = Field(default=(), repr=False)
    active: bool = Field(default=False, description="the champion: its answers are shown and acted on")
    shadow: bool = Field(default=False, description="the challenger: answers beside the champion, logged, never shown")
    refused: tuple[str, ...] = Field(default=(), description="gates not met; a refused model is never activated")
    artifact_sha256: str = ""
    libraries: dict[str, str] = Field(default={}, repr=False)
    simulated: bool = False
