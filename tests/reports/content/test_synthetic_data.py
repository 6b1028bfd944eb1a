"""What the report on a synthetic set says: verdicts first, then how it looks beside the seed data, and what it is not for."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import workbench
from workbench.domain.equipment import MachineProfile, Quantity, Sensor
from workbench.domain.synthesis import (
    EpochLoss,
    QualityFigure,
    QualityReport,
    SequenceColumns,
    SynthesisCondition,
    SynthesisSettings,
)
from workbench.domain.synthetic_sets import SetKind, SynthesizerRecord, SynthesizerState, SyntheticSet
from workbench.errors import CorruptArtifact, WorkbenchError
from workbench.reports import content, synthetic_dossier
from workbench.workflows.synthesis.sets import write_part
from workbench.workspace import Workspace

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"
MACHINE = "pump_one"
COLUMNS = SequenceColumns(
    unit="unit", order="operating_h", remaining_life="remaining_life_h", continuous=("bearing_temp_C",),
    categorical=("failure_mode",), conditions=("failure_mode",),
)  # fmt: skip
SHOWN = (
    content.synthetic_headline,
    content.synthetic_cards,
    content.synthetic_figures,
    content.synthetic_uses,
    content.synthetic_files,
    content.synthetic_distributions,
    content.synthetic_sequences,
    content.synthetic_memory,
    content.loss_chart,
    content.synthetic_training,
)


def lives(seed: int, *, mode: str = "bearing_wear") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    left = np.tile(np.arange(29.0, -1.0, -1.0), 6)
    return pd.DataFrame(
        {
            "unit": np.repeat([f"u{n}" for n in range(6)], 30),
            "operating_h": np.tile(np.arange(1.0, 31.0), 6),
            "remaining_life_h": left,
            "bearing_temp_C": 70 - left + rng.normal(0, 1, left.size),
            "failure_mode": mode,
        }
    )


def quality(*, trustworthy: bool = True) -> QualityReport:
    figures = (
        QualityFigure(
            name="closer_to_train", value=0.52, low=0.5, high=0.54, reference=0.5, bar="at most 0.55", passed=trustworthy,
            verdict="about half, as it should be",
        ),
        QualityFigure(
            name="autocorrelation_distance", value=0.07, bar="at most 0.05", passed=False if trustworthy else None,
            verdict=f"the course in time is lost {HOSTILE}",
        ),
        QualityFigure(name="augmentation", value=None, verdict="too few lives to say"),
    )  # fmt: skip
    verdict = "of limited use: autocorrelation_distance missed what is asked." if trustworthy else "Refused: copies."
    return QualityReport(figures=figures, trustworthy=trustworthy, verdict=verdict, units=6, rows=180)


@pytest.fixture
def workspace(tmp_path):
    sensor = Sensor(
        name="bearing_temp_C", title="Bearing temperature", quantity=Quantity.TEMPERATURE, unit="degC", normal_low=20,
        normal_high=70, physical_low=-40, physical_high=200,
    )  # fmt: skip
    profile = MachineProfile(
        machine_id=MACHINE, machine_type="pump", title="Pump <one>", manufacturer="m", model="m", site_id="main_site",
        sensors=(sensor,),
    )  # fmt: skip
    with Workspace.init(tmp_path / "ws", settings={"name": "North plant", "as_of": AS_OF.isoformat()}) as ws:
        ws.machines.add(profile, ws.change("test"))
        keep(ws, "seed-1", {"seed": lives(0)}, kind=SetKind.SEED, failure_mode="bearing_wear")
        yield ws


def keep(ws: Workspace, set_id: str, parts: dict[str, pd.DataFrame], **fields: object) -> None:
    files = {
        part: write_part(ws, set_id, part, lambda frame=frame: frame, unit="unit", seed=n)[0]
        for n, (part, frame) in enumerate(parts.items())
    }
    values = {
        "set_id": set_id, "scope": MACHINE, "machines": (MACHINE,), "created_at": AS_OF, "columns": COLUMNS, "files": files,
        "seed": 0, "step_h": 1.0,
    }  # fmt: skip
    ws.synthetic_sets.put(SyntheticSet(**{**values, **fields}), ws.change("test"))


def generated(ws: Workspace, **fields: object) -> str:
    """Record a synthesizer and a set that it generated; returns the set's id."""
    record = SynthesizerRecord(
        synthesizer_id="maker", scope=MACHINE, state=SynthesizerState.COMPLETED, machines=(MACHINE,), learned_from=("seed-1",),
        columns=COLUMNS, settings=SynthesisSettings(), units=6, rows=180, started_at=AS_OF, training_s=12.3,
        losses=tuple(EpochLoss(epoch=n, loss=1 / n, validation_loss=1.1 / n) for n in range(1, 61)),
    )  # fmt: skip
    ws.synthesizers.begin(record, ws.change("test"))
    parts = {"train": lives(1), "validation": lives(2), "test": lives(3)}
    keep(ws, "made-1", parts, **{"kind": SetKind.GENERATED, "synthesizer_id": "maker", **fields})
    return "made-1"


