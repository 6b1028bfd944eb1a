"""Records of synthetic data: synthesizers through their training, their files, and sets with what they are worth."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workbench.domain.synthesis import EpochLoss, QualityFigure, QualityReport, SequenceColumns, SynthesisSettings
from workbench.domain.synthetic_sets import (
    SetKind,
    SynthesizerRecord,
    SynthesizerState,
    SyntheticFile,
    SyntheticSet,
)
from workbench.errors import CorruptArtifact, NotFound
from workbench.store.artifacts import Artifacts
from workbench.store.records import EventLog, Synthesizers, SyntheticSets

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = SequenceColumns(unit="unit", order="cycle", remaining_life="rul", continuous=("a",))
FILE = SyntheticFile(
    path="data/synthetic/s/seed.parquet",
    rows=1000,
    units=5,
    size=10,
    sha256="a" * 64,
    seed=0,
    made_s=0.1,
    written_s=0.1,
)


def record(**changes):
    values = {
        "synthesizer_id": "one",
        "scope": "pump_01",
        "state": SynthesizerState.RUNNING,
        "machines": ("pump_01",),
        "learned_from": ("seed-1",),
        "columns": COLUMNS,
        "settings": SynthesisSettings(),
        "units": 5,
        "rows": 1000,
        "started_at": NOW,
    }
    return SynthesizerRecord(**{**values, **changes})


def seed_set(set_id="seed-1", **changes):
    values = {
        "set_id": set_id, "kind": SetKind.SEED, "scope": "pump_01", "machines": ("pump_01",), "created_at": NOW,
        "columns": COLUMNS, "files": {"seed": FILE}, "seed": 0, "step_h": 8.0,
    }  # fmt: skip
    return SyntheticSet(**{**values, **changes})


@pytest.fixture
def synthesizers(database, tmp_path):
    return Synthesizers(database, Artifacts(tmp_path / "models"))


def test_a_training_is_followed_from_its_begin_to_its_file(database, synthesizers, change):
    synthesizers.begin(record(), change)
    noted = record(fraction=0.5, message="epoch 150 of 300", losses=(EpochLoss(epoch=1, loss=2.0),))
    synthesizers.note(noted)
    assert synthesizers.get("one") == noted
    done = synthesizers.complete(noted.model_copy(update={"fraction": 1.0}), b"weights", change)
    assert (done.state, len(done.artifact_sha256)) == (SynthesizerState.COMPLETED, 64)
    assert synthesizers.payload("one") == b"weights"
    log = EventLog(database).entries("synthesizer", "one")
    # How far it is comes every few seconds and is no matter for the log.
    assert [entry.action for entry in reversed(log)] == ["added", "completed"]


def test_one_that_failed_says_so_and_may_begin_again(database, synthesizers, change):
    synthesizers.begin(record(), change)
    synthesizers.end(record(state=SynthesizerState.FAILED, error="no memory"), change)
    assert synthesizers.get("one").error == "no memory"
    with pytest.raises(CorruptArtifact, match="has no file"):
        synthesizers.payload("one")
    synthesizers.begin(record(), change)
    log = EventLog(database).entries("synthesizer", "one")
    assert [entry.action for entry in reversed(log)] == ["added", "failed", "training"]


def test_a_changed_file_is_not_read(synthesizers, change, tmp_path):
    synthesizers.begin(record(), change)
    synthesizers.complete(record(), b"weights", change)
    (file,) = (tmp_path / "models").iterdir()
    file.write_bytes(b"others")
    with pytest.raises(CorruptArtifact, match="was changed"):
        synthesizers.payload("one")


def test_sets_are_found_by_kind_and_machine_and_keep_their_judgement(database, change):
    sets = SyntheticSets(database)
    sets.put(seed_set(), change)
    sets.put(seed_set("seed-2", scope="fan_01", machines=("fan_01",)), change)
    sets.put(seed_set("made", kind=SetKind.GENERATED, synthesizer_id="one"), change)
    assert [one.set_id for one in sets.of_kind(SetKind.SEED, "pump_01")] == ["seed-1"]
    assert {one.set_id for one in sets.of_kind(SetKind.SEED)} == {"seed-1", "seed-2"}
    quality = QualityReport(
        figures=(QualityFigure(name="quality", value=0.9, verdict="close"),),
        trustworthy=True,
        verdict="good",
        units=5,
        rows=9,
    )
    assert sets.judge("made", quality, NOW, change).quality == quality
    assert sets.get("made").judged_at == NOW
    assert sets.get("made").simulated
    with pytest.raises(NotFound, match="seed-1"):
        sets.get("seed-3")
