"""The commands about absences of technicians and days off of sites."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.output import say, say_json, table
from workbench.domain.calendar import Absence
from workbench.errors import InputError

absences = typer.Typer(
    help="When technicians are away and sites have days off.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(absences, name="absences")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


@absences.command("add")
def add(
    begin: Annotated[str, typer.Option("--from", help="First day, e.g. 2026-01-05.")],
    end: Annotated[str | None, typer.Option("--to", help="Last day; default: the first.")] = None,
    technician: Annotated[str | None, typer.Option("-t", "--technician", help="Who is away.")] = None,
    site: Annotated[str | None, typer.Option(help="Or which site has a day off of its own.")] = None,
    kind: Annotated[str | None, typer.Option(help="vacation, sick, training or other.")] = None,
    hours: Annotated[str | None, typer.Option(help="Part of each day in site time, e.g. 12-15.")] = None,
    title: Annotated[str, typer.Option(help="What it is.")] = "",
    json_: Json = False,
) -> None:
    """Say when somebody does not work; no plan counts on them then."""
    from workbench.workflows.plan import add_absence

    first, last = _day(begin), _day(end or begin)
    with open_workspace() as ws:
        found = add_absence(
            ws, first, last, technician_id=technician, site_id=site, kind=kind, hours=_hours(hours), title=title
        )
    if json_:
        say_json({"absence": found})
    else:
        say(f"{_who(found)} does not work {_when(found)}. Plan anew: workbench orders plan")


@absences.command("import")
def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV, YAML or JSON list; leave out to see an example.")] = None,
) -> None:
    """Record the absences of a list: technician_id or site_id, first_day, last_day, kind, from_h, until_h, title."""
    from workbench.workflows.plan import absences_example, import_absences

    if file is None:
        say(absences_example())
        return
    with open_workspace() as ws:
        number = import_absences(ws, file)
    say(f"{number} recorded. Plan anew: workbench orders plan")


@absences.command("list")
def list_absences(
    everything: Annotated[bool, typer.Option("--all", help="Past ones too.")] = False, json_: Json = False
) -> None:
    """List who is away and which sites have days off, but for public holidays, which need no entry."""
    from workbench.workflows.plan import absences as recorded

    with open_workspace() as ws:
        found = recorded(ws, everything=everything)
    if json_:
        say_json({"absences": found})
    elif found:
        rows = [(one.absence_id, _who(one), _when(one), one.kind.value, one.title) for one in found]
        table(("absence", "who", "when", "kind", "what"), rows)
    else:
        say("Nobody is away. Add somebody: workbench absences add -t TECHNICIAN --from 2026-01-05 --to 2026-01-09")


@absences.command("remove")
def remove(absence_id: Annotated[str, typer.Argument(help="As `absences list` shows it.")]) -> None:
    """Take an absence back."""
    from workbench.workflows.plan import remove_absence

    with open_workspace() as ws:
        remove_absence(ws, absence_id)
    say("Taken back. Plan anew: workbench orders plan")


def _who(one: Absence) -> str:
    return one.technician_id or f"everybody of {one.site_id}"


def _when(one: Absence) -> str:
    days = f"{one.first_day}" if one.first_day == one.last_day else f"{one.first_day} to {one.last_day}"
    return days if one.whole_days else f"{days}, {_clock(one.from_h)} to {_clock(one.until_h)}"


def _clock(hour: float) -> str:
    return f"{int(hour):02d}:{round(60 * (hour % 1)):02d}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no day.", "Write it as 2026-01-05.") from error


def _hours(text: str | None) -> tuple[float, float]:
    if not text:
        return 0.0, 24.0
    try:
        first, _, last = text.partition("-")
        return float(first), float(last)
    except ValueError as error:
        raise InputError(f"{text!r} is no part of a day.", "Write it as from-until hours, e.g. 12-15.") from error
