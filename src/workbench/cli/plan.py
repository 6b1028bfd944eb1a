"""The commands about the plan of the work, and about planned stops."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.orders import orders
from workbench.cli.output import progress_bar, say, say_json, table
from workbench.cli.present import counted, unsent
from workbench.cli.times import moment
from workbench.domain.calendar import UNTITLED_STOP
from workbench.domain.money import money_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.domain.plans import LeftOut, PlannedWork, WorkPlan
    from workbench.workspace import Workspace

stops = typer.Typer(help="When sites and machines stand by plan.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(stops, name="stops")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
SHOWN_LEFT_OUT = 20
SHOWN_CHANGES = 12


@orders.command()
def plan(
    days: Annotated[int, typer.Option(help="How many days, today included.")] = 5,
    publish: Annotated[bool, typer.Option("--publish", help="Give it to the orders, and tell people.")] = False,
    time_limit: Annotated[float, typer.Option(help="Seconds to search.")] = 10.0,
    json_: Json = False,
) -> None:
    """Plan the open orders: who does what when, and why.

    A plan is a proposal until it is published; the same orders make the same plan.
    """
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.plan import plan_work

    with open_workspace() as ws, progress_bar("plan") as progress:
        made = plan_work(ws, days=days, time_limit_s=time_limit, publish=publish, progress=progress)
        mail = send_without_worker(ws) if publish else None
        names = {person.technician_id: person.title for person in ws.technicians.all()}
        currency = ws.settings.currency
    if json_:
        say_json({"plan": made})
    else:
        _show(made, names, currency)
    unsent(mail)


@orders.command("publish-plan")
def publish(
    plan_id: Annotated[
        str | None, typer.Argument(help="As `orders plan` shows it; default: the newest proposal.")
    ] = None,
    json_: Json = False,
) -> None:
    """Publish a proposed plan: the orders get its people and times, and everybody is told."""
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.plan import publish_plan

    with open_workspace() as ws:
        made = publish_plan(ws, plan_id)
        mail = send_without_worker(ws)
    if json_:
        say_json({"plan": made})
    else:
        say(
            f"Plan {made.plan_id}, made as of {made.as_of:%Y-%m-%d %H:%M} UTC, is published: {counted(len(_orders(made)), 'order')}."
        )
    unsent(mail)


def _orders(made: WorkPlan) -> set[str]:
    return {work.order_id for work in made.assignments}


def _show(made: WorkPlan, names: dict[str, str], currency: str) -> None:
    for person, day, rows in _by_person(made.assignments):
        say(f"{names.get(person, person)}, {day}")
        for work in rows:
            part = f" (shift {work.part} of {work.parts})" if work.parts > 1 else ""
            say(f"  {work.when[-14:]}  {work.number}  {work.priority.name.lower()}: {work.title}{part}")
            say(f"                  {work.machine_id} at {work.site_id}: {work.reason}")
        say()
    _show_left_out("Deferred", made.deferred)
    _show_left_out("Somebody must decide", made.unplannable)
    parts = ", ".join(f"{name} {money_text(cost, currency)}" for name, cost in made.cost_parts.items() if cost)
    say(f"{counted(len(_orders(made)), 'order')} planned until {made.ends_at:%Y-%m-%d %H:%M} UTC, {len(made.deferred)} deferred, "
        f"{len(made.unplannable)} for somebody to decide.")  # fmt: skip
    say(f"Expected cost {money_text(made.cost, currency)}{f': {parts}' if parts else ''}.")
    best = "proven best" if made.gap == 0 else f"at most {100 * made.gap:.1f} % above the best"
    say(f"Who does what on which day: {best}, within {made.time_limit_s:g} s.")
    for note in made.notes:
        say(f"Note: {note}.")
    if made.changes and made.replaces:
        say("Different from the plan before:")
        for one in made.changes[:SHOWN_CHANGES]:
            say(
                f"  {one.number} {one.what}: {one.after or 'not planned'}{f' (was {one.before})' if one.before else ''}"
            )
        if len(made.changes) > SHOWN_CHANGES:
            say(f"  ... and {len(made.changes) - SHOWN_CHANGES} more")
    if made.state == "published":
        say(f"Plan {made.plan_id} is published: the orders say the same.")
    else:
        say(f"Plan {made.plan_id} is a proposal. Publish it: workbench orders publish-plan")


def _by_person(assignments: Sequence[PlannedWork]) -> list[tuple[str, str, list[PlannedWork]]]:
    """Return person, day and work in the order of time, for each day of each person."""
    rows = sorted(
        ((person, work) for work in assignments for person in work.people), key=lambda row: (row[0], row[1].starts_at)
    )
    return [
        (person, day, [work for _, work in group])
        for (person, day), group in groupby(rows, key=lambda row: (row[0], row[1].when[:-15]))
    ]


def _show_left_out(heading: str, left_out: Sequence[LeftOut]) -> None:
    if not left_out:
        return
    say(f"{heading}:")
    for one in left_out[:SHOWN_LEFT_OUT]:
        say(f"  {one.number}  {one.priority.name.lower()}: {one.title} ({one.machine_id}): {one.reason}")
    if len(left_out) > SHOWN_LEFT_OUT:
        say(f"  ... and {len(left_out) - SHOWN_LEFT_OUT} more, all with --json")
    say()


@stops.command("add")
def add_stop(
    begin: Annotated[str, typer.Option("--from", help="Site time, e.g. 2026-01-03T06:00; or with a zone.")],
    end: Annotated[str, typer.Option("--to", help="The same for its end.")],
    site: Annotated[str | None, typer.Option(help="Site that stands; default: the machine's.")] = None,
    machine: Annotated[str | None, typer.Option("-m", "--machine", help="Only this machine stands.")] = None,
    title: Annotated[str, typer.Option(help="What it is.")] = UNTITLED_STOP,
    json_: Json = False,
) -> None:
    """Say when a site or a machine stands anyway: work that costs production waits for it."""
    from workbench.dispatch.wording import site_time
    from workbench.workflows.plan import add_planned_stop

    with open_workspace() as ws:
        zone = _zone(ws, site, machine)
        times = [moment(text, ZoneInfo(zone)) for text in (begin, end)]
        stop = add_planned_stop(ws, times[0], times[1], site_id=site, machine_id=machine, title=title)
        place = ws.sites.get(stop.site_id)
    if json_:
        say_json({"stop": stop})
    else:
        say(f"{stop.machine_id or stop.site_id} stands {site_time(stop.starts_at, place)} to {site_time(stop.ends_at, place)}: "
            f"{stop.title}. Plan anew: workbench orders plan")  # fmt: skip


@stops.command("list")
def list_stops(
    everything: Annotated[bool, typer.Option("--all", help="Past ones too.")] = False, json_: Json = False
) -> None:
    """List the planned stops that are not over."""
    from workbench.dispatch.wording import site_time
    from workbench.workflows.plan import planned_stops

    with open_workspace() as ws:
        found = planned_stops(ws, everything=everything)
        sites = {site.site_id: site for site in ws.sites.all()}
    if json_:
        say_json({"stops": found})
    elif found:
        rows = [
            (
                stop.stop_id,
                stop.machine_id or stop.site_id,
                site_time(stop.starts_at, sites.get(stop.site_id)),
                site_time(stop.ends_at, sites.get(stop.site_id)),
                stop.title,
            )
            for stop in found
        ]
        table(("stop", "stands", "from", "to", "what"), rows)
    else:
        say("No stop is planned.")


@stops.command("remove")
def remove_stop(stop_id: Annotated[str, typer.Argument(help="As `stops list` shows it.")]) -> None:
    """Take a planned stop back."""
    from workbench.workflows.plan import remove_planned_stop

    with open_workspace() as ws:
        remove_planned_stop(ws, stop_id)
    say("Taken back. Plan anew: workbench orders plan")


def _zone(ws: Workspace, site: str | None, machine: str | None) -> str:
    site_id = site or (ws.machines.get(machine).site_id if machine else None)
    return ws.sites.get(site_id).time_zone if site_id else "UTC"
