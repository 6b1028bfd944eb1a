"""The Azure fleet as the product reads it, with the labels and events that its benchmark scores against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from workbench.domain.observations import EventKind, MachineData
from workbench.telemetry.readers.azure import read_azure

HORIZON_H = 24.0
NS_PER_H = 3_600_000_000_000
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fleet:
    """Machines with telemetry, and one entry per scored machine-hour.

    ``machine`` and ``row`` say which reading a machine-hour is; ``hour`` is its time in hours since 1970;
    ``failing`` has one column per component: does it fail in (t, t + 24 h]. ``failures_h``: failure times of each
    machine. Readings in the last 24 h of a record are not scored, since their windows reach beyond it.
    """

    machines: tuple[MachineData, ...]
    files: tuple[Path, ...]
    components: tuple[str, ...]
    machine: npt.NDArray[np.object_]
    row: npt.NDArray[np.intp]
    hour: Floats
    failing: Bools
    failures_h: dict[str, list[float]]

    @property
    def positive(self) -> Floats:
        """1 where any component fails in the next 24 h."""
        return np.asarray(self.failing.any(axis=1), dtype=np.float64)

    def pick(self, units: npt.NDArray[Any]) -> list[MachineData]:
        """Return the machines called ``units``."""
        wanted = set(units)
        return [machine for machine in self.machines if machine.profile.machine_id in wanted]


def load_fleet(folder: Path, *, most: int | None = None) -> Fleet:
    """Read the fleet; ``most``: only that many of the machines with telemetry (a quick run)."""
    source = read_azure(folder)
    events = pd.DataFrame(
        [(e.machine_id, e.time, str(e.kind), e.cause) for e in source.events],
        columns=["machine_id", "time", "kind", "cause"],
    )
    events["time"] = pd.to_datetime(events["time"], utc=True)
    events = events.sort_values("time", kind="stable", ignore_index=True)
    readings = pd.concat([_frame(table) for table in source.tables()], ignore_index=True)
    profiles = {profile.machine_id: profile for profile in source.profiles}
    machines = []
    for name, mine in sorted(readings.groupby("machine_id"), key=lambda pair: str(pair[0]))[:most]:
        telemetry = mine.drop(columns="machine_id").sort_values("time", ignore_index=True)
        own = events[(events["machine_id"] == name) & (events["time"] <= telemetry["time"].iloc[-1])]
        machines.append(MachineData(profiles[str(name)], telemetry, own.drop(columns="machine_id")))
    failures = events[events["kind"] == str(EventKind.FAILURE)]
    return _labelled(tuple(machines), failures, source.files, tuple(sorted(failures["cause"].unique())))


def until(fleet: Fleet, hour: float) -> Fleet:
    """Return the fleet as it was known at ``hour`` (since 1970): later readings and events are cut off."""
    machines = []
    for machine in fleet.machines:
        readings, events = machine.telemetry, machine.events
        telemetry = readings[hours(readings["time"]) < hour].reset_index(drop=True)
        known = events[hours(events["time"]) < hour].reset_index(drop=True)
        machines.append(MachineData(machine.profile, telemetry, known))
    failures = pd.concat([m.events.assign(machine_id=m.profile.machine_id) for m in machines], ignore_index=True)
    failures = failures[failures["kind"] == str(EventKind.FAILURE)]
    return _labelled(tuple(machines), failures, fleet.files, fleet.components)


def _frame(table: pa.Table) -> pd.DataFrame:
    index = table.schema.get_field_index("machine_id")
    frame: pd.DataFrame = table.set_column(
        index, "machine_id", table.column("machine_id").cast(pa.string())
    ).to_pandas()
    return frame


def hours(times: pd.Series[Any]) -> Floats:
    """Return times as hours since 1970."""
    return np.asarray(times.dt.as_unit("ns").astype("int64").to_numpy(dtype=np.float64) / NS_PER_H)


def _labelled(
    machines: tuple[MachineData, ...], failures: pd.DataFrame, files: tuple[Path, ...], components: tuple[str, ...]
) -> Fleet:
    parts: list[tuple[npt.NDArray[np.object_], npt.NDArray[np.intp], Floats, Bools]] = []
    failures_h: dict[str, list[float]] = {}
    for machine in machines:
        name = machine.profile.machine_id
        mine = failures[failures["machine_id"] == name]
        at = hours(machine.telemetry["time"])
        row = np.flatnonzero(at <= at[-1] - HORIZON_H)
        failing = np.zeros((len(row), len(components)), dtype=bool)
        for column, component in enumerate(components):
            for moment in hours(mine["time"][mine["cause"] == component]):
                failing[:, column] |= (at[row] < moment) & (moment <= at[row] + HORIZON_H)
        parts.append((np.full(len(row), name, dtype=object), row, at[row], failing))
        failures_h[name] = sorted(set(hours(mine["time"]).tolist()))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Fleet(machines, files, components, columns[0], columns[1], columns[2], columns[3], failures_h)
