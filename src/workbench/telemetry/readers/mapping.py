"""Checks a column mapping against the header of a file, and infers one where none was given."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from workbench.domain.base import MACHINE_ID_PATTERN
from workbench.domain.equipment import MachineProfile
from workbench.domain.mapping import ColumnMapping, SensorColumn
from workbench.domain.observations import STANDARD_COLUMNS
from workbench.domain.unit_spellings import declared_unit, nearest_unit
from workbench.domain.units import UNITS
from workbench.errors import InputError, RefusedFile

TIME_NAMES = ("time", "timestamp", "datetime", "date_time", "date")
MACHINE_NAMES = ("machine_id", "machine", "asset_id", "asset")
_HEADER_WITH_UNIT = re.compile(r"^\s*(?P<name>.+?)\s*\[(?P<unit>[^\[\]]*)\]\s*$")


@dataclass(frozen=True)
class Layout:
    """A mapping checked against the header of one file."""

    time: str
    machine_id: str | None
    machine_column: str | None
    machine_names: Mapping[str, str]
    time_zone: str
    time_format: str | None
    epoch_unit: str | None
    sensors: Mapping[str, tuple[str, str | None]]
    standard: Mapping[str, str]
    decimal: str
    ignored: tuple[str, ...]
    every_sensor: bool

    def missing_sensors(self, profile: MachineProfile) -> list[str]:
        """Return the sensors of ``profile`` that the file does not hold."""
        return [sensor.name for sensor in profile.sensors if sensor.name not in self.sensors]


def check_machine(machine: str, machines: Collection[str], source: str, *, or_else: str = "") -> None:
    """Raise ``RefusedFile`` for a name that is no machine id (before any path is made of it) or not in ``machines``.

    ``or_else`` is what can be done beside correcting the name or adding the machine.
    """
    if not re.fullmatch(MACHINE_ID_PATTERN, machine):
        raise RefusedFile(
            f"{source}: machine id {machine[:120]!r} is not allowed.",
            f"A machine id has 3 to 100 of the characters a-z, 0-9 and _. {or_else}".strip(),
        )
    if machine not in machines:
        close = difflib.get_close_matches(machine, list(machines), n=3)
        known = f" Did you mean {' or '.join(close)}?" if close else ""
        raise RefusedFile(
            f"{source}: machine {machine!r} is unknown.{known}", f"Add the machine first. {or_else}".strip()
        )


def split_header(name: str) -> tuple[str, str | None]:
    """Split ``name [unit]`` into name and unit.

    >>> split_header("bearing_temp [degF]")
    ('bearing_temp', 'degF')
    >>> split_header("current_A")
    ('current_A', None)
    """
    match = _HEADER_WITH_UNIT.match(name)
    return (match["name"], match["unit"].strip()) if match else (name.strip(), None)


def check_zone(time_zone: str) -> None:
    """Raise ``InputError`` for a time zone that does not exist."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"Time zone {time_zone!r} is unknown.", "Use a name such as UTC or Europe/Berlin.") from error


def named(names: Sequence[str], wanted: Iterable[str]) -> str | None:
    """Return the first of ``names`` that is called as one of ``wanted``, in the order of ``wanted``."""
    by_plain = {split_header(name)[0].lower(): name for name in reversed(names)}
    return next((by_plain[word] for word in wanted if word in by_plain), None)


