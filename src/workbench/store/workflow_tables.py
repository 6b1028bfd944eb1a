"""Looks into the workflow engine's own tables, which lie in the records' database, without changing them."""

from __future__ import annotations

from sqlalchemy import ColumnClause, column, func, inspect, select, table
from sqlalchemy.orm import Session

# The engine would unpickle rows so marked, and with them run whatever code they hold.
_PICKLED = "py_pickle"
_UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")


def count_pickled_rows(session: Session) -> int:
    """Return how many rows of the workflow engine are pickled; the workbench itself writes only JSON."""
    inspector = inspect(session.connection())
    schema = None if session.get_bind().dialect.name == "sqlite" else "dbos"
    count = 0
    for name in inspector.get_table_names(schema):
        if any(found["name"] == "serialization" for found in inspector.get_columns(name, schema)):
            mark: ColumnClause[str] = column("serialization")
            rows = select(func.count()).select_from(table(name, mark, schema=schema)).where(mark == _PICKLED)
            count += session.scalar(rows) or 0
    return count


def count_unfinished(session: Session, *, but_version: str) -> int:
    """Return how many workflows begun by an application version other than ``but_version`` are not finished."""
    schema = None if session.get_bind().dialect.name == "sqlite" else "dbos"
    if not inspect(session.connection()).has_table("workflow_status", schema):
        return 0
    status: ColumnClause[str] = column("status")
    version: ColumnClause[str] = column("application_version")
    rows = select(func.count()).select_from(table("workflow_status", status, version, schema=schema))
    # Queued work without a version was begun by nobody yet.
    return session.scalar(rows.where(status.in_(_UNFINISHED), version != but_version)) or 0
