"""The commands about work permits: ask for, grant or move, withdraw, drop, list."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from workbench.cli.main import app, open_workspace
from workbench.cli.orders import Number, site_of
from workbench.cli.output import say, say_json, table
from workbench.cli.present import unsent
from workbench.cli.times import moment

permits = typer.Typer(
    help="Work permits of orders: hot work, confined space and the like.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(permits, name="permits")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Permit = Annotated[str, typer.Argument(help="As `permits list` shows it, e.g. WO-2026-0001-hot_work-1.")]
Kind = Annotated[
    str,
    typer.Argument(
        help="hot_work, confined_space, electrical_isolation, work_at_height, line_breaking, excavation, lifting, other."
    ),
]
Reason = Annotated[str, typer.Option(help="Why; it stands in the history.")]


@permits.command()
def request(
    number: Number,
    kind: Kind,
    note: Annotated[str, typer.Option(help="What is to be done, for who grants it.")] = "",
    json_: Json = False,
) -> None:
    """Ask for a permit: nobody plans or begins the order without one of this kind."""
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.permits import request_permit

    with open_workspace() as ws:
        permit = request_permit(ws, number, kind, note=note)
        mail = send_without_worker(ws)
    if json_:
        say_json({"permit": permit})
    else:
        say(f"Permit {permit.permit_id} is asked for; the order waits for it.")
    unsent(mail)


@permits.command()
def grant(
    permit_id: Permit,
    begin: Annotated[str, typer.Option("--from", help="Site time, e.g. 2026-01-06T08:00; or with a zone.")],
    end: Annotated[str, typer.Option("--to", help="The same for its end.")],
    by: Annotated[str, typer.Option("--by", help="Who stands for it, by name; default: you.")] = "",
    reference: Annotated[str, typer.Option(help="The plant's own number of it.")] = "",
    json_: Json = False,
) -> None:
    """Grant a permit for a period, or move one that is granted; work on the order is planned into it."""
    from workbench.dispatch.permits import span_in_words
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.permits import grant_permit

    with open_workspace() as ws:
        order = ws.orders.get(ws.work_permits.get(permit_id).order_id)
        zone = ZoneInfo(site_of(ws, order.number).time_zone)
        times = [moment(text, zone) for text in (begin, end)]
        permit = grant_permit(ws, permit_id, times[0], times[1], granted_by=by, reference=reference)
        mail = send_without_worker(ws)
    if json_:
        say_json({"permit": permit})
    else:
        when = span_in_words((times[0], times[1]), zone)
        say(f"{order.number} has its permit for {permit.kind.words}: {when}, granted by {permit.granted_by}. "
            "Plan anew: workbench orders plan")  # fmt: skip
    unsent(mail)


@permits.command()
def withdraw(permit_id: Permit, reason: Reason, json_: Json = False) -> None:
    """Withdraw a permit: nobody may begin by it, and whoever was told of the order is told."""
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.permits import withdraw_permit

    with open_workspace() as ws:
        permit = withdraw_permit(ws, permit_id, reason)
        mail = send_without_worker(ws)
    if json_:
        say_json({"permit": permit})
    else:
        say(f"Permit {permit_id} is withdrawn: {permit.reason}. Plan anew: workbench orders plan")
    unsent(mail)


@permits.command()
def drop(number: Number, kind: Kind, reason: Reason, json_: Json = False) -> None:
    """Say that an order needs no permit of a kind after all."""
    from workbench.workflows.notices import send_without_worker
    from workbench.workflows.permits import drop_permit

    with open_workspace() as ws:
        dropped = drop_permit(ws, number, kind, reason)
        mail = send_without_worker(ws)
    if json_:
        say_json({"permits": dropped})
    else:
        say(f"{number} needs no permit for {dropped[0].kind.words}. Plan anew: workbench orders plan")
    unsent(mail)


@permits.command("list")
def list_permits(
    order: Annotated[str | None, typer.Option(help="Only those of this order, in whatever state.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those of closed orders and dropped ones too.")] = False,
    json_: Json = False,
) -> None:
    """List the permits that open orders need, in site time."""
    from workbench.dispatch.permits import permit_in_words
    from workbench.workflows.permits import work_permits

    with open_workspace() as ws:
        found = work_permits(ws, order, everything=everything)
        numbers = ws.orders.numbers({permit.order_id for permit in found})
        zones = {key: ZoneInfo(site_of(ws, number).time_zone) for key, number in numbers.items()}
    if json_:
        say_json({"permits": found})
    elif found:
        rows = [
            (
                one.permit_id,
                one.state.value.replace("_", " "),
                permit_in_words(one, zones[one.order_id]),
                one.note,
            )
            for one in found
        ]
        table(("permit", "state", "how it stands", "what for"), rows)
    else:
        say("No work permit is needed. Ask for one: workbench permits request NUMBER KIND")
