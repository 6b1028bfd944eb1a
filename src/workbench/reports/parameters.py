"""The parameters of a report notebook: read from its one tagged cell, and checked before anything runs."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from workbench.errors import InputError, NotFound

WORKSPACE = "workspace"
_SOURCE_NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks" / "reports"
_PACKAGED_NOTEBOOKS = Path(__file__).resolve().parent / "notebooks"


@dataclass(frozen=True)
class ReportParameter:
    """One parameter of a report: its default is a literal of the notebook, its help the comment beside it."""

    name: str
    type_name: str
    default: Any
    help: str


def _folders() -> list[Path]:
    return [folder for folder in (_PACKAGED_NOTEBOOKS, _SOURCE_NOTEBOOKS) if folder.is_dir()]


def template_names() -> list[str]:
    """Return the names of all report templates."""
    return sorted({path.stem for folder in _folders() for path in folder.glob("*.ipynb")})


def template_path(name: str) -> Path:
    """Return the notebook of the report ``name``: the packaged one, else the repository's.

    Raises:
        NotFound: there is no such report; the message names those that exist.
    """
    names = template_names()
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise NotFound(f"There is no report {name!r}.", f"{hint}Reports: {', '.join(names) or 'none'}.")
    return next(path for folder in _folders() if (path := folder / f"{name}.ipynb").is_file())


def report_parameters(name: str) -> tuple[ReportParameter, ...]:
    """Return what may be set for the report ``name``; the workspace is given by the caller and not among them."""
    return inspect(template_path(name))


def inspect(notebook: Path) -> tuple[ReportParameter, ...]:
    """Return the parameters of ``notebook``, in its order; defaults must be literals (InputError names any other).

    Read without papermill, whose import costs every dashboard two seconds and 40 MB.
    """
    found = []
    for statement, line in _assignments(notebook):
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or target.id == WORKSPACE:
            continue
        try:
            default = ast.literal_eval(statement.value)
        except ValueError as error:
            raise InputError(
                f"Parameter {target.id!r} of {notebook.name} is not a literal: {ast.unparse(statement.value)}.",
                "Report notebooks set each parameter to one literal.",
            ) from error
        comment = line.encode()[statement.end_col_offset :].decode().strip().removeprefix("#").strip()
        found.append(ReportParameter(target.id, type(default).__name__, default, comment))
    return tuple(found)


def _assignments(notebook: Path) -> Iterator[tuple[ast.Assign, str]]:
    """Yield each assignment of the cell tagged ``parameters``, with the line that it ends on."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", ())]
    source = "".join(tagged[0]["source"]) if tagged else ""
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            yield statement, lines[(statement.end_lineno or 1) - 1]


def checked(name: str, allowed: Sequence[ReportParameter], given: Mapping[str, object] | None) -> dict[str, object]:
    """Return all parameters of a report, the given ones over the defaults.

    Raises:
        InputError: a parameter is unknown or has another type than its default; every fault and all that is
            allowed are named.
    """
    known = {parameter.name: parameter for parameter in allowed}
    faults = []
    values: dict[str, object] = {parameter.name: parameter.default for parameter in allowed}
    for key, value in (given or {}).items():
        if key not in known:
            faults.append(f"{key!r} is unknown")
        elif not _fits(value, known[key].default):
            faults.append(f"{key!r} must be {known[key].type_name}, not {type(value).__name__} {value!r}")
        else:
            values[key] = float(value) if isinstance(known[key].default, float) else value  # type: ignore[arg-type]
    if faults:
        raise InputError(
            f"Report {name!r} cannot take these parameters: {'; '.join(faults)}.", f"Allowed: {in_words(allowed)}."
        )
    return values


def from_texts(name: str, pairs: Sequence[str]) -> dict[str, object]:
    """Return parameters written as ``name=value`` on a command line, each in the type of its default.

    Raises:
        InputError: a pair has no ``=``, or a value cannot be read; what is allowed is named.
    """
    allowed = report_parameters(name)
    defaults = {parameter.name: parameter.default for parameter in allowed}
    found: dict[str, object] = {}
    for pair in pairs:
        key, equals, words = pair.partition("=")
        if not equals:
            raise InputError(f"Report parameter {pair!r} has no value.", "Write it as name=value.")
        found[key] = _read(words, defaults.get(key, ""))
    return checked(name, allowed, found)


def _read(words: str, default: object) -> object:
    """Return ``words`` as a literal where the default is no text; what cannot be read stays text and is refused."""
    if isinstance(default, str):
        return words
    if isinstance(default, bool) and words.lower() in ("true", "false"):
        return words.lower() == "true"
    try:
        return ast.literal_eval(words)
    except (ValueError, SyntaxError):
        return words


def _fits(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, float):
        return isinstance(value, int | float)
    return default is None or isinstance(value, type(default))


def in_words(allowed: Sequence[ReportParameter]) -> str:
    """Return the allowed parameters with type, default and help, for people."""
    words = [f"{p.name} ({p.type_name}, default {p.default!r}{': ' + p.help if p.help else ''})" for p in allowed]
    return "; ".join(words) or "none"
