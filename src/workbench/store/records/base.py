"""What all repositories share: domain objects kept as JSON beside their queried columns, and the event log."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Result, Table, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workbench.domain.base import Change, Frozen
from workbench.errors import NotFound
from workbench.store.database import Database
from workbench.store.tables import event_log

T = TypeVar("T", bound=Frozen)
Shape = TypeVar("Shape", bound=BaseModel)
# A statement with more values than this is refused by some databases.
MOST_VALUES = 500


def log_change(
    session: Session, change: Change, entity: str, key: str, action: str, *, before: str | None, after: str | None
) -> None:
    """Write one row of the event log in the transaction of ``session``; before and after are JSON."""
    session.execute(
        insert(event_log).values(
            at=change.at,
            actor=change.actor.id,
            role=change.actor.role.value,
            reason=change.reason,
            entity=entity,
            key=key,
            action=action,
            before=before,
            after=after,
        )
    )


def not_found(entity: str, key: str, known: Iterable[str]) -> NotFound:
    """Return the error for a missing ``key``, naming those that are spelled much like it.

    >>> print(not_found("machine", "pump_o1", ["pump_01", "fan_02"]))
    There is no machine 'pump_o1'. Did you mean 'pump_01'?
    >>> print(not_found("model_version", "9e20", ["9e209f90-ad2f", "82be3902-f885"]))
    There is no model version '9e20'. Did you mean '9e209f90-ad2f'?
    """
    names = sorted(known)
    begin = [name for name in names if key and name.startswith(key)]
    close = begin[:3] or difflib.get_close_matches(key, names, n=3, cutoff=0.6)
    what = f"There is no {entity.replace('_', ' ')} {key!r}."
    if close:
        return NotFound(what, f"Did you mean {' or '.join(map(repr, close))}?")
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return NotFound(what, f"Known: {shown}." if names else "None is recorded yet.")


class Repository:
    """Access to some tables of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database


