"""The commands about failure modes and how critical machines are."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import remark, say, say_json, table
from workbench.cli.present import counted
from workbench.domain.money import money_text

criticality = typer.Typer(help="How critical machines are: proposed classes, and decisions.", rich_markup_mode=None)
app.add_typer(criticality, name="criticality")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@criticality.callback(invoke_without_command=True)
def show(context: typer.Context, json_: Json = False) -> None:
    """Show the expected loss a year of every machine and the class A, B or C proposed for it."""
    if context.invoked_subcommand is not None:
        return
    from workbench.workflows.criticality import assess_criticality

    with open_workspace() as ws:
        found = assess_criticality(ws)
    if json_:
        say_json(found)
        return
    rows = [
        (
            one.machine_id,
            one.current,
            one.proposed + ("" if not one.differs else " (close call)" if one.close_call else " (change)"),
            f"{100 * one.agreement:.0f} %",
            ("at least " if one.loss_lacks else "") + money_text(one.loss_per_year, found.currency),
            f"{100 * one.cumulative:.0f} %",
            one.reason,
        )
        for one in found.machines
    ]
    table(("machine", "now", "proposed", "sure", "loss a year", "cumulative", "why"), rows)
    say(f"All machines: {money_text(found.loss_per_year, found.currency)} a year.")
    say(f"Rule: {found.rule}")
    changed = [one for one in found.machines if one.differs and not one.close_call]
    if changed:
        first = changed[0]
        say(
            f"{counted(len(changed), 'machine')} should change class. Decide, e.g.: "
            f'workbench criticality set {first.machine_id} {first.proposed} --reason "..."'
        )
    if found.simulated:
        remark("The data are simulated.")


@criticality.command("set")
def set_class(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    letter: Annotated[str, typer.Argument(help="A, B or C.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the log.")],
) -> None:
    """Give a machine a class; priorities of later orders follow it."""
    from typing import cast

    from workbench.domain.criticality import Letter
    from workbench.workflows.criticality import set_criticality

    with open_workspace() as ws:
        version = set_criticality(ws, machine, cast("Letter", letter.upper()), reason)
    say(f"{machine}: criticality {letter.upper()} (profile version {version})")


@app.command("fmeca")
def show_fmeca(
    machine: Annotated[str, typer.Argument(help="Machine id.")],
    json_: Json = False,
) -> None:
    """Show the failure modes of a machine: severity, occurrence, detection, expected cost a year, and the strategy for each."""
    from workbench.workflows.criticality import fmeca

    with open_workspace() as ws:
        found = fmeca(ws, machine)
    if json_:
        say_json(
            {
                **found.model_dump(mode="json"),
                "risk_priority_numbers": {m.mode: m.risk_priority_number for m in found.modes},
            }
        )
        return
    say(f"{found.title} ({found.machine_id}): {found.operating_h_per_year:,.0f} h a year, {found.operating_basis}")
    rows = [
        (
            one.mode,
            f"{one.severity} x {one.occurrence} x {one.detection} = {one.risk_priority_number}",
            f"{one.failures_per_year:.2g} ({one.failures_per_year_95[0]:.2g} to {one.failures_per_year_95[1]:.2g})",
            ("at least " if one.cost_lacks else "") + money_text(one.cost_per_year, found.currency),
            one.strategy.label,
            one.reason,
        )
        for one in found.modes
    ]
    if rows:
        table(("mode", "S x O x D = RPN", "failures a year (95 %)", "cost a year", "strategy", "why"), rows)
        for one in found.modes:
            say(f"{one.mode}: severity {one.severity}: {one.severity_basis}")
            say(f"  occurrence {one.occurrence}: {one.occurrence_basis}")
            say(f"  detection {one.detection}: {one.detection_basis}")
    else:
        say("The profile has no failure modes.")
    for note in found.notes:
        remark(note)
