"""What is observed: telemetry columns, machine states, asset events, and the outcome of an ingest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import Field

from .base import Frozen, MachineId, UtcTime
from .equipment import MachineProfile

if TYPE_CHECKING:
    import pandas as pd

# Columns that telemetry may carry beside sensors: name -> Arrow type name.
STANDARD_COLUMNS: dict[str, str] = {
    "state": "string",
    "life": "float64",
    "running_h": "float64",
    "total_count": "float64",
    "good_count": "float64",
}


class MachineState(StrEnum):
    """What a machine does in a reading's interval (T1)."""

    RUNNING = "RUNNING"
    IDLE = "IDLE"
    PLANNED_STOP = "PLANNED_STOP"
    DOWN = "DOWN"


class EventKind(StrEnum):
    """Kinds of asset events (T8); labels come only from these."""

    FAILURE = "failure"
    REPLACEMENT = "replacement"
    MAINTENANCE = "maintenance"
    ERROR = "error"
    INSPECTION = "inspection"
    STOP = "stop"


# Causes of a replacement that renews the whole machine; where nobody said what was replaced, it is taken for that.
WHOLE_MACHINE = ("unknown", "machine", "overhaul")


class AssetEvent(Frozen):
    """Something that happened to a machine. ``cause`` is the failure mode, component or error code."""

    machine_id: MachineId
    time: UtcTime
    kind: EventKind
    cause: str = Field(default="unknown", min_length=1, max_length=200)
    source: str = Field(min_length=1, max_length=500)


class RowFault(Frozen):
    """Rows of one kind that were quarantined, or counted."""

    reason: str
    column: str = ""
    rows: int
    example: str = ""


class IngestReport(Frozen):
    """What an ingest did; ``quarantined`` rows are kept with their reasons and not lost."""

    batch_id: str
    source: str
    machines: tuple[str, ...]
    rows_read: int
    rows_stored: int
    rows_identical: int = Field(description="rows that were already stored with the same values")
    rows_quarantined: int
    faults: tuple[RowFault, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="order restored, gaps found, columns ignored")
    first_time: UtcTime | None = None
    last_time: UtcTime | None = None
    segments: int = 0
    already_ingested: bool = Field(default=False, description="nothing new: archive and records unchanged")


@dataclass(frozen=True)
class MachineData:
    """One machine as the engines see it.

    ``telemetry``: column ``time`` (aware UTC, ascending, unique), one float column per sensor (NaN is a
    gap), optionally the standard columns. ``events``: columns ``time``, ``kind``, ``cause``, ascending.
    Neither holds a row later than the ``as_of`` it was read for.
    """

    profile: MachineProfile
    telemetry: pd.DataFrame
    events: pd.DataFrame
