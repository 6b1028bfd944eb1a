"""The model registry: versions, their files and evaluations, what challengers said, and how inputs drift."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.domain.base import Change
from workbench.domain.models import DriftReport, ModelEvaluation, ShadowPrediction
from workbench.domain.predictions import ModelVersion, Task
from workbench.errors import CorruptArtifact, InputError
from workbench.store import tables

from .artefacts import ArtefactRepository
from .base import Journal, T

ACTIVATED = "activated"


class Evaluations(Journal[ModelEvaluation]):
    """How good each version is on what it never saw; one document for each version."""

    table, model, entity = tables.model_evaluations, ModelEvaluation, "model_evaluation"


class VersionJournal(Journal[T]):
    """What happens to a model version as time goes on."""

    newest_first = ("as_of", "recorded_at")

    def of_version(self, version_id: str) -> list[T]:
        """Return what is recorded of a version, newest first."""
        with self._database.reading() as session:
            return self._select(session, self.table.c.version_id == version_id)


class ShadowPredictions(VersionJournal[ShadowPrediction]):
    """What challengers would have said."""

    table, model, entity = tables.shadow_predictions, ShadowPrediction, "shadow_prediction"


class DriftReports(VersionJournal[DriftReport]):
    """How far inputs have moved from training."""

    table, model, entity = tables.drift_reports, DriftReport, "drift_report"


class Models(ArtefactRepository[ModelVersion]):
    """The model registry: versions, which of them are used, and their files."""

    table, model, entity = tables.model_versions, ModelVersion, "model_version"
    newest_first = ("created_at",)

    def register(
        self, version: ModelVersion, payload: bytes, change: Change, *, extension: str = "skops"
    ) -> ModelVersion:
        """Store a model's file and record its version, not active yet; the version id again changes nothing."""
        with self._database.reading() as session:
            known = self._find(session, version.version_id)
        if known is not None:
            return known
        sha256 = self._artifacts.store(payload, extension)
        registered = version.model_copy(update={"artifact_sha256": sha256, "active": False, "shadow": False})
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
            chosen, others = self._with_others(session, version_id)
            if chosen.refused:
                raise InputError(
                    f"Model version {version_id!r} was refused: {'; '.join(chosen.refused)}.",
                    "Train on more data, or activate another version.",
                )
            # The old one goes first: only one may be active at any moment.
            for version in others:
                if version.active:
                    self._put(session, version.model_copy(update={"active": False}), change, "deactivated")
            used = chosen.model_copy(update={"active": True, "shadow": False})
            self._put(session, used, change, ACTIVATED)

    def cast_shadow(self, version_id: str, change: Change) -> None:
        """Let this version answer in the shadow of the active one, in place of another challenger of its task and scope.

        Raises:
            InputError: the version is the active one.
            NotFound: there is no such version.
        """
        with self._database.writing() as session:
            chosen, others = self._with_others(session, version_id)
            if chosen.active:
                raise InputError(
                    f"Model version {version_id!r} is the active one.", "Only another version can be its challenger."
                )
            for version in others:
                if version.shadow:
                    self._put(session, version.model_copy(update={"shadow": False}), change, "out of the shadow")
            self._put(session, chosen.model_copy(update={"shadow": True}), change, "into the shadow")

    def end_shadow(self, version_id: str, change: Change) -> None:
        """Stop the challenger from answering; nothing happens to one that does not."""
        with self._database.writing() as session:
            chosen = self._need(session, version_id, lock=True)
            self._put(session, chosen.model_copy(update={"shadow": False}), change, "out of the shadow")

    def challengers(self) -> list[ModelVersion]:
        """Return the versions that answer in the shadow, at most one for each task and scope."""
        with self._database.reading() as session:
            found = self._select(session, tables.IS_SHADOW)
        return sorted(found, key=lambda version: (version.task, version.scope))

    def activations(self, task: Task, scope: str) -> list[str]:
        """Return the ids of the versions of this task and scope in the order in which they were activated, from the log."""
        log = tables.event_log
        own = select(self.table.c.version_id).where(self.table.c.task == task.value, self.table.c.scope == scope)
        query = select(log.c.key).where(log.c.entity == self.entity, log.c.action == ACTIVATED, log.c.key.in_(own))
        with self._database.reading() as session:
            return [str(key) for key in session.scalars(query.order_by(log.c.number))]

    def _with_others(self, session: Session, version_id: str) -> tuple[ModelVersion, list[ModelVersion]]:
        """Return a version and the others of its task and scope, all locked: of two who choose at once one waits."""
        known = self._need(session, version_id)
        mine = (self.table.c.task == known.task.value) & (self.table.c.scope == known.scope)
        self._select(session, mine, lock=True)
        # Read after the wait: versions that were added meanwhile are among them.
        found = self._select(session, mine)
        chosen = next(version for version in found if version.version_id == version_id)
        return chosen, [version for version in found if version is not chosen]

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
        return self._content(self.get(version_id).artifact_sha256, f"Model version {version_id!r}")

    def intact(self, version_id: str) -> bool:
        """Say whether the model's file is there and unchanged; raises ``NotFound`` for an unknown version."""
        try:
            self.payload(version_id)
        except CorruptArtifact:
            return False
        return True
