"""Workers and job processes that are killed, as a power failure or the kernel would: nothing is lost, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from sqlalchemy import text
from tests.workflows.jobs.conftest import FEW, alive, training, wait_for

from workbench.domain.jobs import MAX_ATTEMPTS, JobState
from workbench.workflows import durable
from workbench.workflows.cycle import run_cycle
from workbench.workflows.jobs import cancel_job, submit, watch_job
from workbench.workflows.jobs.process import JobProcess
from workbench.workspace import Workspace


def under_way(ws: Workspace) -> bool:
    """Say whether a run of the maintenance cycle is being executed."""
    query = "SELECT count(*) FROM workflow_status WHERE name = 'maintenance_cycle' AND status = 'PENDING'"
    with ws.database.reading() as session:
        return bool(session.scalar(text(query)))


def assert_registry_whole(ws: Workspace) -> None:
    """Check that every model that is registered can be loaded, and that nothing waits under another name."""
    for version in ws.models.all():
        assert ws.models.payload(version.version_id)
    assert [path for path in (ws.path / "models").iterdir() if path.suffix not in (".skops", ".md")] == []


def test_a_training_goes_on_elsewhere_when_its_worker_is_killed(any_plant, start_worker):
    ws = any_plant
    job = submit(ws, "train")
    first = start_worker(ws)
    wait_for(lambda: training(ws, job.job_id))
    family = first.family()
    first.kill()
    wait_for(lambda: not alive(family), 2)
    assert ws.models.all() == []
    second = start_worker(ws)
    list(watch_job(ws, job.job_id))
    done = ws.jobs.get(job.job_id)
    assert (done.state, done.attempts) == (JobState.DONE, 2), done.error
    assert len(ws.models.active()) == 1
    assert_registry_whole(ws)
    assert second.stop() == 0


def test_a_job_that_kills_its_worker_every_time_is_given_up_after_three_attempts(plant, start_worker):
    job = submit(plant, "train")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        worker = start_worker(plant)
        wait_for(lambda attempt=attempt: plant.jobs.get(job.job_id).attempts == attempt)
        family = worker.family()
        worker.kill()
        wait_for(lambda family=family: not alive(family), 2)
    start_worker(plant)
    list(watch_job(plant, job.job_id))
    failed = plant.jobs.get(job.job_id)
    assert (failed.state, failed.attempts) == (JobState.FAILED, MAX_ATTEMPTS)
    assert failed.error == "Given up after 3 attempts, because its worker died."
    assert plant.models.all() == []
    assert_registry_whole(plant)


def test_a_job_whose_process_always_dies_is_given_up_while_the_worker_lives_on(plant, start_worker):
    worker = start_worker(plant)
    job = submit(plant, "train")
    while not plant.jobs.get(job.job_id).ended:
        # The guard is the worker's child, the process that works is the guard's.
        for process in worker.family()[1:]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    failed = plant.jobs.get(job.job_id)
    assert (failed.state, failed.attempts) == (JobState.FAILED, MAX_ATTEMPTS)
    assert failed.error == "Given up after 3 attempts, because its process was ended by SIGKILL."
    other = submit(plant, "notices")
    list(watch_job(plant, other.job_id))
    assert plant.jobs.get(other.job_id).executor_id == failed.executor_id


def test_the_kernel_of_a_report_does_not_outlive_the_worker(plant, start_worker):
    worker = start_worker(plant)
    job = submit(plant, "report", {"template": "fleet_health"})

    def sessions() -> set[int]:
        found = set()
        for process in worker.family():
            with suppress(ProcessLookupError):
                found.add(os.getsid(process))
        return found

    # The kernel has a session of its own, out of reach of signals to the job's process group.
    wait_for(lambda: len(sessions()) > 1)
    family = worker.family()
    worker.kill()
    wait_for(lambda: not alive(family), 2)
    assert cancel_job(plant, job.job_id).state is JobState.CANCELLED


def test_a_cycle_run_that_a_killed_command_left_behind_is_finished_by_a_worker(plant, start_worker):
    command = [Path(sys.executable).with_name("workbench"), "-w", plant.path, "run"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: under_way(plant))
        process.kill()
    assert {run.state for run in plant.runs.all()} == {"running"}
    start_worker(plant)
    wait_for(lambda: [job for job in plant.jobs.all() if job.state is JobState.DONE])
    assert {run.state for run in plant.runs.all()} == {"done"}
    (job,) = plant.jobs.all()
    assert job.parameters["machines"] == sorted({run.machine_id for run in plant.runs.all()})


def test_the_runs_of_a_cancelled_cycle_job_are_not_taken_up_again(plant, start_worker):
    worker = start_worker(plant)
    job = submit(plant, "cycle", {"machines": list(FEW)})
    wait_for(lambda: under_way(plant))
    family = worker.family()
    cancel_job(plant, job.job_id)
    wait_for(lambda: not alive(family), 2)
    wait_for(lambda: "running" not in {run.state for run in plant.runs.all()})
    assert [known.job_id for known in plant.jobs.all()] == [job.job_id]


def test_a_job_cancelled_behind_our_back_is_mended(plant):
    from dbos import DBOS

    from workbench.workflows.jobs.takeover import Sweeper

    job = submit(plant, "notices")
    with durable.executing(plant, name="worker", queues={}):
        DBOS.cancel_workflow(job.job_id)
        sweeper = Sweeper(plant, patience_s=0.0)
        sweeper.sweep()
    assert plant.jobs.get(job.job_id).state is JobState.CANCELLED


def test_a_lock_whose_file_was_removed_excludes_nobody(plant):
    folder = durable.workers_folder(plant)
    with durable.holding_place_of(plant, "worker-1") as first:
        assert first
        (folder / "worker-1.lock").unlink()
        with durable.holding_place_of(plant, "worker-1") as second:
            assert second
    assert not Path(folder / "worker-1.lock").exists()


def test_what_a_killed_command_left_without_work_is_cleared_away(plant):
    from workbench.workflows.cycle import _begin
    from workbench.workflows.jobs.takeover import Sweeper

    # As a process leaves it that dies between recording a run and beginning it.
    request, _ = _begin(plant, FEW[0], plant.as_of(), None)
    left = durable.workers_folder(plant) / "cli-dead.lock"
    left.parent.mkdir(exist_ok=True)
    left.touch()
    with durable.executing(plant, name="worker", queues={}):
        assert not left.exists()
        Sweeper(plant).sweep()
        assert plant.runs.get(request["run_id"]).state == "running", "it may be about to begin"
        Sweeper(plant, patience_s=0.0).sweep()
    assert plant.runs.get(request["run_id"]).state == "failed"
    assert plant.jobs.all() == []
    assert not run_cycle(plant, [FEW[0]]).failed
    assert plant.runs.get(request["run_id"]).state == "done"


def test_a_jobs_process_imports_nothing_from_the_folder_it_is_started_in(plant, tmp_path, monkeypatch):
    (tmp_path / "pydantic.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    process = JobProcess(
        {"workspace": str(plant.path), "job_id": "x", "kind": "notices", "parameters": {},
         "as_of": plant.as_of().isoformat(), "submitted_by": "ada"}
    )  # fmt: skip
    [message] = [message for message in process.messages(60.0) if message]
    process.end()
    assert message == {"error": "A notices job needs no process of its own."}
