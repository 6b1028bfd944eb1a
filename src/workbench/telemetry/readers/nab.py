"""Reads NAB, the Numenta anomaly benchmark: series with known causes and the windows in which anomalies lie."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.readers.labelled import forward_times, numbers, read_table

CATEGORY = "realKnownCause"
WINDOWS = "combined_windows.json"
PARQUET_PREFIX = "nab_"
PARQUET_WINDOWS = "nab_windows.json"


@dataclass(frozen=True)
class WindowedSeries:
    """One series. ``readings``: columns ``time`` (aware UTC, ascending) and ``value``.

    ``windows``: first and last row of each anomaly window, ascending; used for nothing but scoring, and to know where
    the rows before the first of them end.
    """

    name: str
    readings: pd.DataFrame
    windows: tuple[tuple[int, int], ...]
    files: tuple[Path, ...]


def read_nab(folder: Path) -> list[WindowedSeries]:
    """Read ``realKnownCause/*.csv`` with ``labels/combined_windows.json``, or ``nab_*.parquet`` with ``nab_windows.json``.

    The publisher's form may lie in ``folder`` (series there or in its ``data``) or in its ``nab`` or ``NAB``. Series
    without an anomaly window are left out. Raises ``NotFound``, ``RefusedFile``.
    """
    for place in (folder, folder / "nab", folder / "NAB"):
        labels = place / "labels" / WINDOWS
        for series in (place / CATEGORY, place / "data" / CATEGORY):
            paths = sorted(series.glob("*.csv"))
            if paths and labels.is_file():
                return _all(paths, labels)
    paths = sorted(folder.glob(f"{PARQUET_PREFIX}*.parquet"))
    if not paths or not (folder / PARQUET_WINDOWS).is_file():
        raise NotFound(
            f"{folder} holds no NAB: neither {CATEGORY} with labels/{WINDOWS} nor {PARQUET_PREFIX}*.parquet with "
            f"{PARQUET_WINDOWS}.",
            "Give the folder of the NAB files.",
        )
    return _all(paths, folder / PARQUET_WINDOWS)


def _all(paths: list[Path], labels: Path) -> list[WindowedSeries]:
    try:
        told = {Path(name).stem: windows for name, windows in json.loads(labels.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError) as error:
        raise RefusedFile(f"{labels} holds no windows ({error}).", "Download it again.") from error
    found = []
    for path in paths:
        name = path.stem.removeprefix(PARQUET_PREFIX) if path.suffix == ".parquet" else path.stem
        # The Parquet files bear the beginning of the publisher's names.
        whole = next((known for known in sorted(told) if known == name or known.startswith(f"{name}_")), None)
        if whole is not None and told[whole]:
            found.append(_series(name, path, told[whole], labels))
    if not found:
        raise NotFound(f"{labels} tells no window of {', '.join(p.name for p in paths)}.", "Use matching files.")
    return found


def _series(name: str, path: Path, told: list[list[str]], labels: Path) -> WindowedSeries:
    frame = read_table(path, separator=",", columns=("timestamp", "value"))
    readings = numbers(frame, ("value",), path)
    readings.insert(0, "time", forward_times(frame["timestamp"], path))
    stamps = pd.to_datetime(frame["timestamp"])
    windows = []
    for first, last in told:
        rows = [(stamps == pd.Timestamp(moment)).to_numpy().nonzero()[0] for moment in (first, last)]
        if not all(len(found) for found in rows):
            raise RefusedFile(f"{labels}: window {first} to {last} does not lie in {path}.", "Use matching files.")
        windows.append((int(rows[0][0]), int(rows[1][0])))
    return WindowedSeries(name, readings, tuple(sorted(windows)), (path, labels))
