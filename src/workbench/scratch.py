"""Temporary folders that are removed even if the process that made them was killed: by the next one that makes one."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path  # noqa: TID251 - a resource, below all others

OWNED = ".owned"
# A younger folder may be one whose owner has not locked it yet.
YOUNG_S = 60.0


@contextmanager
def scratch_folder(prefix: str) -> Iterator[Path]:
    """Yield a new temporary folder whose name begins with ``prefix``; those that dead processes left are removed."""
    _sweep(prefix)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (folder / OWNED).open("w") as owned:
            # The system lets go of it when the last process that holds it ends, however that happens.
            fcntl.flock(owned, fcntl.LOCK_EX)
            yield folder


def _sweep(prefix: str) -> None:
    for owned in Path(tempfile.gettempdir()).glob(f"{prefix}*/{OWNED}"):
        # Another user's, or removed meanwhile, is none of ours.
        with suppress(OSError):
            if time.time() - owned.stat().st_mtime > YOUNG_S:  # noqa: TID251 - the age of a file
                with owned.open("r+") as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(owned.parent, ignore_errors=True)
