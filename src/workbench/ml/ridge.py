"""Ridge regressions of several sensors on one design, each on the readings that it has."""

from __future__ import annotations

import numpy as np

from .arrays import BoolArray, FloatArray


class SharedRidge:
    """Least squares of sensors on the columns of ``design``, shape (rows, terms), with a ``penalty`` for each term.

    ``values``: (sensors, rows), finite also where a row is not used. Most sensors use most rows: what is left out is
    taken off the sums over all rows, which are made once.

    >>> import numpy as np
    >>> design, steep = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0, 4.0, 99.0]])
    >>> SharedRidge(design, steep, np.zeros(1)).fit(np.array([[True, True, False]])).tolist()
    [[2.0]]
    """

    def __init__(self, design: FloatArray, values: FloatArray, penalty: FloatArray) -> None:
        self.design, self.values = design, values
        self._normal = design.T @ design + np.diag(penalty)
        self._moments = values @ design

    def fit(self, used: BoolArray) -> FloatArray:
        """Return coefficients (sensors, terms) of the rows that each sensor uses, ``used`` being (sensors, rows)."""
        some = np.flatnonzero(~used.all(axis=0))
        out, few = (~used[:, some]).astype(np.float64), self.design[some]
        products = (few[:, :, None] * few[:, None, :]).reshape(len(few), self._normal.size)
        normal = self._normal - (out @ products).reshape(-1, *self._normal.shape)
        moments = self._moments - (out * self.values[:, some]) @ few
        return np.asarray(np.linalg.solve(normal, moments[:, :, None])[:, :, 0])
