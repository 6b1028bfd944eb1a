"""Approvals (U3): what waits for a person's yes or no, who asked, who decided, and why."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from .base import Frozen, Text, UtcTime


class ApprovalKind(StrEnum):
    """What is to be approved."""

    MACHINE = "machine"
    PURCHASE = "purchase"
    ORDER = "order"


class ApprovalState(StrEnum):
    """Life of an approval; a withdrawn one was taken back by those who asked."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Approval(Frozen):
    """One question to somebody who may approve, and the answer; at most one is pending for each subject."""

    approval_id: str
    kind: ApprovalKind
    subject: str = Field(min_length=1, max_length=150, description="machine id, purchase or order number")
    title: Text = Field(description="what is asked, in words")
    asked_by: str
    asked_at: UtcTime
    state: ApprovalState = ApprovalState.PENDING
    decided_by: str = ""
    decided_at: UtcTime | None = None
    comment: str = Field(default="", max_length=2000)
