"""The commands about cases: list, show, acknowledge, resolve, shelve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.cli.present import counted
from workbench.cli.times import moment

if TYPE_CHECKING:
    from workbench.domain.cases import Case

cases = typer.Typer(help="Matters to look into.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cases, name="cases")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
CaseId = Annotated[str, typer.Argument(help="Case id, or how it begins.")]
SHORT = 8


@cases.command("list")
def list_(
    machine: Annotated[str, typer.Option(help="Only of this machine.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    json_: Json = False,
) -> None:
    """List the cases that are not resolved, newest first."""
    from workbench.domain.cases import CaseState
    from workbench.workflows.cases import list_cases

    with open_workspace() as ws:
        found = list_cases(ws, machine or None, states=tuple(CaseState) if everything else None)
    if json_:
        say_json({"cases": found})
    elif found:
        rows = [
            (
                case.case_id[:SHORT],
                case.state.value,
                case.severity.value,
                case.kind.value,
                case.machine_id,
                f"{case.opened_at:%Y-%m-%d %H:%M}",
                case.in_words,
            )
            for case in found
        ]
        table(("case", "state", "severity", "kind", "machine", "since (UTC)", "what"), rows)
    else:
        say("No case is open.")


@cases.command()
def show(case: CaseId, json_: Json = False) -> None:
    """Show a case with its evidence."""
    from workbench.workflows.cases import find_case

    with open_workspace() as ws:
        _tell(find_case(ws, case), json_)


@cases.command()
def ack(
    case: CaseId, note: Annotated[str, typer.Option(help="What is done about it.")] = "", json_: Json = False
) -> None:
    """Acknowledge a case: somebody has seen it and looks after it."""
    from workbench.workflows.cases import acknowledge_case

    with open_workspace() as ws:
        _tell(acknowledge_case(ws, case, note=note), json_)


@cases.command()
def resolve(
    case: CaseId, note: Annotated[str, typer.Option(help="What was found and done.")], json_: Json = False
) -> None:
    """Close a case; it opens again when its cause returns within 24 h."""
    from workbench.domain.cases import CaseState
    from workbench.workflows.cases import find_case, resolve_case

    with open_workspace() as ws:
        before = find_case(ws, case).state
        _tell(resolve_case(ws, case, note=note), json_)
    if before is CaseState.RESOLVED and not json_:
        say("This case was resolved already: it stays as it was, without the new note.")


@cases.command()
def shelve(
    case: CaseId,
    until: Annotated[str, typer.Option(help="When it opens again, e.g. 2026-01-08 or 2026-01-08T06:00Z (UTC).")],
    reason: Annotated[str, typer.Option(help="Why it may wait.")],
    json_: Json = False,
) -> None:
    """Put a case aside for a time."""
    from workbench.workflows.cases import shelve_case

    with open_workspace() as ws:
        _tell(shelve_case(ws, case, until=moment(until), reason=reason), json_)


def _tell(case: Case, json_: bool) -> None:
    if json_:
        say_json({"case": case})
        return
    about = "sensor" if case.about_sensor else "machine"
    say(f"{case.case_id}  {case.machine_id}  {case.severity.value} {about} case, {case.kind.value}: {case.state.value}")
    say(case.summary)
    say(f"since {case.opened_at:%Y-%m-%d %H:%M} UTC, last seen {case.last_seen_at:%Y-%m-%d %H:%M} UTC")
    say(f"seen {counted(case.occurrences, 'time')}, reopened {counted(case.reopened, 'time')}")
    if case.acknowledged_at is not None:
        say(f"acknowledged {case.acknowledged_at:%Y-%m-%d %H:%M} UTC by {case.acknowledged_by}")
    if case.shelved_until is not None:
        say(f"shelved until {case.shelved_until:%Y-%m-%d %H:%M} UTC")
    if case.resolved_at is not None:
        say(f"resolved {case.resolved_at:%Y-%m-%d %H:%M} UTC by {case.resolved_by or 'itself: its cause is gone'}")
    evidence = [*(one.in_words() for one in case.evidence), *(one.in_words() for one in case.sensor_faults)]
    for line in (*evidence, case.recommendation, case.note):
        if line:
            say(f"  {line}")
