"""Reads the energy of a steel plant every 15 minutes (DAEWOO Steel, Gwangyang), as published or in the Parquet form."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workbench.errors import RefusedFile
from workbench.telemetry.readers.fleets import find, need
from workbench.telemetry.readers.labelled import numbers, read_table

FILES = ("Steel_industry_data.csv", "steel_industry_energy.csv", "steel_industry_energy.parquet")
HOLDOUT = ("Steel_industry_data_holdout.csv", "steel_industry_energy_holdout.parquet")
ZONE = "Asia/Seoul"
USAGE = "Usage_kWh"
# Measured in the same quarter of an hour: known only after it, so none of them may tell of the usage then.
MEASURED = (
    USAGE,
    "Lagging_Current_Reactive_Power_kVarh",
    "Leading_Current_Reactive_Power_kVarh",
    "CO2(tCO2)",
    "Lagging_Current_Power_Factor",
    "Leading_Current_Power_Factor",
)


def read_steel(folder: Path) -> tuple[pd.DataFrame, Path]:
    """Return the readings (``time``, aware UTC and ascending, and the measured columns) and the file they came from.

    A reading closes its quarter of an hour: the one of 00:00 belongs to the day before. The publisher stamps that row
    with the date of the day that ends, one day early; it is put right here. Raises ``NotFound`` or ``RefusedFile``.
    """
    return _steel(need(folder, "steel plant's energy", *FILES))


def read_steel_holdout(folder: Path) -> tuple[pd.DataFrame, Path] | None:
    """Read the months that are kept apart; None where there are none."""
    path = find(folder, *HOLDOUT)
    return None if path is None else _steel(path)


def _steel(path: Path) -> tuple[pd.DataFrame, Path]:
    frame = read_table(path, separator=",", columns=("date", USAGE))
    frame = frame.rename(columns={name: str(name).replace(".", "_") for name in frame.columns})
    readings = numbers(frame, [name for name in MEASURED if name in frame.columns], path)
    try:
        stamps = (
            frame["timestamp"]
            if "timestamp" in frame.columns
            else pd.to_datetime(frame["date"], format="%d/%m/%Y %H:%M")
        )
    except (ValueError, TypeError) as error:
        raise RefusedFile(
            f"{path}: a date is not dd/mm/yyyy HH:MM ({str(error)[:120]}).", "Use the publisher's file."
        ) from error
    if "timestamp" not in frame.columns:
        stamps = stamps.where(stamps.dt.normalize() != stamps, stamps + pd.Timedelta(days=1))
    if not bool((stamps.diff()[1:] > pd.Timedelta(0)).all()):
        raise RefusedFile(f"{path}: the rows are not in order of time.", "Use the publisher's file as it is.")
    readings.insert(0, "time", pd.DatetimeIndex(stamps).tz_localize(ZONE).tz_convert("UTC"))
    return readings, path
