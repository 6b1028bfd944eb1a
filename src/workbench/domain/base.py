"""What all domain types share: frozen models, aware UTC times, stable identifiers, who did what and why."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

NAMESPACE = uuid.UUID("6d0f8a5e-6f4e-4c57-9d3b-2f1f5e8f7a10")

MACHINE_ID_PATTERN = r"^[a-z0-9_]{3,100}$"
NAME_PATTERN = r"^[a-z][a-z0-9_]{1,62}$"
SENSOR_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"

MachineId = Annotated[str, StringConstraints(pattern=MACHINE_ID_PATTERN)]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
SensorName = Annotated[str, StringConstraints(pattern=SENSOR_PATTERN)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Minor = Annotated[int, Field(description="money in minor units of the workspace's currency")]


def _aware_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("time has no time zone; give an aware time, e.g. 2026-01-01T00:00:00Z")
    return value.astimezone(UTC)


UtcTime = Annotated[datetime, AfterValidator(_aware_utc)]


class Frozen(BaseModel):
    """An immutable value that rejects fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Role(StrEnum):
    """What an actor may do (U1)."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    VIEWER = "viewer"
    SYSTEM = "system"


class Actor(Frozen):
    """Who acts: a person or the workbench itself."""

    id: str = Field(min_length=1, max_length=200)
    role: Role = Role.OPERATOR


class Change(Frozen):
    """Who writes a record, why, and when; every write carries one and the event log keeps it."""

    actor: Actor
    reason: str = Field(min_length=1, max_length=2000)
    at: UtcTime


def stable_id(*parts: Any) -> str:
    """Return the same UUID text for the same parts, so that repeating work repeats identifiers.

    >>> stable_id("run", 1) == stable_id("run", 1)
    True
    """
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))
