"""All records of a workspace as plain values that two runs of the same work must share: without wall-clock times."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from workbench.store.database import Database
from workbench.store.tables import metadata
from workbench.workspace import Workspace

STARTED = datetime.now(UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")


def _timeless(value: Any) -> Any:
    """Replace the times at which something was done by this test; instants of the plant's own past stay."""
    if isinstance(value, datetime):
        return "now" if value >= STARTED else value.isoformat()
    if isinstance(value, str):
        return _INSTANT.sub(lambda found: _timeless(datetime.fromisoformat(found[0])), value)
    return value


Records = dict[str, list[tuple[Any, ...]]]
Rows = dict[str, list[dict[str, Any]]]


def all_records(ws: Workspace) -> Records:
    """Return each table's rows; those that are numbered in their sequence, all others sorted."""
    with ws.database.reading() as session:
        return {table.name: _rows(session, table) for table in metadata.sorted_tables}


def _rows(session: Session, table: Any) -> list[tuple[Any, ...]]:
    numbered = "number" in table.primary_key.columns
    columns = [column for column in table.columns if not (numbered and column.name == "number")]
    query = select(*columns).order_by(table.c.number) if numbered else select(*columns)
    rows = [tuple(_timeless(value) for value in row) for row in session.execute(query)]
    return rows if numbered else sorted(rows, key=repr)


def differences(found: Records, wanted: Records) -> list[str]:
    """Say in which rows two sets of records differ."""
    said = []
    for table in metadata.sorted_tables:
        one, other = (Counter(map(repr, rows[table.name])) for rows in (found, wanted))
        said += [f"{table.name} has {row}" for row in one - other]
        said += [f"{table.name} lacks {row}" for row in other - one]
        if one == other and found[table.name] != wanted[table.name]:
            said.append(f"{table.name} has its rows in another order")
    return said


def workflow_states(ws: Workspace) -> set[str]:
    """Return the states in which the workflow engine's own runs are."""
    name = "workflow_status" if ws.database.is_sqlite else "dbos.workflow_status"
    with ws.database.reading() as session:
        return set(session.scalars(text(f"SELECT DISTINCT status FROM {name}")))


def rows_of(ws: Workspace) -> Rows:
    """Return all records as they are, by table."""
    with ws.database.reading() as session:
        return {
            table.name: [dict(row) for row in session.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def put_rows(url: str, rows: Rows) -> None:
    """Make ``rows`` the only records of the migrated PostgreSQL database at ``url``; its workflows are forgotten."""
    target = Database.open(url)
    with target.writing() as session:
        # The event log refuses deletion; only a superuser's session of a throw-away database may pass over that.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in reversed(metadata.sorted_tables):
            session.execute(delete(table))
        for name in session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'dbos'")).all():
            if "migrations" not in name:
                session.execute(text(f'DELETE FROM dbos."{name}"'))
        session.execute(text("SET LOCAL session_replication_role = origin"))
        for table in metadata.sorted_tables:
            if rows[table.name]:
                session.execute(insert(table), rows[table.name])
            if "number" in table.primary_key.columns:
                last = session.scalar(select(func.max(table.c.number)))
                session.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, 'number'), :last, :used)"),
                    {"name": table.name, "last": last or 1, "used": last is not None},
                )
    target.close()
