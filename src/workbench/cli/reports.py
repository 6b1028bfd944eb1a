"""Commands that make reports, list those that were made, and show how one came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.jobs import say_submitted
from workbench.cli.main import app, open_workspace
from workbench.cli.output import progress_bar, remark, say, say_json, table
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.domain.reports import ReportRecord
    from workbench.workspace import Workspace

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
SHOWN = 50

reports = typer.Typer(no_args_is_help=True, help="Reports that were made: list and show.")
app.add_typer(reports, name="reports")


@app.command()
def report(
    template: Annotated[
        str,
        typer.Argument(help="Report notebook: fleet_health, machine_report, cycle_run, model_card, synthetic_data."),
    ] = "",
    parameter: Annotated[list[str] | None, typer.Option("-p", "--parameter", help="name=value; repeatable.")] = None,
    format_: Annotated[
        list[str] | None, typer.Option("--format", help="html or pdf; repeatable. Default: both.")
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="One report for each machine, and a page that lists them.")
    ] = False,
    machine: Annotated[
        list[str] | None, typer.Option("-m", "--machine", help="With --batch: machine id; repeatable. Default: all.")
    ] = None,
    background: Annotated[bool, typer.Option("--background", help="Queue it for `workbench worker`.")] = False,
    json_: Json = False,
) -> None:
    """Make a report in outputs/: one HTML file and its PDF. Default: fleet_health; by machine: machine_report."""
    from workbench.reports import from_texts

    if machine and not batch:
        raise InputError("--machine goes with --batch.", "For one machine: workbench report NAME -p machine_id=ID")
    if background and format_:
        raise InputError("--format does not go with --background.", "A job makes all formats; leave --format out.")
    chosen = template or ("machine_report" if batch else "fleet_health")
    parameters = from_texts(chosen, parameter or [])
    with open_workspace() as ws:
        if background:
            _submit(ws, chosen, parameters, batch=batch, machines=machine, json_=json_)
        elif batch:
            _make_batch(ws, chosen, parameters, machines=machine, formats=format_, json_=json_)
        else:
            _make(ws, chosen, parameters, formats=format_, json_=json_)


def _make(
    ws: Workspace, template: str, parameters: dict[str, object], *, formats: list[str] | None, json_: bool
) -> None:
    from workbench.workflows.report import report as flow

    machine_id = parameters.get("machine_id")
    if machine_id == "":
        raise InputError(f"Report {template!r} is about one machine.", "Name it: -p machine_id=ID")
    if machine_id is not None:
        ws.machines.get(str(machine_id))
    with progress_bar("report") as progress:
        record = flow(ws, template, parameters, formats=formats, progress=progress)
    files = _files(ws, record)
    if json_:
        say_json({"report": record, "files": files})
    else:
        for kind, place in files.items():
            say(f"{kind}: {place}")
    for note in record.notes:
        remark(note)


def _make_batch(
    ws: Workspace,
    template: str,
    parameters: dict[str, object],
    *,
    machines: list[str] | None,
    formats: list[str] | None,
    json_: bool,
) -> None:
    from workbench.workflows.report import report_batch

    with progress_bar("reports") as progress:
        batch = report_batch(ws, template, machines, parameters, formats=formats, progress=progress)
    files = _files(ws, batch.index)
    if json_:
        say_json({"index": batch.index, "files": files, "reports": batch.records, "failed": dict(batch.failed)})
    else:
        say(f"{len(batch.records)} reports made")
        say(f"index: {files['html']}")
    for note in sorted({note for record in batch.records for note in record.notes}):
        remark(note)
    for machine_id, reason in batch.failed:
        remark(f"failed: {machine_id}: {reason}")
    if batch.failed:
        raise typer.Exit(1)


def _submit(
    ws: Workspace,
    template: str,
    parameters: dict[str, object],
    *,
    batch: bool,
    machines: list[str] | None,
    json_: bool,
) -> None:
    from workbench.domain.jobs import JobKind
    from workbench.workflows.jobs import submit

    values: dict[str, object] = {"template": template, "parameters": parameters}
    if machines:
        values["machines"] = machines
    say_submitted(ws, submit(ws, JobKind.REPORT_BATCH if batch else JobKind.REPORT, values), json_=json_)


@reports.command("list")
def list_reports(
    template: Annotated[str | None, typer.Argument(help="Only those of this report notebook.")] = None,
    everything: Annotated[bool, typer.Option("--all", help=f"All, not only the newest {SHOWN}.")] = False,
    json_: Json = False,
) -> None:
    """List the reports that were made, newest first."""
    from workbench.reports import template_names

    with open_workspace() as ws:
        found = [record for record in ws.reports.all() if template in (None, record.template)]
    shown = found if everything else found[:SHOWN]
    if json_:
        say_json({"reports": shown, "templates": template_names()})
        return
    if not found:
        say(f"No report was made yet. Make one with: workbench report NAME ({', '.join(template_names())})")
        return
    table(
        ("report", "made", "of", "state", "about", "files"),
        [
            (
                record.report_id,
                f"{record.created_at:%Y-%m-%d %H:%M}",
                record.template,
                record.state,
                record.parameters.get("machine_id", ""),
                ", ".join(record.outputs),
            )
            for record in shown
        ],
    )
    if len(shown) < len(found):
        say(f"... and {len(found) - len(shown)} older ones: --all")


@reports.command("show")
def show_report(report_id: Annotated[str, typer.Argument(help="Id from `reports list`.")], json_: Json = False) -> None:
    """Show how a report came about.

    Parameters, data, models, files, and its log when it failed.
    """
    with open_workspace() as ws:
        record = ws.reports.get(report_id)
        files = _files(ws, record)
    if json_:
        say_json({"report": record, "files": files})
        return
    rows: list[tuple[str, object]] = [
        ("report", record.template),
        ("state", record.state),
        ("made", f"{record.created_at:%Y-%m-%d %H:%M:%S} UTC in {record.duration_s:.1f} s"),
        ("as of", f"{record.as_of:%Y-%m-%d %H:%M} UTC"),
        *((f"parameter {name}", value) for name, value in record.parameters.items()),
        ("data", record.data_hash),
        *((f"model {name}", value) for name, value in record.model_versions.items()),
        ("code", record.code_version),
        *((kind, f"{place} ({_size(record, kind)})") for kind, place in files.items()),
        *(("note", note) for note in record.notes),
        *([("error", record.error)] if record.error else []),
    ]
    table(("what", "value"), rows)
    if record.log:
        say(record.log)


def _files(ws: Workspace, record: ReportRecord) -> dict[str, str]:
    order = {"html": 0, "pdf": 1}
    kinds = sorted(record.outputs, key=lambda kind: order.get(kind, 2))
    return {kind: str(ws.path / record.outputs[kind]) for kind in kinds}


def _size(record: ReportRecord, kind: str) -> str:
    return f"{record.files[kind].size / 1000:,.0f} kB" if kind in record.files else "size unknown"
