"""Forecasts of a machine's sensors: kept in the records, honest about what is missing, also on the command line."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from typer.testing import CliRunner

import workbench
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.domain.forecasts import on_ratio_scale
from workbench.errors import InputError, NotFound
from workbench.workspace import Workspace

from .conftest import END, FEW, SILENT

MACHINE = "gearbox_sew_mc_016"
QUICK = ("boosting",)


@pytest.fixture(scope="module")
def plant(trained_plant, tmp_path_factory):
    path = tmp_path_factory.mktemp("forecast") / "W"
    shutil.copytree(trained_plant, path)
    with Workspace.open(path) as ws:
        yield ws


@pytest.fixture(scope="module")
def made(plant):
    return workbench.forecast(plant, MACHINE, horizon_h=24, models=QUICK)


def test_a_day_ahead_of_the_main_sensor(plant, made):
    assert made.evidence.enough
    assert made.as_of == END
    assert len(made.median) == len(made.times) == 24
    assert made.times[0] - made.origin == timedelta(hours=1)
    assert all(low <= mid <= high for low, mid, high in zip(made.lower, made.median, made.upper, strict=True))
    assert {score.model for score in made.scores} == {"boosting", "yesterday", "last_week", "last_value"}
    assert made.score.mae == min(score.mae for score in made.scores)
    assert (made.score.mape is None) == (not on_ratio_scale(made.unit))


def test_the_same_question_is_answered_from_the_records(plant, made):
    again = workbench.forecast(plant, MACHINE, horizon_h=24, models=QUICK)
    assert again == made
    assert plant.forecasts.latest(MACHINE)[made.sensor] == made
    assert plant.forecasts.latest(MACHINE, END - timedelta(hours=1)) == {}
    assert workbench.forecast_fleet(plant, [MACHINE], horizon_h=24, models=QUICK) == [made]


def test_a_later_question_on_the_same_readings_is_answered_from_the_records(plant, made):
    later = workbench.forecast(plant, MACHINE, horizon_h=24, as_of=END + timedelta(hours=2), models=QUICK)
    assert later == made
    old = workbench.forecast(plant, MACHINE, horizon_h=24, as_of=END + timedelta(hours=60), models=QUICK)
    assert not old.evidence.enough
    assert "the last reading is 60 h old" in old.evidence.in_words()


def test_a_fleet_is_forecast_side_by_side_in_the_order_asked_for(plant):
    told = []
    machines = [SILENT, MACHINE, FEW[0]]
    fleet = workbench.forecast_fleet(
        plant, machines, horizon_h=24, models=["linear"], progress=lambda done, machine: told.append((done, machine))
    )
    assert [one.machine_id for one in fleet] == machines
    assert [one.evidence.enough for one in fleet] == [False, True, True]
    assert told == [(1 / 3, SILENT), (2 / 3, MACHINE), (1.0, FEW[0])]
    assert workbench.forecast_fleet(plant, machines, horizon_h=24, models=["linear"]) == fleet


def test_a_fleet_that_is_stopped_returns_what_was_begun(plant):
    stopped = workbench.forecast_fleet(plant, FEW, horizon_h=48, models=["linear"], should_stop=lambda: True)
    assert [one.machine_id for one in stopped] == list(FEW[: len(stopped)])
    assert stopped


def test_too_short_a_past_says_what_is_missing(plant):
    first = plant.telemetry.span(MACHINE)[0]
    early = workbench.forecast(plant, MACHINE, horizon_h=24, as_of=first + timedelta(days=5), models=QUICK)
    assert not early.evidence.enough
    assert "days of readings needed" in early.evidence.in_words()
    assert early.median == ()


def test_wrong_questions_are_refused(plant):
    with pytest.raises(NotFound, match="Its sensors:"):
        workbench.forecast(plant, MACHINE, "no_such_sensor")
    with pytest.raises(NotFound):
        workbench.forecast(plant, "no_such_machine")
    with pytest.raises(InputError, match="horizon_h"):
        workbench.forecast(plant, MACHINE, horizon_h=0)
    with pytest.raises(InputError, match="boosting, linear, theta, prophet"):
        workbench.forecast(plant, MACHINE, horizon_h=24, models=["arima"])


def test_the_command_says_the_same(plant, made):
    told = CliRunner().invoke(
        app, ["-w", str(plant.path), "forecast", MACHINE, "--days", "1", "--model", "boosting", "--json"]
    )
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["median"] == list(made.median)
    shown = CliRunner().invoke(app, ["-w", str(plant.path), "forecast", MACHINE, "--days", "1", "--model", "boosting"])
    assert made.score.model.replace("_", " ") in shown.stdout
    assert "95 %" in shown.stdout
