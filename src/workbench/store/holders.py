"""Names the process that holds the write lock of the records, so that people know whom they wait for."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

# Bytes that SQLite locks for a writer: in the shared memory of a database in WAL mode, else in the file itself.
_WRITER_IN_SHARED_MEMORY = "120"
_WRITER_IN_FILE = "1073741825"
_LONGEST_COMMAND = 120


def sqlite_holder(file: Path) -> str:
    """Return which process writes to ``file`` now, such as ``workbench ingest a.csv (process 71)``, or ``""``.

    Linux tells it in ``/proc``; elsewhere nobody is named. The file itself is not opened: closing it would
    drop the locks that this process holds on it.
    """
    try:
        wanted = {(str(file.stat().st_ino), _WRITER_IN_FILE)}
        memory = Path(f"{file}-shm")
        if memory.exists():
            wanted.add((str(memory.stat().st_ino), _WRITER_IN_SHARED_MEMORY))
        for line in Path("/proc/locks").read_text(encoding="utf8").splitlines():
            words = line.split()
            # 3: POSIX ADVISORY WRITE 71 fe:00:2205154 120 120; one that waits has an arrow for its second word.
            if len(words) == 8 and words[3] == "WRITE" and (words[5].rpartition(":")[2], words[6]) in wanted:
                return _named(words[4])
    except OSError:
        return ""
    return ""


def _named(process: str) -> str:
    """Return the process with its command line, which its owner has ended or hidden when it cannot be read."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        command = ""
    short = command if len(command) <= _LONGEST_COMMAND else f"{command[:_LONGEST_COMMAND]}..."
    return f"{short} (process {process})" if short else f"process {process}"


def server_holder(engine: Engine) -> str:
    """Return the PostgreSQL session whose transaction in this database is open longest, or ``""``."""
    query = text(
        "SELECT pid, coalesce(nullif(application_name, ''), 'unnamed') AS name, coalesce(client_addr::text, 'local') AS place "
        "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_xid IS NOT NULL ORDER BY xact_start LIMIT 1"
    )
    try:
        with engine.connect() as connection:
            found = connection.execute(query).one_or_none()
    except DBAPIError:
        return ""
    return f"{found.name} at {found.place} (server process {found.pid})" if found else ""
