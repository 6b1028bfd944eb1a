"""How a data file is laid out: which column is which sensor, in which unit, of which machine, in which time zone."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, model_validator

from .base import Frozen, MachineId


class SensorColumn(Frozen):
    """The sensor a file column holds, and the unit its numbers are in (none: the sensor's own unit)."""

    sensor: str = Field(min_length=1)
    unit: str | None = None


class ColumnMapping(Frozen):
    """How a file is laid out; what it does not name is ignored and noted.

    Give ``machine_id`` for a file of one machine, or ``machine_column`` for a file of many.
    Times without a zone are local times of ``time_zone``; ``time_format`` is a strptime pattern for
    times that are not ISO 8601; ``epoch_unit`` is needed only where the magnitude of numeric times is misleading.
    """

    time_column: str
    machine_id: MachineId | None = None
    machine_column: str | None = None
    machine_names: dict[str, MachineId] = Field(default={}, description="name in the file: machine id")
    time_zone: str = "UTC"
    time_format: str | None = None
    epoch_unit: Literal["s", "ms", "us", "ns"] | None = None
    columns: dict[str, SensorColumn] = Field(description="file column: sensor and unit")
    state: str | None = Field(default=None, description="file column of the machine state")
    life: str | None = None
    running_h: str | None = None
    total_count: str | None = None
    good_count: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None

    @model_validator(mode="after")
    def _one_machine_source(self) -> ColumnMapping:
        if (self.machine_id is None) == (self.machine_column is None):
            raise ValueError("give either machine_id (a file of one machine) or machine_column (a file of many)")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(
                f"time zone {self.time_zone!r} is unknown; use a name such as UTC or Europe/Berlin"
            ) from error
        sensors = [column.sensor for column in self.columns.values()]
        twice = sorted({name for name in sensors if sensors.count(name) > 1})
        if twice:
            raise ValueError(f"two columns are mapped to the same sensor: {', '.join(twice)}")
        return self
