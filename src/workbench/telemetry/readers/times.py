"""Reads the time column of a file into UTC microseconds, whatever form it has."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog, Rows

Micros = npt.NDArray[np.int64]
NO_TIME = np.iinfo(np.int64).min
# Readings outside these years are mistakes of a clock (epoch 0, overflow), not of history.
EARLIEST = int(np.datetime64("1970-01-02", "us").astype(np.int64))
LATEST = int(np.datetime64("2100-01-01", "us").astype(np.int64))
_EPOCH_FACTORS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}
_FORMATS = (
    "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M %p", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M",
)  # fmt: skip


@dataclass
class Clock:
    """Turns raw times into UTC microseconds; remembers across blocks which repeated local hours it has seen.

    ``zone`` is the zone of times without one; ``form`` a strptime pattern; ``epoch_unit`` the unit of numbers.
    """

    zone: str = "UTC"
    form: str | None = None
    epoch_unit: str | None = None
    source: str = "file"
    notes: set[str] = field(default_factory=set)
    _seen: dict[tuple[str, int], int] = field(default_factory=dict)
    _guessed: str | None = None
    _iso: bool = False

    def read(
        self, raw: pa.ChunkedArray, rows: Rows, machines: npt.NDArray[np.object_] | None, faults: FaultLog, column: str
    ) -> Micros:
        """Return UTC microseconds with ``NO_TIME`` where there is none; such rows are added to ``faults``."""
        kind = raw.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            micros, naive = self._timestamps(raw)
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            micros, naive = self._epoch(raw), False
        else:
            micros, naive = self._text(raw)
        lost = micros == NO_TIME
        if lost.any():
            faults.add(rows[lost], "time cannot be read", column)
        if naive and self.zone != "UTC":
            micros = self._localise(micros, rows, machines, faults, column)
        strange = (micros != NO_TIME) & ((micros < EARLIEST) | (micros >= LATEST))
        if strange.any():
            faults.add(rows[strange], "time is outside 1970 to 2100", column)
            micros = np.where(strange, NO_TIME, micros)
        return micros

    def _timestamps(self, raw: pa.ChunkedArray) -> tuple[Micros, bool]:
        naive = getattr(raw.type, "tz", None) is None
        target = pa.timestamp("us", tz=getattr(raw.type, "tz", None))
        return _micros(raw if raw.type == target else raw.cast(target, safe=False)), naive

    def _epoch(self, raw: pa.ChunkedArray) -> Micros:
        values = raw.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        finite = np.isfinite(values)
        if self.epoch_unit is None and finite.any():
            size = float(np.median(np.abs(values[finite])))
            self.epoch_unit = "s" if size < 1e11 else "ms" if size < 1e14 else "us" if size < 1e17 else "ns"
            self.notes.add(f"numeric times were read as {self.epoch_unit} since 1970-01-01T00:00Z")
        unit = self.epoch_unit or "s"
        if pa.types.is_integer(raw.type) and raw.null_count == 0:
            whole = raw.cast(pa.int64()).to_numpy()
            limit = np.int64(2**62) // np.int64(max(1.0, _EPOCH_FACTORS[unit]))
            exact = whole // 1000 if unit == "ns" else whole * np.int64(_EPOCH_FACTORS[unit])
            return np.where(np.abs(whole) < limit, exact, NO_TIME)
        scaled = np.where(finite, values, 0.0) * _EPOCH_FACTORS[unit]
        usable = finite & (np.abs(scaled) < 4e18)
        return np.where(usable, np.rint(np.where(usable, scaled, 0.0)).astype(np.int64), NO_TIME)

    def _text(self, raw: pa.ChunkedArray) -> tuple[Micros, bool]:
        text = pc.utf8_trim_whitespace(raw.cast(pa.string()))
        if self.form is None and self._guessed is None:
            for zone in (None, "UTC"):
                try:
                    micros = _micros(text.cast(pa.timestamp("us", tz=zone)))
                except pa.ArrowInvalid:
                    continue
                self._iso = True
                return micros, zone is None
        return self._slow_text(text)

    def _slow_text(self, text: pa.ChunkedArray) -> tuple[Micros, bool]:
        series = text.to_pandas().astype("object").replace("", None)
        form = self.form or self._guessed
        filled = max(int(series.notna().sum()), 1)
        if form is None:
            numbers = pd.to_numeric(series, errors="coerce")
            if numbers.notna().sum() > 0.8 * filled:
                return self._epoch(pa.chunked_array([pa.array(numbers, from_pandas=True)])), False
            zoned = series.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)$", regex=True, na=False).to_numpy(bool)
            parsed = pd.to_datetime(series, errors="coerce", format="ISO8601", utc=True)
            if self._iso or parsed.notna().sum() >= 0.5 * filled or series.isna().all():
                self._iso = True
                return self._mixed(parsed, zoned)
            form = self._guess(series)
        parsed = pd.to_datetime(series, errors="coerce", format=form)
        if getattr(parsed.dt, "tz", None) is not None:
            return _from_pandas(parsed), False
        return _from_pandas(parsed), True

    def _mixed(self, parsed: pd.Series, zoned: npt.NDArray[np.bool_]) -> tuple[Micros, bool]:
        micros = _from_pandas(parsed)
        naive = ~zoned & (micros != NO_TIME)
        if naive.any() and zoned.any() and self.zone != "UTC":
            local = pd.DatetimeIndex(micros[naive].astype("datetime64[us]"))
            utc = local.tz_localize(self.zone, ambiguous="NaT", nonexistent="NaT")
            micros[naive] = _from_pandas(pd.Series(utc))
            return micros, False
        return micros, not zoned.any()

    def _guess(self, series: pd.Series) -> str:
        sample = series.dropna().head(20_000)
        fitting = [f for f in _FORMATS if pd.to_datetime(sample, errors="coerce", format=f).notna().mean() > 0.8]
        if len(fitting) != 1:
            example = str(sample.iloc[0]) if len(sample) else ""
            why = "could be day/month or month/day" if fitting else "is not ISO 8601"
            raise RefusedFile(
                f"{self.source}: the time {example!r} {why}.",
                "Name the format: time_format under file_mapping in the machine's profile, or in the file given with"
                " --mapping, e.g. time_format: '%d/%m/%Y %H:%M' or '%m/%d/%Y %I:%M %p'.",
            )
        self._guessed = fitting[0]
        self.notes.add(f"times were read as {fitting[0]}")
        return fitting[0]

    def _localise(
        self, local: Micros, rows: Rows, machines: npt.NDArray[np.object_] | None, faults: FaultLog, column: str
    ) -> Micros:
        known = local != NO_TIME
        index = pd.DatetimeIndex(np.where(known, local, 0).astype("datetime64[us]"))
        first = np.ones(len(local), dtype=bool)
        utc = index.tz_localize(self.zone, ambiguous="NaT", nonexistent="NaT")
        unclear = np.asarray(utc.isna()) & known
        if unclear.any():
            where = np.flatnonzero(unclear)
            try_first = index[where].tz_localize(self.zone, ambiguous=np.ones(len(where), bool), nonexistent="NaT")
            gone = np.asarray(try_first.isna())
            faults.add(rows[where[gone]], f"local time does not exist in {self.zone} (clocks put forward)", column)
            repeated = where[~gone]
            for i in repeated:
                key = ("" if machines is None else str(machines[i]), int(local[i]))
                first[i] = self._seen.get(key, 0) == 0
                self._seen[key] = self._seen.get(key, 0) + 1
            if len(repeated):
                self.notes.add(
                    f"times in the hour that occurs twice when clocks are put back in {self.zone}: the first reading "
                    "of a time was taken as summer time, the second as winter time"
                )
        micros = _from_pandas(pd.Series(index.tz_localize(self.zone, ambiguous=first, nonexistent="NaT")))
        return np.where(known, micros, NO_TIME)


def _micros(times: pa.ChunkedArray) -> Micros:
    whole = times.cast(pa.int64())
    if whole.null_count:
        whole = whole.fill_null(NO_TIME)
    values: Micros = whole.chunk(0).to_numpy() if whole.num_chunks == 1 else whole.to_numpy()
    return values


def _from_pandas(parsed: pd.Series) -> Micros:
    if getattr(parsed.dt, "tz", None) is not None:
        parsed = parsed.dt.tz_convert("UTC").dt.tz_localize(None)
    values = parsed.to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(values), NO_TIME, values.astype(np.int64))
