"""Array types of the alert engine, and the counts over neighbouring readings that its rules are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

NS_PER_MIN = 60_000_000_000


def count_of_last(flags: BoolArray, of: int, first: IntArray) -> IntArray:
    """Return how many of the last ``of`` flags are set, at each place; nothing before place ``first[k]`` counts at ``k``.

    >>> count_of_last(np.array([True, True, False, True]), 2, np.array([0, 0, 0, 3])).tolist()
    [1, 2, 1, 1]
    """
    total = np.concatenate([[0], np.cumsum(flags)])
    places = np.arange(len(flags))
    return np.asarray(total[places + 1] - total[np.maximum(places - of + 1, first)])


def run_length(flags: BoolArray, first: IntArray) -> IntArray:
    """Return how many flags in a row are set, up to and with each place; nothing before place ``first[k]`` counts at ``k``.

    >>> run_length(np.array([True, True, False, True, True]), np.zeros(5, dtype=int)).tolist()
    [1, 2, 0, 1, 2]
    """
    places = np.arange(len(flags))
    last_unset = np.maximum.accumulate(np.where(flags, -1, places))
    return np.asarray(places - np.maximum(last_unset, first - 1))


def latched(on: BoolArray, off: BoolArray) -> BoolArray:
    """Return where a latch is set that ``on`` sets and ``off`` clears; where both are, it is set.

    >>> latched(np.array([False, True, False, False]), np.array([False, False, False, True])).tolist()
    [False, True, True, False]
    """
    places = np.arange(len(on))
    last_on = np.maximum.accumulate(np.where(on, places, -1))
    last_off = np.maximum.accumulate(np.where(off & ~on, places, -1))
    return np.asarray(last_on > last_off)
