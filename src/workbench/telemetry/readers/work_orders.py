"""Reads work orders of the past from CSV or Parquet by a column mapping, given or recognised by the columns' names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
from pydantic import ValidationError

from workbench.domain.base import stable_id
from workbench.domain.history import HistoryMapping, PastWork
from workbench.domain.money import minor_units
from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog, Rows
from workbench.telemetry.notes import note_on_ignored, notes_on_times
from workbench.telemetry.readers.mapping import named, split_header
from workbench.telemetry.readers.numbers import GAP_WORDS, read_numbers
from workbench.telemetry.readers.sources import Source, as_text
from workbench.telemetry.readers.times import NO_TIME, Clock
from workbench.telemetry.segments import instant

# What columns are called in exports of SAP PM (technical names and English headings), IBM Maximo, and by hand;
# the first that is there is taken.
RECOGNISED: dict[str, tuple[str, ...]] = {
    "number": ("aufnr", "wonum", "order", "order number", "work order", "work_order", "wo_id", "order_id", "qmnum", "notification", "number"),
    "text": ("ktext", "qmtxt", "description", "short text", "short_text", "shorttext", "text", "problem", "title"),
    "remedy": ("remedy", "remedy description", "activity text", "done", "action taken", "action_taken", "resolution", "work done", "matxt"),
    "asset": ("equnr", "assetnum", "machine_id", "machine", "equipment", "equipment_id", "asset", "asset_id", "tplnr", "functional loc.", "functional location", "location"),
    "component": ("component", "object part", "object part code", "oteil", "part of object", "assembly", "bautl", "pltxt"),
    "failure_code": ("failurecode", "failure_code", "failure code", "problemcode", "problem code", "damage code", "fecod", "cause code", "urcod", "failure_mode", "code"),
    "failure_title": ("damage", "damage code text", "failure description", "failure class", "problem description", "txtcdfe"),
    "work_type": ("worktype", "work type", "work_type", "auart", "order type", "ilart", "maintactivtype", "preventive"),
    "raised": ("reportdate", "reported date", "erdat", "created on", "raised", "reported", "basic start date", "bas. start date"),
    "started": ("actstart", "actual start", "gstri", "ausvn", "malfunction start", "started", "start"),
    "ended": ("actfinish", "actual finish", "getri", "ausbs", "malfunction end", "completed", "closed", "ended", "finish", "date", "time"),
    "downtime": ("downtime", "downtime_h", "downtime hours", "breakdown duration", "breakdown dur.", "eauszt", "auszt"),
    "labour": ("actlabhrs", "actual labor hours", "actual work", "ismnw", "labour_h", "labor_hours", "labour hours", "labor hours"),
    "cost": ("acttotalcost", "total actual cost", "total act.costs", "total actual costs", "actual cost", "actual costs", "actcost", "cost"),
    "currency_column": ("currency", "waers", "currencycode"),
}  # fmt: skip
_MACHINE_SYSTEMS = {"aufnr": "sap_pm", "qmnum": "sap_pm", "wonum": "maximo"}
_CLOCK = re.compile(r"(?:(\d+) (?:days? )?)?(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
# "90:00" in a column of minutes: more hours than a day has are rather minutes and seconds.
_HOURS_OF_DAY = 24
_GROUPED = (re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+"), re.compile(r"[+-]?\d{1,3}(\.\d{3})+,\d+"))
_DAYS = (
    (re.compile(r"\d{8}"), "%Y%m%d"),
    (re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"), "%d.%m.%Y"),
)
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{4}")


@dataclass(frozen=True)
class WorkOrderRows:
    """The orders of a file, each once, with the number of its row; ``repeated`` rows said the same as an earlier one."""

    orders: tuple[PastWork, ...]
    rows: tuple[int, ...]
    rows_read: int
    repeated: int
    notes: tuple[str, ...]


# Finds the machine (id and type) of the asset text of a row, and the failure mode of its code.
Placed = tuple[str | None, str]
FindMachine = Callable[[str], Placed]
FindMode = Callable[[str | None, str, str], str | None]


def recognise(names: Sequence[str], source: str) -> HistoryMapping:
    """Return the mapping of a file whose columns are called as SAP PM, Maximo or plain English call them.

    Raises ``RefusedFile`` when no column holds the text of an order.

    >>> found = recognise(["WONUM", "DESCRIPTION", "ASSETNUM", "ACTLABHRS"], "x.csv")
    >>> found.source, found.text, found.labour
    ('maximo', 'DESCRIPTION', 'ACTLABHRS')
    """
    found: dict[str, str] = {}
    for part, options in RECOGNISED.items():
        column = named([name for name in names if name not in found.values()], options)
        if column is not None:
            found[part] = column
    if "text" not in found:
        raise RefusedFile(
            f"{source}: no column holds the text of the orders; columns: {', '.join(names)}.",
            "Name one of them 'description', or give a mapping that says which (--mapping, text: COLUMN).",
        )
    plain = [name.lower() for name in names]
    system = next((system for column, system in _MACHINE_SYSTEMS.items() if column in plain), "cmms")
    return HistoryMapping.model_validate({"source": system, **found})


def read_work_orders(
    source: Source,
    mapping: HistoryMapping,
    faults: FaultLog,
    *,
    currency: str,
    find_machine: FindMachine,
    find_mode: FindMode,
    prepare: Callable[[pa.Table], pa.Table] | None = None,
    unread: Sequence[str] = (),
) -> WorkOrderRows:
    """Return the orders of ``source``; rows that are none are added to ``faults`` and left out.

    Args:
        source: The file.
        mapping: Which column holds what.
        faults: Takes what is wrong with rows.
        currency: taken for costs when the mapping does not say which it is.
        find_machine: machine id (or None) and type of an asset's name.
        find_mode: failure mode of machine, code and the code's words.
        prepare: adds columns that the mapping names and the file does not hold.
        unread: columns left aside on purpose, so that no note calls them unknown.

    Raises ``RefusedFile`` for a column of the mapping that is missing, dates that can be read in two ways, or no rows.
    """
    structural = FaultLog()
    blocks = list(source.blocks(structural))
    faults.found += structural.found
    if not blocks:
        return WorkOrderRows((), (), structural.total, 0, ())
    table = pa.concat_tables([block.table for block in blocks])
    table = prepare(table) if prepare else table
    rows = np.concatenate([block.rows for block in blocks])
    columns = mapping.columns()
    missing = [column for column in columns.values() if column not in table.column_names]
    if missing:
        raise RefusedFile(
            f"{source.name}: column {missing[0]!r} is missing; columns: {', '.join(source.names)}.",
            "Correct the mapping or export the column too.",
        )
    parts = _Parts(table, rows, columns, mapping, faults, source)
    bad = {int(row) for fault in faults.found for row in fault.rows}
    orders, kept, repeated = _orders(parts, mapping, bad, faults, currency, find_machine, find_mode)
    aside = [name for name in source.names if name not in {*columns.values(), *unread}]
    notes = [*note_on_ignored(aside, "no part of a work order"), *parts.notes]
    return WorkOrderRows(tuple(orders), tuple(kept), len(rows) + structural.total, repeated, tuple(notes))


@dataclass
class _Parts:
    """The columns of a file as words, times and numbers, a row each."""

    table: pa.Table
    rows: Rows
    columns: Mapping[str, str]
    mapping: HistoryMapping
    faults: FaultLog
    source: Source
    words: dict[str, list[str]] = field(default_factory=dict)
    times: dict[str, list[datetime | None]] = field(default_factory=dict)
    numbers: dict[str, list[float | None]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blanks = GAP_WORDS | {word.lower() for word in self.mapping.blanks}
        for part, column in self.columns.items():
            words = self._words(column)
            if part in ("raised", "started", "ended"):
                self.times[part] = self._times(part, column, words)
            elif part in ("downtime", "labour", "cost"):
                self.numbers[part] = self._numbers(part, column, words)
            else:
                self.words[part] = words
        self.notes = list(dict.fromkeys(self.notes))

    def word(self, part: str, at: int) -> str:
        """Return the text of a part, empty when it is not recorded."""
        return self.words[part][at] if part in self.words else ""

    def _words(self, column: str) -> list[str]:
        read = [(word or "").strip() for word in as_text(self.table.column(column)).to_pylist()]
        return ["" if word.lower() in self.blanks else word for word in read]

    def _times(self, part: str, column: str, words: list[str]) -> list[datetime | None]:
        raw, given = self.table.column(column), [at for at, word in enumerate(words) if word]
        found: list[datetime | None] = [None] * len(words)
        if not given:
            return found
        form = self.mapping.time_format
        if pa.types.is_timestamp(raw.type) or pa.types.is_date(raw.type):
            chosen = raw.take(pa.array(given))
        else:
            chosen = pa.chunked_array([pa.array([words[at] for at in given])])
            form = form or day_format([words[at] for at in given], f"{self.source.name}: column {column!r}")
        clock = Clock(self.mapping.time_zone, form, source=f"{self.source.name}, {part}")
        micros = clock.read(chosen, self.rows[given], None, self.faults, column)
        self.notes += notes_on_times(clock)
        for at, value in zip(given, micros.tolist(), strict=True):
            found[at] = None if value == NO_TIME else instant(value)
        return found

    def _numbers(self, part: str, column: str, words: list[str]) -> list[float | None]:
        timed = part != "cost"
        minutes = timed and (split_header(column)[1] or "").lower() in ("min", "minutes")
        unclear = [at for at, word in enumerate(words) if minutes and _hours_or_minutes(word)]
        self.faults.add(
            self.rows[unclear], "hours and minutes, or minutes and seconds? write h:mm:ss or minutes", column
        )
        per_hour = 60 if minutes else 1 if timed else None
        plain = [_plain_number(word, per_hour=per_hour, decimal=self.source.decimal) for word in words]
        raw = pa.chunked_array([pa.array([word or None for word in plain], pa.string())])
        numbers = read_numbers(raw, self.rows, self.faults, column, self.source.decimal).to_pylist()
        below = [at for at, value in enumerate(numbers) if value is not None and not 0 <= value < float("inf")]
        self.faults.add(self.rows[below], "not a number of 0 or more", column)
        return [None if value is None or not np.isfinite(value) else value / (per_hour or 1) for value in numbers]


def _orders(
    parts: _Parts,
    mapping: HistoryMapping,
    bad: set[int],
    faults: FaultLog,
    currency: str,
    find_machine: FindMachine,
    find_mode: FindMode,
) -> tuple[list[PastWork], list[int], int]:
    """Return the orders, each once, the rows they stand in, and how many rows repeat one."""
    modes = {code.lower(): mode for code, mode in mapping.failure_modes.items()}
    seen: dict[str, PastWork] = {}
    kept: list[int] = []
    repeated = 0
    for at, row in enumerate(parts.rows.tolist()):
        if row in bad:
            continue
        if not parts.word("text", at):
            faults.add([row], "the order has no text", parts.columns["text"])
            continue
        try:
            order = _order(parts, at, mapping, modes, currency, find_machine, find_mode)
        except ValidationError as error:
            first = error.errors()[0]
            part = ".".join(map(str, first["loc"]))
            reason = first["msg"].removeprefix("Value error, ")
            faults.add([row], f"{part}: {reason}" if part else reason, parts.columns.get(part, ""))
            continue
        known = seen.get(order.work_id)
        if known is None:
            seen[order.work_id] = order
            kept.append(row)
        elif known == order:
            repeated += 1
        else:
            faults.add([row], "an order with this number stands above with other content", parts.columns["number"])
    return list(seen.values()), kept, repeated


def _order(
    parts: _Parts,
    at: int,
    mapping: HistoryMapping,
    modes: Mapping[str, str],
    currency: str,
    find_machine: FindMachine,
    find_mode: FindMode,
) -> PastWork:
    asset, code, title = (parts.word(part, at) for part in ("asset", "failure_code", "failure_title"))
    machine_id, machine_type = (mapping.machines.get(asset), "") if asset in mapping.machines else find_machine(asset)
    work_type = parts.word("work_type", at).lower()
    cost = parts.numbers["cost"][at] if "cost" in parts.numbers else None
    paid_in = parts.word("currency_column", at).upper() or currency
    content = {
        "source": mapping.source,
        "number": parts.word("number", at),
        "machine_id": machine_id,
        "machine_type": machine_type or mapping.machine_type,
        "asset": asset,
        "component": parts.word("component", at),
        "failure_code": code or None,
        "failure_title": title,
        "failure_mode": modes.get(code.lower()) or find_mode(machine_id, code, title),
        "text": parts.word("text", at),
        "remedy": parts.word("remedy", at),
        "preventive": work_type in mapping.preventive if work_type else None,
        **{f"{part}_at": times[at] for part, times in parts.times.items()},
        **{f"{part}_h": numbers[at] for part, numbers in parts.numbers.items() if part != "cost"},
        "cost": None if cost is None else minor_units(cost, paid_in),
        "currency": "" if cost is None else paid_in,
        "tags": tuple(word.strip() for word in parts.word("tags", at).split(";") if word.strip()),
    }
    # Without a number of its own, an order is known again by all that is said of it.
    name = content["number"] or repr(sorted((key, str(value)) for key, value in content.items()))
    return PastWork.model_validate({**content, "work_id": stable_id("past_work", mapping.source, name)})


def day_format(words: Sequence[str], place: str) -> str | None:
    """Return the strptime pattern of plain dates, None when they are written otherwise; refuses what is ambiguous.

    >>> day_format(["20250131"], "x"), day_format(["31.1.2025"], "x"), day_format(["31/1/2025", "2/1/2025"], "x")
    ('%Y%m%d', '%d.%m.%Y', '%d/%m/%Y')
    """
    for pattern, form in _DAYS:
        if all(pattern.fullmatch(word) for word in words):
            return form
    matches = [match for word in words if (match := _SLASHED.fullmatch(word))]
    if len(matches) <= 0.8 * len(words):
        return None
    day_first = any(int(match[1]) > 12 for match in matches)
    month_first = any(int(match[2]) > 12 for match in matches)
    if day_first == month_first:
        raise RefusedFile(
            f"{place}: the date {words[0]!r} could be day/month or month/day.",
            "Say which in the mapping, e.g. time_format: '%d/%m/%Y'.",
        )
    return "%d/%m/%Y" if day_first else "%m/%d/%Y"


def _hours_or_minutes(word: str) -> bool:
    """Say whether a clock in a column of minutes can be read as hours and minutes or as minutes and seconds.

    >>> [_hours_or_minutes(word) for word in ("90:00", "1:30", "90:00:00", "90")]
    [True, False, False, False]
    """
    clock = _CLOCK.fullmatch(word)
    return clock is not None and not (clock[1] or clock[4]) and int(clock[2]) >= _HOURS_OF_DAY


def _plain_number(word: str, *, per_hour: int | None, decimal: str) -> str:
    """Return a number as it is read elsewhere, marks between thousands left out where they are clear.

    ``h:mm`` and ``h:mm:ss`` become units of the column, of which ``per_hour`` make an hour; None: a column without times.
    """
    clock = _CLOCK.fullmatch(word) if per_hour else None
    if clock and per_hour:
        seconds = 3600 * (24 * int(clock[1] or 0) + int(clock[2])) + 60 * int(clock[3]) + int(clock[4] or 0)
        return repr(seconds * per_hour / 3600).replace(".", decimal)
    if _GROUPED[0].fullmatch(word):
        return word.replace(",", "").replace(".", decimal)
    if _GROUPED[1].fullmatch(word):
        return word.replace(".", "").replace(",", decimal)
    return word
