"""Times as people write them on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from workbench.errors import InputError


def moment(text: str, zone: tzinfo = UTC) -> datetime:
    """Read an aware time; one without a zone is in ``zone``. Raises ``InputError``.

    >>> moment("2026-01-31T08:00").isoformat()
    '2026-01-31T08:00:00+00:00'
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no time.", "Write it as 2026-01-31 or 2026-01-31T08:00Z.") from error
    return time if time.tzinfo else time.replace(tzinfo=zone)


def instant(text: str | None, zone: tzinfo = UTC) -> datetime | None:
    """Read an aware time where one was given; None or nothing is None. Raises ``InputError``."""
    return moment(text, zone) if text else None
