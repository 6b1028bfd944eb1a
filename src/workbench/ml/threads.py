"""Keeps predictions and trainings on one thread: waking others costs more than they bring on so few rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController

P = ParamSpec("P")
R = TypeVar("R")


@cache
def _controller() -> ThreadpoolController:
    import sklearn.ensemble  # noqa: F401 - loads the libraries that are to be limited

    return ThreadpoolController()


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Run ``function`` with OpenMP and BLAS limited to one thread.

    >>> on_one_thread(abs)(-1)
    1
    """

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with _controller().limit(limits=1):
            return function(*args, **kwargs)

    return limited
