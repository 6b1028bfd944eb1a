"""A SQL query as a source of readings: read once in a read-only transaction, in blocks, and kept while it is ingested."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from sqlalchemy import URL, Connection, Engine, bindparam, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.types import NullType

from workbench.errors import EnvironmentFailure, InputError, NotFound, RefusedFile
from workbench.telemetry.content import hash_table
from workbench.telemetry.faults import FaultLog, Rows
from workbench.telemetry.readers.sources import RawBlock, as_text

# Values of one block; as Python objects they take about 50 bytes each.
BLOCK_VALUES = 400_000
CONNECT_TIMEOUT_S = 5
_ENVIRONMENT = "env:"
_SELECT = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(?:select|with|values)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class SqlSource:
    """A query of a SQLite or PostgreSQL database.

    ``url`` is ``env:NAME``, the environment variable that holds the database's URL, or the URL itself where it has
    no password. ``params`` are bound to ``:name`` in the query, never written into it. Where the query names
    ``:since`` and ``params`` does not, it is the time of the newest reading that is stored.

    >>> SqlSource("SELECT * FROM readings WHERE time > :since", "env:HISTORIAN_URL").parameters()
    {'since'}
    """

    query: str
    url: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def parameters(self) -> set[str]:
        """Return the names of the parameters that the query has."""
        return set(text(self.query).compile().params)

    def database(self) -> URL:
        """Return the URL; raises ``InputError`` without ever showing it."""
        place = "The database URL"
        written = self.url
        if written.startswith(_ENVIRONMENT):
            name = written.removeprefix(_ENVIRONMENT)
            place = f"The database URL in environment variable {name}"
            written = os.environ.get(name, "")
            if not written:
                raise InputError(
                    f"Environment variable {name} is not set.", f"export {name}=postgresql://user:password@host/name"
                )
        try:
            url = make_url(written)
        except (ArgumentError, ValueError):
            raise InputError(
                f"{place} cannot be read.", "Write postgresql://user@host:5432/name or sqlite:////folder/file.db."
            ) from None
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise InputError(
                f"{place} is of {url.get_backend_name()}, which cannot be read.", "Use PostgreSQL or SQLite."
            )
        secret = url.password is not None or any("password" in key for key in url.query)
        if secret and not self.url.startswith(_ENVIRONMENT):
            raise InputError(
                "The database URL has a password in it.",
                "Put the URL into an environment variable, e.g. HISTORIAN_URL, and give env:HISTORIAN_URL.",
            )
        return url


class Fetched:
    """The rows of a query in a nameless file, which is gone when it is closed or the process ends."""

    decimal = "."
    reread = True

    def __init__(self, stream: IO[bytes], name: str, names: Sequence[str]) -> None:
        self.name = name
        self.names = list(names)
        self.rows = 0
        self._stream = stream
        self._starts: list[tuple[int, int]] = []
        self._digest = hashlib.sha256()

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        """Keep more rows, each column in the type that fits this block."""
        columns = [_column(values) for values in zip(*rows, strict=True)]
        table = pa.Table.from_arrays(columns, names=self.names)
        self._digest.update(hash_table(table).encode())
        self._starts.append((self.rows, self._stream.tell()))
        self.rows += len(rows)
        with pa.ipc.new_stream(self._stream, table.schema) as writer:
            writer.write_table(table)

    def _tables(self) -> Iterator[tuple[int, pa.Table]]:
        for start, at in self._starts:
            self._stream.seek(at)
            yield start, pa.ipc.open_stream(self._stream).read_all()

    def sha256(self) -> str:
        """Hash of names, types and values of all rows."""
        return self._digest.hexdigest()

    def blocks(self, faults: FaultLog) -> Iterator[RawBlock]:  # noqa: ARG002 - a query has no broken rows
        """Yield the rows as they were fetched."""
        if not self.rows:
            raise RefusedFile(f"{self.name} returned no rows.", "Check its WHERE clause.")
        for start, table in self._tables():
            end = start + table.num_rows
            yield RawBlock(table, np.arange(start + 1, end + 1), end / self.rows)

    def originals(self, rows: Rows) -> pa.Table:
        """Return rows as text."""
        found: list[pa.Table] = []
        for start, table in self._tables():
            within = rows[(rows > start) & (rows <= start + table.num_rows)] - start - 1
            if len(within):
                taken = table.take(pa.array(within))
                found.append(pa.table({name: as_text(taken.column(name)) for name in self.names}))
        return pa.concat_tables(found)


@contextmanager
def fetched(source: SqlSource, folder: Path, *, since: datetime | None, time_zone: str = "UTC") -> Iterator[Fetched]:
    """Run the query and yield its rows, kept in a nameless file in ``folder``.

    ``since`` is bound to ``:since`` where the query names it and ``params`` does not; ``time_zone`` is the zone of
    the database's times without one. Raises ``InputError`` for a URL, a query or a parameter that cannot be used,
    ``EnvironmentFailure`` where the database cannot be reached.
    """
    url = source.database()
    bound = {**({"since": since or datetime(1970, 1, 2, tzinfo=UTC)} if "since" in source.parameters() else {})}
    bound |= source.params
    _check(source, bound)
    # Only where it is, never who asks or with what secret; it is stored with the batch.
    place = Path(url.database or "").name if url.get_backend_name() == "sqlite" else f"{url.host}/{url.database}"
    name = f"SQL query on {place}"
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgres(url, time_zone)
    values = (
        {key: _sqlite_time(value, time_zone) for key, value in bound.items()}
        if url.get_backend_name() == "sqlite"
        else bound
    )
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            with _connected(engine, place) as connection:
                kept = _run(connection, source, values, name, cast(IO[bytes], stream))
            yield kept
    finally:
        engine.dispose()


def _check(source: SqlSource, bound: Mapping[str, object]) -> None:
    if not _SELECT.match(source.query):
        raise InputError("The query is no SELECT.", "Readings are only ever read: write SELECT ... or WITH ... SELECT.")
    wanted = source.parameters()
    if missing := sorted(wanted - set(bound)):
        raise InputError(f"The query's parameter :{missing[0]} has no value.", f"Give one: --param {missing[0]}=VALUE.")
    if unknown := sorted(set(bound) - wanted):
        raise InputError(f"The query has no parameter :{unknown[0]}.", "Name it in the query, or leave it out.")


def _sqlite(url: URL) -> Engine:
    file = Path(url.database or "").absolute()
    if not file.is_file():
        raise NotFound(f"SQLite file {file} does not exist.", "Check the path; an absolute one has four slashes.")
    import sqlite3

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=CONNECT_TIMEOUT_S)
        connection.execute("PRAGMA query_only=ON")
        return connection

    return create_engine("sqlite://", creator=connect)


def _postgres(url: URL, time_zone: str) -> Engine:
    settings = f"-c default_transaction_read_only=on -c TimeZone={time_zone}"
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": settings},
        )
    except ModuleNotFoundError as error:
        raise InputError(
            "The PostgreSQL driver psycopg is not installed.",
            "Install it with: pip install 'predictive-maintenance-workbench[postgres]'",
        ) from error
    return engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")


def _sqlite_time(value: object, time_zone: str) -> object:
    """SQLite keeps times as text: local, to the second, so that they compare with both common ways of writing."""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(time_zone)).strftime("%Y-%m-%d %H:%M:%S")
    return value


@contextmanager
def _connected(engine: Engine, place: str) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise EnvironmentFailure(
            f"The database {place} cannot be reached ({_reason(error)}).", "Check the URL, and that the server runs."
        ) from None
    with connection:
        yield connection


def _run(
    connection: Connection, source: SqlSource, bound: Mapping[str, object], name: str, stream: IO[bytes]
) -> Fetched:
    # Without a type the server finds it from the query, as for a literal.
    binds = [bindparam(key, value, type_=NullType()) for key, value in bound.items()]
    statement = text(source.query.strip().rstrip(";")).bindparams(*binds)
    try:
        result = connection.execution_options(stream_results=True, max_row_buffer=5000).execute(statement)
        names = list(result.keys())
        if twice := sorted({column for column in names if names.count(column) > 1}):
            raise RefusedFile(f"{name}: column {twice[0]!r} is there twice.", "Give each its own name with AS.")
        kept = Fetched(stream, name, names)
        for rows in result.partitions(max(1, BLOCK_VALUES // len(names))):
            kept.add(rows)
    except DBAPIError as error:
        raise InputError(f"{name} failed: {_reason(error)}.", "Correct the query; nothing was changed.") from None
    return kept


def _reason(error: SQLAlchemyError) -> str:
    """The driver's own words: SQLAlchemy's would show the parameters."""
    words = str(getattr(error, "orig", None) or error).strip().splitlines()
    return words[0].rstrip(".") if words else type(error).__name__


def _column(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        # Different things in one column, as SQLite allows: each is judged by its text.
        return pa.array([None if value is None else str(value) for value in values], pa.string())
