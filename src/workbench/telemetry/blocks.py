"""Turns a raw block of a file into checked pieces: one machine, one month, ascending times, values within range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from workbench.domain.equipment import MachineProfile
from workbench.domain.machine_columns import is_machine_column, machine_names_in, several_machines
from workbench.domain.units import conversion, convertible
from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog, Rows
from workbench.telemetry.readers.mapping import Layout, check_machine
from workbench.telemetry.readers.numbers import read_numbers, read_states
from workbench.telemetry.readers.sources import RawBlock, encode
from workbench.telemetry.readers.times import Clock, Micros

TIME_TYPE = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Piece:
    """Readings of one machine in one month, ascending in time; ``rows`` are their numbers in the file."""

    machine_id: str
    month: str
    times: Micros
    values: pa.Table
    rows: Rows

    @property
    def nbytes(self) -> int:
        """Memory held."""
        return int(self.times.nbytes + self.rows.nbytes + self.values.nbytes)


@dataclass
class Tally:
    """What was seen so far, for the notes of the report."""

    rows: int = 0
    backward: int = 0
    all_gaps: int = 0
    gaps: dict[str, int] = field(default_factory=dict)
    last_time: dict[str, int] = field(default_factory=dict)
    machines: set[str] = field(default_factory=set)
    missing: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Checker:
    """Checks blocks of one file against the profiles; keeps the tally."""

    layout: Layout
    profiles: Mapping[str, MachineProfile]
    source: str
    faults: FaultLog
    clock: Clock
    tally: Tally = field(default_factory=Tally)
    _conversions: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    _named: dict[str, set[object]] = field(default_factory=dict)

    def pieces(self, block: RawBlock) -> Iterator[Piece]:
        """Yield the good rows of ``block``; the bad ones are added to the faults. Raises ``RefusedFile``."""
        raw, rows, layout = block.table, block.rows, self.layout
        self.tally.rows += len(rows)
        log = FaultLog()
        self._check_one_machine(raw)
        codes, machines = self._machines(raw, rows, log)
        names = None
        if self.clock.zone != "UTC" and len(machines) > 1:
            names = np.array([*machines, ""], dtype=object)[codes]
        times = self.clock.read(raw.column(layout.time), rows, names, log, layout.time)
        columns: dict[str, pa.ChunkedArray] = {}
        for sensor, (name, _) in layout.sensors.items():
            columns[sensor] = read_numbers(raw.column(name), rows, log, name, layout.decimal)
        for standard, name in layout.standard.items():
            if standard == "state":
                columns[standard] = read_states(raw.column(name), rows, log, name)
            else:
                columns[standard] = read_numbers(raw.column(name), rows, log, name, layout.decimal)
        bad = _mask(rows, log)
        self.faults.found += log.found
        table = pa.table(columns)
        for code, index in _by_machine(codes, bad):
            part, at, numbers = _taken(table, times, rows, index)
            yield from self._machine_pieces(machines[code], part, at, numbers)

    def _check_one_machine(self, raw: pa.Table) -> None:
        """Refuse a file for one machine where a column that nobody mapped names several."""
        if self.layout.machine_id is None:
            return
        for column in filter(is_machine_column, self.layout.ignored):
            values = raw.column(column)
            if pa.types.is_dictionary(values.type):
                values = values.cast(values.type.value_type)
            seen = self._named.setdefault(column, set())
            seen.update(pc.unique(values).to_pylist())
            names = machine_names_in(seen)
            if len(names) > 1:
                raise RefusedFile(
                    *several_machines(f"{self.source}, to be read for {self.layout.machine_id},", column, names)
                )

    def _machines(self, raw: pa.Table, rows: Rows, log: FaultLog) -> tuple[npt.NDArray[np.int32], list[str]]:
        if self.layout.machine_id is not None:
            self._admit([self.layout.machine_id])
            return np.zeros(len(rows), np.int32), [self.layout.machine_id]
        column = self.layout.machine_column or ""
        codes, words = encode(raw.column(column))
        used = set(np.unique(codes).tolist())
        named = [self.layout.machine_names.get(str(w).strip(), str(w).strip()) if w is not None else "" for w in words]
        blank = [code for code in used if code < 0 or not named[code]]
        if blank:
            nameless = np.isin(codes, blank)
            log.add(rows[nameless], "no machine is named", column)
            codes = np.where(nameless, np.int32(-1), codes)
        self._admit([named[code] for code in sorted(used) if code >= 0 and named[code]])
        return codes, named

    def _admit(self, machines: list[str]) -> None:
        """Refuse the file for a machine that is not known; done before any path is made of a name."""
        for machine in machines:
            if machine in self.tally.machines:
                continue
            check_machine(machine, self.profiles, self.source, or_else=self._how_to_name(machine))
            self._check_sensors(machine, self.profiles[machine])
            self.tally.machines.add(machine)

    def _how_to_name(self, machine: str) -> str:
        if self.layout.machine_column is None:
            return ""
        return (
            "Or say which machine it is in the file given with --mapping: machine_column:"
            f" {self.layout.machine_column} and machine_names: {{{machine[:120]!r}: MACHINE_ID}}."
        )

    def _check_sensors(self, machine: str, profile: MachineProfile) -> None:
        lacking = self.layout.missing_sensors(profile)
        if lacking and (self.layout.every_sensor or len(lacking) == len(profile.sensors)):
            raise RefusedFile(
                f"{self.source}: column{'s' if len(lacking) > 1 else ''} {', '.join(map(repr, lacking))} missing for"
                f" machine {machine}.",
                "Add the columns, or give a mapping that names the ones there are.",
            )
        if lacking:
            self.tally.missing[machine] = lacking
        scales: dict[str, tuple[float, float]] = {}
        for sensor in profile.sensors:
            name, unit = self.layout.sensors.get(sensor.name, ("", None))
            if unit is None or unit == sensor.unit:
                continue
            if not convertible(unit, sensor.unit):
                raise RefusedFile(
                    f"{self.source}: column {name!r} is in {unit}, which cannot be converted to {sensor.unit} of"
                    f" sensor {sensor.name} of {machine}.",
                    "Correct the unit in the file or mapping.",
                )
            scales[sensor.name] = conversion(unit, sensor.unit)
        self._conversions[machine] = scales

    def _machine_pieces(self, machine: str, part: pa.Table, times: Micros, rows: Rows) -> Iterator[Piece]:
        profile = self.profiles[machine]
        columns: dict[str, pa.ChunkedArray] = {}
        log = FaultLog()
        for sensor in profile.sensors:
            if sensor.name not in self.layout.sensors:
                continue
            values = part.column(sensor.name)
            if sensor.name in self._conversions[machine]:
                factor, offset = self._conversions[machine][sensor.name]
                values = pc.add(pc.multiply(values, factor), offset)
            low, high = sensor.physical_low, sensor.physical_high
            why = f"outside the physical range {low:g} to {high:g} {sensor.unit}"
            columns[sensor.name] = self._within(values, low, high, rows, log, why, sensor.name)
        for standard in self.layout.standard:
            values = part.column(standard)
            if standard != "state":
                values = self._within(values, 0.0, float("inf"), rows, log, "negative or infinite", standard)
            columns[standard] = values
        table = pa.table(columns)
        bad = _mask(rows, log)
        self.faults.found += log.found
        if bad is not None:
            keep = ~bad
            table, times, rows = table.filter(pa.array(keep)), times[keep], rows[keep]
        if not len(times):
            return
        self._count_gaps(table, profile)
        table, times, rows = self._ordered(machine, table, times, rows)
        yield from _months(machine, table, times, rows)

    def _within(
        self, values: pa.ChunkedArray, low: float, high: float, rows: Rows, log: FaultLog, why: str, column: str
    ) -> pa.ChunkedArray:
        """Return ``values`` with NaN made null; those outside ``low`` to ``high`` are added to ``log``."""
        total = pc.sum(values).as_py()
        # A sum is NaN if a value is, or if there are infinities of both signs: then look closer.
        if total is not None and np.isnan(total):
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, pa.float64()), values)
        extremes = pc.min_max(values).as_py()
        if extremes["min"] is None:
            return values
        if extremes["min"] < low or extremes["max"] > high or np.isinf(extremes["max"]):
            good = pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))
            good = pc.and_(good, pc.is_finite(values)).fill_null(fill_value=True)
            log.add(rows[~good.to_numpy().astype(bool)], why, column)
        return values

    def _count_gaps(self, table: pa.Table, profile: MachineProfile) -> None:
        names = [s.name for s in profile.sensors if s.name in table.column_names]
        empty = [table.column(name).null_count for name in names]
        for name, count in zip(names, empty, strict=True):
            if count:
                self.tally.gaps[name] = self.tally.gaps.get(name, 0) + count
        if min(empty) > 0:
            nothing = pc.is_null(table.column(names[0]))
            for name in names[1:]:
                nothing = pc.and_(nothing, pc.is_null(table.column(name)))
            self.tally.all_gaps += pc.sum(nothing).as_py() or 0

    def _ordered(self, machine: str, table: pa.Table, times: Micros, rows: Rows) -> tuple[pa.Table, Micros, Rows]:
        steps_back = int((np.diff(times) < 0).sum())
        before = self.tally.last_time.get(machine)
        self.tally.backward += steps_back + int(before is not None and int(times[0]) < before)
        self.tally.last_time[machine] = int(times[-1])
        if steps_back:
            order = np.argsort(times, kind="stable")
            return table.take(pa.array(order)), times[order], rows[order]
        return table, times, rows


def _mask(rows: Rows, log: FaultLog) -> npt.NDArray[np.bool_] | None:
    """Return which of ``rows`` (ascending) are in ``log``; None when none is."""
    if not log.found:
        return None
    bad = np.zeros(len(rows), dtype=bool)
    for fault in log.found:
        bad[np.searchsorted(rows, fault.rows)] = True
    return bad


def _by_machine(
    codes: npt.NDArray[np.int32], bad: npt.NDArray[np.bool_] | None
) -> Iterator[tuple[int, slice | npt.NDArray[np.int64]]]:
    """Yield each machine's code and where its rows are, as a slice (no copy) wherever they lie together."""
    starts = np.concatenate([[0], np.flatnonzero(codes[1:] != codes[:-1]) + 1]) if len(codes) else np.array([], int)
    ends = np.append(starts[1:], len(codes))
    of = codes[starts] if len(codes) else codes
    if bad is None and len(np.unique(of)) == len(of):
        yield from ((int(c), slice(int(a), int(b))) for c, a, b in zip(of, starts, ends, strict=True) if c >= 0)
        return
    small = codes.astype(np.int16) if len(codes) and int(codes.max()) < 32_000 else codes
    order = np.argsort(small, kind="stable")
    if bad is not None:
        order = order[~bad[order]]
    ordered = codes[order]
    cuts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    for part in np.split(order, cuts):
        if len(part) and codes[part[0]] >= 0:
            yield int(codes[part[0]]), part


def _taken(
    table: pa.Table, times: Micros, rows: Rows, index: slice | npt.NDArray[np.int64]
) -> tuple[pa.Table, Micros, Rows]:
    if isinstance(index, slice):
        return table.slice(index.start, index.stop - index.start), times[index], rows[index]
    if len(index) == len(times) and (np.diff(index) == 1).all():
        return table, times, rows
    return table.take(pa.array(index)), times[index], rows[index]


def month_names(times: Micros) -> npt.NDArray[np.datetime64]:
    """Return the UTC month of each time."""
    return times.astype("datetime64[us]").astype("datetime64[M]")


def _months(machine: str, table: pa.Table, times: Micros, rows: Rows) -> Iterator[Piece]:
    first, last = month_names(times[[0, -1]])
    edges = np.arange(first, last + 2).astype("datetime64[us]").astype(np.int64)
    cuts = np.searchsorted(times, edges)
    for month, start, end in zip(np.arange(first, last + 1), cuts[:-1], cuts[1:], strict=True):
        if end > start:
            yield Piece(machine, str(month), times[start:end], table.slice(start, end - start), rows[start:end])
