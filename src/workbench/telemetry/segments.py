"""Writes immutable Parquet segments through a staging folder, and keeps other writers out meanwhile."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import EnvironmentFailure
from workbench.store.files import make_folder
from workbench.store.records import SegmentRow
from workbench.telemetry.blocks import TIME_TYPE
from workbench.telemetry.readers.times import Micros

TELEMETRY, QUARANTINE = "telemetry", "quarantine"
ROW_GROUP = 131_072
SAMPLE = 4096
SYNCS = 16
LOCK_WAIT_S = 60.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(micros: int) -> datetime:
    """Return UTC microseconds as a time.

    >>> instant(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=int(micros))


def micros(time_: datetime) -> int:
    """Return an aware time as UTC microseconds."""
    return (time_ - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Staged:
    """A segment that is written in the staging folder, but not yet in its place."""

    part: Path
    row: SegmentRow


def encode_segment(machine_id: str, times: Micros, values: pa.Table) -> pa.Buffer:
    """Return the Parquet bytes of readings: ``machine_id``, ``time`` (us, UTC), then the columns of ``values``."""
    import pyarrow.parquet as pq

    names = values.column_names
    machine = pa.DictionaryArray.from_arrays(np.zeros(len(times), np.int8), [machine_id])
    table = pa.table(
        {
            "machine_id": machine,
            "time": pa.array(times).cast(TIME_TYPE),
            **{name: values.column(name) for name in names},
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=["machine_id", *(name for name in names if _repeats(values.column(name)))],
        column_encoding={"time": "DELTA_BINARY_PACKED"},
    )
    return sink.getvalue()


def _repeats(values: pa.ChunkedArray) -> bool:
    """Say whether values come again and again, as rounded ones do: then a dictionary is smaller and quicker."""
    if values.type == pa.string():
        return True
    sample = values.slice(0, SAMPLE)
    # In a small segment the dictionary's own page costs more than it saves.
    return len(sample) >= SAMPLE // 4 and bool(pc.count_distinct(sample).as_py() < 0.75 * len(sample))


def write_part(path: Path, payload: pa.Buffer | bytes) -> None:
    """Write a new file of the staging folder; it is synced when it is placed."""
    with path.open("xb", buffering=0) as stream:
        write_all(stream, payload)


def write_all(stream: io.RawIOBase, payload: pa.Buffer | bytes) -> None:
    """Write to an unbuffered stream; a write may be short when the disk fills, and the next one raises ENOSPC."""
    view = memoryview(payload)
    while len(view):
        view = view[stream.write(view) or 0 :]


def stage(staging: Path, machine_id: str, month: str, times: Micros, values: pa.Table, batch_id: str) -> Staged:
    """Write the segment of these readings into ``staging``."""
    payload = encode_segment(machine_id, times, values)
    sha256 = hashlib.sha256(payload).hexdigest()
    part = staging / f"{sha256}.{uuid.uuid4().hex[:8]}"
    write_part(part, payload)
    path = f"{TELEMETRY}/{machine_id}/{month}/{sha256}.parquet"
    first, last = instant(times[0]), instant(times[-1])
    return Staged(part, SegmentRow(machine_id, month, path, sha256, len(times), first, last, batch_id))


class Placement:
    """Moves staged files to their places; takes back what it moved unless told to keep it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._moved: list[Path] = []
        self._made: list[Path] = []

    def place(self, staged: Iterable[tuple[Path, str]]) -> None:
        """Move each file to its path relative to the root, and sync files and folders: contents and names last."""
        placed: set[Path] = set()
        for part, relative in staged:
            target = self.root / relative
            self._make(target.parent)
            if not target.exists():
                self._moved.append(target)
            part.replace(target)
            placed |= {target, target.parent, target.parent.parent}
        sync(placed)

    def undo(self) -> None:
        """Remove what was placed, and the folders made for it."""
        for path in self._moved:
            path.unlink(missing_ok=True)
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()

    def _make(self, folder: Path) -> None:
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            self._made.append(path)


@contextmanager
def placed(root: Path, staged: Iterable[tuple[Path, str]]) -> Iterator[None]:
    """Put staged files in their places under ``root`` and run the block that records them; take them back if it fails."""
    make_folder(root)
    placement = Placement(root)
    try:
        placement.place(staged)
        yield
    except BaseException:
        placement.undo()
        raise


def sync(paths: Iterable[Path]) -> None:
    """Make files and folders durable; many at a time, since the disk joins syncs that come together."""

    def one(path: Path) -> None:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    with ThreadPoolExecutor(max_workers=SYNCS) as pool:
        list(pool.map(one, paths))


@contextmanager
def sole_writer(root: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold the archive's lock; raises ``EnvironmentFailure`` when another process holds it for ``wait_s``."""
    folder = root / TELEMETRY
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as lock:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise EnvironmentFailure(
                        f"The telemetry archive {folder} is being written by another process.",
                        "Wait until it has finished, then try again.",
                    ) from error
                time.sleep(0.05)
        yield


@contextmanager
def staging_folder(root: Path) -> Iterator[Path]:
    """Yield an empty folder on the archive's disk that is removed afterwards."""
    staging = root / TELEMETRY / ".staging" / uuid.uuid4().hex
    try:
        staging.mkdir(parents=True)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):
            staging.parent.rmdir()


def sweep(root: Path, known: set[str], quarantines: set[str]) -> int:
    """Remove segments, quarantine files and staging folders that no record names; return how many files went."""
    removed = 0
    archive = root / TELEMETRY
    for path in [*archive.glob("*/*/*.parquet"), *(root / QUARANTINE).glob("*.parquet")]:
        relative = path.relative_to(root).as_posix()
        if path.parts[-3] == ".staging" or relative in known or relative in quarantines:
            continue
        path.unlink(missing_ok=True)
        removed += 1
        for folder in (path.parent, path.parent.parent):
            if folder not in (root, archive, root / QUARANTINE):
                with suppress(OSError):
                    folder.rmdir()
    staging = archive / ".staging"
    if staging.exists():
        removed += sum(1 for path in staging.rglob("*") if path.is_file())
        shutil.rmtree(staging, ignore_errors=True)
    return removed
