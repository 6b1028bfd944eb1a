"""Checks a raw document against a domain type and lists every fault at once, each with its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from workbench.domain.base import MACHINE_ID_PATTERN, NAME_PATTERN, SENSOR_PATTERN
from workbench.errors import InvalidDocument

from .documents import Document, Fault, Path
from .references import nearest, number

Model = TypeVar("Model", bound=BaseModel)

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping of fields",
}

_MONEY_ENDINGS = ("_cost", "_price", "_damage")
_PATTERNS = {
    MACHINE_ID_PATTERN: "use 3 to 100 of the characters a-z, 0-9 and _, e.g. pump_07",
    NAME_PATTERN: "use 2 to 63 of the characters a-z, 0-9 and _, a letter first, e.g. bearing_wear",
    SENSOR_PATTERN: "use up to 63 of the characters A-Z, a-z, 0-9 and _, a letter first, e.g. bearing_temp_C",
}


def validate(
    model: type[Model],
    document: Document,
    *,
    where: str,
    check: Callable[[dict[str, Any]], list[Fault]] | None = None,
) -> Model:
    """Return ``document`` as ``model``; raises ``InvalidDocument`` with every fault and its place.

    ``check`` finds faults between fields in the raw document, so that they show although a field is broken.
    """
    value, faults = collect(model, document, check=check)
    if faults or value is None:
        raise invalid(where, document, faults)
    return value


def collect(
    model: type[Model],
    document: Document,
    *,
    check: Callable[[dict[str, Any]], list[Fault]] | None = None,
) -> tuple[Model | None, list[Fault]]:
    """Return the value and the faults of ``document``; the value is None exactly when there are faults."""
    faults = list(document.faults)
    if not isinstance(document.data, dict):
        if not faults:
            faults.append(Fault((), "must be a mapping of fields such as 'machine_id: pump_001'"))
        return None, faults
    between = check(document.data) if check else []
    value: Model | None = None
    try:
        value = model.model_validate(document.data)
    except ValidationError as error:
        faults += _field_faults(model, error.errors(), between, explained=check is not None)
    faults += between
    if value is not None:
        faults += _disguised(document.data, value.model_dump(), ())
    if faults:
        return None, list(dict.fromkeys(faults))
    return value, []


def _disguised(raw: Any, read: Any, path: Path) -> list[Fault]:
    """List what pydantic reads as a number although its writer cannot have meant one: nan, inf, yes, true."""
    if isinstance(raw, dict) and isinstance(read, dict):
        return [fault for key in raw if key in read for fault in _disguised(raw[key], read[key], (*path, key))]
    if isinstance(raw, list) and isinstance(read, tuple | list):
        pairs = enumerate(zip(raw, read, strict=True))
        return [fault for index, pair in pairs for fault in _disguised(*pair, (*path, index))]
    if (isinstance(raw, bool) and not isinstance(read, bool)) or (isinstance(read, float) and not math.isfinite(read)):
        return [Fault(path, f"{raw!r} is not a finite number")]
    return []


def invalid(where: str, document: Document, faults: Sequence[Fault]) -> InvalidDocument:
    """Return the error that lists ``faults`` in the order of the document."""
    placed = [Fault(f.path, f.message, f.line or document.line_of(f.path)) for f in faults]
    placed.sort(key=lambda fault: (fault.line, [str(part) for part in fault.path]))
    return InvalidDocument(where, [str(fault) for fault in placed])


def _field_faults(
    model: type[BaseModel], errors: Sequence[ErrorDetails], between: Sequence[Fault], *, explained: bool
) -> list[Fault]:
    """Turn pydantic's errors into faults; a rule between fields that ``between`` explains already is not repeated."""
    faults = []
    for error in errors:
        path = _path(error["loc"])
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # pydantic counts only the valid items; each broken one is listed itself
        covered = any(fault.path[: len(path)] == path for fault in between)
        if error["type"] == "value_error" and explained and covered:
            continue
        faults.append(Fault(path, _message(model, error)))
    return faults


def _path(loc: tuple[int | str, ...]) -> Path:
    """Drop what pydantic adds to a path that is no part of the document, such as ``[key]`` or a union's arm."""
    return tuple(part for part in loc if part not in ("[key]", "float", "str", "constrained-str"))


def _message(model: type[BaseModel], error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown field{nearest(str(error['loc'][-1]), _fields(model, error['loc'][:-1]))}"
    given = error.get("input")
    if kind in _WORDS:
        shown = "" if kind == "missing" or isinstance(given, dict | list) else f", not {given!r}"
        hint = "; put it in quotes" if kind == "string_type" and shown else _in_cents(model, error)
        return _WORDS[kind] + shown + hint
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        return f"{given!r} is not allowed; {_PATTERNS.get(pattern, f'it must match {pattern}')}"
    if kind in ("enum", "literal_error"):
        expected = str(context.get("expected", ""))
        words = [word.strip(" '") for word in expected.replace(" or ", ", ").split(",")]
        return f"{given!r} is not one of {expected}{nearest(str(given), words)}"
    text = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return text if isinstance(given, dict | list) else f"{text}, not {given!r}"


def _in_cents(model: type[BaseModel], error: ErrorDetails) -> str:
    """Say how a sum of money is written, if ``error`` is about one."""
    name = str(error["loc"][-1])
    owner: Any = model
    for part in error["loc"][:-1]:
        owner = _step(owner, part)
    known = _model_in(owner)
    field = known.model_fields.get(name) if known else None
    if field is None or not ("minor units" in (field.description or "") or name.endswith(_MONEY_ENDINGS)):
        return ""
    cents = number(error.get("input"))
    example = "45050 for 450.50" if cents is None else f"{round(cents * 100)} for {cents:.2f}"
    return f"; money is in minor units of the currency (cents): write {example}"


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Name the fields that are known at ``loc`` inside ``model``."""
    current: Any = model
    for part in loc:
        current = _step(current, part)
    known = _model_in(current)
    return list(known.model_fields) if known else []


def _step(current: Any, part: int | str) -> Any:
    model = _model_in(current)
    if isinstance(part, str) and model is not None and part in model.model_fields:
        return model.model_fields[part].annotation
    return current  # an index or a key: the element type is found inside the annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple, dict, list):
        found = (_model_in(item) for item in get_args(annotation))
        return next((model for model in found if model is not None), None)
    return None
