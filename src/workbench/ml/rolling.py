"""Trailing windows over the running rows of one machine, vectorised over sensors, restarting at each reset."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.ndimage import maximum_filter1d
from scipy.signal import lfilter

from .arrays import FloatArray, IntArray


class TrailingWindows:
    """Statistics of the last ``w`` rows up to and including each row, never reaching before ``fresh``.

    ``values`` has shape (rows, channels), NaN being gaps; ``fresh`` gives each row the first row it may look back to.
    Statistics are those of the rows from ``since`` on; some are given for several widths at once, a column (widths, 1),
    with the widths as a further, first axis.

    >>> import numpy as np
    >>> w = TrailingWindows(np.array([[1.0], [3.0], [5.0]]), np.zeros(3, dtype=np.int64))
    >>> w.mean(2).ravel().tolist()
    [1.0, 2.0, 4.0]
    """

    def __init__(self, values: FloatArray, fresh: IntArray, *, since: int = 0) -> None:
        self.rows, self.channels = values.shape
        self.values, self.fresh, self.since = values, fresh, since
        self._index = np.arange(self.rows)
        self._valid = ~np.isnan(values)
        self._filled = np.where(self._valid, values, 0.0)
        self._count = self._accumulate(self._valid.astype(np.float64))
        self._sum = self._accumulate(self._filled)
        self._segments = [0, *(1 + np.flatnonzero(fresh[1:] != fresh[:-1])).tolist()] if self.rows else []

    @staticmethod
    def _accumulate(values: FloatArray) -> FloatArray:
        total = np.zeros((len(values) + 1, values.shape[1]))
        np.cumsum(values, axis=0, out=total[1:])
        return total

    def _between(self, cumulative: FloatArray, low: IntArray) -> FloatArray:
        return np.asarray(cumulative[1 + self.since :] - cumulative[low])

    def _low(self, width: int | IntArray) -> IntArray:
        return np.asarray(np.maximum(self._index[self.since :] - width + 1, self.fresh[self.since :]))

    def mean(self, width: int | IntArray) -> FloatArray:
        """Mean of the last ``width`` rows, NaN where they hold no value."""
        low = self._low(width)
        count = self._between(self._count, low)
        return np.divide(self._between(self._sum, low), count, out=np.full_like(count, np.nan), where=count > 0)

    def std(self, width: int | IntArray) -> FloatArray:
        """Standard deviation of the last ``width`` rows, NaN below three values."""
        low = self._low(width)
        count = self._between(self._count, low)
        squares = self._between(self._accumulate(self._filled**2), low)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = self._between(self._sum, low) / count
            variance = np.maximum(squares / count - mean**2, 0.0)
        return np.where(count >= 3, np.sqrt(variance), np.nan)

    def slope(self, width: int | IntArray) -> FloatArray:
        """Least-squares slope per row over the last ``width`` rows, NaN below a third of them."""
        low = self._low(width)
        count = self._between(self._count, low)
        sum_x, sum_xx, sum_xy = (self._between(moment, low) for moment in self._moments)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = sum_xx - sum_x**2 / count
            slope = (sum_xy - sum_x * self._between(self._sum, low) / count) / spread
        return np.where(count >= np.maximum(4, width // 3)[..., None], slope, np.nan)

    @cached_property
    def _moments(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Sums up to each row of its position, of the square of it, and of its product with the value."""
        position = (self._index[:, None] * self._valid).astype(np.float64)
        return (
            self._accumulate(position),
            self._accumulate(position**2),
            self._accumulate(position * self._filled),
        )

    def maximum(self, width: int) -> FloatArray:
        """Largest value of the last ``width`` rows, NaN where they hold none."""
        source = np.where(self._valid, self._filled, -np.inf)
        out = np.empty_like(source)
        for start, stop in self._spans():
            out[start:stop] = maximum_filter1d(
                source[start:stop], size=width, axis=0, origin=(width - 1) // 2, mode="constant", cval=-np.inf
            )
        out = out[self.since :]
        return np.where(np.isfinite(out), out, np.nan)

    def ewma(self, width: int) -> FloatArray:
        """Exponentially weighted mean with span ``width / 3``, cut off after ``width`` rows (so it is finite)."""
        decay = 1.0 - 2.0 / (max(width / 3.0, 1.0) + 1.0)
        both = np.concatenate([self._filled, self._valid], axis=1)
        for start, stop in self._spans():
            # What comes into the window, less what falls out of it.
            moved = both[start:stop].copy()
            moved[width:] -= decay**width * both[start : max(stop - width, start)]
            both[start:stop] = lfilter([1.0], [1.0, -decay], moved, axis=0)
        top, bottom = both[self.since :, : self.channels], both[self.since :, self.channels :]
        return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 1e-9))

    def _spans(self) -> list[tuple[int, int]]:
        """First row and end of each stretch without a reset that is looked at."""
        edges = [*self._segments, self.rows]
        return [(start, stop) for start, stop in pairwise(edges) if stop > self.since]
