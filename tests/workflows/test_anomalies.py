"""Past anomalies of a machine, by the active model or the machine's own, in Python and on the command line."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from click.testing import Result
from typer.testing import CliRunner

import workbench
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.domain.predictions import Task
from workbench.errors import InputError, NotFound
from workbench.workflows.score import predict_one

from .conftest import END, SILENT, TRAINED

MACHINE = "gearbox_sew_mc_016"


def test_episodes_over_the_past_by_the_active_model(plant):
    found = workbench.anomalies(plant, MACHINE)
    active = {v.version_id for v in plant.models.active() if v.task is Task.ANOMALY}
    assert found.model_version in active
    assert found.evidence.enough
    assert found.end == END
    assert found.judged > 1000
    assert found.episodes, "a gearbox wears out twice in half a year"
    for episode in found.episodes:
        assert found.start <= episode.start <= episode.peak_at <= episode.end <= found.end
        assert episode.peak_score > found.threshold
        assert episode.sensors
    assert all(b.start - a.end >= timedelta(hours=24) for a, b in zip(found.episodes, found.episodes[1:], strict=False))


def test_a_part_of_the_past_holds_the_alarms_of_that_part(plant):
    whole = workbench.anomalies(plant, MACHINE)
    longest = max(whole.episodes, key=lambda one: one.alarms)
    part = workbench.anomalies(plant, MACHINE, longest.start, longest.end)
    assert part.episodes[0].start == longest.start
    assert part.episodes[-1].end == longest.end
    assert sum(one.alarms for one in part.episodes) == longest.alarms
    assert workbench.anomalies(plant, MACHINE, longest.end, END + timedelta(days=9)).end == END


def test_the_last_row_is_judged_as_the_prediction_judges_it(plant):
    said = predict_one(plant, MACHINE).anomaly
    found = workbench.anomalies(plant, MACHINE, END - timedelta(hours=1))
    assert bool(found.episodes) == said.is_anomaly
    assert found.threshold == said.threshold


def test_without_a_model_the_machine_is_compared_with_its_own_first_readings(plant):
    found = workbench.anomalies(plant, MACHINE, as_of=TRAINED - timedelta(days=1))
    assert (found.detector, found.model_version) == ("own", "")
    assert found.evidence.enough
    assert found.end == TRAINED - timedelta(days=1)


def test_a_machine_without_readings_is_told_as_such(plant):
    found = workbench.anomalies(plant, SILENT)
    assert not found.evidence.enough
    assert found.threshold is None
    assert found.episodes == ()


def test_bad_times_and_unknown_machines_are_refused(plant):
    with pytest.raises(InputError, match="no time zone"):
        workbench.anomalies(plant, MACHINE, datetime(2025, 12, 1))  # noqa: DTZ001
    with pytest.raises(InputError, match="not before the end"):
        workbench.anomalies(plant, MACHINE, END + timedelta(days=1))
    with pytest.raises(NotFound, match="no machine 'nobody'"):
        workbench.anomalies(plant, "nobody")


def test_on_the_command_line(plant):
    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["-w", str(plant.path), "anomalies", *words])

    shown = run(MACHINE)
    assert shown.exit_code == 0
    assert "judged by the active model (fleet)" in shown.stdout
    assert "severity" in shown.stdout
    told = json.loads(run(MACHINE, "--start", "2025-08-01", "--json").stdout)
    assert told["start"] == "2025-08-01T00:00:00Z"
    assert set(told["episodes"][0]) >= {"start", "end", "severity", "peak_score", "sensors"}
    assert "not enough evidence" in run(SILENT).stdout
    refused = run(MACHINE, "--start", "yesterday").exception
    assert isinstance(refused, InputError)
    assert "is no time" in str(refused)


def test_a_machine_without_a_model_alarms_by_the_budget_of_its_workspace(plant):
    early = TRAINED - timedelta(days=1)
    usual = predict_one(plant, MACHINE, as_of=early)
    plant.settings = plant.settings.model_copy(update={"alarm_budget_per_machine_month": 30.0})
    generous = predict_one(plant, MACHINE, as_of=early)
    assert generous.anomaly.threshold < usual.anomaly.threshold
    assert generous.prediction_id != usual.prediction_id, "another budget is another answer"
    assert workbench.anomalies(plant, MACHINE, as_of=early).threshold == generous.anomaly.threshold
