"""A full-text index in a SQLite file of its own (FTS5, BM25) that is made anew whenever it is missing, stale or damaged."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path

from .faults import environment_failure, file_faults

# Changed when the layout of the file changes; an older file is then made anew.
VERSION = 1
MOST_WORDS = 40
# Words so common that they cost time and tell nothing.
_STOP = frozenset(
    {"a", "an", "and", "at", "by", "der", "die", "das", "den", "des", "ein", "eine", "for", "from", "im", "in", "is", "it", "mit", "not", "of", "on",
     "or", "the", "to", "und", "von", "was", "with", "zu"}
)  # fmt: skip
_WORD = re.compile(r'"([^"]*)"|([^\W_]+)')
# What is in the title and the remedy tells more than the name of the machine.
_WEIGHTS = {"text": 1.0, "remedy": 1.0, "component": 0.7, "code": 0.7, "asset": 0.3}


@dataclass(frozen=True)
class Entry:
    """What is found under ``key``."""

    key: str
    text: str
    remedy: str = ""
    component: str = ""
    code: str = ""
    asset: str = ""


@dataclass(frozen=True)
class Hit:
    """An entry found; the greater the score (BM25), the better."""

    key: str
    score: float


COLUMNS = tuple(field.name for field in fields(Entry) if field.name != "key")


def words_of(text: str) -> list[str]:
    """Return the words and quoted phrases of what a person typed, each once; common ones only when there are no others.

    >>> words_of('the "oil leak" at pump-7 NEAR(x*')
    ['oil leak', 'pump', '7', 'near', 'x']
    """
    found: dict[str, None] = {}
    for phrase, word in _WORD.findall(unicodedata.normalize("NFC", text)):
        piece = " ".join(re.findall(r"[^\W_]+", phrase)) if phrase else word
        if piece:
            found[piece.lower()] = None
    telling = [word for word in found if word not in _STOP]
    return (telling or list(found))[:MOST_WORDS]


def match_expression(text: str, columns: Sequence[str] = ()) -> str:
    """Return an FTS5 query that finds any word of ``text``, whatever it holds; empty when it holds no word.

    >>> match_expression('seal " OR 1')
    '"seal" OR "1"'
    """
    words = words_of(text)
    if not words:
        return ""
    matched = " OR ".join(f'"{word}"' for word in words)
    return f"{{{' '.join(columns)}}} : ({matched})" if columns else matched


class TextIndex:
    """Entries searched by their words; the records remain what is true, the file may be deleted at any time."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def refresh(self, state: str, entries: Callable[[], Iterable[Entry]], *, stemmed: bool = True) -> bool:
        """Make the index anew from ``entries`` unless it was made for ``state``; return whether it was.

        ``stemmed`` cuts English endings off, so that leaks is found by leaking.

        Raises:
            EnvironmentFailure: the file cannot be written (disk full, read-only).
        """
        if self._state() == f"{VERSION}:{state}":
            return False
        with file_faults(self.file):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            part = self.file.with_name(f".{self.file.name}.{uuid.uuid4().hex}.part")
            try:
                with _said(part), closing(sqlite3.connect(part)) as connection:
                    _fill(connection, f"{VERSION}:{state}", entries(), stemmed=stemmed)
                # Others go on reading the old file until they open it again.
                part.replace(self.file)
            finally:
                with suppress(FileNotFoundError):
                    part.unlink()
        return True

    def search(self, text: str, *, limit: int = 50, columns: Sequence[str] = ()) -> list[Hit]:
        """Return the entries that hold any word of ``text``, best first; words in double quotes belong together.

        ``columns`` narrows the search to some of ``COLUMNS``. No syntax of the search engine is understood in ``text``.

        Raises:
            sqlite3.DatabaseError: the file is damaged; ``forget`` it and make it anew.
        """
        expression = match_expression(text, columns)
        if not expression:
            return []
        weights = ", ".join(["0.0", *(str(_WEIGHTS[name]) for name in COLUMNS)])
        query = (
            f"SELECT key, -bm25(entries, {weights}) FROM entries WHERE entries MATCH ?"
            f" ORDER BY bm25(entries, {weights}), rowid LIMIT ?"
        )
        with closing(self._connect()) as connection:
            return [Hit(key, score) for key, score in connection.execute(query, (expression, limit))]

    def forget(self) -> None:
        """Delete the file; the next refresh makes it anew."""
        with file_faults(self.file):
            self.file.unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.file.absolute().as_uri()}?mode=ro", uri=True)

    def _state(self) -> str | None:
        """Return the state that the file was made for; None when it is missing or cannot be read as an index."""
        try:
            with closing(self._connect()) as connection:
                row = connection.execute("SELECT state FROM made_for").fetchone()
        except sqlite3.DatabaseError:
            return None
        return str(row[0]) if row else None


@contextmanager
def _said(file: Path) -> Iterator[None]:
    """Say in words what disk or permission kept the index from being made."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        failure = environment_failure(error, str(file))
        if failure is None:
            raise
        raise failure from error


def _fill(connection: sqlite3.Connection, state: str, entries: Iterable[Entry], *, stemmed: bool) -> None:
    # Not synced: after a crash the file lacks its state and is made again.
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    with connection:
        connection.execute(
            f"CREATE VIRTUAL TABLE entries USING fts5(key UNINDEXED, {', '.join(COLUMNS)},"
            f" tokenize = '{'porter ' if stemmed else ''}unicode61 remove_diacritics 2')"
        )
        places = ", ".join("?" * (len(COLUMNS) + 1))
        connection.executemany(
            f"INSERT INTO entries VALUES ({places})",
            (
                (entry.key, *(unicodedata.normalize("NFC", getattr(entry, name)) for name in COLUMNS))
                for entry in entries
            ),
        )
        connection.execute("INSERT INTO entries(entries) VALUES ('optimize')")
        connection.execute("CREATE TABLE made_for (state TEXT NOT NULL)")
        connection.execute("INSERT INTO made_for VALUES (?)", (state,))
