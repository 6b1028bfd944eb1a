"""A simulated failure (C2): the cycle catches it in a scratch copy, and nothing of the workspace changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pandas as pd
import pytest

import workbench
from workbench.catalog import load_catalogue
from workbench.cli.simulate import _show
from workbench.domain.runs import CYCLE_STEPS
from workbench.domain.simulation import FailureSimulation
from workbench.errors import InputError, NotFound, Stopped, WorkbenchError
from workbench.lineage import descendants
from workbench.twin import stream_readings
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workflows.simulate import SCRATCH, rare_looks, read_simulation, simulate_failure
from workbench.workflows.simulate_copy import store_readings
from workbench.workspace import Workspace

PUMP, FAN = "pump_grundfos_cr3_004", "conveyor_dorner_2200_013"
MAIL = {"WORKBENCH_SMTP_HOST": "mail.invalid", "WORKBENCH_OPERATIONS_EMAIL": "operations@plant.invalid"}


def _rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the records, the workflow engine's included."""
    with sqlite3.connect(f"file:{path / 'data' / 'workbench.db'}?mode=ro", uri=True) as records:
        names = [name for (name,) in records.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(records.execute(f"SELECT * FROM '{name}'").fetchall(), key=repr) for name in names}


def _files(path: Path) -> dict[str, str]:
    """Every file beside the records and the outputs of simulations, with its hash."""
    kept = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith("workbench.db")]
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in kept
        if "simulations" not in file.parts
    }


def _scratch_left() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"))


def _gone(seconds: float = 5.0) -> bool:
    """Whether no scratch folder is left, at once or soon: what a killed process leaves is removed by its guard."""
    deadline = time.monotonic() + seconds
    while _scratch_left() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _scratch_left()


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path_factory, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
    monkeypatch.setattr(tempfile, "tempdir", None)


@dataclass(frozen=True)
class Both:
    """Two simulations side by side, and the workspace before and after them."""

    path: Path
    results: dict[str, FailureSimulation]
    told: list[str]
    unchanged: bool
    left: list[Path]


@pytest.fixture(scope="module")
def both(ran_plant, tmp_path_factory) -> Both:
    path = tmp_path_factory.mktemp("source") / "W"
    shutil.copytree(ran_plant, path)
    before, told = (_rows(path), _files(path)), []
    with pytest.MonkeyPatch.context() as patch, Workspace.open(path) as ws, ThreadPoolExecutor(2) as pool:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("temporary")))
        patch.setattr(tempfile, "tempdir", None)
        for name, value in MAIL.items():
            patch.setenv(name, value)

        def simulate(mode: str, machine: str) -> FailureSimulation:
            return simulate_failure(
                ws, failure_mode=mode, machine_id=machine, every_h=72, quiet_h=24, formats=("html",) if machine == PUMP else (),
                progress=lambda _fraction, message: told.append(message),
            )  # fmt: skip

        found = list(pool.map(simulate, ("pump_cavitation", "bearing_wear"), (PUMP, FAN)))
        left = _scratch_left()
    results = {result.machine_id: result for result in found}
    return Both(path, results, told, (_rows(path), _files(path)) == before, left)


def test_records_files_and_models_of_the_workspace_stay_as_they_are(both):
    assert both.unchanged
    assert both.left == []


def test_the_cycle_catches_the_fault_and_says_how_early(both):
    result = both.results[PUMP]
    assert result.failure_mode == "cavitation"
    assert result.started_at < result.onset_at < result.caught_at < result.failure_at
    assert result.detection_h + result.lead_time_h == (result.failure_at - result.onset_at).total_seconds() / 3600
    assert result.order.failure_mode in ("cavitation", "unknown")
    assert result.caught_by == ("named" if result.order.failure_mode == "cavitation" else "inspection")
    assert f"{result.lead_time_h:.0f} h before the failure" in result.in_words()
    assert [step.name for step in result.steps] == list(CYCLE_STEPS)
    damage = [answer.damage for answer in result.answers]
    assert damage == sorted(damage)
    assert result.answers[-1].acted
    assert result.answers[-1].as_of == result.caught_at


