"""How long work tells how far it is: a fraction from 0 to 1 and what is being done."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]


def untold(_fraction: float, _message: str) -> None:
    """Report progress to nobody."""
