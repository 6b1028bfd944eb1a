"""From which reading to which a rule or a fault is on, over a whole record at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .arrays import BoolArray, IntArray, count_of_last, latched, run_length


@dataclass(frozen=True)
class Span:
    """From the row that fires to the row that clears (None: ongoing); ``first``: the first bad row of those that fired."""

    start: int
    end: int | None
    first: int


def spans(
    bad: BoolArray, good: BoolArray, delay: tuple[int, int], clear_after: int, first: IntArray, ends: BoolArray
) -> Iterator[Span]:
    """Yield when ``delay`` (n of m) bad readings set and ``clear_after`` good ones clear; ``ends`` clears at once."""
    needed, of = delay
    on = count_of_last(bad, of, first) >= needed
    if not on.any():
        return
    active = latched(on, (run_length(good, first) >= clear_after) | ends)
    before = np.concatenate([[False], active[:-1]])
    starts = np.flatnonzero(active & (~before | ends))
    stops = np.flatnonzero(before & (~active | ends))
    for start in starts:
        after = stops[stops > start]
        window = max(int(start) - of + 1, int(first[start]))
        yield Span(int(start), int(after[0]) if len(after) else None, window + int(bad[window:].argmax()))
