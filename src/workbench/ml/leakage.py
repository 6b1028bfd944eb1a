"""The leakage guard: a split keeps to its declared kind, no column encodes the label, and no feature sees the future."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import InputError, LeakFound

from .arrays import FloatArray
from .splits import Split

FEW_VALUES = 10
SAME_RANK = 0.999
BY_CHANCE = 1e-9
SEVERAL = 3
# How much closer than a clock a column must follow the label: lives of nearly equal length are told by the age alone.
CLOSER = 0.1


def guard(
    X: pd.DataFrame,
    y: npt.ArrayLike,
    split: Split,
    *,
    groups: npt.ArrayLike | None = None,
    times: npt.ArrayLike | None = None,
    horizon: Any = None,
    known: Collection[str] = (),
) -> None:
    """Raise ``LeakFound`` when ``split`` breaks its declared kind or a column of ``X`` encodes ``y``.

    Args:
        X: features, one row per sample.
        y: labels; numbers with more than ten values count as quantities, all else as classes.
        split: the split that is to be used; only its training rows are looked at for columns.
        groups: unit of each sample; needed for splits of kind ``units`` and ``both``.
        times: time of each sample; needed for ``time`` and ``both``.
        horizon: length of a label window, in the difference of ``times``.
        known: columns that somebody has looked at and vouches for.
    """
    split.check(groups, times, horizon)
    labels = np.asarray(y)
    if len(labels) != len(X):
        raise InputError(f"y has {len(labels)} values for {len(X)} rows.", "Give one label per row.")
    units = None if groups is None else np.asarray(groups)[split.train]
    leaks = label_columns(X.iloc[split.train], labels[split.train], units)
    found = [name for name in leaks if name not in known]
    if found:
        raise LeakFound(
            f"Columns encode the label: {', '.join(found)}.",
            "Leave them out; if they are known before the outcome, name them in known.",
        )


def label_columns(
    X: pd.DataFrame, y: npt.ArrayLike, units: npt.ArrayLike | None = None, *, clocks: pd.DataFrame | None = None
) -> list[str]:
    """Return the columns of ``X`` that encode ``y``.

    A column encodes a quantity when it puts the rows in the same order (|rank correlation| above 0.999), and comes ten
    times closer to it than any of the ``clocks``, such as the age of a row's unit, which everybody may read. It
    encodes classes when it is itself a kind of class (at most ten values) and one of its values occurs only with one
    class, more often than chance allows (base rate to the power of its rows under 1e-9): a copy of the label, a
    renamed one, or a part of it such as a failure mode. Rows of one unit resemble each other, so with ``units`` a
    value counts once for each unit that shows it, unless the column settles the class of every row. A measured
    quantity that separates classes well is no leak, nor are the extremes of one that is rounded to a few values: beside
    them the values lean the same way, but are mixed.

    >>> label_columns(pd.DataFrame({"mode": [0] * 80 + [1] * 20, "size": range(100)}), [0] * 70 + [1] * 30)
    ['mode']
    """
    labels = pd.Series(np.asarray(y)).reset_index(drop=True)
    table = X.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(labels) and labels.nunique() > FEW_VALUES:
        return _same_order(table, labels, pd.DataFrame() if clocks is None else clocks.reset_index(drop=True))
    coded = labels.factorize()[0]
    names = None if units is None else np.unique(np.asarray(units).astype(str), return_inverse=True)[1]
    few = {str(name): codes for name in table if (codes := _codes(table[name])) is not None}
    return [
        name
        for name, codes in few.items()
        if _encodes(codes, coded, names, ordered=pd.api.types.is_numeric_dtype(table[name]))
    ]


def _same_order(table: pd.DataFrame, labels: pd.Series[Any], clocks: pd.DataFrame) -> list[str]:
    known = labels.notna().to_numpy()
    rank = labels[known].rank()

    def apart(column: pd.Series[Any]) -> float:
        """Return how far a column is from the labels' order; 1 where it does not vary or most rows are missing."""
        # A column with gaps may agree by chance where it is.
        if column.notna().mean() <= 0.5 or column.nunique() < 2:
            return 1.0
        return 1.0 - round(abs(column.rank().corr(rank)), 9)

    room = min([1.0 - SAME_RANK, *(CLOSER * apart(clocks[name][known]) for name in clocks)])
    return [str(name) for name in table if apart(table[name][known]) < room]


