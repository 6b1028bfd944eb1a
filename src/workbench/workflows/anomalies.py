"""Looks through a machine's past for anomalies (ML3), with the active model or one of the machine's own history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.anomalies import AnomalyHistory
from workbench.errors import InputError
from workbench.workflows.score import load_models

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def anomalies(
    ws: Workspace,
    machine_id: str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    as_of: datetime | None = None,
) -> AnomalyHistory:
    """Return the anomalies of a machine from ``start`` (default: its first reading) to ``end`` (default: as-of) as episodes.

    Each episode has its start, end, severity, peak score and the sensors that caused it. The detector is the active one of
    the machine's type or fleet; without one, one is fitted on the first 30 % of the machine's own readings. Times are
    aware; nothing later than ``as_of`` (default: the workspace's) is read, and nothing is written.

    Raises:
        InputError: a time without a zone, or ``start`` not before ``end``.
        NotFound: there is no such machine.
    """
    from workbench import ml

    for name, moment in (("start", start), ("end", end)):
        if moment is not None and moment.tzinfo is None:
            raise InputError(f"{name} {moment.isoformat()} has no time zone.", f"Write {moment.isoformat()}Z for UTC.")
    at = as_of or ws.as_of()
    until = at if end is None else min(end, at)
    machine = ws.machine_data(machine_id, at)
    times = machine.telemetry["time"]
    since = start if start is not None else times.iloc[0].to_pydatetime(warn=False) if len(times) else until
    if since > until or (since == until and start is not None):
        raise InputError(
            f"start {since:%Y-%m-%d %H:%M} is not before the end {until:%Y-%m-%d %H:%M} (UTC).",
            f"The workspace looks at {at:%Y-%m-%d %H:%M} UTC; give an earlier start.",
        )
    return ml.past_anomalies(
        machine,
        load_models(ws, machine_id, at),
        as_of=at,
        start=since,
        end=until,
        budget=ws.settings.alarm_budget_per_machine_month,
    )
