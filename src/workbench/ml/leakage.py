"""The leakage guard: a split keeps to its declared kind, no column encodes the label, and no feature sees the future."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.errors import InputError, WorkbenchError

from .splits import Split

FEW_VALUES = 10
SAME_RANK = 0.999
BY_CHANCE = 1e-9


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
    """Raise ``WorkbenchError`` when ``split`` breaks its declared kind or a column of ``X`` encodes ``y``.

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
    leaks = label_columns(X.iloc[split.train], labels[split.train])
    found = [name for name in leaks if name not in known]
    if found:
        raise WorkbenchError(
            f"Columns encode the label: {', '.join(found)}.",
            "Leave them out; if they are known before the outcome, name them in known.",
        )


def label_columns(X: pd.DataFrame, y: npt.ArrayLike) -> list[str]:
    """Return the columns of ``X`` that encode ``y``.

    A column encodes a quantity when it puts the rows in the same order (|rank correlation| of at least 0.999). It
    encodes classes when it is itself a kind of class (at most ten values) and one of its values occurs only with one
    class, more often than chance allows (base rate to the power of its rows under 1e-9): a copy of the label, a
    renamed one, or a part of it such as a failure mode. A measured quantity that separates classes well is no leak.

    >>> label_columns(pd.DataFrame({"mode": [0] * 80 + [1] * 20, "size": range(100)}), [0] * 70 + [1] * 30)
    ['mode']
    """
    labels = pd.Series(np.asarray(y)).reset_index(drop=True)
    table = X.reset_index(drop=True)
    if pd.api.types.is_numeric_dtype(labels) and labels.nunique() > FEW_VALUES:
        rank = labels.rank()
        related = {str(name): table[name].rank().corr(rank) for name in table if table[name].nunique() > 1}
        return [name for name, correlation in related.items() if abs(correlation) >= SAME_RANK]
    return [str(name) for name in table if table[name].nunique() <= FEW_VALUES and _tells(table[name], labels)]


def _tells(column: pd.Series[Any], labels: pd.Series[Any]) -> bool:
    rate = labels.value_counts(normalize=True)
    counts = pd.crosstab(column, labels)
    for value in counts.index:
        row = counts.loc[value]
        seen = row[row > 0]
        if len(seen) == 1 and float(rate[seen.index[0]]) ** int(seen.iloc[0]) < BY_CHANCE and rate[seen.index[0]] < 0.5:
            return True
    return False


def check_causal(
    build: Callable[[pd.DataFrame], pd.DataFrame], record: pd.DataFrame, cuts: Sequence[int], *, tolerance: float = 1e-6
) -> None:
    """Raise ``WorkbenchError`` naming the features of a row that change when the rows after it are taken away.

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
        raise WorkbenchError(
            f"Features see the future: {', '.join(sorted(changed))} change when later rows are taken away.",
            "Build each row from rows up to it only.",
        )
