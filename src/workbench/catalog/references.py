"""Checks of a profile's raw document that no single field shows: ranges in order, units, names used but not declared."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from workbench.domain.unit_spellings import declared_unit, nearest_unit
from workbench.domain.units import UNITS, Quantity, quantity_of

from .documents import Fault, Path

_LIMIT_ORDER = ("critical_low", "warning_low", "warning_high", "critical_high")
_RANGE_ORDER = ("physical_low", "normal_low", "normal_high", "physical_high")


def nearest(word: str, known: Iterator[str] | list[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known word, or an empty text.

    >>> nearest("quantitiy", ["unit", "quantity"])
    "; did you mean 'quantity'?"
    """
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def document_faults(data: dict[str, Any]) -> list[Fault]:
    """List what is wrong between the fields of a raw profile document, however broken its fields are."""
    sensors = list(_items(data.get("sensors"), ("sensors",)))
    modes = list(_items(data.get("failure_modes"), ("failure_modes",)))
    faults: list[Fault] = []
    for path, sensor in sensors:
        faults += _sensor_faults(path, sensor)
    for path, mode in modes:
        faults += _interval_faults(path, mode)
    faults += _repeated(sensors, "sensor") + _repeated(modes, "failure mode")
    names = [sensor["name"] for _, sensor in sensors if isinstance(sensor.get("name"), str)]
    for path, name in _used_sensors(data, modes):
        if name not in names:
            faults.append(Fault(path, f"names sensor {name!r}, which is not declared{nearest(name, names)}"))
    return faults + _twin_modes(data, [mode.get("name") for _, mode in modes])


def _items(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield (*path, index), item


def number(value: Any) -> float | None:
    """Return a raw value as pydantic would read it into a float, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _sensor_faults(path: Path, sensor: dict[str, Any]) -> list[Fault]:
    faults = _unit_faults(path, sensor)
    ranges = [(key, value) for key in _RANGE_ORDER if (value := number(sensor.get(key))) is not None]
    faults += _order_faults(path, ranges, " <= ".join(_RANGE_ORDER))
    limits = sensor.get("limits")
    if isinstance(limits, dict):
        place = (*path, "limits")
        values = [(key, value) for key in _LIMIT_ORDER if (value := number(limits.get(key))) is not None]
        faults += _order_faults(place, values, " <= ".join(_LIMIT_ORDER))
        low, high = number(sensor.get("physical_low")), number(sensor.get("physical_high"))
        for key, value in values:
            if low is not None and high is not None and low <= high and not low <= value <= high:
                message = f"{value:g} lies outside the physical range {low:g} to {high:g} and can never be reached"
                faults.append(Fault((*place, key), message))
    return faults


def _order_faults(path: Path, values: list[tuple[str, float]], rule: str) -> list[Fault]:
    return [
        Fault((*path, key), f"{value:g} is below {before} = {lower:g}; must satisfy {rule}")
        for (before, lower), (key, value) in pairwise(values)
        if value < lower
    ]


def _unit_faults(path: Path, sensor: dict[str, Any]) -> list[Fault]:
    unit, quantity = sensor.get("unit"), sensor.get("quantity")
    if not isinstance(unit, str):
        return []
    if unit not in UNITS:
        spelt = declared_unit(unit)
        hint = f"; write {spelt!r}" if spelt else nearest_unit(unit)
        message = f"unit {unit!r} is not declared{hint} (known units: {', '.join(sorted(UNITS))})"
        return [Fault((*path, "unit"), message)]
    natural = quantity_of(unit)
    others = set(Quantity) - {natural, Quantity.OTHER}
    if natural is not Quantity.OTHER and isinstance(quantity, str) and quantity in others:
        return [Fault((*path, "quantity"), f"unit {unit!r} measures {natural}, not {quantity}")]
    return []


def _interval_faults(path: Path, mode: dict[str, Any]) -> list[Fault]:
    interval = mode.get("pf_interval_h")
    if isinstance(interval, list) and len(interval) == 2:
        low, high = number(interval[0]), number(interval[1])
        if low is not None and high is not None and not 0 <= low <= high:
            message = f"shortest {low:g} and longest {high:g} must satisfy 0 <= shortest <= longest"
            return [Fault((*path, "pf_interval_h"), message)]
    return []


def _repeated(items: list[tuple[Path, dict[str, Any]]], what: str) -> list[Fault]:
    seen: set[str] = set()
    faults = []
    for path, item in items:
        name = item.get("name")
        if isinstance(name, str) and name in seen:
            faults.append(Fault((*path, "name"), f"{what} {name!r} is declared twice"))
        elif isinstance(name, str):
            seen.add(name)
    return faults


def _used_sensors(data: dict[str, Any], modes: list[tuple[Path, dict[str, Any]]]) -> Iterator[tuple[Path, str]]:
    found: list[tuple[Path, Any]] = []
    rule = data.get("running_rule")
    if isinstance(rule, dict):
        found.append((("running_rule", "sensor"), rule.get("sensor")))
    for path, mode in modes:
        found.append(((*path, "indicator"), mode.get("indicator")))
        symptoms = _items(mode.get("symptoms"), (*path, "symptoms"))
        found += [((*place, "sensor"), symptom.get("sensor")) for place, symptom in symptoms]
    twin = data.get("twin")
    if isinstance(twin, dict):
        if isinstance(twin.get("sensors"), dict):
            found += [(("twin", "sensors", name), name) for name in twin["sensors"]]
        for fault, response in _mapping(twin.get("faults")).items():
            if isinstance(response, dict):
                effects = _mapping(response.get("effects"))
                found += [(("twin", "faults", fault, "effects", name), name) for name in effects]
    yield from ((path, name) for path, name in found if isinstance(name, str))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _twin_modes(data: dict[str, Any], modes: list[Any]) -> list[Fault]:
    known = [mode for mode in modes if isinstance(mode, str)]
    return [
        Fault(("twin", "faults", fault), f"{fault!r} is not one of the failure modes{nearest(fault, known)}")
        for fault in _mapping(_mapping(data.get("twin")).get("faults"))
        if fault not in known
    ]
