"""Columns that many tables share, and a time type that is the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, ForeignKey, Integer, String, Text
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which knows no time zones, keeps it as naive UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times and turn others into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value.isoformat()} has no time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the time as aware UTC."""
        if value is None:
            return None
        time: datetime = value
        return time.replace(tzinfo=UTC) if dialect.name == "sqlite" else time.astimezone(UTC)


def key(name: str) -> Column[str]:
    """Return the text column that is a table's key."""
    return Column(name, String(200), primary_key=True)


def label(name: str, **options: Any) -> Column[str]:
    """Return a column for a short text."""
    return Column(name, String(200), **{"nullable": False, **options})


def instant(name: str, **options: Any) -> Column[Any]:
    """Return a column for an aware UTC time."""
    return Column(name, UtcDateTime(), **{"nullable": False, **options})


def machine(**options: Any) -> Column[str]:
    """Return the column that refers to a machine."""
    return Column("machine_id", String(100), ForeignKey("machines.machine_id"), **{"nullable": False, **options})


def body() -> Column[str]:
    """Return the column that holds a whole domain object as JSON."""
    return Column("body", Text, nullable=False)


def number() -> Column[int]:
    """Return the column that numbers rows in the order they were added."""
    # SQLite numbers rows by itself only where the key is a plain INTEGER.
    return Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