def _codes(column: pd.Series[Any]) -> npt.NDArray[np.intp] | None:
    """Return the places of the values among the column's own, -1 where missing; None for more than ten values."""
    # Numbers keep their order.
    codes, values = column.factorize(sort=pd.api.types.is_numeric_dtype(column))
    return codes if len(values) <= FEW_VALUES else None


def _encodes(
    codes: npt.NDArray[np.intp], labels: npt.NDArray[np.intp], units: npt.NDArray[np.intp] | None, *, ordered: bool
) -> bool:
    """Say whether a value goes with one class only, more often than chance allows, or all values do."""
    known = (codes >= 0) & (labels >= 0)
    codes, labels = codes[known], labels[known]
    places = np.arange(len(codes)) if units is None else units[known]
    counts = np.zeros((codes.max(initial=0) + 1, labels.max(initial=0) + 1), dtype=np.int64)
    np.add.at(counts, (codes, labels), 1)
    rate = counts.sum(axis=0) / max(len(codes), 1)
    pure = (counts > 0).sum(axis=1) == 1
    classes = [len(np.unique(places[labels == one])) for one in np.flatnonzero(rate)]
    if len(counts) > 1 and len(classes) > 1 and bool(pure.all()) and min(classes) >= SEVERAL:
        return True
    for value in np.flatnonzero(pure):
        one = counts[value].argmax()
        share = float(rate[one])
        rise = ordered and _outermost_of_a_rise(counts[:, one] / counts.sum(axis=1), int(value), share)
        if share < 0.5 and share ** len(np.unique(places[codes == value])) < BY_CHANCE and not rise:
            return True
    return False


def _outermost_of_a_rise(shares: FloatArray, value: int, rate: float) -> bool:
    """Say whether the value is at the end of a gradual rise: what lies beside the end leans the same way, but is mixed.

    A coarsely rounded reading looks so: its extremes are only seen near the failure.
    """
    mixed = np.flatnonzero(shares < 1.0)
    if not len(mixed) or mixed[0] < value < mixed[-1]:
        return False
    return rate < float(shares[mixed[0] if value < mixed[0] else mixed[-1]])


def check_causal(
    build: Callable[[pd.DataFrame], pd.DataFrame], record: pd.DataFrame, cuts: Sequence[int], *, tolerance: float = 1e-6
) -> None:
    """Raise ``LeakFound`` naming the features of a row that change when the rows after it are taken away.

    Args:
        build: makes one row of features per row of a record.
        record: one machine's readings, oldest first.
        cuts: positions of rows to look at; each is built from the whole record and from the rows up to it.
        tolerance: relative difference that rounding may make.
    """
    whole = build(record)
    changed: set[str] = set()
    for cut in cuts:
        if not 0 <= cut < len(record) - 1:
            raise InputError(f"Cut {cut} has no row after it in a record of {len(record)}.", "Cut earlier.")
        before, after = build(record.iloc[: cut + 1]).iloc[cut], whole.iloc[cut]
        if list(before.index) != list(after.index):
            changed |= {str(name) for name in set(before.index) ^ set(after.index)}
            continue
        same = np.isclose(before.to_numpy(float), after.to_numpy(float), rtol=tolerance, atol=1e-9, equal_nan=True)
        changed |= {str(name) for name in before.index[~same]}
    if changed:
        raise LeakFound(
            f"Features see the future: {', '.join(sorted(changed))} change when later rows are taken away.",
            "Build each row from rows up to it only.",
        )
