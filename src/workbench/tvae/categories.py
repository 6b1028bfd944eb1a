"""Categorical columns: those fixed along a unit, those that change, and the operating conditions that they make up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.domain.synthesis import SequenceColumns
from workbench.errors import InputError

from .table import Layout, Sequences

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Categories:
    """``steady``, ``changing``: positions of the columns fixed along every unit, and of the others.

    ``sizes``: values of each column; ``fixed`` (units of training, steady); ``combinations``: codes of the condition
    columns that occurred together, (conditions, condition columns); ``condition``: positions of those columns.
    """

    steady: tuple[int, ...]
    changing: tuple[int, ...]
    sizes: tuple[int, ...]
    condition: tuple[int, ...]
    fixed: Integers
    combinations: Integers

    @classmethod
    def of(cls, sequences: Sequences, layout: Layout) -> Categories:
        """Learn from sequences which columns change along a unit and which conditions occur together."""
        codes, starts = sequences.codes, sequences.starts
        same = (codes == codes[starts][sequences.units]).all(axis=0)
        columns = layout.columns
        condition = tuple(k for k, name in enumerate(columns.categorical) if name in columns.conditions)
        steady = tuple(int(k) for k in np.flatnonzero(same))
        changing = tuple(int(k) for k in np.flatnonzero(~same))
        return cls(
            steady,
            changing,
            tuple(len(values) for values in layout.values),
            condition,
            fixed=codes[starts][:, list(steady)],
            combinations=np.unique(codes[:, list(condition)], axis=0),
        )

    @property
    def count(self) -> int:
        """Number of conditions, the last standing for all combinations that did not occur."""
        return len(self.combinations) + 1

    @property
    def group(self) -> Integers:
        """Position of each training unit's combination of fixed values."""
        return np.unique(self.fixed, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)

    @property
    def varying_values(self) -> tuple[int, ...]:
        """Number of values of each column that changes along units."""
        return tuple(self.sizes[k] for k in self.changing)

    def regimes(self, codes: Integers) -> Integers:
        """Return the position of the condition of each row."""
        if not self.condition:
            return np.zeros(len(codes), dtype=np.int64)
        sizes = np.array([self.sizes[k] for k in self.condition])
        weights = np.concatenate([[1], np.cumprod(sizes[:-1])])
        known = self.combinations @ weights
        order = np.argsort(known)
        mine = codes[:, list(self.condition)] @ weights
        at = np.minimum(np.searchsorted(known[order], mine), len(known) - 1)
        return np.where(known[order][at] == mine, order[at], len(known)).astype(np.int64)

    def one_hot(self, codes: Integers) -> Floats:
        """Return one column per value of every column that changes, (rows, values)."""
        parts = [np.eye(self.sizes[k])[codes[:, k]] for k in self.changing]
        return np.hstack([np.empty((len(codes), 0)), *parts])

    def fixed_one_hot(self, fixed: Integers) -> Floats:
        """Return one column per value of every steady column of more than one value."""
        parts = [np.eye(self.sizes[k])[fixed[:, place]] for place, k in enumerate(self.steady) if self.sizes[k] > 1]
        return np.hstack([np.empty((len(fixed), 0)), *parts])

    def draw(self, logits: Floats, fixed: Integers, rng: np.random.Generator) -> Integers:
        """Return codes (rows, columns): steady ones as ``fixed`` (rows, steady), others by their logits.

        A value is drawn as the largest logit plus Gumbel noise (Gumbel, "Statistical theory of extreme values", 1954).
        """
        codes = np.zeros((len(fixed), len(self.sizes)), dtype=np.int64)
        codes[:, list(self.steady)] = fixed
        at = 0
        for k in self.changing:
            mine = logits[:, at : at + self.sizes[k]]
            codes[:, k] = (mine + rng.gumbel(size=mine.shape)).argmax(axis=1)
            at += self.sizes[k]
        return codes

    def groups_with(self, conditions: dict[str, str], columns: SequenceColumns, layout: Layout) -> Integers | None:
        """Return the groups of units with these values; None where nothing is asked.

        Raises ``InputError`` listing every column or value that cannot be asked for.
        """
        faults, wanted = [], np.ones(len(self.fixed), dtype=bool)
        for name, value in conditions.items():
            steady = [columns.categorical[k] for k in self.steady if columns.categorical[k] in columns.conditions]
            if name not in steady:
                faults.append(f"{name!r} is no condition fixed along a unit (those are: {', '.join(steady) or 'none'})")
                continue
            k = columns.categorical.index(name)
            shown = [str(one) for one in layout.values[k]]
            if value not in shown:
                faults.append(f"{name!r} has no value {value!r} in training (it has: {', '.join(shown[:10])})")
                continue
            wanted &= self.fixed[:, self.steady.index(k)] == shown.index(value)
        if not faults and not wanted.any():
            faults.append(f"no unit of training has all of {conditions}")
        if faults:
            raise InputError(
                f"Such sequences cannot be made: {'; '.join(faults)}.", "Ask for conditions that training held."
            )
        return np.unique(self.group[wanted]) if conditions else None

    def facts(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        return {name: list(getattr(self, name)) for name in ("steady", "changing", "sizes", "condition")}

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return its arrays by name."""
        return {f"categories.{name}": getattr(self, name) for name in ("fixed", "combinations")}

    @classmethod
    def restore(cls, facts: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Categories:
        """Return the categories that ``facts`` and ``arrays`` came from."""
        whole: dict[str, Any] = {name: tuple(value) for name, value in facts.items()}
        whole |= {name[11:]: value for name, value in arrays.items() if name.startswith("categories.")}
        return cls(**whole)
