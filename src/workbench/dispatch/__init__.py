"""Dispatch: cases, parts, people, work orders, the technician's report, and who is told (R1 to R5)."""

from .cases import cases_from
from .inventory import check_inventory, delivery_known, parts_arrival
from .lockout import lockout_of
from .notices import escalation, write_notices
from .orders import draft_order, due_date, judge_priority, raise_ticket
from .repeats import what_is_new
from .report import write_dispatch_report
from .technicians import rank_technicians

__all__ = [
    "cases_from",
    "check_inventory",
    "delivery_known",
    "draft_order",
    "due_date",
    "escalation",
    "judge_priority",
    "lockout_of",
    "parts_arrival",
    "raise_ticket",
    "rank_technicians",
    "what_is_new",
    "write_dispatch_report",
    "write_notices",
]
