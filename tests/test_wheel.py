"""The wheel alone (no source tree) carries everything that init, ingest, train, run and report need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


def _environment(folder: Path, wheel: Path, *, bare: bool) -> Path:
    """Make a venv with the wheel; unless ``bare``, other packages come from the running one."""
    python = folder / "bin" / "python"
    venv.create(folder, with_pip=bare)
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    if bare:
        subprocess.run([*pip, "-c", ROOT / "constraints.txt", f"{wheel}[report]"], check=True)
    else:
        subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True)
        site = Path(
            subprocess.check_output(
                [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
            ).strip()
        )
        (site / "packages_of_the_tests.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "workbench"


def _run_main_job(command: Path, folder: Path) -> None:
    def workbench(*words: object) -> str:
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "COVERAGE_PROCESS_START")}
        done = subprocess.run(
            [command, *map(str, words)], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"time": pd.date_range("2025-01-01", periods=1200, freq="h")})
    frame["motor_temp_C"] = 55 + 5 * np.sin(np.arange(1200) / 24) + rng.normal(0, 1, 1200)
    frame["vibration_rms_mm_s"] = 1.5 + rng.normal(0, 0.1, 1200)
    frame.to_csv(folder / "readings.csv", index=False)
    workbench("init", "W")
    workbench("-w", "W", "machines", "add", "--from-csv", "readings.csv", "--id", "pump_01", "--yes")
    workbench("-w", "W", "ingest", "readings.csv", "--machine", "pump_01")
    workbench("-w", "W", "train")
    workbench("-w", "W", "run")
    files = json.loads(workbench("-w", "W", "report", "--json"))["files"]
    page = Path(files["html"]).read_text()
    assert "0 of 5 failures needed" in page
    assert "pump_01" in page


def test_wheel_carries_pages_templates_and_notebooks_but_no_tests(wheel):
    names = set(ZipFile(wheel).namelist())
    assert {
        "workbench/reports/notebooks/machine_report.ipynb",
        "workbench/examples/01_first_steps.ipynb",
        "workbench_widgets/notebooks/app.ipynb",
        "workbench_widgets/fleet/page.vue",
        "workbench_widgets/kit/components/panel.vue",
        "workbench_widgets/voila/templates/workbench/conf.json",
    } <= names
    assert [name for name in names if "/test_" in name or "conftest" in name] == []


def test_installed_wheel_runs_the_main_job(wheel, tmp_path):
    _run_main_job(_environment(tmp_path / "venv", wheel, bare=False), tmp_path)


@pytest.mark.slow
def test_wheel_in_a_bare_venv_runs_the_main_job(wheel, tmp_path):
    _run_main_job(_environment(tmp_path / "venv", wheel, bare=True), tmp_path)
