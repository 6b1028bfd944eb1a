"""What the verbs of synthetic data share when they look at a request: every fault of it is named at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.errors import InvalidDocument, WorkbenchError

SEEDS = (0, 2**31 - 1)


def refuse(faults: Sequence[str], what: str) -> None:
    """Raise ``InvalidDocument`` that lists all faults of ``what``, if there are any."""
    if faults:
        raise InvalidDocument(what, faults, "Nothing was made. Correct each of them and try again.")


def limit_faults(given: Mapping[str, tuple[int, tuple[int, int]]]) -> list[str]:
    """Return the numbers that lie outside their limits, in words.

    >>> limit_faults({"rows": (10, (1_000, 100_000)), "seed": (0, (0, 9))})
    ['rows is 10; give 1,000 to 100,000']
    """
    return [
        f"{name} is {value:,}; give {low:,} to {high:,}"
        for name, (value, (low, high)) in given.items()
        if not low <= value <= high
    ]


def in_a_line(error: WorkbenchError) -> str:
    """Return an error as one of several faults.

    >>> in_a_line(WorkbenchError("There is no machine 'x'.", "Known: a, b."))
    "there is no machine 'x'. Known: a, b"
    """
    words = str(error).removesuffix(".")
    return words[:1].lower() + words[1:]
