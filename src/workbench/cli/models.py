"""Commands about models: list, show, activate, roll back, shadow, promote, compare, card; and the drift watch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import progress_bar, remark, say, say_json, table
from workbench.cli.present import counted, figure_label, metrics_in_words

if TYPE_CHECKING:
    from workbench.domain.models import DriftReport, ModelEvaluation
    from workbench.domain.predictions import ModelVersion

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Version = Annotated[str, typer.Argument(help="Version id from `models list`.")]
TaskName = Annotated[str, typer.Argument(help="health, rul, anomaly or diagnosis.")]
Scope = Annotated[str, typer.Option(help="fleet, or type:<machine type>.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the event log.")]

models = typer.Typer(no_args_is_help=True, help="Trained models: what they are, and which answer.")
app.add_typer(models, name="models")


@models.command("list")
def list_models(
    task: Annotated[str | None, typer.Argument(help="Only those of this task.")] = None, json_: Json = False
) -> None:
    """List the registered versions, newest first."""
    from workbench.workflows.models import known_task

    wanted = known_task(task) if task else None
    with open_workspace() as ws:
        found = [version for version in ws.models.all() if wanted in (None, version.task)]
    if json_:
        say_json({"versions": found})
        return
    if not found:
        say(f"No {f'{wanted} ' if wanted else ''}model is registered. Train with: workbench train")
        return
    table(
        ("version", "task", "scope", "state", "trained", "units", "failures", "held-out figures"),
        [
            (
                v.version_id,
                v.task,
                v.scope,
                state_of(v),
                f"{v.created_at:%Y-%m-%d %H:%M}",
                v.units,
                v.failures,
                metrics_in_words(v.metrics),
            )
            for v in found
        ],
    )


def state_of(version: ModelVersion) -> str:
    """Return what becomes of a version's answers, in a word or two."""
    if version.active:
        return "active"
    if version.shadow:
        return "in the shadow"
    return "refused" if version.refused or not version.artifact_sha256 else "registered"


@models.command("show")
def show_model(version_id: Version, json_: Json = False) -> None:
    """Show a version: its data, figures and limits of use."""
    with open_workspace() as ws:
        version, evaluation = ws.models.get(version_id), ws.evaluations.find(version_id)
    if json_:
        say_json({"version": version, "evaluation": evaluation})
        return
    rows: list[tuple[str, object]] = [
        ("task", version.task),
        ("scope", version.scope),
        ("state", state_of(version)),
        ("trained", f"{version.created_at:%Y-%m-%d %H:%M} UTC on data until {version.as_of:%Y-%m-%d %H:%M} UTC"),
        ("data", version.data_hash[:16]),
        ("from", f"{counted(version.units, 'machine')}, {counted(version.failures, 'failure')}"),
        ("split by", version.split),
        *(("gate not met", reason) for reason in version.refused),
        *(_evaluation_rows(evaluation) if evaluation else [("evaluation", "none is recorded")]),
    ]
    table(("what", "value"), rows)


def _evaluation_rows(evaluation: ModelEvaluation) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for figure in evaluation.figures:
        if figure.value is None:
            continue
        known = figure.lower is not None and figure.upper is not None
        interval = f" (95 % interval {figure.lower:.3g} to {figure.upper:.3g})" if known else ""
        rows.append((figure_label(figure.name), f"{figure.value:.3g}{interval}"))
    times = (("training", evaluation.training_s, "s"), ("one answer", evaluation.inference_ms, "ms"))
    rows += [(what, f"{took:.2g} {unit}") for what, took, unit in times if took is not None]
    rows += [("alarms", evaluation.alarms)] if evaluation.alarms else []
    rows += [("checked", check) for check in evaluation.checks]
    return rows + [("limit of use", limit) for limit in evaluation.limits]


@models.command()
def activate(version_id: Version, reason: Reason = "", json_: Json = False) -> None:
    """Use this version from now on; a refused one cannot be."""
    from workbench.workflows.models import activate_model

    with open_workspace() as ws:
        _done(activate_model(ws, version_id, reason=reason), "is active", json_=json_)


