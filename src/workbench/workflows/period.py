"""The part of a machine's record that somebody asks about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.domain.observations import MachineData
    from workbench.workspace import Workspace


def machine_until(
    ws: Workspace, machine_id: str, start: datetime | None, end: datetime | None, at: datetime
) -> tuple[MachineData, datetime, datetime]:
    """Return a machine as known at ``at``, and the period asked for: from ``start`` (default: its first reading) to ``end``.

    The end is ``at`` by default and never later.

    Raises:
        InputError: a time without a zone, or ``start`` not before the end.
        NotFound: there is no such machine.
    """
    for name, given in (("start", start), ("end", end)):
        if given is not None and given.tzinfo is None:
            raise InputError(f"{name} {given.isoformat()} has no time zone.", f"Write {given.isoformat()}Z for UTC.")
    until = at if end is None else min(end, at)
    machine = ws.machine_data(machine_id, at)
    times = machine.telemetry["time"]
    since = start if start is not None else times.iloc[0].to_pydatetime(warn=False) if len(times) else until
    if since > until or (since == until and start is not None):
        raise InputError(
            f"start {since:%Y-%m-%d %H:%M} is not before the end {until:%Y-%m-%d %H:%M} (UTC).",
            f"The workspace looks at {at:%Y-%m-%d %H:%M} UTC; give an earlier start.",
        )
    return machine, since, until
