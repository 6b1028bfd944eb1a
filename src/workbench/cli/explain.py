"""The command that says why: of one machine's prediction, or of a model over the fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.domain.explanations import Explanation, GlobalExplanation

SHOWN = 8


@app.command()
def explain(
    machine: Annotated[str, typer.Argument(help="Machine id.")] = "",
    task: Annotated[str, typer.Option(help="health, rul, anomaly or diagnosis; default: all.")] = "",
    global_: Annotated[
        str, typer.Option("--global", metavar="TASK", help="Explain a task's model over the fleet instead.")
    ] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")] = False,
) -> None:
    """Show why: what each feature and sensor adds to an answer.

    SHAP values on the raw margin of each model; they add up to it.
    """
    from workbench.workflows import explain as flows

    if bool(machine) == bool(global_) or (global_ and task):
        raise InputError(
            "Name a machine (with --task, if one task is enough), or a task with --global.",
            "E.g. `workbench explain pump_01 --task rul`, or `workbench explain --global health`.",
        )
    with open_workspace() as ws:
        if global_:
            models = flows.explain_global(ws, global_)
        else:
            found = flows.explain(ws, machine, task=task or None)
    if json_:
        say_json({"explanations": models if global_ else found})
    elif global_:
        for one in models:
            _say_model(one)
    else:
        for explanation in found:
            _say_prediction(explanation)


def _say_prediction(one: Explanation) -> None:
    from workbench.domain.explanations import signed
    from workbench.reports.content.explanations import answer_words, output_words

    say(f"{one.machine_id}, {output_words(one)}: {answer_words(one)}")
    rows = [(signed(one.base_value), "base value: the mean over training", "")]
    rows += [(signed(part.contribution), part.words, part.told) for part in one.features[:SHOWN]]
    if others := len(one.features[SHOWN:]) + one.rest_count:
        left = sum(part.contribution for part in one.features[SHOWN:]) + one.rest
        rows.append((signed(left), f"{others} other features", ""))
    rows.append((signed(one.margin), "margin: the sum", ""))
    table((f"adds ({one.units})", "feature", "value"), rows)
    strongest = [part for part in one.sources if part.contribution != 0][:5]
    say(f"By sensor: {', '.join(f'{part.source} {signed(part.contribution)}' for part in strongest)}")
    say(f"From margin to answer: {one.to_answer}")
    if one.note:
        say(f"Note: {one.note}")
    say()


def _say_model(one: GlobalExplanation) -> None:
    from workbench.domain.explanations import signed
    from workbench.reports.content.explanations import output_words

    base = signed(one.base_value)
    say(f"{output_words(one)} ({one.scope}), {one.rows} readings of {one.machines} machines, base value {base}")
    rows = [(f"{part.mean_absolute:.2g}", part.words) for part in one.features]
    table((f"mean size of what it adds ({one.units})", "feature"), rows)
    say(f"By source: {', '.join(f'{part.source} {part.mean_absolute:.2g}' for part in one.sources[:6])}")
    say(f"From margin to answer: {one.to_answer}")
    say()
