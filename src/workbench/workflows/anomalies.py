"""Looks through a machine's past for anomalies (ML3), with the active model or one of the machine's own history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.anomalies import AnomalyHistory
from workbench.workflows.period import machine_until
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
    the machine's type or fleet; without one, one is fitted on the first 30 % of the machine's own readings, but for those
    that stand far out of them. Times are aware; nothing later than ``as_of`` (default: the workspace's) is read, and
    nothing is written.

    Raises:
        InputError: a time without a zone, or ``start`` not before ``end``.
        NotFound: there is no such machine.
    """
    from workbench import ml

    at = as_of or ws.as_of()
    machine, since, until = machine_until(ws, machine_id, start, end, at)
    return ml.past_anomalies(
        machine,
        load_models(ws, machine_id, at),
        as_of=at,
        start=since,
        end=until,
        budget=ws.settings.alarm_budget_per_machine_month,
    )
