"""Submitting, running, cancelling and trying again, as a user of several workers sees them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.workflows.jobs.conftest import FEW, alive, training, wait_for

from workbench.domain.jobs import JobState
from workbench.errors import EnvironmentFailure, InputError, NotFound, WorkbenchError
from workbench.store.tables import event_log
from workbench.workflows import durable
from workbench.workflows.jobs import cancel_job, retry_job, run_worker, submit, watch_job, worker_lives
from workbench.workflows.jobs.worker import _Duty
from workbench.workspace import Workspace


def lives(ws: Workspace, job_id: str) -> list[str]:
    """Return what happened to a job, from the event log."""
    with ws.database.reading() as session:
        query = event_log.select().where(event_log.c.entity == "job", event_log.c.key == job_id)
        return [row.action for row in session.execute(query.order_by(event_log.c.number))]


@pytest.mark.parametrize(
    ("place", "workers"), [pytest.param("plant", 1, marks=pytest.mark.slow), ("plant", 2), ("postgres_plant", 2)]
)
def test_each_of_200_queued_jobs_runs_once(request, start_worker, place, workers):
    ws = request.getfixturevalue(place)
    # Among the light ones, when two share the work, one that keeps a process busy.
    heavy = [submit(ws, "train").job_id for _ in range(workers - 1)]
    light = [submit(ws, "notices").job_id for _ in range(200)]
    running = [start_worker(ws) for _ in range(workers)]
    wait_for(lambda: not ws.jobs.recent(1, (JobState.QUEUED, JobState.RUNNING)))
    jobs = {job.job_id: job for job in ws.jobs.all()}
    assert len(jobs) == len(light) + len(heavy)
    assert {job.state for job in jobs.values()} == {JobState.DONE}
    assert all(lives(ws, job_id) == ["added", "running", "done"] for job_id in jobs)
    assert len({jobs[job_id].executor_id for job_id in light}) == workers
    assert len(ws.models.active()) == len(heavy)
    for worker in running:
        # What is heavy belongs in processes of its own: an idle worker stays small.
        assert "sklearn" not in Path(f"/proc/{worker.process.pid}/maps").read_text()
        assert worker.stop() == 0


def test_the_same_job_submitted_twice_is_one_job(any_plant):
    first = submit(any_plant, "train", {"seed": 3}, job_id="nightly-1")
    assert submit(any_plant, "train", {"seed": 3}, job_id="nightly-1") == first
    assert [job.job_id for job in any_plant.jobs.all()] == ["nightly-1"]
    assert lives(any_plant, "nightly-1") == ["added"]


@pytest.mark.parametrize(
    ("kind", "parameters", "names"),
    [
        ("tran", {}, "train, cycle, report"),
        ("train", {"sed": 3}, "seed"),
        ("train", {"seed": "many"}, "seed"),
        ("cycle", {"machines": ["pump_x"]}, "pump_x"),
        ("cycle", {"machines": []}, "machines"),
        ("report", {"template": "fleet_helth"}, "fleet_health"),
        ("report", {"parameters": {"no_such": 1}}, "no_such"),
        ("report_batch", {"template": "fleet_health"}, "machine_id"),
        ("notices", {"to": "everybody"}, "to"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(plant, kind, parameters, names):
    with pytest.raises(InputError, match=names):
        submit(plant, kind, parameters)
    assert plant.jobs.all() == []


def test_a_job_id_that_is_no_file_name_is_refused(plant):
    with pytest.raises(InputError, match="no job id"):
        submit(plant, "train", job_id="../x")


def test_cancelling_a_running_training_frees_its_processes(any_plant, start_worker):
    ws = any_plant
    worker = start_worker(ws)
    job = submit(ws, "train")
    wait_for(lambda: training(ws, job.job_id))
    family = worker.family()
    assert family
    assert cancel_job(ws, job.job_id).state is JobState.CANCELLED
    wait_for(lambda: not alive(family), 2)
    assert ws.models.all() == []
    assert list((ws.path / "models").glob("*.skops")) == []
    assert retry_job(ws, job.job_id).state is JobState.QUEUED
    wait_for(lambda: ws.jobs.get(job.job_id).state is JobState.RUNNING)
    assert worker.stop() == 0


def test_a_cancelled_job_that_waits_never_begins(plant, start_worker):
    waiting, other = submit(plant, "notices"), submit(plant, "notices")
    assert cancel_job(plant, waiting.job_id).state is JobState.CANCELLED
    assert list(watch_job(plant, waiting.job_id)) == []
    start_worker(plant)
    list(watch_job(plant, other.job_id))
    assert lives(plant, waiting.job_id) == ["added", "cancelled"]
    assert cancel_job(plant, other.job_id).state is JobState.DONE
    with pytest.raises(InputError, match="done"):
        retry_job(plant, other.job_id)
    with pytest.raises(NotFound):
        watch_job(plant, "unknown")


def test_a_failed_job_says_why_tells_operations_and_is_told_to_be_tried_again(plant, start_worker):
    # Its segments are gone: the training cannot read them.
    for file in (plant.path / "data").rglob("*.parquet"):
        file.rename(file.with_suffix(".away"))
    start_worker(plant)
    job = submit(plant, "train")
    list(watch_job(plant, job.job_id))
    failed = plant.jobs.get(job.job_id)
    assert failed.state is JobState.FAILED
    assert ".parquet" in failed.error
    assert [notice.body for notice in plant.notices.all() if job.job_id in notice.body]
    for file in (plant.path / "data").rglob("*.away"):
        file.rename(file.with_suffix(".parquet"))
    retry_job(plant, job.job_id)
    seen = list(watch_job(plant, job.job_id))
    done = plant.jobs.get(job.job_id)
    assert (done.state, done.attempts, done.error) == (JobState.DONE, 1, "")
    assert (seen[-1].fraction, seen[-1].message) == (1.0, "done")


def test_a_cycle_job_runs_the_cycle_of_its_machines(plant, start_worker):
    start_worker(plant)
    job = submit(plant, "cycle", {"machines": list(FEW[:2])})
    list(watch_job(plant, job.job_id))
    done = plant.jobs.get(job.job_id)
    assert done.state is JobState.DONE, done.error
    assert sorted(run.machine_id for run in plant.runs.all()) == sorted(FEW[:2])
    assert done.result["machines"] == 2


def test_a_retry_in_a_live_workspace_looks_at_the_instant_of_the_first_try(plant, start_worker):
    plant.set_as_of("live")
    # Its segments are gone: one machine cannot be read, the other's run is done and stays.
    away = [file.rename(file.with_suffix(".away")) for file in (plant.path / "data").rglob(f"{FEW[0]}/**/*.parquet")]
    start_worker(plant)
    job = submit(plant, "cycle", {"machines": list(FEW[:2])})
    list(watch_job(plant, job.job_id))
    failed = plant.jobs.get(job.job_id)
    assert failed.state is JobState.FAILED
    for file in away:
        file.rename(file.with_suffix(".parquet"))
    retry_job(plant, job.job_id)
    list(watch_job(plant, job.job_id))
    done = plant.jobs.get(job.job_id)
    assert done.state is JobState.DONE, done.error
    assert done.result["as_of"] == failed.as_of.isoformat()
    assert done.result["repeated"] == 1


def test_a_worker_refuses_records_that_would_run_code(plant):
    with plant.database.writing() as session:
        submitted = submit(plant.bound(session), "notices")
        session.execute(
            text("UPDATE workflow_status SET serialization = 'py_pickle' WHERE workflow_uuid = :id"),
            {"id": submitted.job_id},
        )
    with pytest.raises(EnvironmentFailure, match="pickled"):
        run_worker(plant)


def test_a_stopped_worker_hands_its_job_back(plant, start_worker):
    worker = start_worker(plant)
    job = submit(plant, "train")
    wait_for(lambda: training(plant, job.job_id))
    assert worker_lives(plant)
    family = worker.family()
    assert worker.stop() == 0
    assert not alive(family)
    assert not worker_lives(plant)
    assert list(durable.workers_folder(plant).glob("*.lock")) == []
    left = plant.jobs.get(job.job_id)
    assert (left.state, left.attempts) == (JobState.QUEUED, 0)
    # Its attempt does not count, for it is no fault of the job.
    start_worker(plant)
    wait_for(lambda: plant.jobs.get(job.job_id).state is JobState.RUNNING)
    assert plant.jobs.get(job.job_id).attempts == 1


def test_a_duty_that_fails_for_days_ends_no_worker():
    def fail() -> None:
        raise EnvironmentFailure("The records are read-only.")

    duty = _Duty("a duty", 1.0, fail, failures=100_000)
    duty.do_if_due()
    assert duty.failures == 100_001


def test_a_job_that_cannot_be_tried_again_stays_as_it_is(plant):
    job = submit(plant, "notices")
    cancelled = cancel_job(plant, job.job_id)
    with plant.database.writing() as session:
        session.execute(text("DELETE FROM workflow_status"))
    with pytest.raises(WorkbenchError, match="Submit a new one"):
        retry_job(plant, job.job_id)
    assert plant.jobs.get(job.job_id) == cancelled
