"""Repositories: typed access to the records, each write with its actor, reason, and row in the event log."""

from .analysis import Packages, Predictions, Reports
from .cases import Cases
from .explanations import Explanations, ModelExplanations
from .forecasts import Forecasts
from .jobs import Jobs, Schedules
from .log import EventLog, LogEntry
from .machines import Machines
from .models import DriftReports, Evaluations, Models, ShadowPredictions
from .notices import Notices
from .observations import BatchRow, Events, SegmentRow, Segments
from .resources import Parts, PlannedStops, Sites, Suppliers, Technicians
from .runs import Runs
from .synthesis import Synthesizers, SyntheticSets
from .twin import TwinCalibrations
from .work import DispatchEntry, DispatchHistory, DispatchReports, Orders

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
    "PlannedStops",
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
