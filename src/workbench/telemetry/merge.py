"""Brings the pieces of one machine and month together: order, duplicates, and conflicts with what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from workbench.telemetry.blocks import Piece
from workbench.telemetry.faults import FaultLog, Rows
from workbench.telemetry.readers.times import Micros

SAME_IN_FILE = "same time with another value earlier in the file"
SAME_STORED = "same time is stored with another value"
FILLS_STORED = "same time is stored with gaps where this row has values; give the sensors of a machine in one file"


@dataclass(frozen=True)
class Merged:
    """New readings, ascending and unique, and how many rows repeat others exactly."""

    times: Micros
    values: pa.Table
    rows: Rows
    identical: int
    conflicts: FaultLog


def merge(pieces: Sequence[Piece]) -> Merged:
    """Return the readings of ``pieces``, the first of each time kept; others are identical or in conflict."""
    conflicts = FaultLog()
    if len(pieces) == 1:
        times, values, rows = pieces[0].times, pieces[0].values, pieces[0].rows
    else:
        times = np.concatenate([piece.times for piece in pieces])
        values = pa.concat_tables([piece.values for piece in pieces])
        rows = np.concatenate([piece.rows for piece in pieces])
    steps = np.diff(times)
    if (steps > 0).all():
        return Merged(times, values, rows, 0, conflicts)
    if (steps < 0).any():
        # Equal times keep the order of the file, so that "the first" means the first row of it.
        order = np.lexsort((rows, times))
        times, values, rows = times[order], values.take(pa.array(order)), rows[order]
    repeats = np.flatnonzero(times[1:] == times[:-1]) + 1
    if not len(repeats):
        return Merged(times, values, rows, 0, conflicts)
    fresh = np.ones(len(times), dtype=bool)
    fresh[repeats] = False
    leader = np.maximum.accumulate(np.where(fresh, np.arange(len(times)), 0))[repeats]
    same = equal_rows(values.take(pa.array(repeats)), values.take(pa.array(leader)))
    conflicts.add(rows[repeats[~same]], SAME_IN_FILE)
    return Merged(times[fresh], values.filter(pa.array(fresh)), rows[fresh], int(same.sum()), conflicts)


def against_stored(new: Merged, stored_times: Micros, stored: pa.Table) -> Merged:
    """Return ``new`` without the rows whose time is stored already (``stored_times`` ascending)."""
    at = np.searchsorted(stored_times, new.times)
    at[at == len(stored_times)] = 0
    known = stored_times[at] == new.times if len(stored_times) else np.zeros(len(new.times), bool)
    if not known.any():
        return new
    where = np.flatnonzero(known)
    ours, theirs = new.values.take(pa.array(where)), stored.take(pa.array(at[where]))
    same = equal_rows(ours, theirs)
    fills = ~same & equal_rows(ours, theirs, gaps_differ=False)
    conflicts = FaultLog([*new.conflicts.found])
    conflicts.add(new.rows[where[fills]], FILLS_STORED)
    conflicts.add(new.rows[where[~same & ~fills]], SAME_STORED)
    keep = ~known
    return Merged(
        new.times[keep],
        new.values.filter(pa.array(keep)),
        new.rows[keep],
        new.identical + int(same.sum()),
        conflicts,
    )


def equal_rows(left: pa.Table, right: pa.Table, *, gaps_differ: bool = True) -> npt.NDArray[np.bool_]:
    """Say which rows hold the same values in all columns; a column one of them lacks counts as gaps.

    With ``gaps_differ`` a gap equals only a gap, else it equals anything.
    """
    same = np.ones(left.num_rows, dtype=bool)
    for name in {*left.column_names, *right.column_names}:
        a, b = _column(left, name), _column(right, name)
        gap_a, gap_b = _gaps(a, left.num_rows), _gaps(b, left.num_rows)
        gaps = (gap_a & gap_b) if gaps_differ else (gap_a | gap_b)
        if a is None or b is None:
            same &= gaps
        elif pa.types.is_string(a.type):
            same &= gaps | (a.fill_null("").to_numpy() == b.cast(pa.string()).fill_null("").to_numpy()) & ~(
                gap_a | gap_b
            )
        else:
            same &= gaps | (a.to_numpy() == b.to_numpy())
    return same


def _gaps(column: pa.ChunkedArray | None, rows: int) -> npt.NDArray[np.bool_]:
    return np.ones(rows, dtype=bool) if column is None else column.is_null().to_numpy().astype(bool)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    return table.column(name) if name in table.column_names else None
