"""Repositories: typed access to the records, each write with its actor, reason, and row in the event log."""

from .analysis import Packages, Predictions, Reports
from .explanations import Explanations, ModelExplanations
from .forecasts import Forecasts
from .jobs import Jobs, Schedules
from .log import EventLog, LogEntry
from .machines import Machines
from .models import DriftReports, Evaluations, Models, ShadowPredictions
from .observations import BatchRow, Events, SegmentRow, Segments
from .resources import Parts, Sites, Suppliers, Technicians
from .runs import Runs
from .synthesis import Synthesizers, SyntheticSets
from .twin import TwinCalibrations
from .work import Cases, DispatchEntry, DispatchHistory, DispatchReports, Notices, Orders

__all__ = [
    "BatchRow",
    "Cases",
    "DispatchEntry",
    "DispatchHistory",
    "DispatchReports",
    "DriftReports",
    "Evaluations",
    "EventLog",
    "Events",
    "Explanations",
    "Forecasts",
    "Jobs",
    "LogEntry",
    "Machines",
    "ModelExplanations",
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
    "ShadowPredictions",
    "Sites",
    "Suppliers",
    "Synthesizers",
    "SyntheticSets",
    "Technicians",
    "TwinCalibrations",
]