def test_each_simulation_tells_of_its_own_machine_only(both):
    for machine_id, result in both.results.items():
        assert result.machine_id == machine_id
        assert {notice.machine_id for notice in result.notices} <= {machine_id}
        assert result.order is None or result.order.machine_id == machine_id
    assert both.results[FAN].failure_mode == "bearing_wear"


def test_the_six_steps_are_told_live(both):
    for number, step in enumerate(CYCLE_STEPS, 1):
        assert any(f"step {number} of 6, {step}" in message for message in both.told)


def test_everything_is_marked_simulated_and_no_mail_is_written(both):
    result = both.results[PUMP]
    assert result.simulated
    assert result.order.simulated
    assert result.notices
    assert all(notice.subject.startswith("SIMULATED: ") for notice in result.notices)
    assert {notice.channel for notice in result.notices} == {"in_app"}
    page = (both.path / result.outputs["html"]).read_text()
    assert "SIMULATED failure: cavitation" in page
    assert "Simulated data" in page


def test_the_result_is_kept_in_outputs(both):
    result = both.results[PUMP]
    kept = json.loads((both.path / result.outputs["json"]).read_text())
    assert kept["simulated"] is True
    with Workspace.open(both.path) as ws:
        assert read_simulation(ws, result.simulation_id) == result
        with pytest.raises(NotFound, match=result.simulation_id):
            read_simulation(ws, "nothing")


def test_a_simulation_that_is_stopped_leaves_nothing(plant):
    told, before = [], descendants(os.getpid())
    with pytest.raises(Stopped, match="stopped"):
        simulate_failure(
            plant, failure_mode="cavitation", machine_id=PUMP, should_stop=lambda: bool(told),
            progress=lambda *now: told.append(now),
        )  # fmt: skip
    assert _gone()
    assert set(descendants(os.getpid())) <= set(before)
    assert not (plant.path / "outputs" / "simulations").exists()


def test_a_simulation_whose_process_dies_says_so_and_leaves_nothing(plant):
    before = set(descendants(os.getpid()))

    def kill(_fraction: float, message: str) -> None:
        if "step" in message:
            # The guard is our child, the process that works is its child.
            (guard, *_) = [pid for pid in descendants(os.getpid()) if pid not in before]
            os.kill(descendants(guard)[0], signal.SIGKILL)

    with pytest.raises(WorkbenchError, match="SIGKILL"):
        simulate_failure(plant, failure_mode="cavitation", machine_id=PUMP, progress=kill)
    assert _gone()


def test_a_command_that_is_killed_leaves_neither_processes_nor_scratch(plant):
    code = (
        "import sys, workbench\n"
        "with workbench.open(sys.argv[1]) as ws:\n"
        "    workbench.simulate_failure(ws, failure_mode='cavitation', machine_id=sys.argv[2],\n"
        "                               progress=lambda f, m: print(m, flush=True))\n"
    )
    command = [sys.executable, "-c", code, str(plant.path), PUMP]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while "step" not in process.stdout.readline():
            pass
        below = descendants(process.pid)
        assert len(below) >= 2
        assert _scratch_left()
        process.kill()
    assert _gone()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in below) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in below)


def test_every_fault_of_the_request_is_listed_at_once(plant):
    with pytest.raises(InputError) as caught:
        workbench.simulate_failure(
            plant, failure_mode="rust", machine_id=PUMP, seed=-1, every_h=0, quiet_h=-5, formats=("docx",)
        )
    for part in (
        "rust",
        "bearing_wear, cavitation, misalignment, seal_leak",
        "seed -1",
        "every_h 0",
        "quiet_h -5",
        "docx",
    ):
        assert part in str(caught.value)


