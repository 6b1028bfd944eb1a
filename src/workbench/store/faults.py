"""Turns faults of disk, lock and permission into messages that say where they happened and what to do."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import EnvironmentFailure

_FULL = "Free some space there, then try again; nothing was left half-written."
_LOCKED = (
    "Wait until it has finished, or end it (look for another workbench command, worker or notebook), then try again."
)
READ_ONLY = "Make the file and its folder writable for this user, or copy the workspace to a disk that can be written."

_IS_LOCKED = "is locked by another process"

# Words of the driver's message: what is wrong, what to do.
_DATABASE_FAULTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("database is locked", "database table is locked", "lock timeout"), _IS_LOCKED, _LOCKED),
    (("database or disk is full", "No space left on device"), "cannot be written: the disk is full", _FULL),
    (("readonly database", "read-only transaction", "permission denied"), "is read-only", READ_ONLY),
    (
        ("unable to open database file",),
        "cannot be opened",
        "Check that the folder exists and that this user may write to it.",
    ),
    (("disk I/O error",), "cannot be read or written: disk I/O error", "Check the disk and the free space on it."),
    (
        ("no such table",),
        "holds no records: an empty file has taken its place",
        "End every workbench process of this workspace, then put the file back from a backup.",
    ),
    (
        ("file is not a database", "malformed"),
        "is damaged",
        "Put back the newest copy from data/backups/ or from your own backup.",
    ),
    (
        ("connection failed", "could not connect", "Connection refused", "server closed the connection", "timeout"),
        "cannot be reached",
        "Check that the server runs and that database_url in workbench.toml is right.",
    ),
)

_FILE_FAULTS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("cannot be written: the disk is full", _FULL),
    errno.EDQUOT: ("cannot be written: the disk quota is used up", _FULL),
    errno.EROFS: ("cannot be written: the file system is read-only", READ_ONLY),
    errno.EACCES: ("cannot be written: permission denied", READ_ONLY),
    errno.EPERM: ("cannot be written: permission denied", READ_ONLY),
}


def environment_failure(
    error: BaseException, place: str, holder: Callable[[], str] | None = None
) -> EnvironmentFailure | None:
    """Return what a database driver's ``error`` at ``place`` means for people, or None if it is no such fault.

    ``holder`` is asked who holds the lock when one is the reason.

    >>> import sqlite3
    >>> print(environment_failure(sqlite3.OperationalError("database is locked"), "w.db").what)
    w.db is locked by another process.
    """
    message = str(error)
    for words, what, remedy in _DATABASE_FAULTS:
        if any(word.lower() in message.lower() for word in words):
            known = holder() if holder is not None and what == _IS_LOCKED else ""
            return EnvironmentFailure(f"{place} {what}{f': {known}' if known else ''}.", remedy)
    return None


@contextmanager
def file_faults(path: Path) -> Iterator[None]:
    """Raise ``EnvironmentFailure`` for a full disk, a read-only file system or a lack of permission at ``path``."""
    try:
        yield
    except OSError as error:
        what, remedy = _FILE_FAULTS.get(
            error.errno or 0, (f"cannot be used: {error.strerror or error}", "Check the path and the disk.")
        )
        raise EnvironmentFailure(f"{path} {what}.", remedy) from error
