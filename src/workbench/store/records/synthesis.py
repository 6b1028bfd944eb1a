"""Synthetic data: the synthesizers with their files and the state of their training, and the sets that were made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from workbench.domain.base import Change
from workbench.domain.synthesis import QualityReport
from workbench.domain.synthetic_sets import SetKind, SynthesizerRecord, SynthesizerState, SyntheticSet
from workbench.store import tables

from .artefacts import ArtefactRepository
from .base import Directory

# Weights as safetensors, the rest as JSON.
EXTENSION = "tvae"


class Synthesizers(ArtefactRepository[SynthesizerRecord]):
    """Synthesizers, the newest first."""

    table, model, entity = tables.synthesizers, SynthesizerRecord, "synthesizer"
    newest_first = ("recorded_at",)

    def begin(self, record: SynthesizerRecord, change: Change) -> None:
        """Record that the training of a synthesizer begins, or goes on after it failed or was cancelled."""
        with self._database.writing() as session:
            self._put(session, record, change, "training")

    def note(self, record: SynthesizerRecord) -> None:
        """Note how far a training is; this alone is kept without a row in the event log."""
        values = {"body": record.model_dump_json()}
        with self._database.writing() as session:
            session.execute(update(self.table).where(self._key == record.synthesizer_id).values(values))

    def end(self, record: SynthesizerRecord, change: Change) -> None:
        """Record that a training failed or was cancelled."""
        with self._database.writing() as session:
            self._put(session, record, change, record.state.value)

    def complete(self, record: SynthesizerRecord, payload: bytes | None, change: Change) -> SynthesizerRecord:
        """Store a trained synthesizer's file (None: it is refitted when it is needed), record it, and return the record."""
        sha256 = None if payload is None else self._artifacts.store(payload, EXTENSION)
        done = record.model_copy(update={"state": SynthesizerState.COMPLETED, "artifact_sha256": sha256})
        with self._database.writing() as session:
            if sha256 is not None and payload is not None:
                self._record_artifact(session, sha256, EXTENSION, len(payload), change.at)
            self._put(session, done, change, done.state.value)
        return done

    def payload(self, synthesizer_id: str) -> bytes:
        """Return a synthesizer's bytes after checking them against their sha256.

        Raises:
            CorruptArtifact: it has no file, or the file is missing or was changed.
            NotFound: there is no such synthesizer.
        """
        return self._content(self.get(synthesizer_id).artifact_sha256, f"Synthesizer {synthesizer_id!r}")


class SyntheticSets(Directory[SyntheticSet]):
    """Sets of seed data and of generated data, the newest first."""

    table, model, entity = tables.synthetic_sets, SyntheticSet, "synthetic_set"
    newest_first = ("recorded_at",)

    def of_kind(self, kind: SetKind, scope: str | None = None) -> list[SyntheticSet]:
        """Return the sets of one kind, of one machine (or ``fleet``) where ``scope`` is given, the newest first."""
        where = [self.table.c.kind == kind.value, *([] if scope is None else [self.table.c.scope == scope])]
        with self._database.reading() as session:
            return self._select(session, *where)

    def judge(self, set_id: str, quality: QualityReport, at: datetime, change: Change) -> SyntheticSet:
        """Record what a set is worth, in place of an older judgement, and return the set; raises ``NotFound``."""
        with self._database.writing() as session:
            judged = self._need(session, set_id, lock=True).model_copy(update={"quality": quality, "judged_at": at})
            self._put(session, judged, change, "judged")
            return judged
