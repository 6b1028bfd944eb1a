"""What all domain types share: frozen models, aware UTC times, stable identifiers, who did what and why."""

from __future__ import annotations

import uuid
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

NAMESPACE = uuid.UUID("6d0f8a5e-6f4e-4c57-9d3b-2f1f5e8f7a10")

# A longer collection is shown in a notebook by its number of items.
SHOWN_ITEMS = 4

MACHINE_ID_PATTERN = r"^[a-z0-9_]{3,100}$"
NAME_PATTERN = r"^[a-z][a-z0-9_]{1,62}$"
SENSOR_PATTERN = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"
# E.164, or empty for none.
PHONE_PATTERN = r"^(\+[1-9][0-9]{5,14})?$"

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


class ShownInShort:
    """A value that a notebook shows in a line or two."""

    def __init_subclass__(cls, **given: Any) -> None:
        super().__init_subclass__(**given)
        if not issubclass(cls, BaseModel):
            # IPython prefers the repr that a dataclass gets to what the class inherits.
            cls._repr_pretty_ = ShownInShort._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - as IPython calls it
        """Show in a notebook what ``in_short`` says; ``repr`` and ``str`` give all."""
        printer.text(in_short(self))


class Frozen(ShownInShort, BaseModel):
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


def in_short(value: object) -> str:
    """Return a value as a notebook shows it: what is not a default, figures rounded, records and long collections by number.

    >>> in_short(Change(actor=Actor(id="ann"), reason="test", at=datetime(2026, 1, 2, tzinfo=UTC)))
    "Change(actor=Actor(id='ann'), reason='test', at=2026-01-02 00:00 UTC)"
    >>> in_short([1 / 3, Role.ADMIN, list(range(9))])
    '[0.3333, ADMIN, <9 items>]'
    >>> in_short((Actor(id="ann"), Actor(id="bob")))
    '<2 Actor>'
    """
    if isinstance(value, ShownInShort):
        told = [
            f"{name}={in_short(known)}"
            for name, default in _defaults(value).items()
            if (known := getattr(value, name)) != default and known not in (None, "", (), {})
        ]
        return f"{type(value).__name__}({', '.join(told)})"
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple) and value and isinstance(value[0], ShownInShort):
        return f"<{len(value):,} {type(value[0]).__name__}>"
    if isinstance(value, dict | list | tuple):
        if len(value) > SHOWN_ITEMS:
            return f"<{len(value):,} items>"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{key!r}: {in_short(item)}' for key, item in value.items())}}}"
        return f"[{', '.join(in_short(item) for item in value)}]"
    return repr(value)


def _defaults(value: ShownInShort) -> dict[str, object]:
    """Return the default of each field of a model or a dataclass; something that equals nothing where there is none."""
    if is_dataclass(value):
        return {field.name: field.default for field in fields(value)}
    return (
        {name: field.default for name, field in type(value).model_fields.items()}
        if isinstance(value, BaseModel)
        else {}
    )


def stable_id(*parts: Any) -> str:
    """Return the same UUID text for the same parts, so that repeating work repeats identifiers.

    >>> stable_id("run", 1) == stable_id("run", 1)
    True
    """
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))
