"""Synthetic sequences: what they are learned from, how they are asked for, and how well they stand in for real ones."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from .base import Frozen

EPOCHS = (50, 1_000)
BATCH_SIZE = (100, 2_000)
MOST_ONE_HOT_COLUMNS = 1_000
# Half of fewer units would neither show how units differ nor leave any to judge by.
FEWEST_UNITS = 4


class SynthesizerBackend(StrEnum):
    """Who makes the sequences: the workbench's temporal TVAE, or SDV's TVAE of single rows."""

    TEMPORAL = "temporal"
    SDV = "sdv"


class SequenceColumns(Frozen):
    """What the columns of a table of sequences mean.

    >>> SequenceColumns(unit="engine", order="cycle", remaining_life="rul", continuous=("s2", "s3")).used
    ('engine', 'cycle', 'rul', 's2', 's3')
    """

    unit: str = Field(description="names the sequence a row belongs to: a machine, or one life of it")
    order: str = Field(description="time or cycle within the sequence")
    remaining_life: str | None = Field(default=None, description="life left at each row, 0 at the last; None: unknown")
    continuous: tuple[str, ...]
    categorical: tuple[str, ...] = ()
    conditions: tuple[str, ...] = Field(
        default=(), description="categorical columns that say under what a sequence came about: machine type, fault"
    )

    @field_validator("continuous")
    @classmethod
    def _some(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("name at least one continuous column")
        return value

    @model_validator(mode="after")
    def _each_once(self) -> SequenceColumns:
        repeated = sorted({name for name in self.used if self.used.count(name) > 1})
        if repeated:
            raise ValueError(f"{', '.join(repeated)} is named more than once; a column has one meaning")
        strange = sorted(set(self.conditions) - set(self.categorical))
        if strange:
            raise ValueError(f"conditions name {', '.join(strange)}, which is not among the categorical columns")
        return self

    @property
    def used(self) -> tuple[str, ...]:
        """All columns named here, in the order in which a synthetic table holds them."""
        life = () if self.remaining_life is None else (self.remaining_life,)
        return (self.unit, self.order, *life, *self.continuous, *self.categorical)


class SynthesisSettings(Frozen):
    """How a synthesizer is trained. ``faults`` lists what is outside the limits; nothing is trained with any."""

    backend: SynthesizerBackend = SynthesizerBackend.TEMPORAL
    epochs: int = Field(default=300, description="50 to 1,000")
    batch_size: int = Field(default=500, description="100 to 2,000 windows (temporal) or rows (SDV)")
    seed: int = 0
    patience: int = Field(default=60, description="epochs without a better validation loss before training ends early")
    checkpoint_every: int = Field(default=25, description="epochs from one checkpoint to the next")

    def faults(self) -> list[str]:
        """Return every setting outside its limits, in words.

        >>> SynthesisSettings(epochs=10, batch_size=5).faults()
        ['epochs is 10; give 50 to 1,000', 'batch_size is 5; give 100 to 2,000']
        """
        limits = {
            "epochs": EPOCHS,
            "batch_size": BATCH_SIZE,
            "patience": (1, EPOCHS[1]),
            "checkpoint_every": (1, EPOCHS[1]),
            "seed": (0, 2**31 - 1),
        }
        return [
            f"{name} is {getattr(self, name):,}; give {low:,} to {high:,}"
            for name, (low, high) in limits.items()
            if not low <= getattr(self, name) <= high
        ]


class EpochLoss(Frozen):
    """Loss after one epoch, of the training rows and of the units kept aside (None where none are)."""

    epoch: int = Field(ge=1)
    loss: float
    validation_loss: float | None = None


class SynthesisCondition(Frozen):
    """What the sequences asked for have in common, e.g. bearing wear in the last 100 hours.

    >>> SynthesisCondition(remaining_life=(0, 100), conditions={"fault": "bearing_wear"}).conditions
    {'fault': 'bearing_wear'}
    """

    remaining_life: tuple[float, float] | None = Field(
        default=None, description="lowest and highest life left, in the unit of the column; None: whole lives"
    )
    conditions: dict[str, str] = Field(
        default={}, description="value of each column of condition; others as in training"
    )

    @field_validator("remaining_life")
    @classmethod
    def _in_order(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not 0 <= value[0] <= value[1]:
            raise ValueError(f"remaining_life is {value}; give two numbers, the lower first, neither negative")
        return value


class QualityFigure(Frozen):
    """One figure of a quality report, what it must reach, and what that means in words."""

    name: str
    value: float | None = Field(description="None where it could not be measured; the verdict says why")
    low: float | None = Field(default=None, description="lower end of the 95 % interval, bootstrap over units")
    high: float | None = None
    reference: float | None = Field(default=None, description="the same figure of real units held out")
    bar: str = Field(default="", description="what the value must reach, e.g. 'at most 0.55'; empty: reported only")
    passed: bool | None = Field(default=None, description="whether it does; None: reported only, or not measured")
    verdict: str


class QualityReport(Frozen):
    """What synthetic sequences are worth: each figure with a verdict, and one verdict over all.

    ``trustworthy`` is False where they copy the sequences they were learned from; then no other figure counts, and
    none is passed.
    """

    figures: tuple[QualityFigure, ...]
    trustworthy: bool
    verdict: str
    units: int = Field(description="synthetic units judged")
    rows: int

    def figure(self, name: str) -> QualityFigure:
        """Return one figure by name; raises ``KeyError`` naming those there are."""
        found = next((one for one in self.figures if one.name == name), None)
        if found is None:
            raise KeyError(f"{name!r} is none of {', '.join(one.name for one in self.figures)}")
        return found

    @property
    def passed(self) -> bool:
        """Whether nothing that has a bar misses it."""
        return self.trustworthy and all(one.passed is not False for one in self.figures)
