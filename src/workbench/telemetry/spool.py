"""Holds checked pieces until a file is read whole: in memory while they are few, else in one file of the staging folder."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from workbench.telemetry.blocks import Piece
from workbench.telemetry.segments import write_all

TIME, ROW = "__time", "__row"
STRETCH = 65_536


@dataclass(frozen=True)
class _Stored:
    offset: int
    length: int
    nbytes: int
    first: int
    last: int


class Spool:
    """Pieces by machine and month. Beyond ``memory_limit`` bytes they go to a file; None keeps all in memory."""

    def __init__(self, folder: Path, *, memory_limit: int | None) -> None:
        self.folder = folder
        self.memory_limit = memory_limit
        self._waiting: dict[tuple[str, str], list[Piece]] = defaultdict(list)
        self._stored: dict[tuple[str, str], list[_Stored]] = defaultdict(list)
        self._held = 0
        self._file: io.FileIO | None = None
        self._path = folder / "spool.arrow"

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)

    def add(self, piece: Piece) -> None:
        """Take a piece."""
        self._waiting[piece.machine_id, piece.month].append(piece)
        if self.memory_limit is not None:
            self._held += piece.nbytes
            if self._held > self.memory_limit:
                self._flush()

    def months(self) -> list[tuple[str, str]]:
        """Return the machines and months there are, ascending."""
        return sorted({*self._waiting, *self._stored})

    def nbytes(self, key: tuple[str, str]) -> int:
        """Return about how much memory the readings of a machine and month take."""
        return sum(s.nbytes for s in self._stored.get(key, ())) + sum(p.nbytes for p in self._waiting.get(key, ()))

    def span(self, key: tuple[str, str]) -> tuple[int, int]:
        """Return the first and last time of a machine and month."""
        spans = [(s.first, s.last) for s in self._stored.get(key, ())]
        spans += [(int(p.times[0]), int(p.times[-1])) for p in self._waiting.get(key, ())]
        return min(first for first, _ in spans), max(last for _, last in spans)

    def load(self, key: tuple[str, str], first: int, last: int) -> list[Piece]:
        """Return the pieces' parts with times from ``first`` to ``last``, both included, in the order of the file."""
        cut = (_cut(piece, first, last) for piece in self._all(key, first, last))
        return [piece for piece in cut if len(piece.times)]

    def _all(self, key: tuple[str, str], first: int, last: int) -> Iterator[Piece]:
        for stored in self._stored.get(key, ()):
            if stored.first <= last and stored.last >= first:
                yield self._read(key, stored)
        yield from self._waiting.get(key, ())

    def _flush(self) -> None:
        if self._file is None:
            self._file = self._path.open("w+b", buffering=0)
        for key in list(self._waiting):
            pieces = self._waiting.pop(key)
            table = pa.concat_tables([_as_table(piece) for piece in pieces])
            times = table.column(TIME).to_numpy()
            if (np.diff(times) < 0).any():
                order = np.argsort(times, kind="stable")
                table, times = table.take(pa.array(order)), times[order]
            # Short stretches of time, so that a span can be read without the rest of its month.
            for start in range(0, len(times), STRETCH):
                part = table.slice(start, STRETCH)
                self._store(key, part, int(times[start]), int(times[start + part.num_rows - 1]))
        self._held = 0
        pa.default_memory_pool().release_unused()

    def _store(self, key: tuple[str, str], part: pa.Table, first: int, last: int) -> None:
        assert self._file is not None  # noqa: S101 - opened before anything is stored
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, part.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(part)
        payload = sink.getvalue()
        offset = self._file.seek(0, os.SEEK_END)
        write_all(self._file, payload)
        self._stored[key].append(_Stored(offset, payload.size, part.nbytes, first, last))

    def _read(self, key: tuple[str, str], stored: _Stored) -> Piece:
        assert self._file is not None  # noqa: S101 - something was stored in it
        payload = os.pread(self._file.fileno(), stored.length, stored.offset)
        table = pa.ipc.open_stream(payload).read_all()
        return Piece(*key, table.column(TIME).to_numpy(), table.drop_columns([TIME, ROW]), table.column(ROW).to_numpy())


def _as_table(piece: Piece) -> pa.Table:
    return piece.values.append_column(TIME, pa.array(piece.times)).append_column(ROW, pa.array(piece.rows))


def _cut(piece: Piece, first: int, last: int) -> Piece:
    start, end = np.searchsorted(piece.times, [first, last + 1])
    if start == 0 and end == len(piece.times):
        return piece
    # A copy: a slice would hold the whole piece in memory.
    values = piece.values.take(pa.array(np.arange(start, end)))
    return Piece(piece.machine_id, piece.month, piece.times[start:end].copy(), values, piece.rows[start:end].copy())
