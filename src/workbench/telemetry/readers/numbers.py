"""Reads number and state columns of a file, whatever their type, into float64 with null as a gap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workbench.domain.observations import MachineState
from workbench.telemetry.faults import FaultLog, Rows

# Beside a decimal comma, 1.234 may be a thousand; 57.04 and 0.123 cannot.
_GROUPED = r"^\s*[+-]?[1-9]\d{0,2}(\.\d{3})+\s*$"
GAP_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "#n/a"})


def read_numbers(raw: pa.ChunkedArray, rows: Rows, faults: FaultLog, column: str, decimal: str) -> pa.ChunkedArray:
    """Return ``raw`` as float64; words for "no value" become null, other text is added to ``faults``."""
    kind = raw.type
    if kind == pa.float64():
        return raw
    if pa.types.is_dictionary(kind):
        raw = raw.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(raw, rows, faults, column, decimal)
    if pa.types.is_null(kind) or pa.types.is_boolean(kind):
        return raw.cast(pa.int8()).cast(pa.float64())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return raw.cast(pa.float64(), safe=False)
    faults.add(rows, f"a {kind} is not a number", column)
    return pa.chunked_array([pa.nulls(len(raw), pa.float64())])


def _from_text(raw: pa.ChunkedArray, rows: Rows, faults: FaultLog, column: str, decimal: str) -> pa.ChunkedArray:
    text = raw.cast(pa.string())
    if decimal == ",":
        grouped = pc.match_substring_regex(text, _GROUPED).fill_null(fill_value=False)
        if pc.any(grouped).as_py():
            why = "a number with a point where decimals have a comma: 1.234 or 1234?"
            faults.add(rows[grouped.to_numpy().astype(bool)], why, column)
            text = pc.if_else(grouped, pa.scalar(None, pa.string()), text)
        text = pc.replace_substring(text, ",", ".")
    try:
        return text.cast(pa.float64())
    except pa.ArrowInvalid:
        pass
    trimmed = pc.utf8_trim_whitespace(text)
    gap = pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(sorted(GAP_WORDS)))
    values = pc.if_else(gap, pa.scalar(None, pa.string()), trimmed)
    try:
        return values.cast(pa.float64())
    except pa.ArrowInvalid:
        pass
    words = values.to_pandas()
    numbers = pd.to_numeric(words, errors="coerce")
    wrong = (numbers.isna() & words.notna()).to_numpy(bool)
    faults.add(rows[wrong], "not a number", column)
    return pa.chunked_array([pa.array(numbers.to_numpy(np.float64), from_pandas=True)])


def read_states(raw: pa.ChunkedArray, rows: Rows, faults: FaultLog, column: str) -> pa.ChunkedArray:
    """Return machine states in upper case; words that are no ``MachineState`` are added to ``faults``."""
    text = pc.utf8_upper(pc.utf8_trim_whitespace(raw.cast(pa.string())))
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    known = pc.is_in(text, value_set=pa.array([state.value for state in MachineState]))
    wrong = pc.and_(pc.invert(known), pc.is_valid(text)).to_numpy().astype(bool)
    if wrong.any():
        faults.add(rows[wrong], f"state is none of {', '.join(MachineState)}", column)
        text = pc.if_else(known, text, pa.scalar(None, pa.string()))
    return text if isinstance(text, pa.ChunkedArray) else pa.chunked_array([text])
