"""Work orders for people: raised by hand, assigned, started, closed out, corrected, called off (R4, R7, Z5)."""

from .approval import request_order_approval
from .closing import close_order, findings_from
from .correction import correct_close_out
from .reading import OrderRecord, list_orders, order_record
from .settled import note_inspection, settled_by
from .steps import assign_order, cancel_order, start_order
from .tickets import raise_ticket

__all__ = [
    "OrderRecord",
    "assign_order",
    "cancel_order",
    "close_order",
    "correct_close_out",
    "findings_from",
    "list_orders",
    "note_inspection",
    "order_record",
    "raise_ticket",
    "request_order_approval",
    "settled_by",
    "start_order",
]
