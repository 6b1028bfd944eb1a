"""How commands speak: results on standard output (text or one JSON object), progress and errors on standard error."""

from __future__ import annotations

import json
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

Progress = Callable[[float, str], None]
_FILE_COLUMNS = 140
_BETWEEN = 3
_READABLE = 12
_LONG_WORD = 30
_LINES = 6
# A command that a text tells to run: in backquotes, or at the end of a sentence after a colon.
_ADVICE = re.compile(r"(`|: )workbench (?=[a-z])(?!init\b)")
_advised = "workbench "


def as_plain(value: Any) -> Any:
    """Turn domain objects into what JSON can hold."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: as_plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def name_workspace(path: Path | None) -> None:
    """Have advised commands name the workspace at ``path``; ``None``: they find it as this one did."""
    global _advised
    _advised = "workbench " if path is None else f"workbench -w {shlex.quote(str(path))} "


def runnable(text: str) -> str:
    """Return ``text`` with its advised commands as they can be run from here.

    >>> name_workspace(Path("my plant"))
    >>> runnable("Next: workbench run")
    "Next: workbench -w 'my plant' run"
    >>> name_workspace(None)
    >>> runnable("Next: workbench run")
    'Next: workbench run'
    """
    return _ADVICE.sub(lambda found: found[1] + _advised, text)


def say(text: str = "") -> None:
    """Write a line of a result."""
    sys.stdout.write(runnable(text) + "\n")


def say_json(value: Any) -> None:
    """Write a result as one JSON object."""
    sys.stdout.write(json.dumps(as_plain(value), indent=2, ensure_ascii=False, default=str) + "\n")


def remark(text: str) -> None:
    """Write a line beside the result: notes, warnings, errors."""
    sys.stderr.write(runnable(text) + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table, or a block of lines for each row where it is too wide to be read beside each other.

    Text from users is shown as it is, never as markup.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    texts = [["" if cell is None else runnable(str(cell)) for cell in row] for row in rows]
    console = Console(width=None if sys.stdout.isatty() else _FILE_COLUMNS)
    widths = _column_widths([list(headings), *texts], console.width - _BETWEEN * (len(headings) - 1))
    if widths is None:
        say("\n\n".join("\n".join(_block(headings, row, console.width)) for row in texts))
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading, width in zip(headings, widths, strict=True):
        shown.add_column(heading, overflow="fold", width=width)
    for row in texts:
        shown.add_row(*map(Text, row))
    console.print(shown)


def _column_widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return how wide each column may be so that all fit in ``room``, or ``None`` where some would not be readable.

    The first column names the row, often by an id to be copied: it is never broken. No other is made narrower than its
    longest word or ``_READABLE`` characters, or so narrow that a cell takes more than ``_LINES`` lines.
    """
    from rich.cells import cell_len

    columns = list(zip(*rows, strict=True))
    widths = [max(cell_len(line) for cell in column for line in cell.split("\n")) for column in columns]
    words = [max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in columns]
    least = [
        min(width, max(_READABLE, width // _LINES, min(word, _LONG_WORD)))
        for width, word in zip(widths, words, strict=True)
    ]
    least[0] = widths[0]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        widest = max((place for place in range(len(widths)) if widths[place] > least[place]), key=widths.__getitem__)
        widths[widest] -= 1
    return widths


def _block(headings: Sequence[str], row: Sequence[str], width: int) -> Iterator[str]:
    """Return one row as lines: what names it, then each filled cell with its heading, short ones side by side."""
    from rich.cells import cell_len

    yield row[0]
    line = ""
    for heading, cell in zip(headings[1:], row[1:], strict=True):
        told = f"{heading}: {' '.join(cell.split())}"
        if not cell:
            continue
        if line and cell_len(f"{line}   {told}") <= width:
            line = f"{line}   {told}"
            continue
        if line:
            yield line
        *wrapped, line = textwrap.wrap(told, width, initial_indent="  ", subsequent_indent="    ")
        if wrapped:
            yield from (*wrapped, line)
            line = ""
    if line:
        yield line


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Yield a progress callback: a bar on a terminal, otherwise nothing until it ends."""
    if not sys.stderr.isatty():
        yield lambda _fraction, _message: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0)

        def update(fraction: float, message: str) -> None:
            bar.update(task, completed=fraction, description=f"{title}: {message}"[:70])

        yield update
