"""A table of sequences as arrays, sequence after sequence, and back with every column as it was typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.domain.synthesis import SequenceColumns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
NS_PER_S = 1e9


@dataclass(frozen=True)
class Sequences:
    """Rows of all units, unit after unit, each in order.

    ``lengths`` (units,); ``order`` (rows,), times in seconds; ``life`` (rows,) or None; ``numbers`` (rows, continuous
    columns); ``codes`` (rows, categorical columns), positions in the layout's values.
    """

    lengths: Integers
    order: Floats
    life: Floats | None
    numbers: Floats
    codes: Integers

    @property
    def starts(self) -> Integers:
        """First row of each unit."""
        return np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)

    @property
    def units(self) -> Integers:
        """Position of its unit for each row."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)


@dataclass(frozen=True)
class Layout:
    """How the columns of a table are typed: dtypes by name, values of each categorical column, grid of each continuous one.

    ``decimals``: None where a continuous column is on no decimal grid of six places or fewer; ``single``: whether all its
    values are numbers of single precision, as in tables that were once stored so, where 39.06 is 39.0600013732910156.
    """

    columns: SequenceColumns
    dtypes: dict[str, str]
    values: tuple[tuple[Any, ...], ...]
    decimals: tuple[int | None, ...]
    single: tuple[bool, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: SequenceColumns) -> Layout:
        """Return the layout of a table that ``input_faults`` finds no fault in."""
        values = tuple(
            tuple(_plain(v) for v in sorted(frame[name].dropna().unique(), key=str)) for name in columns.categorical
        )
        decimals = tuple(
            _decimals(frame[name].to_numpy(dtype=np.float64, na_value=np.nan)) for name in columns.continuous
        )
        single = tuple(
            _is_single(frame[name].to_numpy(dtype=np.float64, na_value=np.nan)) for name in columns.continuous
        )
        dtypes = {name: str(frame[name].dtype) for name in columns.used}
        return cls(columns, dtypes, values, decimals, single)

    def facts(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"dtypes": self.dtypes, "values": self.values, "decimals": self.decimals, "single": self.single}

    @classmethod
    def from_facts(cls, columns: SequenceColumns, facts: dict[str, Any]) -> Layout:
        """Return the layout that ``facts`` describe."""
        values = tuple(map(tuple, facts["values"]))
        return cls(columns, facts["dtypes"], values, tuple(facts["decimals"]), tuple(facts["single"]))

    def read(self, frame: pd.DataFrame) -> Sequences:
        """Return the rows as arrays; gaps of a unit are filled along it, or with the column's usual value."""
        columns = self.columns
        order = _seconds(frame[columns.order])
        codes, _ = pd.factorize(frame[columns.unit])
        at = np.lexsort((order, codes))
        frame, codes = frame.iloc[at], codes[at]
        numbers = frame[list(columns.continuous)].astype(np.float64).reset_index(drop=True)
        if numbers.isna().to_numpy().any():
            filled = numbers.groupby(codes).transform(lambda column: column.interpolate(limit_direction="both"))
            numbers = filled.fillna(numbers.median())
        return Sequences(
            lengths=np.bincount(codes).astype(np.int64),
            order=order[at],
            life=None if columns.remaining_life is None else frame[columns.remaining_life].to_numpy(dtype=np.float64),
            numbers=numbers.to_numpy(),
            codes=self._codes(frame, codes),
        )

    def _codes(self, frame: pd.DataFrame, units: Integers) -> Integers:
        found = np.zeros((len(frame), len(self.values)), dtype=np.int64)
        for position, (name, values) in enumerate(zip(self.columns.categorical, self.values, strict=True)):
            places = {value: place for place, value in enumerate(values)}
            known = pd.Series([places.get(_plain(v)) for v in frame[name]], dtype="float64")
            known = known.groupby(units).transform(lambda column: column.ffill().bfill())
            found[:, position] = known.fillna(known.mode().iloc[0]).to_numpy(dtype=np.int64)
        return found

    def write(self, sequences: Sequences) -> pd.DataFrame:
        """Return arrays as a table: columns ``columns.used``, typed as in training, units named 1, 2, ..."""
        columns = self.columns
        table: dict[str, Any] = {
            columns.unit: sequences.units + 1,
            columns.order: self._typed_order(sequences.order),
        }
        if columns.remaining_life is not None and sequences.life is not None:
            table[columns.remaining_life] = self._typed(columns.remaining_life, sequences.life)
        for position, name in enumerate(columns.continuous):
            table[name] = self._typed(name, self._on_grid(position, sequences.numbers[:, position]))
        for position, name in enumerate(columns.categorical):
            picked = np.array(self.values[position], dtype=object)[sequences.codes[:, position]]
            table[name] = pd.Series(picked).astype(cast(Any, self.dtypes[name]))
        frame = pd.DataFrame(table)
        if not pd.api.types.is_numeric_dtype(self.dtypes[columns.unit]):
            frame[columns.unit] = frame[columns.unit].astype(str)
        return frame

    def _on_grid(self, position: int, values: Floats) -> Floats:
        """Return values of a continuous column as training could have held them."""
        decimals = self.decimals[position]
        rounded = values if decimals is None else np.round(values, decimals)
        return rounded.astype(np.float32).astype(np.float64) if self.single[position] else rounded

    def _typed(self, name: str, values: Floats) -> npt.NDArray[Any]:
        dtype = np.dtype(self.dtypes[name].lower())
        return (np.round(values) if dtype.kind in "iu" else values).astype(dtype)

    def _typed_order(self, values: Floats) -> Any:
        dtype = self.dtypes[self.columns.order]
        if not dtype.startswith("datetime64"):
            return self._typed(self.columns.order, values)
        times = pd.Series(pd.to_datetime(np.round(values * NS_PER_S).astype(np.int64), utc=True))
        return (times if "UTC" in dtype else times.dt.tz_localize(None)).astype(cast(Any, dtype))


def _seconds(order: pd.Series[Any]) -> Floats:
    """Return the order as numbers; times as seconds since 1970 (UTC)."""
    if pd.api.types.is_datetime64_any_dtype(order):
        return pd.DatetimeIndex(order).to_numpy(dtype="datetime64[ns]").view(np.int64) / NS_PER_S
    return order.to_numpy(dtype=np.float64)


def _plain(value: Any) -> Any:
    """Return a categorical value as JSON holds it."""
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, (str, int, float, bool)) else str(value)


def _is_single(values: Floats) -> bool:
    """Say whether all values are numbers of single precision."""
    known = values[np.isfinite(values)]
    with np.errstate(over="ignore"):
        return bool((known.astype(np.float32) == known).all())


def _decimals(values: Floats) -> int | None:
    """Return the decimal places that all values keep to, within single precision; None: more than six."""
    known = values[np.isfinite(values)]
    for places in range(7):
        if (np.abs(known - np.round(known, places)) <= 2e-7 * np.abs(known) + 1e-12).all():
            return places
    return None
