"""Reads a YAML or JSON text into plain values and remembers on which line each of them stands."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

_MAX_NODES = 200_000
_MAX_DEPTH = 60
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, with the path of the value and the line it stands on (0: unknown)."""

    path: Path
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", path_text(self.path)) if part)
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True)
class Document:
    """Plain values of a text, the line of every path in it, and what was already wrong in its writing."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def line_of(self, path: Path) -> int:
        """Return the line of ``path``, or of the nearest thing around it; 0 when unknown."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 0


def path_text(path: Path) -> str:
    """Write a path as people read it.

    >>> path_text(("sensors", 2, "limits", "warning_high"))
    'sensors[2].limits.warning_high'
    """
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def read_document(text: str) -> Document:
    """Parse YAML or JSON safely; faults of writing (syntax, a key given twice, not a number) are collected.

    ``data`` is None when the text cannot be parsed at all. Only plain values are built: text, numbers,
    truth values, lists and mappings with text keys.
    """
    text = text.removeprefix("\ufeff")  # Windows editors write a byte order mark
    json_data, is_json = _as_json(text)
    try:
        loader = _Loader(text.replace("\t", " ") if is_json else text)
    except yaml.YAMLError as error:
        return Document(None, faults=(_syntax_fault(error),))
    try:
        node = loader.get_single_node()
        reader = _NodeReader(loader)
        data = reader.value(node, ()) if node is not None else None
    except yaml.YAMLError as error:
        return Document(None, faults=(_syntax_fault(error),))
    finally:
        loader.dispose()
    if data is None and not reader.faults:
        return Document(None, faults=(Fault((), "the document is empty"),))
    return Document(json_data if is_json else data, reader.lines, tuple(reader.faults))


def _as_json(text: str) -> tuple[Any, bool]:
    if not text.lstrip().startswith(("{", "[")):
        return None, False
    try:
        return json.loads(text), True
    except (ValueError, RecursionError):  # flow-style YAML starts in the same way and is read as YAML
        return None, False


def _syntax_fault(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    message = f"cannot be read as YAML or JSON: {problem}"
    if "cannot start any token" in message:
        message += "; put the value in quotes, e.g. unit: '%'"
    if "'\\t'" in message:
        message += "; indent with blanks"
    return Fault((), message, mark.line + 1 if mark else 0)


class _NodeReader:
    """Turns YAML nodes into plain values, noting lines and faults on the way."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self._nodes = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self._nodes += 1
        if self._nodes > _MAX_NODES or len(path) > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(problem="the document is too large or nested too deeply")
        if not isinstance(node, yaml.ScalarNode) and not node.tag.endswith(("2002:map", "2002:seq")):
            self.faults.append(Fault(path, f"tag {node.tag!r} is not allowed; give a plain list or mapping", line))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path, line)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.faults.append(Fault(path, "a key must be text", line))
                continue
            key = str(key_node.value)
            place = (*path, key)
            if key in found:
                self.faults.append(
                    Fault(place, f"key {key!r} is given twice (first on line {self.lines[place]})", line)
                )
                continue
            self.lines[place] = line
            found[key] = self.value(value_node, place)
        return found

    def _scalar(self, node: yaml.Node, path: Path, line: int) -> Any:
        try:
            value = self.loader.construct_object(node)
        except yaml.YAMLError:
            self.faults.append(Fault(path, f"tag {node.tag!r} is not allowed; give plain text or a number", line))
            return None
        except ValueError as error:
            self.faults.append(Fault(path, f"cannot be read: {error}", line))
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self.faults.append(Fault(path, f"{node.value} is not a finite number", line))
        return value