def words(ws: Workspace, set_id: str) -> str:
    data = synthetic_dossier(ws, set_id)
    parts = [content.synthetic_header(data, title="Synthetic data"), *(show(data) for show in SHOWN)]
    soup = BeautifulSoup("".join(part.html for part in parts), "html.parser")
    assert soup.find("script") is None
    return " ".join(soup.get_text(" ").replace("\u00a0", " ").split())


def test_every_figure_has_its_verdict_what_is_asked_and_what_fresh_lives_reach(workspace):
    said = words(workspace, generated(workspace, quality=quality()))
    assert "Synthetic data: Pump <one> Simulated data" in said
    assert "540 rows in 18 lives that no machine lived." in said
    assert "of limited use: “Autocorrelation distance” missed what is asked." in said
    assert "0.520 (0.500 to 0.540) 0.500 at most 0.55 met about half, as it should be" in said
    assert "0.070 at most 0.05 missed the course in time is lost <script>" in said
    assert "not measured no bar reported too few lives to say" in said


def test_a_copy_counts_for_nothing(workspace):
    said = words(workspace, generated(workspace, quality=quality(trustworthy=False)))
    assert "Refused: copies. Do not use it." in said
    assert "0.070 at most 0.05 does not count" in said


def test_it_says_what_it_is_not_for_and_that_all_of_it_is_simulated(workspace):
    said = words(workspace, generated(workspace))
    assert "It is not judged yet" in said
    assert "Not for gates" in said
    assert "Not for labels or stock" in said
    assert "lives of the machine's twin: simulated, too" in said


def test_the_charts_set_it_beside_the_seed_data_in_words_too(workspace):
    said = words(workspace, generated(workspace))
    assert "Bearing temperature (°C): 9" in said
    assert "Seed data: median" in said
    assert "6 lives, each drawn to its failure" in said
    assert "Bearing temperature: autocorrelation" in said
    assert "Loss 1 after the first epoch, 0.0167 after 60. Lowest of lives kept aside 0.0183 at epoch 60." in said
    assert "Epochs 60 of 300, ended early" in said
    assert "No two parts share a life or a seed" in said


def test_a_set_by_condition_is_set_beside_the_rows_that_meet_it(workspace):
    condition = SynthesisCondition(remaining_life=(0, 10), conditions={"failure_mode": "bearing_wear"})
    set_id = generated(workspace, condition=condition)
    assert synthetic_dossier(workspace, set_id).seed["remaining_life_h"].max() == 10
    assert "bearing wear, last 10 h; one row every 1 operating h" in words(workspace, set_id)


def test_seed_data_are_shown_alone(workspace):
    said = words(workspace, "seed-1")
    assert "seed data from the twin" in said
    assert "bearing wear; one row" in said
    assert "Seed data are not judged" in said
    assert "alike" not in said.replace("spread alike", "")


def test_a_changed_file_is_not_shown(workspace):
    (workspace.path / workspace.synthetic_sets.get("seed-1").files["seed"].path).write_bytes(b"other")
    with pytest.raises(CorruptArtifact, match="was changed"):
        synthetic_dossier(workspace, "seed-1")


def test_the_notebook_runs_from_parameters_to_page(workspace):
    set_id = generated(workspace, quality=quality())
    record = workbench.report(workspace, "synthetic_data", {"set_id": set_id}, formats=("html",))
    soup = BeautifulSoup((workspace.path / record.outputs["html"]).read_text(encoding="utf-8"), "html.parser")
    assert [heading.text.rstrip("¶") for heading in soup.select("h2")] == [
        "What it is worth", "What it is for", "Files", "Distributions", "Lives to the failure", "Memory in time", "Training",
    ]  # fmt: skip
    assert len(soup.select("svg")) == 4
    with pytest.raises(WorkbenchError, match="No synthetic set is named"):
        workbench.report(workspace, "synthetic_data", {}, formats=("html",))
