"""Splits of samples into training and test that declare their kind and can prove that they keep to it.

``units``: no unit on both sides. ``time``: every training label window ends before the first test sample
(a purge of at least the horizon). ``both``: both at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from workbench.errors import InputError, LeakFound, NotEnoughData, WorkbenchError

Kind = Literal["units", "time", "both"]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Row positions of one training and one test side, and the kind of separation they declare.

    >>> split = Split("units", train=np.array([0, 1]), test=np.array([2]))
    >>> split.check(groups=["a", "a", "b"])
    >>> split.check(groups=["a", "b", "b"])
    Traceback (most recent call last):
    ...
    workbench.errors.LeakFound: The split declares 'units' but 1 unit is on both sides: b. ...
    """

    kind: Kind
    train: Rows
    test: Rows

    def check(
        self,
        groups: npt.ArrayLike | None = None,
        times: npt.ArrayLike | None = None,
        horizon: Any = None,
    ) -> None:
        """Raise ``WorkbenchError`` when the declared kind is broken.

        Args:
            groups: unit of each sample; needed for ``units`` and ``both``.
            times: time of each sample (numbers or datetimes); needed for ``time`` and ``both``.
            horizon: length of a label window after its sample, in the difference of ``times``.
        """
        if len(self.train) == 0 or len(self.test) == 0:
            raise WorkbenchError("A side of the split is empty.", "Give more units or another boundary.")
        if len(np.intersect1d(self.train, self.test)):
            raise LeakFound("The split has rows on both sides.", "Build it with the functions of ml.splits.")
        if self.kind in ("units", "both"):
            self._check_units(_required(groups, "groups", self.kind))
        if self.kind in ("time", "both"):
            self._check_time(_required(times, "times", self.kind), _required_horizon(horizon, self.kind))

    def _check_units(self, groups: npt.NDArray[Any]) -> None:
        shared = sorted({str(g) for g in groups[self.train]} & {str(g) for g in groups[self.test]})
        if shared:
            noun = "unit is" if len(shared) == 1 else "units are"
            raise LeakFound(
                f"The split declares {self.kind!r} but {len(shared)} {noun} on both sides: {', '.join(shared[:5])}.",
                "Split by unit, e.g. with grouped_folds.",
            )

    def _check_time(self, times: npt.NDArray[Any], horizon: Any) -> None:
        last_label, first_test = times[self.train].max() + horizon, times[self.test].min()
        if not last_label < first_test:
            raise LeakFound(
                f"The split declares {self.kind!r} but a training label window ends at {last_label}, "
                f"not before the first test sample at {first_test}.",
                "Purge at least the horizon before the boundary.",
            )


def grouped_folds(
    groups: npt.ArrayLike, n_splits: int = 5, seed: int = 0, *, balance: npt.ArrayLike | None = None
) -> list[Split]:
    """Return ``n_splits`` splits of kind ``units``; each unit is in exactly one test side.

    Units are shuffled by ``seed`` and dealt out so that folds differ by at most one unit. With ``balance`` (one
    weight per sample, e.g. 1 where a failure happens) units of large weight are dealt first, each to the fold of
    least weight among those that still have room.

    Raises ``NotEnoughData`` when there are fewer units than folds.

    >>> [sorted(s.test.tolist()) for s in grouped_folds(["a", "a", "b", "c"], n_splits=3, seed=1)]
    [[0, 1], [2], [3]]
    """
    if n_splits < 2:
        raise InputError(f"n_splits is {n_splits}.", "Give at least 2.")
    names, inverse = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < n_splits:
        raise NotEnoughData(f"{len(names)} units cannot be split into {n_splits} folds.", "Give more units.")
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = np.empty(len(names), dtype=np.intp)
    if balance is None:
        fold_of[order] = np.arange(len(names)) % n_splits
    else:
        weights = np.zeros(len(names))
        np.add.at(weights, inverse, np.asarray(balance, dtype=float))
        _deal_by_weight(order, weights, n_splits, fold_of)
    fold = fold_of[inverse]
    return [Split("units", np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_splits)]


def _deal_by_weight(order: Rows, weights: npt.NDArray[np.float64], n_splits: int, fold_of: Rows) -> None:
    room = np.array([len(part) for part in np.array_split(order, n_splits)])
    load = np.zeros(n_splits)
    for unit in order[np.argsort(-weights[order], kind="stable")]:
        fold = int(np.argmin(np.where(room > 0, load, np.inf)))
        fold_of[unit], room[fold], load[fold] = fold, room[fold] - 1, load[fold] + weights[unit]


def holdout_units(groups: npt.ArrayLike, share: float = 0.2, seed: int = 0) -> Split:
    """Return one split of kind ``units`` with about ``share`` of the units (at least one) as the test side.

    Raises ``NotEnoughData`` with fewer than two units.
    """
    if not 0 < share < 1:
        raise InputError(f"share is {share}.", "Give a number between 0 and 1.")
    names, inverse = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise NotEnoughData("One unit cannot be split into training and test.", "Give at least two units.")
    count = min(max(round(share * len(names)), 1), len(names) - 1)
    held = np.isin(inverse, np.random.default_rng(seed).permutation(len(names))[:count])
    return Split("units", np.flatnonzero(~held), np.flatnonzero(held))


def _required(values: npt.ArrayLike | None, name: str, kind: Kind) -> npt.NDArray[Any]:
    if values is None:
        raise WorkbenchError(f"A split of kind {kind!r} cannot be checked without {name}.", f"Give {name}.")
    array = np.asarray(values)
    missing = np.isnat(array) if array.dtype.kind in "mM" else array != array  # NaN and NaT differ from themselves
    if np.any(missing):
        raise WorkbenchError(f"{name} has missing values, so the split cannot be checked.", "Drop those samples.")
    return array


def _required_horizon(horizon: Any, kind: Kind) -> Any:
    if horizon is None:
        raise WorkbenchError(f"A split of kind {kind!r} cannot be checked without a horizon.", "Give horizon.")
    return horizon
