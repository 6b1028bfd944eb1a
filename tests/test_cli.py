"""The command line as people use it: exit codes, messages without tracebacks, JSON, and the loop on one's own CSV."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.cli import main

COMMAND = Path(sys.executable).with_name("workbench")


class Shell:
    """Runs the command in a folder, in this process: a start of its own for each would take most of the time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: object, code: int = 0) -> str:
        with (
            pytest.MonkeyPatch.context() as patch,
            chdir(self.folder),
            redirect_stdout(io.StringIO()) as out,
            redirect_stderr(io.StringIO()) as errors,
        ):
            patch.delenv("WORKBENCH_WORKSPACE", raising=False)
            patch.setattr(sys, "argv", ["workbench", *map(str, words)])
            with pytest.raises(SystemExit) as ended:
                main()
        said, complained = out.getvalue(), errors.getvalue()
        assert (ended.value.code or 0) == code, f"{words} ended with {ended.value.code}:\n{said}\n{complained}"
        assert "Traceback" not in complained
        return complained if code else said

    def json(self, *words: object) -> dict:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def shell(tmp_path) -> Shell:
    return Shell(tmp_path)


def _write_readings(path: Path) -> None:
    """Write sixty days of an unlabelled machine whose bearing warms up in the last week."""
    rng = np.random.default_rng(1)
    hours = np.arange(1440)
    load = 60 + 25 * np.sin(hours / 24 * 2 * np.pi) + rng.normal(0, 2, 1440)
    warming = np.clip(hours - 1272, 0, None) * 0.08
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range("2025-03-01", periods=1440, freq="h").strftime("%Y-%m-%d %H:%M:%S"),
            "bearing_temp_C": (40 + 0.2 * load + warming + rng.normal(0, 0.5, 1440)).round(3),
            "vibration_rms_mm_s": (1.2 + 0.005 * load + rng.normal(0, 0.05, 1440)).round(4),
            "load_pct": load.round(2),
        }
    )
    frame.to_csv(path, index=False)


@pytest.fixture(scope="module")
def own_machine(tmp_path_factory) -> Path:
    """Folder with workspace W of one machine that was added from its CSV; never change it."""
    folder = tmp_path_factory.mktemp("own")
    _write_readings(folder / "readings.csv")
    shell = Shell(folder)
    shell("init", "W")
    assert "3 sensors" in shell("-w", "W", "machines", "add", "--from-csv", "readings.csv", "--id", "pump_01")
    assert "version 1" in shell("-w", "W", "machines", "add", "pump_01.yaml")
    assert "1,440 rows stored" in shell("-w", "W", "ingest", "readings.csv", "--machine", "pump_01")
    return folder


@pytest.fixture
def plant(own_machine, tmp_path) -> Shell:
    """A shell in a copy of the folder, to be changed at will."""
    shutil.copytree(own_machine, tmp_path, dirs_exist_ok=True)
    return Shell(tmp_path)


def test_help_lists_the_commands(shell):
    text = subprocess.run([COMMAND, "--help"], cwd=shell.folder, capture_output=True, text=True, check=True).stdout
    for command in (
        "init",
        "doctor",
        "upgrade",
        "demo",
        "machines",
        "ingest",
        "train",
        "predict",
        "run",
        "report",
        "benchmark",
    ):
        assert f"  {command} " in text


def test_own_csv_without_labels_gives_anomalies_trends_and_an_honest_no(plant):
    trained = plant("-w", "W", "train")
    assert "0 of 5 failures" in trained
    run = plant.json("-w", "W", "run")
    assert run["summary"]["by_condition"] == {"Not enough evidence": 1}
    [prediction] = plant.json("-w", "W", "predict")["predictions"]
    assert prediction["health_state"] is None
    assert "0 of 5 failures needed" in " ".join(prediction["health_evidence"]["reasons"])
    assert "0 of 5 failures needed" in " ".join(prediction["remaining_useful_life"]["evidence"]["reasons"])
    assert prediction["anomaly"]["is_anomaly"]
    assert prediction["anomaly"]["contributions"][0]["sensor"] == "bearing_temp_C"
    assert "bearing_temp_C" in [trend["sensor"] for trend in prediction["trends"]]


def test_assess_says_why_nothing_can_be_weighed_and_writes_nothing(plant):
    said = plant("-w", "W", "assess")
    assert "pump_01" in said
    assert "No best time can be told" in said
    assert "Recommended" in said
    [package] = plant.json("-w", "W", "assess", "-m", "pump_01")["packages"]
    assert plant.json("-w", "W", "assess", "pump_01")["packages"][0]["machine_id"] == "pump_01"
    assert package["decision"]["when_lacks"]
    assert plant.json("-w", "W", "orders", "list")["orders"] == []


def test_historical_readings_set_the_instant_and_say_so(plant):
    assert plant.json("-w", "W", "run")["summary"]["as_of"].startswith("2025-04-29T23:00")
    assert "the present" in plant("-w", "W", "as-of", "live")
    assert "2025-04-29 23:00" in plant("-w", "W", "as-of", "data")
    plant("-w", "W", "as-of", "yesterday", code=2)


