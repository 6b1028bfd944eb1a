"""Sequences cut into overlapping windows, and windows blended back into sequences.

Windows of W rows lie every W/2 rows and end with the unit's last row, where degradation shows; the first may hang over the
unit's beginning. Neighbours are blended with weights sin^2 and cos^2, which sum to 1 at every row.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

WIDEST, NARROWEST = 32, 4
# A unit should hold about this many windows, so that what changes along it can be seen from window to window.
WINDOWS_PER_UNIT = 4
# Shares of a typical life within which the last stretch before failure is told apart, finely near the end.
LIFE_SCALES = (0.03, 0.1, 0.3, 1.0)


def window_width(lengths: Integers) -> int:
    """Return the rows of a window, even, 4 to 32, for units of these lengths."""
    return int(np.clip(np.median(lengths) / WINDOWS_PER_UNIT, NARROWEST, WIDEST)) // 2 * 2


def window_counts(lengths: Integers, width: int) -> Integers:
    """Return the number of windows, one every half width, that cover each unit."""
    return -(-lengths // (width // 2))


def window_ends(lengths: Integers, width: int) -> tuple[Integers, Integers]:
    """Return unit and rows that follow its end (0 for a unit's last window) of every window, in order along each unit."""
    counts = window_counts(lengths, width)
    unit = np.repeat(np.arange(len(lengths)), counts)
    place = np.arange(len(unit)) - np.repeat(np.cumsum(counts) - counts, counts)
    return unit, (counts[unit] - 1 - place) * (width // 2)


def cut(rows: npt.NDArray[Any], lengths: Integers, width: int) -> npt.NDArray[Any]:
    """Return the windows of all units, shape (windows, width, columns); what hangs over mirrors the unit's beginning."""
    unit, after = window_ends(lengths, width)
    offsets = np.cumsum(lengths) - lengths
    inside = lengths[unit][:, None] - after[:, None] - width + np.arange(width)
    taken: npt.NDArray[Any] = rows[offsets[unit][:, None] + mirrored(inside, lengths[unit][:, None])]
    return taken


def mirrored(position: Integers, length: Integers) -> Integers:
    """Return positions reflected into 0 to length - 1, however far outside they lie."""
    period = np.maximum(2 * (length - 1), 1)
    folded = np.abs(position) % period
    return np.where(folded < length, folded, period - folded)


def blend(windows: Floats, lengths: Integers) -> Floats:
    """Return rows (rows, columns) of all units from their windows (windows, width, columns), neighbours blended."""
    width = windows.shape[1]
    half = width // 2
    rising = np.sin(np.pi * (np.arange(half) + 0.5) / width)[:, None] ** 2
    counts = window_counts(lengths, width)
    last = np.cumsum(counts) - 1
    # Each block of half a window: the later half of one window, and the earlier half of the next but for the last.
    blocks = windows[:, half:].copy()
    followed = np.ones(len(windows), dtype=bool)
    followed[last] = False
    before = np.flatnonzero(followed)
    blocks[before] = blocks[before] * (1 - rising) + windows[before + 1, :half] * rising
    flat = blocks.reshape(-1, windows.shape[2])
    surplus = counts * half - lengths
    place = np.arange(len(flat)) - np.repeat((last + 1 - counts) * half, counts * half)
    kept: Floats = flat[place >= np.repeat(surplus, counts * half)]
    return kept


def life_basis(life: Floats, typical: float) -> Floats:
    """Return what the network is told of the life left, shape (..., 5): exponentials and the share of a typical life.

    Degradation is slow, then quick: exponentials of the remaining life with several time constants can follow it.
    """
    share = np.maximum(life, 0.0)[..., None] / max(typical, 1e-12)
    return np.concatenate([np.exp(-share / np.array(LIFE_SCALES)), np.minimum(share, 2.0)], axis=-1)
