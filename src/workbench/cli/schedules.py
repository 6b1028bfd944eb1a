"""The commands about schedules: add, list, pause, resume, run at once, remove."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.domain.jobs import Schedule
    from workbench.workflows.schedules import Plan
    from workbench.workspace import Workspace

schedules = typer.Typer(
    help="Jobs that are submitted again and again, by a site's clock.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(schedules, name="schedule")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Identifier = Annotated[str, typer.Argument(help="Schedule id.")]


def _clock(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} {at.tzname()}" if at else "paused"


def _utc(at: datetime | None) -> str:
    from datetime import UTC

    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""


def _announce(plan: Plan) -> None:
    """Say when a schedule runs next."""
    name = plan.schedule.schedule_id
    if plan.next_at is None:
        say(f"{name} is paused.")
    else:
        say(f"{name} runs next at {_clock(plan.next_at)} ({plan.schedule.time_zone}), {_utc(plan.next_at)} UTC.")


def _show(ws: Workspace, schedule: Schedule, *, json_: bool) -> None:
    from workbench.workflows.schedules import plans

    plan = next(plan for plan in plans(ws) if plan.schedule.schedule_id == schedule.schedule_id)
    if json_:
        say_json(plan)
        return
    _announce(plan)
    _say_who_runs(ws)


def _say_who_runs(ws: Workspace) -> None:
    from workbench.workflows.jobs import worker_lives

    if not worker_lives(ws):
        remark("No worker runs for this workspace: what is due waits until one is started with: workbench worker")


@schedules.command()
def add(
    schedule: Identifier,
    cron: Annotated[str, typer.Option(help='Five fields in local time, e.g. "30 2 * * *".')],
    kind: Annotated[str, typer.Option(help="train, cycle, report, report_batch, drift or notices.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", help="name=value, e.g. template=fleet_health or machines=a,b; repeatable."),
    ] = None,
    site: Annotated[str | None, typer.Option(help="Site whose time zone is meant.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Or a time zone, e.g. Europe/Berlin.")] = None,
    title: Annotated[str, typer.Option(help="What it is for.")] = "",
    json_: Json = False,
) -> None:
    """Add a schedule, or replace its definition. What was due before is not made up for."""
    from workbench.workflows.schedules import add_schedule

    with open_workspace() as ws:
        added = add_schedule(
            ws, schedule, cron=cron, kind=kind, parameters=_parameters(kind, parameter or []), site=site,
            time_zone=time_zone, title=title,
        )  # fmt: skip
        _show(ws, added, json_=json_)


def _parameters(kind: str, pairs: list[str]) -> dict[str, object]:
    """Read name=value pairs: those of the job itself, the others are the report's; numbers and lists are JSON."""
    import json

    from workbench.reports import from_texts

    own: dict[str, object] = {}
    others = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"{pair!r} is no parameter.", "Write it as name=value.")
        if name == "template":
            own[name] = value
        elif name == "machines":
            own[name] = value.split(",")
        elif kind in ("report", "report_batch"):
            others.append(pair)
        else:
            try:
                own[name] = json.loads(value)
            except ValueError:
                own[name] = value
    if others:
        template = own.get("template", "fleet_health" if kind == "report" else "machine_report")
        read = from_texts(str(template), others)
        own["parameters"] = {name: read[name] for name in (pair.partition("=")[0] for pair in others)}
    return own


@schedules.command("list")
def list_schedules(json_: Json = False) -> None:
    """List the schedules with their next run and their last. Times are local and UTC."""
    from workbench.workflows.schedules import plans

    with open_workspace() as ws:
        found = plans(ws)
        if json_:
            say_json({"schedules": found})
        elif found:
            rows = [
                (
                    plan.schedule.schedule_id,
                    plan.schedule.kind.value,
                    plan.schedule.cron,
                    plan.schedule.time_zone,
                    _clock(plan.next_at),
                    _utc(plan.next_at),
                    f"{_utc(plan.last.submitted_at)} UTC {plan.last.state.value}" if plan.last else "never",
                )
                for plan in found
            ]
            table(("schedule", "job", "cron", "time zone", "next run", "next (UTC)", "last run"), rows)
            _say_who_runs(ws)
        else:
            say("There are no schedules.")


@schedules.command()
def pause(schedule: Identifier, json_: Json = False) -> None:
    """Submit nothing until it is resumed. What falls due meanwhile is not made up for."""
    from workbench.workflows.schedules import pause_schedule

    with open_workspace() as ws:
        _show(ws, pause_schedule(ws, schedule), json_=json_)


@schedules.command()
def resume(schedule: Identifier, json_: Json = False) -> None:
    """End a pause."""
    from workbench.workflows.schedules import resume_schedule

    with open_workspace() as ws:
        _show(ws, resume_schedule(ws, schedule), json_=json_)


@schedules.command()
def run(schedule: Identifier, json_: Json = False) -> None:
    """Submit the schedule's job at once; its plan stays as it is."""
    from workbench.workflows.schedules import run_schedule

    with open_workspace() as ws:
        job = run_schedule(ws, schedule)
        if json_:
            say_json({"job": job})
        else:
            say(f"Job {job.job_id} ({job.kind.value}) is {job.state.value}.")
            _say_who_runs(ws)


@schedules.command()
def remove(schedule: Identifier, json_: Json = False) -> None:
    """Remove a schedule; the jobs that it submitted stay."""
    from workbench.workflows.schedules import remove_schedule

    with open_workspace() as ws:
        remove_schedule(ws, schedule)
    if json_:
        say_json({"removed": schedule})
    else:
        say(f"{schedule} is removed.")