@models.command()
def rollback(task: TaskName, scope: Scope = "fleet", reason: Reason = "", json_: Json = False) -> None:
    """Use again the version that was active before."""
    from workbench.workflows.models import rollback_model

    with open_workspace() as ws:
        _done(rollback_model(ws, task, scope=scope, reason=reason), "is active again", json_=json_)


@models.command()
def shadow(
    version_id: Version,
    end: Annotated[bool, typer.Option("--end", help="Take it out of the shadow.")] = False,
    reason: Reason = "",
    json_: Json = False,
) -> None:
    """Let a version answer beside the active one. Logged, never shown nor acted on."""
    from workbench.workflows.models import shadow_model

    with open_workspace() as ws:
        _done(
            shadow_model(ws, version_id, end=end, reason=reason),
            "answers no more" if end else "answers in the shadow",
            json_=json_,
        )


@models.command()
def promote(task: TaskName, scope: Scope = "fleet", reason: Reason = "", json_: Json = False) -> None:
    """Make the challenger the active version."""
    from workbench.workflows.models import promote_model

    with open_workspace() as ws:
        _done(promote_model(ws, task, scope=scope, reason=reason), "is active", json_=json_)


def _done(version: ModelVersion, words: str, *, json_: bool) -> None:
    if json_:
        say_json({"version": version})
    else:
        say(f"{version.task} ({version.scope}): {version.version_id} {words}.")


@models.command()
def compare(task: TaskName, scope: Scope = "fleet", json_: Json = False) -> None:
    """Compare champion and challenger on what happened since."""
    from workbench.workflows.compare import compare_models

    with open_workspace() as ws:
        found = compare_models(ws, task, scope=scope)
    if json_:
        say_json(found)
        return
    say(f"{counted(found.answers, 'answer')} of both, {found.labelled:,} with a known outcome "
        f"({counted(found.machines, 'machine')}, {counted(found.failures, 'failure')})")  # fmt: skip
    if found.agreement is not None:
        say(f"they agree in {100 * found.agreement:.0f} % of them")
    for name, champion, challenger in found.figures:
        say(f"{figure_label(name)}: champion {champion:.3g}, challenger {challenger:.3g}")
    say(found.verdict)


@models.command()
def card(
    version_id: Version,
    format_: Annotated[
        list[str] | None, typer.Option("--format", help="html or pdf; repeatable. Default: both.")
    ] = None,
    json_: Json = False,
) -> None:
    """Make the model card of a version in outputs/."""
    from workbench.workflows.report import report

    with open_workspace() as ws, progress_bar("model card") as progress:
        ws.models.get(version_id)
        record = report(ws, "model_card", {"version": version_id}, formats=format_, progress=progress)
        files = {kind: str(ws.path / place) for kind, place in sorted(record.outputs.items())}
    if json_:
        say_json({"report": record, "files": files})
        return
    for kind, place in files.items():
        say(f"{kind}: {place}")
    for note in record.notes:
        remark(note)


@app.command()
def drift(
    days: Annotated[float, typer.Option(help="How far back to look.")] = 30.0,
    json_: Json = False,
) -> None:
    """Compare recent inputs of the active models with training."""
    from workbench.workflows.drift import drift as flow

    with open_workspace() as ws, progress_bar("drift") as progress:
        reports = flow(ws, days=days, progress=progress)
    if json_:
        say_json({"reports": reports})
        return
    for report in reports:
        say(f"{report.task} ({report.scope}), {report.start:%Y-%m-%d} to {report.as_of:%Y-%m-%d}, "
            f"{counted(report.rows, 'running row')} of {counted(report.machines, 'machine')}: {report.note}")  # fmt: skip
    rows = [row for report in reports for row in _drift_rows(report)]
    if rows:
        table(("task", "input", "drift", "PSI", "usual", "KS", "p", "what", "machines"), rows)


def _drift_rows(report: DriftReport) -> list[tuple[object, ...]]:
    return [
        (
            report.task,
            one.sensor,
            one.level,
            f"{one.psi:.2f}",
            f"{one.usual_psi:.2f}",
            f"{one.ks:.2f}",
            f"{one.p_value:.2g}",
            one.note,
            ", ".join(one.machines),
        )
        for one in report.moved
    ]
