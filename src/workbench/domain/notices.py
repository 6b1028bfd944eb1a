"""Messages to people (R5)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Frozen, UtcTime
from .predictions import Severity


class Notice(Frozen):
    """A message to a person (R5); the outbox keeps its state."""

    notice_id: str
    channel: Literal["in_app", "email"] = "in_app"
    recipient: str = Field(description="who, e.g. technician:anna or manager:north")
    address: str = Field(default="", description="where the channel reaches them, e.g. an e-mail address")
    severity: Severity
    subject: str
    body: str
    state: Literal["queued", "sending", "sent", "failed"] = "queued"
    created_at: UtcTime
    machine_id: str | None = None
    order_id: str | None = None
    attempts: int = Field(default=0, ge=0, description="how often sending was begun")
    next_try_at: UtcTime | None = None
    executor_id: str = Field(default="", description="process that is sending it, or did last")
    sent_at: UtcTime | None = None
    error: str = Field(default="", description="why the last try failed")
