"""Explaining predictions and models of a workspace: kept in the records, shown in reports and on the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import workbench
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.domain.predictions import Task
from workbench.errors import InputError, NotEnoughData, NotFound
from workbench.reports import content, machine_dossier
from workbench.workflows.score import predict_one

from .conftest import SILENT, TRAINED

MACHINE = "gearbox_sew_mc_016"


def test_explanations_are_kept_with_the_prediction_and_read_back(explaining, plant):
    found = workbench.explain(plant, MACHINE)
    said = predict_one(plant, MACHINE)
    assert plant.predictions.find(said.prediction_id) is not None
    assert plant.explanations.of_prediction(said.prediction_id) == found
    health = plant.explanations.of_prediction(said.prediction_id, Task.HEALTH)
    assert [one.rank for one in health] == list(range(len(health)))
    answers = [one.answer for one in health]
    assert said.health_probabilities[3] == pytest.approx(answers[0], abs=1e-6)
    versions = {one.task.value: one.version_id for one in found}
    assert versions.items() <= said.model_versions.items()
    assert workbench.explain(plant, MACHINE) == found
    assert len(plant.explanations.all()) == len(found), "the same again is kept once"


def test_the_fleet_is_explained_and_the_silent_are_named(explaining, plant):
    fleet = workbench.explain_fleet(plant, task="anomaly")
    assert {one.machine_id for one in fleet.explanations} == set(plant.machines.ids()) - {SILENT}
    assert "anomaly" in fleet.skipped[SILENT]
    with pytest.raises(NotEnoughData, match=SILENT):
        workbench.explain(plant, SILENT)


def test_a_model_is_explained_and_kept(explaining, plant):
    found = workbench.explain_global(plant, "health", rows=32)
    assert plant.model_explanations.of_model(found[0].version_id) == found
    assert found[0].machines == 8


def test_what_is_asked_wrongly_is_refused(explaining, plant):
    with pytest.raises(InputError, match="no task 'helth'"):
        workbench.explain(plant, MACHINE, task="helth")
    with pytest.raises(InputError, match=r"for 'type:boat' is in use"):
        workbench.explain_global(plant, "health", scope="type:boat")
    with pytest.raises(InputError, match="No health model is in use"):
        workbench.explain_global(plant, "health", as_of=TRAINED.replace(year=2024))
    with pytest.raises(NotFound, match="no machine 'nobody'"):
        workbench.explain(plant, "nobody")


def test_the_machine_report_draws_what_is_stored(explaining, plant):
    workbench.predict(plant, [MACHINE])
    assert "Why: failure" not in str(content.machine_reasons(machine_dossier(plant, MACHINE, 30)))
    workbench.explain(plant, MACHINE)
    assert "Why: failure within" in str(content.machine_reasons(machine_dossier(plant, MACHINE, 30)))


def test_on_the_command_line(explaining, plant):
    def run(*words: str):
        return CliRunner().invoke(app, ["-w", str(plant.path), "explain", *words])

    shown = run(MACHINE, "--task", "health")
    assert shown.exit_code == 0
    assert "after calibration" in shown.stdout
    assert "By sensor:" in shown.stdout
    told = json.loads(run(MACHINE, "--task", "anomaly", "--json").stdout)["explanations"]
    assert {one["task"] for one in told} == {"anomaly"}
    assert "readings of 8 machines" in run("--global", "health").stdout
    assert isinstance(run().exception, InputError)
    assert isinstance(run(MACHINE, "--global", "health").exception, InputError)


@pytest.mark.slow
def test_a_script_that_closes_nothing_ends_without_a_word(explaining, deep, plant):
    lines = (
        "import workbench",
        f"ws = workbench.open({str(plant.path)!r})",
        f"ws.telemetry.read({MACHINE!r})",
        "import torch, shap",
    )
    ended = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_what_is_shown_in_a_notebook_cell_is_no_wall_of_figures(explaining, plant):
    (explained,) = workbench.explain(plant, MACHINE, task="anomaly")
    assert explained.machine_id in repr(explained)
    assert "features=" not in repr(explained)
    assert "features=" not in repr(plant.models.active()[0])
