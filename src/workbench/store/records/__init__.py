"""Repositories: typed access to the records, each write with its actor, reason, and row in the event log."""

from .analysis import Models, Packages, Predictions, Reports
from .jobs import Jobs, Schedules
from .log import EventLog, LogEntry
from .machines import Machines
from .observations import BatchRow, Events, SegmentRow, Segments
from .resources import Parts, Sites, Suppliers, Technicians
from .runs import Runs
from .work import Cases, DispatchEntry, DispatchHistory, DispatchReports, Notices, Orders

__all__ = [
    "BatchRow",
    "Cases",
    "DispatchEntry",
    "DispatchHistory",
    "DispatchReports",
    "EventLog",
    "Events",
    "Jobs",
    "LogEntry",
    "Machines",
    "Models",
    "Notices",
    "Orders",
    "Packages",
    "Parts",
    "Predictions",
    "Reports",
    "Runs",
    "Schedules",
    "SegmentRow",
    "Segments",
    "Sites",
    "Suppliers",
    "Technicians",
]
