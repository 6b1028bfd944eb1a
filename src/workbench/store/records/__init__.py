"""Repositories: typed access to the records, each write with its actor, reason, and row in the event log."""

from .analysis import Packages, Predictions, Reports
from .approvals import Approvals
from .cases import Cases
from .closeouts import CloseOuts
from .explanations import Explanations, ModelExplanations
from .forecasts import Forecasts
from .history import History, HistoryPage
from .jobs import Jobs, Schedules
from .log import EventLog, LogEntry
from .machines import Machines
from .models import DriftReports, Evaluations, Models, ShadowPredictions
from .notices import Notices
from .observations import BatchRow, Events, SegmentRow, Segments
from .plans import WorkPlans
from .procurement import Purchases, Quotes
from .resources import Absences, Parts, PlannedStops, Sites, Suppliers, Technicians, WorkPermits
from .runs import Runs
from .synthesis import Synthesizers, SyntheticSets
from .twin import TwinCalibrations
from .value import ValueEntries
from .work import DispatchEntry, DispatchHistory, DispatchReports, Orders

__all__ = [
    "Absences",
    "Approvals",
    "BatchRow",
    "Cases",
    "CloseOuts",
    "DispatchEntry",
    "DispatchHistory",
    "DispatchReports",
    "DriftReports",
    "Evaluations",
    "EventLog",
    "Events",
    "Explanations",
    "Forecasts",
    "History",
    "HistoryPage",
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
    "Purchases",
    "Quotes",
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
    "ValueEntries",
    "WorkPermits",
    "WorkPlans",
]
