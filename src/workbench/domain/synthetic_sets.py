"""What is recorded of synthetic data: the sets that were made, the synthesizers that make them, and their statistics."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from .base import Frozen, MachineId, UtcTime
from .jobs import JobState
from .synthesis import EpochLoss, QualityReport, SequenceColumns, SynthesisCondition, SynthesisSettings

if TYPE_CHECKING:
    import pandas as pd

# Scope of what was learned from several machines; else it is the machine's id.
FLEET = "fleet"
SEED_ROWS = (1_000, 100_000)
GENERATED_ROWS = (1_000, 1_000_000)


class SetKind(StrEnum):
    """Where a synthetic set comes from: the simulated machine, or a synthesizer that learned from it."""

    SEED = "seed"
    GENERATED = "generated"


class SyntheticFile(Frozen):
    """One Parquet file of a set; ``path`` is relative to the workspace."""

    path: str
    rows: int
    units: int
    size: int = Field(description="bytes")
    sha256: str
    seed: int = Field(description="of the random numbers that it was drawn with; no two files of a set share one")
    made_s: float = Field(description="seconds to draw its rows")
    written_s: float = Field(description="seconds to write it")


class SyntheticSet(Frozen):
    """Sequences that no machine lived: never telemetry, never training data of a prediction model, never a gate's."""

    set_id: str
    kind: SetKind
    scope: str = Field(description="machine id, or 'fleet'")
    machines: tuple[MachineId, ...]
    created_at: UtcTime
    columns: SequenceColumns = Field(repr=False)
    files: dict[str, SyntheticFile] = Field(description="'seed', or 'train', 'validation' and 'test'", repr=False)
    seed: int
    step_h: float = Field(description="operating hours from one row of a sequence to the next")
    failure_mode: str | None = Field(default=None, description="mode that every life of seed data ends in; None: any")
    synthesizer_id: str | None = None
    condition: SynthesisCondition | None = None
    quality: QualityReport | None = Field(default=None, repr=False)
    judged_at: UtcTime | None = None
    notes: tuple[str, ...] = Field(default=(), description="what people should know of where its rows come from")
    simulated: Literal[True] = True

    @property
    def rows(self) -> int:
        """Rows of all its files."""
        return sum(file.rows for file in self.files.values())

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files.values())

    def alike(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table with its columns that meet its condition; all where it has none."""
        if self.condition is None:
            return frame
        kept = frame
        for name, value in self.condition.conditions.items():
            kept = kept[kept[name].astype(str) == value]
        if self.condition.remaining_life is not None and self.columns.remaining_life is not None:
            kept = kept[kept[self.columns.remaining_life].between(*self.condition.remaining_life)]
        return kept.reset_index(drop=True)


class SynthesizerState(StrEnum):
    """How far the training of a synthesizer is."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATE_OF_JOB = {
    JobState.QUEUED: SynthesizerState.PENDING,
    JobState.RUNNING: SynthesizerState.RUNNING,
    JobState.DONE: SynthesizerState.COMPLETED,
    JobState.FAILED: SynthesizerState.FAILED,
    JobState.CANCELLED: SynthesizerState.CANCELLED,
}


class SynthesizerRecord(Frozen):
    """A synthesizer: what it learned from and how, how far its training is, and its file once that is done."""

    synthesizer_id: str
    scope: str = Field(description="machine id, or 'fleet'")
    state: SynthesizerState
    machines: tuple[MachineId, ...]
    learned_from: tuple[str, ...] = Field(description="ids of the sets of seed data")
    columns: SequenceColumns = Field(repr=False)
    settings: SynthesisSettings
    units: int
    rows: int
    started_at: UtcTime
    ended_at: UtcTime | None = None
    job_id: str | None = Field(default=None, description="the job that trains it; None: trained in the foreground")
    fraction: float = Field(default=0.0, ge=0, le=1)
    message: str = Field(default="", description="how far its training is, in words: epoch, loss, time left")
    losses: tuple[EpochLoss, ...] = Field(default=(), repr=False)
    training_s: float = Field(default=0.0, description="seconds of training, of all attempts together")
    artifact_sha256: str | None = Field(
        default=None, description="None before completion, and for SDV, which is refitted"
    )
    libraries: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    error: str = ""


class SynthesisStatistics(Frozen):
    """What the synthesis service of a workspace has done, and what it holds (S5)."""

    synthesizers: dict[str, int] = Field(description="how many in each state")
    sets: dict[str, int] = Field(description="how many of each kind")
    rows: dict[str, int] = Field(description="rows of each kind of set")
    size: int = Field(description="bytes of all sets on disk")
    training_s: float = Field(description="seconds spent on training")
    generated_rows_per_s: float | None = None
    judged: int = 0
    trustworthy: int = Field(default=0, description="judged sets that do not copy what they were learned from")
    passed: int = Field(default=0, description="judged sets that miss no bar")
    mean_quality: float | None = Field(default=None, description="mean of `quality` over the trustworthy sets")
    in_memory: int = Field(description="synthesizers that this process holds in memory")
    most_in_memory: int
