"""CSV files of any size, read in blocks as text so that no value is lost before it is judged."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TextIO, cast

import numpy as np
import pyarrow as pa

from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog, Rows
from workbench.telemetry.readers.sources import RawBlock, existing_file, hash_file

DELIMITERS = (",", ";", "\t", "|")
SNIFFED = 1 << 16
_WITH_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+([eE][+-]?\d+)?")
_WITH_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")


class CsvSource:
    """A delimited text file with a header line; encoding, delimiter and decimal comma are found from its start."""

    reread = True
    block_bytes = 8 << 20

    def __init__(self, path: Path, *, delimiter: str | None = None) -> None:
        self.path = existing_file(path)
        self.name = path.name
        try:
            with self._bytes() as stream:
                head = stream.read(SNIFFED)
        except (OSError, EOFError) as error:
            raise self._unreadable(error) from error
        if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise RefusedFile(f"{path} is not a text file.", "Give a CSV or Parquet file.")
        self.encoding, text = _decode(head)
        lines = [line for line in text.splitlines() if line.strip()]
        if not lines:
            raise RefusedFile(f"{path} is empty.", "Export it again.")
        self.delimiter = delimiter or max(DELIMITERS, key=lines[0].count)
        self.decimal = decimal_mark(lines[1:], self.delimiter)
        self._broken: dict[int, str] = {}
        reader = self._open()
        self.names: list[str] = list(reader.schema.names)
        if len(set(self.names)) != len(self.names):
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise RefusedFile(f"{path}: column {twice[0]!r} is there twice.", "Give each column its own name.")

    def sha256(self) -> str:
        """Hash of the file's bytes."""
        return hash_file(self.path)

    def _open(self) -> pa.RecordBatchReader:
        from pyarrow import csv

        def broken(row: csv.InvalidRow) -> str:
            if row.number is not None:
                self._broken[row.number] = f"has {row.actual_columns} fields, not {row.expected_columns}"
            return "skip"

        self._broken.clear()
        names = self._header()
        try:
            return csv.open_csv(
                self.path,
                read_options=csv.ReadOptions(block_size=self.block_bytes, encoding=self.encoding, use_threads=False),
                parse_options=csv.ParseOptions(delimiter=self.delimiter, invalid_row_handler=broken),
                convert_options=csv.ConvertOptions(
                    column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""]
                ),
            )
        except (pa.ArrowInvalid, OSError) as error:
            raise self._unreadable(error) from error

    def _bytes(self) -> IO[bytes]:
        if self.path.suffix.lower() == ".gz":
            return cast(IO[bytes], gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _text(self) -> TextIO:
        encoding = "utf-8-sig" if self.encoding == "utf8" else self.encoding
        return io.TextIOWrapper(self._bytes(), encoding=encoding, errors="replace", newline="")

    def _header(self) -> list[str]:
        import csv as text_csv

        with self._text() as stream:
            for fields in text_csv.reader(stream, delimiter=self.delimiter):
                if fields:
                    return fields
        return []

    def _batches(self) -> Iterator[tuple[pa.RecordBatch, Rows]]:
        """Yield batches with their row numbers; broken rows keep their number but are left out."""
        reader = self._open()
        after = 0
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (pa.ArrowInvalid, OSError) as error:
                raise self._unreadable(error) from error
            # The reader counts lines with the header as 1; data rows count from 1.
            skipped = np.sort(np.fromiter(self._broken, np.int64, len(self._broken))) - 1
            rows = _numbers_after(after, batch.num_rows, skipped)
            if len(rows):
                after = int(rows[-1])
                yield batch, rows

    def blocks(self, faults: FaultLog) -> Iterator[RawBlock]:
        """Yield the file's rows in blocks of about 8 MB."""
        size = max(self.path.stat().st_size, 1)
        seen = 0
        for batch, rows in self._batches():
            seen += batch.nbytes
            yield RawBlock(pa.Table.from_batches([batch]), rows, min(1.0, seen / size))
        if seen == 0 and not self._broken:
            raise RefusedFile(f"{self.path}: there is a header but no rows.", "Export it again.")
        for number, reason in self._broken.items():
            faults.add([number - 1], f"row {reason}")

    def originals(self, rows: Rows) -> pa.Table:
        """Return rows as text; a row that is broken in structure comes back whole in the first column."""
        found: list[pa.Table] = []
        numbers: list[Rows] = []
        for batch, at in self._batches():
            within = np.isin(at, rows)
            if within.any():
                found.append(pa.Table.from_batches([batch]).filter(pa.array(within)))
                numbers.append(at[within])
        broken = sorted({number - 1 for number in self._broken} & set(rows.tolist()))
        if broken:
            lines = self._lines(broken)
            columns = [pa.array(lines, pa.string()), *(pa.nulls(len(lines), pa.string()) for _ in self.names[1:])]
            found.append(pa.table(dict(zip(self.names, columns, strict=True))))
            numbers.append(np.array(broken, np.int64))
        order = np.argsort(np.concatenate(numbers), kind="stable")
        return pa.concat_tables(found).take(pa.array(order))

    def _lines(self, numbers: list[int]) -> list[str]:
        wanted = set(numbers)
        found: dict[int, str] = {}
        with self._text() as stream:
            row = -1
            for line in stream:
                row += 1 if line.strip() else 0
                if row in wanted:
                    found[row] = line.rstrip("\r\n")
        return [found.get(number, "") for number in numbers]

    def _unreadable(self, error: BaseException) -> RefusedFile:
        return RefusedFile(
            f"{self.path} cannot be read as CSV ({str(error).splitlines()[0][:200]}).",
            "Check the delimiter, the encoding (UTF-8) and that the file is complete.",
        )


def decimal_mark(lines: Sequence[str], delimiter: str) -> str:
    """Return the decimal mark of most numbers in ``lines``; dates and clocks are no numbers.

    >>> decimal_mark(["01.01.2025 01:00;57,04;1480"], ";"), decimal_mark(["2025-01-01;5.5;x,1"], ";")
    (',', '.')
    """
    if delimiter == ",":
        return "."
    cells = [cell.strip().strip('"').strip() for line in lines for cell in line.split(delimiter)]
    commas = sum(_WITH_COMMA.fullmatch(cell) is not None for cell in cells)
    points = sum(_WITH_POINT.fullmatch(cell) is not None for cell in cells)
    return "," if commas > points else "."


def _numbers_after(after: int, count: int, skipped: Rows) -> Rows:
    """Return the next ``count`` numbers greater than ``after`` that are not in ``skipped`` (ascending)."""
    skipped = skipped[skipped > after]
    if not len(skipped):
        return np.arange(after + 1, after + 1 + count)
    candidates = np.arange(after + 1, after + 1 + count + len(skipped))
    return candidates[~np.isin(candidates, skipped)][:count]


def _decode(head: bytes) -> tuple[str, str]:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf16", head.decode("utf-16", errors="ignore")
    try:
        # A cut inside a character at the end of the sample is no fault.
        return "utf8", head[: -4 if len(head) == SNIFFED else None].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) == SNIFFED and error.start >= len(head) - 8:
            return "utf8", head[: error.start].decode("utf-8-sig")
        return "latin-1", head.decode("latin-1")
