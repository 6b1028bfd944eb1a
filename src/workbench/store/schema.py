"""Versions of the tables: creating, comparing and migrating them, always with a backup before a migration."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from workbench.errors import EnvironmentFailure

from .database import Database
from .faults import environment_failure, file_faults
from .files import make_folder
from .tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Say whether migrations mind this object: other tables in the same database belong to DBOS."""
    return kind != "table" or name in metadata.tables


def head() -> str:
    """Return the newest schema that this version of the workbench knows."""
    return max(known_revisions())


def known_revisions() -> set[str]:
    """Return every schema that this version of the workbench knows.

    A migration's file begins with its number: every command asks, and loading Alembic to answer costs 10 MB.
    """
    return {file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")}


def revision(connection: Connection) -> str | None:
    """Return the schema of a database, or None when it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(database: Database) -> None:
    """Bring the tables to the newest schema, in one transaction; raises ``EnvironmentFailure``."""
    from alembic import command

    if database.file is not None:
        # The engine opens only what is there.
        with file_faults(database.file):
            database.file.touch()
    with database.writing() as session:
        config = _config()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")


def differences(connection: Connection) -> list[Any]:
    """Return what separates the tables in a database from those in ``tables.py``, as Alembic says it."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    context = MigrationContext.configure(connection, opts={"include_name": is_ours, "compare_type": True})
    return list(compare_metadata(context, metadata))


def back_up(database: Database, folder: Path, at: datetime) -> Path:
    """Copy the whole database into ``folder`` while others may go on reading, and return the copy's path.

    SQLite is copied by its backup interface, PostgreSQL by ``pg_dump`` (plain SQL).

    Raises:
        EnvironmentFailure: the disk is full, or ``pg_dump`` is missing or fails.
    """
    make_folder(folder)
    stamp = at.strftime("%Y%m%dT%H%M%S%fZ")
    if database.file is not None:
        target = folder / f"workbench-{stamp}.db"
        _copy_sqlite(database.file, target)
    else:
        target = folder / f"workbench-{stamp}.sql"
        _dump_server(database, target)
    return target


def _copy_sqlite(source: Path, target: Path) -> None:
    part = target.with_suffix(".part")
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
            # A copy in WAL mode would need its side files to be complete.
            new.execute("PRAGMA journal_mode=DELETE")
        with file_faults(target):
            part.replace(target)
    except sqlite3.DatabaseError as error:
        part.unlink(missing_ok=True)
        raise environment_failure(error, str(target)) or EnvironmentFailure(
            f"The backup {target} cannot be made: {error}.", "Check the disk; nothing was changed."
        ) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _dump_server(database: Database, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise EnvironmentFailure(
            "The records in PostgreSQL cannot be backed up: pg_dump is not installed.",
            "Install the PostgreSQL client programs (Debian: apt install postgresql-client), then upgrade again.",
        )
    url = database.engine.url
    part = target.with_suffix(".part")
    # The password goes through the environment, where other users of the machine cannot read it.
    password = {"PGPASSWORD": url.password} if url.password else {}
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(
        [program, "--no-owner", f"--file={part}", f"--dbname={address}"],
        env={**os.environ, **password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        part.unlink(missing_ok=True)
        raise EnvironmentFailure(
            f"pg_dump could not back up {database.place}: {done.stderr.strip()}",
            "Use a pg_dump that is not older than the server; nothing was changed.",
        )
    with file_faults(target):
        part.replace(target)


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    # Config reads % as the start of a substitution.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
