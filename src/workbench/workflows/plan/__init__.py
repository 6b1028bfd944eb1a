"""The plan of the open work (R3): made from the records, kept, published to the orders, and told to people."""

from .away import absences, absences_example, add_absence, import_absences, remove_absence
from .make import plan_work
from .publish import publish_plan
from .stops import add_planned_stop, planned_stops, remove_planned_stop

__all__ = [
    "absences",
    "absences_example",
    "add_absence",
    "add_planned_stop",
    "import_absences",
    "plan_work",
    "planned_stops",
    "publish_plan",
    "remove_absence",
    "remove_planned_stop",
]
