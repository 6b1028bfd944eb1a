"""The plan of the open work (R3): made from the records, kept, published to the orders, and told to people."""

from .make import plan_work
from .publish import publish_plan
from .stops import add_planned_stop, planned_stops, remove_planned_stop

__all__ = ["add_planned_stop", "plan_work", "planned_stops", "publish_plan", "remove_planned_stop"]
