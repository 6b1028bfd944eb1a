"""Words that only screens need; times, money and life are written as in reports (``workbench.reports.content.wording``)."""

from __future__ import annotations

from datetime import datetime, timedelta


def ago(time: datetime, now: datetime) -> str:
    """Return how long before ``now`` a time lies.

    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 2, tzinfo=UTC)
    >>> ago(datetime(2026, 1, 1, tzinfo=UTC), now), ago(now, now)
    ('24 h ago', 'just now')
    """
    return "just now" if now - time < timedelta(minutes=1) else f"{_span(now - time)} ago"


def until(time: datetime, now: datetime) -> str:
    """Return how long after ``now`` something is due, or how long it is overdue.

    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 2, tzinfo=UTC)
    >>> until(datetime(2026, 1, 2, 8, tzinfo=UTC), now), until(datetime(2025, 12, 30, tzinfo=UTC), now)
    ('in 8 h', 'overdue by 3 days')
    """
    if abs(time - now) < timedelta(minutes=1):
        return "now"
    return f"in {_span(time - now)}" if time > now else f"overdue by {_span(now - time)}"


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


def python_call(name: str, *arguments: object, **named: object) -> str:
    """Return a line of Python that calls ``name`` on the workspace.

    >>> python_call("workbench.submit", "report", parameters={"template": "fleet_health"})
    "workbench.submit(ws, 'report', parameters={'template': 'fleet_health'})"
    """
    written = [repr(argument) for argument in arguments] + [f"{key}={value!r}" for key, value in named.items()]
    return f"{name}({', '.join(['ws', *written])})"


_ACRONYMS = {"cnc": "CNC", "hvac": "HVAC", "ac": "AC", "dc": "DC"}


def title_of_type(machine_type: str) -> str:
    """Return a machine type for people.

    >>> title_of_type("cnc_machine"), title_of_type("pump")
    ('CNC machine', 'Pump')
    """
    words = " ".join(_ACRONYMS.get(word, word) for word in machine_type.split("_"))
    return words[:1].upper() + words[1:]
