"""Commands about synthetic data: make seed data, train a synthesizer, generate, judge, list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.jobs import say_submitted
from workbench.cli.main import app, open_workspace
from workbench.cli.output import progress_bar, remark, say, say_json, table
from workbench.cli.present import counted
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.domain.synthesis import QualityReport
    from workbench.domain.synthetic_sets import SynthesizerRecord, SyntheticSet
    from workbench.workspace import Workspace

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Background = Annotated[bool, typer.Option("--background", help="Queue it for a worker and return at once.")]
Seed = Annotated[int | None, typer.Option(help="Of the random numbers; default: the workspace's.")]
SetId = Annotated[str, typer.Argument(help="Set id from `synthetic list`.")]

synthetic = typer.Typer(
    no_args_is_help=True, help="Synthetic run-to-failure data, kept apart from telemetry.", rich_markup_mode=None
)
app.add_typer(synthetic, name="synthetic")


@synthetic.command()
def seed(
    machine: Annotated[str, typer.Argument(help="Machine id; its profile needs a twin section.")],
    rows: Annotated[int, typer.Option(help="1,000 to 100,000.")] = 10_000,
    mode: Annotated[str | None, typer.Option(help="Failure mode that every life ends in; default: any.")] = None,
    seed_: Annotated[
        int | None, typer.Option("--seed", help="Another seed gives other lives; default: the workspace's.")
    ] = None,
    json_: Json = False,
) -> None:
    """Make run-to-failure lives of a machine from its twin."""
    from workbench.workflows.synthesis import seed_data

    with open_workspace() as ws, progress_bar("seed data") as progress:
        made = seed_data(ws, machine, rows=rows, failure_mode=mode, seed=seed_, progress=progress)
    _show_set(made, json_=json_)
    if not json_:
        say(f"Next: workbench synthetic train {machine}")


@synthetic.command()
def train(
    learn_from: Annotated[list[str], typer.Argument(help="Machines (their newest seed data) or ids of sets.")],
    epochs: Annotated[int, typer.Option(help="50 to 1,000.")] = 300,
    batch_size: Annotated[int, typer.Option(help="100 to 2,000.")] = 500,
    backend: Annotated[str, typer.Option(help="temporal, or sdv.")] = "temporal",
    seed_: Annotated[int | None, typer.Option("--seed", help="Default: the workspace's.")] = None,
    patience: Annotated[int, typer.Option(help="Epochs without a better loss before it ends early.")] = 60,
    background: Background = False,
    json_: Json = False,
) -> None:
    """Train a synthesizer on seed data. Broken off, the same command goes on from the last checkpoint."""
    chosen = {"epochs": epochs, "batch_size": batch_size, "backend": backend, "seed": seed_, "patience": patience}
    if background:
        _submit("train_synthesizer", {"learn_from": learn_from, **chosen}, json_=json_)
        return
    from workbench.workflows.synthesis import train_synthesizer

    with open_workspace() as ws, progress_bar("synthesizer") as progress:
        made = train_synthesizer(
            ws, learn_from, epochs=epochs, batch_size=batch_size, backend=backend, seed=seed_, patience=patience,
            progress=progress,
        )  # fmt: skip
    if json_:
        say_json({"synthesizer": made})
        return
    last = made.losses[-1] if made.losses else None
    loss = "" if last is None else f", loss {last.loss:.4g} after {counted(last.epoch, 'epoch')}"
    say(f"Synthesizer {made.synthesizer_id} learned from {made.rows:,} rows of {made.units} lives "
        f"in {made.training_s:.0f} s{loss}.")  # fmt: skip
    for note in made.notes:
        remark(note)
    say(f"Next: workbench synthetic generate {made.synthesizer_id}")


@synthetic.command()
def generate(
    synthesizer: Annotated[str, typer.Argument(help="Synthesizer id from `synthetic list`.")],
    train_: Annotated[int, typer.Option("--train", help="Rows to train on.")] = 35_000,
    validation: Annotated[int, typer.Option(help="Rows to choose by; at most half of --train.")] = 7_500,
    test: Annotated[int, typer.Option(help="Rows to judge by; at most half of --train.")] = 7_500,
    mode: Annotated[str | None, typer.Option(help="Only sequences of this failure mode.")] = None,
    last_hours: Annotated[float | None, typer.Option(help="Only the last hours before the failure.")] = None,
    where: Annotated[list[str] | None, typer.Option(help="A condition as COLUMN=VALUE; repeatable.")] = None,
    seed_: Annotated[int | None, typer.Option("--seed", help="Default: the workspace's.")] = None,
    background: Background = False,
    json_: Json = False,
) -> None:
    """Generate train, validation and test sequences as Parquet."""
    condition = _condition(mode, last_hours, where or [])
    rows = {"train": train_, "validation": validation, "test": test}
    if background:
        _submit("generate", {"synthesizer_id": synthesizer, **rows, "condition": condition, "seed": seed_}, json_=json_)
        return
    from workbench.workflows.synthesis import generate as flow

    with open_workspace() as ws, progress_bar("synthetic data") as progress:
        made = flow(
            ws, synthesizer, train=train_, validation=validation, test=test, condition=condition, seed=seed_,
            progress=progress,
        )  # fmt: skip
    _show_set(made, json_=json_)
    if not json_:
        say(f"Next: workbench synthetic judge {made.set_id}")


def _condition(mode: str | None, last_hours: float | None, where: list[str]) -> dict[str, object] | None:
    conditions = {}
    for pair in where:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--where {pair!r} has no value.", "Write --where COLUMN=VALUE.")
        conditions[name] = value
    if mode is not None:
        conditions["failure_mode"] = mode
    if not conditions and last_hours is None:
        return None
    return {"conditions": conditions, "remaining_life": None if last_hours is None else [0.0, last_hours]}


@synthetic.command()
def judge(
    set_id: SetId,
    seed_: Seed = None,
    report: Annotated[bool, typer.Option("--report", help="Also make the report in outputs/.")] = False,
    background: Background = False,
    json_: Json = False,
) -> None:
    """Judge a generated set, with a verdict for each figure."""
    if background:
        _submit("judge_synthetic", {"set_id": set_id, "seed": seed_}, json_=json_)
        return
    from workbench.workflows.report import report as make_report
    from workbench.workflows.synthesis import judge_synthetic

    with open_workspace() as ws, progress_bar("judging") as progress:
        quality = judge_synthetic(ws, set_id, seed=seed_, progress=progress)
        record = make_report(ws, "synthetic_data", {"set_id": set_id}) if report else None
        files = {kind: str(ws.path / place) for kind, place in sorted(record.outputs.items())} if record else {}
    if json_:
        say_json({"quality": quality, "files": files})
        return
    _show_quality(quality)
    for kind, place in files.items():
        say(f"{kind}: {place}")


def _show_quality(quality: QualityReport) -> None:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.3g}"

    marks = {True: "yes", False: "no", None: ""}
    rows = [
        (one.name, number(one.value), f"{number(one.low)} to {number(one.high)}" if one.low is not None else "",
         number(one.reference), one.bar, marks[one.passed], one.verdict)
        for one in quality.figures
    ]  # fmt: skip
    table(("figure", "value", "95 % interval", "real lives", "bar", "met", "what it means"), rows)
    say(quality.verdict)


@synthetic.command("list")
def list_synthetic(json_: Json = False) -> None:
    """List synthesizers and sets, newest first."""
    from workbench.workflows.synthesis import synthesis_statistics, synthesizers

    with open_workspace() as ws:
        trained, sets, statistics = synthesizers(ws), ws.synthetic_sets.all(), synthesis_statistics(ws)
        waiting = _waiting(ws)
    if json_:
        say_json({"synthesizers": trained, "waiting_jobs": waiting, "sets": sets, "statistics": statistics})
        return
    for job_id in waiting:
        say(f"job {job_id}: a training is pending")
    if trained:
        table(("synthesizer", "of", "state", "lives", "rows", "epochs", "loss", "how far"), map(_row, trained))
    if sets:
        headings = ("set", "kind", "of", "rows", "condition", "MB", "verdict")
        table(headings, [_set_row(one) for one in sets])
    if not (trained or sets or waiting):
        say("No synthetic data yet. Begin with: workbench synthetic seed MACHINE")
        return
    of_quality = "" if statistics.mean_quality is None else f", mean quality {statistics.mean_quality:.3f}"
    say(f"{sum(statistics.rows.values()):,} rows, {statistics.size / 1e6:.1f} MB; training took {statistics.training_s:,.0f} s; "
        f"{statistics.judged} judged, {statistics.trustworthy} of them no copies{of_quality}")  # fmt: skip


def _waiting(ws: Workspace) -> list[str]:
    from workbench.domain.jobs import JobKind, JobState

    queued = ws.jobs.recent(1000, [JobState.QUEUED])
    return [job.job_id for job in queued if job.kind is JobKind.TRAIN_SYNTHESIZER]


def _row(one: SynthesizerRecord) -> tuple[object, ...]:
    last = one.losses[-1] if one.losses else None
    return (
        one.synthesizer_id,
        one.scope,
        one.state,
        one.units,
        f"{one.rows:,}",
        f"{len(one.losses)} of {one.settings.epochs}",
        "" if last is None else f"{last.loss:.4g}",
        one.error or one.message,
    )


def _set_row(one: SyntheticSet) -> tuple[object, ...]:
    return (
        one.set_id,
        one.kind,
        one.scope,
        f"{one.rows:,}",
        condition_in_words(one),
        f"{one.size / 1e6:.2f}",
        _in_short(one),
    )


def _in_short(one: SyntheticSet) -> str:
    """Return what a set is worth in a word or two; `synthetic judge` tells all."""
    if one.synthesizer_id is None:
        return ""
    if one.quality is None:
        return "not judged yet"
    if not one.quality.trustworthy:
        return "refused: copies"
    return "meets every bar" if one.quality.passed else "of limited use"


def condition_in_words(one: SyntheticSet) -> str:
    """Return what the sequences of a set have in common."""
    from workbench.reports.content.synthetic_data import in_common

    return in_common(one)


def _show_set(made: SyntheticSet, *, json_: bool) -> None:
    if json_:
        say_json({"set": made})
        return
    say(f"Set {made.set_id} ({made.kind}), {made.scope}, {condition_in_words(made)}, one row every {made.step_h:g} h")
    rows = [
        (part, f"{file.rows:,}", file.units, f"{file.size / 1e6:.2f}", f"{file.made_s:.2f}", f"{file.written_s:.2f}", file.path)
        for part, file in made.files.items()
    ]  # fmt: skip
    table(("part", "rows", "lives", "MB", "drawn in s", "written in s", "file"), rows)
    for note in made.notes:
        remark(note)


def _submit(kind: str, parameters: dict[str, object], *, json_: bool) -> None:
    from workbench.workflows.jobs import submit

    with open_workspace() as ws:
        say_submitted(ws, submit(ws, kind, parameters), json_=json_)
