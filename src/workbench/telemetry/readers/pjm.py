"""Reads the hourly load of PJM's zones (eastern United States) in the Parquet form ``pjm_hourly_ZONE.parquet``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.readers.labelled import numbers, read_table

PREFIX = "pjm_hourly_"
ZONE = "America/New_York"


def read_pjm(folder: Path) -> dict[str, tuple[pd.DataFrame, Path]]:
    """Return for each zone the readings (``time``, aware UTC and ascending, and ``mw``) and the file they came from.

    A stamp is the local wall time at which the hour ends, so in spring the hour after 02:00 is stamped 04:00 and in
    autumn 02:00 comes twice (in early years never, which leaves a gap). Raises ``NotFound`` or ``RefusedFile``.
    """
    paths = sorted(folder.glob(f"{PREFIX}*.parquet"))
    if not paths:
        raise NotFound(f"{folder} holds no {PREFIX}*.parquet.", "Give the folder of PJM's hourly loads.")
    return {path.stem.removeprefix(PREFIX): (_zone(path), path) for path in paths}


def _zone(path: Path) -> pd.DataFrame:
    frame = read_table(path, separator=",", columns=("datetime", "mw")).sort_values("datetime", kind="stable")
    readings = numbers(frame, ("mw",), path)
    begins = pd.to_datetime(frame["datetime"]).reset_index(drop=True) - pd.Timedelta(hours=1)
    # Of an hour that comes twice the first is in summer time.
    summer = (~begins.duplicated()).to_numpy()
    try:
        local = begins.dt.tz_localize(ZONE, ambiguous=summer, nonexistent="raise")
    except ValueError as error:
        raise RefusedFile(f"{path}: {str(error)[:120]} is no local time.", "Download it again.") from error
    readings.insert(0, "time", local.dt.tz_convert("UTC") + pd.Timedelta(hours=1))
    if not readings["time"].is_unique:
        raise RefusedFile(f"{path}: an hour is told more than once.", "Download it again.")
    return readings
