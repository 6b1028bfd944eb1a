"""Messages to people (R5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from .base import Frozen, UtcTime
from .predictions import Severity


class NoticeKind(StrEnum):
    """What a notice is about; each kind has its own texts."""

    WORK_ORDER = "work_order"
    WORK_ORDER_MANAGER = "work_order_manager"
    MORE_URGENT = "more_urgent"
    MORE_URGENT_MANAGER = "more_urgent_manager"
    ESCALATION = "escalation"
    PLAN_CHANGED = "plan_changed"
    PART_ARRIVED = "part_arrived"
    CASE = "case"
    REPORT_FAILED = "report_failed"
    MESSAGE = "message"


class Notice(Frozen):
    """A message to a person (R5); the outbox keeps its state."""

    notice_id: str
    kind: NoticeKind = NoticeKind.MESSAGE
    channel: Literal["in_app", "email", "webhook"] = "in_app"
    webhook: str = Field(default="", description="name of the webhook in the settings, e.g. sms")
    recipient: str = Field(description="who, e.g. technician:anna or manager:north")
    address: str = Field(default="", description="where the channel reaches them: an e-mail address, a phone number")
    severity: Severity
    subject: str
    body: str
    facts: dict[str, str] = Field(default={}, description="what the texts of its kind may name")
    simulated: bool = False
    state: Literal["queued", "sending", "sent", "failed"] = "queued"
    created_at: UtcTime
    machine_id: str | None = None
    order_id: str | None = None
    attempts: int = Field(default=0, ge=0, description="how often sending was begun")
    first_try_at: UtcTime | None = None
    next_try_at: UtcTime | None = None
    not_before: UtcTime | None = Field(default=None, description="end of the quiet hours that it waits for")
    executor_id: str = Field(default="", description="process that is sending it, or did last")
    sent_at: UtcTime | None = None
    acknowledged_at: UtcTime | None = None
    acknowledged_by: str = ""
    error: str = Field(default="", description="why the last try failed")
