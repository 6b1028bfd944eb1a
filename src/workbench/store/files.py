"""Writes files so that a reader sees either the old content or the whole new one."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from .faults import file_faults


def write_atomically(path: Path, payload: bytes) -> None:
    """Write ``payload`` to ``path``: a synced file beside it takes its place in one move.

    The folder is made if it is missing. After a failure the old file stands and nothing else is left.

    Raises:
        EnvironmentFailure: disk full, read-only, or no permission.
    """
    with file_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex}.part")
        try:
            with part.open("xb") as file:
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            with suppress(FileNotFoundError):
                part.unlink()
            raise


def make_folder(path: Path) -> None:
    """Make the folder ``path`` and those above it; raises ``EnvironmentFailure`` when that cannot be done."""
    with file_faults(path):
        path.mkdir(parents=True, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    # Without this the new name may be lost in a power failure although the content is safe.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
