"""The package's data files: type templates as text, and machines that extend them."""

from __future__ import annotations

import copy
from functools import cache
from importlib.resources import files
from typing import Any

from .documents import Document, Fault, Path, read_document
from .references import nearest, number

_SCALED = ("normal_low", "normal_high", "physical_low", "physical_high")
_LIMITS = ("warning_low", "warning_high", "critical_low", "critical_high")
_RESPONSE = ("base", "load_gain", "ambient_gain", "noise_sd", "off_value")
_NAMED_LISTS = ("sensors", "failure_modes")


def package_text(name: str) -> str:
    """Return the text of a data file that ships with the package, e.g. ``machines.yaml``."""
    return (files("workbench.catalog") / "data" / name).read_text(encoding="utf-8")


@cache
def _templates() -> tuple[tuple[str, str], ...]:
    folder = files("workbench.catalog") / "data" / "types"
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    return tuple((name.removesuffix(".yaml"), package_text(f"types/{name}")) for name in names)


def templates() -> dict[str, str]:
    """Return the template of every machine type as YAML text, to be copied and filled in.

    >>> sorted(templates())[:3]
    ['chiller', 'cnc_machine', 'compressor']
    """
    return dict(_templates())


@cache
def _template_document(machine_type: str) -> Document:
    return read_document(templates()[machine_type])


def extend(document: Document) -> Document:
    """Return ``document`` with the template that its ``extends`` names filled in beneath it.

    ``scale`` multiplies ranges, limits and twin response of the named sensors; ``sensors`` and
    ``failure_modes`` may be mappings of name to changed fields, or whole lists that replace the template's.
    A document without ``extends`` is returned as it is.
    """
    if not isinstance(document.data, dict) or "extends" not in document.data:
        return document
    own = dict(document.data)
    machine_type = own.pop("extends")
    known = list(templates())
    if machine_type not in known:
        message = f"no template {machine_type!r}{nearest(str(machine_type), known)} Types: {', '.join(known)}"
        fault = Fault(("extends",), message, document.line_of(("extends",)))
        return Document(own, document.lines, (*document.faults, fault))
    merging = _Merging(copy.deepcopy(_template_document(machine_type).data), document)
    merging.scale(own.pop("scale", {}))
    merging.merge(own)
    return Document(merging.data, merging.lines, (*document.faults, *merging.faults))


class _Merging:
    """Lays a machine's own fields over its template and keeps track of where each stands."""

    def __init__(self, base: dict[str, Any], document: Document) -> None:
        self.data = base
        self.lines = {path: line for path, line in document.lines.items() if path[:1] != ("extends",)}
        self.faults: list[Fault] = []

    def scale(self, factors: Any) -> None:
        sensors = {sensor["name"]: sensor for sensor in self.data["sensors"]}
        if not isinstance(factors, dict):
            self._fault(("scale",), "must be a mapping of sensor to factor")
            return
        for name, raw in factors.items():
            factor = number(raw)
            if name not in sensors:
                self._fault(("scale", name), f"the template has no sensor {name!r}{nearest(name, list(sensors))}")
            elif factor is None or factor <= 0:
                self._fault(("scale", name), f"must be a number above 0, not {raw!r}")
            else:
                self._scale_sensor(sensors[name], factor)

    def _scale_sensor(self, sensor: dict[str, Any], factor: float) -> None:
        name = sensor["name"]
        _multiply(sensor, _SCALED, factor)
        _multiply(sensor.get("limits") or {}, _LIMITS, factor)
        twin = self.data.get("twin") or {}
        _multiply(twin.get("sensors", {}).get(name, {}), _RESPONSE, factor)
        for response in twin.get("faults", {}).values():
            _multiply(response.get("effects", {}), (name,), factor)
        rule = self.data.get("running_rule") or {}
        if rule.get("sensor") == name:
            _multiply(rule, ("above",), factor)

    def merge(self, own: dict[str, Any]) -> None:
        for key in _NAMED_LISTS:
            if isinstance(own.get(key), dict):
                self._merge_named(key, own.pop(key))
        self.data = _laid_over(self.data, own)

    def _merge_named(self, key: str, changes: dict[str, Any]) -> None:
        items = self.data[key]
        names = [item["name"] for item in items]
        for name, change in changes.items():
            if name not in names:
                self._fault((key, name), f"the template has no {name!r} among its {key}{nearest(name, names)}")
            elif not isinstance(change, dict):
                self._fault((key, name), "must be a mapping of fields")
            else:
                index = names.index(name)
                items[index] = _laid_over(items[index], change)
                moved = {p: line for p, line in self.lines.items() if p[:2] == (key, name)}
                self.lines.update({(key, index, *p[2:]): line for p, line in moved.items()})

    def _fault(self, path: Path, message: str) -> None:
        self.faults.append(Fault(path, message, self.lines.get(path, 0)))


def _multiply(fields: dict[str, Any], keys: tuple[str, ...], factor: float) -> None:
    for key in keys:
        if isinstance(fields.get(key), int | float):
            fields[key] = round(fields[key] * factor, 6)


def _laid_over(base: Any, own: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    return {**base, **{key: _laid_over(base.get(key), value) for key, value in own.items()}}
