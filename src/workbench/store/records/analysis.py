"""What was found out: predictions, what they mean, the models behind them, and the reports that show them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from workbench.domain.base import Change
from workbench.domain.predictions import ModelVersion, Prediction
from workbench.domain.work import AnalyticsPackage, ReportRecord
from workbench.errors import CorruptArtifact, InputError
from workbench.store import tables
from workbench.store.artifacts import Artifacts
from workbench.store.database import Database

from .base import BodyRepository, Journal


class Predictions(Journal[Prediction]):
    """Every prediction ever made."""

    table, model, entity = tables.predictions, Prediction, "prediction"
    newest_first = ("as_of", "recorded_at")

    def latest(self, until: datetime | None = None) -> dict[str, Prediction]:
        """Return the newest prediction of every machine that has one, none as of later than ``until``."""
        where = [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            return self._latest_by_machine(session, *where)

    def history(self, machine_id: str, limit: int = 100) -> list[Prediction]:
        """Return the machine's predictions, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.machine_id == machine_id, limit=limit)


class Packages(Journal[AnalyticsPackage]):
    """What predictions mean in money, downtime and action."""

    table, model, entity = tables.analytics_packages, AnalyticsPackage, "analytics_package"
    newest_first = ("as_of", "recorded_at")

    def for_prediction(self, prediction_id: str) -> AnalyticsPackage | None:
        """Return the newest package of a prediction, or None."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.prediction_id == prediction_id, limit=1)
        return found[0] if found else None

    def latest(self, until: datetime | None = None) -> dict[str, AnalyticsPackage]:
        """Return the newest package of every machine that has one, none as of later than ``until``."""
        where = [] if until is None else [self.table.c.as_of <= until]
        with self._database.reading() as session:
            return self._latest_by_machine(session, *where)


class Reports(Journal[ReportRecord]):
    """Reports that were made."""

    table, model, entity = tables.reports, ReportRecord, "report"
    newest_first = ("created_at",)


class Models(BodyRepository[ModelVersion]):
    """The model registry: versions, which of them are used, and their files."""

    table, model, entity = tables.model_versions, ModelVersion, "model_version"
    newest_first = ("created_at",)

    def __init__(self, database: Database, artifacts: Artifacts) -> None:
        super().__init__(database)
        self._artifacts = artifacts

    def register(
        self, version: ModelVersion, payload: bytes, change: Change, *, extension: str = "skops"
    ) -> ModelVersion:
        """Store a model's file and record its version, not active yet; the version id again changes nothing."""
        with self._database.reading() as session:
            known = self._find(session, version.version_id)
        if known is not None:
            return known
        sha256 = self._artifacts.store(payload, extension)
        registered = version.model_copy(update={"artifact_sha256": sha256, "active": False})
        with self._database.writing() as session:
            known = self._find(session, version.version_id)
            if known is not None:
                return known
            self._record_artifact(session, sha256, extension, len(payload), change.at)
            self._add(session, registered, change)
        return registered

    def activate(self, version_id: str, change: Change) -> None:
        """Use this version from now on, in place of the one of the same task and scope.

        Raises:
            InputError: the version was refused by a gate.
            NotFound: there is no such version.
        """
        with self._database.writing() as session:
            chosen = self._need(session, version_id, lock=True)
            if chosen.refused:
                raise InputError(
                    f"Model version {version_id!r} was refused: {'; '.join(chosen.refused)}.",
                    "Train on more data, or activate another version.",
                )
            same = (self.table.c.task == chosen.task.value) & (self.table.c.scope == chosen.scope)
            # The old one goes first: only one may be active at any moment.
            for version in self._select(session, same, tables.IS_ACTIVE):
                if version.version_id != version_id:
                    self._put(session, version.model_copy(update={"active": False}), change, "deactivated")
            self._put(session, chosen.model_copy(update={"active": True}), change, "activated")

    def active(self) -> list[ModelVersion]:
        """Return the versions in use, at most one for each task and scope."""
        with self._database.reading() as session:
            found = self._select(session, tables.IS_ACTIVE)
        return sorted(found, key=lambda version: (version.task, version.scope))

    def payload(self, version_id: str) -> bytes:
        """Return the model's bytes after checking them against their sha256.

        Raises:
            CorruptArtifact: the file is missing or was changed.
            NotFound: there is no such version.
        """
        with self._database.reading() as session:
            sha256 = self._need(session, version_id).artifact_sha256
            path = session.scalar(select(tables.artefacts.c.path).where(tables.artefacts.c.sha256 == sha256))
        if path is None:
            raise CorruptArtifact(f"Model version {version_id!r} has no file in the records.", "Train again.")
        return self._artifacts.load(str(path), sha256)

    def intact(self, version_id: str) -> bool:
        """Say whether the model's file is there and unchanged; raises ``NotFound`` for an unknown version."""
        try:
            self.payload(version_id)
        except CorruptArtifact:
            return False
        return True

    def _record_artifact(self, session: Session, sha256: str, extension: str, size: int, at: datetime) -> None:
        table = tables.artefacts
        path = self._artifacts.name(sha256, extension)
        if session.scalar(select(table.c.sha256).where(table.c.sha256 == sha256)) is None:
            session.execute(insert(table).values(sha256=sha256, path=path, size=size, created_at=at))
        else:
            session.execute(update(table).where(table.c.sha256 == sha256).values(path=path))
