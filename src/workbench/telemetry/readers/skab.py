"""Reads SKAB, the Skoltech anomaly benchmark: a water circulation test bed whose valves are closed on purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workbench.errors import NotFound
from workbench.telemetry.readers.labelled import LabelledRecord, forward_times, numbers, read_table

GROUPS = ("anomaly-free", "valve1", "valve2", "other")
SENSORS = (
    "Accelerometer1RMS",
    "Accelerometer2RMS",
    "Current",
    "Pressure",
    "Temperature",
    "Thermocouple",
    "Voltage",
    "Volume Flow RateRMS",
)
PARQUET = ("skab.parquet", "skab_holdout.parquet")


def read_skab(folder: Path) -> list[LabelledRecord]:
    """Read the publisher's folders of semicolon CSV files (in ``folder``, its ``data`` or ``skab``), or the Parquet form.

    Records are ordered by group and number; those without anomalies have no labels. Raises ``NotFound``, ``RefusedFile``.
    """
    for place in (folder, folder / "data", folder / "skab", folder / "SKAB" / "data"):
        paths = [path for group in GROUPS for path in sorted((place / group).glob("*.csv"), key=_number)]
        if paths:
            return [_record(path.parent.name, path.stem, path) for path in paths]
    found = [folder / name for name in PARQUET if (folder / name).is_file()]
    if not found:
        raise NotFound(
            f"{folder} holds no SKAB: neither folders such as valve1 with CSV files nor {PARQUET[0]}.",
            "Give the folder of the SKAB files.",
        )
    records = [record for path in found for record in _parquet(path)]
    return sorted(records, key=lambda record: (GROUPS.index(record.group), _number(Path(record.name))))


def _number(path: Path) -> tuple[int, str]:
    return (int(path.stem), "") if path.stem.isdigit() else (-1, path.stem)


def _record(group: str, name: str, path: Path) -> LabelledRecord:
    labelled = group != "anomaly-free"
    frame = read_table(path, separator=";", columns=("datetime", *SENSORS, *(("anomaly",) if labelled else ())))
    readings = numbers(frame, SENSORS, path)
    readings.insert(0, "time", forward_times(frame["datetime"], path))
    truth = numbers(frame, ("anomaly",), path)["anomaly"].to_numpy() > 0 if labelled else None
    return LabelledRecord(group, name, readings, truth, path)


def _parquet(path: Path) -> list[LabelledRecord]:
    frame = read_table(path, separator=";", columns=("group", "file", "datetime", *SENSORS, "anomaly"))
    records = []
    for (group, name), mine in frame.groupby(["group", "file"], observed=True, sort=False):
        readings = numbers(mine, SENSORS, path)
        readings.insert(0, "time", forward_times(mine["datetime"], path))
        given = mine["anomaly"].to_numpy(dtype=np.float64, na_value=np.nan)
        truth = None if np.isnan(given).any() else given > 0
        records.append(LabelledRecord(str(group), str(name), readings, truth, path))
    return records
