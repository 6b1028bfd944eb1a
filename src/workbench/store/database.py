"""The records' database: engine, units of work that read or write, and the probe that says why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.orm import Session

from workbench.errors import EnvironmentFailure, InputError

from . import probe as probing
from .faults import environment_failure
from .holders import server_holder, sqlite_holder
from .workflow_tables import count_pickled_rows, count_unfinished

# How long a unit of work waits for another process that writes.
BUSY_TIMEOUT_S = 10.0
_READING = "workbench_reading"


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError(
            "database_url cannot be read as a database URL.",
            "Write it as postgresql://user:password@host:5432/name, or leave it empty for SQLite.",
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed.set(drivername="sqlite")
    raise InputError(
        f"The records cannot be kept in {parsed.render_as_string(hide_password=True)!r}.",
        "Use PostgreSQL (postgresql://...) or a SQLite file (sqlite:////folder/workbench.db).",
    )


def sqlite_url(file: Path) -> str:
    """Return the URL of the SQLite file at ``file``; raises ``InputError`` for a path with a question mark.

    >>> sqlite_url(Path("/plant/data/workbench.db"))
    'sqlite:////plant/data/workbench.db'
    """
    if "?" in str(file):
        # In a URL it would begin the options.
        raise InputError(f"The path {file} holds a question mark.", "Choose a folder without one.")
    return URL.create("sqlite", database=str(file)).render_as_string(hide_password=False)


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})

    file = Path(str(url.database)).absolute()

    @event.listens_for(engine, "do_connect")
    def _on_do_connect(_dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        # Otherwise a new, empty file would be made where the records were removed.
        arguments[0] = f"file:{quote(str(file))}?mode=rw"
        options["uri"] = True

    @event.listens_for(engine, "checkout")
    def _on_checkout(_connection: Any, record: Any, _proxy: Any) -> None:
        # What is written to a file that was removed, or put back from a backup, since it was opened, would be lost.
        if record.info["file"] != _identity(file):
            raise DisconnectionError

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:
        record.info["file"] = _identity(file)
        # The driver must not begin transactions by itself: _on_begin does.
        connection.isolation_level = None
        # Switching to WAL needs the lock, so the waiting time must stand first.
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A plain BEGIN that later writes fails at once when another process wrote meanwhile.
        reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    waiting = {} if "options" in url.query else {"options": f"-c lock_timeout={int(BUSY_TIMEOUT_S * 1000)}"}
    try:
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 2, **waiting})
    except ModuleNotFoundError as error:
        raise InputError(
            "The PostgreSQL driver psycopg is not installed.",
            "Install it with: pip install 'predictive-maintenance-workbench[postgres]'",
        ) from error


class Database:
    """Where records are kept; every access is a unit of work that reads or one that writes.

    The engine must never be given to DBOS as its ``system_database_engine``: it begins every unit that
    does not say that it only reads with ``BEGIN IMMEDIATE``.
    """

    def __init__(self, url: str, engine: Engine, session: Session | None = None) -> None:
        self.url = url
        self.engine = engine
        self._session = session
        # On SQLite a transaction sees one state anyway; PostgreSQL's default shows each statement a newer one.
        once = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reading_engine = engine.execution_options(**{_READING: True}, **once)

    @classmethod
    def open(cls, url: str) -> Database:
        """Return the database at ``url`` without touching it.

        Raises:
            InputError: the URL is neither PostgreSQL nor a SQLite file.
        """
        parsed = _parse(url)
        return cls(parsed.render_as_string(hide_password=False), _engine(parsed))

    @property
    def is_sqlite(self) -> bool:
        """Whether the records lie in a SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @property
    def file(self) -> Path | None:
        """The SQLite file, or None for PostgreSQL."""
        return Path(str(self.engine.url.database)) if self.is_sqlite else None

    @property
    def place(self) -> str:
        """Where the records are, for messages: the file, or the URL without its password."""
        return str(self.file or self.engine.url.render_as_string(hide_password=True))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one consistent state and changes nothing.

        Raises:
            EnvironmentFailure: the database is locked, missing, or cannot be reached.
        """
        if self._session is not None:
            yield self._session
            return
        with self._translated(), Session(self._reading_engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session whose writes are committed together at the end, or not at all.

        Raises:
            EnvironmentFailure: the database is locked, read-only, full, or cannot be reached.
            InputError: a record refers to something that is not recorded, or breaks a uniqueness rule.
        """
        if self._session is not None:
            yield self._session
            return
        with self._translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def bound(self, session: Session) -> Database:
        """Return this database with every unit of work run in ``session``, which its owner commits."""
        return Database(self.url, self.engine, session)

    def probe(self) -> None:
        """Check within about 2 s that the records can be read and written and have today's schema.

        Raises:
            EnvironmentFailure: missing, locked by another process, read-only, disk full, not reachable.
            SchemaOutdated: the schema is older; ``workbench upgrade`` migrates it.
        """
        if self.file is not None:
            probing.probe_sqlite(self.file)
        else:
            probing.probe_server(self.engine, self.place)

    def probe_for_reading(self) -> None:
        """Check within about 2 s that the records can be read, whoever writes, and have today's schema.

        Raises as ``probe``, but for a lock that only keeps other writers waiting, and a full disk.
        """
        if self.file is not None:
            probing.probe_sqlite_for_reading(self.file)
        else:
            probing.probe_server(self.engine, self.place)

    def pickled_rows(self) -> int:
        """Return how many rows of the workflow engine would be unpickled; such a database must not be run."""
        with self.reading() as session:
            return count_pickled_rows(session)

    def unfinished_work(self, *, but_version: str) -> int:
        """Return how much durable work of application versions other than ``but_version`` is running or queued."""
        with self.reading() as session:
            return count_unfinished(session, but_version=but_version)

    def close(self) -> None:
        """Give all connections back; the database may be used again afterwards."""
        if self._session is None:
            self.engine.dispose()

    def failure(self, error: DBAPIError) -> EnvironmentFailure | None:
        """Return what a driver's error means for people, or None if it is no fault of disk, lock, permission or server."""
        if self.file is not None and not self.file.exists():
            return probing.missing(self.file)
        return environment_failure(error.orig or error, self.place, self._holder)

    def _holder(self) -> str:
        return sqlite_holder(self.file) if self.file is not None else server_holder(self.engine)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise InputError(
                f"The records in {self.place} refuse this change: {error.orig}.",
                "Nothing was changed. Check that the machine or record it refers to exists.",
            ) from error
        except DBAPIError as error:
            failure = self.failure(error)
            if failure is None:
                raise
            raise failure from error
