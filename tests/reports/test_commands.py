"""The commands: make a report, list what was made, show how it came about, queue one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.errors import InputError
from workbench.workspace import Workspace


@pytest.fixture
def workbench(tmp_path):
    Workspace.init(tmp_path / "ws").close()

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["-w", str(tmp_path / "ws"), *words], catch_exceptions=True)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


def test_a_report_is_made_listed_and_shown(workbench, own_report, tmp_path):
    own_report("short", "days = 3.0  # how many", "days * 2")
    assert f"Make one with: workbench -w {tmp_path / 'ws'} report NAME (short)" in workbench("reports", "list")
    made = json.loads(workbench("report", "short", "-p", "days=4", "--format", "html", "--json"))
    assert Path(made["files"]["html"]).is_file()
    assert set(made["files"]) == {"html", "notebook"}
    report_id = made["report"]["report_id"]
    (listed,) = json.loads(workbench("reports", "list", "--json"))["reports"]
    assert listed["report_id"] == report_id
    shown = workbench("reports", "show", report_id)
    for words in ("parameter days", "4.0", "done", "html", "kB"):
        assert words in shown


def test_a_report_in_the_background_is_a_queued_job(workbench, own_report):
    own_report("short", "days = 3.0  # how many", "days * 2")
    job = json.loads(workbench("report", "short", "-p", "days=4", "--background", "--json"))["job"]
    assert (job["kind"], job["state"]) == ("report", "queued")
    assert job["parameters"] == {"template": "short", "parameters": {"days": 4.0}}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("report", "short", "-m", "pump_01"), "goes with --batch"),
        (("report", "short", "--background", "--format", "pdf"), "does not go with --background"),
        (("report", "short", "-p", "day=4"), "'day' is unknown"),
    ],
)
def test_options_that_do_not_go_together_are_refused(workbench, own_report, words, message):
    own_report("short", "days = 3.0  # how many", "days * 2")
    with pytest.raises(InputError, match=message):
        workbench(*words)
