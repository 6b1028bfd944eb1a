"""Work permits: the written leave to do dangerous work of one kind on one order, within a period, by a named person."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field, model_validator

from .base import Frozen, UtcTime

# So long may each text of a permit be.
MOST_LETTERS = 1000


class PermitKind(StrEnum):
    """What makes the work dangerous; ``other`` says it in its note."""

    HOT_WORK = "hot_work"
    CONFINED_SPACE = "confined_space"
    ELECTRICAL_ISOLATION = "electrical_isolation"
    WORK_AT_HEIGHT = "work_at_height"
    LINE_BREAKING = "line_breaking"
    EXCAVATION = "excavation"
    LIFTING = "lifting"
    OTHER = "other"

    @property
    def words(self) -> str:
        """What people call it."""
        return "other work" if self is PermitKind.OTHER else self.value.replace("_", " ")


class PermitState(StrEnum):
    """Life of a permit. A withdrawn one is still needed, so that the work waits for another; ``not_needed`` is over."""

    REQUESTED = "requested"
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    NOT_NEEDED = "not_needed"


class WorkPermit(Frozen):
    """A permit of one kind for one order, from the request on: an order needs one from when it was asked for."""

    permit_id: str = Field(min_length=1, max_length=200, description="e.g. WO-2026-0001-hot_work-1")
    order_id: str = Field(min_length=1, max_length=200)
    kind: PermitKind
    state: PermitState = PermitState.REQUESTED
    note: str = Field(default="", max_length=MOST_LETTERS, description="what is to be done, for who grants it")
    requested_at: UtcTime
    requested_by: str = Field(min_length=1, max_length=200)
    begins: UtcTime | None = None
    ends: UtcTime | None = None
    granted_by: str = Field(default="", max_length=MOST_LETTERS, description="who stands for it, by name")
    reference: str = Field(default="", max_length=MOST_LETTERS, description="the plant's own number of it")
    withdrawn_at: UtcTime | None = None
    reason: str = Field(default="", max_length=MOST_LETTERS, description="why it was withdrawn, or is not needed")

    @model_validator(mode="after")
    def _whole(self) -> WorkPermit:
        if (self.begins is None) != (self.ends is None):
            raise ValueError("a period has a begin and an end")
        if self.begins is not None and self.ends is not None and self.ends <= self.begins:
            raise ValueError(f"the permit ends at {self.ends:%Y-%m-%d %H:%M}, not after its begin")
        if self.state is PermitState.GRANTED and (self.begins is None or not self.granted_by):
            raise ValueError("a granted permit has a period and names who granted it")
        if self.state is PermitState.WITHDRAWN and self.withdrawn_at is None:
            raise ValueError("a withdrawn permit says when that was")
        return self

    @property
    def asked(self) -> tuple[datetime, int, str]:
        """Sort key, what was asked for first; the tenth of a kind comes after the second."""
        return self.requested_at, len(self.permit_id), self.permit_id

    @property
    def granted(self) -> bool:
        """Whether it holds."""
        return self.state is PermitState.GRANTED

    @property
    def needed(self) -> bool:
        """Whether the work needs it, or another in its place."""
        return self.state is not PermitState.NOT_NEEDED

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """From when to when work may be done by it; of a withdrawn one until it was withdrawn."""
        if self.begins is None or self.ends is None:
            return None
        ends = self.ends if self.withdrawn_at is None else min(self.ends, self.withdrawn_at)
        return (self.begins, ends) if self.begins < ends else None
