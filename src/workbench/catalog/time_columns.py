"""Finds the time column of a file and reads it, whether it holds dates as text or a numeric epoch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import pandas as pd

from workbench.errors import InputError

from .column_names import words

_NAMES = (
    "timestamp",
    "datetime",
    "date_time",
    "time_stamp",
    "time",
    "date",
    "ts",
    "recorded_at",
    "created_at",
    "zeit",
    "epoch",
)
# Tried in this order after ISO 8601; where a text fits two of them, the one whose times ascend in even steps is meant.
_FORMATS = tuple(
    f"{date}{clock}"
    for date in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y")
    for clock in (" %H:%M", " %H:%M:%S", " %I:%M:%S %p", " %I:%M %p", "")
)
_SAMPLE = 2000
_SHARE = 0.95
# A plausible epoch lies between 1990 and 2100.
_EPOCHS: tuple[tuple[Literal["s", "ms", "us", "ns"], float], ...] = (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9))
_FROM, _TO = 631_152_000, 4_102_444_800


@dataclass(frozen=True)
class FoundTime:
    """The time column, its values as aware UTC times (NaT where unreadable), and their strptime pattern if not ISO.

    ``other_format`` is another pattern that reads every time as well, so that the guess needs a look.
    """

    column: str
    values: pd.Series
    time_format: str | None = None
    other_format: str | None = None


def find_time(frame: pd.DataFrame, time_column: str | None = None) -> FoundTime:
    """Find and read the time column.

    Raises ``InputError`` when ``time_column`` is missing or unreadable, or no column looks like a time.
    """
    if time_column is not None:
        if time_column not in frame.columns:
            raise InputError(f"There is no time column {time_column!r}; {_listed(frame)}", "Name one of them.")
        found = _read(frame, time_column)
        if found is None:
            raise InputError(
                f"Column {time_column!r} cannot be read as times.",
                "Give dates such as 2025-01-31 13:00:00, or seconds since 1970.",
            )
        return found
    for name in _candidates(frame):
        if _read(frame.head(_SAMPLE), name) is not None and (found := _read(frame, name)) is not None:
            return found
    raise InputError(
        f"No column can be read as a time; {_listed(frame)}",
        "Add a column such as 'timestamp' with dates like 2025-01-31 13:00:00, or name the time column.",
    )


def _listed(frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame.columns]
    return f"the file has: {', '.join(names[:20])}{' and more' if len(names) > 20 else ''}."


def _read(frame: pd.DataFrame, name: str) -> FoundTime | None:
    """Read a column as times, or return None when fewer than 95 % of its values are times."""
    column = frame[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        return FoundTime(name, cast("pd.Series", pd.to_datetime(column, utc=True)))
    if pd.api.types.is_bool_dtype(column):
        return None
    if pd.api.types.is_numeric_dtype(column):
        return _epoch(name, column)
    text = column.astype("string")
    if text.notna().sum() == 0 or pd.to_numeric(text.head(_SAMPLE), errors="coerce").notna().mean() > 1 - _SHARE:
        return None
    iso = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
    if iso.notna().mean() >= _SHARE:
        return FoundTime(name, iso)
    head = text.head(_SAMPLE)
    readable = {form: times for form in _FORMATS if (times := _by_format(head, form)).notna().mean() >= _SHARE}
    if not readable:
        return None
    best = max(readable, key=lambda form: (readable[form].notna().mean(), *_evenness(readable[form])))
    times = _by_format(text, best)
    # A day that is never above 12 may as well be the month: the file alone cannot tell.
    other = next((form for form in readable if form != best and _by_format(text, form).notna().all()), None)
    return FoundTime(name, times, best, other) if times.notna().mean() >= _SHARE else None


def _by_format(text: pd.Series, form: str) -> pd.Series:
    return cast("pd.Series", pd.to_datetime(text, errors="coerce", utc=True, format=form))


def _evenness(times: pd.Series) -> tuple[float, float]:
    """Return the share of steps that do not go back, and how short the longest step is."""
    steps = times.dropna().diff().dropna().dt.total_seconds()
    return (float((steps >= 0).mean()), -float(steps.abs().max())) if len(steps) else (0.0, 0.0)


def _epoch(name: str, column: pd.Series) -> FoundTime | None:
    known = column.dropna()
    for unit, factor in _EPOCHS:
        if len(known) and ((known >= _FROM * factor) & (known <= _TO * factor)).mean() >= _SHARE:
            return FoundTime(name, pd.to_datetime(column, unit=unit, utc=True, errors="coerce"))
    return None


def _candidates(frame: pd.DataFrame) -> list[str]:
    """Order the columns: those named as times first, then dates, then text; numbers only when named as times."""
    ranked = []
    for position, name in enumerate(frame.columns):
        column = frame[name]
        joined = "_".join(words(str(name)))
        named = next((rank for rank, known in enumerate(_NAMES) if joined == known), len(_NAMES))
        partly = any(word in _NAMES for word in joined.split("_"))
        is_date = pd.api.types.is_datetime64_any_dtype(column)
        if named < len(_NAMES) or partly or is_date or not pd.api.types.is_numeric_dtype(column):
            ranked.append(((named, not partly, not is_date, position), str(name)))
    return [name for _, name in sorted(ranked)]
