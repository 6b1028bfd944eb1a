"""Finds out within about two seconds, on a connection of its own, whether the records can be used."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from workbench.errors import EnvironmentFailure, SchemaOutdated

from .faults import READ_ONLY, environment_failure, file_faults
from .holders import sqlite_holder

PROBE_TIMEOUT_S = 2.0
# Below this the next write would fail half-way; SQLite needs room for its write-ahead log.
_LEAST_FREE_BYTES = 1 << 20


def probe_sqlite(file: Path) -> None:
    """Check that ``file`` exists, can be locked for writing, and has today's schema.

    Raises:
        EnvironmentFailure: missing, locked, read-only, damaged, or the disk is full.
        SchemaOutdated: written by an older version.
    """
    _check_file(file)
    with file_faults(file):
        free = shutil.disk_usage(file.parent).free
    if free < _LEAST_FREE_BYTES:
        raise EnvironmentFailure(
            f"The disk of {file} is full ({free} bytes free).", "Free some space there, then try again."
        )
    check_revision(_revision(file, "BEGIN IMMEDIATE"), str(file))


def probe_sqlite_for_reading(file: Path) -> None:
    """Check that ``file`` exists, can be read while others write, and has today's schema; raises as ``probe_sqlite``."""
    _check_file(file)
    check_revision(_revision(file, "BEGIN"), str(file))


def missing(file: Path) -> EnvironmentFailure:
    """Return the error for records that are not there."""
    return EnvironmentFailure(
        f"The records {file} are missing.",
        "Put the file back from a backup; `workbench init` makes a new, empty workspace elsewhere.",
    )


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise missing(file)
    # Readers, too, write to the files beside it that tell them what is committed.
    if not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        raise EnvironmentFailure(f"{file} is read-only.", READ_ONLY)


def _revision(file: Path, begin: str) -> str | None:
    try:
        uri = f"file:{quote(str(file))}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=PROBE_TIMEOUT_S, isolation_level=None)) as connection:
            connection.execute(begin)
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
            connection.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        raise environment_failure(error, str(file), lambda: sqlite_holder(file)) or EnvironmentFailure(
            f"{file} cannot be used: {error}.", "Run `workbench doctor`."
        ) from error
    return str(row[0]) if row else None


def probe_server(engine: Engine, place: str) -> None:
    """Check that the server answers, may be written, and has today's schema; raises as ``probe_sqlite``."""
    try:
        with engine.connect() as connection:
            if connection.execute(text("SHOW transaction_read_only")).scalar() == "on":
                raise EnvironmentFailure(f"{place} is read-only.", "Connect to the primary server, not to a replica.")
            known = inspect(connection).has_table("alembic_version")
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar() if known else None
    except DBAPIError as error:
        raise environment_failure(error.orig or error, place) or EnvironmentFailure(
            f"{place} cannot be used: {error.orig}.", "Check database_url in workbench.toml."
        ) from error
    check_revision(revision, place)


def check_revision(revision: str | None, place: str) -> None:
    """Raise unless ``revision`` is the newest schema that this version knows."""
    from .schema import head, known_revisions

    newest = head()
    if revision == newest:
        return
    if revision is not None and revision not in known_revisions():
        raise EnvironmentFailure(
            f"{place} was written by a newer version of the workbench (schema {revision}; this one knows {newest}).",
            "Install that version or a newer one.",
        )
    raise SchemaOutdated(
        f"{place} has schema {revision or 'none'}, but this version needs {newest}.",
        "Run `workbench upgrade`: it makes a backup first, then migrates.",
    )
