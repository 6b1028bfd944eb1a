"""What a reader of a public fleet hands over: machines, readings, events, and the truth that is kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.observations import AssetEvent
from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.sources import open_source

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class FleetSource:
    """A public fleet in our terms. ``truth`` (published answers) never becomes telemetry or an event."""

    source: str
    site: Site
    profiles: tuple[MachineProfile, ...]
    readings: tuple[pa.Table, ...]
    events: tuple[AssetEvent, ...]
    as_of: datetime
    truth: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=())

    def tables(self) -> Iterator[pa.Table]:
        """Yield the readings: ``machine_id``, ``time``, sensors, standard columns."""
        yield from self.readings


def find(folder: Path, *names: str) -> Path | None:
    """Return the first of ``names`` that is in ``folder``."""
    return next((folder / name for name in names if (folder / name).is_file()), None)


def need(folder: Path, what: str, *names: str) -> Path:
    """Return the first of ``names`` in ``folder``; raises ``NotFound`` saying which were looked for."""
    if not folder.is_dir():
        raise NotFound(f"Folder {folder} does not exist.", "Give the folder that holds the data set's files.")
    found = find(folder, *names)
    if found is None:
        raise NotFound(f"{folder} holds no {what}: {' or '.join(names)} is missing.", "Give the data set's folder.")
    return found


def read_whole(path: Path, *columns: str) -> pa.Table:
    """Read a CSV (as text) or Parquet file whole; raises ``RefusedFile`` for a missing column or broken rows."""
    source = open_source(path)
    missing = [name for name in columns if name not in source.names]
    if missing:
        raise RefusedFile(
            f"{path}: column {', '.join(map(repr, missing))} is missing; columns: {', '.join(source.names)}.",
            "Use the file as its publisher distributes it.",
        )
    faults = FaultLog()
    blocks = [block.table for block in source.blocks(faults)]
    if faults.found:
        raise RefusedFile(
            f"{path}: row {faults.found[0].rows[0]} {faults.found[0].reason.removeprefix('row ')}.",
            "The file is damaged; download it again.",
        )
    return pa.concat_tables(blocks)
