"""How alike two tables are: each column's distribution, each pair's dependence, and each column's course in time.

Column shapes: 1 - Kolmogorov-Smirnov distance of a continuous column, 1 - total variation distance of a categorical one.
Column pair trends: 1 - |difference of Pearson's r| / 2 of two continuous columns; 1 - total variation distance of the joint
table where one or both are categorical, continuous ones in ten bins of their own range. Of pairs only those count that depend
on each other in the real table: |r| above 0.5, Cramer's V above 0.3. As the package sdmetrics 0.32 defines its Quality Report,
to which a test holds these figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
# Given how often each unit of the synthetic table counts, a figure.
Weighted = Callable[[Floats], float]

LAGS = (1, 2, 5, 10, 20)
BINS = 10
LEAST_R, LEAST_V = 0.5, 0.3


def column_shapes(real: pd.DataFrame, made: pd.DataFrame, units: Integers, categorical: Sequence[str]) -> Weighted:
    """Return the mean column shape as a function of weights (units,) of ``made``, whose rows belong to ``units``."""
    parts = []
    for name in real.columns:
        values, place = np.unique(pd.concat([real[name], made[name]]).to_numpy(), return_inverse=True)
        given = np.bincount(place[: len(real)], minlength=len(values)) / len(real)
        parts.append((name in categorical, place[len(real) :], given))

    def figure(weights: Floats) -> float:
        row = weights[units]
        scores = []
        for discrete, place, given in parts:
            gap = np.bincount(place, row, minlength=len(given)) / row.sum() - given
            scores.append(1 - (0.5 * np.abs(gap).sum() if discrete else np.abs(np.cumsum(gap)).max()))
        return float(np.mean(scores))

    return figure


def column_pair_trends(real: pd.DataFrame, made: pd.DataFrame, units: Integers, categorical: Sequence[str]) -> Weighted:
    """Return the mean pair trend as a function of weights (units,) of ``made``, whose rows belong to ``units``."""
    plain = [n for n in real.columns if n not in categorical and real[n].nunique() > 1 and made[n].nunique() > 1]
    target = np.corrcoef(real[plain].to_numpy(dtype=float), rowvar=False).reshape(len(plain), len(plain))
    moments = _moments(made[plain], units)
    above = np.nonzero(np.triu(np.abs(target) > LEAST_R, 1))
    tables = _joint_tables(real, made, categorical)

    def figure(weights: Floats) -> float:
        scores = []
        if len(above[0]):
            mine = np.tensordot(weights, moments, axes=1)
            mine = mine / mine[0, 0]
            covariance = mine[1:, 1:] - np.outer(mine[0, 1:], mine[0, 1:])
            spread = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
            with np.errstate(invalid="ignore", divide="ignore"):
                pairs = (covariance / np.outer(spread, spread))[above]
            scores += list(1 - np.abs(target[above] - pairs)[np.isfinite(pairs)] / 2)
        row = weights[units]
        for place, given in tables:
            scores.append(1 - 0.5 * np.abs(np.bincount(place, row, minlength=len(given)) / row.sum() - given).sum())
        return float(np.mean(scores)) if scores else float("nan")

    return figure


def _moments(made: pd.DataFrame, units: Integers) -> Floats:
    """Return sums of products of (1, standardised columns) per unit, shape (units, columns + 1, columns + 1)."""
    values = made.to_numpy(dtype=float)
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    whole = np.hstack([np.ones((len(values), 1)), standard])
    order = np.argsort(units, kind="stable")
    ends = np.cumsum(np.bincount(units))[:-1]
    return np.stack([part.T @ part for part in np.split(whole[order], ends)])


def _joint_tables(real: pd.DataFrame, made: pd.DataFrame, categorical: Sequence[str]) -> list[tuple[Integers, Floats]]:
    """Return, of each dependent pair with a categorical column, the cell of each row of ``made`` and shares in ``real``."""
    found = []
    for first, second in combinations(real.columns, 2):
        if first not in categorical and second not in categorical:
            continue
        sides = []
        for name in (first, second):
            if name in categorical:
                both = pd.concat([real[name], made[name]]).to_numpy()
            else:
                both = np.concatenate([_binned(table[name]) for table in (real, made)])
            values, place = np.unique(both, return_inverse=True)
            sides.append((place, len(values)))
        (one, _), (other, width) = sides
        cell = one * width + other
        given = np.bincount(cell[: len(real)], minlength=(int(one.max()) + 1) * width) / len(real)
        if cramers_v(given.reshape(-1, width), len(real)) > LEAST_V:
            found.append((cell[len(real) :], given))
    return found


def cramers_v(shares: Floats, rows: int) -> float:
    """Return how much two categorical columns depend on each other, 0 to 1, from the shares of their joint table.

    Source: Cramer, "Mathematical methods of statistics", 1946, section 21.9.
    """
    known = shares[shares.sum(axis=1) > 0][:, shares.sum(axis=0) > 0]
    if min(known.shape) < 2:
        return 0.0
    from scipy.stats.contingency import association

    return float(association(np.round(known * rows).astype(np.int64), method="cramer"))


def _binned(column: pd.Series[Any]) -> Integers:
    values = column.to_numpy(dtype=float)
    return np.asarray(np.digitize(values, np.histogram_bin_edges(values, BINS)), dtype=np.int64)


def autocorrelations(numbers: Floats, lengths: Integers) -> Floats:
    """Return r at each of ``LAGS`` of each column in each unit, shape (units, columns, lags).

    r_k = sum (x_t - m)(x_t+k - m) / sum (x_t - m)^2, m the mean of the unit; NaN where the unit is constant or shorter than
    the lag. Source: Box and Jenkins, "Time series analysis", equation 2.1.11.
    """
    found = np.full((len(lengths), numbers.shape[1], len(LAGS)), np.nan)
    for unit, part in enumerate(np.split(numbers, np.cumsum(lengths)[:-1])):
        centred = part - part.mean(axis=0)
        power = (centred**2).sum(axis=0)
        power = np.where(power > 1e-12 * np.maximum((part**2).sum(axis=0), 1e-300), power, np.nan)
        for place, lag in enumerate(LAGS):
            if len(part) > lag:
                found[unit, :, place] = (centred[:-lag] * centred[lag:]).sum(axis=0) / power
    return found


def autocorrelation_distance(real: Floats, made: Floats) -> Weighted:
    """Return the mean over columns and lags of |mean r of ``made`` - mean r of ``real``|, by weights (units,) of ``made``.

    Both as ``autocorrelations`` gives them; what is constant in every unit of a side is left out.
    """
    target = _mean(real, np.ones(len(real)))

    def figure(weights: Floats) -> float:
        gaps = np.abs(_mean(made, weights) - target)
        known = gaps[np.isfinite(gaps)]
        return float(known.mean()) if known.size else float("nan")

    return figure


def _mean(found: Floats, weights: Floats) -> Floats:
    known = np.isfinite(found)
    total = (np.where(known, found, 0.0) * weights[:, None, None]).sum(axis=0)
    count = (known * weights[:, None, None]).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = total / count
    return mean
