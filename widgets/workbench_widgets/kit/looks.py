"""How a state is shown: its colour, its icon and its word, which always stand together."""

from __future__ import annotations

from enum import Enum

from workbench.domain.equipment import MachineStatus
from workbench.domain.jobs import JobState
from workbench.domain.predictions import HealthState, Severity
from workbench.domain.work import Priority
from workbench.reports.content.fleet import Condition

Look = dict[str, str]


def _look(color: str, icon: str, word: str) -> Look:
    return {"color": color, "icon": icon, "word": word}


_LOOKS: dict[Enum, Look] = {
    Condition.CRITICAL: _look("critical", "critical", "Critical"),
    Condition.WARNING: _look("warning", "warning", "Warning"),
    Condition.DEGRADING: _look("degrading", "degrading", "Degrading"),
    Condition.HEALTHY: _look("healthy", "healthy", "Healthy"),
    Condition.UNKNOWN: _look("unknown", "unknown", "Not enough evidence"),
    Condition.OFFLINE: _look("offline", "offline", "Offline"),
    MachineStatus.ONLINE: _look("healthy", "online", "Online"),
    MachineStatus.OFFLINE: _look("offline", "offline", "Offline"),
    MachineStatus.MAINTENANCE: _look("maintenance", "tool", "In maintenance"),
    MachineStatus.PENDING: _look("pending", "clock", "Waits for approval"),
    Severity.CRITICAL: _look("critical", "critical", "Critical"),
    Severity.WARNING: _look("warning", "warning", "Warning"),
    Severity.INFO: _look("info", "info", "Information"),
    Priority.EMERGENCY: _look("critical", "critical", "Emergency"),
    Priority.URGENT: _look("warning", "warning", "Urgent"),
    Priority.HIGH: _look("degrading", "degrading", "High"),
    Priority.ROUTINE: _look("info", "info", "Routine"),
    JobState.QUEUED: _look("pending", "clock", "Queued"),
    JobState.RUNNING: _look("info", "play", "Running"),
    JobState.DONE: _look("healthy", "healthy", "Done"),
    JobState.FAILED: _look("critical", "critical", "Failed"),
    JobState.CANCELLED: _look("offline", "offline", "Cancelled"),
}


def look(state: Condition | HealthState | MachineStatus | Severity | Priority | JobState | None) -> Look:
    """Return how ``state`` is shown; None is a machine of which too little is known.

    >>> look(HealthState.WARNING)
    {'color': 'warning', 'icon': 'warning', 'word': 'Warning'}
    """
    if state is None:
        return _LOOKS[Condition.UNKNOWN]
    return _LOOKS[Condition(state.name.lower()) if isinstance(state, HealthState) else state]
