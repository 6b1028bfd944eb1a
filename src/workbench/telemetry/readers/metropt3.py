"""Reads MetroPT-3 in its hourly Parquet form: the air compressor of a metro train, and its known air leaks."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workbench.telemetry.readers.fleets import need
from workbench.telemetry.readers.labelled import forward_times, numbers, read_table

FILE = "metropt3_hourly.parquet"
# Air leaks by the operator's maintenance reports (Veloso et al., "The MetroPT dataset", Scientific Data 2022): from, to.
FAILURES = tuple(
    (pd.Timestamp(first, tz="UTC"), pd.Timestamp(last, tz="UTC"))
    for first, last in (
        ("2020-04-18 00:00", "2020-04-18 23:59"),
        ("2020-05-29 23:30", "2020-05-30 06:00"),
        ("2020-06-05 10:00", "2020-06-07 14:30"),
        ("2020-07-15 14:30", "2020-07-15 19:00"),
    )
)


def read_metropt3(folder: Path) -> tuple[pd.DataFrame, Path]:
    """Return the readings (``time``, aware UTC and ascending, and one column per sensor) and the file they came from."""
    path = need(folder, "hourly means of MetroPT-3", FILE)
    frame = read_table(path, separator=",", columns=("timestamp",))
    readings = numbers(frame, [str(name) for name in frame.columns if name != "timestamp"], path)
    readings.insert(0, "time", forward_times(frame["timestamp"], path))
    return readings, path
