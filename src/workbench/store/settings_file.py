"""Writes ``workbench.toml``: every setting with its meaning, those that were chosen active, the others as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from workbench.config import SETTINGS_FILE, Settings
from workbench.errors import InvalidDocument

from .faults import file_faults
from .files import write_atomically


def write_settings(root: Path, chosen: Mapping[str, Any]) -> None:
    """Write the settings file of a new workspace at ``root``.

    Raises:
        InvalidDocument: with every fault of ``chosen``.
        EnvironmentFailure: the file cannot be written.
    """
    check_settings(chosen)
    lines = ["# Settings of this workspace. WORKBENCH_<NAME> in the environment wins over this file.", ""]
    for name, field in Settings.model_fields.items():
        if field.description:
            lines.append(f"# {field.description}")
        value = chosen.get(name, field.default)
        line = _line(name, value)
        lines += [line if name in chosen or value is None else f"# {line}", ""]
    write_atomically(root / SETTINGS_FILE, "\n".join(lines).encode())


def check_settings(chosen: Mapping[str, Any]) -> None:
    """Raise ``InvalidDocument`` listing every setting that is unknown or out of range."""
    try:
        Settings(**chosen)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
        raise InvalidDocument("The settings", faults) from error
    except ValueError as error:
        raise InvalidDocument("The settings", [str(error)]) from error


def change_setting(root: Path, name: str, value: Any) -> None:
    """Write one setting into the file at ``root`` and leave every other line as it is.

    Raises:
        InvalidDocument: the value is not allowed.
        EnvironmentFailure: the file cannot be read or written.
    """
    check_settings({name: value})
    path = root / SETTINGS_FILE
    with file_faults(path):
        content = path.read_text(encoding="utf-8")
    line = _line(name, value)
    for pattern in (rf"^{name}\s*=.*$", rf"^#\s*{name}\s*=.*$"):
        changed, count = re.subn(pattern, lambda _: line, content, count=1, flags=re.MULTILINE)
        if count:
            break
    else:
        # Top-level keys must come before any table of the file.
        changed = f"{line}\n{content}"
    write_atomically(path, changed.encode())


def _line(name: str, value: Any) -> str:
    # TOML has no word for "not set".
    return f"# {name} =" if value is None else f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return json.dumps(value.astimezone(UTC).isoformat().replace("+00:00", "Z"))
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, BaseModel):
        return _toml(value.model_dump(mode="json", exclude_defaults=True))
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{json.dumps(str(key))} = {_toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    # A JSON string is a TOML basic string.
    return json.dumps(str(value))
