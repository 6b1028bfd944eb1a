"""The commands about background work: the worker, and the jobs that it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import progress_bar, remark, say, say_json, table

if TYPE_CHECKING:
    from workbench.domain.jobs import Job
    from workbench.workspace import Workspace

jobs = typer.Typer(help="Background jobs of the workspace.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(jobs, name="jobs")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
JobId = Annotated[str, typer.Argument(help="Job id, as `workbench jobs list` shows it.")]


def say_submitted(ws: Workspace, job: Job, *, json_: bool) -> None:
    """Tell the job's id, and whether anybody will run it."""
    from workbench.workflows.jobs import worker_lives

    lives = worker_lives(ws)
    if json_:
        say_json({"job": job, "worker_lives": lives})
    else:
        say(f"Job {job.job_id} is {job.state.value}. Watch it with: workbench jobs watch {job.job_id}")
    if not lives:
        remark("No worker runs for this workspace: the job waits until one is started with: workbench worker")


@app.command()
def worker() -> None:
    """Run queued jobs, schedules and notices until stopped. Ctrl-C or SIGTERM stops it."""
    import logging

    from workbench.workflows.jobs import run_worker

    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    logging.getLogger("workbench").setLevel(logging.INFO)
    with open_workspace() as ws:
        run_worker(ws)


@jobs.command("list")
def list_jobs(
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended, the newest 100.")] = False,
    json_: Json = False,
) -> None:
    """List the jobs that wait or run, the newest first."""
    from workbench.domain.jobs import ENDED_JOB_STATES, JobState

    with open_workspace() as ws:
        active = [state for state in JobState if state not in ENDED_JOB_STATES]
        found = ws.jobs.recent(100, None if everything else active)
        progress = ws.jobs.progress([job.job_id for job in found])
    if json_:
        say_json({"jobs": [{**job.model_dump(mode="json"), "progress": progress.get(job.job_id)} for job in found]})
    elif found:
        rows = [
            (
                job.job_id,
                job.kind.value,
                job.state.value,
                f"{100 * progress[job.job_id].fraction:.0f} %" if job.job_id in progress and not job.ended else "",
                f"{job.submitted_at:%Y-%m-%d %H:%M}",
                job.submitted_by,
                job.error,
            )
            for job in found
        ]
        table(("job", "kind", "state", "done", "submitted (UTC)", "by", "error"), rows)
    else:
        say("No job is known." if everything else "No job waits or runs.")


@jobs.command()
def show(job_id: JobId, json_: Json = False) -> None:
    """Show a job: what it was told, how far it is, how it ended."""
    with open_workspace() as ws:
        job = ws.jobs.get(job_id)
        progress = ws.jobs.progress([job_id]).get(job_id)
    if json_:
        say_json({"job": job, "progress": progress})
        return
    say(f"{job.job_id}  {job.kind.value}, {job.state.value}, attempt {job.attempts}")
    for word, value in (
        ("submitted", f"{job.submitted_at:%Y-%m-%d %H:%M:%S} UTC by {job.submitted_by}"),
        ("started", f"{job.started_at:%Y-%m-%d %H:%M:%S} UTC" if job.started_at else ""),
        ("ended", f"{job.ended_at:%Y-%m-%d %H:%M:%S} UTC" if job.ended_at else ""),
        ("schedule", job.schedule_id),
        ("progress", f"{100 * progress.fraction:.0f} % {progress.message}" if progress else ""),
        ("error", job.error),
        *(("parameter", f"{name} = {value}") for name, value in job.parameters.items()),
        *(("result", f"{name} = {value}") for name, value in job.result.items()),
    ):
        if value:
            say(f"  {word}: {value}")


@jobs.command()
def cancel(job_id: JobId, json_: Json = False) -> None:
    """Cancel a job: a queued one never begins, a running one is ended."""
    from workbench.workflows.jobs import cancel_job

    with open_workspace() as ws:
        job = cancel_job(ws, job_id)
    if json_:
        say_json({"job": job})
    else:
        say(f"Job {job_id} is {job.state.value}.")


@jobs.command()
def retry(job_id: JobId, json_: Json = False) -> None:
    """Queue a failed or cancelled job again. What it finished is kept."""
    from workbench.workflows.jobs import retry_job

    with open_workspace() as ws:
        say_submitted(ws, retry_job(ws, job_id), json_=json_)


@jobs.command()
def watch(job_id: JobId, json_: Json = False) -> None:
    """Watch a job until it ends. The exit code is 1 when it failed or was cancelled."""
    from workbench.domain.jobs import JobState
    from workbench.workflows.jobs import watch_job, worker_lives

    with open_workspace() as ws:
        if not ws.jobs.get(job_id).ended and not worker_lives(ws):
            remark("No worker runs for this workspace; start one with: workbench worker")
        with progress_bar(f"{ws.jobs.get(job_id).kind.value} job") as bar:
            for progress in watch_job(ws, job_id):
                bar(progress.fraction, progress.message)
        job = ws.jobs.get(job_id)
    if json_:
        say_json({"job": job})
    else:
        say(f"Job {job_id} is {job.state.value}{f': {job.error}' if job.error else ''}.")
    if job.state is not JobState.DONE:
        raise typer.Exit(1)
