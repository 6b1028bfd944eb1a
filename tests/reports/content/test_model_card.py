"""What a model card says: figures with intervals, calibration, confusion, error by life, limits, drift, its own life."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup

import workbench
from workbench.domain.models import (
    CalibrationBin,
    CalibrationCurve,
    Confusion,
    DriftLevel,
    DriftReport,
    Figure,
    LifeError,
    ModelEvaluation,
    SensorDrift,
)
from workbench.domain.predictions import ModelVersion, Task
from workbench.errors import WorkbenchError
from workbench.reports import content, model_dossier
from workbench.workspace import Workspace

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"
SHOWN = (
    content.model_headline,
    content.model_cards,
    content.model_limits,
    content.model_figures,
    content.model_calibration,
    content.model_confusion,
    content.model_life_errors,
    content.model_importance,
    content.model_training,
    content.model_drift,
    content.model_history,
)


def version(task: Task = Task.HEALTH, **changes: object) -> ModelVersion:
    values: dict[str, object] = {
        "version_id": f"{task}-1",
        "task": task,
        "scope": "fleet",
        "created_at": AS_OF,
        "as_of": AS_OF,
        "data_hash": "e" * 64,
        "seed": 0,
        "split": "units",
        "units": 26,
        "failures": 61,
        "metrics": {"f1": 0.8},
        "parameters": {"iterations": 60},
    }
    return ModelVersion(**{**values, **changes})


def evaluation(task: Task = Task.HEALTH, **changes: object) -> ModelEvaluation:
    bins = tuple(CalibrationBin(stated=p, observed=p**2, rows=100) for p in (0.05, 0.2, 0.6))
    health = {
        "figures": (
            Figure(name="brier_skill_critical", value=0.41, lower=0.3, upper=0.52),
            Figure(name="ece_critical", value=0.031, lower=0.02, upper=0.05),
            Figure(name="brier_skill_degrading", value=-0.02, lower=-0.1, upper=-0.001),
        ),
        "alarms": "An alarm is counted above 20 %.",
        "base_rates": {"critical": 0.021},
        "calibration": (CalibrationCurve(question="failure within the critical horizon", bins=bins),),
        "confusion": Confusion(labels=("Healthy", "Critical"), counts=((90, 10), (5, 20))),
    }
    rul = {
        "figures": (Figure(name="mae", value=140.2, lower=120, upper=165),),
        "error_by_life": (
            LifeError(start=0, end=100, rows=50, mae=20, bias=12),
            LifeError(start=720, end=720, rows=80, mae=90, bias=-90),
        ),
        "life_unit": "operating_h",
    }
    values: dict[str, object] = {
        "version_id": f"{task}-1",
        "task": task,
        "scope": "fleet",
        "split": "units",
        "folds": 5,
        "rows": 300,
        "machine_types": {"pump": 20, "fan": 6},
        "training_s": 12.3,
        "inference_ms": 0.4,
        "checks": ("no column encodes a label",),
        "limits": ("Learned from 26 machines.",),
        **{Task.HEALTH: health, Task.RUL: rul}.get(task, {"figures": ()}),
    }
    return ModelEvaluation(**{**values, **changes})


DRIFTED = DriftReport(
    drift_id="d1",
    version_id="health-1",
    task=Task.HEALTH,
    scope="fleet",
    as_of=AS_OF,
    start=datetime(2025, 12, 2, tzinfo=UTC),
    machines=26,
    rows=9000,
    enough=True,
    sensors=(
        SensorDrift(
            sensor="temperature", feature="temperature_hi_mean24", level=DriftLevel.MARKED, psi=0.6, usual_psi=0.1,
            ks=0.3, p_value=0.0001, machines=("machine_001",), note="44 % of the readings lie in the top 10 % of training",
        ),
    ),
    note="1 of 1 inputs have moved: temperature (marked)",
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path):
    with Workspace.init(tmp_path / "ws", settings={"name": "North plant", "as_of": AS_OF.isoformat()}) as ws:
        yield ws


def kept(ws: Workspace, task: Task = Task.HEALTH, **changes: object) -> str:
    """Record a version with its evaluation; returns its id."""
    change = ws.change("trained")
    one = ws.models.register(version(task, **changes), b"model", change)
    ws.evaluations.add(evaluation(task), change)
    return one.version_id


def words(ws: Workspace, version_id: str) -> str:
    model = model_dossier(ws, version_id)
    parts = [content.model_header(model, title="Model card"), *(show(model) for show in SHOWN)]
    soup = BeautifulSoup("".join(part.html for part in parts), "html.parser")
    assert soup.find("script") is None
    return " ".join(soup.get_text(" ").replace("\u00a0", " ").split())


def test_the_card_of_a_health_model_says_how_good_it_is_and_how_sure_that_is(workspace):
    version_id = kept(workspace)
    workspace.models.activate(version_id, workspace.change("meets its gates"))
    workspace.drift_reports.add(DRIFTED, workspace.change("drift watched"))
    said = words(workspace, version_id)
    assert "Model card: Health state" in said
    assert "active: its answers are shown and acted on" in said
    assert "26 machines with 61 failures; judged on held-out machines (none on both sides)" in said
    assert "Better than the base rate, beyond chance, on the critical horizon." in said
    assert "0.410 Brier skill, critical horizon 95 % interval 0.300 to 0.520" in said
    assert "calibration error 0.031 (0.020 to 0.050) none: a rate is answered" in said
    assert "An alarm is counted above 20 %." in said
    assert "base rate 2 %" in said
    assert "stated 5 %, observed <" in said
    assert "Healthy 90 10 90 % Critical 5 20 80 %" in said
    assert "88 % right" in said
    assert "no column encodes a label" in said
    assert "44 % of the readings lie in the top 10 % of training machine_001" in said
    assert "meets its gates" in said


def test_the_card_of_a_life_model_tells_the_error_near_the_end_apart(workspace):
    said = words(workspace, kept(workspace, Task.RUL, simulated=True))
    assert "misses the true life left by 140 operating h" in said
    assert "0 to 100 50 20 +12" in said
    assert "720 or more 80 90 −90" in said
    assert "Trained on simulated machines" in said
    assert "registered, not in use" in said


def test_a_detector_judged_on_stretches_of_the_same_machines_does_not_speak_of_other_machines(workspace):
    found = {"alarm_episodes_per_machine_month": 0.4}
    version_id = kept(workspace, Task.ANOMALY, split="blocks", units=3, metrics=found)
    said = words(workspace, version_id)
    assert "judged on held-out stretches of the same machines' records, since there are few machines" in said
    assert "Figures on held-out stretches of records" in said
    assert "held-out machines" not in said


def test_a_refused_version_without_evaluation_says_both(workspace):
    bare = version(refused=(f"no skill {HOSTILE}",), version_id="bare")
    workspace.models.register(bare, b"model", workspace.change("trained"))
    said = words(workspace, "bare")
    assert "Gate not met: no skill <script>" in said
    assert "No evaluation is recorded" in said
    assert "refused: a gate is not met" in said


def test_the_notebook_runs_from_parameters_to_page(workspace):
    record = workbench.report(workspace, "model_card", {"version": kept(workspace)}, formats=("html",))
    soup = BeautifulSoup((workspace.path / record.outputs["html"]).read_text(encoding="utf-8"), "html.parser")
    assert [heading.text.rstrip("¶") for heading in soup.select("h2")][:4] == [
        "Limits of use", "Figures", "Calibration", "Confusion matrix",
    ]  # fmt: skip
    assert record.data_hash == "e" * 64
    assert record.model_versions == {"health/fleet": "health-1"}
    assert len(soup.select("svg")) == 1
    with pytest.raises(WorkbenchError, match="No model version is named"):
        workbench.report(workspace, "model_card", {}, formats=("html",))
