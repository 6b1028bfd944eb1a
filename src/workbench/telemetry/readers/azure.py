"""Reads Microsoft's sample fleet for predictive maintenance: 100 machines, hourly readings, errors, repairs, failures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from workbench.domain.equipment import Economics, FailureMode, MachineProfile, Repair, Sensor, Site, Symptom
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.units import Quantity
from workbench.errors import RefusedFile
from workbench.telemetry.blocks import TIME_TYPE
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.fleets import FleetSource, find, need, read_whole
from workbench.telemetry.readers.numbers import read_numbers
from workbench.telemetry.readers.sources import as_text
from workbench.telemetry.readers.times import Clock, Micros
from workbench.telemetry.segments import instant

SOURCE = "Azure predictive maintenance sample"
TYPE = "azure_pdm_machine"
GENERIC = "generic, not from the publisher"
COMPONENTS = ("comp1", "comp2", "comp3", "comp4")
SIGNALS = ("volt", "rotate", "pressure", "vibration")
# name: title, quantity, unit, normal range (about three standard deviations around the mean of the published
# readings). The publisher names no unit for pressure and vibration.
_SENSORS: dict[str, tuple[str, Quantity, str, float, float]] = {
    "volt": ("Voltage", Quantity.OTHER, "V", 125.0, 218.0),
    "rotate": ("Rotation", Quantity.SPEED, "rpm", 285.0, 605.0),
    "pressure": ("Pressure", Quantity.PRESSURE, "1", 68.0, 133.0),
    "vibration": ("Vibration", Quantity.VIBRATION_VELOCITY, "1", 24.0, 56.0),
}
_FILES = {
    name: (f"PdM_{name}.csv", f"azure_pdm_{name}.parquet") for name in ("machines", "errors", "maint", "failures")
}


def machine_id(number: int) -> str:
    """Return our id of the publisher's machine number.

    >>> machine_id(7)
    'azure_pdm_007'
    """
    return f"azure_pdm_{number:03d}"


def read_azure(folder: Path) -> FleetSource:
    """Read ``PdM_*.csv`` or ``azure_pdm_*.parquet`` in ``folder``.

    Telemetry and machines must be there; errors, maint and failures may be absent and are noted. Times are
    taken as UTC, since the publisher names no zone. Raises ``NotFound`` or ``RefusedFile``.
    """
    telemetry = need(folder, "telemetry", "PdM_telemetry.csv", "azure_pdm_telemetry.parquet")
    machines = need(folder, "list of machines", *_FILES["machines"])
    readings = _readings(telemetry)
    events, notes = _events(folder)
    last = instant(int(readings.column("time").cast(pa.int64()).to_numpy().max()))
    with_readings = len(readings.column("machine_id").unique())
    profiles = tuple(_profiles(machines))
    notes.append(
        f"{with_readings} of {len(profiles)} machines have telemetry, the last reading is of {last:%Y-%m-%d %H:%M}"
    )
    later = sum(event.time > last for event in events)
    if later:
        notes.append(f"{later:,} events are later than the last reading; nothing sees them before its as-of")
    return FleetSource(
        source=SOURCE,
        site=Site(site_id="azure_pdm", title=SOURCE, time_zone="UTC", latitude=0.0, longitude=0.0),
        profiles=profiles,
        readings=(readings,),
        events=tuple(events),
        as_of=last,
        notes=tuple(notes),
        files=(telemetry, machines),
    )


def _columns(path: Path, *names: str) -> tuple[pa.Table, Micros, list[str]]:
    """Return a file's table, its times, and our id of each row's machine."""
    table = read_whole(path, "datetime", "machineID", *names)
    rows = np.arange(1, table.num_rows + 1)
    faults = FaultLog()
    times = Clock(source=path.name).read(table.column("datetime"), rows, None, faults, "datetime")
    numbers = _whole_numbers(path, table, "machineID")
    if faults.found:
        raise RefusedFile(
            f"{path}: row {faults.found[0].rows[0]}: {faults.found[0].reason} in column 'datetime'.",
            "Use the file as its publisher distributes it.",
        )
    ids = {number: machine_id(number) for number in set(numbers)}
    return table, times, [ids[number] for number in numbers]


def _whole_numbers(path: Path, table: pa.Table, name: str) -> list[int]:
    faults = FaultLog()
    rows = np.arange(1, table.num_rows + 1)
    values = read_numbers(table.column(name), rows, faults, name, ".")
    if faults.found or values.null_count:
        raise RefusedFile(f"{path}: column {name!r} holds something that is no number.", "Download it again.")
    found: list[int] = values.to_numpy().astype(np.int64).tolist()
    return found


def _readings(path: Path) -> pa.Table:
    table, times, ids = _columns(path, *SIGNALS)
    return pa.table(
        {
            "machine_id": pa.array(ids).dictionary_encode(),
            "time": pa.array(times).cast(TIME_TYPE),
            **{name: table.column(name) for name in SIGNALS},
        }
    )


def _profiles(path: Path) -> Iterator[MachineProfile]:
    table = read_whole(path, "machineID", "model", "age")
    models = as_text(table.column("model")).to_pylist()
    sensors, modes = tuple(_sensors()), tuple(_modes())
    for number, model, age in zip(
        _whole_numbers(path, table, "machineID"), models, _whole_numbers(path, table, "age"), strict=True
    ):
        yield MachineProfile(
            machine_id=machine_id(number),
            machine_type=TYPE,
            title=f"Azure sample machine {number}",
            manufacturer="not published",
            model=str(model),
            site_id="azure_pdm",
            attributes={"age": float(age), "model": str(model)},
            sensors=sensors,
            failure_modes=modes,
            economics=Economics(production_loss_per_h=10_000, source=GENERIC),
        )


def _sensors() -> Iterator[Sensor]:
    for name, (title, quantity, unit, low, high) in _SENSORS.items():
        yield Sensor(
            name=name,
            title=title,
            quantity=quantity,
            unit=unit,
            normal_low=low,
            normal_high=high,
            physical_low=0.0,
            physical_high=10_000.0,
        )


def _modes() -> Iterator[FailureMode]:
    # Which signal moves when which component fails is not published. All four stand for each component with the
    # same small weight, so that the symptom table cannot pretend to tell the components apart.
    symptoms = tuple(
        Symptom(sensor=name, direction="falls" if name == "rotate" else "rises", weight=0.5) for name in SIGNALS
    )
    for number, component in enumerate(COMPONENTS, 1):
        yield FailureMode(
            name=component,
            title=f"Component {number} fails",
            iso14224_code="UNK",
            mechanism="not published",
            indicator="vibration",
            pf_interval_h=(24.0, 168.0),
            symptoms=symptoms,
            repair=Repair(
                skill="mechanical",
                labour_h=4.0,
                repair_h=4.0,
                steps=(
                    "Isolate the machine.",
                    f"Replace component {number}.",
                    "Run the machine and check its readings.",
                ),
            ),
            source=f"{GENERIC}; mechanism and symptoms of the components are not published",
        )


def _events(folder: Path) -> tuple[list[AssetEvent], list[str]]:
    notes: list[str] = []
    failures = _raw_events(folder, "failures", "failure", notes)
    failed = {(machine, time, cause) for machine, time, cause in failures}
    events = [
        AssetEvent(machine_id=machine, time=time, kind=EventKind.FAILURE, cause=cause, source=f"{SOURCE}: failures")
        for machine, time, cause in failures
    ]
    repairs = 0
    for machine, time, cause in _raw_events(folder, "maint", "comp", notes):
        repaired = (machine, time, cause) in failed
        repairs += repaired
        source = f"{SOURCE}: maint{', repair after the failure' if repaired else ''}"
        events.append(AssetEvent(machine_id=machine, time=time, kind=EventKind.REPLACEMENT, cause=cause, source=source))
    if repairs:
        notes.append(f"{repairs:,} replacements are the repair of a failure recorded at the same time")
    events += [
        AssetEvent(machine_id=machine, time=time, kind=EventKind.ERROR, cause=cause, source=f"{SOURCE}: errors")
        for machine, time, cause in _raw_events(folder, "errors", "errorID", notes)
    ]
    return sorted(events, key=lambda event: (event.time, event.machine_id, event.kind, event.cause)), notes


def _raw_events(folder: Path, name: str, column: str, notes: list[str]) -> list[tuple[str, datetime, str]]:
    path = find(folder, *_FILES[name])
    if path is None:
        notes.append(f"{_FILES[name][0]} is not there: no {name}")
        return []
    table, times, ids = _columns(path, column)
    causes = as_text(table.column(column)).to_pylist()
    return [
        (machine, instant(time), str(cause)) for machine, time, cause in zip(ids, times.tolist(), causes, strict=True)
    ]
