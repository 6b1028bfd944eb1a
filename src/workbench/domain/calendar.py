"""When sites and machines stand by plan, and when people do not work: days off of a site, absences of technicians."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from .base import Frozen, MachineId, Name, Text, UtcTime

# What a stop without a title of its own is called.
UNTITLED_STOP = "planned stop"


class PlannedStop(Frozen):
    """A time in which a site, or one machine of it, stands by plan."""

    stop_id: str = Field(min_length=1, max_length=200)
    site_id: Name
    machine_id: MachineId | None = Field(default=None, description="None: the whole site")
    starts_at: UtcTime
    ends_at: UtcTime
    title: Text = UNTITLED_STOP

    @model_validator(mode="after")
    def _ordered(self) -> PlannedStop:
        if self.ends_at <= self.starts_at:
            raise ValueError(f"the stop ends at {self.ends_at:%Y-%m-%d %H:%M}, not after its start")
        return self

    def concerns(self, machine_id: str) -> bool:
        """Say whether the machine stands in this stop; for machines of its site."""
        return self.machine_id in (None, machine_id)


class AbsenceKind(StrEnum):
    """Why somebody does not work; ``holiday`` is that of a whole site."""

    VACATION = "vacation"
    SICK = "sick"
    TRAINING = "training"
    OTHER = "other"
    HOLIDAY = "holiday"


class Absence(Frozen):
    """Days on which a technician, or everybody of a site, does not work; days and hours are in site time.

    With ``from_h`` and ``until_h`` only these hours of each day count: a part day. Without ``absence_id`` it is made of who
    it is and when it begins, so that the same line read again changes nothing.
    """

    absence_id: str = Field(default="", max_length=200, description="made from the other fields where it is not given")
    technician_id: Name | None = Field(default=None, description="who is away; None: everybody of the site")
    site_id: Name | None = Field(default=None, description="which site has its own day off; None: one technician")
    kind: AbsenceKind = AbsenceKind.OTHER
    first_day: date
    last_day: date
    from_h: float = Field(default=0.0, ge=0, lt=24)
    until_h: float = Field(default=24.0, gt=0, le=24)
    title: str = Field(default="", max_length=200, description="e.g. the name of the holiday")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        """Fill in what a short line leaves out: the last day, the kind of a site's day, the identifier."""
        if not isinstance(values, dict):
            return values
        given = {key: value for key, value in values.items() if value not in (None, "")}
        if given.get("site_id"):
            given.setdefault("kind", AbsenceKind.HOLIDAY)
        given.setdefault("last_day", given.get("first_day"))
        who = given.get("technician_id") or given.get("site_id")
        hours = f" {float(given['from_h']):g}" if _is_number(given.get("from_h")) else ""
        given.setdefault("absence_id", f"{who} {given.get('first_day')}{hours}")
        return given

    @model_validator(mode="after")
    def _possible(self) -> Absence:
        if (self.technician_id is None) == (self.site_id is None):
            raise ValueError("name either a technician_id or a site_id")
        if self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}")
        if self.until_h <= self.from_h:
            raise ValueError(f"until_h {self.until_h:g} is not after from_h {self.from_h:g}")
        if (self.kind is AbsenceKind.HOLIDAY) != (self.technician_id is None):
            raise ValueError("kind holiday is that of a site, the other kinds are those of a technician")
        return self

    @property
    def whole_days(self) -> bool:
        """Whether it takes its days whole."""
        return self.from_h == 0.0 and self.until_h == 24.0


def _is_number(value: object) -> bool:
    try:
        return float(str(value)) > 0
    except ValueError:
        return False
