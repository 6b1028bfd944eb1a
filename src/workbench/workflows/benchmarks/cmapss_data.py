"""The C-MAPSS subsets as the product reads them, laid out by engine and cycle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import AssetEvent, MachineData
from workbench.telemetry.readers.cmapss import SUBSETS, read_cmapss
from workbench.telemetry.readers.fleets import FleetSource, find


@dataclass(frozen=True)
class Subset:
    """One subset. ``train`` and ``test`` hold columns unit, machine_id, cycle, time, settings and sensors.

    ``truth``: cycles left after the last row of each test engine, engines ascending; used for nothing but scoring.
    """

    name: str
    profiles: dict[str, MachineProfile]
    failures: dict[str, AssetEvent]
    train: pd.DataFrame
    test: pd.DataFrame | None
    truth: npt.NDArray[np.float64] | None
    files: tuple[Path, ...]

    def engines(self, rows: pd.DataFrame, *, ended: bool) -> list[MachineData]:
        """Return the engines in ``rows`` as the product sees them; ``ended``: with their failure, where it is known."""
        fleet = []
        for name, mine in rows.groupby("machine_id", sort=False):
            profile = self.profiles[str(name)]
            columns = [sensor.name for sensor in profile.sensors]
            telemetry = mine[["time", *columns]].assign(life=mine["cycle"].astype(float)).reset_index(drop=True)
            event = self.failures.get(str(name)) if ended else None
            fleet.append(MachineData(profile, telemetry, _events([event] if event is not None else [])))
        return fleet


def _events(events: list[AssetEvent]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time": pd.Series([event.time for event in events], dtype="datetime64[us, UTC]"),
            "kind": pd.Series([str(event.kind) for event in events], dtype=object),
            "cause": pd.Series([event.cause for event in events], dtype=object),
        }
    )


def find_subsets(folder: Path) -> list[str]:
    """Return the subsets whose training file lies in ``folder``, in the publisher's form or as Parquet."""
    return [name for name in SUBSETS if find(folder, f"train_{name}.txt", f"cmapss_train_{name}.parquet")]


def load_subset(folder: Path, name: str, *, units: int | None = None) -> Subset:
    """Read one subset; ``units``: only that many training engines (a quick run)."""
    fleet = read_cmapss(folder, name)
    train = _part(fleet, "train")
    assert train is not None  # noqa: S101 - find_subsets saw the file
    if units is not None:
        train = train[train["unit"] <= units].reset_index(drop=True)
    test = _part(fleet, "test") if fleet.truth is not None else None
    return Subset(
        name=name,
        profiles={profile.machine_id: profile for profile in fleet.profiles},
        failures={event.machine_id: event for event in fleet.events},
        train=train,
        test=test,
        truth=None if test is None or fleet.truth is None else _ordered_truth(fleet.truth),
        files=fleet.files,
    )


def _ordered_truth(truth: pd.DataFrame) -> npt.NDArray[np.float64]:
    return truth.sort_values("machine_id")["rul"].to_numpy(dtype=np.float64)


def _part(fleet: FleetSource, part: str) -> pd.DataFrame | None:
    """Return the readings of the training or test engines as a table ordered by engine and cycle."""
    for table in fleet.tables():
        names = table.column("machine_id").cast(pa.string())
        if len(names) and f"_{part}_" in names[0].as_py():
            rows: pd.DataFrame = table.set_column(
                table.schema.get_field_index("machine_id"), "machine_id", names
            ).to_pandas()
            rows["unit"] = rows["machine_id"].str.rsplit("_", n=1).str[-1].astype(int)
            rows["cycle"] = rows["life"].round().astype(int)
            return rows.drop(columns="life").sort_values(["unit", "cycle"], kind="stable", ignore_index=True)
    return None