def test_a_mode_that_no_machine_has_is_refused_with_those_there_are(plant):
    with pytest.raises(InputError, match=r"'rust'.*bearing_wear.*cavitation"):
        simulate_failure(plant, failure_mode="rust")
    with pytest.raises(NotFound, match="pump_grundfos"):
        simulate_failure(plant, failure_mode="cavitation", machine_id="pump_grundfos_cr3_005")


@pytest.mark.slow
def test_a_reason_that_several_steps_share_is_told_once(both, capsys):
    result = both.results[PUMP]
    steps = tuple(step.model_copy(update={"details": "Do not act."}) for step in result.steps)
    _show(result.model_copy(update={"steps": steps, "caught_at": None}))
    told = capsys.readouterr().out
    assert told.count("Do not act.") == 1
    assert told.count("for the same reason") == 5
    assert "the cycle ran every 72 h" in told


def test_a_cycle_too_rare_for_the_fault_is_said():
    motor = next(one for one in load_catalogue().machines if one.machine_id == "motor_siemens_1la7_001")
    assert rare_looks(motor, "motor_overheat", 24) == rare_looks(motor, "motor_overheat", 50) == ""
    said = rare_looks(motor, "motor_overheat", 72)
    assert "every 72 h is rare for motor overheat" in said
    assert "within 100 to 500 operating hours of being detectable" in said
    assert "every 50 h or less" in said


def test_a_fault_not_caught_is_said_with_how_often_the_cycle_looked():
    onset = datetime(2026, 1, 1, tzinfo=UTC)

    def at(hours: float, damage: float) -> dict[str, object]:
        life = {"remaining_life": None, "life_unit": "operating_h", "failure_probability": None, "anomaly_score": None}
        told = {"likeliest_mode": "unknown", "likeliest_probability": 0.0, "acted": False, "outcome": ""}
        state = {"health_state": None, "health_score": None}
        return {"as_of": onset + timedelta(hours=hours), "damage": damage, **life, **told, **state}

    told = FailureSimulation.model_validate(
        {
            "simulation_id": "s", "machine_id": PUMP, "title": "Pump", "failure_mode": "motor_overheat", "seed": 0,
            "every_h": 72, "started_at": onset - timedelta(hours=30), "onset_at": onset, "caught_at": None,
            "failure_at": onset + timedelta(hours=160), "answers": [at(-30, 0.0), at(42, 0.1), at(114, 0.31)],
        }
    )  # fmt: skip
    assert "72 h: 2 times since it was detectable, at last 46 h before the failure, with 31 % of" in told.in_words()
    none = told.model_copy(update={"answers": told.answers[:1]})
    assert "every 72 h and never in that time: let it run more often" in none.in_words()


def test_a_record_of_minutes_goes_on_by_the_hour(tmp_path):
    """A plant of real machines without any model: only a critical limit can order work."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with create_workspace(tmp_path / "W", settings={"as_of": "2026-01-01T00:20:00+00:00"}) as ws:
        add_catalogue(ws, only=[PUMP])
        profile = ws.machines.get(PUMP)
        minutes = islice(stream_readings(profile, start=at - timedelta(days=4), seed=3, step_s=600), 4 * 144)
        frame = pd.DataFrame([{"time": r.time, "state": r.state.value, **r.values} for r in minutes])
        store_readings(ws, PUMP, frame, "minutes")
        result = simulate_failure(ws, failure_mode="cavitation", machine_id=PUMP, every_h=168, quiet_h=0)
    assert result.started_at == at + timedelta(hours=1)
    assert any("averaged to hours" in note for note in result.notes)
    assert result.model_versions == {}
    assert result.caught or "not caught before failure" in result.in_words()
    assert all(answer.health_state is None for answer in result.answers)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["bearing_wear", "motor_overheat", "pump_cavitation"])
def test_the_demo_catches_each_of_the_three_faults_before_the_failure(demo_path, tmp_path, mode):
    shutil.copytree(demo_path, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        result = simulate_failure(ws, failure_mode=mode)
    assert result.caught, result.in_words()
    assert result.caught_by == "named"
    assert result.lead_time_h > 0
    assert [order for order in result.other_orders if order.before_onset] == []
