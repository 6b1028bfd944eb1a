"""Row faults found while a file is read: which rows, in which column, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FaultyRows:
    """Rows (numbered from 1 in the order of the file) that share one fault."""

    rows: Rows
    reason: str
    column: str = ""


@dataclass
class FaultLog:
    """Collects faults; a row counts once, with the first reason found for it."""

    found: list[FaultyRows] = field(default_factory=list)

    def add(self, rows: npt.ArrayLike, reason: str, column: str = "") -> None:
        """Add the row numbers ``rows``."""
        numbers = np.asarray(rows, dtype=np.int64).ravel()
        if len(numbers):
            self.found.append(FaultyRows(numbers, reason, column))

    def resolved(self) -> list[FaultyRows]:
        """Return the faults with every row in only one of them, rows ascending, equal reasons joined."""
        if not self.found:
            return []
        kinds: dict[tuple[str, str], int] = {}
        codes = [kinds.setdefault((fault.reason, fault.column), len(kinds)) for fault in self.found]
        rows = np.concatenate([fault.rows for fault in self.found])
        kind = np.concatenate([np.full(len(f.rows), c, np.int64) for f, c in zip(self.found, codes, strict=True)])
        rows, first = np.unique(rows, return_index=True)
        kind = kind[first]
        return [
            FaultyRows(rows[kind == code], reason, column)
            for (reason, column), code in kinds.items()
            if (kind == code).any()
        ]

    @property
    def total(self) -> int:
        """Number of faulty rows, each counted once."""
        return sum(len(fault.rows) for fault in self.resolved())
