"""The commands of the maintenance loop: init, ingest, train, predict, run, report, and what keeps a workspace well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import (  # noqa: F401  (registers their commands)
    absences,
    alerts,
    anomalies,
    approvals,
    assess,
    audit,
    cases,
    criticality,
    dashboard,
    explain,
    forecasts,
    history,
    jobs,
    kpis,
    machines,
    models,
    notices,
    order_closing,
    order_steps,
    orders,
    parts,
    permits,
    plan,
    procurement,
    reports,
    schedules,
    simulate,
    stream,
    synthesis,
    twin,
    twin_prognosis,
    value,
)
from workbench.cli.main import app, open_workspace, options
from workbench.cli.output import name_workspace, progress_bar, remark, say, say_json, table
from workbench.cli.present import counted, unsent
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.telemetry.readers.sql import SqlSource
    from workbench.workflows.ingest import IngestOutcome

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
MachineOption = Annotated[
    list[str] | None, typer.Option("-m", "--machine", help="Machine id; repeatable. Default: all.")
]


Background = Annotated[bool, typer.Option("--background", help="Queue it for a worker and return at once.")]
SHOWN_CASES = 12


def _submit(kind: str, parameters: dict[str, object], *, json_: bool) -> None:
    from workbench.workflows.jobs import submit

    with open_workspace() as ws:
        jobs.say_submitted(ws, submit(ws, kind, parameters), json_=json_)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Folder to make the workspace in.")],
    name: Annotated[str, typer.Option(help="Name shown on reports; default: the folder's.")] = "",
    currency: Annotated[str, typer.Option(help="Three letters, e.g. EUR.")] = "EUR",
    catalogue: Annotated[bool, typer.Option("--catalogue", help="Add the embedded catalogue's machines.")] = False,
    json_: Json = False,
) -> None:
    """Make a workspace: folders, settings and records."""
    from workbench.workflows.onboard import create_workspace

    with create_workspace(
        path, settings={"name": name or path.resolve().name, "currency": currency}, machines=catalogue
    ) as ws:
        result = {"workspace": str(ws.path), "machines": len(ws.machines.ids())}
    if json_:
        say_json(result)
        return
    say(f"Workspace made in {path}.")
    name_workspace(path)
    say("Next: workbench machines add --from-csv YOUR_FILE.csv --id YOUR_MACHINE")


@app.command()
def doctor(json_: Json = False) -> None:
    """Check everything and say how to mend each lack."""
    from workbench.config import SETTINGS_FILE
    from workbench.workflows.doctor import examine

    has_workspace = (options.workspace / SETTINGS_FILE).exists()
    findings = examine(options.workspace if has_workspace else None)
    broken = [finding for finding in findings if finding.state == "broken"]
    if json_:
        say_json({"ok": not broken, "findings": findings})
    else:
        table(("check", "state", "found", "how to mend"), [(f.check, f.state, f.found, f.remedy) for f in findings])
        if not has_workspace:
            remark(f"{options.workspace.resolve()} is no workspace; `workbench init PATH` makes one.")
        say("Everything needed is there." if not broken else f"{len(broken)} to mend.")
    raise typer.Exit(3 if broken else 0)


@app.command()
def upgrade() -> None:
    """Back the records up and migrate them to this version."""
    from workbench.workflows.upgrade import upgrade_workspace

    say(upgrade_workspace(options.workspace))


@app.command("as-of")
def as_of(
    when: Annotated[
        str, typer.Argument(help="'live', 'data' (the last reading) or an instant, e.g. 2026-01-01T00:00Z.")
    ],
) -> None:
    """Set the instant that the workspace looks at."""
    from workbench.workflows.ingest import look_at

    with open_workspace() as ws:
        say(f"The workspace now looks at {look_at(ws, when)}.")


def _show_ingest(outcome: IngestOutcome, *, of_events: bool) -> None:
    word, done, known = ("event", "added", "known already") if of_events else ("row", "stored", "identical")
    for report in outcome.reports:
        if report.already_ingested:
            say(f"{report.source}: already ingested, nothing changed")
            continue
        say(f"{report.source}: {counted(report.rows_stored, word)} {done} ({report.rows_read:,} read, "
            f"{report.rows_identical:,} {known}, {report.rows_quarantined:,} quarantined) "
            f"for {counted(len(report.machines), 'machine')}")  # fmt: skip
        for fault in report.faults:
            say(f"  quarantined: {counted(fault.rows, 'row')}: {fault.reason}"
                f"{f' in {fault.column}' if fault.column else ''}"
                f"{f', e.g. {fault.example}' if fault.example else ''}")  # fmt: skip
        for note in report.notes:
            say(f"  note: {note}")
    if outcome.events_added and not of_events:
        say(f"{counted(outcome.events_added, 'asset event')} added")
    for note in outcome.notes:
        say(f"note: {note}")


def _ingest_source(source: str | None, sql: str | None, url: str | None, params: list[str] | None) -> str | SqlSource:
    if source is not None and sql is None and url is None and not params:
        return source
    if source is not None or sql is None or url is None:
        raise InputError("Give either a file or --sql and --url.", "See `workbench ingest --help`.")
    pairs = [param.partition("=") for param in params or ()]
    for name, equals, _ in pairs:
        if not equals:
            raise InputError(f"--param {name!r} has no value.", "Write --param NAME=VALUE.")
    from workbench.telemetry.readers.sql import SqlSource

    return SqlSource(sql, url, {name: text for name, _, text in pairs})


@app.command()
def ingest(
    source: Annotated[str | None, typer.Argument(help="A CSV or Parquet file, or: events, azure-pdm, cmapss.")] = None,
    path: Annotated[Path | None, typer.Argument(help="File or folder, for events, azure-pdm and cmapss.")] = None,
    machine: Annotated[str | None, typer.Option("-m", "--machine", help="Machine the file belongs to.")] = None,
    mapping: Annotated[Path | None, typer.Option(help="YAML or JSON file that maps the file's columns.")] = None,
    subset: Annotated[list[str] | None, typer.Option(help="C-MAPSS subset; repeatable, default FD001.")] = None,
    sql: Annotated[
        str | None, typer.Option(help="SELECT to read instead of a file; :since is the last reading.")
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Database of --sql: env:NAME of a variable that holds its URL, or a URL without a password."),
    ] = None,
    param: Annotated[list[str] | None, typer.Option(help="NAME=VALUE of a :NAME in --sql; repeatable.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse the whole file for any bad row.")] = False,
    json_: Json = False,
) -> None:
    """Take telemetry or asset events in. Bad rows are quarantined with a reason, nothing is lost."""
    from workbench.workflows import ingest as flow

    with open_workspace() as ws, progress_bar("ingest") as progress:
        outcome = flow.ingest(
            ws, _ingest_source(source, sql, url, param), path, machine_id=machine, mapping=mapping, subsets=subset or ["FD001"], strict=strict,
            progress=progress,
        )  # fmt: skip
    if json_:
        say_json({"reports": outcome.reports, "events": outcome.events_added, "notes": outcome.notes})
    else:
        _show_ingest(outcome, of_events=source == "events")


@app.command()
def train(
    task: Annotated[str | None, typer.Argument(help="health, rul, anomaly or diagnosis; default: all.")] = None,
    scope: Annotated[str | None, typer.Option(help="fleet, or type:<machine type>; default: all.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; default: the workspace's.")] = None,
    trials: Annotated[int, typer.Option(help="Settings to try for health and life; 1: the shipped ones.")] = 1,
    mode: Annotated[
        str, typer.Option(help="activate what meets its gates, shadow (beside the active one), or register only.")
    ] = "activate",
    background: Background = False,
    json_: Json = False,
) -> None:
    """Train the models that the data allow.

    They are evaluated on machines held out, and those that meet their gates are activated.
    """
    from workbench.cli.present import metrics_in_words
    from workbench.workflows.train import train as flow

    if background:
        parameters: dict[str, object] = {"task": task, "scope": scope, "seed": seed, "trials": trials, "mode": mode}
        _submit("train", parameters, json_=json_)
        return
    with open_workspace() as ws, progress_bar("train") as progress:
        report = flow(ws, task, scope=scope, seed=seed, trials=trials, mode=mode, progress=progress)
    if json_:
        say_json(report)
        return
    say(f"{counted(report.machines, 'machine')} with telemetry, as of {report.as_of:%Y-%m-%d %H:%M} UTC")
    rows = [
        (
            v.task,
            v.scope,
            models.state_of(v),
            v.units,
            v.failures,
            metrics_in_words(v.metrics),
            v.split,
        )
        for v in report.versions
    ]
    table(("task", "scope", "state", "units", "failures", "held-out figures", "split by"), rows)
    for reason in (*report.refused, *report.kept):
        say(f"not active: {reason}")


@app.command()
def predict(machine: MachineOption = None, json_: Json = False) -> None:
    """Predict health, remaining life, anomalies and cause. No work is ordered."""
    from workbench.cli.present import prediction_rows
    from workbench.workflows.score import predict as flow

    with open_workspace() as ws:
        predictions = flow(ws, machine)
    if json_:
        say_json({"predictions": predictions})
    else:
        table(("machine", "state", "score", "remaining life", "P(7 d)", "cause", "why"), prediction_rows(predictions))


@app.command()
def run(machine: MachineOption = None, background: Background = False, json_: Json = False) -> None:
    """Run the maintenance cycle over the fleet.

    Its steps: predict, analyse, report, inventory, assign, notify.
    """
    from workbench.cli.present import summary_lines
    from workbench.workflows.cycle import run_cycle
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.summary import fleet_summary

    if background:
        _submit("cycle", {"machines": machine}, json_=json_)
        return
    with open_workspace() as ws, progress_bar("cycle") as progress:
        outcome = run_cycle(ws, machine, progress=progress)
        mail = send_without_worker(ws)
        summary = fleet_summary(ws)
        cases = ws.cases.open()
    if json_:
        say_json({"run": outcome, "summary": summary, "cases": cases})
    else:
        for result in outcome.results:
            if result["acted"]:
                say(f"{result['machine_id']}: {result['outcome']}")
        for case in cases[:SHOWN_CASES]:
            say(f"{case.machine_id}: {case.severity.value} case: {case.summary}")
        if len(cases) > SHOWN_CASES:
            say(f"... and {len(cases) - SHOWN_CASES} more open cases, all in the report")
        again = f", {outcome.repeated} of them done before on the same data" if outcome.repeated else ""
        say(f"{counted(len(outcome.results), 'machine')}{again}; as of {outcome.as_of:%Y-%m-%d %H:%M} UTC")
        for line in summary_lines(summary):
            say(line)
        if outcome.planned:
            say(f"{outcome.planned}{' See it: workbench orders plan' if outcome.plan_id else ''}")
    for machine_id, reason in outcome.failed:
        remark(f"failed: {machine_id}: {reason}")
    for machine_id, reason in outcome.skipped:
        remark(f"skipped: {machine_id}: {reason}")
    unsent(mail)
    raise typer.Exit(outcome.exit_code)


@app.command()
def demo(json_: Json = False) -> None:
    """Run the main job on the embedded fleet of 26 machines."""
    from workbench.cli.present import summary_lines, try_next
    from workbench.workflows.demo import run_demo

    with progress_bar("demo") as progress:
        outcome = run_demo(options.workspace, progress=progress)
    if json_:
        say_json(outcome)
        raise typer.Exit(outcome.exit_code)
    for line in summary_lines(outcome.summary):
        say(line)
    say(f"Report: {outcome.report}")
    for note in outcome.notes:
        say(note)
    say("\nTry next:")
    for line in try_next(options.workspace):
        say(f"  {line}")
    raise typer.Exit(outcome.exit_code)


@app.command()
def benchmark(
    name: Annotated[str, typer.Argument(help="Its name; an unknown one lists all.")],
    data: Annotated[Path | None, typer.Option(help="Folder of data sets; default: WORKBENCH_DATASETS.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Repeatable; default 0.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A small run, marked as such.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Subset; repeatable.")] = None,
    json_: Json = False,
) -> None:
    """Measure by a fixed protocol, peers in the same run."""
    from workbench.workflows.benchmarks import run_benchmark
    from workbench.workflows.benchmarks.show import show_result

    def progress(fraction: float, message: str) -> None:
        remark(f"[{100 * fraction:3.0f} %] {message}")

    result = run_benchmark(
        name, data=data, seeds=tuple(seed or (0,)), quick=quick, only=tuple(only or ()), progress=progress
    )
    if json_:
        say_json(result)
    else:
        show_result(result)
