"""How commands speak: results on standard output (text or one JSON object), progress and errors on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pydantic import BaseModel

Progress = Callable[[float, str], None]


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


def say(text: str = "") -> None:
    """Write a line of a result."""
    sys.stdout.write(text + "\n")


def say_json(value: Any) -> None:
    """Write a result as one JSON object."""
    say(json.dumps(as_plain(value), indent=2, ensure_ascii=False, default=str))


def remark(text: str) -> None:
    """Write a line beside the result: notes, warnings, errors."""
    sys.stderr.write(text + "\n")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; text from users is shown as it is, never as markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, heading in enumerate(headings):
        # The first column names the row, often by an id to be copied.
        shown.add_column(heading, overflow="fold", no_wrap=place == 0)
    for row in rows:
        shown.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 140
    Console(width=width).print(shown)


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