def test_same_file_twice_changes_nothing(plant):
    before = sorted((path, path.stat().st_mtime_ns) for path in (plant.folder / "W/data/telemetry").rglob("*"))
    assert "already ingested" in plant("-w", "W", "ingest", "readings.csv", "--machine", "pump_01")
    assert sorted((path, path.stat().st_mtime_ns) for path in (plant.folder / "W/data/telemetry").rglob("*")) == before


def test_events_file_is_ingested_once(plant):
    (plant.folder / "events.csv").write_text(
        "machine_id,time,kind,failure_mode\npump_01,2025-03-20T10:00:00Z,failure,seal_leak\n"
        "pump_01,2025-03-20T16:00:00Z,replacement,seal_leak\n"
    )
    first = plant("-w", "W", "ingest", "events", "events.csv")
    assert "events.csv: 2 events added (2 read, 0 known already, 0 quarantined) for 1 machine" in first
    again = plant.json("-w", "W", "ingest", "events", "events.csv")
    assert (again["events"], again["reports"][0]["already_ingested"]) == (0, True)
    (plant.folder / "bad.csv").write_text("machine_id,time,kind\nnobody,2025-03-20T10:00:00Z,failure\n")
    assert "nobody" in plant("-w", "W", "ingest", "events", "bad.csv", code=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-w", "nowhere", "run"), "workbench init"),
        (("-w", "W", "machines", "show", "pump_02"), "pump_01"),
        (("-w", "W", "ingest", "missing.csv"), "missing.csv"),
        (("-w", "W", "ingest", "azure-pdm"), "needs a path"),
        (("-w", "W", "ingest", "nonsense", "readings.csv"), "no kind of source"),
        (("-w", "W", "report", "no_such_report"), "fleet_health"),
        (("-w", "W", "report", "-p", "max_detail=3"), "max_details"),
        (("-w", "W", "report", "machine_report"), "-p machine_id=ID"),
        (("-w", "W", "report", "machine_report", "-p", "machine_id=pump_02"), "There is no machine 'pump_02'"),
        (("-w", "W", "benchmark", "no_such"), "cmapss"),
        (("-w", "W", "machines", "add"), "--from-csv"),
        (("-w", "W", "plant", "people"), "technicians"),
        (("init", "W"), "already"),
        (("-w", "W", "machines", "add", "--from-csv", "readings.csv", "--id", "pump_03", "--site", "x_1"), "main_site"),
        (("-w", "W", "schedule", "add", "n", "--cron", "0 5 * * *", "--kind", "cycle"), "'n' is not allowed; use 2 to"),
        (("-w", "W", "train", "--no-such-option"), "--no-such-option"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_to_do(own_machine, words, message):
    assert message in Shell(own_machine)(*words, code=2)


def test_advice_can_be_run_as_it_is_printed(shell):
    advice = shell("init", "My Plant")
    assert "workbench -w 'My Plant' machines add --from-csv" in advice
    assert "Train first: workbench -w 'My Plant' train\n" in shell("-w", "My Plant", "drift", code=2)
    assert "`workbench -w 'My Plant' plant sites FILE`" in shell("-w", "My Plant", "plant", "technicians", _people(shell.folder), code=2)  # fmt: skip
    with chdir(shell.folder / "My Plant"):
        assert "Train first: workbench train\n" in Shell(Path.cwd())("drift", code=2)


def _people(folder: Path) -> Path:
    (folder / "people.yaml").write_text(Shell(folder)("plant", "technicians"))
    return folder / "people.yaml"


def test_faults_of_a_mapping_are_told_with_their_lines(own_machine):
    shell = Shell(own_machine)
    (own_machine / "mapping.yaml").write_text("time_columns: time\ncolumns: {}\n")
    told = shell("-w", "W", "ingest", "readings.csv", "--mapping", "mapping.yaml", code=2)
    assert "line 1, time_columns: unknown field; did you mean 'time_column'?\n" in told
    assert told.endswith("\nCorrect each of them and try again.\n")
    (own_machine / "mapping.yaml").write_text("time_column: [\n")
    told = shell("-w", "W", "history", "import", "readings.csv", "--mapping", "mapping.yaml", code=2)
    assert "line 2: cannot be read as YAML or JSON" in told


def test_profile_with_ten_faults_lists_all_and_adds_nothing(shell):
    shell("init", "W")
    (shell.folder / "bad.yaml").write_text(
        """
machine_id: Pump 1
machine_type: pump
title: ""
manufacturer: X
model: Y
site_id: main_site
criticality: Z
rated_life: -5
colour: blue
sensors:
  - {name: temp_C, quantity: temperature, unit: furlong, normal_low: 0, normal_high: 1, physical_low: 0, physical_high: 2}
  - {name: "bad name", quantity: heat, unit: degC, normal_low: 5, normal_high: 1, physical_low: 0, physical_high: 2}
  - {name: p_bar, quantity: pressure, unit: bar, normal_low: 0, normal_high: 1, physical_low: 0, physical_high: 2,
     limits: {warning_high: 9, critical_high: 3}}
running_rule: {sensor: no_such_sensor, above: 1}
"""
    )
    text = shell("-w", "W", "machines", "add", "bad.yaml", code=2)
    places = (
        "machine_id",
        "title",
        "criticality",
        "rated_life",
        "colour",
        "furlong",
        "sensors[1].name",
        "heat",
        "limits",
        "no_such_sensor",
    )
    assert [place for place in places if place not in text] == []
    assert shell.json("-w", "W", "machines", "list")["machines"] == []


def test_sixty_sensors_are_refused_and_add_nothing(plant):
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"time": pd.date_range("2025-01-01", periods=100, freq="h")})
    wide = frame.assign(**{f"t{number}_C": rng.normal(50, 5, 100) for number in range(60)})
    wide.to_csv(plant.folder / "wide.csv", index=False)
    text = plant("-w", "W", "machines", "add", "--from-csv", "wide.csv", "--id", "wide_01", code=2)
    assert "at most 50 sensors" in text
    assert not (plant.folder / "wide_01.yaml").exists()
    assert len(plant.json("-w", "W", "machines", "list")["machines"]) == 1


