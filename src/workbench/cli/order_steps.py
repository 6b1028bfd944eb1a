"""The commands that take an order on: assign, start, cancel."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from workbench.cli.main import open_workspace
from workbench.cli.orders import Json, Number, orders, site_of
from workbench.cli.output import say, say_json
from workbench.cli.times import instant, moment

At = Annotated[str | None, typer.Option(help="When: site time, e.g. 2026-01-31T08:00, or with a zone; default: as-of.")]


@orders.command()
def assign(
    number: Number,
    technician: Annotated[str, typer.Argument(help="Who leads the work; see `plant technicians`.")],
    at: Annotated[str, typer.Option(help="When it begins: site time, e.g. 2026-01-31T08:00, or with a zone.")],
    colleague: Annotated[list[str] | None, typer.Option("--with", help="Who goes along; repeatable.")] = None,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    json_: Json = False,
) -> None:
    """Give an order to people for a time; planning then leaves it as it is."""
    from workbench.dispatch.wording import site_time
    from workbench.workflows.orders import assign_order

    with open_workspace() as ws:
        site = site_of(ws, number)
        begin = moment(at, ZoneInfo(site.time_zone))
        order = assign_order(ws, number, technician, begin, colleagues=colleague or (), reason=reason)
    if json_:
        say_json({"order": order})
    else:
        people = ", ".join((technician, *order.colleagues))
        say(f"{order.number} is scheduled for {site_time(begin, site)}: {people}.")


@orders.command()
def start(
    number: Number,
    at: At = None,
    technician: Annotated[str | None, typer.Option(help="Who does it, when not the one planned.")] = None,
    json_: Json = False,
) -> None:
    """Say that the work on an order has begun."""
    from workbench.dispatch.wording import site_time
    from workbench.workflows.orders import start_order

    with open_workspace() as ws:
        site = site_of(ws, number)
        order = start_order(ws, number, at=instant(at, ZoneInfo(site.time_zone)), technician_id=technician)
    if json_:
        say_json({"order": order})
    elif order.started_at is not None:
        say(f"{order.number} is in progress since {site_time(order.started_at, site)}.")


@orders.command()
def cancel(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it stands in the history.")],
    at: At = None,
    json_: Json = False,
) -> None:
    """Call an order off; what was reserved for it goes to orders that wait for it, or is free again."""
    from workbench.workflows.orders import cancel_order

    with open_workspace() as ws:
        order = cancel_order(ws, number, reason, at=instant(at, ZoneInfo(site_of(ws, number).time_zone)))
    if json_:
        say_json({"order": order})
    else:
        say(f"{order.number} is cancelled.")


@orders.command("ask-approval")
def ask_approval(
    number: Number,
    reason: Annotated[str, typer.Option(help="What speaks for it now.")],
    json_: Json = False,
) -> None:
    """Ask again for the approval of an order that was rejected."""
    from workbench.workflows.orders import request_order_approval

    with open_workspace() as ws:
        order = request_order_approval(ws, number, reason)
    if json_:
        say_json({"order": order})
    else:
        say(f"{order.number} {order.technician_reason}.")