def infer_mapping(
    names: Sequence[str], profiles: Mapping[str, MachineProfile], *, source: str, machine_id: str | None = None
) -> ColumnMapping:
    """Return the mapping of a file whose columns are named as the sensors of ``profiles`` are.

    The time column is ``time``, ``timestamp``, ``datetime`` or ``date``; the machine column ``machine_id`` or
    ``machine``, unless ``machine_id`` is given or there is only one profile. Raises ``RefusedFile`` when the
    time or machine column, or every sensor, is missing.
    """
    if machine_id is not None:
        check_machine(machine_id, profiles, source)
    time = named(names, TIME_NAMES)
    if time is None:
        raise RefusedFile(
            f"{source}: the time column is missing; columns: {', '.join(names)}.",
            "Name one of them 'time', or give a mapping with time_column.",
        )
    machine_column = None if machine_id is not None else named(names, MACHINE_NAMES)
    if machine_id is None and machine_column is None:
        if len(profiles) != 1:
            raise RefusedFile(
                f"{source}: column 'machine_id' is missing and no machine was given.",
                "Say which machine the readings are of, or add the column.",
            )
        machine_id = next(iter(profiles))
    chosen = list(profiles.values()) if machine_id is None else [profiles[machine_id]]
    sensors = {sensor.name for profile in chosen for sensor in profile.sensors}
    taken = {time, machine_column}
    columns: dict[str, SensorColumn] = {}
    standard: dict[str, str] = {}
    for name in names:
        plain, unit = split_header(name)
        whole = name.strip()
        if name in taken:
            continue
        if whole in sensors or plain in sensors:
            sensor = whole if whole in sensors else plain
            columns[name] = SensorColumn(sensor=sensor, unit=None if sensor == whole else unit)
        elif plain in STANDARD_COLUMNS:
            standard[plain] = name
    if not columns:
        raise RefusedFile(
            f"{source}: no column is named as a sensor of the profile is; columns: {', '.join(names)};"
            f" sensors: {', '.join(sorted(sensors)[:60])}.",
            "Rename the columns or give a mapping.",
        )
    return ColumnMapping(
        time_column=time,
        machine_id=machine_id,
        machine_column=machine_column,
        columns=columns,
        state=standard.get("state"),
        life=standard.get("life"),
        running_h=standard.get("running_h"),
        total_count=standard.get("total_count"),
        good_count=standard.get("good_count"),
    )


def lay_out(
    mapping: ColumnMapping, names: Sequence[str], *, source: str, every_sensor: bool = False, decimal: str = "."
) -> Layout:
    """Check ``mapping`` against the columns ``names`` of a file; raises ``RefusedFile`` naming every fault.

    ``every_sensor``: each machine's file must hold all sensors of its profile (the rule when no mapping was given).
    """
    present = list(names)
    twice = sorted({name for name in present if present.count(name) > 1})
    standard = {name: getattr(mapping, name) for name in STANDARD_COLUMNS if getattr(mapping, name) is not None}
    wanted = [mapping.time_column, *mapping.columns, *standard.values()]
    if mapping.machine_column is not None:
        wanted.append(mapping.machine_column)
    faults = [f"column {name!r} is missing" for name in wanted if name not in present]
    faults += [f"column {name!r} is there twice" for name in twice if name in wanted]
    sensors: dict[str, tuple[str, str | None]] = {}
    for name, column in mapping.columns.items():
        unit = column.unit
        if unit is None and column.sensor != name.strip():
            unit = split_header(name)[1]
        if unit is not None and (declared := declared_unit(unit)) is None:
            known = ", ".join(sorted(UNITS))
            faults.append(f"column {name!r}: unit {unit!r} is not declared{nearest_unit(unit)} (known: {known})")
        elif unit is not None:
            unit = declared
        sensors[column.sensor] = (name, unit)
    if faults:
        raise RefusedFile(
            f"{source}: {'; '.join(faults)}. Columns in the file: {', '.join(present)}.",
            "Correct the file or the mapping; nothing was changed.",
        )
    return Layout(
        time=mapping.time_column,
        machine_id=mapping.machine_id,
        machine_column=mapping.machine_column,
        machine_names=mapping.machine_names,
        time_zone=mapping.time_zone,
        time_format=mapping.time_format,
        epoch_unit=mapping.epoch_unit,
        sensors=sensors,
        standard=standard,
        decimal=mapping.decimal or decimal,
        ignored=tuple(name for name in present if name not in wanted),
        every_sensor=every_sensor,
    )


def check_known_sensors(layout: Layout, profiles: Mapping[str, MachineProfile], source: str) -> None:
    """Raise ``RefusedFile`` when the mapping names a sensor that none of the machines concerned has."""
    chosen = profiles.values() if layout.machine_id is None else [profiles[layout.machine_id]]
    known = {sensor.name for profile in chosen for sensor in profile.sensors}
    unknown = sorted(set(layout.sensors) - known)
    if unknown:
        close = difflib.get_close_matches(unknown[0], sorted(known), n=3)
        raise RefusedFile(
            f"{source}: the mapping names sensor {', '.join(unknown)}, which no profile has."
            + (f" Did you mean {' or '.join(close)}?" if close else ""),
            f"Sensors: {', '.join(sorted(known)[:60])}.",
        )
