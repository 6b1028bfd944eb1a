"""Tells a column that names machines, and what to say of a file of several machines that is taken for one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_THINGS = ("machine", "asset", "equipment", "device", "unit", "maschine", "maschinen", "anlage", "anlagen")
_NAMINGS = ("id", "name", "no", "nr", "number", "nummer")
# A unit alone is more often that of a measure, and "anlagen" alone is no column.
MACHINE_COLUMNS = frozenset(
    {"machine", "asset", "equipment", "device", "maschine", "anlage"}
    | {f"{thing}{mark}{naming}" for thing in _THINGS for mark in ("", "_") for naming in _NAMINGS}
)


def is_machine_column(name: str) -> bool:
    """Say whether a column seems to name the machine.

    >>> is_machine_column("Machine ID"), is_machine_column("machineID"), is_machine_column("machine_temp")
    (True, True, False)
    """
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_") in MACHINE_COLUMNS


def machine_names_in(values: Iterable[object]) -> list[str]:
    """Return the different machine names among ``values``, sorted; none where they are measured numbers.

    >>> machine_names_in(["A 1", " B 2", "A 1 ", "", None]), machine_names_in([1.0, 2.0]), machine_names_in([0.25, 2])
    (['A 1', 'B 2'], ['1', '2'], [])
    """
    found: set[str] = set()
    for value in values:
        text = "" if value is None else str(value).strip()
        if re.fullmatch(r"-?\d+[.,]\d*[1-9]\d*", text):
            return []
        if text and text.lower() != "nan":
            found.add(re.sub(r"^(-?\d+)\.0+$", r"\1", text))
    return sorted(found)


def several_machines(where: str, column: str, names: Sequence[str]) -> tuple[str, str]:
    """Return what is wrong with a file of several machines that was to be one machine's, and what to do."""
    shown = ", ".join(repr(name) for name in names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    example = ", ".join(f"{name!r}: {_as_id(name)}" for name in names[:2])
    what = f"{where} holds readings of {len(names)} machines: column {column!r} has the values {shown}."
    remedy = (
        "Add each machine from a file of its own rows; then take the whole file in with `workbench ingest FILE --mapping"
        f" MAPPING.yaml`, where the mapping has no machine_id but machine_column: {column} and machine_names:"
        f" {{{example}}} (name in the file: machine id), beside time_column and columns as in file_mapping of the"
        " profiles."
    )
    return what, remedy


def _as_id(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if len(plain) >= 3 else f"machine_{plain}".rstrip("_")
