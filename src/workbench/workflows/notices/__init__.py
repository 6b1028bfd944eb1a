"""Notices on their way to people (R5): written with the records, sent from an outbox that no crash empties or sends twice."""

from .escalate import acknowledge_notice, escalate_notices
from .of_orders import tell_change, tell_of_order
from .send import OutboxReport, retry_notice, send_notices, send_without_worker
from .texts import notice_texts
from .write import notify_operations, put

__all__ = [
    "OutboxReport",
    "acknowledge_notice",
    "escalate_notices",
    "notice_texts",
    "notify_operations",
    "put",
    "retry_notice",
    "send_notices",
    "send_without_worker",
    "tell_change",
    "tell_of_order",
]