class BodyRepository(Repository, Generic[T]):
    """Keeps frozen domain objects of one type in one table.

    A column that has the name of a field holds that field for queries; ``body`` holds the whole object.
    ``recorded_at`` is the time of the change that added the row.
    """

    table: ClassVar[Table]
    model: type[T]
    entity: ClassVar[str]
    newest_first: ClassVar[tuple[str, ...]] = ()

    @property
    def _key(self) -> ColumnElement[Any]:
        return next(iter(self.table.primary_key.columns))

    def _key_of(self, item: T) -> str:
        return str(getattr(item, next(iter(self.table.primary_key.columns)).name))

    def get(self, key: str) -> T:
        """Return the object recorded under ``key``; ``NotFound`` names close matches."""
        with self._database.reading() as session:
            return self._need(session, key)

    def find(self, key: str) -> T | None:
        """Return the object recorded under ``key``, or None."""
        with self._database.reading() as session:
            return self._find(session, key)

    def all(self) -> list[T]:
        """Return all objects, ordered by key, or newest first where time orders them."""
        with self._database.reading() as session:
            return self._select(session)

    def _shaped(
        self, column: ColumnElement[Any], values: Iterable[str], shape: type[Shape]
    ) -> Iterator[tuple[str, Shape]]:
        """Yield value and object, newest first, where ``column`` is one of ``values``; ``shape`` has some of its fields.

        To read ten thousand objects whole takes seconds; ``shape`` leaves out what is not asked for.
        """
        wanted = sorted(set(values))
        order = [self.table.c[name].desc() for name in self.newest_first] + [self._key]
        with self._database.reading() as session:
            for at in range(0, len(wanted), MOST_VALUES):
                query = select(column, self.table.c.body).where(column.in_(wanted[at : at + MOST_VALUES]))
                for value, body in session.execute(query.order_by(*order)):
                    yield value, shape.model_validate_json(body)

    def _need(self, session: Session, key: str, *, lock: bool = False) -> T:
        found = self._find(session, key, lock=lock)
        if found is None:
            raise not_found(self.entity, key, session.scalars(select(self._key)).all())
        return found

    def _find(self, session: Session, key: str, *, lock: bool = False) -> T | None:
        found = self._select(session, self._key == key, lock=lock)
        return found[0] if found else None

    def _select(
        self, session: Session, *where: ColumnElement[bool], limit: int | None = None, lock: bool = False
    ) -> list[T]:
        """Return objects in order; with ``lock`` others cannot change them until this transaction ends."""
        order = [self.table.c[name].desc() for name in self.newest_first] + [self._key]
        query = select(self.table.c.body).where(*where).order_by(*order).limit(limit)
        if lock:
            # SQLite needs no such lock: its writing transactions exclude each other from their begin.
            query = query.with_for_update()
        return [self.model.model_validate_json(body) for body in session.scalars(query)]

    def _latest_by_machine(self, session: Session, *where: ColumnElement[bool]) -> dict[str, T]:
        """Return the newest object of each machine, by ``newest_first``."""
        order = [self.table.c[name].desc() for name in self.newest_first] + [self._key]
        place = func.row_number().over(partition_by=self.table.c.machine_id, order_by=order).label("place")
        ranked = select(self.table.c.machine_id, self.table.c.body, place).where(*where).subquery()
        rows = session.execute(select(ranked.c.machine_id, ranked.c.body).where(ranked.c.place == 1)).all()
        return {machine_id: self.model.model_validate_json(body) for machine_id, body in sorted(rows)}

    def _add(self, session: Session, item: T, change: Change) -> bool:
        """Insert ``item`` unless its key is there already; say whether it was inserted."""
        key = self._key_of(item)
        if session.scalar(select(self._key).where(self._key == key)) is not None:
            return False
        values = self._values(item, change.at)
        try:
            with session.begin_nested():
                session.execute(insert(self.table).values(values))
        except IntegrityError:
            # On PostgreSQL another process may have added it since we looked.
            if session.scalar(select(self._key).where(self._key == key)) is None:
                raise
            return False
        log_change(session, change, self.entity, key, "added", before=None, after=values["body"])
        return True

    def _inserted(self, session: Session, item: T, change: Change) -> bool:
        """Insert ``item``; False when another process has just inserted one that excludes it."""
        try:
            return self._add(session, item, change)
        except IntegrityError as error:
            if "foreign key" in str(error.orig).lower():
                raise
            return False

    def _of_machine(self, condition: ColumnElement[bool], machine_id: str | None) -> list[T]:
        """Return what fulfils ``condition``, of one machine or of all."""
        where = [condition]
        if machine_id is not None:
            where.append(self.table.c.machine_id == machine_id)
        with self._database.reading() as session:
            return self._select(session, *where)

    def _put(self, session: Session, item: T, change: Change, action: str = "changed") -> bool:
        """Insert ``item``, or write it over the one with its key; say whether anything changed."""
        key = self._key_of(item)
        before = session.scalar(select(self.table.c.body).where(self._key == key).with_for_update())
        if before is None:
            return self._add(session, item, change)
        values = self._values(item, change.at)
        if values["body"] == before:
            return False
        values.pop("recorded_at", None)
        session.execute(update(self.table).where(self._key == key).values(values))
        log_change(session, change, self.entity, key, action, before=before, after=values["body"])
        return True

    def _values(self, item: T, at: datetime) -> dict[str, Any]:
        body = item.model_dump_json(warnings=False)
        # What cannot be read back must not be written: NaN in a field that allows no null, for one.
        self.model.model_validate_json(body)
        values: dict[str, Any] = {"body": body}
        for column in self.table.columns:
            if column.name == "recorded_at":
                values["recorded_at"] = at
            elif column.name != "body":
                values[column.name] = _plain(getattr(item, column.name))
        return values


class Directory(BodyRepository[T]):
    """Master data that is put, read and listed by its key."""

    def put(self, item: T, change: Change) -> None:
        """Record ``item``, writing over an older one of the same key; the same again changes nothing."""
        with self._database.writing() as session:
            self._put(session, item, change)


class Journal(BodyRepository[T]):
    """Objects that are added once under their own id and never change."""

    def add(self, item: T, change: Change) -> None:
        """Record ``item``; an object with the same id is there already: nothing happens."""
        with self._database.writing() as session:
            self._add(session, item, change)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def rows_as_dicts(result: Result[Any]) -> list[dict[str, Any]]:
    """Return the rows of a query as plain dictionaries."""
    return [dict(row) for row in result.mappings()]
