"""The commands about jobs, as people type them."""

from __future__ import annotations

import json

import pytest
from tests.workflows.jobs.conftest import FEW
from typer.testing import CliRunner

from workbench.cli.main import app
from workbench.errors import InputError


@pytest.fixture
def command(plant):
    from workbench.cli import commands  # noqa: F401 - registers the commands

    def run(*words: str, code: int = 0):
        done = CliRunner().invoke(app, ["-w", str(plant.path), *words])
        if isinstance(done.exception, InputError):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return run


def test_a_training_is_queued_listed_shown_cancelled_and_queued_again(command):
    said = command("train", "--background", "--seed", "4")
    assert "is queued" in said.stdout
    assert "No worker runs for this workspace" in said.stderr
    (job,) = json.loads(command("jobs", "list", "--json").stdout)["jobs"]
    assert (job["kind"], job["parameters"], job["state"]) == (
        "train",
        {"seed": 4, "trials": 1, "mode": "activate"},
        "queued",
    )
    assert job["job_id"] in command("jobs", "list").stdout
    assert "seed = 4" in command("jobs", "show", job["job_id"]).stdout
    assert "is cancelled" in command("jobs", "cancel", job["job_id"]).stdout
    assert command("jobs", "list").stdout == "No job waits or runs.\n"
    assert "cancelled by" in command("jobs", "watch", job["job_id"], code=1).stdout
    assert "is queued" in command("jobs", "retry", job["job_id"]).stdout
    with pytest.raises(InputError, match="only failed and cancelled jobs"):
        command("jobs", "retry", job["job_id"])


def test_a_cycle_for_one_machine_is_queued(command):
    said = json.loads(command("run", "--background", "-m", FEW[0], "--json").stdout)
    assert said["job"]["parameters"] == {"machines": [FEW[0]]}
    assert said["worker_lives"] is False
    with pytest.raises(InputError, match="no job"):
        command("jobs", "show", "unknown")
