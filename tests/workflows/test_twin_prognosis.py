"""The twin of one machine as people use it: calibrated, synchronised, run into its future; only calibrations are recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from typer.testing import CliRunner

import workbench
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.domain.prognosis import Alternative
from workbench.errors import InputError, InvalidDocument, NotFound
from workbench.workflows.twin import read_alternatives

END = datetime(2026, 1, 1, tzinfo=UTC)
MOTOR, SILENT = "motor_siemens_1la7_001", "fan_greenheck_bisw_015"
QUICK = {"horizon_h": 300, "samples": 60}


@pytest.fixture(scope="module")
def plant(simulated_plant, tmp_path_factory):
    """Four months of the embedded fleet's first motor, and a fan that never reported."""
    with simulated_plant(tmp_path_factory.mktemp("twin") / "W", [MOTOR], SILENT, days=120) as ws:
        yield ws


@pytest.fixture(scope="module")
def calibration(plant):
    return workbench.calibrate_twin(plant, MOTOR)


def test_a_calibration_is_recorded_once_and_used(plant, calibration):
    assert calibration.evidence.enough
    assert calibration.hours > 48
    assert {"fouling.life_h", "bearing.strength"} <= set(calibration.unidentified)
    assert workbench.calibrate_twin(plant, MOTOR) == calibration
    assert plant.twin_calibrations.all() == [calibration]
    assert plant.twin_calibrations.latest(MOTOR, calibration.twin_hash) == calibration
    assert plant.twin_calibrations.latest(MOTOR, "another twin") is None
    assert plant.twin_calibrations.latest(MOTOR, calibration.twin_hash, END - timedelta(days=1)) is None
    assert [entry.action for entry in plant.log.entries("twin_calibration", calibration.calibration_id)] == ["added"]


def test_the_prognosis_rests_on_it_and_changes_nothing(plant, calibration):
    before = (plant.data_hash(), plant.orders.all(), plant.predictions.all(), len(plant.events.frame(MOTOR)))
    told = workbench.twin_prognosis(plant, MOTOR, **QUICK)
    assert told.calibration_id == calibration.calibration_id
    assert told.as_of == END
    if told.evidence.enough:
        assert sum(one.probability for one in told.modes) + told.beyond_horizon == pytest.approx(1.0)
    assert told == workbench.twin_prognosis(plant, MOTOR, **QUICK)
    assert before == (plant.data_hash(), plant.orders.all(), plant.predictions.all(), len(plant.events.frame(MOTOR)))


def test_health_stands_where_readings_speak_for_once_the_twin_is_calibrated(plant, calibration):
    health = workbench.twin_health(plant, MOTOR)
    before = workbench.twin_health(plant, MOTOR, as_of=END - timedelta(days=1))
    assert health.basis.startswith("readings of the last 14 days, by the calibrated twin")
    assert before.basis.startswith("load on record since")
    prognosis = workbench.twin_prognosis(plant, MOTOR, **QUICK)
    for mode in prognosis.modes:
        # Other samples of the same filter: alike, not the same.
        assert health.damage[mode.mode] == pytest.approx(mode.damage.median, abs=0.15)
    assert workbench.twin_health(plant, MOTOR) == health


def test_a_machine_without_readings_has_no_prognosis(plant):
    told = workbench.twin_prognosis(plant, SILENT, **QUICK)
    assert told.remaining_useful_life_h is None
    assert "not enough evidence" in told.in_words()
    assert not workbench.calibrate_twin(plant, SILENT).evidence.enough
    assert not workbench.twin_anomalies(plant, SILENT).evidence.enough
    assert workbench.twin_residuals(plant, SILENT).empty


def test_alternatives_are_priced_from_the_records(plant, calibration, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {name: as_it_is, title: As it is}\n- {name: half, title: Half load, signals: {load: 0.5}}\n",
        encoding="utf-8",
    )
    chosen = read_alternatives(path)
    told = workbench.what_if(plant, MOTOR, chosen, energy_price=20, horizon_h=2500, samples=60)
    assert told.calibration_id == calibration.calibration_id
    as_is, half = told.results
    assert half.energy_kWh < 0.7 * as_is.energy_kWh
    assert as_is.energy_cost == pytest.approx(20 * as_is.energy_kWh, abs=1)
    assert half.lost_output_cost == 0.5 * 2500 * plant.machines.get(MOTOR).economics.production_loss_per_h
    assert as_is.failure_cost > 0


def test_residuals_go_through_the_anomaly_engine(plant, calibration):
    residuals = workbench.twin_residuals(plant, MOTOR)
    assert {"time", "winding_temp_C", "power_kW"} <= set(residuals.columns)
    assert len(residuals) == 120 * 24
    assert abs(np.nanmedian(residuals["power_kW"])) < 1.0
    found = workbench.twin_anomalies(plant, MOTOR)
    assert found.evidence.enough
    assert found.detector == "twin"
    assert found.judged > 500


def test_nothing_later_than_as_of_is_known(plant):
    early = END - timedelta(days=30)
    assert workbench.twin_residuals(plant, MOTOR, as_of=early)["time"].max() <= early
    assert workbench.twin_prognosis(plant, MOTOR, as_of=early, **QUICK).calibration_id == ""


def test_wrong_questions_are_refused_with_everything_that_is_wrong(plant):
    with pytest.raises(InputError, match=r"(?s)horizon_h is 0.*samples is 3"):
        workbench.twin_prognosis(plant, MOTOR, horizon_h=0, samples=3)
    wrong = Alternative(name="wrong", title="Wrong", signals={"load": -1})
    with pytest.raises(InvalidDocument, match=r"(?s)factor -1 on load.*price of energy is -2"):
        workbench.what_if(plant, MOTOR, [wrong], energy_price=-2, **QUICK)
    with pytest.raises(NotFound):
        workbench.calibrate_twin(plant, "no_such_machine")


def _command(ws, *words):
    return CliRunner().invoke(app, ["-w", str(ws.path), "twin", *words])


def test_the_commands_say_the_same(plant, calibration):
    told = _command(plant, "calibrate", MOTOR, "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["calibration_id"] == calibration.calibration_id
    shown = _command(plant, "calibrate", MOTOR).stdout
    assert "no sensor answers" in shown
    prognosis = _command(plant, "prognosis", MOTOR, "--horizon", "300", "--samples", "60")
    assert prognosis.exit_code == 0, prognosis.output
    assert MOTOR in prognosis.stdout
    compared = _command(plant, "what-if", MOTOR, "--horizon", "300", "--samples", "60")
    assert compared.exit_code == 0, compared.output
    assert "Load 20 % lower" in compared.stdout
    silent = _command(plant, "prognosis", SILENT, "--samples", "60")
    assert "not enough evidence" in silent.stdout
