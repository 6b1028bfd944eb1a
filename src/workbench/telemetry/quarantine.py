"""Keeps quarantined rows: their original text, their number in the file, and why they were not stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from workbench.domain.observations import RowFault
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.sources import Source
from workbench.telemetry.segments import QUARANTINE, write_part

if TYPE_CHECKING:
    import pandas as pd

ROW, REASON, COLUMN = "quarantine_row", "quarantine_reason", "quarantine_column"


@dataclass(frozen=True)
class Held:
    """A quarantine file in the staging folder, where it belongs, and its contents in short."""

    part: Path
    path: str
    faults: tuple[RowFault, ...]


def stage(faults: FaultLog, source: Source, staging: Path, batch_id: str) -> Held | None:
    """Write the faulty rows of ``source`` into ``staging``; None when there are none."""
    import pyarrow.parquet as pq

    found = faults.resolved()
    if not found:
        return None
    rows = np.concatenate([fault.rows for fault in found])
    kind = np.concatenate([np.full(len(fault.rows), i) for i, fault in enumerate(found)])
    order = np.argsort(rows, kind="stable")
    rows, kind = rows[order], kind[order]
    originals = source.originals(rows)
    reasons = pa.array([fault.reason for fault in found]).take(pa.array(kind))
    columns = pa.array([fault.column for fault in found]).take(pa.array(kind))
    table = pa.table(
        {
            ROW: pa.array(rows),
            REASON: reasons,
            COLUMN: columns,
            **{name: originals.column(name) for name in originals.column_names},
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    part = staging / "quarantine.parquet"
    write_part(part, sink.getvalue())
    summary = tuple(
        RowFault(
            reason=fault.reason,
            column=fault.column,
            rows=len(fault.rows),
            example=_example(originals, int(np.searchsorted(rows, fault.rows[0])), fault.column, int(fault.rows[0])),
        )
        for fault in found
    )
    return Held(part, f"{QUARANTINE}/{batch_id}.parquet", summary)


def moves(held: Held | None) -> list[tuple[Path, str]]:
    """Return where the staged quarantine file, if any, is to be moved."""
    return [(held.part, held.path)] if held is not None else []


def _example(originals: pa.Table, at: int, column: str, row: int) -> str:
    if column in originals.column_names:
        return f"row {row}: {str(originals.column(column)[at].as_py())[:80]!r}"
    return f"row {row}"


def read(root: Path, path: str | None) -> pd.DataFrame:
    """Return the quarantined rows kept at ``path``, all columns but the row number as text; empty when None."""
    import pandas as pd
    import pyarrow.parquet as pq

    if path is None:
        return pd.DataFrame({ROW: pd.Series(dtype="int64"), REASON: pd.Series(dtype=str), COLUMN: pd.Series(dtype=str)})
    frame: pd.DataFrame = pq.read_table(root / path).to_pandas()
    return frame
