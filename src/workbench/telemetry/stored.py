"""Reads what is stored: segments straight from Parquet for comparison, or through DuckDB for people and engines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from workbench.store.records import SegmentRow
from workbench.telemetry.readers.times import Micros
from workbench.telemetry.segments import micros

if TYPE_CHECKING:
    import duckdb

NOTHING = (np.array([], np.int64), pa.table({}))


def read_stored(root: Path, rows: Sequence[SegmentRow], first: int, last: int) -> tuple[Micros, pa.Table]:
    """Return times (ascending) and values of the segments ``rows`` from ``first`` to ``last``, both included."""
    import pyarrow.parquet as pq

    found: list[tuple[Micros, pa.Table]] = []
    for row in rows:
        if micros(row.first_time) > last or micros(row.last_time) < first:
            continue
        table = pq.read_table(root / row.path, use_threads=False, partitioning=None)
        times = table.column("time").cast(pa.int64()).to_numpy()
        start, end = np.searchsorted(times, [first, last + 1])
        if end > start:
            values = table.drop_columns(["machine_id", "time"]).slice(start, end - start)
            found.append((times[start:end], values))
    if not found:
        return NOTHING
    times = np.concatenate([part[0] for part in found])
    table = pa.concat_tables([_plain(part[1]) for part in found], promote_options="default")
    if (np.diff(times) < 0).any():
        order = np.argsort(times, kind="stable")
        times, table = times[order], table.take(pa.array(order))
    return times, table


def _plain(table: pa.Table) -> pa.Table:
    for i, name in enumerate(table.column_names):
        if pa.types.is_dictionary(table.column(i).type):
            table = table.set_column(i, name, table.column(i).cast(pa.string()))
    return table


def connect() -> duckdb.DuckDBPyConnection:
    """Return an in-memory DuckDB whose times are UTC."""
    import duckdb

    connection = duckdb.connect(":memory:")
    # GLOBAL, because cursors are sessions of their own and would take the zone of the process.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET GLOBAL preserve_insertion_order = false")
    return connection