def test_machine_id_cannot_leave_the_archive(plant):
    text = plant("-w", "W", "machines", "add", "--from-csv", "readings.csv", "--id", "../../evil", code=2)
    assert "machine_id" in text or "../../evil" in text
    frame = pd.read_csv(plant.folder / "readings.csv").assign(machine_id="../../evil")
    frame.to_csv(plant.folder / "evil.csv", index=False)
    assert "evil" in plant("-w", "W", "ingest", "evil.csv", code=2)
    assert not list(plant.folder.rglob("*evil*/"))


def test_records_locked_by_another_process_end_with_3_quickly(plant):
    holder = sqlite3.connect(plant.folder / "W/data/workbench.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    text = plant("-w", "W", "run", code=3)
    assert time.monotonic() - started < 8
    assert "lock" in text.lower()
    holder.execute("ROLLBACK")
    plant("-w", "W", "run")


def test_doctor_tells_every_lack_with_its_remedy(plant):
    result = plant.json("-w", "W", "doctor")
    assert result["ok"]
    checks = {finding["check"]: finding for finding in result["findings"]}
    assert {"Python", "core packages", "disk", "workspace", "telemetry segments", "models", "durable work"} <= set(
        checks
    )
    assert all(finding["remedy"] for finding in result["findings"] if finding["state"] != "ok")
    segment = next((plant.folder / "W/data/telemetry").rglob("*.parquet"))
    segment.unlink()
    done = subprocess.run([COMMAND, "-w", "W", "doctor"], cwd=plant.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "lost" in done.stdout


def test_plant_records_come_from_files_and_an_example_shows_how(shell):
    shell("init", "W")
    (shell.folder / "sites.yaml").write_text(shell("plant", "sites"))
    (shell.folder / "people.yaml").write_text(shell("plant", "technicians"))
    assert "sites stored" in shell("-w", "W", "plant", "sites", "sites.yaml")
    assert "technicians stored" in shell("-w", "W", "plant", "technicians", "people.yaml")
    (shell.folder / "bad.yaml").write_text("- {technician_id: x1, title: '', skills: 3}\n")
    assert "skills" in shell("-w", "W", "plant", "technicians", "bad.yaml", code=2)


def test_templates_are_listed_and_can_be_added_as_they_are(shell):
    shell("init", "W")
    types = shell("machines", "template").split()
    assert len(types) >= 12
    (shell.folder / "pump.yaml").write_text(shell("machines", "template", "pump"))
    assert "site" in shell("-w", "W", "machines", "add", "pump.yaml", code=2)
    shell("machines", "template", "spaceship", code=2)


def test_debug_shows_the_traceback(shell):
    done = subprocess.run(
        [COMMAND, "--debug", "-w", "nowhere", "run"], cwd=shell.folder, capture_output=True, text=True, check=False
    )
    assert "Traceback" in done.stderr
    assert done.returncode == 2


def test_ticket_raised_by_hand_is_listed_and_shown(plant):
    assert "WO-2025-0001 opened for pump_01" in plant(
        "-w",
        "W",
        "orders",
        "raise",
        "pump_01",
        "Oil under the <pump>",
        "--priority",
        "urgent",
        "--step",
        "Find the leak",
    )
    assert "WO-2025-0002" in plant("-w", "W", "orders", "raise", "pump_01", "Oil under the <pump>")
    listed = plant.json("-w", "W", "orders", "list")["orders"]
    assert [order["number"] for order in listed] == ["WO-2025-0001", "WO-2025-0002"]
    assert listed[0]["raised_by"] == "hand"
    shown = plant("-w", "W", "orders", "show", "wo-2025-0001")
    assert "Oil under the <pump>" in shown
    assert "1. Find the leak" in shown
    plant("-w", "W", "orders", "show", "WO-1", code=2)
    plant("-w", "W", "orders", "raise", "pump_01", " ", code=2)
    plant("-w", "W", "orders", "raise", "pump_01", "x", "--priority", "now", code=2)
