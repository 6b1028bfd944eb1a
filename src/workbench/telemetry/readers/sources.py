"""Data files and tables as streams of raw blocks, with row numbers and the original text of any row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.faults import FaultLog, Rows

SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"})


@dataclass(frozen=True)
class RawBlock:
    """Some rows of a file as they stand there; ``rows`` numbers them from 1, ``fraction`` is the part read."""

    table: pa.Table
    rows: Rows
    fraction: float


class Source(Protocol):
    """What can be ingested: it can be read more than once, and says by its hash whether it was seen before."""

    name: str
    names: list[str]
    decimal: str
    reread: bool

    def sha256(self) -> str:
        """Hash of the content."""

    def blocks(self, faults: FaultLog) -> Iterator[RawBlock]:
        """Yield all rows; rows broken in structure are added to ``faults`` and left out."""

    def originals(self, rows: Rows) -> pa.Table:
        """Return rows (ascending numbers) as text, in the order asked for."""


def hash_file(path: Path, progress: Callable[[float], None] | None = None) -> str:
    """Return the sha256 of a file's bytes."""
    digest = hashlib.sha256()
    size = max(path.stat().st_size, 1)
    done = 0
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
            done += len(chunk)
            if progress:
                progress(done / size)
    return digest.hexdigest()


def existing_file(path: Path) -> Path:
    """Return ``path`` if it is a readable file with something in it; raises ``NotFound`` or ``RefusedFile``."""
    if not path.exists():
        raise NotFound(f"File {path} does not exist.", "Check the path.")
    if not path.is_file():
        raise RefusedFile(f"{path} is not a file.", "Give one CSV or Parquet file.")
    try:
        with path.open("rb") as stream:
            first = stream.read(1)
    except OSError as error:
        raise RefusedFile(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if not first:
        raise RefusedFile(f"{path} is empty.", "Export it again.")
    return path


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return any column as text; what Arrow cannot cast is written by Python."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        values = [None if value is None else str(value) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(values, pa.string())])


@dataclass
class TableSource:
    """An Arrow table in memory."""

    table: pa.Table
    name: str
    decimal: str = "."
    reread: bool = False

    def __post_init__(self) -> None:
        self.names: list[str] = list(self.table.column_names)

    def sha256(self) -> str:
        """Hash of names, types and values, whatever the chunks."""
        from workbench.telemetry.content import hash_table

        return hash_table(self.table)

    def blocks(self, faults: FaultLog) -> Iterator[RawBlock]:  # noqa: ARG002 - a table has no broken rows
        """Yield the table whole, without a copy."""
        if self.table.num_rows == 0:
            raise RefusedFile(f"{self.name}: there are no rows.", "Give at least one reading.")
        yield RawBlock(self.table, np.arange(1, self.table.num_rows + 1), 1.0)

    def originals(self, rows: Rows) -> pa.Table:
        """Return rows as text."""
        taken = self.table.take(pa.array(rows - 1))
        return pa.table({name: as_text(taken.column(i)) for i, name in enumerate(self.names)})


class ParquetSource:
    """A Parquet file, read in batches."""

    decimal = "."
    reread = True
    batch_rows = 131_072

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.path = existing_file(path)
        self.name = path.name
        try:
            self.file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
            raise _unreadable(path, error) from error
        self.names: list[str] = list(self.file.schema_arrow.names)

    def sha256(self) -> str:
        """Hash of the file's bytes."""
        return hash_file(self.path)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self.file.iter_batches(batch_size=self.batch_rows, use_threads=False)
        except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
            raise _unreadable(self.path, error) from error

    def blocks(self, faults: FaultLog) -> Iterator[RawBlock]:  # noqa: ARG002 - Parquet has no broken rows
        """Yield the row batches."""
        total = self.file.metadata.num_rows
        if total == 0:
            raise RefusedFile(f"{self.name}: there are no rows.", "Export it again.")
        start = 0
        for batch in self._batches():
            rows = np.arange(start + 1, start + 1 + batch.num_rows)
            start += batch.num_rows
            yield RawBlock(pa.Table.from_batches([batch]), rows, start / total)

    def originals(self, rows: Rows) -> pa.Table:
        """Return rows as text."""
        start = 0
        found: list[pa.Table] = []
        for batch in self._batches():
            within = rows[(rows > start) & (rows <= start + batch.num_rows)] - start - 1
            start += batch.num_rows
            if len(within):
                taken = pa.Table.from_batches([batch]).take(pa.array(within))
                found.append(pa.table({n: as_text(taken.column(i)) for i, n in enumerate(self.names)}))
        return pa.concat_tables(found)


def _unreadable(path: Path, error: BaseException) -> RefusedFile:
    return RefusedFile(
        f"{path} cannot be read as Parquet ({str(error).splitlines()[0][:200]}).",
        "It may be half written or damaged: export or copy it again.",
    )


def open_source(path: Path, *, delimiter: str | None = None) -> Source:
    """Open a CSV (.csv, .txt, .tsv, also .gz) or Parquet (.parquet, .pq) file; raises ``RefusedFile``."""
    from workbench.telemetry.readers.csv import CsvSource

    if path.suffix.lower() in SPREADSHEETS:
        existing_file(path)
        raise RefusedFile(
            f"{path} is a spreadsheet.", "Save it as CSV (UTF-8) in your spreadsheet program, one sheet per file."
        )
    if path.suffix.lower() in {".parquet", ".pq"}:
        return ParquetSource(path)
    return CsvSource(path, delimiter=delimiter)


def is_text(kind: pa.DataType) -> bool:
    """Say whether an Arrow type holds text."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def encode(column: pa.ChunkedArray) -> tuple[np.ndarray, list[str | None]]:
    """Return codes (int32, -1 for null) and the words they stand for."""
    if not is_text(column.type):
        column = as_text(column)
    coded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column)
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.unify_dictionaries().combine_chunks()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.chunk(0) if coded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    codes = coded.indices
    if codes.null_count:
        codes = codes.fill_null(-1)
    return codes.to_numpy(zero_copy_only=False).astype(np.int32, copy=False), coded.dictionary.to_pylist()
