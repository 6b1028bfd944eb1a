"""What records that own a file in ``models/`` share: the file's row, and its content checked before anybody parses it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from workbench.errors import CorruptArtifact
from workbench.store import tables
from workbench.store.artifacts import Artifacts
from workbench.store.database import Database

from .base import BodyRepository, T


class ArtefactRepository(BodyRepository[T]):
    """Objects of which each may own one file, named by the sha256 of its content."""

    def __init__(self, database: Database, artifacts: Artifacts) -> None:
        super().__init__(database)
        self._artifacts = artifacts

    def _record_artifact(self, session: Session, sha256: str, extension: str, size: int, at: datetime) -> None:
        table = tables.artefacts
        path = self._artifacts.name(sha256, extension)
        if session.scalar(select(table.c.sha256).where(table.c.sha256 == sha256)) is None:
            session.execute(insert(table).values(sha256=sha256, path=path, size=size, created_at=at))
        else:
            session.execute(update(table).where(table.c.sha256 == sha256).values(path=path))

    def _content(self, sha256: str | None, owner: str) -> bytes:
        """Return the content of a file; raises ``CorruptArtifact`` when ``owner`` has none, or it was changed."""
        with self._database.reading() as session:
            path = session.scalar(select(tables.artefacts.c.path).where(tables.artefacts.c.sha256 == sha256))
        if path is None or sha256 is None:
            raise CorruptArtifact(f"{owner} has no file in the records.", "Train again.")
        return self._artifacts.load(str(path), sha256)
